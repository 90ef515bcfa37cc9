//! Somebody asks to be let into the members' channel. People are judged, not their links.

use domain::access::Access;
use domain::clock::Timestamp;
use domain::door::{DoorDecision, Requester, entry_link_of_name};
use domain::id::{ChatId, EntryLinkId, UserId};
use store::entry_links::{self, EntryLink};
use store::inbox::Claimed;
use store::people::{self, Known};
use store::vip_door::{self, Line, NewRequest, OpenRequest};
use store::{StoreError, Tx};
use telegram::Payload;
use telegram::chat::InviteLink;
use telegram::update::JoinRequest;

use crate::action::{Action, DoorWord, WayIn};
use crate::error::HandlerError;
use crate::hand::Hand;
use crate::handlers::requests::is_within_reach;
use crate::handlers::{Dispatcher, Guest, role};
use crate::outbox::{CustodianNotice, Errand, PersonNotice, errand, notices};

impl Dispatcher {
    /// Somebody asks to be let in.
    pub(in crate::handlers) async fn at_the_door(
        &self,
        request: &JoinRequest,
        row: &Claimed,
        epoch: i64,
    ) -> Result<(), HandlerError> {
        let known = people::known(&self.store.read(), request.from.id).await?;
        let guest = self.guest(&request.from, known.as_ref());
        let word = match row.outcome.as_deref().and_then(Action::decode) {
            // An earlier run has judged already.
            Some(Action::WayIn(WayIn::Door(word))) => word,
            _ => {
                let word = self.judge(&guest, known.as_ref(), request, row, epoch).await?;
                self.outbox.ring();
                word
            }
        };
        self.answer_the_door(&guest, request, word, row, epoch).await
    }

    /// Decides about a request, and what is said about it.
    async fn judge(
        &self,
        guest: &Guest,
        known: Option<&Known>,
        request: &JoinRequest,
        row: &Claimed,
        epoch: i64,
    ) -> Result<DoorWord, HandlerError> {
        let at = request.at.unwrap_or(row.received_at);
        let (who, channel) = (guest.profile.id, request.chat.id);
        let bot = UserId(row.bot_id.0);
        let link = match &request.invite_link {
            Some(link) => self.personal_link(link, channel, bot).await?,
            None => None,
        };
        let requester = Requester {
            id: who,
            is_custodian: guest.access == Access::Admin,
            subscription: guest.subscription,
        };
        let owner = link.as_ref().map(|link| link.user);
        let decision = DoorDecision::of(&requester, owner, guest.now);
        let new = NewRequest {
            user: who,
            channel,
            chat: request.user_chat,
            link: link.map(|link| link.id),
        };
        self.store
            .write(async |tx| {
                if known.is_none() {
                    people::insert_if_absent(tx, &guest.profile, role(guest.access), guest.now).await?;
                }
                let open = vip_door::note_request(tx, &new, at).await?;
                let word = self.decide_at_the_door(tx, &open, decision, guest.now).await?;
                let outcome = Action::WayIn(WayIn::Door(word));
                Hand::of(row, epoch).decide(tx, outcome).await?;
                Ok(word)
            })
            .await
    }

    async fn decide_at_the_door(
        &self,
        tx: &Tx,
        open: &OpenRequest,
        decision: DoorDecision,
        now: Timestamp,
    ) -> Result<DoorWord, StoreError> {
        let NewRequest {
            user, channel, link, ..
        } = open.request;
        let once = async |line, word| {
            let is_new = vip_door::said(tx, user, channel, line, now).await?;
            Ok::<_, StoreError>(if is_new { word } else { DoorWord::Silence })
        };
        match (decision, link) {
            (DoorDecision::Approve, _) => {
                let approve = Errand::approve(user, channel, Some(open.number));
                approve.enqueue(tx, now).await?;
                Ok(DoorWord::Silence)
            }
            (DoorDecision::FinishRitual, _) => {
                once(Line::FinishRitual(open.opened), DoorWord::FinishRitual).await
            }
            (DoorDecision::TurnAway { lender }, Some(link)) => {
                let word = if lender.is_some() {
                    DoorWord::Lent
                } else {
                    DoorWord::Former
                };
                let word = once(Line::Stranger(link), word).await?;
                if word == DoorWord::Silence {
                    let decline = Errand::decline(user, channel, open.number);
                    decline.enqueue(tx, now).await?;
                }
                if let Some(lender) = lender {
                    self.tell_of_stranger(tx, open, lender, link, now).await?;
                }
                Ok(word)
            }
            (DoorDecision::TurnAway { .. } | DoorDecision::Hold, _) => {
                once(Line::Hold(open.opened), DoorWord::Hold).await
            }
        }
    }

    /// Tells the owner of a link and the custodians, once, who came by it.
    async fn tell_of_stranger(
        &self,
        tx: &Tx,
        open: &OpenRequest,
        owner: UserId,
        link: EntryLinkId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let NewRequest { user, channel, .. } = open.request;
        if !vip_door::said(tx, user, channel, Line::StrangerTold(link), now).await? {
            return Ok(());
        }
        let notice = CustodianNotice::Stranger {
            owner,
            stranger: user,
        };
        let mut errands = notices::errands(&notice, &self.settings.custodians);
        errands.push(Errand::tell(owner, PersonNotice::KeyLent));
        errand::enqueue_all(tx, &errands, now).await
    }

    /// Says what is to be said while that is possible; who is turned away is so afterwards.
    async fn answer_the_door(
        &self,
        guest: &Guest,
        request: &JoinRequest,
        word: DoorWord,
        row: &Claimed,
        epoch: i64,
    ) -> Result<(), HandlerError> {
        if word == DoorWord::Silence {
            return Ok(());
        }
        let at = request.at.unwrap_or(row.received_at);
        if is_within_reach(at, guest.now) {
            let screen = self.door_screen(guest, word)?;
            self.answer_request(request, &screen).await?;
        }
        if matches!(word, DoorWord::Lent | DoorWord::Former) {
            self.turn_away(guest.profile.id, request.chat.id, row, epoch)
                .await?;
        }
        Ok(())
    }

    async fn turn_away(
        &self,
        who: UserId,
        channel: ChatId,
        row: &Claimed,
        epoch: i64,
    ) -> Result<(), HandlerError> {
        let now = self.clock.now();
        self.store
            .write(async |tx| {
                if let Some(open) = vip_door::open_for(tx, who, channel).await? {
                    let decline = Errand::decline(who, channel, open.number);
                    decline.enqueue(tx, now).await?;
                }
                Hand::of(row, epoch).check(tx).await
            })
            .await?;
        self.outbox.ring();
        Ok(())
    }

    /// The personal link behind one that Telegram shows: known by its address, else by its name, which
    /// counts only if Lucien gave it.
    async fn personal_link(
        &self,
        shown: &InviteLink,
        channel: ChatId,
        bot: UserId,
    ) -> Result<Option<EntryLink>, StoreError> {
        let db = self.store.read();
        let mut found = entry_links::by_url(&db, shown.url.as_str()).await?;
        if found.is_none()
            && shown.creator == bot
            && let Some(id) = shown.name.as_deref().and_then(entry_link_of_name)
        {
            found = entry_links::find(&db, id).await?;
        }
        Ok(found.filter(|link| link.channel == channel))
    }
}

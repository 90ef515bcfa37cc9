//! From an update to its answer.
//!
//! An update is read as something [`asked`] for; the [`Guest`] who asks is looked up once, with one
//! statement; what has to change is changed; then the [`Answer`] is given, mostly the screen of an
//! [`Action`].
//! Each feature's screens are in a file of their own.

mod answer;
mod asked;
mod custodian;
mod home;
mod packages;
mod queue;
mod renewal;
mod requests;
mod service;
mod visitors;
mod way_in;

use std::sync::Arc;

use domain::access::Access;
use domain::clock::{Clock, Timestamp};
use domain::id::{ChatId, MessageId, UserId};
use domain::person::Profile;
use domain::role::Role;
use domain::subscription::Subscription;
use store::inbox::Claimed;
use store::people::{self, Known};
use store::{Store, StoreError, dialogues, reachability};
use telegram::gateway::{Me, TapAnswer};
use telegram::update::{self, Update};
use telegram::{ApiError, Gateway, Lane, Payload};
use tokio::sync::OnceCell;
use voice::messages::{Apology, DialogueEnd, Patience};
use voice::{Message, RenderError, Screen, ToastId, UserText, Voice};

use crate::action::{Action, WayIn};
use crate::bell::Bell;
use crate::dialogue::Talk;
use crate::error::HandlerError;
use crate::hand::Hand;
use crate::inbox::{Handler, Surplus, outside};
use crate::jobs::Bells;
use crate::life::Means;
use crate::outbox::Ends;
use crate::settings::Settings;
use crate::{commands, contact};
use answer::Answer;
use asked::{Asked, Place, Reach, Reading};
use way_in::Throttle;

/// How many messages and taps of a person may wait, and of a custodian.
const ROOM: usize = 20;
const CUSTODIANS_ROOM: usize = 200;

/// Works on the updates of one house.
pub(crate) struct Dispatcher {
    settings: Arc<Settings>,
    store: Store,
    gateway: Gateway,
    voice: Arc<Voice>,
    clock: Arc<dyn Clock>,
    me: OnceCell<Me>,
    throttle: Throttle,
    /// Rung when rows of the outbox are committed.
    outbox: Bell,
    /// Rung when jobs were hastened.
    bells: Bells,
    /// Tells when such rows have come to their end.
    ends: Ends,
}

/// Who asks, as everything about one update sees them.
struct Guest {
    profile: Profile,
    access: Access,
    subscription: Option<Subscription>,
    /// Whether they are in the middle of a dialogue.
    in_dialogue: bool,
    now: Timestamp,
}

impl Guest {
    /// Whether what they say is meant for a dialogue: only custodians have any.
    fn hears_dialogue(&self) -> bool {
        self.in_dialogue && self.access == Access::Admin
    }

    fn name(&self) -> UserText {
        UserText::new(&self.profile.first_name)
    }

    /// Their membership is this from now on.
    fn holds(&mut self, subscription: Subscription) {
        let is_custodian = self.access == Access::Admin;
        self.access = Access::of(is_custodian, Some(&subscription), self.now);
        self.subscription = Some(subscription);
    }
}

impl Handler for Dispatcher {
    async fn handle(&self, row: &Claimed, epoch: i64) -> Result<(), HandlerError> {
        let result = self.answer(row, epoch).await;
        if let Err(HandlerError::Api(error)) = &result {
            self.note_refusal(UserId(row.person), error).await;
        }
        result
    }

    fn room(&self, person: i64) -> usize {
        if self.settings.custodians.contains(&UserId(person)) {
            CUSTODIANS_ROOM
        } else {
            ROOM
        }
    }

    fn surplus(&self, row: &Claimed) -> Surplus {
        match read(row).map(Asked::of) {
            Ok(Reading::Asked(asked)) => match (asked.action, asked.place) {
                (_, Place::Tap { .. }) => Surplus::Tap,
                (Action::OtherMessage(_), Place::Chat(_)) => Surplus::Plain,
                (_, Place::Chat(_)) => Surplus::Needed,
            },
            Ok(Reading::Elsewhere(_)) => Surplus::Tap,
            Ok(Reading::Contact(..) | Reading::Request(_) | Reading::Member(_) | Reading::OwnStanding(_))
            | Err(_) => Surplus::Needed,
            Ok(Reading::Nothing) => Surplus::Plain,
        }
    }

    async fn decline(&self, row: &Claimed) -> Result<(), HandlerError> {
        match Asked::of(read(row)?) {
            Reading::Asked(Asked {
                place: Place::Tap { tap, .. },
                ..
            })
            | Reading::Elsewhere(tap) => {
                let answer = TapAnswer::Note(self.voice.toast(ToastId::Busy));
                outside(self.gateway.answer_callback_query(&tap, &answer)).await?;
            }
            Reading::Asked(Asked {
                who,
                place: Place::Chat(chat),
                ..
            }) => self.say_aside(who.id, chat, &Patience).await?,
            Reading::Contact(..)
            | Reading::Request(_)
            | Reading::Member(_)
            | Reading::OwnStanding(_)
            | Reading::Nothing => {}
        }
        Ok(())
    }

    async fn apologize(&self, row: &Claimed) -> Result<(), HandlerError> {
        let Reading::Asked(asked) = Asked::of(read(row)?) else {
            return Ok(());
        };
        let chat = match asked.place {
            Place::Chat(chat) => chat,
            Place::Tap { tap, chat, .. } => {
                self.gateway
                    .answer_callback_query(&tap, &TapAnswer::Silent)
                    .await?;
                chat
            }
        };
        self.say_aside(asked.who.id, chat, &Apology).await
    }
}

impl Dispatcher {
    /// Answers in a house. `outbox` is rung when there is something to be sent, `bells` when jobs were
    /// hastened; `ends` tells what was sent.
    pub(crate) fn new(means: &Means, outbox: Bell, bells: Bells, ends: Ends) -> Self {
        Self {
            settings: means.settings.clone(),
            store: means.store.clone(),
            gateway: means.gateway.clone(),
            voice: means.voice.clone(),
            clock: means.clock.clone(),
            me: OnceCell::new(),
            throttle: Throttle::default(),
            outbox,
            bells,
            ends,
        }
    }

    /// Who the bot is; Telegram is asked once.
    async fn me(&self) -> Result<&Me, ApiError> {
        outside(self.me.get_or_try_init(|| self.gateway.get_me())).await
    }

    async fn answer(&self, row: &Claimed, epoch: i64) -> Result<(), HandlerError> {
        let asked = match Asked::of(read(row)?) {
            Reading::Asked(asked) => asked,
            Reading::Elsewhere(tap) => {
                // No screen of a person is shown where others read it; the tap still ends.
                let answered = self.gateway.answer_callback_query(&tap, &TapAnswer::Silent);
                return Ok(outside(answered).await?);
            }
            Reading::Contact(person, reach) => return self.note_contact(person, reach, row, epoch).await,
            Reading::Request(request) => return self.hear_request(&request, row, epoch).await,
            Reading::Member(change) => return self.note_member(&change, row, epoch).await,
            Reading::OwnStanding(change) => return self.note_own_standing(&change, row, epoch).await,
            Reading::Nothing => return Ok(()),
        };
        let known = people::known(&self.store.read(), asked.who.id).await?;
        let mut guest = self.guest(&asked.who, known.as_ref());
        let talk = Talk {
            store: &self.store,
            user: guest.profile.id,
            hand: Hand::of(row, epoch),
            now: guest.now,
        };
        let answer = match row.outcome.as_deref().and_then(Action::decode) {
            // An earlier run has changed the state already; only the answer is missing.
            Some(outcome) => Answer::Show(outcome),
            None => {
                let action = decide(&asked, &guest);
                // Somebody who brings an invitation is not kept waiting for news of themselves: their
                // next update tells the same.
                if known.is_none() || action != Action::WayIn(WayIn::Open) {
                    self.remember(&guest, known.as_ref(), talk.hand, action).await?;
                }
                self.perform(&mut guest, &talk, &asked, action).await?
            }
        };
        self.show(&mut guest, &talk, &asked.place, answer).await?;
        if known.is_none() && guest.access == Access::Admin {
            // The chat exists as of now.
            outside(commands::set_for_custodian(
                &self.gateway,
                &self.voice,
                guest.profile.id,
            ))
            .await;
        }
        Ok(())
    }

    fn guest(&self, who: &Profile, known: Option<&Known>) -> Guest {
        let now = self.clock.now();
        let subscription = known
            .and_then(|known| known.subscription)
            .map(|stored| stored.subscription);
        let is_custodian = self.settings.custodians.contains(&who.id);
        let dialogue_until = known.and_then(|known| known.dialogue_until);
        Guest {
            profile: who.clone(),
            access: Access::of(is_custodian, subscription.as_ref(), now),
            subscription,
            in_dialogue: dialogue_until.is_some_and(|until| until >= now),
            now,
        }
    }

    /// Writes down what an update tells of a person: that they are new, have other names, can be written
    /// to again, or leave a dialogue. Mostly there is nothing to write. The outcome is written with it,
    /// unless it is still to come: then all this may be written again.
    async fn remember(
        &self,
        guest: &Guest,
        known: Option<&Known>,
        hand: Hand,
        outcome: Action,
    ) -> Result<(), HandlerError> {
        let is_new = known.is_none();
        let is_renamed = known.is_some_and(|known| known.person.profile != guest.profile);
        let is_back = known.is_some_and(|known| known.out_of_reach);
        // Only custodians have dialogues. Who is none any more has left theirs.
        let leaves = guest.in_dialogue && (outcome.leaves_dialogue() || guest.access != Access::Admin);
        if !(is_new || is_renamed || is_back || leaves) {
            return Ok(());
        }
        let Guest { profile, now, .. } = guest;
        self.store
            .write(async |tx| {
                if is_new {
                    people::insert_if_absent(tx, profile, role(guest.access), *now).await?;
                }
                if is_renamed {
                    people::refresh_names(tx, profile, *now).await?;
                }
                if is_back {
                    reachability::note_reachable(tx, profile.id, contact::WROTE, *now).await?;
                }
                if leaves {
                    dialogues::abandon(tx, profile.id, *now).await?;
                }
                if self.is_to_be_done(guest, outcome) {
                    hand.check(tx).await
                } else {
                    hand.decide(tx, outcome).await
                }
            })
            .await
    }

    /// Whether more is asked for than to be shown something.
    fn is_to_be_done(&self, guest: &Guest, action: Action) -> bool {
        match action {
            Action::Custodian(request) => request.changes_something(),
            Action::WayIn(_) | Action::Rule(..) => true,
            Action::Renewal(request) => request.changes_something(),
            Action::OtherMessage(_) => guest.hears_dialogue(),
            _ => false,
        }
    }

    /// Does what was asked for, and says how it is answered.
    async fn perform(
        &self,
        guest: &mut Guest,
        talk: &Talk<'_>,
        asked: &Asked,
        action: Action,
    ) -> Result<Answer, HandlerError> {
        match (action, &asked.said) {
            (Action::Custodian(request), _) => self.govern(guest, talk, request).await,
            (Action::WayIn(request), _) => {
                let payload = asked.payload.as_deref();
                self.go_in(guest, talk, request, payload).await
            }
            (Action::Renewal(request), _) => self.renew(guest, talk, request).await,
            (Action::Rule(ruling, about), _) => self.rule(guest, talk, ruling, about).await,
            (Action::OtherMessage(_), Some(said)) if guest.hears_dialogue() => {
                let answer = self.hear_custodian(guest, talk, said).await?;
                Ok(answer.unwrap_or(Answer::Show(action)))
            }
            (action, _) => Ok(Answer::Show(action)),
        }
    }

    /// Notes that a person has blocked the bot or lets it write again. Of people whom the house does not
    /// know nothing is kept.
    async fn note_contact(
        &self,
        person: UserId,
        reach: Reach,
        row: &Claimed,
        epoch: i64,
    ) -> Result<(), HandlerError> {
        let at = row.received_at;
        self.store
            .write(async |tx| {
                let noted = match reach {
                    Reach::Out => reachability::note_blocked(tx, person, contact::BLOCKED, at).await?,
                    Reach::Within => reachability::note_reachable(tx, person, contact::UNBLOCKED, at).await?,
                };
                Hand::of(row, epoch).check(tx).await?;
                tracing::debug!(person = person.0, ?reach, noted, "somebody's contact has changed");
                Ok(())
            })
            .await
    }

    /// Notes what a refused answer says of the person.
    async fn note_refusal(&self, person: UserId, error: &ApiError) {
        if contact::out_of_reach(error).is_none() {
            return;
        }
        let now = self.clock.now();
        let noted: Result<(), StoreError> = self
            .store
            .write(async |tx| contact::note_refusal(tx, person, error, now).await)
            .await;
        if let Err(error) = noted {
            // The next message to them says it again.
            tracing::warn!(%error, person = person.0, "it cannot be noted that a person is out of reach");
        }
    }

    /// Says something that is no answer to what was asked.
    async fn say_aside<M: Message>(&self, to: UserId, chat: ChatId, message: &M) -> Result<(), HandlerError> {
        let screen: Screen<Action> = Screen::new(self.voice.say(message, to, self.clock.now())?);
        outside(self.gateway.send(Lane::Answer, chat, &screen)).await?;
        Ok(())
    }

    /// Gives an answer where it was asked for.
    async fn show(
        &self,
        guest: &mut Guest,
        talk: &Talk<'_>,
        place: &Place,
        answer: Answer,
    ) -> Result<(), HandlerError> {
        if let Place::Tap { tap, .. } = place {
            // First of all the button stops waiting, whatever the screen may take.
            let tapped = answer.to_tap(&self.voice);
            outside(self.gateway.answer_callback_query(tap, &tapped)).await?;
            if answer.leaves_message() {
                return Ok(());
            }
        }
        if answer.action() == Some(Action::WayIn(WayIn::Key)) {
            return self.hand_over(guest, talk, place).await;
        }
        let menu = answer.menu_beside();
        let follows = answer.follows(guest.access);
        let screen = self.screen_of(guest, answer).await?;
        let (chat, _) = match (menu, place) {
            (Some(menu), Place::Tap { .. }) => {
                let menu = self.screen(guest, menu).await?;
                let (chat, _) = self.display(place, &menu).await?;
                self.display(&Place::Chat(chat), &screen).await?
            }
            _ => self.display(place, &screen).await?,
        };
        if let Some(next) = follows {
            let next = self.screen(guest, next).await?;
            self.display(&Place::Chat(chat), &next).await?;
        }
        Ok(())
    }

    async fn screen_of(&self, guest: &Guest, answer: Answer) -> Result<Screen<Action>, HandlerError> {
        match answer {
            Answer::Show(action) | Answer::Noted(action, _) => self.screen(guest, action).await,
            Answer::Word(screen) => Ok(screen),
        }
    }

    /// Puts a screen where it was asked for: in the place of a message, or below when that is gone.
    /// Returns where it is.
    async fn display(&self, place: &Place, screen: &Screen<Action>) -> Result<(ChatId, MessageId), ApiError> {
        let chat = match place {
            Place::Chat(chat) => *chat,
            Place::Tap { chat, message, .. } => {
                match outside(self.gateway.edit(*chat, *message, screen)).await {
                    Err(error) if error.is_message_gone() => *chat,
                    edited => return edited.map(|()| (*chat, *message)),
                }
            }
        };
        let sent = outside(self.gateway.send(Lane::Answer, chat, screen)).await?;
        Ok((chat, sent))
    }

    /// The routing table: each action's screen.
    async fn screen(&self, guest: &Guest, action: Action) -> Result<Screen<Action>, HandlerError> {
        match action {
            Action::Panel => self.panel(guest).await,
            Action::Custodian(request) => self.custodian_screen(guest, request).await,
            Action::WayIn(shown) => self.way_in_screen(guest, shown).await,
            Action::Renewal(shown) => self.renewal_screen(guest, shown).await,
            Action::Rule(ruling, about) | Action::Ruled(ruling, about) => {
                self.ruled(guest, ruling, about).await
            }
            // What whoever waits is told is said where they asked.
            Action::Queue(_)
            | Action::Home
            | Action::StaleButton
            | Action::MembersOnly
            | Action::CustodiansOnly => self.home(guest),
            Action::Membership => self.membership(guest).await,
            Action::Premium => self.premium(guest).await,
            Action::FreeContent => self.free_content(guest).await,
            Action::VipInfo => self.vip_info(guest).await,
            Action::Social => self.social(guest).await,
            Action::Help => self.help(guest),
            Action::Id => self.id(guest),
            Action::Privacy => self.privacy(guest),
            Action::Cancelled => self.dialogue_end(guest, DialogueEnd::Cancelled),
            // What is asked for is decided before it is shown.
            Action::Cancel | Action::NothingToCancel => self.dialogue_end(guest, DialogueEnd::Nothing),
            Action::UnknownCommand => self.unknown_command(guest),
            Action::OtherMessage(kind) => self.other_message(guest, kind),
        }
    }

    fn say<M: Message>(&self, guest: &Guest, message: &M) -> Result<Screen<Action>, RenderError> {
        self.voice
            .say(message, guest.profile.id, guest.now)
            .map(Screen::new)
    }
}

fn read(row: &Claimed) -> Result<Update, HandlerError> {
    Ok(update::decode(row.json.as_deref().unwrap_or_default())?)
}

/// What is shown to somebody who asks.
fn decide(asked: &Asked, guest: &Guest) -> Action {
    match (asked.action.admitted(guest.access), &asked.place) {
        // Whoever is on the way in is led on.
        (Action::Home, Place::Chat(_)) if guest.access == Access::Ritual => Action::WayIn(WayIn::Ritual),
        // Only ever an answer: no button carries it.
        (Action::Queue(_), _) => Action::StaleButton,
        (Action::Cancel, _) if guest.in_dialogue => Action::Cancelled,
        (Action::Cancel, _) => Action::NothingToCancel,
        // A stranger need not know that there is such a command.
        (Action::CustodiansOnly, Place::Chat(_)) => Action::UnknownCommand,
        (action, _) => action,
    }
}

/// The role that a new person is stored with.
const fn role(access: Access) -> Role {
    match access {
        Access::Admin => Role::Admin,
        Access::Vip => Role::Vip,
        Access::Ritual | Access::Free => Role::Free,
    }
}

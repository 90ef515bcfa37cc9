//! Who is in a channel, and how they come in.

use domain::channel::{Channel, ChannelRights};
use domain::clock::Timestamp;
use domain::door::{DoorDecision, ENTRY_LINK_LIFE, Requester, entry_link_name};
use domain::id::{ChatId, UserId};
use serde::{Deserialize, Serialize};
use store::entry_links::CloseReason;
use store::outbox::{self, OutboxRow};
use store::presence::{Sighting, Standing};
use store::subscribers::StoredSubscription;
use store::vip_door::{self, Decision};
use store::{StoreError, Tx, bot_config, channels, departures, entry_links, subscribers};
use telegram::chat::InviteUrl;
use telegram::gateway::{Admission, NewLink};
use telegram::{ApiError, Meaning, Verdict};

use super::Courier;
use crate::departures::brakes;
use crate::error::HandlerError;
use crate::outbox::decision::Outcome;
use crate::outbox::errand::{AtDoor, InChannel, LinkToMake, LinkToRevoke, person_of, read, unreadable};
use crate::outbox::policy::OutboxKind;
use crate::way_in::Scene;
use crate::way_in::arrival::{self, Came};
use crate::way_in::link::{self, Made};
use crate::way_in::rights::{self, Found};

/// What came of a row, as it is kept.
///
/// Not `Debug`: it may hold a link.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Deed {
    /// The person was let in.
    LetIn,
    /// The person was inside already.
    WasInside,
    /// It was done.
    Done,
    /// A link was made.
    Made { url: String, expires_at: Timestamp },
    /// It was not to be done any more.
    NotDue,
    /// It is not to be done for now: a custodian has switched departures off.
    Held,
}

impl Courier {
    pub(super) async fn change_membership(
        &self,
        kind: OutboxKind,
        row: &OutboxRow,
    ) -> Result<Option<String>, HandlerError> {
        let person = person_of(row)?;
        let InChannel { channel } = read(row)?;
        let done = match kind {
            OutboxKind::Unban => self.gateway.lift_ban(channel, person).await.map(|()| Deed::Done),
            OutboxKind::Approve => self.approve(row, person, channel).await?,
            OutboxKind::Decline => self.decline(row, person, channel).await?,
            OutboxKind::CreateLink => self.create_link(row, person, channel).await?,
            OutboxKind::RevokeLink => {
                let LinkToRevoke { url, .. } = read(row)?;
                let url = InviteUrl(url);
                let revoked = self.gateway.revoke_chat_invite_link(channel, &url).await;
                revoked.map(|()| Deed::Done)
            }
            OutboxKind::Remove => self.remove(row, person, channel).await?,
            _ => return Err(unreadable(row)),
        };
        let deed = match done {
            Err(error) if error.verdict() == Verdict::NoRights => {
                match bot_config::get(&self.store.read())
                    .await?
                    .and_then(|config| config.which(channel))
                {
                    Some(which) => {
                        self.note_missing(kind, row, which, channel).await?;
                        return Err(error.into());
                    }
                    // It is the house's channel no more.
                    None => Deed::NotDue,
                }
            }
            done => done?,
        };
        Ok(Some(
            serde_json::to_string(&deed).expect("it has no keys but strings"),
        ))
    }

    /// Lets somebody in who is to be let in at this moment: a row may have waited for long.
    async fn approve(
        &self,
        row: &OutboxRow,
        person: UserId,
        channel: ChatId,
    ) -> Result<Result<Deed, ApiError>, HandlerError> {
        let requester = Requester {
            id: person,
            is_custodian: self.settings.custodians.contains(&person),
            subscription: self.subscription(person).await?.map(|stored| stored.subscription),
        };
        if DoorDecision::of(&requester, None, self.clock.now()) != DoorDecision::Approve {
            return Ok(Ok(Deed::NotDue));
        }
        let AtDoor { request, .. } = read(row)?;
        let approved = self.gateway.approve_chat_join_request(channel, person).await;
        Ok(match approved {
            Ok(()) => Ok(Deed::LetIn),
            Err(error) => match (error.meaning(), row.unknown) {
                (Some(Meaning::NoSuchRequest | Meaning::AlreadyMember), true) => {
                    let is_inside = self.is_inside(person, channel).await;
                    is_inside.and_then(|inside| if inside { Ok(Deed::LetIn) } else { Err(error) })
                }
                // Whoever has asked was outside then: somebody else has let them in since.
                (Some(Meaning::AlreadyMember), false) if request.is_some() => Ok(Deed::LetIn),
                (Some(Meaning::AlreadyMember), false) => Ok(Deed::WasInside),
                // Before a link is shown it is tried whether there is a request: mostly there is none.
                (Some(Meaning::NoSuchRequest), false) if request.is_none() => Ok(Deed::NotDue),
                _ => Err(error),
            },
        })
    }

    /// Turns somebody away, unless they have become a member since.
    async fn decline(
        &self,
        row: &OutboxRow,
        person: UserId,
        channel: ChatId,
    ) -> Result<Result<Deed, ApiError>, HandlerError> {
        if self.is_member(person).await? {
            return Ok(Ok(Deed::NotDue));
        }
        let declined = self.gateway.decline_chat_join_request(channel, person).await;
        Ok(match declined {
            Ok(()) => Ok(Deed::Done),
            Err(error) if row.unknown && error.meaning() == Some(Meaning::NoSuchRequest) => {
                // It was declined before, or somebody else has let them in.
                let is_inside = self.is_inside(person, channel).await;
                is_inside.map(|inside| if inside { Deed::WasInside } else { Deed::Done })
            }
            Err(error) => Err(error),
        })
    }

    /// Makes a link that is still wanted. Telegram counts its time in whole seconds.
    async fn create_link(
        &self,
        row: &OutboxRow,
        person: UserId,
        channel: ChatId,
    ) -> Result<Result<Deed, ApiError>, HandlerError> {
        let link = entry_links::by_outbox(&self.store.read(), row.id).await?;
        let Some(link) = link.filter(|link| link.closed.is_none()) else {
            return Ok(Ok(Deed::NotDue));
        };
        if !self.is_member(person).await? {
            return Ok(Ok(Deed::NotDue));
        }
        let expires_at = whole_seconds(self.clock.now() + ENTRY_LINK_LIFE);
        let new = NewLink {
            name: &entry_link_name(link.id),
            expires: Some(expires_at),
            admission: Admission::ByRequest,
        };
        let made = self.gateway.create_chat_invite_link(channel, &new).await;
        Ok(made.map(|made| Deed::Made {
            url: made.url.0,
            expires_at,
        }))
    }

    /// Sees somebody out. Custodians and members stay, whatever was decided before they became that;
    /// administrators of the channel, too, whom Telegram does not let anybody remove.
    async fn remove(
        &self,
        row: &OutboxRow,
        person: UserId,
        channel: ChatId,
    ) -> Result<Result<Deed, ApiError>, HandlerError> {
        if row.ends_at.is_some() && brakes::are_paused(&self.store.read()).await? {
            return Ok(Ok(Deed::Held));
        }
        if self.settings.custodians.contains(&person) || self.is_member(person).await? {
            return Ok(Ok(Deed::NotDue));
        }
        Ok(match self.gateway.remove_chat_member(channel, person).await {
            Ok(()) => {
                self.metrics.removed();
                Ok(Deed::Done)
            }
            Err(error) if error.meaning() == Some(Meaning::Protected) => Ok(Deed::NotDue),
            Err(error) => Err(error),
        })
    }

    pub(super) async fn is_inside(&self, person: UserId, channel: ChatId) -> Result<bool, ApiError> {
        let member = self.gateway.get_chat_member(channel, person).await?;
        Ok(member.status.is_inside() == Some(true))
    }

    async fn subscription(&self, person: UserId) -> Result<Option<StoredSubscription>, StoreError> {
        subscribers::find(&self.store.read(), person).await
    }

    async fn is_member(&self, person: UserId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let stored = self.subscription(person).await?;
        Ok(stored.is_some_and(|stored| stored.subscription.is_valid(now)))
    }

    /// Notes that a right is missing, as Telegram has just said, and which others are. Telegram is asked
    /// only when that is news: of a channel without rights many rows may wait.
    pub(super) async fn note_missing(
        &self,
        kind: OutboxKind,
        row: &OutboxRow,
        which: Channel,
        channel: ChatId,
    ) -> Result<(), HandlerError> {
        let known = channels::rights(&self.store.read(), channel).await?;
        if known.is_some_and(|known| known == with_right(known, kind, false)) {
            return Ok(());
        }
        let own = self.gateway.get_own_standing(channel, self.bot).await;
        let found = match own {
            Ok(member) => rights::of(member.status.rights()),
            Err(error) if error.verdict() == Verdict::NoRights => ChannelRights::NONE,
            Err(_) => known.unwrap_or(ChannelRights::ALL),
        };
        let chat = self.gateway.get_chat(channel).await;
        let title = chat.ok().and_then(|chat| chat.title).unwrap_or_default();
        let found = Found {
            channel: which,
            id: channel,
            title: &title,
            rights: with_right(found, kind, false),
        };
        let scene = self.scene();
        self.store
            .write(async |tx| {
                rights::note(tx, scene, found, scene.now).await?;
                let epoch = row.claimed.unwrap_or_default();
                if outbox::still_mine(tx, row.id, epoch).await? {
                    Ok(())
                } else {
                    Err(HandlerError::Lost)
                }
            })
            .await
    }

    /// Changes what follows from the end of a row about somebody's place in a channel.
    pub(super) async fn record_membership(
        &self,
        tx: &Tx,
        kind: OutboxKind,
        row: &OutboxRow,
        outcome: &Outcome,
    ) -> Result<(), HandlerError> {
        let Ok(InChannel { channel }) = read(row) else {
            return Ok(());
        };
        let person = person_of(row)?;
        let scene = self.scene();
        let deed = match outcome {
            Outcome::Done(Some(deed)) => {
                let deed = serde_json::from_str(deed).map_err(|_| unreadable(row))?;
                if !matches!(deed, Deed::NotDue | Deed::Held) {
                    self.note_regained(tx, scene, kind, channel).await?;
                }
                Some(deed)
            }
            _ => None,
        };
        match (kind, deed) {
            (OutboxKind::Approve, Some(deed @ (Deed::LetIn | Deed::WasInside))) => {
                let came = match deed {
                    Deed::LetIn => Came::JustNow,
                    _ => Came::Before,
                };
                let seen = Sighting {
                    user: person,
                    channel,
                    standing: Standing::Member,
                    until: None,
                    actor: Some(UserId(self.bot.0)),
                };
                arrival::seen_inside(tx, scene, &seen, came, scene.now).await?;
            }
            (OutboxKind::Remove, Some(Deed::Held)) => {
                departures::reopen(tx, person, scene.now).await?;
            }
            (OutboxKind::Approve | OutboxKind::Decline, Some(Deed::NotDue)) => {}
            (OutboxKind::Decline, Some(Deed::Done)) => {
                close_request(tx, row, person, Decision::Declined, scene.now).await?;
            }
            (OutboxKind::Approve | OutboxKind::Decline, _) => {
                close_request(tx, row, person, Decision::Gone, scene.now).await?;
            }
            (OutboxKind::CreateLink, Some(Deed::Made { url, expires_at })) => {
                let LinkToMake { replaces, .. } = read(row)?;
                let made = Made {
                    row: row.id,
                    user: person,
                    channel,
                    replaces,
                    url: &url,
                    expires_at,
                };
                link::record(tx, made, scene.now).await?;
            }
            (OutboxKind::CreateLink, Some(_)) => {
                if let Some(link) = entry_links::by_outbox(tx, row.id).await? {
                    entry_links::close(tx, link.id, CloseReason::Revoked, scene.now).await?;
                }
            }
            (OutboxKind::CreateLink, None) => link::refuse(tx, scene, row.id, person, channel).await?,
            _ => {}
        }
        Ok(())
    }

    /// Notes that a right is there, as Telegram has just shown, if it was missing.
    pub(super) async fn note_regained(
        &self,
        tx: &Tx,
        scene: Scene<'_>,
        kind: OutboxKind,
        channel: ChatId,
    ) -> Result<(), StoreError> {
        let Some(known) = channels::rights(tx, channel).await? else {
            return Ok(());
        };
        let rights = with_right(known, kind, true);
        if rights == known {
            return Ok(());
        }
        let config = bot_config::get(tx).await?;
        let Some(which) = config.and_then(|config| config.which(channel)) else {
            return Ok(());
        };
        let found = Found {
            channel: which,
            id: channel,
            title: "",
            rights,
        };
        rights::note(tx, scene, found, scene.now).await
    }
}

/// The rights, with the one that a kind needs.
const fn with_right(rights: ChannelRights, kind: OutboxKind, is_there: bool) -> ChannelRights {
    match kind {
        OutboxKind::Unban | OutboxKind::Remove => ChannelRights {
            restrict: is_there,
            ..rights
        },
        _ => ChannelRights {
            invite: is_there,
            ..rights
        },
    }
}

async fn close_request(
    tx: &Tx,
    row: &OutboxRow,
    person: UserId,
    decision: Decision,
    now: Timestamp,
) -> Result<(), HandlerError> {
    let AtDoor { channel, request } = read(row)?;
    if let Some(number) = request {
        vip_door::decide(tx, person, channel, number, decision, now).await?;
    }
    Ok(())
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}

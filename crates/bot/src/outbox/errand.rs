//! What is written down to be done, kind by kind, with what it needs to know.

use domain::clock::Timestamp;
use domain::id::{ChatId, EntryLinkId, MessageId, RequestId, UserId};
use domain::reminder::ReminderKind;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::outbox::{self, NewRow, OutboxRow};
use store::{StoreError, Tx};

use super::notices::CustodianNotice;
use super::policy::OutboxKind;
use crate::error::HandlerError;

/// A row to be written into the outbox. The worker's bell wants to be rung after the commit.
///
/// Not `Debug`: it may hold a link.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Errand {
    kind: OutboxKind,
    sequence: String,
    after: Option<i64>,
    person: UserId,
    payload: String,
    ends_at: Option<Timestamp>,
}

/// Of whom it is, and in which channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InChannel {
    pub(super) channel: ChatId,
}

/// A request to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AtDoor {
    pub(super) channel: ChatId,
    /// The number of the request; none when nobody knows whether there is one.
    pub(super) request: Option<i64>,
}

/// Somebody who waits for the visitors' channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ToAdmit {
    pub(super) channel: ChatId,
    pub(super) request: RequestId,
}

/// A personal link to be made. Which one it is, is known by the row that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LinkToMake {
    pub(super) channel: ChatId,
    /// The link whose place it takes.
    pub(super) replaces: Option<EntryLinkId>,
}

/// A link to be revoked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LinkToRevoke {
    pub(super) channel: ChatId,
    pub(super) url: String,
}

/// A backup to be delivered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ToDeliver {
    /// The name of its file.
    pub(super) file: String,
    pub(super) made: Timestamp,
    pub(super) rows: u64,
}

/// A message to be written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ToEdit {
    pub(super) chat: ChatId,
    pub(super) message: MessageId,
    pub(super) with: Overwrite,
}

/// What is written over a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Overwrite {
    /// The link that the message has promised.
    Key(EntryLinkId),
    /// That there is none.
    KeyRefused,
    /// That its link was replaced by another one.
    KeyReplaced,
}

/// What a person is told by Lucien himself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PersonNotice {
    /// Somebody else came by their link.
    KeyLent,
    /// Custodians let them in again.
    Readmitted,
    /// Custodians do not.
    LeftOut,
    /// They were let into the visitors' channel.
    Admitted { channel: ChatId, request: RequestId },
    /// They are in too many channels to be let into this one.
    TooManyChannels { channel: ChatId },
    /// Their membership ends soon.
    Reminder {
        /// How long before.
        kind: ReminderKind,
        /// Its last moment.
        until: Timestamp,
    },
    /// Their membership has ended.
    Ended {
        /// What was its last moment.
        until: Timestamp,
    },
    /// A custodian has granted days.
    Granted {
        /// How many.
        days: i32,
        /// The last moment of the membership since.
        until: Timestamp,
    },
}

impl Errand {
    /// Lifts a ban, if there is one.
    pub(crate) fn unban(person: UserId, channel: ChatId) -> Self {
        Self::new(OutboxKind::Unban, channel, person, &InChannel { channel })
    }

    /// Lets somebody in who asks to be.
    pub(crate) fn approve(person: UserId, channel: ChatId, request: Option<i64>) -> Self {
        Self::new(OutboxKind::Approve, channel, person, &AtDoor { channel, request })
    }

    /// Turns somebody away who asks to be let in.
    pub(crate) fn decline(person: UserId, channel: ChatId, request: i64) -> Self {
        let request = Some(request);
        Self::new(OutboxKind::Decline, channel, person, &AtDoor { channel, request })
    }

    /// Lets somebody in who has waited for the visitors' channel.
    pub(crate) fn admit(person: UserId, channel: ChatId, request: RequestId) -> Self {
        Self::new(OutboxKind::Admit, channel, person, &ToAdmit { channel, request })
    }

    /// Makes a personal link.
    pub(crate) fn create_link(person: UserId, channel: ChatId, replaces: Option<EntryLinkId>) -> Self {
        let payload = LinkToMake { channel, replaces };
        Self::new(OutboxKind::CreateLink, channel, person, &payload)
    }

    /// Revokes a person's link.
    pub(crate) fn revoke_link(person: UserId, channel: ChatId, url: &str) -> Self {
        let url = url.to_owned();
        Self::new(
            OutboxKind::RevokeLink,
            channel,
            person,
            &LinkToRevoke { channel, url },
        )
    }

    /// Sees somebody out; they may come in again.
    pub(crate) fn remove(person: UserId, channel: ChatId) -> Self {
        Self::new(OutboxKind::Remove, channel, person, &InChannel { channel })
    }

    /// Sees somebody out whose membership has ended, unless they have another one by then.
    pub(crate) fn see_out(person: UserId, channel: ChatId, end: Timestamp) -> Self {
        Self {
            ends_at: Some(end),
            ..Self::remove(person, channel)
        }
    }

    /// Writes something over a message in a person's chat.
    pub(crate) fn edit(person: UserId, chat: ChatId, message: MessageId, with: Overwrite) -> Self {
        let payload = ToEdit { chat, message, with };
        Self::new(OutboxKind::EditMessage, chat, person, &payload)
    }

    /// Tells a person something in the private chat.
    pub(crate) fn tell(person: UserId, notice: PersonNotice) -> Self {
        Self::new(OutboxKind::PersonNotice, person.private_chat(), person, &notice)
    }

    /// Tells a custodian something.
    pub(super) fn tell_custodian(custodian: UserId, notice: &CustodianNotice) -> Self {
        Self::new(notice.kind(), custodian.private_chat(), custodian, notice)
    }

    /// Sends a custodian a backup that lies in the folder of backups.
    pub(crate) fn deliver_backup(keeper: UserId, file: &str, made: Timestamp, rows: u64) -> Self {
        let file = file.to_owned();
        let payload = ToDeliver { file, made, rows };
        Self::new(OutboxKind::Backup, keeper.private_chat(), keeper, &payload)
    }

    /// The same, once that row is over.
    pub(crate) fn after(self, row: i64) -> Self {
        Self {
            after: Some(row),
            ..self
        }
    }

    fn new(kind: OutboxKind, chat: ChatId, person: UserId, payload: &impl Serialize) -> Self {
        Self {
            kind,
            sequence: kind.sequence(chat, person),
            after: None,
            person,
            payload: serde_json::to_string(payload).expect("it has no keys but strings"),
            ends_at: None,
        }
    }

    /// Writes it down and returns the row's id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn enqueue(&self, tx: &Tx, now: Timestamp) -> Result<i64, StoreError> {
        outbox::enqueue(tx, &self.row(), now).await
    }

    fn row(&self) -> NewRow<'_> {
        NewRow {
            kind: self.kind.label(),
            sequence: &self.sequence,
            after: self.after,
            person: Some(self.person.0),
            payload: &self.payload,
            not_before: None,
            ends_at: self.ends_at,
        }
    }
}

/// The sequence of all that concerns a person's place in a channel.
pub(crate) fn membership(person: UserId, channel: ChatId) -> String {
    OutboxKind::Unban.sequence(channel, person)
}

/// Writes several down, in their order, with one statement.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn enqueue_all(tx: &Tx, errands: &[Errand], now: Timestamp) -> Result<(), StoreError> {
    enqueue_each(tx, errands, now).await?;
    Ok(())
}

/// The same, and returns the rows' ids.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn enqueue_each(
    tx: &Tx,
    errands: &[Errand],
    now: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    if errands.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<NewRow<'_>> = errands.iter().map(Errand::row).collect();
    outbox::enqueue_all(tx, &rows, now).await
}

/// Reads back what a row needs to know.
pub(super) fn read<T: DeserializeOwned>(row: &OutboxRow) -> Result<T, HandlerError> {
    serde_json::from_str(&row.payload).map_err(|_| unreadable(row))
}

/// Whom a row is about.
pub(super) fn person_of(row: &OutboxRow) -> Result<UserId, HandlerError> {
    row.person.map(UserId).ok_or_else(|| unreadable(row))
}

pub(super) fn unreadable(row: &OutboxRow) -> HandlerError {
    HandlerError::Payload { row: row.id }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_persons_place_in_a_channel_is_one_sequence() {
        let (ana, vip) = (UserId(1), ChatId(-100));
        let all = [
            Errand::unban(ana, vip),
            Errand::approve(ana, vip, None),
            Errand::decline(ana, vip, 3),
            Errand::admit(ana, vip, RequestId(3)),
            Errand::create_link(ana, vip, None),
            Errand::revoke_link(ana, vip, "https://t.me/+x"),
            Errand::remove(ana, vip),
        ];
        for errand in all {
            assert_eq!(errand.sequence, membership(ana, vip), "{:?}", errand.kind);
        }
        assert_ne!(membership(ana, vip), membership(UserId(2), vip));
        assert_ne!(membership(ana, vip), membership(ana, ChatId(-200)));
    }

    #[test]
    fn what_a_person_reads_is_in_the_order_of_their_chat() {
        let ana = UserId(1);
        let edit = Errand::edit(ana, ChatId(1), MessageId(7), Overwrite::KeyReplaced);
        let told = Errand::tell(ana, PersonNotice::KeyLent);
        assert_eq!(edit.sequence, told.sequence);
        assert_eq!(edit.after, None);
        assert_eq!(edit.after(3).after, Some(3));
    }
}

//! What custodians are told when people are held who are to be seen out.

use domain::clock::Timestamp;
use domain::id::{DepartureId, UserId};
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, departures};
use voice::messages::{ClockDifference, DepartureLine, HoldReason, MAX_HELD_NAMES, Someone, SweepHeld};
use voice::{Button, LabelId, Voice, When};

use super::list::List;
use crate::action::{Action, CustodianAction};
use crate::dialogue::Question;

/// The notice as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    because: HeldBecause,
    /// How many people it concerns.
    count: i64,
    /// The first of them, each with the end of the membership.
    people: Vec<(UserId, Timestamp)>,
    /// The question whether they go.
    question: i64,
}

/// Why, with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HeldBecause {
    /// The house was another program's.
    Adopted,
    /// Its rows were brought from another database.
    Transferred,
    /// It was restored from a backup.
    Restored,
    /// Members were imported.
    Imported,
    /// The members' channel is another one.
    VipChanged,
    /// The last sweep before was so long ago.
    Stale(Timestamp),
    /// So many minutes our clock is ahead of Telegram's; negative when it is behind.
    Clock(i64),
    /// More people than these would go at once.
    Cap(i64),
}

impl Held {
    /// A notice of those who are due up to a departure, with the question whether they go.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn of(
        tx: &Tx,
        because: HeldBecause,
        up_to: DepartureId,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let named = u32::try_from(MAX_HELD_NAMES).unwrap_or(u32::MAX);
        let people = departures::page(tx, up_to, 0, named).await?;
        let list = List {
            up_to,
            at: now,
            spared: 0,
        };
        Ok(Self {
            because,
            count: departures::count_due(tx, up_to).await?,
            people: people.iter().map(|(it, _)| (it.user, it.expiry)).collect(),
            question: list.put(tx, now).await?.0,
        })
    }

    /// Whom it names.
    pub(crate) fn people(&self) -> Vec<UserId> {
        self.people.iter().map(|(person, _)| *person).collect()
    }

    /// What it says, once people are given their names.
    pub(crate) fn message(&self, someone: impl Fn(UserId) -> Someone) -> SweepHeld {
        let line = |(person, ended): &(UserId, Timestamp)| DepartureLine {
            person: someone(*person),
            ended: When(*ended),
        };
        SweepHeld {
            hold: self.because.into(),
            count: self.count,
            people: self.people.iter().map(line).collect(),
        }
    }

    /// What custodians can do about it.
    pub(crate) fn buttons(&self, voice: &Voice) -> Vec<Button<Action>> {
        let question = Question(self.question);
        let button = |label, action| Button::action(voice.label(label), Action::Custodian(action));
        let confirm = button(
            LabelId::SweepConfirm,
            CustodianAction::ConfirmDepartures(question),
        );
        let list = button(LabelId::SweepList, CustodianAction::DeparturesPage(question, 0));
        match (self.count, self.because) {
            (0, _) => Vec::new(),
            (_, HeldBecause::Clock(_)) => vec![list],
            _ => vec![confirm, list],
        }
    }

    #[cfg(test)]
    pub(crate) fn sample(person: UserId) -> Self {
        Self {
            because: HeldBecause::Cap(20),
            count: 1,
            people: vec![(person, Timestamp::UNIX_EPOCH)],
            question: 3,
        }
    }
}

impl From<HeldBecause> for HoldReason {
    fn from(because: HeldBecause) -> Self {
        match because {
            HeldBecause::Adopted => Self::Adopted,
            HeldBecause::Transferred => Self::Transferred,
            HeldBecause::Restored => Self::Restored,
            HeldBecause::Imported => Self::Imported,
            HeldBecause::VipChanged => Self::VipChanged,
            HeldBecause::Stale(last) => Self::Stale { last: When(last) },
            HeldBecause::Clock(ahead) => Self::Clock {
                difference: ClockDifference {
                    minutes: ahead.abs(),
                    ahead: ahead > 0,
                },
            },
            HeldBecause::Cap(limit) => Self::Cap { limit },
        }
    }
}

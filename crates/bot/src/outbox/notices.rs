//! What custodians are told by Lucien himself, each of them.

use std::collections::{BTreeSet, HashMap};

use domain::channel::{Channel, ChannelRights};
use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};
use domain::notice::Notice;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx};
use voice::messages::{
    Entered, FoundChannel, KeyRefusedFor, OnDuty, Redeemed, RemovedMember, RenewedBy, RightsLost,
    SecondProcess, Someone, StrangerTurnedAway, Uninvited,
};
use voice::{Button, LabelId, RenderError, Screen, UserText, Voice, When};

use super::errand::{self, Errand};
use super::policy::OutboxKind;
use crate::action::{Action, Ruling};

/// A notice as it is stored. It is put into words, and people are given their names, when it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub(crate) enum CustodianNotice {
    /// Lucien has taken up his work.
    OnDuty {
        /// His version.
        version: String,
        /// Whether Telegram brings the updates.
        webhook: bool,
        /// The address of the Bot API, if it is not Telegram's own.
        api: Option<String>,
        /// How many migrations were applied at this start.
        migrations: u32,
    },
    /// Another program works with this bot's token.
    OtherProgram,
    /// Somebody redeemed an invitation and is at the beginning of the ritual.
    Redeemed {
        /// Who.
        person: UserId,
        /// What for.
        plan: Bought,
        /// Whether they had been a member before.
        returns: bool,
    },
    /// A member redeemed an invitation for more time.
    Renewed {
        /// Who.
        person: UserId,
        /// What for.
        plan: Bought,
    },
    /// A member entered the channel.
    Entered {
        /// Who.
        person: UserId,
    },
    /// Somebody came to the members' door with another person's link.
    Stranger {
        /// Whose link it is.
        owner: UserId,
        /// Who came.
        stranger: UserId,
    },
    /// Rights are missing in a channel.
    RightsLost(Standing),
    /// Telegram refused to make a personal link.
    KeyRefused {
        /// For whom.
        person: UserId,
    },
    /// Somebody without a membership entered by a link that is not Lucien's.
    Uninvited {
        /// Who.
        person: UserId,
    },
    /// A member whom somebody removed asks to come back.
    RemovedMember {
        /// Who.
        person: UserId,
        /// When the membership ends.
        until: Timestamp,
    },
}

/// What an invitation gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bought {
    /// The name of the plan.
    pub(crate) name: String,
    /// How many days it gives.
    pub(crate) days: i32,
    /// When the membership ends.
    pub(crate) until: Timestamp,
}

/// How Lucien stands in a channel of the house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    is_vip: bool,
    id: ChatId,
    title: String,
    invite: bool,
    restrict: bool,
    post: bool,
}

impl Standing {
    pub(crate) fn new(channel: Channel, id: ChatId, title: &str, rights: ChannelRights) -> Self {
        Self {
            is_vip: channel == Channel::Vip,
            id,
            title: title.to_owned(),
            invite: rights.invite,
            restrict: rights.restrict,
            post: rights.post,
        }
    }

    fn message(&self) -> RightsLost {
        RightsLost {
            channel: if self.is_vip { Channel::Vip } else { Channel::Free },
            found: FoundChannel {
                title: UserText::new(&self.title),
                id: self.id,
                rights: ChannelRights {
                    invite: self.invite,
                    restrict: self.restrict,
                    post: self.post,
                },
            },
        }
    }
}

/// The names of people that a notice speaks of. Who is not in it has none.
pub(super) type Names = HashMap<UserId, UserText>;

impl CustodianNotice {
    /// Every kind of notice, for tests.
    #[cfg(test)]
    pub(crate) fn samples() -> Vec<Self> {
        let on_duty = Self::OnDuty {
            version: "1.2.3".to_owned(),
            webhook: true,
            api: Some("http://127.0.0.1:8081".to_owned()),
            migrations: 2,
        };
        let (person, until) = (UserId(7), Timestamp::UNIX_EPOCH);
        let plan = Bought {
            name: "Mensual".to_owned(),
            days: 30,
            until,
        };
        vec![
            on_duty,
            Self::OtherProgram,
            Self::Redeemed {
                person,
                plan: plan.clone(),
                returns: true,
            },
            Self::Renewed { person, plan },
            Self::Entered { person },
            Self::Stranger {
                owner: person,
                stranger: UserId(8),
            },
            Self::RightsLost(Standing::new(
                Channel::Free,
                ChatId(-100),
                "Patio",
                ChannelRights::NONE,
            )),
            Self::KeyRefused { person },
            Self::Uninvited { person },
            Self::RemovedMember { person, until },
        ]
    }

    pub(super) const fn kind(&self) -> OutboxKind {
        match self {
            Self::OtherProgram => OutboxKind::CustodianAlarm,
            _ => OutboxKind::CustodianNotice,
        }
    }

    /// The switch by which it can be turned off. What asks custodians for something has none.
    pub(super) const fn switch(&self) -> Option<Notice> {
        match self {
            Self::Redeemed { .. } => Some(Notice::Redeemed),
            Self::Renewed { .. } => Some(Notice::Renewed),
            Self::Entered { .. } => Some(Notice::Entered),
            Self::Stranger { .. } => Some(Notice::StrangerAtTheDoor),
            Self::RightsLost(_) => Some(Notice::RightsLost),
            Self::OnDuty { .. }
            | Self::OtherProgram
            | Self::KeyRefused { .. }
            | Self::Uninvited { .. }
            | Self::RemovedMember { .. } => None,
        }
    }

    /// Whom it speaks of.
    pub(super) fn people(&self) -> Vec<UserId> {
        match self {
            Self::OnDuty { .. } | Self::OtherProgram | Self::RightsLost(_) => Vec::new(),
            Self::Redeemed { person, .. }
            | Self::Renewed { person, .. }
            | Self::Entered { person }
            | Self::KeyRefused { person }
            | Self::Uninvited { person }
            | Self::RemovedMember { person, .. } => vec![*person],
            Self::Stranger { owner, stranger } => vec![*owner, *stranger],
        }
    }

    /// Puts it into words.
    pub(super) fn screen(
        &self,
        voice: &Voice,
        names: &Names,
        to: UserId,
        now: Timestamp,
    ) -> Result<Screen<Action>, RenderError> {
        let someone = |id: UserId| Someone {
            name: names.get(&id).cloned().unwrap_or_default(),
            id,
        };
        let text = match self {
            Self::OnDuty {
                version,
                webhook,
                api,
                migrations,
            } => {
                let message = OnDuty {
                    version: UserText::new(version),
                    webhook: *webhook,
                    api: api.as_deref().map(UserText::new),
                    migrations: i64::from(*migrations),
                };
                voice.say(&message, to, now)
            }
            Self::OtherProgram => voice.say(&SecondProcess, to, now),
            Self::Redeemed {
                person,
                plan,
                returns,
            } => {
                let message = Redeemed {
                    person: someone(*person),
                    plan: UserText::new(&plan.name),
                    days: plan.days.into(),
                    until: When(plan.until),
                    returns: *returns,
                };
                voice.say(&message, to, now)
            }
            Self::Renewed { person, plan } => {
                let message = RenewedBy {
                    person: someone(*person),
                    plan: UserText::new(&plan.name),
                    days: plan.days.into(),
                    until: When(plan.until),
                };
                voice.say(&message, to, now)
            }
            Self::Entered { person } => {
                let person = someone(*person);
                voice.say(&Entered { person }, to, now)
            }
            Self::Stranger { owner, stranger } => {
                let (owner, stranger) = (someone(*owner), someone(*stranger));
                voice.say(&StrangerTurnedAway { owner, stranger }, to, now)
            }
            Self::RightsLost(standing) => voice.say(&standing.message(), to, now),
            Self::KeyRefused { person } => {
                let person = someone(*person);
                voice.say(&KeyRefusedFor { person }, to, now)
            }
            Self::Uninvited { person } => {
                let person = someone(*person);
                voice.say(&Uninvited { person }, to, now)
            }
            Self::RemovedMember { person, until } => {
                let (person, until) = (someone(*person), When(*until));
                voice.say(&RemovedMember { person, until }, to, now)
            }
        };
        Ok(Screen::new(text?).rows(self.buttons(voice)))
    }

    /// What custodians can decide.
    fn buttons(&self, voice: &Voice) -> Vec<Button<Action>> {
        let (person, rulings) = match self {
            Self::Uninvited { person } => (*person, Ruling::OF_UNINVITED),
            Self::RemovedMember { person, .. } => (*person, Ruling::OF_REMOVED),
            _ => return Vec::new(),
        };
        let button = |ruling: Ruling| {
            let label = match ruling {
                Ruling::Readmit => LabelId::Readmit,
                Ruling::LeaveOut => LabelId::LeaveOut,
                Ruling::SeeOut => LabelId::SeeOut,
                Ruling::LetStay => LabelId::LetStay,
            };
            Button::action(voice.label(label), Action::Rule(ruling, person))
        };
        rulings.map(button).into()
    }
}

/// A notice for each custodian: who cannot be reached holds up nobody.
pub(crate) fn errands(notice: &CustodianNotice, custodians: &BTreeSet<UserId>) -> Vec<Errand> {
    let to = |custodian: &UserId| Errand::tell_custodian(*custodian, notice);
    custodians.iter().map(to).collect()
}

/// Writes a notice down for each custodian. The worker's bell wants to be rung after the commit.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn enqueue(
    tx: &Tx,
    notice: &CustodianNotice,
    custodians: &BTreeSet<UserId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    errand::enqueue_all(tx, &errands(notice, custodians), now).await
}

#[cfg(test)]
mod tests {
    use voice::Choice;

    use super::*;

    #[test]
    fn every_notice_reads_back_and_can_be_said() {
        let voice = Voice::builtin(chrono_tz::Tz::UTC, Choice::seeded(1));
        let names = Names::from([(UserId(7), UserText::new("Ana"))]);
        for notice in CustodianNotice::samples() {
            let stored = serde_json::to_string(&notice).unwrap();
            assert_eq!(serde_json::from_str::<CustodianNotice>(&stored).unwrap(), notice);
            let screen = notice
                .screen(&voice, &names, UserId(1), Timestamp::UNIX_EPOCH)
                .unwrap();
            let text = screen.text.visible();
            assert!(text.starts_with('🎩'));
            assert_eq!(text.contains("Ana"), !notice.people().is_empty(), "{notice:?}");
        }
    }

    #[test]
    fn what_asks_for_a_decision_can_be_decided_and_not_be_switched_off() {
        let voice = Voice::builtin(chrono_tz::Tz::UTC, Choice::seeded(1));
        for notice in CustodianNotice::samples() {
            if !notice.buttons(&voice).is_empty() {
                assert_eq!(notice.switch(), None, "{notice:?}");
            }
        }
    }
}

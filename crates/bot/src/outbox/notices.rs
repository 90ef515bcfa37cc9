//! What custodians are told by Lucien himself, each of them.

use std::collections::{BTreeSet, HashMap};

use domain::channel::{Channel, ChannelRights};
use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};
use domain::notice::Notice;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx};
use voice::messages::{
    AdmissionRefused, DailyFigures, DailySummary, Entered, FoundChannel, GrantedTo, InvitationsHeld,
    KeyRefusedFor, MemberRemoved, OnDuty, Redeemed, RemovedMember, RenewedBy, RightsLost, SecondProcess,
    Someone, StrangerTurnedAway, SweepSwitched, Uninvited, UnknownChannelAsked, UnknownInside, Wished,
};
use voice::{Button, LabelId, RenderError, Screen, UserText, Voice, When};

use super::errand::{self, Errand};
use super::policy::OutboxKind;
use crate::action::{Action, CustodianAction, RenewalAction, Ruling};
use crate::departures::held::Held;
use crate::dialogue::Question;
use crate::wish::Offered;

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
    /// Telegram does not let somebody into the visitors' channel, and never will.
    AdmissionRefused {
        /// Whom.
        person: UserId,
    },
    /// Somebody asked to join a channel while no visitors' channel is set up.
    UnknownChannelAsked {
        /// Its title.
        title: String,
        /// Its Telegram id.
        id: ChatId,
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
    /// A member would like to stay.
    Wished {
        /// Who.
        person: UserId,
        /// The plan that they have or had.
        plan: Option<Offered>,
        /// When the membership ends or ended.
        until: Timestamp,
        /// The question that the answer settles.
        question: i64,
    },
    /// A custodian granted days.
    Granted {
        /// To whom.
        person: UserId,
        /// How many.
        days: i32,
        /// When the membership ends now.
        until: Timestamp,
        /// Whether it had ended.
        returns: bool,
    },
    /// Somebody else removed a member.
    MemberRemoved {
        /// Whom.
        person: UserId,
        /// Who did it, if it is known.
        by: Option<UserId>,
        /// When the membership ends.
        until: Timestamp,
        /// Whether they are banned.
        banned: bool,
    },
    /// How many people in the members' channel nobody here knows.
    UnknownInside {
        /// How many are inside.
        inside: i64,
        /// How many of them are not known.
        unknown: i64,
    },
    /// People are held who are to be seen out.
    DeparturesHeld(Held),
    /// Invitations wait for a custodian's consent.
    InvitationsHeld {
        /// How many.
        count: i64,
    },
    /// Another custodian has switched departures off, or on again.
    DeparturesSwitched {
        /// Whether off.
        paused: bool,
    },
    /// The day in figures.
    Summary {
        /// Since when.
        since: Timestamp,
        /// The figures.
        figures: DailyFigures,
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
pub(crate) type Names = HashMap<UserId, UserText>;

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
            Self::AdmissionRefused { person },
            Self::UnknownChannelAsked {
                title: "Patio".to_owned(),
                id: ChatId(-100),
            },
            Self::Uninvited { person },
            Self::RemovedMember { person, until },
            Self::Wished {
                person,
                plan: None,
                until,
                question: 3,
            },
            Self::Granted {
                person,
                days: 30,
                until,
                returns: true,
            },
            Self::MemberRemoved {
                person,
                by: Some(UserId(8)),
                until,
                banned: true,
            },
            Self::UnknownInside {
                inside: 12,
                unknown: 3,
            },
            Self::DeparturesHeld(Held::sample(person)),
            Self::InvitationsHeld { count: 3 },
            Self::DeparturesSwitched { paused: true },
            Self::Summary {
                since: until,
                figures: DailyFigures {
                    redeemed: 1,
                    ..DailyFigures::default()
                },
            },
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
            Self::Renewed { .. } | Self::Granted { .. } => Some(Notice::Renewed),
            Self::Entered { .. } => Some(Notice::Entered),
            Self::Stranger { .. } => Some(Notice::StrangerAtTheDoor),
            Self::RightsLost(_) => Some(Notice::RightsLost),
            Self::OnDuty { .. }
            | Self::OtherProgram
            | Self::KeyRefused { .. }
            | Self::AdmissionRefused { .. }
            | Self::UnknownChannelAsked { .. }
            | Self::Uninvited { .. }
            | Self::RemovedMember { .. }
            | Self::Wished { .. }
            | Self::MemberRemoved { .. }
            | Self::UnknownInside { .. }
            | Self::DeparturesHeld(_)
            | Self::InvitationsHeld { .. }
            | Self::DeparturesSwitched { .. }
            | Self::Summary { .. } => None,
        }
    }

    /// Whom it speaks of.
    pub(super) fn people(&self) -> Vec<UserId> {
        match self {
            Self::OnDuty { .. }
            | Self::OtherProgram
            | Self::RightsLost(_)
            | Self::UnknownChannelAsked { .. }
            | Self::UnknownInside { .. }
            | Self::InvitationsHeld { .. }
            | Self::DeparturesSwitched { .. }
            | Self::Summary { .. } => Vec::new(),
            Self::DeparturesHeld(held) => held.people(),
            Self::Redeemed { person, .. }
            | Self::Renewed { person, .. }
            | Self::Entered { person }
            | Self::KeyRefused { person }
            | Self::AdmissionRefused { person }
            | Self::Uninvited { person }
            | Self::RemovedMember { person, .. }
            | Self::Wished { person, .. }
            | Self::Granted { person, .. } => vec![*person],
            Self::MemberRemoved { person, by, .. } => [*person].into_iter().chain(*by).collect(),
            Self::Stranger { owner, stranger } => vec![*owner, *stranger],
        }
    }

    /// Puts it into words.
    pub(crate) fn screen(
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
            Self::AdmissionRefused { person } => {
                let person = someone(*person);
                voice.say(&AdmissionRefused { person }, to, now)
            }
            Self::UnknownChannelAsked { title, id } => {
                let (title, id) = (UserText::new(title), *id);
                voice.say(&UnknownChannelAsked { title, id }, to, now)
            }
            Self::Uninvited { person } => {
                let person = someone(*person);
                voice.say(&Uninvited { person }, to, now)
            }
            Self::RemovedMember { person, until } => {
                let (person, until) = (someone(*person), When(*until));
                voice.say(&RemovedMember { person, until }, to, now)
            }
            Self::Wished {
                person, plan, until, ..
            } => {
                let message = Wished {
                    person: someone(*person),
                    plan: plan.as_ref().map(Offered::line),
                    until: When(*until),
                    ended: *until < now,
                };
                voice.say(&message, to, now)
            }
            Self::Granted {
                person,
                days,
                until,
                returns,
            } => {
                let message = GrantedTo {
                    person: someone(*person),
                    days: (*days).into(),
                    until: When(*until),
                    returns: *returns,
                };
                voice.say(&message, to, now)
            }
            Self::MemberRemoved {
                person,
                by,
                until,
                banned,
            } => {
                let message = MemberRemoved {
                    person: someone(*person),
                    by: by.map(someone),
                    until: When(*until),
                    banned: *banned,
                };
                voice.say(&message, to, now)
            }
            Self::UnknownInside { inside, unknown } => {
                let (inside, unknown) = (*inside, *unknown);
                voice.say(&UnknownInside { inside, unknown }, to, now)
            }
            Self::DeparturesHeld(held) => voice.say(&held.message(someone), to, now),
            Self::InvitationsHeld { count } => voice.say(&InvitationsHeld { count: *count }, to, now),
            Self::DeparturesSwitched { paused } => {
                let switched = if *paused {
                    SweepSwitched::Paused
                } else {
                    SweepSwitched::Resumed
                };
                voice.say(&switched, to, now)
            }
            Self::Summary { since, figures } => {
                let (since, figures) = (When(*since), *figures);
                voice.say(&DailySummary { since, figures }, to, now)
            }
        };
        Ok(Screen::new(text?).rows(self.buttons(voice)))
    }

    /// What custodians can decide.
    fn buttons(&self, voice: &Voice) -> Vec<Button<Action>> {
        let (person, rulings) = match self {
            Self::Uninvited { person } => (*person, Ruling::OF_UNINVITED),
            Self::RemovedMember { person, .. } => (*person, Ruling::OF_REMOVED),
            Self::Wished { plan, question, .. } => return wish_buttons(voice, plan.as_ref(), *question),
            Self::DeparturesHeld(held) => return held.buttons(voice),
            Self::InvitationsHeld { .. } => {
                let list = Action::Custodian(CustodianAction::HeldInvitations);
                return vec![Button::action(voice.label(LabelId::HeldInvitations), list)];
            }
            Self::UnknownChannelAsked { .. } => {
                let set_up = Action::Custodian(CustodianAction::SetUp(Channel::Free));
                return vec![Button::action(voice.label(LabelId::ChannelSetup), set_up)];
            }
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

/// What custodians can answer a member who would like to stay.
fn wish_buttons(voice: &Voice, plan: Option<&Offered>, question: i64) -> Vec<Button<Action>> {
    let button = |label, action| Button::action(voice.label(label), action);
    let question = Question(question);
    let invite = Action::Renewal(RenewalAction::Invite(question));
    let grant = Action::Renewal(RenewalAction::Grant(question));
    match plan {
        Some(plan) if plan.active => vec![
            button(LabelId::WishInvite, invite),
            button(LabelId::WishGrant, grant),
        ],
        Some(_) => vec![button(LabelId::WishGrant, grant)],
        None => vec![button(
            LabelId::PanelInvite,
            Action::Custodian(CustodianAction::Invite),
        )],
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

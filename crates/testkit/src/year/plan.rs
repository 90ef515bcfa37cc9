//! Who lives through the year, and what they are going to do.
//!
//! A life depends on the seed and on its number alone. What somebody does next follows from what they have
//! just done and from what came of it, never from what others do.

use chrono::TimeDelta;
use domain::clock::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The plans that the house sells: name, days.
pub(super) const PLANS: [(&str, i32); 3] = [("Semanal", 7), ("Mensual", 30), ("Trimestral", 90)];

/// Of so many people one comes for the members' channel; the others come for the visitors' one.
const PER_MEMBER: usize = 3;

/// For how long the house is closed once: longer than Telegram keeps updates, and than a sweep may be overdue.
pub(super) const DARKNESS: TimeDelta = TimeDelta::days(2);

/// First names, which repeat.
const NAMES: [&str; 12] = [
    "Inés", "Rodrigo", "Camila", "Bruno", "Elena", "Tomás", "Lucía", "Andrés", "Julia", "Pablo", "Sara",
    "Hugo",
];

/// Something that somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// Presses Start, and asks to be told.
    Start,
    /// Asks to be let into the visitors' channel.
    Ask,
    /// Takes that back.
    Withdraw,
    /// Leaves the visitors' channel.
    LeavePatio,
    /// Gets an invitation and opens it.
    Redeem,
    /// Says that they would like to stay, and is granted the days.
    Wish,
    /// The first word of the ritual.
    Listen,
    /// Picks the ritual up again where they left it.
    Resume,
    /// The second word.
    Accept,
    /// Hands their link to a stranger, who tries it.
    Lend,
    /// Knocks at the members' door with the link.
    Knock,
    /// Leaves the members' channel.
    Leave,
    /// Is removed from it by another administrator.
    Banned,
    /// Finds the way back by the status screen.
    ComeBack,
    /// Blocks Lucien.
    Block,
    /// Deletes their account.
    Vanish,
}

/// Something that befalls the house, or that a custodian sees to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Affair {
    /// Telegram wants to be left alone again and again.
    Flood,
    /// Telegram's front door answers with error pages.
    Pages,
    /// Telegram does what it is told, and its answers are lost.
    Cuts,
    /// All of that is over.
    Calm,
    /// The house is closed and opened again.
    Restart,
    /// The house ends in the middle of what it does, and is opened again.
    Crash,
    /// The house is closed.
    Dark,
    /// It is opened again.
    Light,
    /// The custodian wants nobody to be seen out.
    Pause,
    /// They want it again.
    Resume,
    /// Whoever asks for the visitors' channel has to wait for so many minutes from now on.
    Wait(i32),
    /// The custodian wants a summary each morning in place of single notices.
    Summary,
    /// The custodian confirms what is held.
    Confirm,
    /// The custodian grants the days to somebody who wants to stay.
    Grant,
    /// The custodian lets somebody in again who was removed.
    Readmit,
}

/// What a year brings by itself. A house whose database does not survive it is not closed.
pub(super) fn affairs(start: Timestamp, days: i64, reopens: bool) -> Vec<(Timestamp, Affair)> {
    let at = |hundredths: i32| start + TimeDelta::days(days) * hundredths / 100;
    let mut affairs = Vec::new();
    for (hundredths, trouble) in [
        (8, Affair::Flood),
        (21, Affair::Pages),
        (34, Affair::Cuts),
        (55, Affair::Flood),
        (66, Affair::Cuts),
        (79, Affair::Pages),
        (90, Affair::Cuts),
    ] {
        affairs.push((at(hundredths), trouble));
        affairs.push((at(hundredths) + MINUTE * 7, Affair::Calm));
    }
    affairs.push((at(40), Affair::Wait(30)));
    affairs.push((at(50), Affair::Pause));
    affairs.push((at(50) + DAY * 3, Affair::Resume));
    affairs.push((at(60), Affair::Summary));
    if reopens {
        affairs.push((at(15), Affair::Restart));
        affairs.push((at(28), Affair::Crash));
        affairs.push((at(70), Affair::Dark));
        affairs.push((at(70) + DARKNESS, Affair::Light));
        affairs.push((at(85), Affair::Crash));
    }
    affairs
}

/// What somebody is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    Visitor(Visitor),
    Member {
        plan: usize,
        ritual: Ritual,
        inside: Inside,
        renews: Renews,
    },
}

/// How a visitor comes to the visitors' channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visitor {
    Waits,
    Starts,
    AsksTwice,
    Withdraws,
    ComesAndGoes,
    Blocks,
    Vanishes,
}

/// How a member walks through the ritual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ritual {
    Straight,
    Rests,
    Lends,
    NeverEnds,
}

/// What a member does inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Stays,
    Roams,
    Banned,
    Blocks,
}

/// When a member renews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renews {
    Early,
    ByWish,
    AtTheLastMinute,
    TooLate,
    Never,
}

/// Somebody, and what they will do.
#[derive(Debug)]
pub(super) struct Life {
    nature: Nature,
    chance: StdRng,
    /// How often they still renew, or come back to the visitors' channel.
    left: u32,
}

impl Life {
    pub(super) fn new(seed: u64, number: usize) -> Self {
        let of_their_own = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut chance = StdRng::seed_from_u64(seed ^ of_their_own);
        let nature = match number % PER_MEMBER {
            0 => Nature::Member {
                plan: pick(&mut chance, &[0, 1, 1, 1, 2, 2]),
                ritual: {
                    use Ritual::{Lends, NeverEnds, Rests, Straight};
                    pick(
                        &mut chance,
                        &[
                            Straight, Straight, Straight, Straight, Rests, Rests, Lends, NeverEnds,
                        ],
                    )
                },
                inside: {
                    use Inside::{Banned, Blocks, Roams, Stays};
                    pick(&mut chance, &[Stays, Stays, Stays, Roams, Roams, Blocks, Banned])
                },
                renews: {
                    use Renews::{AtTheLastMinute, ByWish, Early, Never, TooLate};
                    pick(&mut chance, &[Early, ByWish, AtTheLastMinute, TooLate, Never])
                },
            },
            _ => Nature::Visitor({
                use Visitor::{AsksTwice, Blocks, ComesAndGoes, Starts, Vanishes, Waits, Withdraws};
                pick(
                    &mut chance,
                    &[
                        Waits,
                        Waits,
                        Waits,
                        Starts,
                        Starts,
                        AsksTwice,
                        AsksTwice,
                        Withdraws,
                        ComesAndGoes,
                        Blocks,
                        Vanishes,
                    ],
                )
            }),
        };
        let left = chance.random_range(0..4);
        Self { nature, chance, left }
    }

    /// What they are called.
    pub(super) fn name(number: usize) -> &'static str {
        NAMES[number % NAMES.len()]
    }

    /// The plan that they buy: an index into [`PLANS`].
    pub(super) const fn plan(&self) -> usize {
        match self.nature {
            Nature::Member { plan, .. } => plan,
            Nature::Visitor(_) => 0,
        }
    }

    /// What they begin with, at some time of a year that has so many days.
    pub(super) fn begins(&mut self, start: Timestamp, days: i64) -> Vec<(Timestamp, Act)> {
        let at = start + self.between(TimeDelta::hours(2), TimeDelta::days(days) * 9 / 10);
        match self.nature {
            Nature::Member { .. } => vec![(at, Act::Redeem)],
            Nature::Visitor(Visitor::Starts) => vec![(at, Act::Ask), (at + MINUTE, Act::Start)],
            Nature::Visitor(Visitor::Blocks) => vec![
                (at, Act::Start),
                (at + MINUTE, Act::Block),
                (at + MINUTE * 2, Act::Ask),
            ],
            Nature::Visitor(_) => vec![(at, Act::Ask)],
        }
    }

    /// What follows from an act that is done at `now`. A membership runs until `end` by now, if they have
    /// one.
    pub(super) fn follows(
        &mut self,
        act: Act,
        now: Timestamp,
        end: Option<Timestamp>,
    ) -> Vec<(Timestamp, Act)> {
        match (self.nature, act) {
            (Nature::Visitor(visitor), _) => self.visitor_goes_on(visitor, act, now),
            (Nature::Member { ritual, .. }, Act::Redeem | Act::Wish) => {
                let mut next = self.renewal(now, end);
                if act == Act::Redeem && ritual != Ritual::NeverEnds {
                    next.push((now + self.between(MINUTE, MINUTE * 9), Act::Listen));
                }
                next
            }
            (Nature::Member { ritual, .. }, Act::Listen) => match ritual {
                Ritual::Rests => vec![(now + self.between(DAY / 2, DAY * 3), Act::Resume)],
                _ => vec![(now + self.between(MINUTE, MINUTE * 5), Act::Accept)],
            },
            (Nature::Member { .. }, Act::Resume) => vec![(now + MINUTE, Act::Accept)],
            (Nature::Member { ritual, .. }, Act::Accept) => {
                let knock = now + self.between(MINUTE * 2, MINUTE * 20);
                match ritual {
                    Ritual::Lends => vec![(now + MINUTE, Act::Lend), (knock, Act::Knock)],
                    _ => vec![(knock, Act::Knock)],
                }
            }
            (Nature::Member { inside, .. }, Act::Knock) => {
                let at = now + self.between(DAY, DAY * 5);
                match inside {
                    Inside::Stays => vec![],
                    Inside::Roams => vec![(at, Act::Leave)],
                    Inside::Banned => vec![(at, Act::Banned)],
                    Inside::Blocks => vec![(at, Act::Block)],
                }
            }
            (Nature::Member { .. }, Act::Leave | Act::Banned) => {
                vec![(now + self.between(DAY / 8, DAY * 2), Act::ComeBack)]
            }
            _ => vec![],
        }
    }

    fn visitor_goes_on(&mut self, visitor: Visitor, act: Act, now: Timestamp) -> Vec<(Timestamp, Act)> {
        let soon = now + self.between(MINUTE, MINUTE * 4);
        match (visitor, act) {
            (Visitor::AsksTwice, Act::Ask) if self.renews() => vec![(soon, Act::Withdraw)],
            (Visitor::AsksTwice, Act::Withdraw) => vec![(now + SECOND * 20, Act::Ask)],
            (Visitor::Withdraws, Act::Ask) => vec![(soon, Act::Withdraw)],
            (Visitor::Withdraws, Act::Withdraw) if self.renews() => {
                vec![(now + self.between(DAY, DAY * 20), Act::Ask)]
            }
            (Visitor::ComesAndGoes, Act::Ask) if self.renews() => {
                vec![(now + self.between(DAY, DAY * 40), Act::LeavePatio)]
            }
            (Visitor::ComesAndGoes, Act::LeavePatio) => {
                vec![(now + self.between(DAY / 4, DAY * 30), Act::Ask)]
            }
            (Visitor::Vanishes, Act::Ask) => vec![(soon, Act::Vanish)],
            _ => vec![],
        }
    }

    /// How they see to it that a membership does not end, or come back after its end.
    fn renewal(&mut self, now: Timestamp, end: Option<Timestamp>) -> Vec<(Timestamp, Act)> {
        let Nature::Member { renews, .. } = self.nature else {
            return vec![];
        };
        let Some(end) = end.filter(|_| self.renews()) else {
            return vec![];
        };
        let (at, act) = match renews {
            Renews::Early => (end - self.between(DAY, DAY * 6), Act::Redeem),
            Renews::ByWish => (end - self.between(DAY / 2, DAY * 5 / 6), Act::Wish),
            Renews::AtTheLastMinute => (end - self.between(SECOND, SECOND * 90), Act::Redeem),
            Renews::TooLate => (end + self.between(SECOND, DAY * 12), Act::Redeem),
            Renews::Never => return vec![],
        };
        vec![(at.max(now + MINUTE * 30), act)]
    }

    /// Whether they do it once more.
    fn renews(&mut self) -> bool {
        let once_more = self.left > 0;
        self.left = self.left.saturating_sub(1);
        once_more
    }

    fn between(&mut self, least: TimeDelta, most: TimeDelta) -> TimeDelta {
        TimeDelta::seconds(self.chance.random_range(least.num_seconds()..=most.num_seconds()))
    }
}

fn pick<T: Copy>(chance: &mut StdRng, among: &[T]) -> T {
    among[chance.random_range(0..among.len())]
}

const SECOND: TimeDelta = TimeDelta::seconds(1);
const MINUTE: TimeDelta = TimeDelta::minutes(1);
const DAY: TimeDelta = TimeDelta::days(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn first_acts(seed: u64) -> Vec<(Timestamp, Act)> {
        let start = Timestamp::UNIX_EPOCH;
        let lives = (0..60).map(|number| Life::new(seed, number));
        let mut acts = Vec::new();
        for mut life in lives {
            for (at, act) in life.begins(start, 365) {
                acts.push((at, act));
                acts.extend(life.follows(act, at, Some(at + DAY * 30)));
            }
        }
        acts
    }

    #[test]
    fn the_same_seed_gives_the_same_lives() {
        assert_eq!(first_acts(7), first_acts(7));
        assert_ne!(first_acts(7), first_acts(8));
    }

    #[test]
    fn nobody_acts_before_the_house_is_open_or_in_the_past() {
        for seed in 0..50 {
            for (at, act) in first_acts(seed) {
                assert!(
                    at >= Timestamp::UNIX_EPOCH + TimeDelta::hours(2),
                    "{act:?} at {at}"
                );
            }
        }
    }
}

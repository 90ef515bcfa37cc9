//! The day in figures, for custodians who want one note instead of many.

use serde::{Deserialize, Serialize};

use super::{Message, sample};
use crate::values::When;

/// What happened since the last summary, and what waits now. What did not happen is not mentioned.
#[derive(Clone, Debug, Serialize)]
pub struct DailySummary {
    /// Since when.
    pub since: When,
    /// What happened and what waits.
    pub figures: DailyFigures,
}

/// The figures of a [`DailySummary`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyFigures {
    /// Invitations by which somebody became a member.
    pub redeemed: i64,
    /// Memberships that were extended by an invitation.
    pub renewed: i64,
    /// Memberships to which a custodian granted days.
    pub granted: i64,
    /// Members who entered the channel.
    pub entered: i64,
    /// People who came to the members' door with another's link.
    pub strangers: i64,
    /// Memberships that ended.
    pub ended: i64,
    /// People who were seen out.
    pub released: i64,
    /// Members who said that they want to renew.
    pub wished: i64,
    /// New requests for the visitors' channel.
    pub asked: i64,
    /// People let into it.
    pub admitted: i64,
    /// Requests that wait now.
    pub waiting: i64,
    /// People who wait to be seen out now, until a custodian confirms the list.
    pub held: i64,
}

impl Message for DailySummary {
    const ID: &'static str = "summary.day";

    fn branch(&self) -> &'static str {
        if self.figures == DailyFigures::default() {
            "quiet"
        } else {
            "busy"
        }
    }

    fn samples() -> Vec<Self> {
        let most = 1_000_000;
        let ordinary = DailyFigures {
            redeemed: 2,
            renewed: 1,
            granted: 1,
            entered: 2,
            strangers: 1,
            ended: 3,
            released: 2,
            wished: 1,
            asked: 12,
            admitted: 9,
            waiting: 3,
            held: 1,
        };
        let all = DailyFigures {
            redeemed: most,
            renewed: most,
            granted: most,
            entered: most,
            strangers: most,
            ended: most,
            released: most,
            wished: most,
            asked: most,
            admitted: most,
            waiting: most,
            held: most,
        };
        let lines = [
            DailyFigures {
                held: 1,
                ..DailyFigures::default()
            },
            DailyFigures {
                asked: 1,
                ..DailyFigures::default()
            },
        ];
        [ordinary, all, DailyFigures::default()]
            .into_iter()
            .chain(lines)
            .map(|figures| Self {
                since: sample::until(),
                figures,
            })
            .collect()
    }
}

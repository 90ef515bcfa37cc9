//! The custodian's panel: where everything begins.

use serde::Serialize;

use super::{Message, plain, sample};
use crate::values::UserText;

/// The home of the panel: what is set up and what is not.
#[derive(Clone, Debug, Serialize)]
pub struct Panel {
    /// The custodian's first name.
    pub name: UserText,
    /// Whether the members' channel is set up.
    pub vip: bool,
    /// Whether the visitors' channel is set up.
    pub free: bool,
    /// How many plans are on offer.
    pub plans: i64,
}

/// The switches of the notices; each is a button, see [`Voice::switch`](crate::Voice::switch).
#[derive(Clone, Debug, Serialize)]
pub struct NoticeSwitches;

plain! {
    NoticeSwitches = "admin_main.notices";
}

impl Message for Panel {
    const ID: &'static str = "admin_main.panel";

    fn branch(&self) -> &'static str {
        if self.vip && self.free && self.plans > 0 {
            "complete"
        } else {
            "incomplete"
        }
    }

    fn samples() -> Vec<Self> {
        let [ordinary, longest, invisible] = sample::names();
        let with = |name: &UserText, vip, free, plans| Self {
            name: name.clone(),
            vip,
            free,
            plans,
        };
        vec![
            with(&ordinary, true, true, 3),
            with(&longest, true, true, 1),
            with(&invisible, false, false, 0),
            with(&ordinary, true, false, 1),
            with(&ordinary, true, true, 0),
        ]
    }
}

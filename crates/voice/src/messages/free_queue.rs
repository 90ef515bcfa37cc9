//! What people hear on their way into the visitors' channel.

use serde::Serialize;

use super::{Message, plain, sample};
use crate::values::UserText;

/// A request to join was noted: said at once, inside the minutes in which Telegram lets Lucien write
/// to somebody who has never started him. A button lets them do so.
#[derive(Clone, Debug, Serialize)]
pub struct RequestNoted {
    /// The channel's title.
    pub channel: UserText,
    /// Whether buttons with the creator's networks follow.
    #[serde(skip)]
    pub networks: bool,
}

/// Somebody asked again whose request waits.
#[derive(Clone, Debug, Serialize)]
pub struct RequestRepeated;

/// Somebody whose request waits has started the bot in order to be told when they are in.
#[derive(Clone, Debug, Serialize)]
pub struct AdmissionPromised;

/// Somebody was let in.
#[derive(Clone, Debug, Serialize)]
pub struct Admitted {
    /// The channel's title.
    pub channel: UserText,
    /// Whether a button opens the channel.
    #[serde(skip)]
    pub linked: bool,
}

/// Told once to somebody whom Telegram does not let into one more channel; it is tried again.
#[derive(Clone, Debug, Serialize)]
pub struct TooManyChannels {
    /// The channel's title.
    pub channel: UserText,
}

plain! {
    RequestRepeated = "free_queue.request_repeated";
    AdmissionPromised = "free_queue.admission_promised";
}

impl Message for RequestNoted {
    const ID: &'static str = "free_queue.request_noted";

    fn branch(&self) -> &'static str {
        if self.networks { "networks" } else { "alone" }
    }

    fn samples() -> Vec<Self> {
        let with = |networks| sample::names().map(|channel| Self { channel, networks });
        [true, false].into_iter().flat_map(with).collect()
    }
}

impl Message for Admitted {
    const ID: &'static str = "free_queue.admitted";

    fn branch(&self) -> &'static str {
        if self.linked { "linked" } else { "unlinked" }
    }

    fn samples() -> Vec<Self> {
        let with = |linked| sample::names().map(|channel| Self { channel, linked });
        [true, false].into_iter().flat_map(with).collect()
    }
}

impl Message for TooManyChannels {
    const ID: &'static str = "free_queue.too_many_channels";

    fn samples() -> Vec<Self> {
        sample::names().map(|channel| Self { channel }).into()
    }
}

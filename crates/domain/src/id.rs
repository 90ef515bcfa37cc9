//! Numbers that must not be mixed up.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

id! {
    /// A person's Telegram id. Positive, at most 52 bits (Bot API, `User.id`).
    UserId(i64);
    /// A chat's Telegram id: a person's own id for a private chat, negative for groups and
    /// channels (Bot API, `Chat.id`).
    ChatId(i64);
    /// A message's number within its chat (Bot API, `Message.message_id`).
    MessageId(i32);
    /// The Telegram id of the bot itself.
    BotId(i64);
    /// Row id of `subscription_plans`.
    PlanId(i32);
    /// Row id of `invitation_tokens`.
    TokenId(i32);
    /// Row id of `vip_subscribers`.
    SubscriberId(i32);
    /// Row id of `content_packages`.
    PackageId(i32);
    /// Row id of `free_channel_requests`.
    RequestId(i32);
    /// Row id of `user_interests`.
    InterestId(i32);
    /// Row id of a personal link to the members' channel.
    EntryLinkId(i64);
    /// Row id of `departures`; it grows with each departure and is never given twice.
    DepartureId(i64);
}

impl UserId {
    /// The house itself, where it is nobody's doing, or everybody's who keeps it: no person has this id.
    pub const HOUSE: Self = Self(0);

    /// The private chat with this person: Telegram gives it the person's own id.
    #[must_use]
    pub const fn private_chat(self) -> ChatId {
        ChatId(self.0)
    }
}

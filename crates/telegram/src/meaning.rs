//! The error table: what the Bot API server's refusals mean.
//!
//! The server words its errors for people, but the wordings are stable and there is nothing else to
//! go by: they are compared from their beginning, without the prefix that names the status, so that
//! nothing which the server quotes further on can be taken for something else. Codes in capitals
//! come from Telegram's data centres as they are; one that is not listed is wrong for good.

use std::fmt;

use chrono::TimeDelta;

use crate::error::{FLOOD_SLACK, Verdict};

/// How long somebody who is in too many chats is given to leave one.
const TOO_MANY_CHATS: TimeDelta = TimeDelta::hours(1);

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// The message looks as it was to look.
    NotModified,
    /// The person is inside already.
    AlreadyMember,
    /// The person has blocked the bot.
    Blocked,
    /// The person has never started the bot.
    NeverStarted,
    /// The person's account is deleted.
    Deactivated,
    /// Telegram knows no such person, or none that this bot has met.
    NoSuchPerson,
    /// This bot has never seen the chat.
    ChatNotFound,
    /// The bot was removed from the chat, or the chat is deleted.
    BotOutside,
    /// The group has become a supergroup; the refusal says which.
    Migrated,
    /// The message is not there any more, or is none that can be edited.
    MessageGone,
    /// The message is there and cannot be deleted.
    MessageStays,
    /// Nobody waits for the answer to this tap any more.
    QueryTooOld,
    /// The person has no open request to join: withdrawn, or handled elsewhere.
    NoSuchRequest,
    /// The invite link is unknown, revoked or used up.
    LinkGone,
    /// The person owns or administers the chat and cannot be removed by the bot.
    Protected,
    /// Forbidden in a way that is not listed; of a message: the person takes it only from some.
    Refuses,
    /// The bot lacks a right in the chat, or is no administrator there.
    NoRights,
    /// The person must leave some other chat before.
    TooManyChats,
    /// Too many calls; the refusal says how long to wait.
    Flood,
    /// The server's own trouble.
    ServerTrouble,
    /// The token is wrong, revoked, or logged out from this server.
    TokenRefused,
    /// Another program receives updates, or sets a webhook, with this token.
    OtherProgram,
    /// A webhook is set, so that nothing can be polled.
    WebhookSet,
    /// The address of the webhook cannot be used; the description says why.
    WebhookUnusable,
    /// The call is wrong in a way that only a change of the program mends.
    Wrong,
}

use Meaning as M;

/// Status, beginning of the description without its prefix, meaning. The first that fits counts.
const TABLE: &[(u16, &str, Meaning)] = &[
    (400, "message is not modified", M::NotModified),
    (400, "USER_ALREADY_PARTICIPANT", M::AlreadyMember),
    // The bot has nothing to do with the chat.
    (400, "chat not found", M::ChatNotFound),
    (400, "private chat not found", M::ChatNotFound),
    (400, "PEER_ID_INVALID", M::ChatNotFound),
    (400, "CHANNEL_PRIVATE", M::BotOutside),
    (400, "can't access the chat", M::BotOutside),
    (400, "chat is deactivated", M::BotOutside),
    (400, "not in the chat", M::BotOutside),
    (403, "the group chat was deleted", M::BotOutside),
    (403, "bot was kicked from the", M::BotOutside),
    (403, "bot is not a member of the", M::BotOutside),
    (400, "group chat was upgraded to a supergroup chat", M::Migrated),
    // The person is out of reach.
    (403, "bot was blocked by the user", M::Blocked),
    (
        403,
        "bot can't initiate conversation with a user",
        M::NeverStarted,
    ),
    (403, "user is deactivated", M::Deactivated),
    (403, "the bot can't send messages to the bot", M::NoSuchPerson),
    (403, "bot can't send messages to bots", M::NoSuchPerson),
    (400, "user not found", M::NoSuchPerson),
    (400, "member not found", M::NoSuchPerson),
    (400, "PARTICIPANT_ID_INVALID", M::NoSuchPerson),
    (400, "USER_ID_INVALID", M::NoSuchPerson),
    (400, "ALLOW_PAYMENT_REQUIRED", M::Refuses),
    // Messages.
    (400, "message to edit not found", M::MessageGone),
    (400, "message can't be edited", M::MessageGone),
    (400, "there is no text in the message to edit", M::MessageGone),
    (400, "MESSAGE_ID_INVALID", M::MessageGone),
    (400, "MESSAGE_EDIT_TIME_EXPIRED", M::MessageGone),
    (400, "MESSAGE_AUTHOR_REQUIRED", M::MessageGone),
    (400, "message to delete not found", M::MessageGone),
    (400, "message can't be deleted", M::MessageStays),
    // It was sent, and somebody else deleted it at once: a second one would fare no better.
    (500, "sent message was immediately deleted", M::MessageGone),
    (400, "query is too old", M::QueryTooOld),
    // The door.
    (400, "HIDE_REQUESTER_MISSING", M::NoSuchRequest),
    (400, "INVITE_HASH_EXPIRED", M::LinkGone),
    (400, "USER_CHANNELS_TOO_MUCH", M::TooManyChats),
    (400, "CHANNELS_TOO_MUCH", M::TooManyChats),
    (400, "can't remove chat owner", M::Protected),
    (400, "user is an administrator of the chat", M::Protected),
    // Rights. From what the server knows of them, or from the data centre when that is stale.
    (400, "need administrator rights in the", M::NoRights),
    (400, "not enough rights", M::NoRights),
    (400, "member list is inaccessible", M::NoRights),
    (400, "have no write access to the chat", M::NoRights),
    (400, "CHAT_ADMIN_REQUIRED", M::NoRights),
    (400, "CHAT_WRITE_FORBIDDEN", M::NoRights),
    (400, "CHAT_SEND_", M::NoRights),
    (400, "CHAT_RESTRICTED", M::NoRights),
    (400, "USER_BANNED_IN_CHANNEL", M::NoRights),
    // The server passes trouble behind it on as a 400.
    (400, "Bad Gateway", M::ServerTrouble),
    (400, "Gateway Timeout", M::ServerTrouble),
    (400, "Service Unavailable", M::ServerTrouble),
    // The bot itself.
    (400, "Logged out", M::TokenRefused),
    (400, "bad webhook", M::WebhookUnusable),
    (404, "method not found", M::Wrong),
    (404, "absolute URI is specified", M::Wrong),
    (
        409,
        "can't use getUpdates method while webhook is active",
        M::WebhookSet,
    ),
    (409, "terminated by setWebhook request", M::WebhookSet),
];

/// What the server puts before a description.
const PREFIXES: &[&str] = &[
    "Bad Request: ",
    "Conflict: ",
    "Forbidden: ",
    "Internal Server Error: ",
    "Not Found: ",
];

impl Meaning {
    /// Reads a status and its description.
    pub(crate) fn of(code: u16, description: &str) -> Self {
        let text = PREFIXES
            .iter()
            .find_map(|prefix| description.strip_prefix(prefix))
            .unwrap_or(description);
        let listed = TABLE
            .iter()
            .find(|(status, beginning, _)| *status == code && text.starts_with(beginning));
        match (listed, code) {
            (Some((_, _, meaning)), _) => *meaning,
            // A 404 without more is how api.telegram.org answers a token that it does not know.
            (None, 401 | 404 | 421) => Self::TokenRefused,
            (None, 403) => Self::Refuses,
            (None, 409) => Self::OtherProgram,
            (None, 429) => Self::Flood,
            (None, 500..) => Self::ServerTrouble,
            (None, _) => Self::Wrong,
        }
    }

    /// What to do after `method` was refused so.
    #[must_use]
    pub fn verdict(self, method: &str, retry_after: Option<TimeDelta>) -> Verdict {
        match self {
            Self::NotModified => Verdict::Done,
            Self::AlreadyMember if method == "approveChatJoinRequest" => Verdict::Done,
            Self::LinkGone if method == "revokeChatInviteLink" => Verdict::Done,
            Self::MessageGone if method == "deleteMessage" => Verdict::Done,
            // That the bot is not in the channel says nothing about the person.
            Self::ChatNotFound | Self::BotOutside | Self::Refuses if is_membership(method) => {
                Verdict::NoRights
            }
            Self::NoRights => Verdict::NoRights,
            Self::AlreadyMember
            | Self::Blocked
            | Self::NeverStarted
            | Self::Deactivated
            | Self::NoSuchPerson
            | Self::ChatNotFound
            | Self::BotOutside
            | Self::Migrated
            | Self::MessageGone
            | Self::MessageStays
            | Self::QueryTooOld
            | Self::NoSuchRequest
            | Self::LinkGone
            | Self::Protected
            | Self::Refuses => Verdict::Gone,
            Self::TooManyChats => Verdict::Retry(Some(TOO_MANY_CHATS)),
            Self::Flood | Self::ServerTrouble => Verdict::Retry(retry_after.map(|wait| wait + FLOOD_SLACK)),
            Self::TokenRefused | Self::OtherProgram | Self::WebhookSet => Verdict::Stop,
            Self::WebhookUnusable | Self::Wrong => Verdict::Bad,
        }
    }
}

/// The name of the variant: what logs and records call it.
impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Whether a method is about somebody's place in a chat.
fn is_membership(method: &str) -> bool {
    matches!(
        method,
        "approveChatJoinRequest"
            | "banChatMember"
            | "createChatInviteLink"
            | "declineChatJoinRequest"
            | "getChatMember"
            | "getChatMemberCount"
            | "revokeChatInviteLink"
            | "unbanChatMember"
    )
}

#[cfg(test)]
mod tests;

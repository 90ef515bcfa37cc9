//! Updates on their way to a bot.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

/// Updates beyond this number are dropped silently.
const MAX_UPDATES: usize = 100_000;

/// Bytes of one answer to getUpdates, about; so fewer than asked for may come.
const MAX_ANSWER: usize = 4 << 20;

/// After so long without an update the numbers begin anew.
const RENUMBER_AFTER: TimeDelta = TimeDelta::days(7);

/// The kinds of updates, named as in the Bot API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UpdateKind {
    Message,
    EditedMessage,
    ChannelPost,
    EditedChannelPost,
    CallbackQuery,
    MyChatMember,
    ChatMember,
    ChatJoinRequest,
}

impl UpdateKind {
    fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::EditedMessage => "edited_message",
            Self::ChannelPost => "channel_post",
            Self::EditedChannelPost => "edited_channel_post",
            Self::CallbackQuery => "callback_query",
            Self::MyChatMember => "my_chat_member",
            Self::ChatMember => "chat_member",
            Self::ChatJoinRequest => "chat_join_request",
        }
    }

    /// How long an undelivered update is kept.
    fn lifetime(self) -> TimeDelta {
        match self {
            Self::CallbackQuery => TimeDelta::seconds(150),
            _ => TimeDelta::hours(24),
        }
    }

    /// Which updates about the same chat or person reach a webhook one after another.
    fn lane(self) -> Lane {
        match self {
            Self::Message | Self::EditedMessage | Self::ChannelPost | Self::EditedChannelPost => {
                Lane::Messages
            }
            Self::CallbackQuery => Lane::Callbacks,
            Self::MyChatMember => Lane::OwnMembership,
            Self::ChatMember | Self::ChatJoinRequest => Lane::Membership,
        }
    }
}

/// What kinds of updates keep their order among each other on the way to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Lane {
    Messages,
    Callbacks,
    OwnMembership,
    Membership,
}

/// Updates of one key reach a webhook one after another: a lane, and the chat or person that
/// they are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(Lane, i64);

impl Key {
    /// The chat or person.
    pub(crate) fn about(self) -> i64 {
        self.1
    }
}

/// The kinds of updates that a bot wants, a bit for each name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AllowedUpdates(u32);

impl AllowedUpdates {
    const NAMES: [&'static str; 27] = [
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "guest_message",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
        "managed_bot",
        "subscription",
        "stopped_message_generation",
    ];
    const ONLY_WHEN_ASKED: [&'static str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

    /// Reads the parameter. None when it does not name a set, so that the old one stays.
    pub(crate) fn parse(parameter: &str) -> Option<Self> {
        let names: Vec<String> = serde_json::from_str(parameter).ok()?;
        let set = names.iter().fold(Self(0), |set, name| {
            Self(set.0 | Self::bit(&name.to_ascii_lowercase()))
        });
        Some(if set.0 == 0 { Self::default() } else { set })
    }

    fn bit(name: &str) -> u32 {
        Self::NAMES
            .iter()
            .position(|known| *known == name)
            .map_or(0, |at| 1 << at)
    }

    fn contains(self, kind: UpdateKind) -> bool {
        self.0 & Self::bit(kind.name()) != 0
    }

    #[cfg(test)]
    pub(crate) fn all() -> Self {
        Self((1 << Self::NAMES.len()) - 1)
    }

    /// The names in the set.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let is_in = |name: &&str| self.0 & Self::bit(name) != 0;
        Self::NAMES.into_iter().filter(is_in).collect()
    }
}

impl Default for AllowedUpdates {
    fn default() -> Self {
        let all = (1 << Self::NAMES.len()) - 1;
        Self(
            Self::ONLY_WHEN_ASKED
                .iter()
                .fold(all, |set, name| set & !Self::bit(name)),
        )
    }
}

/// An undelivered update.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub(crate) id: i32,
    pub(crate) key: Key,
    pub(crate) expires: DateTime<Utc>,
    /// The whole update as JSON.
    pub(crate) json: Arc<str>,
}

/// A bot's undelivered updates by their numbers, so oldest first.
#[derive(Debug)]
pub(crate) struct UpdateQueue {
    updates: BTreeMap<i32, Update>,
    /// The number that the next update will get.
    next_id: i32,
    last_at: Option<DateTime<Utc>>,
    /// No update expires before this moment.
    earliest_expiry: DateTime<Utc>,
    pub(crate) allowed: AllowedUpdates,
}

impl UpdateQueue {
    pub(crate) fn new() -> Self {
        Self {
            updates: BTreeMap::new(),
            next_id: random_id(),
            last_at: None,
            earliest_expiry: DateTime::<Utc>::MAX_UTC,
            allowed: AllowedUpdates::default(),
        }
    }

    /// Stores an update if the bot wants its kind. True if it did. `about` is the chat of a
    /// message or of the bot's own membership, the person of everything else.
    pub(crate) fn push(&mut self, kind: UpdateKind, about: i64, body: &str, now: DateTime<Utc>) -> bool {
        if !self.allowed.contains(kind) {
            return false;
        }
        self.expire(now);
        if self.updates.len() >= MAX_UPDATES {
            return false;
        }
        if self.updates.is_empty() && self.last_at.is_some_and(|last| now - last >= RENUMBER_AFTER) {
            self.next_id = random_id();
        }
        let id = self.next_id;
        self.next_id = id.checked_add(1).unwrap_or_else(random_id);
        self.last_at = Some(now);
        let expires = now + kind.lifetime();
        self.earliest_expiry = self.earliest_expiry.min(expires);
        let mut json = String::with_capacity(body.len() + 48);
        // Writing to a string cannot fail.
        let _ = write!(json, "{{\"update_id\":{id},\n\"{}\":{body}}}", kind.name());
        let key = Key(kind.lane(), about);
        let json = json.into();
        self.updates.insert(
            id,
            Update {
                id,
                key,
                expires,
                json,
            },
        );
        true
    }

    /// How many updates wait.
    pub(crate) fn len(&mut self, now: DateTime<Utc>) -> usize {
        self.expire(now);
        self.updates.len()
    }

    pub(crate) fn clear(&mut self) {
        self.updates.clear();
    }

    /// Forgets what `offset` confirms. Returns where reading has to begin.
    pub(crate) fn confirm(&mut self, offset: i64, now: DateTime<Utc>) -> i32 {
        self.expire(now);
        let begin = self.begin(offset);
        while let Some(oldest) = self.updates.first_entry()
            && *oldest.key() < begin
        {
            oldest.remove();
        }
        begin
    }

    /// Up to `limit` updates from number `from` on, to be sent to a webhook; without a number, the
    /// oldest.
    pub(crate) fn load(&mut self, from: Option<i32>, limit: usize, now: DateTime<Utc>) -> Vec<Update> {
        self.expire(now);
        let updates = self.updates.range(from.unwrap_or(i32::MIN)..);
        updates.map(|(_, update)| update).take(limit).cloned().collect()
    }

    /// Forgets an update that a webhook has taken or will never take.
    pub(crate) fn remove(&mut self, id: i32) {
        self.updates.remove(&id);
    }

    /// Where reading begins for `offset` as the numbers stand now: they may have begun anew since
    /// it was given.
    pub(crate) fn begin(&self, offset: i64) -> i32 {
        let head = self.updates.keys().next().copied().unwrap_or(self.next_id);
        let tail = i64::from(self.next_id);
        let wanted = if offset < 0 { tail + offset } else { offset };
        let from_head = offset == 0 || wanted > tail + 10 || wanted < i64::from(head) - MAX_UPDATES as i64;
        match i32::try_from(wanted) {
            Ok(from) if !from_head => from.max(head),
            _ => head,
        }
    }

    /// Up to `limit` updates from number `from` on, as a JSON array; None if there are none.
    pub(crate) fn read(&mut self, from: i32, limit: usize, now: DateTime<Utc>) -> Option<String> {
        self.expire(now);
        let mut answer = String::from("[");
        for (_, update) in self.updates.range(from..).take(limit) {
            if answer.len() > 1 {
                if answer.len() + update.json.len() > MAX_ANSWER {
                    break;
                }
                answer.push_str(",\n");
            }
            answer.push_str(&update.json);
        }
        if answer.len() == 1 {
            return None;
        }
        answer.push(']');
        Some(answer)
    }

    fn expire(&mut self, now: DateTime<Utc>) {
        if now < self.earliest_expiry {
            return;
        }
        self.updates.retain(|_, update| update.expires > now);
        self.earliest_expiry = self
            .updates
            .values()
            .map(|update| update.expires)
            .min()
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
    }
}

fn random_id() -> i32 {
    rand::random_range(2_000_001..=1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(answer: Option<String>) -> Vec<i64> {
        let updates: Vec<serde_json::Value> = serde_json::from_str(&answer.unwrap_or("[]".into())).unwrap();
        updates.iter().map(|u| u["update_id"].as_i64().unwrap()).collect()
    }

    fn filled(count: usize, now: DateTime<Utc>) -> (UpdateQueue, i64) {
        let mut queue = UpdateQueue::new();
        let first = i64::from(queue.next_id);
        for _ in 0..count {
            assert!(queue.push(UpdateKind::Message, 1, "{}", now));
        }
        (queue, first)
    }

    fn poll(queue: &mut UpdateQueue, offset: i64, limit: usize, now: DateTime<Utc>) -> Vec<i64> {
        let from = queue.confirm(offset, now);
        ids(queue.read(from, limit, now))
    }

    #[test]
    fn offsets_confirm_what_lies_before_them() {
        let now = DateTime::UNIX_EPOCH;
        let (mut queue, first) = filled(5, now);
        assert_eq!(poll(&mut queue, 0, 2, now), [first, first + 1]);
        assert_eq!(
            poll(&mut queue, first + 2, 100, now),
            [first + 2, first + 3, first + 4]
        );
        assert_eq!(queue.len(now), 3);
        assert_eq!(
            poll(&mut queue, first, 1, now),
            [first + 2],
            "what is confirmed does not come back"
        );
        assert_eq!(poll(&mut queue, -1, 100, now), [first + 4]);
        assert_eq!(
            queue.len(now),
            1,
            "a negative offset forgets all but the last ones"
        );
        assert_eq!(poll(&mut queue, first + 5, 100, now), [0i64; 0]);
        assert_eq!(queue.len(now), 0);
    }

    #[test]
    fn an_offset_far_off_means_the_head_and_confirms_nothing() {
        let now = DateTime::UNIX_EPOCH;
        let (mut queue, first) = filled(3, now);
        for offset in [first + 3 + 11, i64::MAX / 2, 1, -200_000] {
            assert_eq!(
                poll(&mut queue, offset, 100, now),
                [first, first + 1, first + 2],
                "{offset}"
            );
        }
        assert_eq!(poll(&mut queue, first + 3 + 10, 100, now), [0i64; 0]);
        assert_eq!(queue.len(now), 0);
    }

    #[test]
    fn updates_die_of_age() {
        let now = DateTime::UNIX_EPOCH;
        let (mut queue, _) = filled(1, now);
        queue.push(UpdateKind::CallbackQuery, 1, "{}", now);
        assert_eq!(queue.len(now + TimeDelta::seconds(149)), 2);
        assert_eq!(queue.len(now + TimeDelta::seconds(150)), 1);
        assert_eq!(queue.len(now + TimeDelta::hours(24) - TimeDelta::seconds(1)), 1);
        assert_eq!(queue.len(now + TimeDelta::hours(24)), 0);
    }

    #[test]
    fn numbers_grow_and_begin_anew_after_a_quiet_week() {
        let now = DateTime::UNIX_EPOCH;
        let (mut queue, first) = filled(1, now);
        assert!((2_000_001..=1_000_000_000).contains(&first));
        queue.push(UpdateKind::Message, 1, "{}", now + TimeDelta::days(6));
        let later = now + TimeDelta::days(6);
        assert_eq!(poll(&mut queue, 0, 100, later), [first + 1]);
        let much_later = later + TimeDelta::days(7);
        queue.push(UpdateKind::Message, 1, "{}", much_later);
        assert_ne!(poll(&mut queue, 0, 100, much_later), [first + 2]);
    }

    #[test]
    fn a_webhook_takes_updates_out_of_the_middle() {
        let now = DateTime::UNIX_EPOCH;
        let (mut queue, first) = filled(4, now);
        let ids = |updates: Vec<Update>| updates.iter().map(|u| i64::from(u.id)).collect::<Vec<_>>();
        let loaded = ids(queue.load(None, 2, now));
        assert_eq!(loaded, [first, first + 1]);
        let second = i32::try_from(first + 1).unwrap();
        queue.remove(second);
        assert_eq!(ids(queue.load(None, 100, now)), [first, first + 2, first + 3]);
        assert_eq!(ids(queue.load(Some(second), 1, now)), [first + 2]);
        assert_eq!(poll(&mut queue, 0, 100, now), [first, first + 2, first + 3]);
        assert_eq!(ids(queue.load(None, 100, now + TimeDelta::hours(24))), [0i64; 0]);
    }

    #[test]
    fn an_answer_is_never_much_larger_than_4_mib() {
        let now = DateTime::UNIX_EPOCH;
        let mut queue = UpdateQueue::new();
        let body = format!("\"{}\"", "x".repeat(1 << 20));
        for _ in 0..10 {
            queue.push(UpdateKind::Message, 1, &body, now);
        }
        assert_eq!(poll(&mut queue, 0, 100, now).len(), 3);
    }

    #[test]
    fn unknown_kinds_and_no_kinds_mean_the_usual_ones() {
        let usual = AllowedUpdates::default();
        assert!(usual.contains(UpdateKind::Message) && usual.contains(UpdateKind::MyChatMember));
        assert_eq!(usual.0 & AllowedUpdates::bit("chat_member"), 0);
        assert_ne!(usual.0 & AllowedUpdates::bit("chat_join_request"), 0);
        for parameter in ["[]", r#"["nonsense"]"#] {
            assert_eq!(AllowedUpdates::parse(parameter), Some(usual), "{parameter}");
        }
        for parameter in ["", "message", "{}", r#"["message",1]"#, "null"] {
            assert_eq!(AllowedUpdates::parse(parameter), None, "{parameter}");
        }
        let one = AllowedUpdates::parse(r#"["Callback_Query","nonsense"]"#).unwrap();
        assert_eq!(one.0, AllowedUpdates::bit("callback_query"));
        let mut queue = UpdateQueue::new();
        queue.allowed = one;
        assert!(!queue.push(UpdateKind::Message, 1, "{}", DateTime::UNIX_EPOCH));
    }
}

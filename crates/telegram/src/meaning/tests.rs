//! Every wording that the methods which Lucien calls can meet, row by row.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const SEND: &str = "sendMessage";
const EDIT: &str = "editMessageText";
const DELETE: &str = "deleteMessage";
const ANSWER: &str = "answerCallbackQuery";
const ACTION: &str = "sendChatAction";
const CHAT: &str = "getChat";
const MEMBER: &str = "getChatMember";
const COUNT: &str = "getChatMemberCount";
const LINK: &str = "createChatInviteLink";
const REVOKE: &str = "revokeChatInviteLink";
const APPROVE: &str = "approveChatJoinRequest";
const DECLINE: &str = "declineChatJoinRequest";
const BAN: &str = "banChatMember";
const UNBAN: &str = "unbanChatMember";
const COMMANDS: &str = "setMyCommands";
const WEBHOOK: &str = "setWebhook";
const UPDATES: &str = "getUpdates";
const ME: &str = "getMe";

const RETRY: Verdict = Verdict::Retry(None);
const LATER: Verdict = Verdict::Retry(Some(TimeDelta::hours(1)));

/// Method, status, description as the server sends it, meaning, verdict.
#[rustfmt::skip]
const ROWS: &[(&str, u16, &str, Meaning, Verdict)] = &[
    // Token and state of the server.
    (ME, 401, "Unauthorized", M::TokenRefused, Verdict::Stop),
    (ME, 401, "Unauthorized: invalid token specified", M::TokenRefused, Verdict::Stop),
    (ME, 421, "Misdirected Request: unallowed token specified", M::TokenRefused, Verdict::Stop),
    (ME, 404, "Not Found", M::TokenRefused, Verdict::Stop),
    (ME, 400, "Logged out", M::TokenRefused, Verdict::Stop),
    (ME, 404, "Not Found: method not found", M::Wrong, Verdict::Bad),
    (ME, 404, "Not Found: absolute URI is specified in the Request-Line", M::Wrong, Verdict::Bad),
    (ME, 500, "Internal Server Error: restart", M::ServerTrouble, RETRY),
    (SEND, 429, "Too Many Requests: retry after 5", M::Flood, RETRY),
    (SEND, 500, "Internal Server Error: Request aborted", M::ServerTrouble, RETRY),
    (SEND, 502, "Bad Gateway", M::ServerTrouble, RETRY),
    (SEND, 504, "Gateway Timeout", M::ServerTrouble, RETRY),
    (SEND, 400, "Bad Request: Bad Gateway", M::ServerTrouble, RETRY),
    (SEND, 400, "Bad Request: Gateway Timeout", M::ServerTrouble, RETRY),
    (SEND, 400, "Bad Request: Service Unavailable", M::ServerTrouble, RETRY),
    // Parameters.
    (SEND, 400, "Bad Request: chat_id is empty", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: object expected as reply markup", M::Wrong, Verdict::Bad),
    (BAN, 400, "Bad Request: invalid user_id specified", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: parameter \"text\" is required", M::Wrong, Verdict::Bad),
    // Access to a chat.
    (SEND, 400, "Bad Request: chat not found", M::ChatNotFound, Verdict::Gone),
    (SEND, 400, "Bad Request: private chat not found", M::ChatNotFound, Verdict::Gone),
    (EDIT, 400, "Bad Request: chat not found", M::ChatNotFound, Verdict::Gone),
    (CHAT, 400, "Bad Request: chat not found", M::ChatNotFound, Verdict::Gone),
    (COMMANDS, 400, "Bad Request: chat not found", M::ChatNotFound, Verdict::Gone),
    (APPROVE, 400, "Bad Request: chat not found", M::ChatNotFound, Verdict::NoRights),
    (LINK, 400, "Bad Request: chat not found", M::ChatNotFound, Verdict::NoRights),
    (MEMBER, 400, "Bad Request: chat not found", M::ChatNotFound, Verdict::NoRights),
    (COUNT, 400, "Bad Request: chat not found", M::ChatNotFound, Verdict::NoRights),
    (COUNT, 403, "Forbidden: bot was kicked from the channel chat", M::BotOutside, Verdict::NoRights),
    (COUNT, 400, "Bad Request: member list is inaccessible", M::NoRights, Verdict::NoRights),
    (SEND, 403, "Forbidden: user is deactivated", M::Deactivated, Verdict::Gone),
    (SEND, 400, "Bad Request: group chat was upgraded to a supergroup chat", M::Migrated, Verdict::Gone),
    (SEND, 403, "Forbidden: the group chat was deleted", M::BotOutside, Verdict::Gone),
    (SEND, 403, "Forbidden: bot was kicked from the group chat", M::BotOutside, Verdict::Gone),
    (SEND, 403, "Forbidden: bot was kicked from the supergroup chat", M::BotOutside, Verdict::Gone),
    (SEND, 403, "Forbidden: bot was kicked from the channel chat", M::BotOutside, Verdict::Gone),
    (SEND, 403, "Forbidden: bot is not a member of the group chat", M::BotOutside, Verdict::Gone),
    (SEND, 403, "Forbidden: bot is not a member of the supergroup chat", M::BotOutside, Verdict::Gone),
    (SEND, 403, "Forbidden: bot is not a member of the channel chat", M::BotOutside, Verdict::Gone),
    (CHAT, 403, "Forbidden: bot was kicked from the channel chat", M::BotOutside, Verdict::Gone),
    (APPROVE, 403, "Forbidden: bot was kicked from the channel chat", M::BotOutside, Verdict::NoRights),
    (DECLINE, 403, "Forbidden: bot is not a member of the channel chat", M::BotOutside, Verdict::NoRights),
    (BAN, 403, "Forbidden: bot was kicked from the channel chat", M::BotOutside, Verdict::NoRights),
    (UNBAN, 403, "Forbidden: bot was kicked from the channel chat", M::BotOutside, Verdict::NoRights),
    (MEMBER, 403, "Forbidden: bot is not a member of the channel chat", M::BotOutside, Verdict::NoRights),
    (LINK, 403, "Forbidden: bot is not a member of the channel chat", M::BotOutside, Verdict::NoRights),
    (SEND, 400, "Bad Request: have no write access to the chat", M::NoRights, Verdict::NoRights),
    (ACTION, 400, "Bad Request: have no write access to the chat", M::NoRights, Verdict::NoRights),
    (SEND, 400, "Bad Request: can't access the chat", M::BotOutside, Verdict::Gone),
    (LINK, 400, "Bad Request: can't access the chat", M::BotOutside, Verdict::NoRights),
    // sendMessage.
    (SEND, 400, "Bad Request: can't parse link preview options JSON object", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: object expected as link preview options", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: message text is empty", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: text is too long", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: text must be encoded in UTF-8", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: text must be non-empty", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: message is too long", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: unsupported parse_mode", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: can't parse entities: Unclosed start tag at byte offset 3", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: need administrator rights in the channel chat", M::NoRights, Verdict::NoRights),
    (SEND, 400, "Bad Request: not enough rights to send text messages to the chat", M::NoRights, Verdict::NoRights),
    (SEND, 403, "Forbidden: bot was blocked by the user", M::Blocked, Verdict::Gone),
    (SEND, 403, "Forbidden: bot can't initiate conversation with a user", M::NeverStarted, Verdict::Gone),
    (SEND, 403, "Forbidden: the bot can't send messages to the bot", M::NoSuchPerson, Verdict::Gone),
    (SEND, 403, "Forbidden: bot can't send messages to bots", M::NoSuchPerson, Verdict::Gone),
    (SEND, 403, "Forbidden: something that was never said before", M::Refuses, Verdict::Gone),
    (SEND, 400, "Bad Request: PEER_ID_INVALID", M::ChatNotFound, Verdict::Gone),
    (SEND, 400, "Bad Request: CHAT_WRITE_FORBIDDEN", M::NoRights, Verdict::NoRights),
    (SEND, 400, "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN", M::NoRights, Verdict::NoRights),
    (SEND, 400, "Bad Request: CHAT_RESTRICTED", M::NoRights, Verdict::NoRights),
    (SEND, 400, "Bad Request: USER_BANNED_IN_CHANNEL", M::NoRights, Verdict::NoRights),
    (SEND, 400, "Bad Request: ALLOW_PAYMENT_REQUIRED_12", M::Refuses, Verdict::Gone),
    (SEND, 400, "Bad Request: ENTITIES_TOO_LONG", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: ENTITY_BOUNDS_INVALID", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: ENTITY_TEXT_INVALID", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: TOPIC_CLOSED", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: A_CODE_OF_TOMORROW", M::Wrong, Verdict::Bad),
    (SEND, 500, "Internal Server Error: sent message was immediately deleted and can't be returned", M::MessageGone, Verdict::Gone),
    // Keyboards.
    (SEND, 400, "Bad Request: can't parse reply keyboard markup JSON object", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: field \"inline_keyboard\" must be of type Array", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: inline keyboard button URL 'x' is invalid: Wrong HTTP URL", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: reply markup is too long", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: BUTTON_DATA_INVALID", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: BUTTON_URL_INVALID", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: BUTTON_TYPE_INVALID", M::Wrong, Verdict::Bad),
    (SEND, 400, "Bad Request: REPLY_MARKUP_INVALID", M::Wrong, Verdict::Bad),
    // editMessageText.
    (EDIT, 400, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message", M::NotModified, Verdict::Done),
    (EDIT, 400, "Bad Request: message to edit not found", M::MessageGone, Verdict::Gone),
    (EDIT, 400, "Bad Request: message can't be edited", M::MessageGone, Verdict::Gone),
    (EDIT, 400, "Bad Request: there is no text in the message to edit", M::MessageGone, Verdict::Gone),
    (EDIT, 400, "Bad Request: MESSAGE_ID_INVALID", M::MessageGone, Verdict::Gone),
    (EDIT, 400, "Bad Request: MESSAGE_EDIT_TIME_EXPIRED", M::MessageGone, Verdict::Gone),
    (EDIT, 400, "Bad Request: MESSAGE_AUTHOR_REQUIRED", M::MessageGone, Verdict::Gone),
    (EDIT, 400, "Bad Request: message identifier is not specified", M::Wrong, Verdict::Bad),
    (EDIT, 400, "Bad Request: inline keyboard expected", M::Wrong, Verdict::Bad),
    (EDIT, 400, "Bad Request: MESSAGE_TOO_LONG", M::Wrong, Verdict::Bad),
    (EDIT, 403, "Forbidden: bot was blocked by the user", M::Blocked, Verdict::Gone),
    (EDIT, 403, "Forbidden: user is deactivated", M::Deactivated, Verdict::Gone),
    // deleteMessage.
    (DELETE, 400, "Bad Request: chat identifier is not specified", M::Wrong, Verdict::Bad),
    (DELETE, 400, "Bad Request: message identifier is not specified", M::Wrong, Verdict::Bad),
    (DELETE, 400, "Bad Request: message to delete not found", M::MessageGone, Verdict::Done),
    (DELETE, 400, "Bad Request: message can't be deleted", M::MessageStays, Verdict::Gone),
    (DELETE, 400, "Bad Request: message can't be deleted for everyone", M::MessageStays, Verdict::Gone),
    // answerCallbackQuery, sendChatAction.
    (ANSWER, 400, "Bad Request: query is too old and response timeout expired or query ID is invalid", M::QueryTooOld, Verdict::Gone),
    (ANSWER, 400, "Bad Request: MESSAGE_TOO_LONG", M::Wrong, Verdict::Bad),
    (ANSWER, 400, "Bad Request: URL_INVALID", M::Wrong, Verdict::Bad),
    (ACTION, 400, "Bad Request: wrong parameter action in request", M::Wrong, Verdict::Bad),
    // getChatMember.
    (MEMBER, 400, "Bad Request: invalid user_id specified", M::Wrong, Verdict::Bad),
    (MEMBER, 400, "Bad Request: member list is inaccessible", M::NoRights, Verdict::NoRights),
    (MEMBER, 400, "Bad Request: CHAT_ADMIN_REQUIRED", M::NoRights, Verdict::NoRights),
    (MEMBER, 400, "Bad Request: CHANNEL_PRIVATE", M::BotOutside, Verdict::NoRights),
    (MEMBER, 400, "Bad Request: member not found", M::NoSuchPerson, Verdict::Gone),
    (MEMBER, 400, "Bad Request: user not found", M::NoSuchPerson, Verdict::Gone),
    (MEMBER, 400, "Bad Request: PARTICIPANT_ID_INVALID", M::NoSuchPerson, Verdict::Gone),
    (MEMBER, 400, "Bad Request: USER_ID_INVALID", M::NoSuchPerson, Verdict::Gone),
    // banChatMember, unbanChatMember.
    (BAN, 400, "Bad Request: can't ban members in private chats", M::Wrong, Verdict::Bad),
    (BAN, 400, "Bad Request: can't remove chat owner", M::Protected, Verdict::Gone),
    (BAN, 400, "Bad Request: can't restrict self", M::Wrong, Verdict::Bad),
    (BAN, 400, "Bad Request: user is an administrator of the chat", M::Protected, Verdict::Gone),
    (BAN, 400, "Bad Request: not enough rights to restrict/unrestrict chat member", M::NoRights, Verdict::NoRights),
    (BAN, 400, "Bad Request: not in the chat", M::BotOutside, Verdict::NoRights),
    (BAN, 400, "Bad Request: CHAT_ADMIN_REQUIRED", M::NoRights, Verdict::NoRights),
    (BAN, 400, "Bad Request: PARTICIPANT_ID_INVALID", M::NoSuchPerson, Verdict::Gone),
    (BAN, 400, "Bad Request: USER_ID_INVALID", M::NoSuchPerson, Verdict::Gone),
    (UNBAN, 400, "Bad Request: method is available for supergroup and channel chats only", M::Wrong, Verdict::Bad),
    (UNBAN, 400, "Bad Request: not enough rights to restrict/unrestrict chat member", M::NoRights, Verdict::NoRights),
    (UNBAN, 400, "Bad Request: user is an administrator of the chat", M::Protected, Verdict::Gone),
    (UNBAN, 400, "Bad Request: can't remove chat owner", M::Protected, Verdict::Gone),
    (UNBAN, 400, "Bad Request: PARTICIPANT_ID_INVALID", M::NoSuchPerson, Verdict::Gone),
    // Invite links.
    (LINK, 400, "Bad Request: not enough rights to manage chat invite link", M::NoRights, Verdict::NoRights),
    (LINK, 400, "Bad Request: can't invite members to a private chat", M::Wrong, Verdict::Bad),
    (LINK, 400, "Bad Request: chat is deactivated", M::BotOutside, Verdict::NoRights),
    (LINK, 400, "Bad Request: member limit can't be specified for links requiring administrator approval", M::Wrong, Verdict::Bad),
    (LINK, 400, "Bad Request: EXPIRE_DATE_INVALID", M::Wrong, Verdict::Bad),
    (LINK, 400, "Bad Request: USAGE_LIMIT_INVALID", M::Wrong, Verdict::Bad),
    (LINK, 400, "Bad Request: INVITES_TOO_MUCH", M::Wrong, Verdict::Bad),
    (LINK, 400, "Bad Request: CHAT_ADMIN_REQUIRED", M::NoRights, Verdict::NoRights),
    (LINK, 400, "Bad Request: CHANNEL_PRIVATE", M::BotOutside, Verdict::NoRights),
    (REVOKE, 400, "Bad Request: not enough rights to manage chat invite link", M::NoRights, Verdict::NoRights),
    (REVOKE, 400, "Bad Request: invite link must be non-empty", M::Wrong, Verdict::Bad),
    (REVOKE, 400, "Bad Request: INVITE_HASH_EXPIRED", M::LinkGone, Verdict::Done),
    (REVOKE, 400, "Bad Request: CHAT_INVITE_PERMANENT", M::Wrong, Verdict::Bad),
    (LINK, 400, "Bad Request: INVITE_HASH_EXPIRED", M::LinkGone, Verdict::Gone),
    // Requests to join.
    (APPROVE, 400, "Bad Request: the chat can't have join requests", M::Wrong, Verdict::Bad),
    (APPROVE, 400, "Bad Request: not enough rights to manage chat join requests", M::NoRights, Verdict::NoRights),
    (APPROVE, 400, "Bad Request: HIDE_REQUESTER_MISSING", M::NoSuchRequest, Verdict::Gone),
    (APPROVE, 400, "Bad Request: USER_ALREADY_PARTICIPANT", M::AlreadyMember, Verdict::Done),
    (APPROVE, 400, "Bad Request: USER_CHANNELS_TOO_MUCH", M::TooManyChats, LATER),
    (APPROVE, 400, "Bad Request: CHANNELS_TOO_MUCH", M::TooManyChats, LATER),
    (APPROVE, 400, "Bad Request: USER_ID_INVALID", M::NoSuchPerson, Verdict::Gone),
    (APPROVE, 400, "Bad Request: CHAT_ADMIN_REQUIRED", M::NoRights, Verdict::NoRights),
    (APPROVE, 400, "Bad Request: CHANNEL_PRIVATE", M::BotOutside, Verdict::NoRights),
    (APPROVE, 403, "Forbidden: user is deactivated", M::Deactivated, Verdict::Gone),
    (APPROVE, 403, "Forbidden: something that was never said before", M::Refuses, Verdict::NoRights),
    (DECLINE, 400, "Bad Request: HIDE_REQUESTER_MISSING", M::NoSuchRequest, Verdict::Gone),
    (DECLINE, 400, "Bad Request: USER_ALREADY_PARTICIPANT", M::AlreadyMember, Verdict::Gone),
    (DECLINE, 400, "Bad Request: not enough rights to manage chat join requests", M::NoRights, Verdict::NoRights),
    (DECLINE, 403, "Forbidden: user is deactivated", M::Deactivated, Verdict::Gone),
    // Commands.
    (COMMANDS, 400, "Bad Request: can't parse commands JSON object", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: expected an Array of BotCommand", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: can't parse BotCommand: Can't find field \"command\"", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: command must be non-empty", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: command length must not exceed 32", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: command description must be non-empty", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: command description length must not exceed 256", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: BOT_COMMAND_INVALID", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: BOT_COMMANDS_TOO_MUCH", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: can't parse BotCommandScope JSON object", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: can't use specified scope in private chats", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: can't change commands in channel chats", M::Wrong, Verdict::Bad),
    (COMMANDS, 400, "Bad Request: invalid language code specified", M::Wrong, Verdict::Bad),
    // Updates.
    (UPDATES, 409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first", M::WebhookSet, Verdict::Stop),
    (UPDATES, 409, "Conflict: terminated by setWebhook request", M::WebhookSet, Verdict::Stop),
    (UPDATES, 409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running", M::OtherProgram, Verdict::Stop),
    (WEBHOOK, 409, "Conflict: terminated by other setWebhook", M::OtherProgram, Verdict::Stop),
    (WEBHOOK, 429, "Too Many Requests: retry after 1", M::Flood, RETRY),
    (WEBHOOK, 400, "Bad Request: invalid webhook URL specified", M::Wrong, Verdict::Bad),
    (WEBHOOK, 400, "Bad Request: secret token is too long", M::Wrong, Verdict::Bad),
    (WEBHOOK, 400, "Bad Request: secret token contains unallowed characters", M::Wrong, Verdict::Bad),
    (WEBHOOK, 400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook", M::WebhookUnusable, Verdict::Bad),
    (WEBHOOK, 400, "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443", M::WebhookUnusable, Verdict::Bad),
    (WEBHOOK, 400, "Bad Request: bad webhook: Invalid IP address specified", M::WebhookUnusable, Verdict::Bad),
    (WEBHOOK, 400, "Bad Request: bad webhook: IPv6-only addresses are not allowed", M::WebhookUnusable, Verdict::Bad),
    (WEBHOOK, 400, "Bad Request: bad webhook: IP address 10.0.0.1 is reserved", M::WebhookUnusable, Verdict::Bad),
    (WEBHOOK, 400, "Bad Request: bad webhook: Failed to resolve host: Name or service not known", M::WebhookUnusable, Verdict::Bad),
];

#[test]
fn every_wording_has_its_meaning_and_verdict() {
    for (method, code, description, meaning, verdict) in ROWS {
        let read = Meaning::of(*code, description);
        assert_eq!(read, *meaning, "{code} {description}");
        assert_eq!(
            read.verdict(method, None),
            *verdict,
            "{method}: {code} {description}"
        );
    }
}

#[test]
fn every_line_of_the_table_is_tried() {
    let tried: BTreeSet<&str> = ROWS
        .iter()
        .filter_map(|(_, code, description, ..)| {
            let text = PREFIXES
                .iter()
                .find_map(|p| description.strip_prefix(p))
                .unwrap_or(description);
            let line = TABLE
                .iter()
                .find(|(status, beginning, _)| status == code && text.starts_with(beginning));
            line.map(|(_, beginning, _)| *beginning)
        })
        .collect();
    for (_, beginning, _) in TABLE {
        assert!(
            tried.contains(beginning),
            "{beginning:?} is in the table and no row meets it"
        );
    }
}

#[test]
fn what_the_server_quotes_decides_nothing() {
    let quoted = "Bad Request: inline keyboard button URL 'chat not found: Bad Gateway' is invalid: USER_ALREADY_PARTICIPANT";
    assert_eq!(Meaning::of(400, quoted), Meaning::Wrong);
}

#[test]
fn what_telegram_asks_to_wait_is_waited_and_a_little_more() {
    let seven = Some(TimeDelta::seconds(7));
    let waited = Verdict::Retry(Some(TimeDelta::milliseconds(7_100)));
    assert_eq!(Meaning::Flood.verdict(SEND, seven), waited);
    assert_eq!(Meaning::ServerTrouble.verdict(SEND, seven), waited);
}

proptest! {
    #[test]
    fn codes_that_nobody_knows_are_wrong_for_good(code in "[A-Z]{2,12}(_[A-Z0-9]{2,10}){1,4}") {
        let listed = TABLE.iter().any(|(_, beginning, _)| code.starts_with(beginning));
        prop_assume!(!listed);
        prop_assert_eq!(Meaning::of(400, &format!("Bad Request: {code}")).verdict(SEND, None), Verdict::Bad);
    }

    #[test]
    fn any_answer_has_a_meaning(code in any::<u16>(), description in any::<String>()) {
        let verdict = Meaning::of(code, &description).verdict(SEND, None);
        if code >= 500 && !description.contains("immediately deleted") {
            prop_assert_eq!(verdict, Verdict::Retry(None));
        }
    }
}

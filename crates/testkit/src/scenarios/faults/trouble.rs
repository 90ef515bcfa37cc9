//! What can go wrong with a call, and what follows from it.

use std::fmt;

use sim::Fault;

use super::Target;

/// Something that goes wrong once.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    name: String,
    pub(super) fault: Fault,
    pub(super) then: Then,
    /// Whether it is tried on every database.
    pub(super) is_telling: bool,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It is certain that nothing has happened: it is done again.
    Again,
    /// Nobody knows whether it has happened.
    Unknown {
        /// Whether it has.
        happened: bool,
    },
    /// What was to be done is done.
    Done,
    /// A right is missing: the custodian is told, and it is done again when the right is there.
    NoRights,
    /// It will never be done.
    Never,
    /// The same, and it is listed as a dead letter: nobody knows what the refusal means.
    Dead,
}

/// With what a method is refused: how Telegram words it, and what follows.
fn refusals(method: &str) -> &'static [(&'static str, Then)] {
    match method {
        "answerCallbackQuery" => &[("Bad Request: query is too old", Then::Never)],
        "approveChatJoinRequest" => &[
            ("Bad Request: HIDE_REQUESTER_MISSING", Then::Never),
            ("Bad Request: HIDE_REQUESTER_MISSING", Then::Done),
            ("Bad Request: USER_ALREADY_PARTICIPANT", Then::Done),
            ("Bad Request: USER_CHANNELS_TOO_MUCH", Then::Again),
            ("Forbidden: user is deactivated", Then::Never),
            ("Bad Request: not enough rights to manage chat", Then::NoRights),
        ],
        "createChatInviteLink" => &[
            ("Bad Request: not enough rights to manage chat", Then::NoRights),
            ("Forbidden: bot was kicked from the channel", Then::NoRights),
            ("Bad Request: chat not found", Then::NoRights),
        ],
        "declineChatJoinRequest" => &[
            ("Bad Request: HIDE_REQUESTER_MISSING", Then::Done),
            ("Bad Request: not enough rights to manage chat", Then::NoRights),
        ],
        "editMessageText" => &[
            ("Bad Request: message to edit not found", Then::Never),
            ("Bad Request: message can't be edited", Then::Never),
            ("Bad Request: message is not modified", Then::Done),
            ("Forbidden: bot was blocked by the user", Then::Never),
        ],
        "getChat" => &[("Bad Request: chat not found", Then::Never)],
        "getChatMember" => &[
            ("Bad Request: member list is inaccessible", Then::NoRights),
            ("Bad Request: user not found", Then::Never),
        ],
        "revokeChatInviteLink" => &[
            ("Bad Request: INVITE_HASH_EXPIRED", Then::Done),
            ("Bad Request: not enough rights to manage chat", Then::NoRights),
        ],
        "sendMessage" => &[
            ("Forbidden: bot was blocked by the user", Then::Never),
            ("Forbidden: user is deactivated", Then::Never),
            ("Bad Request: chat not found", Then::Never),
        ],
        "unbanChatMember" => &[
            ("Bad Request: not enough rights to restrict", Then::NoRights),
            ("Forbidden: bot is not a member of the channel", Then::NoRights),
            ("Bad Request: PARTICIPANT_ID_INVALID", Then::Done),
        ],
        _ => &[],
    }
}

/// A refusal that no version of Lucien knows.
const NOT_LISTED: (&str, Then) = ("Bad Request: SOMETHING_NEW", Then::Dead);

impl Trouble {
    /// Everything that may befall a call.
    pub(super) fn of(target: &Target) -> Vec<Self> {
        let [did_not, did] = [false, true].map(|happened| Then::Unknown { happened });
        let restart = Fault::error(500, "Internal Server Error: restart");
        let mut all = vec![
            Self::new("429", Fault::flood(7), Then::Again).telling(),
            Self::new("500", restart, Then::Again),
            Self::new("cut before the effect", Fault::cut(), did_not),
            Self::new("cut after the effect", Fault::cut().after_effect(), did).telling(),
        ];
        if !target.is_answer() {
            // To whoever waits for an answer it is what a cut is.
            all.push(Self::new("502 as a page", Fault::html(502), did_not));
        }
        let refusals = refusals(&target.method).iter().chain([&NOT_LISTED]);
        // What Telegram would not do anyway is not so.
        let possible = refusals.filter(|(_, then)| target.is_granted || *then != Then::Done);
        all.extend(possible.map(|(text, then)| Self::refusal(text, *then)));
        all
    }

    fn new(name: &str, fault: Fault, then: Then) -> Self {
        Self {
            name: name.to_owned(),
            fault,
            then,
            is_telling: false,
        }
    }

    fn refusal(text: &str, then: Then) -> Self {
        let code = if text.starts_with("Forbidden") { 403 } else { 400 };
        let fault = Fault::error(code, text);
        match then {
            // What is said to be so is so.
            Then::Done => Self::new(&format!("{text}, and so it is"), fault.after_effect(), then),
            _ => Self::new(text, fault, then),
        }
    }

    /// Whether it is a refusal worded so.
    pub(super) fn says(&self, text: &str) -> bool {
        self.name.contains(text)
    }

    fn telling(mut self) -> Self {
        self.is_telling = true;
        self
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

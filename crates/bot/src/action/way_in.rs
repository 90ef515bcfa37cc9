//! What people can ask for on their way into the members' channel, and what the answers are; and what
//! custodians decide about somebody's place in it.

use domain::id::UserId;

/// Something on the way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WayIn {
    /// To open an invitation.
    Open,
    /// The present step of the ritual.
    Ritual,
    /// The button below the first text.
    Listen,
    /// The button below the second text.
    Accept,
    /// The button that says that one is inside.
    Conclude,
    /// The personal link, made or being made.
    Key,
    /// No more links today.
    KeyLimit,
    /// The membership is over, and the ritual with it.
    Over,
    /// To come in again.
    Enter,
    /// The invitation gave so many days more.
    Renewed(i32),
    /// What became of the question whether somebody who was removed may come in again.
    Readmission,
    /// What is said at the door.
    Door(DoorWord),
}

/// What is said to whoever asks to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DoorWord {
    /// The link that they came by is another person's.
    Lent,
    /// It is their own, of a membership that is over.
    Former,
    /// The ritual comes first.
    FinishRitual,
    /// They have to wait.
    Hold,
    /// Nothing.
    Silence,
}

/// What a custodian decides about somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ruling {
    /// A member who was removed is let in again.
    Readmit,
    /// They are left outside.
    LeaveOut,
    /// Somebody uninvited is seen out.
    SeeOut,
    /// They may stay.
    LetStay,
}

impl WayIn {
    pub(super) fn encode(self) -> String {
        let code = match self {
            Self::Renewed(days) => return format!("renewed:{days}"),
            Self::Open => "open",
            Self::Ritual => "ritual",
            Self::Listen => "listen",
            Self::Accept => "accept",
            Self::Conclude => "inside",
            Self::Key => "key",
            Self::KeyLimit => "limit",
            Self::Over => "over",
            Self::Enter => "enter",
            Self::Readmission => "readmission",
            Self::Door(DoorWord::Lent) => "lent",
            Self::Door(DoorWord::Former) => "former",
            Self::Door(DoorWord::FinishRitual) => "finish",
            Self::Door(DoorWord::Hold) => "hold",
            Self::Door(DoorWord::Silence) => "silence",
        };
        code.to_owned()
    }

    pub(super) fn decode(code: &str) -> Option<Self> {
        Some(match code {
            "open" => Self::Open,
            "ritual" => Self::Ritual,
            "listen" => Self::Listen,
            "accept" => Self::Accept,
            "inside" => Self::Conclude,
            "key" => Self::Key,
            "limit" => Self::KeyLimit,
            "over" => Self::Over,
            "enter" => Self::Enter,
            "readmission" => Self::Readmission,
            "lent" => Self::Door(DoorWord::Lent),
            "former" => Self::Door(DoorWord::Former),
            "finish" => Self::Door(DoorWord::FinishRitual),
            "hold" => Self::Door(DoorWord::Hold),
            "silence" => Self::Door(DoorWord::Silence),
            _ => Self::Renewed(code.strip_prefix("renewed:")?.parse().ok()?),
        })
    }

    /// Every one of them, with the longest numbers that there are, for tests of the routing table.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 16] = [
        Self::Open,
        Self::Over,
        Self::Ritual,
        Self::Listen,
        Self::Accept,
        Self::Conclude,
        Self::Key,
        Self::KeyLimit,
        Self::Enter,
        Self::Renewed(i32::MIN),
        Self::Readmission,
        Self::Door(DoorWord::Lent),
        Self::Door(DoorWord::Former),
        Self::Door(DoorWord::FinishRitual),
        Self::Door(DoorWord::Hold),
        Self::Door(DoorWord::Silence),
    ];
}

impl Ruling {
    /// Every one of them.
    const ALL: [Self; 4] = [Self::Readmit, Self::LeaveOut, Self::SeeOut, Self::LetStay];
    /// What there is to decide about a member who was removed.
    pub(crate) const OF_REMOVED: [Self; 2] = [Self::Readmit, Self::LeaveOut];
    /// What there is to decide about somebody uninvited.
    pub(crate) const OF_UNINVITED: [Self; 2] = [Self::SeeOut, Self::LetStay];

    const fn label(self) -> &'static str {
        match self {
            Self::Readmit => "readmit",
            Self::LeaveOut => "leave",
            Self::SeeOut => "out",
            Self::LetStay => "stay",
        }
    }

    pub(super) fn encode(self, person: UserId) -> String {
        format!("{}:{person}", self.label())
    }

    pub(super) fn decode(code: &str) -> Option<(Self, UserId)> {
        let (label, person) = code.split_once(':')?;
        let ruling = Self::ALL.into_iter().find(|ruling| ruling.label() == label)?;
        Some((ruling, UserId(person.parse().ok()?)))
    }

    /// Every one of them about the longest id, for tests of the routing table.
    #[cfg(test)]
    pub(crate) fn all() -> impl Iterator<Item = (Self, UserId)> {
        Self::ALL.into_iter().map(|ruling| (ruling, UserId(i64::MIN)))
    }
}

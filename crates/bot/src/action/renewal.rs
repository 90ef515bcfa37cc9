//! What members can ask for when their time runs out, and what custodians answer.

use domain::id::TokenId;

use crate::dialogue::Question;

/// Something about a membership that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RenewalAction {
    /// To stay longer than until that moment, in seconds of Unix time.
    Wish(i64),
    /// What the member hears of it. The message with the button stays as it is.
    Heard(Hearing),
    /// What custodians are asked then.
    Ask(Question),
    /// To issue an invitation.
    Invite(Question),
    /// It was issued.
    Invited(Question, TokenId),
    /// To grant the days: like this?
    Grant(Question),
    /// To grant them.
    ConfirmGrant(Question),
    /// They were granted.
    Granted(Question),
    /// What came of the wish.
    Settled(Question),
}

/// What a member hears of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Hearing {
    /// It was passed on.
    Noted,
    /// It was passed on before.
    Repeated,
    /// The membership has another end by now.
    Past,
}

impl RenewalAction {
    /// Whether it is the custodians'.
    pub(crate) const fn is_custodians(self) -> bool {
        !matches!(self, Self::Wish(_) | Self::Heard(_))
    }

    /// Whether more happens than that something is shown.
    pub(crate) const fn changes_something(self) -> bool {
        matches!(self, Self::Wish(_) | Self::Invite(_) | Self::ConfirmGrant(_))
    }

    pub(super) fn encode(self) -> String {
        match self {
            Self::Wish(until) => format!("wish:{until}"),
            Self::Heard(Hearing::Noted) => "noted".to_owned(),
            Self::Heard(Hearing::Repeated) => "repeated".to_owned(),
            Self::Heard(Hearing::Past) => "past".to_owned(),
            Self::Ask(question) => format!("ask:{}", question.0),
            Self::Invite(question) => format!("invite:{}", question.0),
            Self::Invited(question, token) => format!("invited:{}:{token}", question.0),
            Self::Grant(question) => format!("grant:{}", question.0),
            Self::ConfirmGrant(question) => format!("give:{}", question.0),
            Self::Granted(question) => format!("given:{}", question.0),
            Self::Settled(question) => format!("settled:{}", question.0),
        }
    }

    pub(super) fn decode(code: &str) -> Option<Self> {
        let Some((word, of)) = code.split_once(':') else {
            return Some(Self::Heard(match code {
                "noted" => Hearing::Noted,
                "repeated" => Hearing::Repeated,
                "past" => Hearing::Past,
                _ => return None,
            }));
        };
        let question = || of.parse().map(Question).ok();
        Some(match word {
            "wish" => Self::Wish(of.parse().ok()?),
            "ask" => Self::Ask(question()?),
            "invite" => Self::Invite(question()?),
            "invited" => {
                let (question, token) = of.split_once(':')?;
                Self::Invited(Question(question.parse().ok()?), TokenId(token.parse().ok()?))
            }
            "grant" => Self::Grant(question()?),
            "give" => Self::ConfirmGrant(question()?),
            "given" => Self::Granted(question()?),
            "settled" => Self::Settled(question()?),
            _ => return None,
        })
    }

    /// Every one of them, with the longest numbers that there are, for tests of the routing table.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 11] = {
        const LONGEST: Question = Question(i64::MIN);
        [
            Self::Wish(i64::MIN),
            Self::Heard(Hearing::Noted),
            Self::Heard(Hearing::Repeated),
            Self::Heard(Hearing::Past),
            Self::Ask(LONGEST),
            Self::Invite(LONGEST),
            Self::Invited(LONGEST, TokenId(i32::MIN)),
            Self::Grant(LONGEST),
            Self::ConfirmGrant(LONGEST),
            Self::Granted(LONGEST),
            Self::Settled(LONGEST),
        ]
    };
}

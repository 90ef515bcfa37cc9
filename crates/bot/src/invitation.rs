//! Codes of invitations.

use domain::token::InvitationCode;

/// A new code, from the machine's source of secrets: nobody can guess it.
#[must_use]
pub fn new_code() -> InvitationCode {
    InvitationCode::from_random(rand::random())
}

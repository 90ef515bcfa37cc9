//! People.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// What a person shows of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Given name.
    pub first_name: String,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Username, without `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Language of the person's app, as an IETF tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language_code: Option<String>,
    /// What they say of themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
    /// What they write does not lead back to their account when it is forwarded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hides_account: bool,
}

impl Profile {
    /// Somebody with a first name and nothing else.
    #[must_use]
    pub fn new(first_name: impl Into<String>) -> Self {
        Self {
            first_name: first_name.into(),
            last_name: None,
            username: None,
            language_code: None,
            bio: None,
            hides_account: false,
        }
    }

    /// With a family name.
    #[must_use]
    pub fn last_name(mut self, last_name: impl Into<String>) -> Self {
        self.last_name = Some(last_name.into());
        self
    }

    /// With a username, given without `@`.
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// With an app in this language.
    #[must_use]
    pub fn language(mut self, code: impl Into<String>) -> Self {
        self.language_code = Some(code.into());
        self
    }

    /// With a few words about themselves.
    #[must_use]
    pub fn bio(mut self, bio: impl Into<String>) -> Self {
        self.bio = Some(bio.into());
        self
    }

    /// With an account to which forwarded messages do not lead.
    #[must_use]
    pub fn hides_account(mut self) -> Self {
        self.hides_account = true;
        self
    }

    /// The language of the app in the two letters that bots may name; None if it has none such.
    pub(crate) fn commands_language(&self) -> Option<&str> {
        let tag = self.language_code.as_deref()?;
        tag.split('-').next().filter(|code| code.len() == 2)
    }

    /// Given and family name.
    pub(crate) fn full_name(&self) -> String {
        match &self.last_name {
            Some(last_name) => format!("{} {last_name}", self.first_name),
            None => self.first_name.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct PersonRecord {
    pub(crate) id: i64,
    pub(crate) profile: Profile,
    /// The account was deleted.
    pub(crate) is_deactivated: bool,
    /// They are in as many rooms as Telegram lets anybody be.
    pub(crate) is_at_room_limit: bool,
    /// A word for whoever plays them, which bots never see.
    pub(crate) note: Option<String>,
    /// The newest message that they have seen, by the id of the bot or room.
    pub(crate) marks: HashMap<i64, i32>,
}

impl PersonRecord {
    pub(super) fn new(id: i64, profile: Profile) -> Self {
        Self {
            id,
            profile,
            is_deactivated: false,
            is_at_room_limit: false,
            note: None,
            marks: HashMap::new(),
        }
    }
}

//! A person's names, as Telegram gives them and as the columns hold them.

use crate::id::UserId;

/// The most characters that a name column holds (`varchar(100)` on PostgreSQL).
pub const NAME_MAX_CHARS: usize = 100;

/// Stands in place of the name of somebody of whom nothing but the id is known, until Telegram tells it.
pub const UNNAMED: &str = "?";

/// What Telegram says about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Telegram id.
    pub id: UserId,
    /// Given name; Telegram always sends one, though it may be blank to the eye.
    pub first_name: String,
    /// Family name.
    pub last_name: Option<String>,
    /// Public name without `@`.
    pub username: Option<String>,
}

impl Profile {
    /// A profile fit for the columns: control characters (PostgreSQL refuses NUL) become blanks,
    /// names are cut at [`NAME_MAX_CHARS`], empty optional names become none.
    #[must_use]
    pub fn new(id: UserId, first_name: &str, last_name: Option<&str>, username: Option<&str>) -> Self {
        let optional = |name: Option<&str>| name.map(fit).filter(|name| !name.is_empty());
        Self {
            id,
            first_name: fit(first_name),
            last_name: optional(last_name),
            username: optional(username),
        }
    }
}

fn fit(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(NAME_MAX_CHARS)
        .collect();
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_always_fit_the_columns(first in any::<String>(), last in any::<Option<String>>()) {
            let profile = Profile::new(UserId(1), &first, last.as_deref(), Some(""));
            prop_assert!(profile.first_name.chars().count() <= NAME_MAX_CHARS);
            prop_assert!(!profile.first_name.contains('\0'));
            prop_assert!(profile.last_name.is_none_or(|name| !name.is_empty() && name.chars().count() <= NAME_MAX_CHARS));
            prop_assert_eq!(profile.username, None);
        }

        #[test]
        fn fitting_twice_changes_nothing(name in any::<String>()) {
            prop_assert_eq!(fit(&fit(&name)), fit(&name));
        }
    }
}

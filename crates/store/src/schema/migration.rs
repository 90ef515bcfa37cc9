//! What a migration is.

use crate::url::Dialect;

/// One step of the schema. Steps are never changed once released; new ones are added at the end.
#[derive(Debug)]
pub(crate) struct Migration {
    /// Its name in our table of applied migrations; names sort in the order of the steps.
    pub(crate) name: &'static str,
    /// Whether a binary that does not know this step works with the schema after it.
    pub(crate) additive: bool,
    pub(crate) up: Sql,
    /// Leaves nothing of `up` behind.
    pub(crate) down: Sql,
    /// The tables that `down` drops, or of which it drops a column.
    pub(crate) drops: &'static [&'static str],
    /// What makes `down` impossible.
    pub(crate) obstacle: Option<Obstacle>,
}

/// Statements for each database, in blocks so that common ones can be shared.
#[derive(Debug)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static [&'static str],
    pub(crate) postgres: &'static [&'static str],
}

impl Sql {
    pub(crate) const fn of(&self, dialect: Dialect) -> &'static [&'static str] {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

/// Rows on PostgreSQL that the older schema cannot hold.
#[derive(Debug)]
pub(crate) struct Obstacle {
    /// Counts them, as `rows`.
    pub(crate) postgres: &'static str,
    /// Completes "cannot be undone: N …".
    pub(crate) why: &'static str,
}

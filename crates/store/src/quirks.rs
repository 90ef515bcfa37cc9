//! What adopted tables have that those of our own have not, and that has to be heeded when rows are written.

use crate::error::StoreError;
use crate::session::Connection;
use crate::sql;
use crate::url::Dialect;

/// Looked for when a database is opened or adopted: nothing else changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quirks {
    /// Whether `free_channel_requests` has the later revisions' column `pending_request`, which has to be
    /// filled: with the contrary of `processed`.
    pub(crate) marks_waiting: bool,
}

impl Quirks {
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn read(db: &impl Connection) -> Result<Self, StoreError> {
        let query = match db.dialect() {
            Dialect::Sqlite => {
                "SELECT count(*) AS count FROM pragma_table_info('free_channel_requests')
                 WHERE name = 'pending_request'"
            }
            Dialect::Postgres => {
                "SELECT count(*) AS count FROM pg_attribute
                 WHERE attrelid = to_regclass('free_channel_requests') AND attname = 'pending_request'
                   AND NOT attisdropped"
            }
        };
        Ok(Self {
            marks_waiting: sql::count(db, query, []).await? > 0,
        })
    }
}

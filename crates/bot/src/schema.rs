//! Whether a database may be opened as it is, and migrating it at start.

use domain::clock::Timestamp;
use store::schema::{self, Report, SchemaError, SchemaState};
use store::{Store, StoreError};

/// What to do with a schema that is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenBehind {
    /// Bring it up to date.
    Migrate,
    /// Leave it and say which command does it.
    Refuse,
}

/// Why a database cannot be opened. It was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum SchemaRefused {
    /// Pending migrations, which have to be asked for.
    #[error("the schema is behind ({}): run `lucien migrate up`, or set ENV=production to migrate at start", .pending.join(", "))]
    Behind {
        /// The migrations that are missing.
        pending: Vec<String>,
    },
    /// There is no schema at all.
    #[error("the database is empty: run `lucien migrate up` first")]
    Empty,
    /// Not ours, changed by a newer version, or a step failed.
    #[error(transparent)]
    Schema(SchemaError),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SchemaError> for SchemaRefused {
    fn from(error: SchemaError) -> Self {
        match error {
            SchemaError::Store(error) => Self::Store(error),
            error => Self::Schema(error),
        }
    }
}

/// Checks that a house may come to serve on this database, as it is or once it is migrated. Changes
/// nothing.
///
/// # Errors
/// [`SchemaRefused`].
pub async fn admit(store: &Store, when_behind: WhenBehind) -> Result<(), SchemaRefused> {
    match schema::state(store).await? {
        SchemaState::Behind { pending, .. } if when_behind == WhenBehind::Refuse => {
            Err(SchemaRefused::Behind { pending })
        }
        SchemaState::Foreign { tables } => Err(SchemaError::Foreign { tables }.into()),
        SchemaState::Ahead {
            unknown,
            additive: false,
        } => Err(SchemaError::Ahead { unknown }.into()),
        _ => Ok(()),
    }
}

/// Makes a database fit to be opened: creates the schema in an empty one, and migrates one that is
/// behind if that is wanted. Given up half-way, it leaves the database as it was.
///
/// # Errors
/// [`SchemaRefused`].
pub async fn prepare(
    store: &Store,
    when_behind: WhenBehind,
    now: Timestamp,
) -> Result<Report, SchemaRefused> {
    admit(store, when_behind).await?;
    let report = schema::up(store, None, now).await?;
    if !report.steps.is_empty() {
        tracing::info!(steps = ?report.steps, backup = report.backup.is_some(), "the schema was migrated");
    }
    Ok(report)
}

/// Checks that a database is fit to be used, and changes nothing.
///
/// # Errors
/// [`SchemaRefused`].
pub async fn require(store: &Store) -> Result<(), SchemaRefused> {
    match schema::state(store).await? {
        SchemaState::Current | SchemaState::Ahead { additive: true, .. } => Ok(()),
        SchemaState::Empty => Err(SchemaRefused::Empty),
        SchemaState::Behind { pending, .. } => Err(SchemaRefused::Behind { pending }),
        SchemaState::Foreign { tables } => Err(SchemaError::Foreign { tables }.into()),
        SchemaState::Ahead { unknown, .. } => Err(SchemaError::Ahead { unknown }.into()),
    }
}

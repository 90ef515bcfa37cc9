//! What can go wrong in the store, told so that callers can decide and logs stay clean.
//!
//! Messages hold codes and names of tables, columns and constraints. They hold no values of rows, no
//! SQL and no credentials, so the messages of the drivers are never passed on.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use sqlx::error::{DatabaseError, ErrorKind};

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No connection became free in time, somebody else holds the lock, or two transactions were
    /// in each other's way. Trying again later helps.
    #[error("the database is busy")]
    Busy,
    /// The database is away, is shutting down, or cannot be used as it is. After a commit it is
    /// unknown whether the transaction counts.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The statement ran longer than [`StoreOptions::statement_timeout`](crate::StoreOptions).
    #[error("a statement took too long and was stopped")]
    TimedOut,
    /// A healthy database refused the statement.
    #[error("the database refused a statement (code {code}{})", .constraint.as_deref().map(|c| format!(", {c}")).unwrap_or_default())]
    Refused {
        /// SQLSTATE on PostgreSQL, the extended result code on SQLite.
        code: String,
        /// Which rule was broken.
        kind: Refusal,
        /// The constraint's name, where the database tells it.
        constraint: Option<String>,
    },
    /// An earlier statement of the transaction failed or was not waited for: nothing of it counts,
    /// on both databases.
    #[error("an earlier statement of this transaction failed")]
    Spoiled,
    /// A stored value has a form that no version of the house wrote.
    #[error("a stored value cannot be read: {0}")]
    Unreadable(String),
    /// The SQLite file does not exist, and this call may not create it.
    #[error("there is no database file")]
    Absent,
}

/// The rule that a refused statement broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A value that must be unique exists already.
    Unique,
    /// A row that another one refers to is missing, or is still referred to.
    ForeignKey,
    /// A value that must be there is missing.
    NotNull,
    /// A check failed.
    Check,
    /// Anything else: a missing table, a value that does not fit, …
    Other,
}

/// Stands in a driver-level error for [`StoreError::Spoiled`].
pub(crate) const SPOILED: &str = "spoiled";

impl StoreError {
    /// Whether a value that must be unique existed already.
    #[must_use]
    pub const fn is_unique_violation(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                kind: Refusal::Unique,
                ..
            }
        )
    }

    /// The error of an attempt to connect: whatever the database refuses then, it cannot be used.
    pub(crate) fn connecting(error: &sqlx::Error) -> Self {
        match Self::from(error) {
            Self::Refused { code, .. } => {
                Self::Unavailable(format!("the connection was refused (code {code})"))
            }
            known => known,
        }
    }

    /// Trouble with a file beside the database. Paths are not told.
    pub(crate) fn file(error: std::io::Error) -> Self {
        Self::Unavailable(error.kind().to_string())
    }

    pub(crate) fn unavailable(why: &str) -> Self {
        Self::Unavailable(why.to_owned())
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => Self::Busy,
            DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) => Self::unavailable("no connection"),
            DbErr::Conn(RuntimeErr::SqlxError(error)) => Self::connecting(&error),
            DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
                Self::from(&*error)
            }
            DbErr::Custom(text) if text == SPOILED => Self::Spoiled,
            // Written by us or by SeaORM for a missing value; both name the column only.
            DbErr::Type(what) => Self::Unreadable(what),
            DbErr::TryIntoErr { into, .. } => Self::Unreadable(into.to_owned()),
            DbErr::Conn(_) => Self::unavailable("connection"),
            _ => Self::Refused {
                code: "client".to_owned(),
                kind: Refusal::Other,
                constraint: None,
            },
        }
    }
}

impl From<&sqlx::Error> for StoreError {
    fn from(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => from_database(&**error),
            sqlx::Error::ColumnDecode { index, .. } => Self::Unreadable(format!("column {index}")),
            sqlx::Error::ColumnNotFound(name) => Self::Unreadable(format!("no column {name}")),
            sqlx::Error::Io(error) => Self::Unavailable(error.kind().to_string()),
            sqlx::Error::Tls(_) => Self::unavailable("TLS could not be agreed on"),
            sqlx::Error::Configuration(_) => Self::unavailable("the connection's settings"),
            sqlx::Error::Protocol(_) => Self::unavailable("the server's answer was not understood"),
            _ => Self::unavailable("no connection"),
        }
    }
}

fn from_database(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default().into_owned();
    let known = if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        sqlite(&code)
    } else {
        postgres(&code)
    };
    known.unwrap_or_else(|| StoreError::Refused {
        kind: match error.kind() {
            ErrorKind::UniqueViolation => Refusal::Unique,
            ErrorKind::ForeignKeyViolation => Refusal::ForeignKey,
            ErrorKind::NotNullViolation => Refusal::NotNull,
            ErrorKind::CheckViolation => Refusal::Check,
            _ => Refusal::Other,
        },
        constraint: error.constraint().map(str::to_owned),
        code,
    })
}

/// SQLite's result codes (<https://www.sqlite.org/rescode.html>); the low byte is the primary code.
fn sqlite(code: &str) -> Option<StoreError> {
    let why = match code.parse::<u32>().ok()? & 0xff {
        5 | 6 => return Some(StoreError::Busy),
        9 => return Some(StoreError::TimedOut),
        3 | 14 | 23 => "the file cannot be opened",
        7 => "no memory left",
        8 => "it may only be read",
        10 => "reading or writing the file failed",
        11 => "the file is damaged",
        13 => "the disk is full",
        26 => "the file is not a database",
        _ => return None,
    };
    Some(StoreError::Unavailable(format!("{why} (code {code})")))
}

/// PostgreSQL's SQLSTATEs (appendix A of its manual); the first two characters are the class.
fn postgres(code: &str) -> Option<StoreError> {
    let why = match (code, code.get(..2)?) {
        ("57014", _) => return Some(StoreError::TimedOut),
        ("40001" | "40P01" | "55P03", _) => return Some(StoreError::Busy),
        ("3D000", _) => "there is no database of that name",
        ("25006", _) => "it may only be read",
        (_, "28") => "the user or the password was not accepted",
        (_, "53") => "the server has no room left",
        (_, "57") => "the server is shutting down or starting up",
        (_, "08") => "the connection was lost",
        (_, "58") => "the server's system failed",
        _ => return None,
    };
    Some(StoreError::Unavailable(format!("{why} (code {code})")))
}

//! What can go wrong while an update is worked off, and whose fault it is.

use chrono::TimeDelta;
use store::StoreError;
use store::archive::ArchiveError;
use telegram::update::Undecodable;
use telegram::{ApiError, Verdict};
use voice::RenderError;

/// A handler could not finish.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandlerError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Telegram.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Telegram, which was asked before anything was done: whatever came of the question, nothing was.
    #[error(transparent)]
    Question(ApiError),
    /// A text that cannot be rendered.
    #[error(transparent)]
    Voice(#[from] RenderError),
    /// The update cannot be read.
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    /// What was stored with a row of the outbox cannot be read.
    #[error("the payload of row {row} of the outbox cannot be read")]
    Payload {
        /// Its id.
        row: i64,
    },
    /// A backup that could not be made.
    #[error("no backup could be made: {0}")]
    Backup(#[from] ArchiveError),
    /// The row belongs to somebody else by now: nothing was changed.
    #[error("the row is not ours any more")]
    Lost,
}

/// What a failure means for the row that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The update's own: counts as an attempt.
    Own(Failure),
    /// The world's: the row waits, at least as long as asked.
    Outside(Option<TimeDelta>),
    /// The answer can never be delivered; what was to be changed is changed.
    Undeliverable,
    /// Another process works on it.
    Lost,
}

/// Why a row failed, in a word: the column `inbox.failure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The handler panicked.
    Panic,
    /// The handler took longer than it may.
    TimedOut,
    /// The database is healthy and refused a statement.
    StatementRefused,
    /// A text could not be rendered.
    Render,
    /// The update does not decode.
    Undecodable,
    /// A payload of the outbox does not decode.
    Payload,
    /// The process died while it ran alone.
    Died,
}

impl Failure {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::TimedOut => "timed_out",
            Self::StatementRefused => "statement_refused",
            Self::Render => "render",
            Self::Undecodable => "undecodable",
            Self::Payload => "payload",
            Self::Died => "died",
        }
    }
}

impl HandlerError {
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::Store(StoreError::Refused { .. } | StoreError::Spoiled | StoreError::Unreadable(_)) => {
                Fault::Own(Failure::StatementRefused)
            }
            Self::Store(
                StoreError::Busy | StoreError::Unavailable(_) | StoreError::TimedOut | StoreError::Absent,
            ) => Fault::Outside(None),
            // Another one is made, or looked for, later.
            Self::Backup(_) => Fault::Outside(None),
            Self::Voice(_) => Fault::Own(Failure::Render),
            Self::Undecodable(_) => Fault::Own(Failure::Undecodable),
            Self::Payload { .. } => Fault::Own(Failure::Payload),
            Self::Lost => Fault::Lost,
            Self::Api(error) | Self::Question(error) => match error.verdict() {
                Verdict::Retry(wait) => Fault::Outside(wait),
                // The bot itself cannot work now; the update is not to blame.
                Verdict::Stop => Fault::Outside(None),
                Verdict::Done | Verdict::Gone | Verdict::NoRights | Verdict::Bad => Fault::Undeliverable,
            },
        }
    }
}

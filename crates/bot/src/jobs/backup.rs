//! Makes a backup each night, and removes old ones.

use std::fs;

use chrono::TimeDelta;
use store::archive::{self, ArchiveError, Keep};

use super::cleanup::next_night;
use super::{Job, Rest, Turn};
use crate::bell::Bell;
use crate::error::HandlerError;
use crate::outbox::Errand;
use crate::settings::Backups;

/// The hour of the night, in UTC: after what is kept long enough was removed.
const HOUR: u32 = 4;
/// Documents that a bot may send have so many bytes at most (Bot API, `sendDocument`: 50 MB).
const LARGEST: u64 = 50_000_000;

/// The job.
pub(crate) struct Backup {
    pub(super) backups: Backups,
    pub(super) outbox: Bell,
}

impl Job for Backup {
    const NAME: &'static str = "backup";

    fn cadence(&self) -> TimeDelta {
        TimeDelta::days(1)
    }

    async fn run(&self, turn: &Turn<'_>) -> Result<Rest, HandlerError> {
        let Backups {
            folder,
            recipient,
            keeper,
        } = &self.backups;
        let made = archive::create(turn.store, folder, recipient.as_ref(), turn.now).await?;
        let removed = archive::prune(folder, Keep::USUAL, turn.now).map_err(ArchiveError::from)?;
        let (backup, rows) = (made.backup, made.contents.total());
        tracing::info!(
            bytes = backup.bytes,
            rows,
            removed = removed.len(),
            "a backup is made"
        );
        let errand = match backup.path.file_name().and_then(|name| name.to_str()) {
            Some(name) if backup.encrypted && backup.bytes <= LARGEST => {
                Some(Errand::deliver_backup(*keeper, name, turn.now, rows))
            }
            _ => None,
        };
        if backup.encrypted && errand.is_none() {
            tracing::warn!(bytes = backup.bytes, "the backup is too large to be delivered");
        }
        let delivered = turn
            .write(async |tx| {
                if let Some(errand) = &errand {
                    errand.enqueue(tx, turn.now).await?;
                }
                Ok(())
            })
            .await;
        if let Err(error) = delivered {
            // Whoever works now makes one of his own.
            let _ = fs::remove_file(&backup.path);
            return Err(error);
        }
        self.outbox.ring();
        Ok(Rest::Until(next_night(turn.now, HOUR)))
    }
}

//! Backups that are delivered.

use store::archive::ArchiveError;
use store::outbox::OutboxRow;
use telegram::{Document, Lane};
use voice::When;
use voice::messages::BackupDelivered;

use super::Courier;
use crate::error::HandlerError;
use crate::outbox::errand::{ToDeliver, person_of, read, unreadable};

impl Courier {
    /// Sends a backup, if it still is there and encrypted, and whoever is to keep it still is.
    pub(super) async fn deliver_backup(
        &self,
        row: &OutboxRow,
        lane: Lane,
    ) -> Result<Option<String>, HandlerError> {
        let keeper = person_of(row)?;
        let ToDeliver { file, made, rows } = read(row)?;
        let Some(backups) = self.settings.backups.as_ref().filter(|it| it.keeper == keeper) else {
            return Ok(None);
        };
        let found = store::archive::list(&backups.folder).map_err(ArchiveError::from)?;
        let is_it = |path: &std::path::Path| path.file_name().is_some_and(|name| *name == *file);
        let Some(backup) = found.iter().find(|it| it.encrypted && is_it(&it.path)) else {
            tracing::info!("a backup that was to be delivered is gone");
            return Ok(None);
        };
        let content = std::fs::read(&backup.path).map_err(ArchiveError::from)?;
        let rows = i64::try_from(rows).map_err(|_| unreadable(row))?;
        let message = BackupDelivered {
            made: When(made),
            rows,
        };
        let caption = self.voice.say(&message, keeper, self.clock.now())?;
        let document = Document { name: file, content };
        self.gateway
            .send_document(lane, keeper.private_chat(), document, &caption)
            .await?;
        Ok(None)
    }
}

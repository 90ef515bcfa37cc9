//! The house as CSV files, for spreadsheets and other programs.
//!
//! Moments are UTC. What a spreadsheet would take for a formula is preceded by an apostrophe; NULL and an empty
//! text look alike. Who wants it back exactly makes a backup.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use chrono::SecondsFormat;
use domain::subscription::Status;
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::rows::{self, Cell, PAGE, Pages};
use crate::session::Connection;
use crate::sql;
use crate::store::Store;
use crate::value::At;

/// The columns of [`members`].
pub const MEMBER_COLUMNS: [&str; 8] = [
    "user_id",
    "username",
    "first_name",
    "last_name",
    "status",
    "joined_at",
    "ends_at",
    "plan",
];

/// Why nothing, or not everything, was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file could not be written.
    #[error("a file cannot be written: {0}")]
    File(#[from] csv::Error),
    /// A file could not be made.
    #[error("a file cannot be made: {0}")]
    Folder(#[from] io::Error),
    /// The store's trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes everybody who is a member or was one, by id, and tells how many.
///
/// # Errors
/// [`ExportError`].
pub async fn members(store: &Store, to: impl Write) -> Result<u64, ExportError> {
    #[derive(FromQueryResult)]
    struct Row {
        user_id: i64,
        username: Option<String>,
        first_name: String,
        last_name: Option<String>,
        status: String,
        join_date: At,
        expiry_date: At,
        plan: Option<String>,
    }
    let query =
        "SELECT v.user_id, u.username, u.first_name, u.last_name, v.status, v.join_date, v.expiry_date,
            coalesce(i.plan_name, p.name) AS plan
        FROM vip_subscribers v
        JOIN users u ON u.user_id = v.user_id
        LEFT JOIN invitation_tokens t ON t.id = v.token_id
        LEFT JOIN invitations i ON i.token_id = v.token_id
        LEFT JOIN subscription_plans p ON p.id = t.plan_id
        WHERE v.user_id > $1 ORDER BY v.user_id LIMIT $2";
    let moment = store.snapshot().await?;
    let mut file = csv::Writer::from_writer(to);
    file.write_record(MEMBER_COLUMNS)?;
    let (mut after, mut count) = (i64::MIN, 0);
    loop {
        let rows: Vec<Row> = sql::all(&moment, query, [after.into(), i64::from(PAGE).into()]).await?;
        let Some(last) = rows.last() else { break };
        after = last.user_id;
        count += rows.len() as u64;
        for row in &rows {
            let status = Status::from_label(&row.status).label();
            let at = |at: At| at.0.to_rfc3339_opts(SecondsFormat::Micros, true);
            file.write_record([
                row.user_id.to_string().as_str(),
                &guarded(row.username.as_deref().unwrap_or_default()),
                &guarded(&row.first_name),
                &guarded(row.last_name.as_deref().unwrap_or_default()),
                status,
                &at(row.join_date),
                &at(row.expiry_date),
                &guarded(row.plan.as_deref().unwrap_or_default()),
            ])?;
        }
    }
    file.flush()?;
    Ok(count)
}

/// Writes each table into a file of its own, `<table>.csv`, all of the same moment, and tells how many rows
/// each has. The folder must exist; files in it are replaced.
///
/// # Errors
/// [`ExportError`].
pub async fn everything(store: &Store, folder: &Path) -> Result<Vec<(String, u64)>, ExportError> {
    let moment = store.snapshot().await?;
    let mut written = Vec::new();
    for table in rows::all().await? {
        let mut file = csv::Writer::from_writer(File::create(folder.join(format!("{}.csv", table.name)))?);
        file.write_record(table.names())?;
        let count = copy(&moment, &table, &mut file).await?;
        file.flush()?;
        written.push((table.name, count));
    }
    Ok(written)
}

async fn copy(
    moment: &impl Connection,
    table: &rows::Table,
    file: &mut csv::Writer<File>,
) -> Result<u64, ExportError> {
    let mut count = 0;
    let mut pages = Pages::of(table);
    while let Some(rows) = pages.next(moment).await? {
        for row in &rows {
            file.write_record(row.iter().map(|cell| spelled(cell).into_owned()))?;
        }
        count += rows.len() as u64;
    }
    Ok(count)
}

fn spelled(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Null => "".into(),
        Cell::Int(number) => number.to_string().into(),
        Cell::Bool(value) => value.to_string().into(),
        Cell::Real(number) => number.to_string().into(),
        Cell::Decimal(number) => number.to_string().into(),
        Cell::Moment(at) => at.and_utc().to_rfc3339_opts(SecondsFormat::Micros, true).into(),
        Cell::Text(text) | Cell::Json(text) => guarded(text),
    }
}

/// A text that no spreadsheet takes for a formula.
fn guarded(text: &str) -> Cow<'_, str> {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) {
        true => format!("'{text}").into(),
        false => text.into(),
    }
}

/// A text as it was before an [export](self) wrote it.
#[must_use]
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if guarded(rest).len() > rest.len() => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_come_back_as_they_were(text in "[=+@'a-]{0,6}\\PC{0,4}") {
            let written = guarded(&text);
            prop_assert_eq!(unguarded(&written), text.as_str());
        }
    }

    #[test]
    fn no_text_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert!(guarded(text).starts_with('\''), "{text}");
        }
        assert_eq!(guarded("Inés"), "Inés");
    }
}

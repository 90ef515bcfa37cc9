//! Which tables there are, what their columns hold and which refers to which.
//!
//! Nothing of that is written down here: all migrations are run on a database in memory, which is then asked.
//! So a table that a later migration adds is moved, backed up and compared without anybody thinking of it.

use std::collections::BTreeMap;

use chrono::DateTime;
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::schema::{self, MARK, SchemaError};
use crate::session::Connection;
use crate::sql;
use crate::store::{Store, StoreOptions};
use crate::url::DatabaseUrl;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Int,
    Bool,
    Real,
    Decimal,
    Moment,
    Text,
    Json,
    /// A label; the name is that of PostgreSQL's type.
    Label(&'static str),
}

/// What a column has room for on PostgreSQL. SQLite keeps any text and any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// So many characters.
    Length(usize),
    /// 32 bits.
    Integer,
    /// So many digits before the point.
    Digits(u32),
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) family: Family,
    pub(crate) limit: Option<Limit>,
    pub(crate) nullable: bool,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    /// The columns of its primary key, by their place among [`columns`](Self::columns).
    pub(crate) key: Vec<usize>,
}

impl Table {
    /// The names of its columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }
}

/// The columns that hold labels: on SQLite they are texts like others.
const LABELS: [(&str, &str, &str); 6] = [
    ("users", "role", "userrole"),
    ("content_packages", "category", "contentcategory"),
    ("content_packages", "type", "packagetype"),
    ("user_role_change_log", "previous_role", "userrole"),
    ("user_role_change_log", "new_role", "userrole"),
    ("user_role_change_log", "reason", "rolechangereason"),
];

/// The one column that PostgreSQL has another type for than SQLite: there it was widened, which SQLite does
/// without.
const WIDENED: (&str, &str, Limit) = ("invitation_tokens", "token", Limit::Length(64));

/// All tables of the present schema but that of the migrations, each behind those that it refers to.
///
/// # Errors
/// When there is no room for a database in memory.
pub(crate) async fn all() -> Result<Vec<Table>, StoreError> {
    after(None).await
}

/// The predecessor's nine tables as they were before any change of ours.
///
/// # Errors
/// As [`all`].
pub(crate) async fn predecessors() -> Result<Vec<Table>, StoreError> {
    after(Some(1)).await
}

async fn after(steps: Option<u32>) -> Result<Vec<Table>, StoreError> {
    let model = Store::open(&DatabaseUrl::memory(), &StoreOptions::default()).await?;
    schema::up(&model, steps, DateTime::UNIX_EPOCH)
        .await
        .map_err(|error| match error {
            SchemaError::Store(error) => error,
            error => StoreError::Unavailable(error.to_string()),
        })?;
    let tables = read(&model.read()).await;
    model.close().await;
    tables
}

async fn read(model: &impl Connection) -> Result<Vec<Table>, StoreError> {
    let mut waiting: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in schema::tables(model)
        .await?
        .into_iter()
        .filter(|name| name != MARK)
    {
        let parents = parents(model, &name).await?;
        waiting.insert(name, parents);
    }
    let mut tables: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let is_placed = |parent: &String| tables.iter().any(|table| table.name == *parent);
        let (name, _) = waiting
            .iter()
            .find(|(_, parents)| parents.iter().all(is_placed))
            .expect("our tables do not refer to each other in a circle");
        let name = name.clone();
        waiting.remove(&name);
        tables.push(table(model, name).await?);
    }
    Ok(tables)
}

async fn parents(model: &impl Connection, table: &str) -> Result<Vec<String>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        parent: String,
    }
    let query = "SELECT DISTINCT \"table\" AS parent FROM pragma_foreign_key_list($1)";
    let rows: Vec<Row> = sql::all(model, query, [table.into()]).await?;
    Ok(rows.into_iter().map(|row| row.parent).collect())
}

async fn table(model: &impl Connection, name: String) -> Result<Table, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        name: String,
        declared: String,
        required: bool,
        key: i64,
    }
    let query = "SELECT name, type AS declared, \"notnull\" AS required, pk AS key FROM pragma_table_info($1) ORDER BY cid";
    let rows: Vec<Row> = sql::all(model, query, [name.as_str().into()]).await?;
    let mut key: Vec<(i64, usize)> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.key > 0)
        .map(|(place, row)| (row.key, place))
        .collect();
    key.sort_unstable();
    let columns = rows.into_iter().map(|row| Column {
        family: family(&name, &row.name, &row.declared),
        limit: limit(&name, &row.name, &row.declared),
        name: row.name,
        nullable: !row.required,
    });
    Ok(Table {
        columns: columns.collect(),
        key: key.into_iter().map(|(_, place)| place).collect(),
        name,
    })
}

fn family(table: &str, column: &str, declared: &str) -> Family {
    let label = LABELS.iter().find(|label| (label.0, label.1) == (table, column));
    if let Some((_, _, of)) = label {
        return Family::Label(of);
    }
    match declared.split('(').next().unwrap_or_default() {
        "INTEGER" | "BIGINT" => Family::Int,
        "BOOLEAN" => Family::Bool,
        "FLOAT" => Family::Real,
        "NUMERIC" => Family::Decimal,
        "DATETIME" => Family::Moment,
        "JSON" => Family::Json,
        _ => Family::Text,
    }
}

fn limit(table: &str, column: &str, declared: &str) -> Option<Limit> {
    let (widened, of, limit) = WIDENED;
    if (widened, of) == (table, column) {
        return Some(limit);
    }
    let (kind, arguments) = declared.split_once('(').unwrap_or((declared, ""));
    let mut arguments = arguments.trim_end_matches(')').split(',').map(str::trim);
    let mut argument = || arguments.next().and_then(|argument| argument.parse::<u32>().ok());
    match kind {
        "INTEGER" => Some(Limit::Integer),
        "VARCHAR" if !LABELS.iter().any(|label| (label.0, label.1) == (table, column)) => {
            Some(Limit::Length(argument()? as usize))
        }
        "NUMERIC" => Some(Limit::Digits(argument()? - argument()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::on_postgres;

    /// PostgreSQL's own account of the same schema. A key that it numbers itself may have more room than
    /// SQLite's declaration says.
    #[test]
    fn limits_are_those_of_postgresql() {
        on_postgres(async |store| {
            #[derive(FromQueryResult)]
            struct Row {
                kind: String,
                length: Option<i32>,
                digits: Option<i32>,
            }
            let query = "SELECT CAST(data_type AS text) AS kind,
                    CAST(character_maximum_length AS integer) AS length,
                    CAST(numeric_precision - numeric_scale AS integer) AS digits
                FROM information_schema.columns
                WHERE table_schema = current_schema() AND table_name = $1 AND column_name = $2";
            let mut compared = 0;
            for table in all().await.unwrap() {
                for (place, column) in table.columns.iter().enumerate() {
                    let values = [table.name.as_str().into(), column.name.as_str().into()];
                    let row: Option<Row> = sql::first(&store.read(), query, values).await.unwrap();
                    let row = row.unwrap_or_else(|| panic!("{}.{}", table.name, column.name));
                    let limit = match (row.kind.as_str(), row.length, row.digits) {
                        ("character varying", Some(length), _) => Some(Limit::Length(length as usize)),
                        ("integer", ..) => Some(Limit::Integer),
                        ("numeric", _, Some(digits)) => Some(Limit::Digits(digits as u32)),
                        _ => None,
                    };
                    let is_numbered = *table.key == [place] && row.kind == "bigint";
                    if !is_numbered {
                        assert_eq!(column.limit, limit, "{}.{}", table.name, column.name);
                    }
                    compared += 1;
                }
            }
            assert!(compared > 150, "only {compared} columns");
        });
    }

    #[tokio::test]
    async fn every_table_stands_behind_those_it_refers_to_and_has_a_key() {
        let tables = all().await.expect("a database in memory");
        let place = |name: &str| tables.iter().position(|table| table.name == name);
        assert!(place("users") < place("vip_subscribers"));
        assert!(place("subscription_plans") < place("invitation_tokens"));
        assert!(place("invitation_tokens") < place("vip_subscribers"));
        assert!(place("free_channel_requests") < place("free_requests"));
        assert!(place("outbox").is_some() && place(MARK).is_none());
        assert!(tables.iter().all(|table| !table.key.is_empty()), "{tables:?}");
    }

    #[tokio::test]
    async fn columns_are_of_the_family_that_they_are_declared_as() {
        let tables = all().await.expect("a database in memory");
        let family = |table: &str, column: &str| {
            let table = tables.iter().find(|found| found.name == table).expect("a table");
            let column = table.columns.iter().find(|found| found.name == column);
            column.expect("a column").family
        };
        assert_eq!(family("users", "user_id"), Family::Int);
        assert_eq!(family("users", "role"), Family::Label("userrole"));
        assert_eq!(family("users", "created_at"), Family::Moment);
        assert_eq!(family("subscription_plans", "price"), Family::Real);
        assert_eq!(family("content_packages", "price"), Family::Decimal);
        assert_eq!(family("user_role_change_log", "change_metadata"), Family::Json);
        assert_eq!(family("invitation_tokens", "used"), Family::Bool);
        assert_eq!(family("outbox", "payload"), Family::Text);
        assert_eq!(family("outbox", "ends_at"), Family::Moment);
    }
}

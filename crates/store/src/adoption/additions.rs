//! What is added to the schema, and the one thing that is replaced.

use sea_orm::{ConnectionTrait as _, FromQueryResult};

use super::report::Addition;
use super::shape::{PENDING, Shape};
use crate::error::StoreError;
use crate::rows::{Column, Family, Limit};
use crate::schema;
use crate::session::Tx;
use crate::sql;
use crate::url::Dialect;

/// An index as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Index<'a> {
    pub(super) name: &'a str,
    pub(super) table: &'a str,
    /// Names with commas between.
    pub(super) columns: &'a str,
    pub(super) unique: bool,
}

/// A constraint of v1.2, which can only be added as an index.
pub(super) const ENTRY_TOKEN: Index<'static> = Index {
    name: "vip_subscribers_vip_entry_token_key",
    table: "vip_subscribers",
    columns: "vip_entry_token",
    unique: true,
};

/// The later revisions' index on requests that wait.
const ONE_PENDING: &str = "uq_user_pending_request";

/// The indexes of v1.2, as its statements make them.
pub(super) fn predecessors_indexes() -> impl Iterator<Item = Index<'static>> {
    schema::predecessors_indexes().lines().filter_map(|line| {
        let (head, rest) = line.split_once(" INDEX ")?;
        let (name, rest) = rest.split_once(" ON ")?;
        let (table, rest) = rest.split_once(" (")?;
        Some(Index {
            name,
            table,
            columns: rest.strip_suffix(");")?,
            unique: head.ends_with("UNIQUE"),
        })
    })
}

/// What rows have to be there for. Returns what was added.
pub(super) async fn before_repairs(tx: &Tx, shape: &Shape) -> Result<Vec<Addition>, StoreError> {
    let mut additions = Vec::new();
    for (table, column) in shape.missing() {
        let declared = declaration(column, shape.dialect);
        run(
            tx,
            &format!("ALTER TABLE {} ADD COLUMN {} {declared}", table.name, column.name),
        )
        .await?;
        additions.push(Addition::Column(format!("{}.{}", table.name, column.name)));
    }
    if shape.dialect == Dialect::Postgres {
        for (table, column, declared) in shape.unknown_required() {
            let Some(default) = neutral(declared) else {
                continue;
            };
            run(
                tx,
                &format!(
                    "ALTER TABLE {table} ALTER COLUMN {} SET DEFAULT {default}",
                    quoted(column)
                ),
            )
            .await?;
            additions.push(Addition::Default(format!("{table}.{column}")));
        }
        restart_sequences(tx, shape).await?;
    }
    for index in shape.indexes.iter().filter(|index| index.allows_one_request()) {
        let name = quoted(&index.name);
        run(
            tx,
            &match index.bound {
                true => format!("ALTER TABLE {} DROP CONSTRAINT {name}", index.table_name),
                false => format!("DROP INDEX {name}"),
            },
        )
        .await?;
    }
    Ok(additions)
}

/// What rows had to be repaired for. Returns what was added.
pub(super) async fn after_repairs(tx: &Tx, shape: &Shape) -> Result<Vec<Addition>, StoreError> {
    let mut additions = Vec::new();
    for index in predecessors_indexes().chain([ENTRY_TOKEN]) {
        if shape.has_index(&index) {
            continue;
        }
        let is_taken = shape.indexes.iter().any(|found| found.name == index.name);
        let name = match is_taken {
            true => format!("lucien_{}", index.name),
            false => index.name.to_owned(),
        };
        let unique = if index.unique { "UNIQUE" } else { "" };
        run(
            tx,
            &format!(
                "CREATE {unique} INDEX {name} ON {} ({})",
                index.table, index.columns
            ),
        )
        .await?;
        additions.push(Addition::Index(name));
    }
    if shape.indexes.iter().any(|index| index.allows_one_request()) {
        let waits = match shape.marks_waiting() {
            true => PENDING.1,
            false => "NOT processed",
        };
        let is_taken = shape
            .indexes
            .iter()
            .any(|index| index.name == ONE_PENDING && !index.allows_one_request());
        if !is_taken {
            run(
                tx,
                &format!(
                    "CREATE UNIQUE INDEX {ONE_PENDING} ON {} (user_id) WHERE {waits}",
                    PENDING.0
                ),
            )
            .await?;
        }
        additions.push(Addition::IndexReplaced(ONE_PENDING.to_owned()));
    }
    Ok(additions)
}

async fn run(tx: &Tx, statement: &str) -> Result<(), StoreError> {
    tx.execute_unprepared(statement).await?;
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// How a column is declared that may be NULL.
fn declaration(column: &Column, dialect: Dialect) -> String {
    match (column.family, dialect) {
        (Family::Int, _) if column.limit == Some(Limit::Integer) => "INTEGER".to_owned(),
        (Family::Int, _) => "BIGINT".to_owned(),
        (Family::Bool, _) => "BOOLEAN".to_owned(),
        (Family::Real, Dialect::Sqlite) => "FLOAT".to_owned(),
        (Family::Real, Dialect::Postgres) => "DOUBLE PRECISION".to_owned(),
        (Family::Decimal, _) => "NUMERIC(10, 2)".to_owned(),
        (Family::Moment, Dialect::Sqlite) => "DATETIME".to_owned(),
        (Family::Moment, Dialect::Postgres) => "TIMESTAMP WITHOUT TIME ZONE".to_owned(),
        (Family::Json, _) => "JSON".to_owned(),
        (Family::Label(of), Dialect::Postgres) => of.to_owned(),
        (Family::Text | Family::Label(_), _) => match column.limit {
            Some(Limit::Length(length)) => format!("VARCHAR({length})"),
            _ => "VARCHAR(20)".to_owned(),
        },
    }
}

/// What may stand in a column of which nobody knows what it means, by the name of its type on PostgreSQL.
pub(super) fn neutral(declared: &str) -> Option<&'static str> {
    match declared {
        "int2" | "int4" | "int8" | "float4" | "float8" | "numeric" => Some("0"),
        "bool" => Some("FALSE"),
        "varchar" | "text" | "bpchar" => Some("''"),
        "json" | "jsonb" => Some("'{}'"),
        "timestamp" => Some("(now() AT TIME ZONE 'utc')"),
        "timestamptz" => Some("now()"),
        _ => None,
    }
}

/// Has PostgreSQL give numbers that no row has; rows that were written with numbers of their own have left its
/// sequences where they were. Restarting is undone with the transaction, and so is what is taken afterwards;
/// `setval` would not be.
async fn restart_sequences(tx: &Tx, shape: &Shape) -> Result<(), StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        sequence: Option<String>,
    }
    for table in shape.tables() {
        let key = &table.columns[table.key[0]].name;
        // A sequence that was made by hand belongs to no column; only the default tells of it.
        let query = "SELECT coalesce(pg_get_serial_sequence($1, $2),
                substring(pg_get_expr(d.adbin, d.adrelid) FROM '^nextval\\(''(.*)''::regclass\\)$')) AS sequence
            FROM pg_attribute c LEFT JOIN pg_attrdef d ON d.adrelid = c.attrelid AND d.adnum = c.attnum
            WHERE c.attrelid = to_regclass($1) AND c.attname = $2";
        let found: Option<Found> =
            sql::first(tx, query, [table.name.as_str().into(), key.as_str().into()]).await?;
        let Some(sequence) = found.and_then(|found| found.sequence) else {
            continue;
        };
        let next = format!(
            "SELECT greatest(coalesce(max({key}) + 1, 1),
                 (SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM {sequence})) AS count FROM {}",
            table.name
        );
        let next = sql::count(tx, &next, []).await?;
        run(tx, &format!("ALTER SEQUENCE {sequence} RESTART WITH {next}")).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_indexes_of_v12_are_known() {
        let indexes: Vec<Index<'_>> = predecessors_indexes().collect();
        let statements = schema::predecessors_indexes().matches(';').count();
        assert_eq!(indexes.len(), statements);
        let unique: Vec<(&str, &str)> = indexes
            .iter()
            .filter(|index| index.unique)
            .map(|index| (index.table, index.columns))
            .collect();
        assert_eq!(
            unique,
            [
                ("invitation_tokens", "token"),
                ("vip_subscribers", "user_id"),
                ("user_interests", "user_id, package_id")
            ]
        );
    }
}

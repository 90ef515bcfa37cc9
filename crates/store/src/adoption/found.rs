//! What is there: columns, indexes and labels as the databases tell of them, and what a column holds by its
//! declaration.

use sea_orm::FromQueryResult;

use super::additions::Index;
use super::shape::PENDING;
use crate::error::StoreError;
use crate::rows::{Column, Family, Limit};
use crate::session::Connection;
use crate::sql;
use crate::url::Dialect;

/// A column as it is.
#[derive(Debug, FromQueryResult)]
pub(super) struct FoundColumn {
    pub(super) table_name: String,
    pub(super) name: String,
    /// As it was declared; on PostgreSQL, the name of its type.
    pub(super) declared: String,
    pub(super) required: bool,
    pub(super) has_default: bool,
    /// Whether the database gives it numbers.
    pub(super) numbered: bool,
    /// Whether it is the primary key, alone.
    pub(super) key: bool,
}

/// An index as it is.
#[derive(Debug, FromQueryResult)]
pub(super) struct FoundIndex {
    pub(super) table_name: String,
    pub(super) name: String,
    pub(super) is_unique: bool,
    pub(super) partial: bool,
    /// Whether it belongs to a constraint.
    pub(super) bound: bool,
    /// Names with commas between.
    pub(super) columns: Option<String>,
}

impl FoundIndex {
    pub(super) fn serves(&self, index: &Index<'_>) -> bool {
        self.table_name == index.table
            && self.columns.as_deref() == Some(index.columns)
            && !self.partial
            && (self.is_unique || !index.unique)
    }

    /// Whether it lets everybody ask for the Free channel once in a lifetime.
    pub(super) fn allows_one_request(&self) -> bool {
        self.table_name == PENDING.0
            && self.columns.as_deref() == Some("user_id")
            && self.is_unique
            && !self.partial
    }
}

/// All columns of all tables, in their order.
pub(super) async fn columns(db: &impl Connection) -> Result<Vec<FoundColumn>, StoreError> {
    sql::all(db, columns_query(db.dialect()), []).await
}

/// All indexes that count.
pub(super) async fn indexes(db: &impl Connection) -> Result<Vec<FoundIndex>, StoreError> {
    sql::all(db, indexes_query(db.dialect()), []).await
}

/// The labels of PostgreSQL's own types, each as `type.label`.
pub(super) async fn labels(db: &impl Connection) -> Result<Vec<String>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        label: String,
    }
    if db.dialect() == Dialect::Sqlite {
        return Ok(Vec::new());
    }
    let query = "SELECT t.typname || '.' || e.enumlabel AS label
        FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid";
    let rows: Vec<Row> = sql::all(db, query, []).await?;
    Ok(rows.into_iter().map(|row| row.label).collect())
}

const fn columns_query(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT m.name AS table_name, c.name, upper(c.type) AS declared, c.\"notnull\" AS required,
                 c.dflt_value IS NOT NULL AS has_default,
                 c.pk = 1 AND upper(c.type) = 'INTEGER' AS numbered,
                 c.pk = 1 AND NOT EXISTS (SELECT 1 FROM pragma_table_info(m.name) o WHERE o.pk > 1) AS key
             FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid"
        }
        Dialect::Postgres => {
            "SELECT CAST(t.relname AS text) AS table_name, CAST(c.attname AS text) AS name,
                 CAST(y.typname AS text) AS declared, c.attnotnull AS required,
                 d.oid IS NOT NULL OR c.attidentity <> '' AS has_default,
                 c.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', FALSE) AS numbered,
                 EXISTS (SELECT 1 FROM pg_constraint k
                         WHERE k.conrelid = t.oid AND k.contype = 'p' AND k.conkey = ARRAY[c.attnum]) AS key
             FROM pg_class t
             JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped AND c.attgenerated = ''
             JOIN pg_type y ON y.oid = c.atttypid
             LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = c.attnum
             WHERE t.relkind IN ('r', 'p') AND t.relnamespace = current_schema()::regnamespace
             ORDER BY t.relname, c.attnum"
        }
    }
}

const fn indexes_query(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT m.name AS table_name, i.name, i.\"unique\" AS is_unique, i.partial,
                 i.origin <> 'c' AS bound,
                 (SELECT group_concat(c.name, ', ') FROM
                     (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) c) AS columns
             FROM sqlite_schema m, pragma_index_list(m.name) i WHERE m.type = 'table' ORDER BY 1, 2"
        }
        Dialect::Postgres => {
            "SELECT CAST(t.relname AS text) AS table_name, CAST(i.relname AS text) AS name,
                 x.indisunique AS is_unique, x.indpred IS NOT NULL AS partial,
                 EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x')) AS bound,
                 (SELECT string_agg(pg_get_indexdef(x.indexrelid, n, true), ', ' ORDER BY n)
                  FROM generate_series(1, x.indnkeyatts) AS n) AS columns
             FROM pg_index x
             JOIN pg_class i ON i.oid = x.indexrelid
             JOIN pg_class t ON t.oid = x.indrelid
             WHERE t.relnamespace = current_schema()::regnamespace AND x.indisvalid ORDER BY 1, 2"
        }
    }
}

/// What a column should have been declared as.
pub(super) fn in_words(column: &Column, dialect: Dialect) -> String {
    let words = match (column.family, dialect) {
        (Family::Int, Dialect::Postgres) if column.limit == Some(Limit::Integer) => "integer",
        (Family::Int, Dialect::Postgres) => "bigint",
        (Family::Int, Dialect::Sqlite) => "an integer",
        (Family::Bool, _) => "boolean",
        (Family::Real, Dialect::Postgres) => "double precision",
        (Family::Real, Dialect::Sqlite) => "a real number",
        (Family::Decimal, _) => "numeric",
        (Family::Moment, Dialect::Postgres) => "timestamp without time zone",
        (Family::Moment, Dialect::Sqlite) => "a date with time",
        (Family::Text, _) => "a text",
        (Family::Json, _) => "JSON",
        (Family::Label(of), Dialect::Postgres) => of,
        (Family::Label(_), Dialect::Sqlite) => "a text",
    };
    words.to_owned()
}

/// Whether a column that was declared so holds values of that family. On SQLite widths do not matter, and
/// neither do names of types that are stored alike; PostgreSQL's numbers and moments have to be of the very
/// type.
pub(super) fn has_family(dialect: Dialect, declared: &str, family: Family, limit: Option<Limit>) -> bool {
    match dialect {
        Dialect::Postgres => match family {
            Family::Int if limit == Some(Limit::Integer) => declared == "int4",
            Family::Int => declared == "int8",
            Family::Bool => declared == "bool",
            Family::Real => declared == "float8",
            Family::Decimal => declared == "numeric",
            Family::Moment => declared == "timestamp",
            Family::Text => matches!(declared, "varchar" | "text" | "bpchar"),
            Family::Json => matches!(declared, "json" | "jsonb"),
            Family::Label(of) => declared == of,
        },
        Dialect::Sqlite => {
            let is = |words: &[&str]| words.iter().any(|word| declared.contains(word));
            let is_text = is(&["CHAR", "TEXT", "CLOB", "STRING"]);
            match family {
                Family::Int => is(&["INT"]),
                Family::Bool => is(&["BOOL", "INT"]),
                Family::Real | Family::Decimal => is(&["REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL"]),
                Family::Moment => is(&["DATE", "TIME"]) || is_text,
                Family::Json => is(&["JSON"]) || is_text,
                Family::Text | Family::Label(_) => is_text,
            }
        }
    }
}

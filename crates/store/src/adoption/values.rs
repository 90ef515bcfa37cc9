//! Values that nobody reads, or one of the two bots only.
//!
//! On SQLite anything can stand in a column, whatever it was declared as, and moments are compared as texts:
//! one that is spelled otherwise counts as earlier or later than it is.

use chrono::TimeDelta;
use domain::package::{Category, PackageType};
use domain::person::UNNAMED;
use domain::role::{Role, RoleChangeReason};

use super::relations::REFERENCES;
use super::repairs::{Fix, Repairs};
use super::report::RepairKind;
use crate::error::StoreError;
use crate::rows::{Column, Family};
use crate::url::Dialect;
use crate::value::{StoredEnum, read_moment, written};

/// For how long a membership goes on whose end nobody can read. It is told, and nobody is seen out before a
/// custodian has looked.
const UNREADABLE_END: TimeDelta = TimeDelta::days(30);

/// The 26 characters of a moment.
const MOMENT: &str = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]";

/// The latest moment that both bots know. PostgreSQL knows later ones, and one that never comes.
const LATEST: &str = "'9999-12-31 23:59:59.999999'";
const EARLIEST: &str = "'0001-01-01 00:00:00.000000'";

/// What people and other programs write for a boolean.
const YES: &str = "'true', 't', 'yes', 'y', 'on'";
const NO: &str = "'false', 'f', 'no', 'n', 'off'";

/// The labels of one of PostgreSQL's own types.
pub(super) fn labels(of: &str) -> Vec<&'static str> {
    fn all<T: StoredEnum>(values: &[T]) -> Vec<&'static str> {
        values.iter().map(|value| value.label()).collect()
    }
    match of {
        Role::TYPE => all(Role::ALL),
        RoleChangeReason::TYPE => all(RoleChangeReason::ALL),
        Category::TYPE => all(Category::ALL),
        PackageType::TYPE => all(PackageType::ALL),
        _ => Vec::new(),
    }
}

/// What stands in a column that must hold something, where nothing or nothing readable did, as SQL. Where it
/// matters, it is what gives least.
fn default(table: &str, column: &Column, now: &str, end: &str) -> String {
    let sql = match (table, column.name.as_str()) {
        ("users", "first_name") => return format!("'{UNNAMED}'"),
        ("users" | "user_role_change_log", "role" | "new_role") => "'FREE'",
        ("subscription_plans", "duration_days") => "30",
        ("subscription_plans", "currency") => "'$'",
        // No code has a tilde: nobody can redeem it.
        ("invitation_tokens", "token") => "'~' || CAST(id AS text)",
        ("invitation_tokens", "created_at") => "'1970-01-01 00:00:00.000000'",
        ("invitation_tokens", "duration_hours") => "24",
        ("invitation_tokens", "used") => "TRUE",
        ("vip_subscribers", "expiry_date") => end,
        ("free_channel_requests", "processed") => "processed_at IS NOT NULL",
        ("content_packages", "category") => "'VIP_CONTENT'",
        ("content_packages", "type") => "'STANDARD'",
        ("user_role_change_log", "reason") => "'MANUAL_CHANGE'",
        ("user_role_change_log", "change_source") => "'SYSTEM'",
        _ => match column.family {
            Family::Moment => now,
            Family::Bool => "FALSE",
            Family::Text => return format!("'{UNNAMED}'"),
            _ => "0",
        },
    };
    sql.to_owned()
}

/// Repairs all values of the nine tables but references to other rows.
pub(super) async fn repair(repairs: &mut Repairs<'_>) -> Result<(), StoreError> {
    let moment = |after: TimeDelta| format!("'{}'", written((repairs.now + after).naive_utc()));
    let (now, end) = (moment(TimeDelta::zero()), moment(UNREADABLE_END));
    let shape = repairs.shape;
    for table in shape.tables() {
        for (place, column) in table.columns.iter().enumerate() {
            if table.key.contains(&place) {
                continue;
            }
            respell(repairs, &table.name, column).await?;
            let is_status = (table.name.as_str(), column.name.as_str()) == STATUS;
            let is_reference = REFERENCES.iter().any(|reference| {
                (reference.table, reference.column) == (table.name.as_str(), column.name.as_str())
            });
            if is_reference || is_status {
                continue;
            }
            let default = default(&table.name, column, &now, &end);
            replace(repairs, &table.name, column, &default).await?;
        }
    }
    empty(repairs).await?;
    status(repairs, &now).await
}

/// Writes what can be read as both bots read it.
async fn respell(repairs: &mut Repairs<'_>, table: &str, column: &Column) -> Result<(), StoreError> {
    let name = column.name.as_str();
    if column.family == Family::Json {
        let set = format!("{name} = NULL");
        let which = format!("trim(CAST({name} AS text)) = 'null'");
        return change(repairs, table, name, RepairKind::Emptied, &which, &set).await;
    }
    let dialect = repairs.dialect();
    let Some(odd) = odd(column, dialect) else {
        return Ok(());
    };
    let word = format!("lower(trim(CAST({name} AS text)))");
    let (which, value) = match (column.family, dialect) {
        (Family::Moment, Dialect::Sqlite) => {
            let read = |text: &str| read_moment(text).map(|at| written(at.naive_utc()));
            return repairs.respell(table, name, &odd, read).await;
        }
        (Family::Moment, Dialect::Postgres) => (format!("{name} > {LATEST}"), LATEST.to_owned()),
        (Family::Bool, Dialect::Sqlite) => (
            format!("{odd} AND (typeof({name}) <> 'text' OR {word} IN ({YES}, {NO}))"),
            format!("CASE WHEN {word} IN ({YES}) THEN 1 WHEN {word} IN ({NO}) THEN 0 ELSE {name} <> 0 END"),
        ),
        (Family::Text, Dialect::Sqlite) => (odd, format!("CAST({name} AS text)")),
        (Family::Label(of), Dialect::Sqlite) => (
            format!("{odd} AND upper(trim({name})) IN ({})", listed(of)),
            format!("upper(trim({name}))"),
        ),
        _ => return Ok(()),
    };
    let set = format!("{name} = {value}");
    change(repairs, table, name, RepairKind::Respelled, &which, &set).await
}

/// Puts a default, or NULL where that may be, in place of what nobody can read; and a default where nothing
/// stands.
async fn replace(
    repairs: &mut Repairs<'_>,
    table: &str,
    column: &Column,
    default: &str,
) -> Result<(), StoreError> {
    let name = column.name.as_str();
    if let Some(odd) = odd(column, repairs.dialect()) {
        let value = if column.nullable { "NULL" } else { default };
        let set = format!("{name} = {value}");
        change(repairs, table, name, RepairKind::Unreadable, &odd, &set).await?;
    }
    if column.nullable {
        return Ok(());
    }
    let (which, set) = (format!("{name} IS NULL"), format!("{name} = {default}"));
    change(repairs, table, name, RepairKind::Filled, &which, &set).await
}

/// The condition of something other than NULL that is not as both bots read it; none, there is no such thing.
fn odd(column: &Column, dialect: Dialect) -> Option<String> {
    let name = column.name.as_str();
    Some(match (column.family, dialect) {
        (Family::Label(of), Dialect::Postgres) => format!("CAST({name} AS text) NOT IN ({})", listed(of)),
        (Family::Moment, Dialect::Postgres) => format!("{name} NOT BETWEEN {EARLIEST} AND {LATEST}"),
        (_, Dialect::Postgres) => return None,
        (Family::Int, _) => format!("typeof({name}) NOT IN ('integer', 'null')"),
        (Family::Bool, _) => {
            format!("{name} IS NOT NULL AND (typeof({name}) <> 'integer' OR {name} NOT IN (0, 1))")
        }
        (Family::Real | Family::Decimal, _) => format!("typeof({name}) NOT IN ('integer', 'real', 'null')"),
        (Family::Moment, _) => format!(
            "{name} IS NOT NULL AND (typeof({name}) <> 'text' OR {name} NOT GLOB '{MOMENT}'
                 OR datetime(substr({name}, 1, 19)) IS NOT substr({name}, 1, 19))"
        ),
        (Family::Text, _) => format!("typeof({name}) NOT IN ('text', 'null')"),
        (Family::Json, _) => {
            format!("{name} IS NOT NULL AND (typeof({name}) = 'blob' OR NOT json_valid({name}))")
        }
        (Family::Label(of), _) => format!("{name} IS NOT NULL AND {name} NOT IN ({})", listed(of)),
    })
}

fn listed(of: &str) -> String {
    let labels: Vec<String> = labels(of).iter().map(|label| format!("'{label}'")).collect();
    labels.join(", ")
}

async fn change(
    repairs: &mut Repairs<'_>,
    table: &str,
    column: &str,
    what: RepairKind,
    which: &str,
    set: &str,
) -> Result<(), StoreError> {
    let fix = Fix {
        table,
        column: Some(column),
        what,
        which,
        set: Some(set),
    };
    repairs.apply(fix).await
}

/// Channels and links that are not set, which an environment with empty variables leaves as empty texts.
async fn empty(repairs: &mut Repairs<'_>) -> Result<(), StoreError> {
    let config = repairs.shape.expected("bot_config");
    for column in config
        .columns
        .iter()
        .filter(|column| column.family == Family::Text)
    {
        let name = column.name.as_str();
        let (which, set) = (format!("trim({name}) = ''"), format!("{name} = NULL"));
        change(repairs, "bot_config", name, RepairKind::Emptied, &which, &set).await?;
    }
    Ok(())
}

const STATUS: (&str, &str) = ("vip_subscribers", "status");

/// The status and the stage of subscriptions, which are labels to us and bare values to the database. The
/// predecessor takes nobody for a member whose status it does not know.
async fn status(repairs: &mut Repairs<'_>, now: &str) -> Result<(), StoreError> {
    let (table, column) = STATUS;
    let known = "lower(trim(status)) IN ('active', 'expired')";
    let by_end = format!("status = CASE WHEN expiry_date >= {now} THEN 'active' ELSE 'expired' END");
    let odd = "status NOT IN ('active', 'expired')";
    change(
        repairs,
        table,
        column,
        RepairKind::Respelled,
        &format!("{odd} AND {known}"),
        "status = lower(trim(status))",
    )
    .await?;
    change(
        repairs,
        table,
        column,
        RepairKind::Filled,
        "trim(coalesce(status, '')) = ''",
        &by_end,
    )
    .await?;
    change(
        repairs,
        table,
        column,
        RepairKind::Unreadable,
        odd,
        "status = 'expired'",
    )
    .await?;
    change(
        repairs,
        table,
        "vip_entry_stage",
        RepairKind::Unreadable,
        "vip_entry_stage NOT IN (1, 2, 3)",
        "vip_entry_stage = NULL",
    )
    .await
}

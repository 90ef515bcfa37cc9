//! Rows that refer to nothing, and rows that are there twice.

use domain::person::UNNAMED;
use sea_orm::{FromQueryResult, Value};

use super::repairs::{Fix, Repairs};
use super::report::{KEYS_TOLD, Repair, RepairKind};
use super::shape::PENDING;
use super::{AdoptError, OnOrphan};
use crate::error::StoreError;
use crate::invitations::TokenKind;
use crate::session::Tx;
use crate::sql;
use crate::url::Dialect;
use crate::value::At;

/// A column that refers to a row of another table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reference {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    to: &'static str,
    key: &'static str,
}

/// All of them, those of the people last.
pub(super) const REFERENCES: [Reference; 6] = [
    reference("invitation_tokens", "plan_id", "subscription_plans", "id"),
    reference("vip_subscribers", "token_id", "invitation_tokens", "id"),
    reference("user_interests", "package_id", "content_packages", "id"),
    reference("vip_subscribers", "user_id", "users", "user_id"),
    reference("free_channel_requests", "user_id", "users", "user_id"),
    reference("user_interests", "user_id", "users", "user_id"),
];
const PLAN: Reference = REFERENCES[0];
const TOKEN: Reference = REFERENCES[1];
const PACKAGE: Reference = REFERENCES[2];
const PEOPLE: &[Reference] = REFERENCES.split_at(3).1;

const fn reference(
    table: &'static str,
    column: &'static str,
    to: &'static str,
    key: &'static str,
) -> Reference {
    Reference {
        table,
        column,
        to,
        key,
    }
}

impl Reference {
    /// The condition of a row that does not refer to one that is there.
    fn is_broken(self) -> String {
        let Self {
            table,
            column,
            to,
            key,
        } = self;
        format!("NOT EXISTS (SELECT 1 FROM {to} WHERE {to}.{key} = {table}.{column})")
    }
}

/// Begins the text of a token that was made for a subscription without one; the id of the subscription
/// follows. No code has a tilde: nobody can redeem it.
const MADE: &str = "~v";

pub(super) async fn repair(repairs: &mut Repairs<'_>, on_orphan: OnOrphan) -> Result<(), AdoptError> {
    if on_orphan == OnOrphan::Fail {
        refuse_orphans(repairs).await?;
    }
    one_subscription_each(repairs).await?;
    plans(repairs).await?;
    people(repairs, on_orphan).await?;
    packages(repairs).await?;
    tokens(repairs, on_orphan).await?;
    one_interest_each(repairs).await?;
    requests(repairs).await?;
    Ok(())
}

async fn refuse_orphans(repairs: &Repairs<'_>) -> Result<(), AdoptError> {
    let mut found: Vec<Repair> = Vec::new();
    for reference in REFERENCES {
        let mut which = reference.is_broken();
        if reference.table == PLAN.table {
            which = format!("{} IS NOT NULL AND {which}", reference.column);
        }
        found.extend(repairs.find(reference.table, reference.column, &which).await?);
    }
    match found.is_empty() {
        true => Ok(()),
        false => Err(AdoptError::Orphans(found)),
    }
}

/// A fix of whole rows: they go.
const fn away<'a>(table: &'a str, what: RepairKind, which: &'a str) -> Fix<'a> {
    Fix {
        table,
        column: None,
        what,
        which,
        set: None,
    }
}

/// The condition of all rows but the first of each group. It needs no index.
fn but_first(table: &str, group: &str, order: &str, among: &str) -> String {
    format!(
        "id IN (SELECT placed.id FROM (
             SELECT id, row_number() OVER (PARTITION BY {group} ORDER BY {order}) AS place FROM {table} WHERE {among}
         ) placed WHERE placed.place > 1)"
    )
}

/// The latest end stays.
async fn one_subscription_each(repairs: &mut Repairs<'_>) -> Result<(), StoreError> {
    let table = "vip_subscribers";
    let which = but_first(
        table,
        "user_id",
        "expiry_date DESC, id DESC",
        "user_id IS NOT NULL",
    );
    repairs.apply(away(table, RepairKind::Duplicate, &which)).await?;
    let column = "vip_entry_token";
    let fix = Fix {
        table,
        column: Some(column),
        what: RepairKind::Emptied,
        which: &but_first(table, column, "id", "vip_entry_token IS NOT NULL"),
        set: Some("vip_entry_token = NULL"),
    };
    repairs.apply(fix).await
}

async fn plans(repairs: &mut Repairs<'_>) -> Result<(), StoreError> {
    let fix = Fix {
        table: PLAN.table,
        column: Some(PLAN.column),
        what: RepairKind::Unlinked,
        which: &format!("{} IS NOT NULL AND {}", PLAN.column, PLAN.is_broken()),
        set: Some("plan_id = NULL"),
    };
    repairs.apply(fix).await
}

/// Whoever is a member is made in any case.
async fn people(repairs: &mut Repairs<'_>, on_orphan: OnOrphan) -> Result<(), StoreError> {
    let sources: Vec<String> = PEOPLE
        .iter()
        .filter_map(|reference| {
            let among = match (on_orphan, reference.table) {
                (OnOrphan::Stub | OnOrphan::Fail, _) => "TRUE",
                (OnOrphan::Quarantine, "vip_subscribers") => "status = 'active'",
                (OnOrphan::Quarantine, _) => return None,
            };
            Some(format!(
                "SELECT user_id FROM {} WHERE user_id IS NOT NULL AND {among} AND {}",
                reference.table,
                reference.is_broken()
            ))
        })
        .collect();
    let mut missing = format!("({}) missing", sources.join(" UNION "));
    if repairs.dialect() == Dialect::Sqlite {
        // What is no number can be nobody's id.
        repairs
            .apply(away(
                "users",
                RepairKind::Unreadable,
                "typeof(user_id) <> 'integer'",
            ))
            .await?;
        missing.push_str(" WHERE typeof(user_id) = 'integer'");
    }
    let keys = keys(repairs.tx, &missing).await?;
    if !keys.is_empty() {
        let role = "CASE WHEN user_id IN (SELECT user_id FROM vip_subscribers WHERE status = 'active')
            THEN 'VIP' ELSE 'FREE' END";
        let insert = format!(
            "INSERT INTO users (user_id, first_name, role, created_at, updated_at)
             SELECT user_id, '{UNNAMED}', {}, $1, $1 FROM {missing}",
            sql::cast(repairs.tx, role, "userrole")
        );
        let rows = sql::execute(repairs.tx, &insert, [At(repairs.now).into()]).await?;
        repairs.tell("users", None, RepairKind::PersonMade, rows, keys);
    }
    for reference in PEOPLE {
        let which = reference.is_broken();
        repairs
            .apply(away(reference.table, RepairKind::Orphan, &which))
            .await?;
    }
    Ok(())
}

async fn keys(tx: &Tx, from: &str) -> Result<Vec<i64>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        key: i64,
    }
    let query = format!("SELECT user_id AS key FROM {from} ORDER BY 1 LIMIT {KEYS_TOLD}");
    let rows: Vec<Row> = sql::all(tx, &query, []).await?;
    Ok(rows.into_iter().map(|row| row.key).collect())
}

/// An interest in nothing tells nobody anything, and we have no place for one.
async fn packages(repairs: &mut Repairs<'_>) -> Result<(), StoreError> {
    let which = PACKAGE.is_broken();
    repairs
        .apply(away(PACKAGE.table, RepairKind::Orphan, &which))
        .await
}

async fn tokens(repairs: &mut Repairs<'_>, on_orphan: OnOrphan) -> Result<(), StoreError> {
    let table = TOKEN.to;
    // Whoever can still use one of them is not turned away.
    let fix = Fix {
        table,
        column: Some("token"),
        what: RepairKind::Renamed,
        which: &but_first(table, "token", "used, id", "TRUE"),
        set: Some("token = '~' || CAST(id AS text)"),
    };
    repairs.apply(fix).await?;
    // It was redeemed, or somebody wanted it to be: nobody redeems it twice.
    let fix = Fix {
        table,
        column: Some("used"),
        what: RepairKind::Used,
        which: "NOT used AND (used_by IS NOT NULL OR used_at IS NOT NULL)",
        set: Some("used = TRUE"),
    };
    repairs.apply(fix).await?;

    let table = TOKEN.table;
    let broken = TOKEN.is_broken();
    if on_orphan == OnOrphan::Quarantine {
        let which = format!("status <> 'active' AND {broken}");
        repairs.apply(away(table, RepairKind::Orphan, &which)).await?;
    }
    let keys = repairs.keys(table, &broken).await?;
    if keys.is_empty() {
        return Ok(());
    }
    let text = format!("'{MADE}' || CAST(vip_subscribers.id AS text)");
    let insert = format!(
        "INSERT INTO invitation_tokens
             (token, generated_by, created_at, duration_hours, used, used_by, used_at)
         SELECT {text}, 0, join_date, 0, TRUE, user_id, join_date FROM {table} WHERE {broken}"
    );
    sql::execute(repairs.tx, &insert, []).await?;
    let update = format!(
        "UPDATE {table} SET token_id = made.id FROM invitation_tokens made WHERE made.token = {text} AND {broken}"
    );
    let rows = sql::execute(repairs.tx, &update, []).await?;
    repairs.tell(table, Some(TOKEN.column), RepairKind::TokenMade, rows, keys);
    Ok(())
}

/// The newest stays.
async fn one_interest_each(repairs: &mut Repairs<'_>) -> Result<(), StoreError> {
    let table = "user_interests";
    let which = but_first(table, "user_id, package_id", "created_at DESC, id DESC", "TRUE");
    repairs.apply(away(table, RepairKind::Duplicate, &which)).await
}

/// Of several requests of one person that wait, the oldest goes on waiting.
async fn requests(repairs: &mut Repairs<'_>) -> Result<(), StoreError> {
    let (table, mark) = PENDING;
    let fix = Fix {
        table,
        column: Some("processed"),
        what: RepairKind::Closed,
        which: &but_first(table, "user_id", "request_date, id", "NOT processed"),
        set: Some("processed = TRUE, processed_at = request_date"),
    };
    repairs.apply(fix).await?;
    if !repairs.shape.marks_waiting() {
        return Ok(());
    }
    // First those that wait no more, since only one of a person may be marked.
    for processed in ["processed", "NOT processed"] {
        let fix = Fix {
            table,
            column: Some(mark),
            what: RepairKind::Marked,
            which: &format!("{processed} AND {mark} IS DISTINCT FROM NOT processed"),
            set: Some("pending_request = NOT processed"),
        };
        repairs.apply(fix).await?;
    }
    Ok(())
}

/// Says of the tokens that were made for subscriptions that they are no invitations.
pub(super) async fn describe_tokens(tx: &Tx) -> Result<(), StoreError> {
    let insert = format!(
        "INSERT INTO invitations (token_id, kind, held)
         SELECT id, $1, FALSE FROM invitation_tokens WHERE token LIKE '{MADE}%' AND used"
    );
    let values: [Value; 1] = [TokenKind::Grant.label().into()];
    sql::execute(tx, &insert, values).await.map(drop)
}

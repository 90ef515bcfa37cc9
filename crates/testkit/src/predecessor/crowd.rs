//! Any number of people on top of a planted database, written by the database itself.

use anyhow::Result;
use store::{DatabaseUrl, Dialect};

use super::{Flavour, run};

/// The first of them has the next id.
const BEFORE_FIRST: i64 = 20_000_000_000;

/// How many rows `people` people are, in the order of the nine tables.
#[must_use]
pub const fn rows(people: u64) -> [u64; 9] {
    [
        0,
        people,
        0,
        people / 5,
        people / 5,
        people / 4,
        0,
        0,
        people / 10,
    ]
}

/// Adds people to a database of that flavour, once: of ten, one is a member and one was; one in
/// five has been let into the Free channel, one in twenty waits for it.
///
/// # Errors
/// When the database cannot be reached, or they are there already.
pub async fn plant(url: &str, flavour: Flavour, people: u32) -> Result<()> {
    let dialect = url.parse::<DatabaseUrl>()?.dialect();
    run(url, &script(dialect, flavour, people)).await
}

fn script(dialect: Dialect, flavour: Flavour, people: u32) -> String {
    let at = match dialect {
        Dialect::Sqlite => {
            "strftime('%Y-%m-%d %H:%M:%S', '2025-01-01', i || ' seconds') || '.'
             || substr(CAST(1000000 + i % 1000000 AS TEXT), 2)"
        }
        Dialect::Postgres => {
            "TIMESTAMP '2025-01-01' + i * INTERVAL '1 second' + (i % 1000000) * INTERVAL '1 microsecond'"
        }
    };
    let (pending, waits, done) = match flavour {
        Flavour::Later => (", pending_request", ", TRUE", ", FALSE"),
        _ => ("", "", ""),
    };
    let crowd = format!(
        "WITH RECURSIVE crowd (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM crowd WHERE i < {people})"
    );
    let user = format!("{BEFORE_FIRST} + i");
    let person = |role: &str, which: &str| {
        format!(
            "INSERT INTO users (user_id, username, first_name, last_name, role, created_at, updated_at)
             {crowd} SELECT {user}, 'huesped_' || i, 'Huésped ' || i, NULL, '{role}', {at}, {at} FROM crowd
             WHERE {which};"
        )
    };
    let member = |status: &str, ends: &str, which: i64| {
        format!(
            "INSERT INTO vip_subscribers (user_id, join_date, expiry_date, status, vip_entry_stage,
                                          vip_entry_token, invite_link_sent_at, token_id)
             SELECT t.used_by, t.used_at, '{ends}', '{status}', NULL, NULL, NULL, t.id
             FROM invitation_tokens t WHERE t.used_by > {BEFORE_FIRST} AND t.used_by % 10 = {which}
             ORDER BY t.id;"
        )
    };
    [
        person("VIP", "i % 10 = 0"),
        person("FREE", "i % 10 <> 0"),
        format!(
            "INSERT INTO invitation_tokens (token, generated_by, created_at, duration_hours, used, used_by,
                                            used_at, plan_id)
             {crowd} SELECT 'crowd' || CAST(10000000000 + i AS TEXT), 7000001, {at}, 24, TRUE, {user}, {at}, NULL
             FROM crowd WHERE i % 5 = 0;"
        ),
        member("active", "2099-12-31 23:59:59.000000", 0),
        member("expired", "2026-01-01 00:00:00.000000", 5),
        format!(
            "INSERT INTO free_channel_requests (user_id, request_date, processed, processed_at{pending})
             {crowd} SELECT {user}, {at}, TRUE, {at}{done} FROM crowd WHERE i % 4 = 0 AND i % 20 <> 0;"
        ),
        format!(
            "INSERT INTO free_channel_requests (user_id, request_date, processed, processed_at{pending})
             {crowd} SELECT {user}, {at}, FALSE, NULL{waits} FROM crowd WHERE i % 20 = 0;"
        ),
        format!(
            "INSERT INTO user_role_change_log (user_id, previous_role, new_role, changed_by, reason,
                                               change_source, change_metadata, changed_at)
             {crowd} SELECT {user}, 'FREE', 'VIP', 0, 'VIP_ENTRY_COMPLETED', 'SYSTEM', 'null', {at} FROM crowd
             WHERE i % 10 = 0;"
        ),
    ]
    .concat()
}

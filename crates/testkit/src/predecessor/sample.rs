//! The rows of a file that a bot has written for a year, with test code run against it, and people's
//! hands in it: everything awkward that such a file has held, with the same counts.

use chrono::{DateTime, TimeDelta};
use store::Dialect;

/// How many rows each of the nine tables holds.
pub const ROWS: [u64; 9] = [1, 5, 68, 82, 4, 31, 4, 1, 2];

/// Rows that refer to something that is not there.
pub const ORPHANS: usize = 28;

/// Those who asked for the Free channel and have no row.
const GUESTS: [i64; 6] = [910_001, 910_002, 910_003, 910_004, 910_005, 910_006];

/// A paying member who has no row.
pub const MISSING_MEMBER: i64 = 910_100;

/// People who are missing although rows refer to them.
pub const MISSING_PEOPLE: [i64; 7] = [
    GUESTS[0],
    GUESTS[1],
    GUESTS[2],
    GUESTS[3],
    GUESTS[4],
    GUESTS[5],
    MISSING_MEMBER,
];

/// Requests that wait although the same person waits already.
pub const REPEATED_REQUESTS: [i32; 1] = [25];

/// The token whose plan is not there.
pub const TOKEN_WITHOUT_ITS_PLAN: i32 = 12;

/// Tokens that are not 16 characters long, and their lengths. On PostgreSQL none is longer than 16.
pub const ODD_TOKENS: [(i32, usize); 3] = [(7, 15), (11, 17), (12, 18)];

/// Tokens that are used.
pub const USED: usize = 43;

/// Tokens that are used, nobody knows since when.
pub const USED_WITHOUT_DATE: usize = 9;

/// Tokens that were used by somebody who has no row in `users`.
pub const USED_BY_STRANGERS: usize = 18;

/// Tokens without a plan.
pub const WITHOUT_PLAN: usize = 56;

const DIANA: i64 = 800_001;
const FREE: i64 = 800_002;
const MEMBERS: [i64; 3] = [800_003, 800_004, 800_005];

/// Names of plans, and how many plans have each.
const PLANS: [(&str, usize); 6] = [
    ("Plan de prueba", 37),
    ("Mensual", 12),
    ("Trimestral", 9),
    ("Anual", 6),
    ("Oferta", 3),
    ("Plan «final»", 1),
];

/// A moment some hours after the first, written as that bot writes them.
fn moment(hours: i64) -> String {
    let first = DateTime::from_timestamp(1_764_500_000, 0).unwrap_or_default();
    let moment = first + TimeDelta::hours(hours) + TimeDelta::microseconds(hours * 123_457 % 1_000_000);
    moment.format("'%Y-%m-%d %H:%M:%S%.6f'").to_string()
}

fn insert(into: &str, rows: &[String]) -> String {
    format!("INSERT INTO {into} VALUES\n    {};\n", rows.join(",\n    "))
}

pub(super) fn script(dialect: Dialect) -> String {
    [
        CONFIG_AND_PEOPLE.to_owned(),
        plans(),
        tokens(dialect),
        members(),
        requests(),
        CONTENT_AND_LOG.to_owned(),
    ]
    .concat()
}

fn plans() -> String {
    let names = PLANS
        .iter()
        .flat_map(|(name, times)| std::iter::repeat_n(*name, *times));
    let rows: Vec<String> = (1..)
        .zip(names)
        .map(|(id, name)| {
            let days = [30, 90, 365][id % 3];
            let price = ["9.99", "24.99", "79.99", "10.0"][id % 4];
            let by = [DIANA, 123_456, 987_654_321][id % 3];
            let active = id % 2 == 1;
            let at = moment(i64::try_from(id).unwrap_or_default());
            format!("({id}, '{name}', {days}, {price}, '$', {active}, {at}, {by})")
        })
        .collect();
    insert(
        "subscription_plans (id, name, duration_days, price, currency, active, created_at, created_by)",
        &rows,
    )
}

fn tokens(dialect: Dialect) -> String {
    let (mut rows, mut used) = (Vec::new(), 0);
    for id in 1..=82 {
        let is_used = id % 2 == 1 || id <= 4;
        let (by, at) = if is_used {
            redemption(used)
        } else {
            Default::default()
        };
        used += usize::from(is_used);
        let plan = match id {
            TOKEN_WITHOUT_ITS_PLAN => Some(999),
            58.. => Some(id - 50),
            _ => None,
        };
        let text = token(id, dialect);
        let made = moment(100 + 3 * i64::from(id));
        let (by, at, plan) = (null(by), null(at), null(plan));
        rows.push(format!(
            "({id}, '{text}', {DIANA}, {made}, 24, {is_used}, {by}, {at}, {plan})"
        ));
    }
    insert(
        "invitation_tokens (id, token, generated_by, created_at, duration_hours, used, used_by, used_at, plan_id)",
        &rows,
    )
}

fn null<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| value.to_string())
}

fn token(id: i32, dialect: Dialect) -> String {
    let odd = ODD_TOKENS.iter().find(|(odd, _)| *odd == id);
    let length = match (odd, dialect) {
        (Some((_, length)), Dialect::Sqlite) => *length,
        (Some((_, length)), Dialect::Postgres) => 16.min(*length),
        (None, _) => 16,
    };
    format!("{id:02}-_Sintetico-{}", "abcdef")
        .chars()
        .take(length)
        .collect()
}

/// Of the used tokens, by whom and when the n-th was used, as far as that is known.
fn redemption(n: usize) -> (Option<i64>, Option<String>) {
    let by = match n {
        0..=2 => Some(MEMBERS[n]),
        3 => Some(MISSING_MEMBER),
        4..=9 => Some(GUESTS[n - 4]),
        10..=20 => Some(920_000 + i64::try_from(n).unwrap_or_default()),
        n if n % 2 == 1 => Some(FREE),
        _ => None,
    };
    let at = (n < USED - USED_WITHOUT_DATE).then(|| moment(120 + 3 * i64::try_from(n).unwrap_or_default()));
    (by, at)
}

/// All active, the ritual finished; the end of two is over.
fn members() -> String {
    let ends = [
        "'2099-12-31 00:00:00.000000'",
        "'2099-06-30 12:30:45.678901'",
        "'2026-02-28 23:59:59.000001'",
        "'2099-01-01 00:00:00.000000'",
    ];
    let people = MEMBERS.into_iter().chain([MISSING_MEMBER]);
    let rows: Vec<String> = (1..)
        .zip(people.zip(ends))
        .map(|(id, (person, end))| {
            let joined = moment(120 + 3 * (id - 1));
            format!("({id}, {person}, {joined}, {end}, 'active', {id}, NULL, NULL, NULL)")
        })
        .collect();
    insert(
        "vip_subscribers (id, user_id, join_date, expiry_date, status, token_id, vip_entry_stage, \
         invite_link_sent_at, vip_entry_token)",
        &rows,
    )
}

/// The first 26 of people who have no row, of which three wait; two of these of the same person.
fn requests() -> String {
    let rows: Vec<String> = (1..=31_i64)
        .map(|id| {
            let person = match id {
                24 | 25 => GUESTS[0],
                26 => GUESTS[1],
                27.. => FREE,
                _ => GUESTS[usize::try_from(id % 6).unwrap_or_default()],
            };
            let waits = (24..=26).contains(&id);
            let processed = (!waits).then(|| moment(401 + id));
            let (at, processed) = (moment(400 + id), null(processed));
            format!("({id}, {person}, {at}, {}, {processed})", !waits)
        })
        .collect();
    insert(
        "free_channel_requests (id, user_id, request_date, processed, processed_at)",
        &rows,
    )
}

const CONFIG_AND_PEOPLE: &str = "
INSERT INTO bot_config
    (id, vip_channel_id, free_channel_id, wait_time_minutes, vip_reactions, free_reactions,
     subscription_fees, created_at, updated_at, social_instagram, social_tiktok, social_x,
     free_channel_invite_link)
VALUES
    (1, '-1001112223334', '-1004445556667', 5, '[]', '[]', '{\"monthly\": 10, \"yearly\": 100}',
     '2025-11-30 10:53:20.000000', '2025-12-20 18:00:00.424242', NULL, NULL, NULL, NULL);
INSERT INTO users (user_id, username, first_name, last_name, role, created_at, updated_at) VALUES
    (800001, 'diana_sintetica', 'Diana', NULL, 'ADMIN', '2025-11-30 10:53:20.000000', '2025-11-30 10:53:20.000003'),
    (800002, NULL, 'Bruno', NULL, 'FREE', '2025-12-01 11:00:00.100000', '2025-12-01 11:00:00.100004'),
    (800003, 'ines_sintetica', 'Inés', 'Robles', 'VIP', '2025-12-02 12:00:00.200000', '2025-12-05 12:00:00.000000'),
    (800004, NULL, 'Mateo', NULL, 'VIP', '2025-12-03 13:00:00.300000', '2025-12-05 13:00:00.000000'),
    (800005, 'lucia_sintetica', 'Lucía', '', 'VIP', '2025-12-04 14:00:00.400000', '2025-12-05 14:00:00.000000');
";

/// Whole amounts are integers on SQLite. The history holds the text `null`, where it could hold nothing.
const CONTENT_AND_LOG: &str = "
INSERT INTO content_packages
    (id, name, description, price, category, type, media_url, is_active, created_at, updated_at)
VALUES
    (1, 'Luz de tarde', 'Seis postales', 5.0, 'FREE_CONTENT', 'STANDARD', NULL, TRUE, '2025-12-06 10:00:00.000000', '2025-12-06 10:00:00.000002'),
    (2, 'Medianoche', NULL, 15.0, 'VIP_PREMIUM', 'STANDARD', NULL, TRUE, '2025-12-06 10:01:00.000000', '2025-12-06 10:01:00.000002'),
    (3, 'Cartas', 'Doce cartas', 10.0, 'FREE_CONTENT', 'STANDARD', NULL, TRUE, '2025-12-06 10:02:00.000000', '2025-12-06 10:02:00.000002'),
    (4, 'El cuaderno rojo', NULL, 7.0, 'FREE_CONTENT', 'STANDARD', NULL, FALSE, '2025-12-06 10:03:00.000000', '2025-12-06 10:03:00.000002');
INSERT INTO user_interests (id, user_id, package_id, is_attended, attended_at, created_at) VALUES
    (1, 800002, 1, FALSE, NULL, '2025-12-07 09:00:00.000000');
INSERT INTO user_role_change_log
    (id, user_id, previous_role, new_role, changed_by, reason, change_source, change_metadata, changed_at)
VALUES
    (1, 800004, 'FREE', 'VIP', 800001, 'MANUAL_CHANGE', 'ADMIN_PANEL', 'null', '2025-12-05 13:00:00.000000'),
    (2, 800003, 'FREE', 'VIP', 0, 'VIP_ENTRY_COMPLETED', 'SYSTEM', 'null', '2025-12-05 12:00:00.000000');
";

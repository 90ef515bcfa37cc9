//! Migrations: the schema that they make, up and down, several at once, and what is refused.

use sea_orm::ConnectionTrait as _;

use super::nine_tables as expected;
use super::{Database, Kind, later, lines, now, on_every_database, run_sql, spelled};
use crate::schema::{Consent, Loss, SchemaError, SchemaState};
use crate::session::Connection;
use crate::{Dialect, Refusal, Store, StoreError, StoreOptions, schema};

const FIRST: &str = "0001_nine_tables";
const SECOND: &str = "0002_first_light";
const THIRD: &str = "0003_house_holds";
const FOURTH: &str = "0004_way_in";
const FIFTH: &str = "0005_other_ways";
const SIXTH: &str = "0006_moving_house";
const SEVENTH: &str = "0007_in_step";

/// `table.column | type | nullability, key`
async fn columns(db: &impl Connection) -> Vec<String> {
    let query = match db.dialect() {
        Dialect::Sqlite => {
            r#"SELECT m.name || '.' || c.name || ' | ' || c.type || ' | '
                   || CASE WHEN c."notnull" THEN 'not null' ELSE 'null' END
                   || CASE WHEN c.pk > 0 THEN ', key' ELSE '' END
                   || coalesce(', default ' || c.dflt_value, '') AS line
               FROM sqlite_schema m, pragma_table_info(m.name) c
               WHERE m.type = 'table' ORDER BY m.name, c.cid"#
        }
        Dialect::Postgres => {
            r"SELECT t.relname || '.' || c.attname || ' | ' || format_type(c.atttypid, c.atttypmod)
                  || coalesce(', ' || substring(pg_get_expr(d.adbin, d.adrelid) FROM '^nextval\(''(.*)''::regclass\)$'), '')
                  || ' | ' || CASE WHEN c.attnotnull THEN 'not null' ELSE 'null' END
                  || CASE WHEN c.attnum = ANY (k.conkey) THEN ', key' ELSE '' END
                  || coalesce(', default ' || substring(pg_get_expr(d.adbin, d.adrelid) FROM '^(?!nextval).*$'), '') AS line
              FROM pg_class t
              JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
              LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = c.attnum
              LEFT JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'p'
              WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace
              ORDER BY t.relname, c.attnum"
        }
    };
    lines(db, query).await
}

/// `table index (columns) unique`
async fn indexes(db: &impl Connection) -> Vec<String> {
    let query = match db.dialect() {
        Dialect::Sqlite => {
            r#"SELECT m.name || ' ' || i.name || ' ('
                   || (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno))
                   || ')' || CASE WHEN i."unique" THEN ' unique' ELSE '' END
                   || CASE WHEN i.partial THEN ' partial' ELSE '' END AS line
               FROM sqlite_schema m, pragma_index_list(m.name) i
               WHERE m.type = 'table' ORDER BY 1"#
        }
        Dialect::Postgres => {
            r#"SELECT t.relname || ' ' || i.relname || ' ('
                   || (SELECT string_agg(pg_get_indexdef(x.indexrelid, n, true), ',' ORDER BY n)
                       FROM generate_series(1, x.indnkeyatts) AS n)
                   || ')' || CASE WHEN x.indisunique THEN ' unique' ELSE '' END
                   || CASE WHEN x.indpred IS NOT NULL THEN ' partial' ELSE '' END AS line
               FROM pg_index x
               JOIN pg_class i ON i.oid = x.indexrelid
               JOIN pg_class t ON t.oid = x.indrelid
               WHERE t.relnamespace = current_schema()::regnamespace
               ORDER BY (t.relname || ' ' || i.relname) COLLATE "C""#
        }
    };
    lines(db, query).await
}

/// `table.column -> table.column, on delete`, and the name on PostgreSQL.
async fn foreign_keys(db: &impl Connection) -> Vec<String> {
    let query = match db.dialect() {
        Dialect::Sqlite => {
            r#"SELECT m.name || '.' || f."from" || ' -> ' || f."table" || '.' || f."to" || ', ' || lower(f.on_delete) AS line
               FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
               WHERE m.type = 'table' ORDER BY 1"#
        }
        Dialect::Postgres => {
            r"SELECT k.conrelid::regclass || '.' || a.attname || ' -> ' || k.confrelid::regclass || '.' || b.attname || ', '
                  || CASE k.confdeltype WHEN 'c' THEN 'cascade' WHEN 'a' THEN 'no action' ELSE k.confdeltype::text END
                  || ' | ' || k.conname AS line
              FROM pg_constraint k
              JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
              JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = ANY (k.confkey)
              WHERE k.contype = 'f' ORDER BY 1"
        }
    };
    lines(db, query).await
}

async fn types(db: &impl Connection) -> Vec<String> {
    match db.dialect() {
        Dialect::Sqlite => Vec::new(),
        Dialect::Postgres => {
            let query =
                "SELECT t.typname || ': ' || string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) AS line
                         FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname ORDER BY 1";
            lines(db, query).await
        }
    }
}

/// Everything of ours that the database holds.
pub(super) async fn everything(store: &Store) -> Vec<String> {
    let db = &store.read();
    let mut all = columns(db).await;
    all.extend(indexes(db).await);
    all.extend(foreign_keys(db).await);
    all.extend(types(db).await);
    all.extend(objects(db).await);
    all
}

/// The bare list of objects, internal ones included.
async fn objects(db: &impl Connection) -> Vec<String> {
    let query = match db.dialect() {
        Dialect::Sqlite => "SELECT type || ' ' || name AS line FROM sqlite_schema ORDER BY 1",
        Dialect::Postgres => {
            "SELECT relkind::text || ' ' || relname AS line FROM pg_class
             WHERE relnamespace = current_schema()::regnamespace
             UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = current_schema()::regnamespace
             ORDER BY 1"
        }
    };
    lines(db, query).await
}

fn sorted(blocks: &[&str]) -> Vec<String> {
    let mut lines: Vec<String> = blocks
        .iter()
        .flat_map(|block| block.trim().lines().map(str::to_owned))
        .collect();
    lines.sort();
    lines
}

/// Without our table of applied migrations.
fn nine(lines: Vec<String>) -> Vec<String> {
    lines
        .into_iter()
        .filter(|line| !line.starts_with("lucien_migrations"))
        .collect()
}

async fn up(store: &Store, steps: u32) -> Vec<String> {
    schema::up(store, Some(steps), now()).await.unwrap().steps
}

async fn down(store: &Store, steps: u32, consent: Consent<'_>) -> Result<Vec<String>, SchemaError> {
    schema::down(store, steps, consent, now())
        .await
        .map(|report| report.steps)
}

/// Nothing is stated.
const SILENT: Consent<'_> = Consent {
    database: None,
    backup_exists: false,
};

/// Everything is stated.
const fn agreed(database: &str) -> Consent<'_> {
    Consent {
        database: Some(database),
        backup_exists: true,
    }
}

#[test]
fn after_migration_1_the_schema_is_the_predecessors() {
    on_every_database(async |database| {
        let store = database.open().await;
        assert_eq!(up(&store, 1).await, [FIRST]);
        let db = &store.read();
        let is_sqlite = store.dialect() == Dialect::Sqlite;

        let spaceless = |text: &str| text.split('|').map(str::trim).collect::<Vec<_>>().join(" | ");
        let wanted: Vec<String> = expected::COLUMNS
            .trim()
            .lines()
            .map(|line| {
                let parts: Vec<&str> = line.split('|').collect();
                let kind = if is_sqlite { parts[1] } else { parts[2] };
                spaceless(&[parts[0], kind, parts[3]].join("|"))
            })
            .collect();
        assert_eq!(nine(columns(db).await), wanted);

        let implicit = if is_sqlite {
            expected::SQLITE_IMPLICIT
        } else {
            expected::POSTGRES_IMPLICIT
        };
        assert_eq!(nine(indexes(db).await), sorted(&[expected::INDEXES, implicit]));

        let wanted: Vec<String> = sorted(&[expected::FOREIGN_KEYS])
            .into_iter()
            .map(|line| match is_sqlite {
                true => line.split(" | ").next().unwrap().to_owned(),
                false => line,
            })
            .collect();
        assert_eq!(foreign_keys(db).await, wanted);
        if !is_sqlite {
            assert_eq!(types(db).await, sorted(&[expected::TYPES]));
        }
    });
}

#[test]
fn migration_2_widens_the_token_where_its_length_counts() {
    on_every_database(async |database| {
        let store = database.migrated().await;
        let token = columns(&store.read())
            .await
            .into_iter()
            .find(|line| line.starts_with("invitation_tokens.token "));
        let kind = match store.dialect() {
            Dialect::Sqlite => "VARCHAR(16)",
            Dialect::Postgres => "character varying(64)",
        };
        assert_eq!(
            token.unwrap(),
            format!("invitation_tokens.token | {kind} | not null")
        );
        if store.dialect() == Dialect::Postgres {
            let long = "INSERT INTO invitation_tokens VALUES (1, 'ABCDEFGHIJKLMNOPQR', 1, '2026-01-01', 24, false, NULL, NULL, NULL)";
            run_sql(&store, long).await;
            let refused = down(&store, 6, agreed(&database.url.database_name()))
                .await
                .unwrap_err();
            assert!(
                matches!(&refused, SchemaError::Blocked { rows: 1, .. }),
                "{refused:?}"
            );
            assert_eq!(schema::state(&store).await, Ok(SchemaState::Current));
        }
    });
}

#[test]
fn down_to_nothing_leaves_nothing_and_up_again_is_the_same() {
    on_every_database(async |database| {
        let store = database.open().await;
        let mut after = vec![everything(&store).await];
        let steps = [FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH];
        for step in steps {
            assert_eq!(up(&store, 1).await, [step]);
            after.push(everything(&store).await);
        }
        assert_eq!(up(&store, 1).await, [""; 0]);

        for (number, step) in steps.iter().enumerate().rev() {
            assert_eq!(down(&store, 1, SILENT).await.unwrap(), [*step]);
            let left = everything(&store).await;
            assert_eq!(
                left, after[number],
                "{step} leaves no type, table, index or sequence"
            );
            assert_eq!(up(&store, 1).await, [*step]);
            assert_eq!(everything(&store).await, after[number + 1]);
            assert_eq!(down(&store, 1, SILENT).await.unwrap(), [*step]);
        }
        assert_eq!(schema::state(&store).await, Ok(SchemaState::Empty));
        assert_eq!(down(&store, 1, SILENT).await.unwrap(), [""; 0]);

        assert_eq!(up(&store, 9).await, steps);
        assert_eq!(&everything(&store).await, after.last().unwrap());
        assert_eq!(
            down(&store, 9, SILENT).await.unwrap(),
            [SEVENTH, SIXTH, FIFTH, FOURTH, THIRD, SECOND, FIRST]
        );
        assert_eq!(everything(&store).await, after[0]);
    });
}

#[test]
fn states() {
    on_every_database(async |database| {
        let store = database.open().await;
        let state = async || schema::state(&store).await.unwrap();
        assert_eq!(state().await, SchemaState::Empty);
        run_sql(&store, "CREATE TABLE somebody_elses (id INTEGER)").await;
        assert_eq!(state().await, SchemaState::Empty);
        up(&store, 1).await;
        let behind = SchemaState::Behind {
            applied: vec![FIRST.to_owned()],
            pending: [SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH]
                .map(str::to_owned)
                .to_vec(),
        };
        assert_eq!(state().await, behind);
        schema::up(&store, None, later(5)).await.unwrap();
        assert_eq!(state().await, SchemaState::Current);

        let steps = schema::status(&store).await.unwrap();
        let seen: Vec<_> = steps
            .iter()
            .map(|step| (step.name.as_str(), step.applied_at, step.known))
            .collect();
        let expected = [
            (FIRST, Some(now()), true),
            (SECOND, Some(later(5)), true),
            (THIRD, Some(later(5)), true),
            (FOURTH, Some(later(5)), true),
            (FIFTH, Some(later(5)), true),
            (SIXTH, Some(later(5)), true),
            (SEVENTH, Some(later(5)), true),
        ];
        assert_eq!(seen, expected);
    });
}

#[test]
fn a_newer_schema_is_accepted_when_it_only_adds() {
    on_every_database(async |database| {
        let store = database.migrated().await;
        let newer = |additive: bool| {
            format!(
                "INSERT INTO lucien_migrations VALUES ('9999_{additive}', {additive}, '2026-01-01 00:00:00.000000')"
            )
        };
        run_sql(&store, &newer(true)).await;
        let ahead = SchemaState::Ahead {
            unknown: vec!["9999_true".to_owned()],
            additive: true,
        };
        assert_eq!(schema::state(&store).await, Ok(ahead));
        assert_eq!(schema::up(&store, None, now()).await.unwrap().steps, [""; 0]);
        assert!(matches!(
            down(&store, 1, SILENT).await,
            Err(SchemaError::Ahead { .. })
        ));
        assert!(
            schema::status(&store)
                .await
                .unwrap()
                .iter()
                .any(|step| !step.known)
        );

        run_sql(&store, &newer(false)).await;
        assert!(matches!(
            schema::state(&store).await,
            Ok(SchemaState::Ahead { additive: false, .. })
        ));
        assert!(matches!(
            schema::up(&store, None, now()).await,
            Err(SchemaError::Ahead { .. })
        ));
    });
}

#[test]
fn tables_of_another_bot_are_left_alone() {
    on_every_database(async |database| {
        let store = database.open().await;
        run_sql(
            &store,
            "CREATE TABLE users (user_id BIGINT); INSERT INTO users VALUES (1)",
        )
        .await;
        let before = everything(&store).await;
        let tables = vec!["users".to_owned()];
        let foreign = SchemaState::Foreign {
            tables: tables.clone(),
        };
        assert_eq!(schema::state(&store).await, Ok(foreign));
        assert_eq!(
            schema::up(&store, None, now()).await,
            Err(SchemaError::Foreign {
                tables: tables.clone()
            })
        );
        assert_eq!(
            down(&store, 1, agreed("users")).await,
            Err(SchemaError::Foreign { tables })
        );
        assert_eq!(everything(&store).await, before);
    });
}

#[test]
fn rows_are_dropped_only_when_that_is_agreed_to() {
    on_every_database(async |database| {
        let store = database.migrated().await;
        run_sql(
            &store,
            "INSERT INTO settings VALUES ('a', 'b', '2026-01-01 00:00:00.000000', 1);
             INSERT INTO users VALUES (1, NULL, 'Ana', NULL, 'FREE', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
             INSERT INTO users VALUES (2, NULL, 'Bea', NULL, 'FREE', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');",
        )
        .await;
        let before = everything(&store).await;
        let name = database.url.database_name();
        for confirmed in [None, Some("something else")] {
            let consent = Consent {
                database: confirmed,
                ..agreed("")
            };
            let refused = down(&store, 7, consent).await.unwrap_err();
            let losses = [("settings", 1), ("users", 2)].map(|(table, rows)| Loss {
                table: table.to_owned(),
                rows,
            });
            let expected = SchemaError::NeedsConfirm {
                database: name.clone(),
                losses: losses.to_vec(),
            };
            assert_eq!(refused, expected);
            assert!(
                refused
                    .to_string()
                    .ends_with(&format!("{name}: settings (1), users (2)")),
                "{refused}"
            );
        }
        if database.kind == Kind::Postgres {
            let consent = Consent {
                backup_exists: false,
                ..agreed(&name)
            };
            let refused = down(&store, 7, consent).await.unwrap_err();
            assert_eq!(
                refused,
                SchemaError::NeedsBackup {
                    database: name.clone()
                }
            );
        }
        assert_eq!(everything(&store).await, before);
        assert_eq!(
            down(&store, 5, SILENT).await.unwrap(),
            [SEVENTH, SIXTH, FIFTH, FOURTH, THIRD],
            "they drop no rows"
        );
        assert_eq!(down(&store, 2, agreed(&name)).await.unwrap(), [SECOND, FIRST]);
    });
}

#[test]
fn several_that_start_at_once_migrate_once() {
    on_every_database(async |database| {
        if database.kind == Kind::Memory {
            return; // Nobody else can be in there.
        }
        let mut starts = Vec::new();
        for _ in 0..3 {
            let url = database.url.clone();
            starts.push(tokio::spawn(async move {
                let store = Store::open(&url, &StoreOptions::default()).await.unwrap();
                let steps = schema::up(&store, None, now()).await.unwrap().steps;
                assert_eq!(schema::state(&store).await, Ok(SchemaState::Current));
                steps.len()
            }));
        }
        let mut applied = Vec::new();
        for start in starts {
            applied.push(start.await.unwrap());
        }
        applied.sort_unstable();
        assert_eq!(applied, [0, 0, 7]);
    });
}

#[test]
fn only_an_empty_database_is_created() {
    on_every_database(async |database| {
        let store = database.open().await;
        let created = async |steps| schema::up(&store, steps, now()).await.unwrap().created;
        assert!(created(Some(1)).await);
        assert!(!created(None).await, "its schema has changed");
        assert!(!created(None).await, "nothing has");
    });
}

/// Rows that a database holds after each step, with what must be left of them after all steps.
const SAMPLES: [(&str, &str, &str, &[&str]); 7] = [
    (
        FIRST,
        "INSERT INTO users VALUES (7, 'ana', 'Ana', NULL, 'VIP', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
         INSERT INTO subscription_plans VALUES (1, 'Mensual', 30, 9.99, '$', true, '2026-01-01 00:00:00.000000', 0);
         INSERT INTO invitation_tokens VALUES (1, 'ABCDEFGHIJKLMNOP', 1, '2026-01-01 00:00:00.000000', 24, true, 7, NULL, 1);
         INSERT INTO vip_subscribers VALUES (1, 7, '2026-01-01 00:00:00.000000', '2026-02-01 00:00:00.000000', 'active', NULL, NULL, NULL, 1);
         INSERT INTO content_packages VALUES (1, 'Fotos', NULL, 9.5, 'VIP_PREMIUM', 'STANDARD', NULL, true, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
         INSERT INTO user_interests VALUES (1, 7, 1, false, NULL, '2026-01-01 00:00:00.000000');
         INSERT INTO free_channel_requests VALUES (1, 7, '2026-01-01 00:00:00.000000', false, NULL);
         INSERT INTO user_role_change_log VALUES (1, 7, 'FREE', 'VIP', 0, 'VIP_REDEEMED', 'SYSTEM', 'null', '2026-01-01 00:00:00.000000');
         INSERT INTO bot_config (id, vip_channel_id, wait_time_minutes) VALUES (1, '-100', 5);",
        "SELECT u.first_name || ' ' || t.token || ' ' || p.name || ' ' || k.name || ' ' || c.vip_channel_id || ' ' || v.status AS line
         FROM users u
         JOIN vip_subscribers v ON v.user_id = u.user_id
         JOIN invitation_tokens t ON t.id = v.token_id
         JOIN subscription_plans p ON p.id = t.plan_id
         JOIN user_interests i ON i.user_id = u.user_id
         JOIN content_packages k ON k.id = i.package_id
         JOIN free_channel_requests r ON r.user_id = u.user_id
         JOIN user_role_change_log l ON l.user_id = u.user_id
         CROSS JOIN bot_config c",
        &["Ana ABCDEFGHIJKLMNOP Mensual Fotos -100 active"],
    ),
    (
        SECOND,
        "INSERT INTO house VALUES (1, 3, 'fresh', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
         INSERT INTO inbox (bot_id, update_id, person, kind, json, received_at, attempts)
         VALUES (1, 2, 7, 'message', '{}', '2026-01-01 00:00:00.000000', 0);
         INSERT INTO settings VALUES ('tono', 'formal', '2026-01-01 00:00:00.000000', 1);",
        "SELECT kind || ' ' || value || ' ' || flavour AS line FROM inbox, settings, house",
        &["message formal fresh"],
    ),
    (
        THIRD,
        "INSERT INTO outbox (kind, sequence, payload, created_at, attempts)
         VALUES ('notice', 'chat 7', '{}', '2026-01-01 00:00:00.000000', 0);
         INSERT INTO dialogues VALUES (7, 'token', 'plan', '{}', 5, NULL, '2026-01-01 00:00:00.000000', '2026-01-02 00:00:00.000000');
         INSERT INTO reachability VALUES (7, '2026-01-01 00:00:00.000000', 'told', '2026-01-01 00:00:00.000000');",
        "SELECT o.kind || ' ' || d.step || ' ' || r.reason AS line FROM outbox o, dialogues d, reachability r
         WHERE o.kind = 'notice'",
        &["notice plan told"],
    ),
    (
        FOURTH,
        "INSERT INTO invitations VALUES (1, 'invitation', 'Mensual', 30, 9.99, '$', false);
         INSERT INTO entry_links (user_id, channel_id, url, created_at, expires_at, outbox_id)
         VALUES (7, -100, 'https://t.me/+a', '2026-01-01 00:00:00.000000', '2026-01-02 00:00:00.000000', 1);
         INSERT INTO door_requests VALUES (7, -100, 1, 1, 7, '2026-01-01 00:00:00.000000', 1, 'open', NULL);
         INSERT INTO door_said VALUES (7, -100, 'FINISH', 1, '2026-01-01 00:00:00.000000');
         INSERT INTO presence VALUES (7, -100, 'left', '2026-01-01 00:00:00.000000', NULL, NULL, '2026-01-01 00:00:00.000000', NULL, NULL, NULL);
         INSERT INTO channel_rights VALUES (-100, true, true, false, '2026-01-01 00:00:00.000000', NULL);
         INSERT INTO confirmations (user_id, action, created_at, expires_at)
         VALUES (9, '{}', '2026-01-01 00:00:00.000000', '2026-01-02 00:00:00.000000');
         INSERT INTO blocks VALUES (8, '2026-01-01 00:00:00.000000', 9);",
        "SELECT i.kind || ' ' || l.url || ' ' || r.decision || ' ' || s.line || ' ' || p.standing || ' ' || c.action AS line
         FROM invitations i, entry_links l, door_requests r, door_said s, presence p, confirmations c, blocks, channel_rights",
        &["invitation https://t.me/+a open FINISH left {}"],
    ),
    (
        FIFTH,
        "INSERT INTO free_requests (request_id, channel_id, number, replied) VALUES (1, -200, 1, 1);
         INSERT INTO jobs (name, epoch, failures, cursor) VALUES ('expiry', 3, 0, '[7]');
         INSERT INTO departures (user_id, expiry, ended_at, state)
         VALUES (7, '2026-02-01 00:00:00.000000', '2026-02-01 00:00:00.000001', 'DUE');
         INSERT INTO holds VALUES ('CAP', '2026-02-01 00:00:00.000000', NULL);
         INSERT INTO exemptions VALUES (8, '2026-01-01 00:00:00.000000', 9);
         INSERT INTO reminders VALUES (7, '2026-02-01 00:00:00.000000', '3D', '2026-01-29 00:00:00.000000');
         INSERT INTO outbox (kind, sequence, payload, created_at, attempts, ends_at)
         VALUES ('remove', 'member 7', '{}', '2026-02-01 00:00:00.000001', 0, '2026-02-01 00:00:00.000000')",
        "SELECT j.name || ' ' || d.state || ' ' || h.reason || ' ' || r.kind || ' ' || o.kind AS line
         FROM free_requests, jobs j, departures d, holds h, exemptions, reminders r, outbox o WHERE o.ends_at = d.expiry",
        &["expiry DUE CAP 3D remove"],
    ),
    (
        SIXTH,
        "INSERT INTO quarantine (source_table, source_key, reason, row, moved_at)
         VALUES ('users', '7', 'orphan', '{}', '2026-03-01 00:00:00.000000');",
        "SELECT source_table || ' ' || source_key || ' ' || reason AS line FROM quarantine",
        &["users 7 orphan"],
    ),
    (
        SEVENTH,
        "INSERT INTO users (user_id, first_name, role, created_at, updated_at)
         VALUES (70, 'Eva', 'FREE', '2026-03-01 00:00:00.000000', '2026-03-01 00:00:00.000000');
         INSERT INTO reachability (user_id, reason, changed_at) VALUES (70, 'start', '2026-03-01 00:00:00.000000');
         DELETE FROM users WHERE user_id = 70",
        "SELECT 'left: ' || count(*) AS line FROM reachability WHERE user_id = 70",
        &["left: 0"],
    ),
];

#[test]
fn rows_survive_the_steps_after_them() {
    on_every_database(async |database| {
        let store = database.open().await;
        for (step, rows, _, _) in SAMPLES {
            assert_eq!(up(&store, 1).await, [step], "each step has its sample");
            run_sql(&store, rows).await;
        }
        assert_eq!(schema::state(&store).await, Ok(SchemaState::Current));
        for (step, _, query, left) in SAMPLES {
            assert_eq!(lines(&store.read(), query).await, left, "{step}");
        }
        // And the steps back to where they were made.
        let name = database.url.database_name();
        for left in (1..SAMPLES.len()).rev() {
            down(&store, 1, agreed(&name)).await.unwrap();
            for (step, _, query, rows) in &SAMPLES[..left] {
                assert_eq!(lines(&store.read(), query).await, *rows, "{step}");
            }
        }
    });
}

/// The predecessor let one person wait several times.
#[test]
fn migration_5_lets_everybody_wait_once() {
    on_every_database(async |database| {
        let store = database.open().await;
        up(&store, 4).await;
        run_sql(
            &store,
            "INSERT INTO users VALUES (1, NULL, 'Ana', NULL, 'FREE', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
             INSERT INTO users VALUES (2, NULL, 'Bea', NULL, 'FREE', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
             INSERT INTO free_channel_requests VALUES (11, 1, '2026-01-03 00:00:00.000000', false, NULL);
             INSERT INTO free_channel_requests VALUES (12, 1, '2026-01-02 00:00:00.000000', false, NULL);
             INSERT INTO free_channel_requests VALUES (13, 1, '2026-01-02 00:00:00.000000', false, NULL);
             INSERT INTO free_channel_requests VALUES (14, 1, '2026-01-01 00:00:00.000000', true, '2026-01-01 00:05:00.000000');
             INSERT INTO free_channel_requests VALUES (15, 2, '2026-01-04 00:00:00.000000', false, NULL);",
        )
        .await;
        assert_eq!(up(&store, 1).await, [FIFTH]);
        let left = spelled(&store, "free_channel_requests", &["id", "processed_at"]).await;
        let quoted = |line: &str| match store.dialect() {
            Dialect::Sqlite => line.to_owned(),
            Dialect::Postgres => {
                let (id, rest) = line.split_once(' ').unwrap();
                format!("'{id}' {}", rest.replace(".000000", ""))
            }
        };
        let expected = [
            "11 '2026-01-03 00:00:00.000000'",
            "12 NULL",
            "13 '2026-01-02 00:00:00.000000'",
            "14 '2026-01-01 00:05:00.000000'",
            "15 NULL",
        ];
        assert_eq!(left, expected.map(quoted));
        let again =
            "INSERT INTO free_channel_requests VALUES (16, 2, '2026-01-05 00:00:00.000000', false, NULL)";
        let refused = store
            .write(async |tx| {
                tx.execute_unprepared(again).await?;
                Ok::<_, StoreError>(())
            })
            .await;
        assert!(
            matches!(
                refused,
                Err(StoreError::Refused {
                    kind: Refusal::Unique,
                    ..
                })
            ),
            "{refused:?}"
        );
    });
}

/// A missing file and an empty one are told apart by `create` alone.
#[test]
fn looking_changes_nothing() {
    on_every_database(async |database: &Database| {
        let store = database.open().await;
        let before = objects(&store.read()).await;
        schema::state(&store).await.unwrap();
        let steps = schema::status(&store).await.unwrap();
        assert!(steps.iter().all(|step| step.applied_at.is_none()) && steps.len() == 7);
        assert_eq!(objects(&store.read()).await, before);
    });
}

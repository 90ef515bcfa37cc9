//! Adopting the predecessor's databases: what is refused, added, repaired and left alone.

use domain::brakes::HoldReason;
use domain::id::{ChatId, UserId};
use domain::queue::{REPEAT_WINDOW, RequestOutcome};
use sea_orm::{ConnectionTrait as _, FromQueryResult};

use super::migrations::everything;
use super::{Database, Kind, later, lines, now, on, on_every_database, run_sql};
use crate::adoption::{
    self, Addition, AdoptError, Adopted, Flavour, KEYS_TOLD, Mismatch, Note, OnOrphan, Options, RepairKind,
};
use crate::requests::NewRequest;
use crate::schema::{Consent, SchemaError, SchemaState};
use crate::{Dialect, Store, holds, house, invariants, requests, schema, sql};

const ON: Options = Options {
    on_orphan: OnOrphan::Stub,
    dry_run: false,
    backup_exists: true,
};

/// A database of v1.2, with what a script does to it. As that bot has it, keys to other tables do not count on
/// SQLite.
async fn planted(database: &Database, script: &str) -> Store {
    let store = database.open().await;
    schema::up(&store, Some(1), now()).await.unwrap();
    script_on(&store, &format!("DROP TABLE lucien_migrations; {script}")).await;
    store
}

async fn script_on(store: &Store, script: &str) {
    let keys = async |on: &str| {
        if store.dialect() == Dialect::Sqlite {
            let pragma = format!("PRAGMA foreign_keys = {on}");
            store.change().execute_unprepared(&pragma).await.unwrap();
        }
    };
    keys("OFF").await;
    run_sql(store, script).await;
    keys("ON").await;
}

/// Takes all constraints and indexes from the nine tables but the primary keys.
fn loosened(dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => {
            let drops: String = schema::predecessors()
                .iter()
                .rev()
                .map(|table| format!("DROP TABLE {table};"))
                .collect();
            let tables = schema::predecessors_tables()
                .replace(" NOT NULL", "")
                .replace("    UNIQUE (vip_entry_token),\n", "");
            drops + &tables
        }
        Dialect::Postgres => "
            DO $$
            DECLARE it record;
            BEGIN
                FOR it IN SELECT conrelid::regclass AS t, conname AS n FROM pg_constraint
                          WHERE contype IN ('f', 'u') AND connamespace = current_schema()::regnamespace
                LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', it.t, it.n); END LOOP;
                FOR it IN SELECT indexname AS n FROM pg_indexes
                          WHERE schemaname = current_schema() AND indexname NOT LIKE '%_pkey'
                LOOP EXECUTE format('DROP INDEX %I', it.n); END LOOP;
                FOR it IN SELECT attrelid::regclass AS t, attname AS n FROM pg_attribute a
                          JOIN pg_class c ON c.oid = attrelid
                          WHERE c.relkind = 'r' AND relnamespace = current_schema()::regnamespace
                            AND attnum > 0 AND attnotnull AND NOT EXISTS (
                                SELECT 1 FROM pg_constraint k
                                WHERE k.contype = 'p' AND k.conrelid = attrelid AND attnum = ANY (k.conkey))
                LOOP EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', it.t, it.n); END LOOP;
            END $$;"
            .to_owned(),
    }
}

/// Everything that the database holds: its schema, and each row as the database spells it.
async fn dump(store: &Store) -> Vec<String> {
    let mut dump = everything(store).await;
    for table in schema::tables(&store.change()).await.unwrap() {
        let query = match store.dialect() {
            Dialect::Postgres => {
                format!(r#"SELECT CAST(row_to_json(t.*) AS text) AS line FROM "{table}" t ORDER BY 1"#)
            }
            Dialect::Sqlite => {
                let columns =
                    format!("SELECT 'quote(\"' || name || '\")' AS line FROM pragma_table_info('{table}')");
                let columns = lines(&store.read(), &columns).await.join(" || ', ' || ");
                format!(r#"SELECT {columns} AS line FROM "{table}" ORDER BY 1"#)
            }
        };
        let rows = lines(&store.read(), &query).await;
        dump.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    if store.dialect() == Dialect::Postgres {
        let query = "SELECT sequencename || ' ' || coalesce(last_value, 0) AS line FROM pg_sequences
            WHERE schemaname = current_schema() ORDER BY 1";
        dump.extend(lines(&store.read(), query).await);
    }
    dump
}

async fn adopt(store: &Store, options: &Options) -> Result<Adopted, AdoptError> {
    adoption::adopt(store, options, now()).await
}

/// Adopts, and looks whether everything is as it should be afterwards.
async fn adopted(store: &Store, on_orphan: OnOrphan) -> Adopted {
    let options = Options { on_orphan, ..ON };
    let dry = Options {
        dry_run: true,
        ..options
    };
    let before = dump(store).await;
    let foreseen = adopt(store, &dry).await.unwrap();
    assert_eq!(dump(store).await, before, "a dry run changes nothing");

    let adopted = adopt(store, &options).await.unwrap();
    assert_eq!(adopted, foreseen, "a dry run tells what will be done");
    assert_eq!(schema::state(store).await, Ok(SchemaState::Current));
    assert_eq!(house::epoch(&store.read()).await, Ok(0));
    let held = holds::all(&store.read()).await.unwrap();
    assert_eq!(
        held.iter().map(|hold| hold.reason).collect::<Vec<_>>(),
        [HoldReason::Adopted]
    );
    let flavour = lines(&store.read(), "SELECT flavour AS line FROM house").await;
    assert_eq!(flavour, [adopted.flavour.label()]);
    let violations = invariants::check(&store.read(), now()).await.unwrap();
    assert!(violations.is_empty(), "{violations:?}");
    if store.dialect() == Dialect::Sqlite {
        let orphans = "SELECT \"table\" || rowid AS line FROM pragma_foreign_key_check";
        assert!(lines(&store.read(), orphans).await.is_empty());
    }
    let after = dump(store).await;
    assert_eq!(adopt(store, &options).await, Err(AdoptError::AlreadyOurs));
    assert_eq!(dump(store).await, after);
    adopted
}

/// `table.column what: keys`
fn told(adopted: &Adopted) -> Vec<String> {
    let repairs = adopted.repairs.iter();
    let told = repairs.map(|repair| {
        assert_eq!(repair.rows, repair.keys.len() as u64, "{repair:?}");
        let what = serde_json::to_value(repair.what).unwrap();
        let column = repair.column.as_deref().unwrap_or("-");
        let keys: Vec<String> = repair.keys.iter().map(i64::to_string).collect();
        format!(
            "{}.{column} {}: {}",
            repair.table,
            what.as_str().unwrap(),
            keys.join(" ")
        )
    });
    told.collect()
}

/// The reasons of what is in `quarantine`, each with its key.
async fn put_aside(store: &Store) -> Vec<String> {
    let query =
        "SELECT source_table || ' ' || source_key || ' ' || reason AS line FROM quarantine ORDER BY id";
    lines(&store.read(), query).await
}

const PEOPLE: &str = "
    INSERT INTO users (user_id, username, first_name, role, created_at, updated_at) VALUES
        (1, 'ana', 'Ana', 'ADMIN', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000'),
        (2, NULL, 'Bea', 'VIP', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000'),
        (3, NULL, 'Cid', 'FREE', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
    INSERT INTO bot_config (id, vip_channel_id, free_channel_id, wait_time_minutes) VALUES (1, '-1001', '', 5);";

const MEMBER: &str = "
    INSERT INTO invitation_tokens (id, token, generated_by, created_at, duration_hours, used, used_by, used_at) VALUES
        (1, 'ABCDEFGHIJKLMNOP', 1, '2026-01-01 00:00:00.000000', 24, TRUE, 2, '2026-01-02 00:00:00.000000'),
        (2, 'QRSTUVWXYZABCDEF', 1, '2026-01-01 00:00:00.000000', 24, FALSE, NULL, NULL);
    INSERT INTO vip_subscribers (id, user_id, join_date, expiry_date, status, token_id) VALUES
        (1, 2, '2026-01-02 00:00:00.000000', '2099-01-01 00:00:00.000000', 'active', 1);";

#[test]
fn a_house_in_order_needs_no_repair() {
    on_every_database(async |database| {
        let store = planted(database, &[PEOPLE, MEMBER].concat()).await;
        let adopted = adopted(&store, OnOrphan::Stub).await;
        assert_eq!(adopted.flavour, Flavour::V12);
        assert!(
            adopted.additions.is_empty() && adopted.notes.is_empty(),
            "{adopted}"
        );
        assert_eq!(told(&adopted), ["bot_config.free_channel_id emptied: 1"]);
        assert_eq!((adopted.rows["users"], adopted.rows["invitation_tokens"]), (3, 2));
        assert_eq!(adopted.rows.len(), 9);
        // What is made next has a number of its own.
        run_sql(
            &store,
            "INSERT INTO invitation_tokens (token, generated_by, created_at, duration_hours, used)
             VALUES ('next', 1, '2026-01-01 00:00:00.000000', 24, FALSE)",
        )
        .await;
        let next = "SELECT CAST(id AS text) AS line FROM invitation_tokens WHERE token = 'next'";
        assert_eq!(lines(&store.read(), next).await, ["3"]);
    });
}

#[test]
fn what_is_no_database_of_theirs_is_refused() {
    on_every_database(async |database| {
        let store = database.open().await;
        assert_eq!(adopt(&store, &ON).await, Err(AdoptError::NotForeign));
        run_sql(
            &store,
            "CREATE TABLE users (user_id BIGINT PRIMARY KEY); CREATE TABLE other (id INTEGER)",
        )
        .await;
        let before = dump(&store).await;
        let Err(AdoptError::Incomplete { missing }) = adopt(&store, &ON).await else {
            panic!("eight are missing");
        };
        assert_eq!(missing.len(), 8);
        assert!(!missing.contains(&"users".to_owned()));
        assert_eq!(dump(&store).await, before);
    });
}

#[test]
fn everything_that_does_not_fit_is_told_at_once() {
    on_every_database(async |database| {
        let script = "
            DROP TABLE user_interests;
            CREATE TABLE user_interests (
                id BIGINT NOT NULL, user_id BIGINT NOT NULL, package_id VARCHAR(10) NOT NULL,
                is_attended REAL NOT NULL, attended_at INTEGER, created_at REAL NOT NULL);
            ALTER TABLE subscription_plans DROP COLUMN currency;
            ALTER TABLE subscription_plans DROP COLUMN price;
            ALTER TABLE subscription_plans ADD COLUMN price VARCHAR(10);
            CREATE TABLE outbox (id INTEGER PRIMARY KEY);";
        let more = match database.url.dialect() {
            Dialect::Sqlite => "
                DROP TABLE content_packages;
                CREATE TABLE content_packages (
                    id INTEGER NOT NULL PRIMARY KEY, name TEXT, description TEXT, price DECIMAL, category TEXT,
                    type TEXT, media_url TEXT, is_active INTEGER, created_at TEXT, updated_at TIMESTAMP,
                    colour TEXT NOT NULL);",
            Dialect::Postgres => "
                CREATE TYPE mood AS ENUM ('GOOD');
                ALTER TABLE content_packages ADD COLUMN colour mood NOT NULL;
                ALTER TABLE content_packages ADD COLUMN size INTEGER NOT NULL;
                ALTER TYPE contentcategory RENAME VALUE 'VIP_PREMIUM' TO 'premium';
                ALTER TABLE invitation_tokens ALTER COLUMN id DROP DEFAULT;
                ALTER TABLE users ALTER COLUMN user_id TYPE INTEGER;
                ALTER TABLE users ALTER COLUMN created_at TYPE TIMESTAMP WITH TIME ZONE;",
        };
        let store = planted(database, &[script, more].concat()).await;
        let before = dump(&store).await;
        let Err(AdoptError::Shape(mismatches)) = adopt(&store, &ON).await else {
            panic!("it does not fit");
        };
        let told: Vec<String> = mismatches.iter().map(Mismatch::to_string).collect();
        let mut expected = vec![
            "subscription_plans.price is varchar(10), not a real number",
            "subscription_plans.currency is missing",
            "user_interests.id is not the primary key of its table",
            "user_interests.package_id is varchar(10), not an integer",
            "user_interests.is_attended is real, not boolean",
            "user_interests.attended_at is integer, not a date with time",
            "user_interests.created_at is real, not a date with time",
            "content_packages.colour must not be NULL, has no default, and is not known here",
            "there is a table outbox already",
        ];
        if store.dialect() == Dialect::Postgres {
            expected = vec![
                "users.user_id is int4, not bigint",
                "users.created_at is timestamptz, not timestamp without time zone",
                "subscription_plans.price is varchar, not double precision",
                "subscription_plans.currency is missing",
                "invitation_tokens.id is not numbered by the database",
                "user_interests.id is int8, not integer",
                "user_interests.id is not the primary key of its table",
                "user_interests.package_id is varchar, not integer",
                "user_interests.is_attended is float4, not boolean",
                "user_interests.attended_at is int4, not timestamp without time zone",
                "user_interests.created_at is float4, not timestamp without time zone",
                "content_packages.colour must not be NULL, has no default, and is not known here",
                "the type contentcategory has no label VIP_PREMIUM",
                "there is a table outbox already",
            ];
        }
        let mut sorted = told.clone();
        sorted.sort_unstable();
        expected.sort_unstable();
        assert_eq!(sorted, expected);
        assert_eq!(dump(&store).await, before);
    });
}

/// Columns in another order, other widths, extra ones, a default, missing ones, missing and extra indexes.
#[test]
fn what_is_missing_is_added_and_what_is_theirs_stays() {
    on_every_database(async |database| {
        let script = "
            ALTER TABLE bot_config DROP COLUMN social_x;
            ALTER TABLE bot_config ADD COLUMN motto VARCHAR(10);
            ALTER TABLE free_channel_requests DROP COLUMN processed_at;
            DROP INDEX ix_vip_subscribers_user_id;
            DROP INDEX idx_token_used_created;
            CREATE INDEX by_hand ON users (username);
            CREATE INDEX idx_token_used_created ON invitation_tokens (created_at);
            CREATE TABLE somebodys (id INTEGER);
            INSERT INTO somebodys VALUES (7);
            CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
            INSERT INTO alembic_version VALUES ('f9c06e9cc285'), ('29019dace4c7');";
        let store = planted(database, &[script, PEOPLE, MEMBER].concat()).await;
        let adopted = adopted(&store, OnOrphan::Stub).await;
        assert_eq!(adopted.flavour, Flavour::HandAltered);
        let added = ["bot_config.social_x", "free_channel_requests.processed_at"];
        let mut expected: Vec<Addition> = added.map(|name| Addition::Column(name.to_owned())).to_vec();
        let indexes = ["lucien_idx_token_used_created", "ix_vip_subscribers_user_id"];
        expected.extend(indexes.map(|name| Addition::Index(name.to_owned())));
        assert_eq!(adopted.additions, expected);
        let notes = [
            Note::Column("bot_config.motto".to_owned()),
            Note::Index("by_hand".to_owned()),
            Note::Table("somebodys".to_owned()),
            Note::Revisions(vec!["29019dace4c7".to_owned(), "f9c06e9cc285".to_owned()]),
        ];
        assert_eq!(adopted.notes, notes);
        let left =
            "SELECT CAST(id AS text) AS line FROM somebodys UNION ALL SELECT version_num FROM alembic_version
            ORDER BY 1";
        assert_eq!(
            lines(&store.read(), left).await,
            ["29019dace4c7", "7", "f9c06e9cc285"]
        );
    });
}

#[test]
fn an_unknown_column_that_must_be_filled_gets_a_default_where_there_is_one() {
    on([Kind::Postgres], async |database| {
        let script = "
            ALTER TABLE vip_subscribers ADD COLUMN points INTEGER, ADD COLUMN mood TEXT, ADD COLUMN seen TIMESTAMP,
                ADD COLUMN data JSONB;
            UPDATE vip_subscribers SET points = 3, mood = 'x', seen = now(), data = '[]';
            ALTER TABLE vip_subscribers ALTER COLUMN points SET NOT NULL, ALTER COLUMN mood SET NOT NULL,
                ALTER COLUMN seen SET NOT NULL, ALTER COLUMN data SET NOT NULL;";
        let store = planted(database, &[PEOPLE, MEMBER, script].concat()).await;
        let adopted = adopted(&store, OnOrphan::Stub).await;
        let names = ["points", "mood", "seen", "data"].map(|name| format!("vip_subscribers.{name}"));
        assert_eq!(adopted.additions, names.map(Addition::Default));
        run_sql(
            &store,
            "INSERT INTO vip_subscribers (user_id, join_date, expiry_date, status, token_id)
             VALUES (3, '2026-01-01', '2026-01-01', 'expired', 1)",
        )
        .await;
        let rows = "SELECT points || mood || data AS line FROM vip_subscribers ORDER BY id";
        assert_eq!(lines(&store.read(), rows).await, ["3x[]", "0{}"]);
    });
}

/// Whatever people and programs wrote into an SQLite file.
#[test]
fn values_are_written_as_both_bots_read_them() {
    on([Kind::Memory, Kind::File], async |database| {
        let script = "
            INSERT INTO users (user_id, username, first_name, role, created_at, updated_at) VALUES
                (1, NULL, 'Ana', ' admin', '2026-01-01', '2026-01-01T10:20:30Z'),
                (2, X'414243', 'Bea', 'socio', '2026-01-01 00:00:00', 1767225600),
                (3, NULL, NULL, NULL, NULL, '2026-02-30 00:00:00.000000');
            INSERT INTO bot_config (id, vip_channel_id, free_channel_id, wait_time_minutes, vip_reactions,
                free_reactions, subscription_fees, social_x)
            VALUES (1, '-1001', ' ', 'cinco', '[1', 'null', '{\"monthly\": 10}', '');
            INSERT INTO subscription_plans VALUES (1, 'Mensual', 30, 'diez', '$', 'true', '2026-01-01 00:00:00.000000', 1);
            INSERT INTO subscription_plans VALUES (2, 'Anual', NULL, 5, NULL, 'nunca', '2026-01-01 00:00:00.000000', 1);
            INSERT INTO invitation_tokens VALUES (1, 'A', 1, '2026-01-01 00:00:00.000000', 24, 'False', NULL, NULL, 1);
            INSERT INTO invitation_tokens VALUES (2, NULL, 1, NULL, 24, NULL, NULL, NULL, NULL);
            INSERT INTO invitation_tokens VALUES (3, 'C', 1, '2026-01-01 00:00:00.000000', 24, 0, 2, NULL, NULL);
            INSERT INTO vip_subscribers (id, user_id, join_date, expiry_date, status, vip_entry_stage, token_id) VALUES
                (1, 1, '2026-01-01 00:00:00.000000', '2099-01-01', 'Active ', 7, 1),
                (2, 2, '2026-01-01 00:00:00.000000', 'siempre', '', 3, 2),
                (3, 3, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', 'baneado', NULL, 3);
            INSERT INTO free_channel_requests VALUES (1, 1, '2026-01-01 00:00:00.000000', 5, 'ayer');
            INSERT INTO content_packages VALUES (1, 'Fotos', NULL, 9.5, 'secreto', 'standard', NULL, 1,
                '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
            INSERT INTO user_role_change_log VALUES (1, 1, 'nadie', 'VIP', 0, 'x', 'SYSTEM', ' null ',
                '2026-01-01 00:00:00.000000');";
        let store = planted(database, &(loosened(Dialect::Sqlite) + script)).await;
        let adopted = adopted(&store, OnOrphan::Stub).await;
        assert_eq!(adopted.flavour, Flavour::HandAltered);
        let expected = [
            "bot_config.wait_time_minutes unreadable: 1",
            "bot_config.vip_reactions unreadable: 1",
            "bot_config.free_reactions emptied: 1",
            "users.username respelled: 2",
            "users.first_name filled: 3",
            "users.role respelled: 1",
            "users.role unreadable: 2",
            "users.role filled: 3",
            "users.created_at respelled: 1 2",
            "users.created_at filled: 3",
            "users.updated_at respelled: 1",
            "users.updated_at unreadable: 2 3",
            "subscription_plans.duration_days filled: 2",
            "subscription_plans.price unreadable: 1",
            "subscription_plans.currency filled: 2",
            "subscription_plans.active respelled: 1",
            "subscription_plans.active unreadable: 2",
            "invitation_tokens.token filled: 2",
            "invitation_tokens.created_at filled: 2",
            "invitation_tokens.used respelled: 1",
            "invitation_tokens.used filled: 2",
            "vip_subscribers.expiry_date respelled: 1",
            "vip_subscribers.expiry_date unreadable: 2",
            "free_channel_requests.processed respelled: 1",
            "free_channel_requests.processed_at unreadable: 1",
            "content_packages.category unreadable: 1",
            "content_packages.type respelled: 1",
            "user_role_change_log.previous_role unreadable: 1",
            "user_role_change_log.reason unreadable: 1",
            "user_role_change_log.change_metadata emptied: 1",
            "bot_config.free_channel_id emptied: 1",
            "bot_config.social_x emptied: 1",
            "vip_subscribers.status respelled: 1",
            "vip_subscribers.status filled: 2",
            "vip_subscribers.status unreadable: 3",
            "vip_subscribers.vip_entry_stage unreadable: 1",
            "invitation_tokens.used used: 3",
        ];
        assert_eq!(told(&adopted), expected);
        let rows = "
            SELECT first_name || role || created_at || updated_at || coalesce(username, '-') AS line FROM users
            UNION ALL SELECT name || duration_days || price || currency || active FROM subscription_plans
            UNION ALL SELECT token || created_at || used FROM invitation_tokens
            UNION ALL SELECT expiry_date || status || coalesce(vip_entry_stage, '-') FROM vip_subscribers
            UNION ALL SELECT processed || coalesce(processed_at, '-') FROM free_channel_requests
            UNION ALL SELECT category || type || is_active FROM content_packages
            UNION ALL SELECT coalesce(previous_role, '-') || reason || coalesce(change_metadata, '-') FROM user_role_change_log";
        let expected = [
            "AnaADMIN2026-01-01 00:00:00.0000002026-01-01 10:20:30.000000-",
            "BeaFREE2026-01-01 00:00:00.0000002026-09-21 14:13:20.000000ABC",
            "?FREE2026-09-21 14:13:20.0000002026-09-21 14:13:20.000000-",
            "Mensual300.0$1",
            "Anual305.0$0",
            "A2026-01-01 00:00:00.0000000",
            "~21970-01-01 00:00:00.0000001",
            "C2026-01-01 00:00:00.0000001",
            "2099-01-01 00:00:00.000000active-",
            "2026-10-21 14:13:20.000000active3",
            "2026-01-01 00:00:00.000000expired-",
            "1-",
            "VIP_CONTENTSTANDARD1",
            "-MANUAL_CHANGE-",
        ];
        assert_eq!(lines(&store.read(), rows).await, expected);

        // What was lost is kept, as it was.
        let ends =
            "SELECT row AS line FROM quarantine WHERE source_table = 'vip_subscribers' AND source_key = '2'";
        let kept: serde_json::Value = serde_json::from_str(&lines(&store.read(), ends).await[0]).unwrap();
        assert_eq!(
            (&kept["expiry_date"], &kept["token_id"]),
            (&"siempre".into(), &2.into())
        );
        let unreadable = adopted
            .repairs
            .iter()
            .filter(|repair| repair.what == RepairKind::Unreadable);
        let unreadable: u64 = unreadable.map(|repair| repair.rows).sum();
        assert_eq!(put_aside(&store).await.len() as u64, unreadable);
    });
}

#[test]
fn values_that_postgresql_lets_through_are_repaired() {
    on([Kind::Postgres], async |database| {
        let script = "
            ALTER TYPE userrole ADD VALUE 'SOCIO';
            COMMIT; BEGIN;
            INSERT INTO users VALUES (1, NULL, NULL, NULL, 'SOCIO', 'infinity', NULL);
            INSERT INTO bot_config (id, vip_channel_id, vip_reactions) VALUES (1, '', 'null');
            INSERT INTO invitation_tokens (id, token, generated_by, created_at, duration_hours, used) VALUES
                (7, 'A', 1, '2026-01-01', 24, NULL);
            INSERT INTO vip_subscribers (id, user_id, join_date, expiry_date, status, token_id) VALUES
                (1, 1, '-infinity', 'infinity', 'ACTIVE', 7);
            ALTER TABLE user_role_change_log ALTER COLUMN change_metadata TYPE JSONB;
            INSERT INTO user_role_change_log (user_id, new_role, changed_by, reason, change_source, change_metadata, changed_at)
            VALUES (1, 'FREE', 0, 'MANUAL_CHANGE', NULL, 'null', '2026-01-01');";
        let store = planted(database, &loosened(Dialect::Postgres)).await;
        store
            .change()
            .execute_unprepared("ALTER TYPE userrole ADD VALUE 'SOCIO'")
            .await
            .unwrap();
        script_on(
            &store,
            &script.replace(
                "ALTER TYPE userrole ADD VALUE 'SOCIO';\n            COMMIT; BEGIN;",
                "",
            ),
        )
        .await;
        let adopted = adopted(&store, OnOrphan::Stub).await;
        let expected = [
            "bot_config.vip_reactions emptied: 1",
            "users.first_name filled: 1",
            "users.role unreadable: 1",
            "users.created_at respelled: 1",
            "users.updated_at filled: 1",
            "invitation_tokens.used filled: 7",
            "vip_subscribers.join_date unreadable: 1",
            "vip_subscribers.expiry_date respelled: 1",
            "user_role_change_log.change_source filled: 1",
            "user_role_change_log.change_metadata emptied: 1",
            "bot_config.vip_channel_id emptied: 1",
            "vip_subscribers.status respelled: 1",
        ];
        let mut told = told(&adopted);
        let mut expected = expected.map(str::to_owned).to_vec();
        told.sort_unstable();
        expected.sort_unstable();
        assert_eq!(told, expected);
        let row = "SELECT u.role || ' ' || v.expiry_date || ' ' || v.join_date AS line
            FROM users u JOIN vip_subscribers v ON v.user_id = u.user_id";
        assert_eq!(
            lines(&store.read(), row).await,
            ["FREE 9999-12-31 23:59:59.999999 2026-09-21 14:13:20"]
        );
    });
}

/// People 10 to 13 are missing: a member, one whose membership is over, two who ask, and what they have.
const ORPHANS: &str = "
    INSERT INTO invitation_tokens (id, token, generated_by, created_at, duration_hours, used, used_by, used_at, plan_id) VALUES
        (1, 'A', 1, '2026-01-01 00:00:00.000000', 24, TRUE, 10, '2026-01-02 00:00:00.000000', 99);
    INSERT INTO vip_subscribers (id, user_id, join_date, expiry_date, status, token_id) VALUES
        (1, 10, '2026-01-02 00:00:00.000000', '2099-01-01 00:00:00.000000', 'active', 1),
        (2, 11, '2026-01-02 00:00:00.000000', '2026-01-03 00:00:00.000000', 'expired', 98),
        (3, 2, '2026-01-02 00:00:00.000000', '2099-01-03 00:00:00.000000', 'active', 98),
        (4, 3, '2026-01-02 00:00:00.000000', '2026-01-03 00:00:00.000000', 'expired', 97);
    INSERT INTO free_channel_requests (id, user_id, request_date, processed) VALUES
        (1, 12, '2026-01-02 00:00:00.000000', FALSE), (2, 12, '2026-01-03 00:00:00.000000', FALSE),
        (3, 10, '2026-01-02 00:00:00.000000', FALSE);
    INSERT INTO content_packages (id, name, category, type, is_active, created_at, updated_at) VALUES
        (1, 'Fotos', 'FREE_CONTENT', 'STANDARD', TRUE, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
    INSERT INTO user_interests (id, user_id, package_id, is_attended, created_at) VALUES
        (1, 13, 1, FALSE, '2026-01-01 00:00:00.000000'), (2, 1, 77, FALSE, '2026-01-01 00:00:00.000000'),
        (3, 1, NULL, FALSE, '2026-01-01 00:00:00.000000'), (4, NULL, 1, FALSE, '2026-01-01 00:00:00.000000');";

async fn orphaned(database: &Database) -> Store {
    planted(
        database,
        &[&loosened(database.url.dialect()), PEOPLE, ORPHANS].concat(),
    )
    .await
}

const ORPHANS_LEFT: &str = "
    SELECT 'person ' || user_id || ' ' || CAST(role AS text) AS line FROM users WHERE first_name = '?'
    UNION ALL SELECT 'member ' || id || ' ' || user_id FROM vip_subscribers
    UNION ALL SELECT 'request ' || id || ' ' || user_id FROM free_channel_requests WHERE NOT processed
    UNION ALL SELECT 'interest ' || id || ' ' || user_id FROM user_interests
    UNION ALL SELECT 'grant ' || t.used_by || ' ' || i.kind FROM invitation_tokens t
        JOIN invitations i ON i.token_id = t.id JOIN vip_subscribers v ON v.token_id = t.id
        WHERE t.used AND t.used_at = v.join_date AND t.generated_by = 0
    UNION ALL SELECT 'plan ' || id FROM invitation_tokens WHERE plan_id IS NOT NULL
    ORDER BY 1";

#[test]
fn missing_people_are_made() {
    on_every_database(async |database| {
        let store = orphaned(database).await;
        let adopted = adopted(&store, OnOrphan::Stub).await;
        let expected = [
            "bot_config.free_channel_id emptied: 1",
            "invitation_tokens.plan_id unlinked: 1",
            "users.- person_made: 10 11 12 13",
            "user_interests.- orphan: 4",
            "user_interests.- orphan: 2 3",
            "vip_subscribers.token_id token_made: 2 3 4",
            "free_channel_requests.processed closed: 2",
        ];
        assert_eq!(told(&adopted), expected);
        let left = [
            "grant 11 grant",
            "grant 2 grant",
            "grant 3 grant",
            "interest 1 13",
            "member 1 10",
            "member 2 11",
            "member 3 2",
            "member 4 3",
            "person 10 VIP",
            "person 11 FREE",
            "person 12 FREE",
            "person 13 FREE",
            "request 1 12",
            "request 3 10",
        ];
        assert_eq!(sorted(&store, ORPHANS_LEFT).await, left);
        let aside = [
            "invitation_tokens 1 unlinked",
            "user_interests 4 orphan",
            "user_interests 2 orphan",
            "user_interests 3 orphan",
        ];
        assert_eq!(put_aside(&store).await, aside);
        let closed = "SELECT CAST(count(*) AS text) AS line FROM free_channel_requests
            WHERE id = 2 AND processed_at = request_date";
        assert_eq!(lines(&store.read(), closed).await, ["1"]);
    });
}

async fn sorted(store: &Store, query: &str) -> Vec<String> {
    let mut lines = lines(&store.read(), query).await;
    lines.sort_unstable();
    lines
}

#[test]
fn orphans_are_put_aside_but_no_member_is() {
    on_every_database(async |database| {
        let store = orphaned(database).await;
        let adopted = adopted(&store, OnOrphan::Quarantine).await;
        let expected = [
            "bot_config.free_channel_id emptied: 1",
            "invitation_tokens.plan_id unlinked: 1",
            "users.- person_made: 10",
            "vip_subscribers.- orphan: 2",
            "free_channel_requests.- orphan: 1 2",
            "user_interests.- orphan: 1 4",
            "user_interests.- orphan: 2 3",
            "vip_subscribers.- orphan: 4",
            "vip_subscribers.token_id token_made: 3",
        ];
        assert_eq!(told(&adopted), expected);
        let left = [
            "grant 2 grant",
            "member 1 10",
            "member 3 2",
            "person 10 VIP",
            "request 3 10",
        ];
        assert_eq!(sorted(&store, ORPHANS_LEFT).await, left);
        assert_eq!(put_aside(&store).await.len(), 1 + 1 + 2 + 2 + 2 + 1);
        let row =
            "SELECT row AS line FROM quarantine WHERE source_table = 'vip_subscribers' AND source_key = '2'";
        let row: serde_json::Value = serde_json::from_str(&lines(&store.read(), row).await[0]).unwrap();
        assert_eq!((&row["user_id"], &row["token_id"]), (&11.into(), &98.into()));
    });
}

#[test]
fn orphans_are_a_reason_not_to_adopt_if_wanted() {
    on_every_database(async |database| {
        let store = orphaned(database).await;
        let before = dump(&store).await;
        let options = Options {
            on_orphan: OnOrphan::Fail,
            ..ON
        };
        let Err(AdoptError::Orphans(found)) = adopt(&store, &options).await else {
            panic!("there are some");
        };
        let found: Vec<(String, Vec<i64>)> = found
            .into_iter()
            .map(|it| (format!("{}.{}", it.table, it.column.unwrap()), it.keys))
            .collect();
        let expected = [
            ("invitation_tokens.plan_id", vec![1]),
            ("vip_subscribers.token_id", vec![2, 3, 4]),
            ("user_interests.package_id", vec![2, 3]),
            ("vip_subscribers.user_id", vec![1, 2]),
            ("free_channel_requests.user_id", vec![1, 2, 3]),
            ("user_interests.user_id", vec![1, 4]),
        ];
        assert_eq!(found, expected.map(|(name, keys)| (name.to_owned(), keys)));
        assert_eq!(dump(&store).await, before);
    });
}

#[test]
fn what_is_there_twice_stays_once() {
    on_every_database(async |database| {
        let script = "
            INSERT INTO invitation_tokens (id, token, generated_by, created_at, duration_hours, used, used_by, used_at) VALUES
                (1, 'A', 1, '2026-01-01 00:00:00.000000', 24, TRUE, 2, '2026-01-02 00:00:00.000000'),
                (2, 'A', 1, '2026-01-01 00:00:00.000000', 24, FALSE, NULL, NULL),
                (3, 'A', 1, '2026-01-01 00:00:00.000000', 24, FALSE, NULL, NULL);
            INSERT INTO vip_subscribers (id, user_id, join_date, expiry_date, status, token_id, vip_entry_token) VALUES
                (1, 2, '2026-01-02 00:00:00.000000', '2026-03-01 00:00:00.000000', 'active', 1, 'E'),
                (2, 2, '2026-01-02 00:00:00.000000', '2026-05-01 00:00:00.000000', 'expired', 1, NULL),
                (3, 2, '2026-01-02 00:00:00.000000', '2026-04-01 00:00:00.000000', 'active', 1, NULL),
                (4, 1, '2026-01-02 00:00:00.000000', '2026-05-01 00:00:00.000000', 'active', 1, 'F'),
                (5, 3, '2026-01-02 00:00:00.000000', '2026-05-01 00:00:00.000000', 'active', 1, 'F');
            INSERT INTO content_packages (id, name, category, type, is_active, created_at, updated_at) VALUES
                (1, 'Fotos', 'FREE_CONTENT', 'STANDARD', TRUE, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
            INSERT INTO user_interests (id, user_id, package_id, is_attended, created_at) VALUES
                (1, 1, 1, FALSE, '2026-01-02 00:00:00.000000'), (2, 1, 1, TRUE, '2026-01-03 00:00:00.000000'),
                (3, 1, 1, FALSE, '2026-01-01 00:00:00.000000');
            INSERT INTO free_channel_requests (id, user_id, request_date, processed) VALUES
                (1, 3, '2026-01-03 00:00:00.000000', FALSE), (2, 3, '2026-01-02 00:00:00.000000', FALSE),
                (3, 3, '2026-01-02 00:00:00.000000', FALSE), (4, 3, '2026-01-01 00:00:00.000000', TRUE);";
        let store = planted(
            database,
            &[&loosened(database.url.dialect()), PEOPLE, script].concat(),
        )
        .await;
        let adopted = adopted(&store, OnOrphan::Stub).await;
        let expected = [
            "bot_config.free_channel_id emptied: 1",
            "vip_subscribers.- duplicate: 1 3",
            "vip_subscribers.vip_entry_token emptied: 5",
            "invitation_tokens.token renamed: 1 3",
            "user_interests.- duplicate: 1 3",
            "free_channel_requests.processed closed: 1 3",
        ];
        assert_eq!(told(&adopted), expected);
        let tokens = "SELECT token AS line FROM invitation_tokens ORDER BY id";
        assert_eq!(lines(&store.read(), tokens).await, ["~1", "A", "~3"]);
        assert_eq!(put_aside(&store).await.len(), 6);
        let unique: Vec<&Addition> = adopted
            .additions
            .iter()
            .filter(|it| matches!(it, Addition::Index(name) if name == "vip_subscribers_vip_entry_token_key" || name == "ix_invitation_tokens_token"))
            .collect();
        assert_eq!(unique.len(), 2, "{:?}", adopted.additions);
    });
}

/// A database of the later revisions: `pending_request` has to be filled, interests may be without a package.
fn later_revision(dialect: Dialect) -> String {
    let requests = match dialect {
        Dialect::Sqlite => "
            DROP TABLE free_channel_requests;
            CREATE TABLE free_channel_requests (
                id INTEGER NOT NULL, user_id BIGINT NOT NULL, request_date DATETIME NOT NULL,
                processed BOOLEAN NOT NULL, processed_at DATETIME, pending_request BOOLEAN NOT NULL,
                PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES users (user_id));
            CREATE UNIQUE INDEX uq_user_pending_request ON free_channel_requests (user_id) WHERE pending_request;",
        Dialect::Postgres => "
            ALTER TABLE free_channel_requests ADD COLUMN pending_request BOOLEAN NOT NULL;
            CREATE UNIQUE INDEX uq_user_pending_request ON free_channel_requests (user_id);",
    };
    let rest = "
        CREATE INDEX idx_pending_request ON free_channel_requests (pending_request);
        CREATE TABLE transactions (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL);
        INSERT INTO transactions VALUES (1, 50);
        ALTER TABLE bot_config ADD COLUMN level_formula VARCHAR(255);
        INSERT INTO free_channel_requests (id, user_id, request_date, processed, processed_at, pending_request) VALUES
            (1, 1, '2026-01-01 00:00:00.000000', TRUE, '2026-01-02 00:00:00.000000', TRUE),
            (2, 2, '2026-01-01 00:00:00.000000', FALSE, NULL, TRUE),
            (3, 3, '2026-01-01 00:00:00.000000', FALSE, NULL, FALSE);";
    [PEOPLE, requests, rest].concat()
}

/// `id processed pending`
async fn marks(store: &Store) -> Vec<String> {
    let query = "SELECT id || CASE WHEN processed THEN ' done' ELSE ' waits' END
            || CASE WHEN pending_request THEN ' marked' ELSE '' END AS line
        FROM free_channel_requests ORDER BY id";
    lines(&store.read(), query).await
}

#[test]
fn requests_are_marked_where_later_revisions_mark_them() {
    on_every_database(async |database| {
        let store = planted(database, &later_revision(database.url.dialect())).await;
        let adopted = adopted(&store, OnOrphan::Stub).await;
        assert_eq!(adopted.flavour, Flavour::Later);
        let expected = [
            "bot_config.free_channel_id emptied: 1",
            "free_channel_requests.pending_request marked: 1",
            "free_channel_requests.pending_request marked: 3",
        ];
        assert_eq!(told(&adopted), expected);
        let replaced = adopted
            .additions
            .contains(&Addition::IndexReplaced("uq_user_pending_request".to_owned()));
        assert_eq!(replaced, store.dialect() == Dialect::Postgres);
        assert_eq!(
            marks(&store).await,
            ["1 done", "2 waits marked", "3 waits marked"]
        );

        // In this process and, where others can open the database, in the next one.
        let mut stores = vec![store.clone()];
        if database.kind != Kind::Memory {
            stores.push(database.open().await);
        }
        for (round, store) in (0..).zip(&stores) {
            let note = async |user: i64| {
                let request = NewRequest {
                    user: UserId(user),
                    channel: ChatId(-200),
                    chat: ChatId(user),
                };
                let noted =
                    store.write(async |tx| requests::note(tx, &request, REPEAT_WINDOW, later(round)).await);
                noted.await.unwrap().unwrap()
            };
            let fresh = note(1).await;
            assert_eq!(note(1).await.id, fresh.id, "whoever waits does not wait twice");
            assert_eq!(note(2).await.id.0, 2);
            let marked = marks(store).await;
            assert_eq!(marked.last().unwrap(), &format!("{} waits marked", fresh.id.0));
            let closed = store
                .write(async |tx| {
                    requests::close_of(tx, UserId(1), RequestOutcome::Admitted, later(round)).await
                })
                .await;
            assert_eq!(closed, Ok(Some(fresh.id)));
            assert_eq!(
                marks(store).await.last().unwrap(),
                &format!("{} done", fresh.id.0)
            );
        }
        assert_eq!(
            lines(
                &store.read(),
                "SELECT CAST(amount AS text) AS line FROM transactions"
            )
            .await,
            ["50"]
        );
    });
}

/// A step fails after everything was repaired.
#[test]
fn what_fails_half_way_leaves_everything_as_it_was() {
    on_every_database(async |database| {
        let script = "CREATE INDEX ux_free_channel_requests_pending ON users (username);";
        let store = planted(
            database,
            &[&loosened(database.url.dialect()), PEOPLE, ORPHANS, script].concat(),
        )
        .await;
        let before = dump(&store).await;
        let failed = adopt(&store, &ON).await;
        assert!(
            matches!(&failed, Err(AdoptError::Schema(SchemaError::Failed { step, .. })) if step == "0005_other_ways"),
            "{failed:?}"
        );
        assert_eq!(dump(&store).await, before);
        assert!(matches!(
            schema::state(&store).await,
            Ok(SchemaState::Foreign { .. })
        ));
    });
}

#[test]
fn there_is_a_backup_before_anything_is_changed() {
    on([Kind::File, Kind::Postgres], async |database| {
        let store = planted(database, &[PEOPLE, MEMBER].concat()).await;
        let options = Options {
            backup_exists: false,
            ..ON
        };
        let done = adopt(&store, &options).await;
        if database.kind == Kind::Postgres {
            assert_eq!(done, Err(AdoptError::NeedsBackup));
            let dry_run = Options {
                dry_run: true,
                ..options
            };
            assert!(adopt(&store, &dry_run).await.is_ok(), "nothing is changed by it");
            return;
        }
        let backup = done.unwrap().backup.unwrap();
        let name = backup.file_name().unwrap().to_str().unwrap();
        assert_eq!(name, "house.pre-adopt-20260921T141320Z.db");
        let copy = Store::open(
            &crate::DatabaseUrl::file(&backup),
            &crate::StoreOptions::default(),
        )
        .await
        .unwrap();
        assert!(matches!(
            schema::state(&copy).await,
            Ok(SchemaState::Foreign { .. })
        ));
        assert_eq!(
            lines(&copy.read(), "SELECT free_channel_id AS line FROM bot_config").await,
            [""]
        );
    });
}

#[test]
fn the_predecessors_tables_are_never_undone() {
    on_every_database(async |database| {
        let store = planted(database, &[PEOPLE, MEMBER].concat()).await;
        adopted(&store, OnOrphan::Stub).await;
        let name = database.url.database_name();
        let consent = Consent {
            database: Some(&name),
            backup_exists: true,
        };
        let down = async |steps| schema::down(&store, steps, consent, now()).await;
        let before = dump(&store).await;
        let refused = SchemaError::Adopted {
            step: "0001_nine_tables".to_owned(),
        };
        assert_eq!(down(7).await, Err(refused));
        assert_eq!(dump(&store).await, before);

        // Without what is ours they are theirs again, and can be adopted again.
        assert_eq!(down(2).await.unwrap().steps.len(), 2);
        assert!(matches!(
            schema::state(&store).await,
            Ok(SchemaState::Behind { .. })
        ));
        assert_eq!(down(4).await.unwrap().steps.len(), 4);
        let tables = schema::tables(&store.read()).await.unwrap();
        let mut expected = schema::predecessors();
        expected.sort_unstable();
        assert_eq!(tables, expected);
        assert!(matches!(
            schema::state(&store).await,
            Ok(SchemaState::Foreign { .. })
        ));
        assert_eq!(
            schema::up(&store, None, now()).await.map(drop),
            Err(SchemaError::Foreign {
                tables: expected.map(str::to_owned).to_vec()
            })
        );
        let again = adopted(&store, OnOrphan::Stub).await;
        assert!(again.repairs.is_empty(), "{again}");
    });
}

/// More rows than are read at a time, and than are told of.
#[test]
fn many_rows_are_repaired_and_some_are_told() {
    on([Kind::File], async |database| {
        let script = "
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
            INSERT INTO users SELECT 100 + i, NULL, 'Ana', NULL, 'FREE',
                CASE WHEN i % 10 = 0 THEN 'nunca' ELSE '2026-01-01 10:00:00' END, '2026-01-01 00:00:00.000000' FROM n;";
        let store = planted(database, script).await;
        let adopted = adopted(&store, OnOrphan::Stub).await;
        let seen: Vec<(RepairKind, u64, usize, i64)> = adopted
            .repairs
            .iter()
            .map(|repair| (repair.what, repair.rows, repair.keys.len(), repair.keys[0]))
            .collect();
        let expected = [
            (RepairKind::Respelled, 2_250, KEYS_TOLD, 101),
            (RepairKind::Unreadable, 250, 250, 110),
        ];
        assert_eq!(seen, expected);
        #[derive(FromQueryResult)]
        struct Row {
            spellings: i64,
        }
        let query = "SELECT count(DISTINCT created_at) AS spellings FROM users";
        let row: Option<Row> = sql::first(&store.read(), query, []).await.unwrap();
        assert_eq!(row.unwrap().spellings, 2);
        let text = adopted.to_string();
        assert!(
            text.contains("repaired\tusers\tcreated_at\trespelled\t2250\t101 102 "),
            "{text}"
        );
    });
}

//! The Python bot's databases: what they hold, as that bot would have written it.

use anyhow::{Context, Result, ensure};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use store::{Dialect, Store, StoreOptions, schema};
use testkit::predecessor::{self, Flavour, TABLES, crowd, sample};
use testkit::{Backend, TestDb};

const BACKENDS: [Backend; 2] = [Backend::SqliteFile, Backend::Postgres];

fn backends() -> impl Iterator<Item = Backend> {
    BACKENDS.into_iter().filter(|backend| backend.is_available())
}

/// The texts of the one column of a query.
async fn texts(db: &TestDb, query: &str) -> Result<Vec<String>> {
    let query = AssertSqlSafe(query.to_owned());
    Ok(match db.url().path() {
        Some(path) => {
            let options = SqliteConnectOptions::new().filename(path);
            let mut connection = SqliteConnection::connect_with(&options).await?;
            sqlx::query_scalar(query).fetch_all(&mut connection).await?
        }
        None => {
            let mut connection = PgConnection::connect(&db.url_for_processes()?).await?;
            sqlx::query_scalar(query).fetch_all(&mut connection).await?
        }
    })
}

/// How many rows there are behind a `FROM`.
async fn count(db: &TestDb, from: &str) -> Result<usize> {
    let counted = texts(db, &format!("SELECT CAST(count(*) AS text) FROM {from}")).await?;
    Ok(counted.first().context("a count")?.parse()?)
}

async fn counts(db: &TestDb) -> Result<Vec<u64>> {
    let mut counts = Vec::new();
    for table in TABLES {
        counts.push(u64::try_from(count(db, table).await?)?);
    }
    Ok(counts)
}

/// Columns with their types and whether they may be NULL, and indexes with what they are made of.
async fn shape(db: &TestDb) -> Result<Vec<String>> {
    let names = TABLES.map(|table| format!("'{table}'")).join(", ");
    let (columns, indexes) = match db.url().dialect() {
        Dialect::Sqlite => (
            "SELECT m.name || '.' || p.cid || ' ' || p.name || ' ' || p.type || ' ' || p.\"notnull\" || ' '
                 || p.pk || coalesce(' ' || p.dflt_value, '')
             FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name IN",
            "SELECT m.name || ' ' || l.name || ' ' || l.\"unique\" || l.partial || ' ' || group_concat(i.name)
             FROM sqlite_schema m, pragma_index_list(m.name) l, pragma_index_info(l.name) i
             WHERE m.type = 'table' AND m.name IN",
        ),
        Dialect::Postgres => (
            "SELECT concat_ws(' ', table_name, ordinal_position, column_name, udt_name,
                              character_maximum_length, numeric_precision, numeric_scale, is_nullable,
                              column_default)
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name IN",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename IN",
        ),
    };
    let grouped = match db.url().dialect() {
        Dialect::Sqlite => "GROUP BY m.name, l.name",
        Dialect::Postgres => "",
    };
    let mut shape = texts(db, &format!("{columns} ({names}) ORDER BY 1")).await?;
    shape.extend(texts(db, &format!("{indexes} ({names}) {grouped} ORDER BY 1")).await?);
    Ok(shape)
}

#[tokio::test]
async fn each_flavour_holds_its_rows() -> Result<()> {
    for backend in backends() {
        for flavour in Flavour::ALL {
            let db = predecessor::planted(backend, flavour).await?;
            let expected = flavour.rows(db.url().dialect());
            ensure!(
                counts(&db).await? == expected,
                "{backend:?} {flavour:?} {expected:?}"
            );
            let waiting_twice = "free_channel_requests r WHERE NOT processed AND EXISTS (
                SELECT 1 FROM free_channel_requests o WHERE NOT o.processed AND o.user_id = r.user_id
                    AND o.request_date < r.request_date)";
            ensure!(count(&db, waiting_twice).await? == flavour.repeated_requests().len());
            let in_nothing = "user_interests WHERE package_id IS NULL";
            ensure!(count(&db, in_nothing).await? == flavour.interests_in_nothing().len());
            db.remove().await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn v12_has_the_shape_that_our_first_migration_makes() -> Result<()> {
    for backend in backends() {
        let ours = TestDb::empty(backend).await?;
        let store = Store::open(ours.url(), &StoreOptions::default()).await?;
        schema::up(&store, Some(1), chrono::DateTime::UNIX_EPOCH).await?;
        store.close().await;
        let theirs = predecessor::planted(backend, Flavour::V12).await?;
        let (ours_is, theirs_is) = (shape(&ours).await?, shape(&theirs).await?);
        for line in &ours_is {
            ensure!(theirs_is.contains(line), "{line} is ours alone");
        }
        for line in &theirs_is {
            ensure!(ours_is.contains(line), "{line} is theirs alone");
        }
        ours.remove().await?;
        theirs.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn they_are_told_from_each_other_and_from_ours() -> Result<()> {
    for backend in backends() {
        let v12 = predecessor::planted(backend, Flavour::V12).await?;
        let store = Store::open(v12.url(), &StoreOptions::default()).await?;
        ensure!(
            matches!(schema::state(&store).await?, schema::SchemaState::Foreign { tables } if tables.len() == 9)
        );
        store.close().await;
        let revisions = "SELECT version_num FROM alembic_version";
        ensure!(texts(&v12, revisions).await? == ["29019dace4c7"]);
        v12.remove().await?;

        let by_models = predecessor::planted(backend, Flavour::CreateAll).await?;
        ensure!(
            texts(&by_models, revisions).await.is_err(),
            "Alembic was not there"
        );
        let empty = "bot_config WHERE free_channel_id = ''";
        ensure!(count(&by_models, empty).await? == 1);
        by_models.remove().await?;

        let altered = predecessor::planted(backend, Flavour::HandAltered).await?;
        ensure!(texts(&altered, revisions).await?.is_empty());
        altered.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn later_revisions_went_their_own_way() -> Result<()> {
    for backend in backends() {
        let db = predecessor::planted(backend, Flavour::Later).await?;
        ensure!(count(&db, "free_channel_requests WHERE pending_request IS NULL").await? == 0);
        ensure!(count(&db, "free_channel_requests WHERE pending_request = processed").await? == 0);
        ensure!(count(&db, "transactions").await? == 2);
        let revision = texts(&db, "SELECT version_num FROM alembic_version").await?;
        match backend {
            Backend::Postgres => {
                ensure!(revision == ["f9c06e9cc285"]);
                let full =
                    "pg_indexes WHERE indexname = 'uq_user_pending_request' AND indexdef NOT LIKE '%WHERE%'";
                ensure!(count(&db, full).await? == 1);
            }
            _ => {
                ensure!(revision == ["20260320_000002"]);
                let tables = "sqlite_schema WHERE type = 'table' AND name <> 'alembic_version'";
                ensure!(count(&db, tables).await? == 19);
                let partial = "sqlite_schema WHERE name = 'uq_user_pending_request' AND sql LIKE '%WHERE pending_request'";
                ensure!(count(&db, partial).await? == 1);
                ensure!(count(&db, "bot_config WHERE length(created_at) = 19").await? == 1);
                ensure!(count(&db, "users WHERE role = 'free'").await? == 1);
            }
        }
        db.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn values_on_sqlite_are_stored_as_sqlalchemy_stores_them() -> Result<()> {
    for flavour in [Flavour::V12, Flavour::HandAltered] {
        let db = predecessor::planted(Backend::SqliteFile, flavour).await?;
        for table in TABLES {
            let columns = format!("SELECT name || ' ' || type FROM pragma_table_info('{table}')");
            for column in texts(&db, &columns).await? {
                let (name, declared) = column.split_once(' ').context("a type")?;
                let odd = match declared {
                    "DATETIME" | "TIMESTAMP" => format!("typeof({name}) <> 'text' OR length({name}) <> 26"),
                    "BOOLEAN" => format!("typeof({name}) <> 'integer' OR {name} NOT IN (0, 1)"),
                    "FLOAT" => format!("typeof({name}) <> 'real'"),
                    "JSON" => format!("typeof({name}) <> 'text'"),
                    _ => continue,
                };
                let odd = format!("{table} WHERE {name} IS NOT NULL AND ({odd})");
                ensure!(count(&db, &odd).await? == 0, "{flavour:?} {odd}");
            }
        }
    }
    let db = predecessor::planted(Backend::SqliteFile, Flavour::V12).await?;
    let prices = texts(&db, "SELECT typeof(price) FROM content_packages ORDER BY id").await?;
    ensure!(prices == ["real", "integer", "null"]);
    Ok(())
}

#[tokio::test]
async fn the_sample_is_as_awkward_as_the_file_was() -> Result<()> {
    for backend in backends() {
        let db = predecessor::planted(backend, Flavour::HandAltered).await?;
        let tokens = [
            ("used", sample::USED),
            ("used AND used_at IS NULL", sample::USED_WITHOUT_DATE),
            (
                "used AND used_by NOT IN (SELECT user_id FROM users)",
                sample::USED_BY_STRANGERS,
            ),
            ("plan_id IS NULL", sample::WITHOUT_PLAN),
            ("plan_id NOT IN (SELECT id FROM subscription_plans)", 1),
            ("NOT used AND (used_by IS NOT NULL OR used_at IS NOT NULL)", 0),
        ];
        for (which, expected) in tokens {
            let found = count(&db, &format!("invitation_tokens WHERE {which}")).await?;
            ensure!(found == expected, "{which}: {found}");
        }
        let lost = "user_id NOT IN (SELECT user_id FROM users)";
        let others = [
            (format!("free_channel_requests WHERE {lost} AND processed"), 23),
            (format!("free_channel_requests WHERE {lost} AND NOT processed"), 3),
            (
                format!("(SELECT DISTINCT user_id FROM free_channel_requests WHERE {lost}) lost"),
                6,
            ),
            (format!("vip_subscribers WHERE {lost}"), 1),
            (
                "vip_subscribers WHERE token_id NOT IN (SELECT id FROM invitation_tokens)".to_owned(),
                0,
            ),
            (
                "vip_subscribers WHERE status = 'active' AND vip_entry_stage IS NULL".to_owned(),
                4,
            ),
            (
                "(SELECT DISTINCT name FROM subscription_plans) names".to_owned(),
                6,
            ),
            (
                "(SELECT name FROM subscription_plans GROUP BY name HAVING count(*) = 37) names".to_owned(),
                1,
            ),
            (
                "(SELECT DISTINCT created_by FROM subscription_plans) makers".to_owned(),
                3,
            ),
            (
                "user_role_change_log WHERE CAST(change_metadata AS text) = 'null'".to_owned(),
                2,
            ),
        ];
        for (from, expected) in others {
            let found = count(&db, &from).await?;
            ensure!(found == expected, "{from}: {found}");
        }
        let lengths = texts(
            &db,
            "SELECT id || ' ' || length(token) FROM invitation_tokens WHERE length(token) <> 16 ORDER BY id",
        )
        .await?;
        match backend {
            Backend::Postgres => ensure!(lengths == ["7 15"]),
            _ => {
                ensure!(lengths == sample::ODD_TOKENS.map(|(id, length)| format!("{id} {length}")));
                let orphans = count(&db, "pragma_foreign_key_check").await?;
                ensure!(orphans == sample::ORPHANS, "{orphans}");
                let columns = texts(
                    &db,
                    "SELECT name || ' ' || type FROM pragma_table_info('vip_subscribers')",
                )
                .await?;
                ensure!(
                    columns[5..]
                        == [
                            "token_id INTEGER",
                            "vip_entry_stage INTEGER",
                            "invite_link_sent_at TIMESTAMP",
                            "vip_entry_token VARCHAR(64)",
                        ]
                );
                ensure!(texts(&db, "PRAGMA journal_mode").await? == ["wal"]);
            }
        }
        let missing = sample::MISSING_PEOPLE.map(|id| id.to_string()).join(", ");
        ensure!(count(&db, &format!("users WHERE user_id IN ({missing})")).await? == 0);
        db.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_next_ids_are_free_on_postgres() -> Result<()> {
    if !Backend::Postgres.is_available() {
        return Ok(());
    }
    for flavour in Flavour::ALL {
        let db = predecessor::planted(Backend::Postgres, flavour).await?;
        let next = texts(&db, "SELECT CAST(nextval('invitation_tokens_id_seq') AS text)").await?;
        let [_, _, _, tokens, ..] = flavour.rows(Dialect::Postgres);
        ensure!(next == [(tokens + 1).to_string()], "{flavour:?} {next:?}");
        let sequence = "SELECT coalesce(pg_get_serial_sequence('bot_config', 'id'), 'none')";
        let has_none = texts(&db, sequence).await? == ["none"];
        ensure!(has_none == (flavour == Flavour::CreateAll));
        db.remove().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_crowd_comes_on_top() -> Result<()> {
    const PEOPLE: u32 = 1_000;
    for backend in backends() {
        for flavour in Flavour::ALL {
            let db = predecessor::planted(backend, flavour).await?;
            crowd::plant(&db.url_for_processes()?, flavour, PEOPLE).await?;
            let before = flavour.rows(db.url().dialect());
            let added = crowd::rows(PEOPLE.into());
            let expected: Vec<u64> = before
                .iter()
                .zip(added)
                .map(|(before, added)| before + added)
                .collect();
            ensure!(counts(&db).await? == expected, "{backend:?} {flavour:?}");
            if backend == Backend::SqliteFile {
                let odd = "users WHERE length(created_at) <> 26";
                ensure!(count(&db, odd).await? == 0);
                let orphans = count(&db, "pragma_foreign_key_check").await?;
                let before = if flavour == Flavour::HandAltered {
                    sample::ORPHANS
                } else {
                    0
                };
                ensure!(orphans == before, "{orphans}");
            }
            db.remove().await?;
        }
    }
    Ok(())
}

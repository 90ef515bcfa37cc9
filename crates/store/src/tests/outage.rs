//! PostgreSQL that goes away and comes back.

use std::time::Duration;

use domain::id::UserId;

use super::{Kind, lines, on, on_server, server};
use crate::{DatabaseUrl, Store, StoreError, StoreOptions, people};

fn is_away<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
}

#[test]
fn an_outage_is_told_and_survived() {
    on([Kind::Postgres], async |database| {
        let store = database
            .migrated_with(StoreOptions {
                acquire_timeout: Duration::from_secs(1),
                ..StoreOptions::default()
            })
            .await;
        let tx = store.begin().await.unwrap();
        let name = database.url.database_name();
        on_server(&[
            format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
            format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"),
        ])
        .await;
        is_away(people::find(&tx, UserId(1)).await);
        drop(tx);
        is_away(store.ping().await);
        is_away(store.begin().await);
        is_away(people::count(&store.read()).await);

        on_server(&[format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")]).await;
        assert_eq!(store.ping().await, Ok(()));
        assert_eq!(people::count(&store.read()).await, Ok(0));

        store.close().await;
        is_away(store.ping().await);
        is_away(store.begin().await);
    });
}

#[test]
fn a_closed_store_is_away() {
    on([Kind::Memory, Kind::File], async |database| {
        let store = database.migrated().await;
        assert_eq!(store.ping().await, Ok(()));
        store.close().await;
        is_away(store.ping().await);
        is_away(store.begin().await);
    });
}

#[test]
fn what_cannot_be_opened_is_away_and_its_credentials_are_not_told() {
    on([Kind::Postgres], async |database| {
        let options = StoreOptions {
            acquire_timeout: Duration::from_secs(1),
            ..StoreOptions::default()
        };
        let why = async |url: &str| {
            let url: DatabaseUrl = url.parse().unwrap();
            let error = Store::open(&url, &options).await.unwrap_err();
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
            error.to_string()
        };
        // Port 1 is reserved; nobody listens there.
        let error = why("postgresql://bob:hunter2@127.0.0.1:1/house").await;
        assert!(
            error.contains("no connection") && !error.contains("hunter2"),
            "{error}"
        );

        let mut url = url::Url::parse(&server().unwrap()).unwrap();
        url.set_path("no_such_database");
        let error = why(url.as_str()).await;
        assert!(error.contains("no database of that name"), "{error}");

        url.set_path(&database.url.database_name());
        let store = database.open().await;
        if lines(&store.read(), "SELECT current_setting('ssl') AS line").await == ["off"] {
            url.set_query(Some("sslmode=require"));
            let error = why(url.as_str()).await;
            assert!(error.contains("TLS"), "{error}");
            url.set_query(None);
        }

        url.set_username("nobody_at_all").unwrap();
        url.set_password(Some("hunter2")).unwrap();
        let error = why(url.as_str()).await;
        assert!(error.contains("not accepted"), "{error}");
        assert!(
            !error.contains("nobody_at_all") && !error.contains("hunter2"),
            "{error}"
        );
    });
}

//! The predecessor's value formats: its rows are read right, and ours would be read right by it.

use chrono::{DateTime, TimeDelta};
use domain::id::{RequestId, UserId};
use domain::money::Money;
use domain::package::{Category, PackageType};
use domain::person::Profile;
use domain::plan::NewPlan;
use domain::role::{Role, RoleChangeReason};
use domain::subscription::{Stage, Status};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use super::{Kind, lines, now, on, on_every_database, on_every_store, run_sql};
use crate::entity::{
    bot_config, content_packages, invitation_tokens, user_interests, user_role_change_log, users,
    vip_subscribers,
};
use crate::packages::NewPackage;
use crate::value::At;
use crate::{StoreError, packages, people, plans, requests, subscribers};

/// As SQLAlchemy leaves rows, on both databases (a 19-character time is one that the database made).
const ROWS: &str = r#"
    INSERT INTO bot_config (id, vip_channel_id, free_channel_id, wait_time_minutes, vip_reactions, free_reactions,
        subscription_fees, created_at, updated_at)
    VALUES (1, '-1001234567890', '', NULL, '["\ud83d\udd25", "\u2764\ufe0f"]', 'null', '{"monthly": 10, "yearly": 100}',
        '2026-01-02 03:04:05', NULL);
    INSERT INTO users VALUES (9007199254740991, 'ana', 'Ana', '', 'ADMIN', '2026-01-02 03:04:05.000000', '2026-01-02 03:04:05.000017');
    INSERT INTO users VALUES (2, '', 'Bruno', NULL, 'VIP', '2026-01-02 03:04:05.120000', '2026-01-02 03:04:05.120000');
    INSERT INTO subscription_plans VALUES (1, 'Mensual', 30, 9.99, '$', true, '2026-01-02 03:04:05.000000', 0);
    INSERT INTO subscription_plans VALUES (2, 'Anual', 365, 100, '$', false, '2026-01-02 03:04:05.000000', 0);
    INSERT INTO invitation_tokens VALUES (82, 'ABCDEFGHIJKLMNOP', 1, '2026-01-02 03:04:05.000000', 24, true, 2, NULL, 1);
    INSERT INTO vip_subscribers (id, user_id, join_date, expiry_date, status, vip_entry_stage, token_id)
    VALUES (4, 2, '2026-01-02 03:04:05.000000', '2026-02-01 03:04:05.500000', 'active', 2, 82);
    INSERT INTO free_channel_requests VALUES (1, 2, '2026-01-02 03:04:05.000000', false, NULL);
    INSERT INTO content_packages VALUES (1, 'Fotos', NULL, 9.99, 'FREE_CONTENT', 'STANDARD', NULL, true, '2026-01-02 03:04:05.000000', '2026-01-02 03:04:05.000000');
    INSERT INTO content_packages VALUES (2, 'Vídeo', '', 10.00, 'VIP_PREMIUM', 'BUNDLE', NULL, true, '2026-01-02 03:04:05.000000', '2026-01-02 03:04:05.000000');
    INSERT INTO content_packages VALUES (3, 'Gratis', NULL, NULL, 'FREE_CONTENT', 'COLLECTION', NULL, true, '2026-01-02 03:04:05.000000', '2026-01-02 03:04:05.000000');
    INSERT INTO user_interests VALUES (1, 2, 1, true, '2026-01-02 03:04:06.000001', '2026-01-02 03:04:05.000000');
    INSERT INTO user_role_change_log VALUES (1, 2, NULL, 'VIP', 0, 'VIP_ENTRY_COMPLETED', 'SYSTEM', 'null', '2026-01-02 03:04:05.000000');
    INSERT INTO user_role_change_log VALUES (2, 2, 'FREE', 'VIP', 1, 'MANUAL_CHANGE', 'ADMIN_PANEL', '{"a\u00f1o": 5}', '2026-01-02 03:04:05.000000');
"#;

fn at(text: &str) -> At {
    At(DateTime::parse_from_rfc3339(text).unwrap().to_utc())
}

#[test]
fn rows_of_the_predecessor_are_read() {
    on_every_store(async |store| {
        run_sql(&store, ROWS).await;
        let db = &store.read();

        let config = crate::bot_config::get(db).await.unwrap().unwrap();
        assert_eq!(config.vip_channel_id.as_deref(), Some("-1001234567890"));
        assert_eq!(config.free_channel_id, None, "an empty text is none");
        assert_eq!(config.wait_time_minutes, 5);
        assert_eq!(config.vip_reactions, ["🔥", "❤\u{fe0f}"]);
        assert_eq!(config.free_reactions, [""; 0], "the JSON text null is none");
        let row = bot_config::Entity::find_by_id(1).one(db).await.unwrap().unwrap();
        assert_eq!(
            row.subscription_fees.unwrap().0,
            json!({"monthly": 10, "yearly": 100})
        );
        assert_eq!(row.created_at, Some(at("2026-01-02T03:04:05Z")));
        assert_eq!(row.updated_at, None);

        let ana = people::known(db, UserId(9_007_199_254_740_991))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(ana.person.role, Role::Admin);
        assert_eq!(ana.person.profile.username.as_deref(), Some("ana"));
        assert_eq!(ana.person.profile.last_name, None);
        assert_eq!(ana.subscription, None);
        let bruno = people::known(db, UserId(2)).await.unwrap().unwrap();
        assert_eq!(bruno.person.created_at, at("2026-01-02T03:04:05.12Z").0);
        let subscription = bruno.subscription.unwrap().subscription;
        assert_eq!(subscription.status, Status::Active);
        assert_eq!(subscription.stage, Some(Stage::Second));
        assert_eq!(subscription.expiry, at("2026-02-01T03:04:05.5Z").0);

        let prices: Vec<String> = plans::list(db, plans::Which::All)
            .await
            .unwrap()
            .iter()
            .map(|p| p.price.to_string())
            .collect();
        assert_eq!(prices, ["9.99", "100.00"]);
        let token = invitation_tokens::Entity::find_by_id(82)
            .one(db)
            .await
            .unwrap()
            .unwrap();
        assert!(token.used && token.used_at.is_none());
        let request = requests::find(db, RequestId(1)).await.unwrap().unwrap();
        assert_eq!(request.requested_at, at("2026-01-02T03:04:05Z").0);
        let interest = user_interests::Entity::find_by_id(1)
            .one(db)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(interest.attended_at, Some(at("2026-01-02T03:04:06.000001Z")));

        let free = packages::list_active(db, Category::FreeContent, 10)
            .await
            .unwrap();
        let prices: Vec<_> = free
            .iter()
            .map(|p| (p.name.as_str(), p.price.map(|price| price.to_string())))
            .collect();
        assert_eq!(prices, [("Gratis", None), ("Fotos", Some("9.99".to_owned()))]);
        let premium = packages::list_active(db, Category::VipPremium, 10).await.unwrap();
        assert_eq!(
            premium[0].price,
            Some("10".parse().unwrap()),
            "a whole amount, which SQLite keeps as an integer"
        );
        assert_eq!(premium[0].description, None);
        assert_eq!(premium[0].package_type, PackageType::Bundle);

        let log = user_role_change_log::Entity::find()
            .order_by_asc(user_role_change_log::Column::Id)
            .all(db)
            .await
            .unwrap();
        assert_eq!(log[0].change_metadata, None);
        assert_eq!(log[0].previous_role, None);
        assert_eq!(log[0].reason.get(), Ok(RoleChangeReason::VipEntryCompleted));
        assert_eq!(log[1].previous_role.as_ref().unwrap().get(), Ok(Role::Free));
        assert_eq!(log[1].change_metadata.as_ref().unwrap().0, json!({"año": 5}));
    });
}

#[test]
fn what_only_sqlite_lets_in_is_read_too() {
    on([Kind::Memory], async |database| {
        let store = database.migrated().await;
        run_sql(
            &store,
            "INSERT INTO users VALUES (1, NULL, 'Ana', NULL, 'vip', '2026-01-02T03:04:05.5Z', '2026-01-02 03:04:05');
             INSERT INTO users VALUES (2, NULL, 'Bruno', NULL, 'owner', '2026-01-02', '2026-01-02 03:04:05');
             INSERT INTO users VALUES (3, NULL, 'Carla', NULL, 'FREE', 'ayer', '2026-01-02 03:04:05');
             INSERT INTO user_role_change_log VALUES (1, 1, 'free', 'Vip', 0, 'manual_change', 'SYSTEM', '5', '2026-01-02 03:04:05');",
        )
        .await;
        let db = &store.read();
        let ana = people::find(db, UserId(1)).await.unwrap().unwrap();
        assert_eq!(
            (ana.role, ana.created_at),
            (Role::Vip, at("2026-01-02T03:04:05.5Z").0)
        );
        let bruno = people::find(db, UserId(2)).await.unwrap().unwrap();
        assert_eq!(
            bruno.role,
            Role::Free,
            "a label that nobody knows shuts nobody out"
        );
        let error = people::find(db, UserId(3)).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Unreadable(what) if what.contains("created_at")),
            "{error:?}"
        );
        assert!(!error.to_string().contains("ayer"), "{error}");
        let log = user_role_change_log::Entity::find_by_id(1)
            .one(db)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(log.reason.get(), Ok(RoleChangeReason::ManualChange));
        assert_eq!(log.change_metadata.unwrap().0, json!(5));
    });
}

#[test]
fn our_rows_have_the_predecessors_form() {
    on_every_database(async |database| {
        let store = database.migrated().await;
        let written = store
            .write(async |tx| {
                people::insert_if_absent(tx, &Profile::new(UserId(1), "Ana", None, None), Role::Vip, now())
                    .await?;
                subscribers::grant(
                    tx,
                    &subscribers::Grant {
                        user: UserId(1),
                        token: "GRANT-1",
                        plan: None,
                        by: UserId(0),
                        expiry: now() + TimeDelta::nanoseconds(1_999),
                        stage: None,
                    },
                    now(),
                )
                .await?;
                plans::create(
                    tx,
                    &NewPlan::check("Mensual", 30, "10", "$", UserId(0)).unwrap(),
                    now(),
                )
                .await
                .unwrap();
                for price in ["9.99", "10"] {
                    let package = NewPackage {
                        name: "Fotos".to_owned(),
                        description: None,
                        price: Some(price.parse::<Money>().unwrap()),
                        category: Category::VipPremium,
                        package_type: PackageType::Standard,
                    };
                    packages::create(tx, &package, now()).await?;
                }
                crate::bot_config::ensure(
                    tx,
                    crate::bot_config::ConfigSeed {
                        vip_channel_id: Some(String::new()),
                        free_channel_id: None,
                        wait_time_minutes: 5,
                        free_channel_invite_link: None,
                    },
                    now(),
                )
                .await
            })
            .await;
        written.unwrap();
        let db = &store.read();
        let is_sqlite = database.kind != Kind::Postgres;

        let time = |column: &str, table: &str| match is_sqlite {
            true => {
                format!("SELECT {column} || ' ' || typeof({column}) || length({column}) AS line FROM {table}")
            }
            false => format!(
                "SELECT to_char({column}, 'YYYY-MM-DD HH24:MI:SS.US') || ' text26' AS line FROM {table}"
            ),
        };
        assert_eq!(
            lines(db, &time("created_at", "users")).await,
            ["2026-09-21 14:13:20.000000 text26"]
        );
        assert_eq!(
            lines(db, &time("expiry_date", "vip_subscribers")).await,
            ["2026-09-21 14:13:20.000001 text26"]
        );

        let labels = "SELECT CAST(role AS VARCHAR(20)) AS line FROM users
                      UNION ALL SELECT CAST(category AS VARCHAR(20)) FROM content_packages WHERE id = 1";
        assert_eq!(lines(db, labels).await, ["VIP", "VIP_PREMIUM"]);
        let config = "SELECT CAST(vip_reactions AS VARCHAR(99)) || ' ' || CAST(subscription_fees AS VARCHAR(99)) AS line
                      FROM bot_config WHERE vip_channel_id IS NULL AND social_x IS NULL";
        assert_eq!(lines(db, config).await, [r#"[] {"monthly": 10, "yearly": 100}"#]);
        if is_sqlite {
            let types = "SELECT typeof(price) || typeof(active) || active AS line FROM subscription_plans
                         UNION ALL SELECT typeof(price) || price FROM content_packages";
            assert_eq!(lines(db, types).await, ["realinteger1", "real9.99", "integer10"]);
            let token = "SELECT used || ' ' || status AS line FROM invitation_tokens, vip_subscribers";
            assert_eq!(lines(db, token).await, ["1 active"]);
        }
    });
}

#[test]
fn moments_are_equal_and_ordered_alike_on_both_databases() {
    // The same moments on every database: whole seconds, single microseconds, neighbours.
    let moments: Vec<At> = [0, 1, 999_999, 1_000_000, 1_000_001, 120_000, 500_000, 60_000_000]
        .into_iter()
        .map(|micros| At(now() + TimeDelta::microseconds(micros)))
        .collect();
    on_every_store(async |store| {
        let rows = moments.iter().zip(1..).map(|(moment, id)| users::ActiveModel {
            user_id: sea_orm::Set(id),
            username: sea_orm::Set(None),
            first_name: sea_orm::Set("Ana".to_owned()),
            last_name: sea_orm::Set(None),
            role: sea_orm::Set(Role::Free.into()),
            created_at: sea_orm::Set(*moment),
            updated_at: sea_orm::Set(*moment),
        });
        let inserted = store
            .write(async |tx| {
                Ok::<_, StoreError>(
                    users::Entity::insert_many(rows.clone())
                        .exec_without_returning(tx)
                        .await?,
                )
            })
            .await;
        assert_eq!(inserted, Ok(8));

        let db = &store.read();
        let mut sorted = moments.clone();
        sorted.sort();
        let stored = users::Entity::find()
            .order_by_asc(users::Column::CreatedAt)
            .all(db)
            .await
            .unwrap();
        assert_eq!(
            stored.iter().map(|row| row.created_at).collect::<Vec<_>>(),
            sorted
        );
        for moment in &moments {
            let created = users::Column::CreatedAt;
            for (condition, expected) in [
                (created.eq(*moment), 1),
                (
                    created.lte(*moment),
                    sorted.iter().filter(|other| *other <= moment).count(),
                ),
                (
                    created.lt(*moment),
                    sorted.iter().filter(|other| *other < moment).count(),
                ),
                (
                    created.gt(*moment),
                    sorted.iter().filter(|other| *other > moment).count(),
                ),
            ] {
                let found = users::Entity::find().filter(condition).all(db).await.unwrap();
                assert_eq!(found.len(), expected, "{moment:?}");
            }
        }
    });
}

#[test]
fn prices_come_back_to_the_cent() {
    let cents =
        (0i64..=9_999_999_999).prop_map(|cents| Money::new(rust_decimal::Decimal::new(cents, 2)).unwrap());
    on_every_database(async |database| {
        let store = database.migrated().await;
        let mut runner = TestRunner::deterministic();
        for _ in 0..50 {
            let price = cents.new_tree(&mut runner).unwrap().current();
            let package = NewPackage {
                name: "Fotos".to_owned(),
                description: None,
                price: Some(price),
                category: Category::FreeContent,
                package_type: PackageType::Standard,
            };
            let made = store
                .write(async |tx| packages::create(tx, &package, now()).await)
                .await
                .unwrap();
            let row = content_packages::Entity::find_by_id(made.id.0)
                .one(&store.read())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                (made.price, row.price.map(|price| price.0)),
                (Some(price), Some(price))
            );
        }
        assert!(
            vip_subscribers::Entity::find()
                .one(&store.read())
                .await
                .unwrap()
                .is_none()
        );
    });
}

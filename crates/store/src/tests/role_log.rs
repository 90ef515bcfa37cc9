//! The history of roles.

use domain::clock::Timestamp;
use domain::id::UserId;
use domain::role::{Role, RoleChangeReason, RoleChangeSource};
use serde_json::{Value, json};

use super::{Kind, later, lines, now, on, on_every_store, run_sql, spelled};
use crate::role_log::{self, LoggedRoleChange, RoleChange};
use crate::{Dialect, Store, StoreError};

const COLUMNS: [&str; 8] = [
    "user_id",
    "previous_role",
    "new_role",
    "changed_by",
    "reason",
    "change_source",
    "change_metadata",
    "changed_at",
];

/// Somebody becomes a member at the end of the ritual.
fn entry(user: i64) -> RoleChange {
    RoleChange {
        user: UserId(user),
        previous: None,
        new: Role::Vip,
        changed_by: UserId(0),
        reason: RoleChangeReason::VipEntryCompleted,
        source: RoleChangeSource::System,
        metadata: None,
    }
}

/// A custodian takes that back.
fn removal(user: i64) -> RoleChange {
    RoleChange {
        previous: Some(Role::Vip),
        new: Role::Free,
        changed_by: UserId(9),
        reason: RoleChangeReason::ManualChange,
        source: RoleChangeSource::AdminPanel,
        metadata: Some(json!({"año": 5})),
        ..entry(user)
    }
}

async fn append(store: &Store, change: &RoleChange, now: Timestamp) {
    let appended = store.write(async |tx| role_log::append(tx, change, now).await);
    appended.await.unwrap();
}

#[test]
fn the_history_of_a_person_begins_with_the_newest() {
    on_every_store(async |store| {
        let changes = [
            (entry(1), later(20)),
            (entry(2), later(30)),
            (removal(1), later(40)),
            (entry(1), later(40)),
            (removal(1), later(10)),
        ];
        for (change, at) in &changes {
            append(&store, change, *at).await;
        }
        let logged = |index: usize| {
            let (change, changed_at) = changes[index].clone();
            LoggedRoleChange { change, changed_at }
        };
        let db = &store.read();
        assert_eq!(
            role_log::of_person(db, UserId(1), 10).await,
            Ok([3, 2, 0, 4].map(logged).to_vec()),
            "of one moment the later row"
        );
        assert_eq!(
            role_log::of_person(db, UserId(1), 2).await,
            Ok([3, 2].map(logged).to_vec())
        );
        assert_eq!(role_log::of_person(db, UserId(3), 10).await, Ok(vec![]));
    });
}

#[test]
fn every_label_is_read_as_it_was_written() {
    on_every_store(async |store| {
        let mut written = Vec::new();
        for reason in RoleChangeReason::ALL {
            for source in RoleChangeSource::ALL {
                for role in Role::ALL {
                    written.push(RoleChange {
                        previous: Some(*role),
                        new: *role,
                        reason: *reason,
                        source: *source,
                        ..entry(1)
                    });
                }
            }
        }
        for change in &written {
            append(&store, change, now()).await;
        }
        let mut read: Vec<_> = role_log::of_person(&store.read(), UserId(1), 1000)
            .await
            .unwrap()
            .into_iter()
            .map(|logged| logged.change)
            .collect();
        read.reverse();
        assert_eq!(read, written);
    });
}

#[test]
fn a_label_that_nobody_knows_is_told() {
    let damages = [
        ("new_role", "role in the history"),
        ("previous_role", "role in the history"),
        ("reason", "reason of a role change in the history"),
        ("change_source", "source of a role change in the history"),
    ];
    on([Kind::Memory], async |database| {
        let store = database.migrated().await;
        for ((column, what), user) in damages.iter().zip(1..) {
            append(&store, &removal(user), now()).await;
            let damage = format!("UPDATE user_role_change_log SET {column} = 'x' WHERE user_id = {user}");
            run_sql(&store, &damage).await;
            assert_eq!(
                role_log::of_person(&store.read(), UserId(user), 10).await,
                Err(StoreError::Unreadable((*what).to_owned()))
            );
        }
    });
}

#[test]
fn rows_have_the_predecessors_form() {
    on_every_store(async |store| {
        append(&store, &entry(1), now()).await;
        append(&store, &removal(1), later(1)).await;
        let null = RoleChange {
            metadata: Some(Value::Null),
            ..entry(1)
        };
        append(&store, &null, later(2)).await;
        let expected = match store.dialect() {
            Dialect::Sqlite => [
                "1 NULL 'VIP' 0 'VIP_ENTRY_COMPLETED' 'SYSTEM' NULL '2026-09-21 14:13:20.000000'",
                r#"1 'VIP' 'FREE' 9 'MANUAL_CHANGE' 'ADMIN_PANEL' '{"a\u00f1o": 5}' '2026-09-21 14:13:21.000000'"#,
                "1 NULL 'VIP' 0 'VIP_ENTRY_COMPLETED' 'SYSTEM' NULL '2026-09-21 14:13:22.000000'",
            ],
            // A text with a backslash is spelled with two, as an E string.
            Dialect::Postgres => [
                "'1' NULL 'VIP' '0' 'VIP_ENTRY_COMPLETED' 'SYSTEM' NULL '2026-09-21 14:13:20'",
                r#"'1' 'VIP' 'FREE' '9' 'MANUAL_CHANGE' 'ADMIN_PANEL' E'{"a\\u00f1o": 5}' '2026-09-21 14:13:21'"#,
                "'1' NULL 'VIP' '0' 'VIP_ENTRY_COMPLETED' 'SYSTEM' NULL '2026-09-21 14:13:22'",
            ],
        };
        assert_eq!(spelled(&store, "user_role_change_log", &COLUMNS).await, expected);
        let read = role_log::of_person(&store.read(), UserId(1), 1).await.unwrap();
        assert_eq!(read[0].change.metadata, None);
        let metadata =
            "SELECT CAST(change_metadata AS VARCHAR(99)) AS line FROM user_role_change_log WHERE id = 2";
        assert_eq!(lines(&store.read(), metadata).await, [r#"{"a\u00f1o": 5}"#]);
    });
}

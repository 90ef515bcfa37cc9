//! Stored roles and what the history says of them.

use domain::id::UserId;
use domain::role::{Role, RoleChangeReason, RoleChangeSource};
use serde_json::json;

use super::outbox::changed;
use super::{Kind, add_people, held_up, later, now, on, on_every_store, run_sql};
use crate::people::{self, History, NewRole};
use crate::role_log::{self, LoggedRoleChange, RoleChange};
use crate::{Store, StoreError, Tx};

fn member(user: i64) -> NewRole {
    NewRole {
        user: UserId(user),
        role: Role::Vip,
        by: UserId(0),
        reason: RoleChangeReason::VipEntryCompleted,
        source: RoleChangeSource::System,
        metadata: Some(json!({"token": 3})),
    }
}

async fn set(tx: &Tx, new: &NewRole, history: History, seconds: i64) -> Result<bool, StoreError> {
    people::set_role(tx, new, history, later(seconds)).await
}

async fn history(store: &Store, user: i64) -> Vec<(Option<Role>, Role)> {
    let changes = role_log::of_person(&store.read(), UserId(user), 99)
        .await
        .unwrap();
    let mut pairs: Vec<_> = changes
        .into_iter()
        .map(|logged| (logged.change.previous, logged.change.new))
        .collect();
    pairs.reverse();
    pairs
}

#[test]
fn a_change_is_stored_with_the_true_role_before() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        let (told, asked) = crate::statements::scope(async {
            changed(&store, async |tx| set(tx, &member(7), History::Changes, 1).await).await
        })
        .await;
        assert!(told);
        assert_eq!(asked.count, 2);
        let person = people::find(&store.read(), UserId(7)).await.unwrap().unwrap();
        assert_eq!(person.role, Role::Vip);
        let expected = LoggedRoleChange {
            change: RoleChange {
                user: UserId(7),
                previous: Some(Role::Free),
                new: Role::Vip,
                changed_by: UserId(0),
                reason: RoleChangeReason::VipEntryCompleted,
                source: RoleChangeSource::System,
                metadata: Some(json!({"token": 3})),
            },
            changed_at: later(1),
        };
        let logged = role_log::of_person(&store.read(), UserId(7), 9).await;
        assert_eq!(logged, Ok(vec![expected]));
    });
}

#[test]
fn without_a_change_only_an_event_is_told() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        let visitor = NewRole {
            role: Role::Free,
            reason: RoleChangeReason::VipRedeemed,
            metadata: Some(serde_json::Value::Null),
            ..member(7)
        };
        let (told, asked) = crate::statements::scope(async {
            changed(&store, async |tx| set(tx, &visitor, History::Changes, 1).await).await
        })
        .await;
        assert!(!told);
        assert_eq!(asked.count, 1);
        assert_eq!(history(&store, 7).await, []);
        assert!(!changed(&store, async |tx| set(tx, &visitor, History::Events, 2).await).await);
        assert_eq!(history(&store, 7).await, [(Some(Role::Free), Role::Free)]);
        assert!(changed(&store, async |tx| set(tx, &member(7), History::Events, 3).await).await);
        assert_eq!(
            history(&store, 7).await.last(),
            Some(&(Some(Role::Free), Role::Vip))
        );

        assert!(!changed(&store, async |tx| set(tx, &member(8), History::Events, 4).await).await);
        assert_eq!(history(&store, 8).await, [], "nobody of that id is stored");
    });
}

#[test]
fn labels_that_occur_are_understood() {
    on([Kind::Memory, Kind::File], async |database| {
        let store = database.migrated().await;
        add_people(&store, [7, 8]).await;
        run_sql(&store, "UPDATE users SET role = 'vip' WHERE user_id = 7").await;
        run_sql(&store, "UPDATE users SET role = 'x' WHERE user_id = 8").await;
        assert!(!changed(&store, async |tx| set(tx, &member(7), History::Changes, 1).await).await);
        assert!(changed(&store, async |tx| set(tx, &member(8), History::Changes, 1).await).await);
        assert_eq!(history(&store, 8).await, [(None, Role::Vip)]);
    });
}

#[test]
fn of_two_changes_at_once_the_second_sees_the_first() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        add_people(&store, [7]).await;
        let first = store.begin().await.unwrap();
        assert_eq!(set(&first, &member(7), History::Changes, 1).await, Ok(true));
        let visitor = NewRole {
            role: Role::Free,
            ..member(7)
        };
        let second = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .write(async |tx| set(tx, &visitor, History::Changes, 2).await)
                    .await
            }
        });
        assert!(held_up(&store, &second).await);
        first.commit().await.unwrap();
        assert_eq!(second.await.unwrap(), Ok(true));
        let expected = [(Some(Role::Free), Role::Vip), (Some(Role::Vip), Role::Free)];
        assert_eq!(history(&store, 7).await, expected);
        let person = people::find(&store.read(), UserId(7)).await.unwrap().unwrap();
        assert_eq!((person.role, person.created_at), (Role::Free, now()));
    });
}

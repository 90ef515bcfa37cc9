//! Interests in packages.

use domain::clock::Timestamp;
use domain::id::{InterestId, PackageId, UserId};
use domain::package::{Category, PackageType};

use super::{add_people, at_once, breaks_a_foreign_key, later, now, on_every_store, spelled};
use crate::interests::{self, StoredInterest};
use crate::packages::{self, NewPackage};
use crate::{Dialect, Store, StoreError};

const COLUMNS: [&str; 5] = [
    "user_id",
    "package_id",
    "is_attended",
    "attended_at",
    "created_at",
];

async fn add_package(store: &Store) -> PackageId {
    let package = NewPackage {
        name: "Fotos".to_owned(),
        description: None,
        price: None,
        category: Category::FreeContent,
        package_type: PackageType::Standard,
    };
    let made = store.write(async |tx| packages::create(tx, &package, now()).await);
    made.await.unwrap().id
}

async fn add(store: &Store, user: i64, package: PackageId, now: Timestamp) -> Result<bool, StoreError> {
    store
        .write(async |tx| interests::add(tx, UserId(user), package, now).await)
        .await
}

async fn find(store: &Store, user: i64, package: PackageId) -> Option<StoredInterest> {
    let found = interests::find(&store.read(), UserId(user), package).await;
    found.unwrap()
}

async fn attend(store: &Store, id: InterestId, now: Timestamp) -> bool {
    let attended = store.write(async |tx| interests::attend(tx, id, now).await);
    attended.await.unwrap()
}

#[test]
fn an_interest_is_noted_once_and_attended_once() {
    on_every_store(async |store| {
        add_people(&store, [1, 2]).await;
        let (fotos, video) = (add_package(&store).await, add_package(&store).await);
        assert_eq!(find(&store, 1, fotos).await, None);
        for (user, package) in [(1, fotos), (1, video), (2, fotos)] {
            assert_eq!(add(&store, user, package, now()).await, Ok(true));
        }
        assert_eq!(add(&store, 1, fotos, later(60)).await, Ok(false));
        let noted = find(&store, 1, fotos).await.unwrap();
        let expected = StoredInterest {
            id: noted.id,
            user: UserId(1),
            package: fotos,
            created_at: now(),
            attended: false,
            attended_at: None,
        };
        assert_eq!(noted, expected);

        assert!(attend(&store, noted.id, later(90)).await);
        assert!(!attend(&store, noted.id, later(95)).await);
        assert!(!attend(&store, InterestId(999), later(95)).await, "there is none");
        let attended = StoredInterest {
            attended: true,
            attended_at: Some(later(90)),
            ..noted
        };
        assert_eq!(find(&store, 1, fotos).await, Some(attended));
        for (user, package) in [(1, video), (2, fotos)] {
            assert!(!find(&store, user, package).await.unwrap().attended);
        }
        assert_eq!(add(&store, 1, fotos, later(99)).await, Ok(false));
        assert_eq!(find(&store, 1, fotos).await, Some(attended), "it stays attended");
    });
}

#[test]
fn many_presses_at_once_are_one_interest() {
    on_every_store(async |store| {
        add_people(&store, [1]).await;
        let package = add_package(&store).await;
        let told = at_once(|_| {
            let store = store.clone();
            async move { add(&store, 1, package, now()).await.unwrap() }
        })
        .await;
        assert_eq!(told.into_iter().filter(|added| *added).count(), 1);
        assert_eq!(spelled(&store, "user_interests", &COLUMNS).await.len(), 1);
    });
}

#[test]
fn strangers_and_unknown_packages_are_refused() {
    on_every_store(async |store| {
        add_people(&store, [1]).await;
        let package = add_package(&store).await;
        for (user, package) in [(2, package), (1, PackageId(999))] {
            let refused = add(&store, user, package, now()).await.unwrap_err();
            assert!(breaks_a_foreign_key(&refused), "{refused:?}");
        }
    });
}

#[test]
fn rows_have_the_predecessors_form() {
    on_every_store(async |store| {
        add_people(&store, [1, 2]).await;
        let package = add_package(&store).await;
        for user in [1, 2] {
            assert_eq!(add(&store, user, package, now()).await, Ok(true));
        }
        let second = find(&store, 2, package).await.unwrap();
        assert!(attend(&store, second.id, later(1)).await);
        let expected = match store.dialect() {
            Dialect::Sqlite => [
                "1 1 0 NULL '2026-09-21 14:13:20.000000'",
                "2 1 1 '2026-09-21 14:13:21.000000' '2026-09-21 14:13:20.000000'",
            ],
            Dialect::Postgres => [
                "'1' '1' 'false' NULL '2026-09-21 14:13:20'",
                "'2' '1' 'true' '2026-09-21 14:13:21' '2026-09-21 14:13:20'",
            ],
        };
        assert_eq!(spelled(&store, "user_interests", &COLUMNS).await, expected);
    });
}

//! Invitations.

use domain::id::{PlanId, TokenId, UserId};
use domain::plan::NewPlan;
use domain::subscription::Stage;

use super::{
    Kind, add_people, at_once, breaks_a_foreign_key, held_up, later, now, on, on_every_database,
    on_every_store, spelled,
};
use crate::subscribers::{self, Grant};
use crate::tokens::{self, NewToken, StoredToken};
use crate::{Dialect, Store, StoreError, plans};

const COLUMNS: [&str; 8] = [
    "token",
    "generated_by",
    "created_at",
    "duration_hours",
    "used",
    "used_by",
    "used_at",
    "plan_id",
];

fn new(token: &str) -> NewToken<'_> {
    NewToken {
        token,
        by: UserId(9),
        valid_hours: 24,
        plan: None,
    }
}

async fn issue(store: &Store, token: &NewToken<'_>) -> Result<StoredToken, StoreError> {
    store
        .write(async |tx| tokens::issue(tx, token, now()).await)
        .await
}

async fn redeem(store: &Store, id: TokenId, by: i64) -> bool {
    let redeemed = store.write(async |tx| tokens::redeem(tx, id, UserId(by), later(60)).await);
    redeemed.await.unwrap()
}

#[test]
fn an_invitation_is_found_by_its_exact_text_and_opens_once() {
    on_every_store(async |store| {
        let plan = NewPlan::check("Mensual", 30, "9.99", "$", UserId(9)).unwrap();
        let plan = store
            .write(async |tx| plans::create(tx, &plan, now()).await)
            .await
            .unwrap();
        let issued = issue(
            &store,
            &NewToken {
                plan: Some(plan.id),
                ..new("Abc_-123")
            },
        )
        .await
        .unwrap();
        let other = issue(&store, &new("abc_-123")).await.unwrap();
        let expected = StoredToken {
            id: issued.id,
            token: "Abc_-123".to_owned(),
            by: UserId(9),
            created_at: now(),
            valid_hours: 24,
            used: false,
            used_by: None,
            used_at: None,
            plan: Some(plan.id),
        };
        assert_eq!(issued, expected);
        let db = &store.read();
        assert_eq!(tokens::find(db, "Abc_-123").await, Ok(Some(issued.clone())));
        assert_eq!(tokens::find(db, "ABC_-123").await, Ok(None));

        assert!(redeem(&store, issued.id, 7).await);
        assert!(!redeem(&store, issued.id, 7).await);
        assert!(!redeem(&store, issued.id, 8).await);
        assert!(!redeem(&store, TokenId(999), 8).await, "there is none");
        let used = StoredToken {
            used: true,
            used_by: Some(UserId(7)),
            used_at: Some(later(60)),
            ..issued
        };
        assert_eq!(tokens::find(db, "Abc_-123").await, Ok(Some(used)));
        assert_eq!(tokens::find(db, "abc_-123").await, Ok(Some(other)));
    });
}

#[test]
fn texts_are_unique_and_plans_exist() {
    on_every_store(async |store| {
        issue(&store, &new("T1")).await.unwrap();
        assert!(issue(&store, &new("T1")).await.unwrap_err().is_unique_violation());
        let no_plan = NewToken {
            plan: Some(PlanId(5)),
            ..new("T2")
        };
        let refused = issue(&store, &no_plan).await.unwrap_err();
        assert!(breaks_a_foreign_key(&refused), "{refused:?}");
        assert_eq!(tokens::find(&store.read(), "T2").await, Ok(None));
    });
}

#[test]
fn the_token_of_a_grant_cannot_be_redeemed() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        let grant = Grant {
            user: UserId(7),
            token: "GRANT-1",
            plan: None,
            by: UserId(0),
            expiry: later(3600),
            stage: Some(Stage::First),
        };
        store
            .write(async |tx| subscribers::grant(tx, &grant, now()).await)
            .await
            .unwrap();
        let token = tokens::find(&store.read(), "GRANT-1").await.unwrap().unwrap();
        assert_eq!((token.used_by, token.used_at), (Some(UserId(7)), Some(now())));
        assert!(!redeem(&store, token.id, 8).await);
    });
}

#[test]
fn of_several_at_once_one_redeems() {
    on_every_database(async |database| {
        let store = database.migrated().await;
        let other = match database.kind {
            Kind::Memory => store.clone(),
            Kind::File | Kind::Postgres => database.open().await,
        };
        let id = issue(&store, &new("T1")).await.unwrap().id;
        let told = at_once(|number| {
            let store = if number % 2 == 0 { &store } else { &other }.clone();
            async move { (number, redeem(&store, id, number).await) }
        })
        .await;
        let winners: Vec<_> = told.into_iter().filter(|(_, redeemed)| *redeemed).collect();
        assert_eq!(winners.len(), 1, "{winners:?}");
        let token = tokens::find(&store.read(), "T1").await.unwrap().unwrap();
        assert_eq!(token.used_by, Some(UserId(winners[0].0)));
    });
}

#[test]
fn whoever_comes_second_waits_for_the_first() {
    for committed in [true, false] {
        on([Kind::Postgres], async |database| {
            let store = database.migrated().await;
            let id = issue(&store, &new("T1")).await.unwrap().id;
            let first = store.begin().await.unwrap();
            assert_eq!(tokens::redeem(&first, id, UserId(1), later(60)).await, Ok(true));
            let second = tokio::spawn({
                let store = store.clone();
                async move { redeem(&store, id, 2).await }
            });
            assert!(held_up(&store, &second).await);
            if committed {
                first.commit().await.unwrap();
            } else {
                drop(first);
            }
            assert_eq!(second.await.unwrap(), !committed);
            let token = tokens::find(&store.read(), "T1").await.unwrap().unwrap();
            assert_eq!(token.used_by, Some(UserId(if committed { 1 } else { 2 })));
        });
    }
}

#[test]
fn rows_have_the_predecessors_form() {
    on_every_store(async |store| {
        issue(&store, &new("T1")).await.unwrap();
        let used = issue(&store, &new("T2")).await.unwrap();
        assert!(redeem(&store, used.id, 7).await);
        let expected = match store.dialect() {
            Dialect::Sqlite => [
                "'T1' 9 '2026-09-21 14:13:20.000000' 24 0 NULL NULL NULL",
                "'T2' 9 '2026-09-21 14:13:20.000000' 24 1 7 '2026-09-21 14:14:20.000000' NULL",
            ],
            Dialect::Postgres => [
                "'T1' '9' '2026-09-21 14:13:20' '24' 'false' NULL NULL NULL",
                "'T2' '9' '2026-09-21 14:13:20' '24' 'true' '7' '2026-09-21 14:14:20' NULL",
            ],
        };
        assert_eq!(spelled(&store, "invitation_tokens", &COLUMNS).await, expected);
    });
}

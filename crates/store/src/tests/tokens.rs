//! Tokens as the predecessor knows them.

use domain::id::{PlanId, UserId};
use domain::plan::NewPlan;
use domain::subscription::Stage;

use super::{add_people, breaks_a_foreign_key, later, now, on_every_store, spelled};
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

#[test]
fn a_token_is_found_by_its_exact_text() {
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
fn the_token_of_a_grant_is_used_from_the_beginning() {
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
        assert!(token.used);
    });
}

#[test]
fn rows_have_the_predecessors_form() {
    on_every_store(async |store| {
        issue(&store, &new("T1")).await.unwrap();
        let expected = match store.dialect() {
            Dialect::Sqlite => ["'T1' 9 '2026-09-21 14:13:20.000000' 24 0 NULL NULL NULL"],
            Dialect::Postgres => ["'T1' '9' '2026-09-21 14:13:20' '24' 'false' NULL NULL NULL"],
        };
        assert_eq!(spelled(&store, "invitation_tokens", &COLUMNS).await, expected);
    });
}

//! Dialogues and reachability: what the house remembers of people between their messages.

use chrono::TimeDelta;
use domain::id::UserId;

use super::{add_people, at_once, breaks_a_foreign_key, later, now, on_every_store, run_sql};
use crate::dialogues::{self, Dialogue, KEPT};
use crate::reachability::{self, Reachability};
use crate::{Store, StoreError, Tx, people};

const ANA: UserId = UserId(7);

fn at_step(step: &str) -> Dialogue {
    Dialogue {
        kind: "token".to_owned(),
        step: step.to_owned(),
        draft: "{\"plan\":1}".to_owned(),
        message_id: None,
        expires_at: later(3600),
    }
}

async fn changed<T>(store: &Store, change: impl AsyncFnOnce(&Tx) -> Result<T, StoreError>) -> T {
    store.write(change).await.unwrap()
}

#[test]
fn a_dialogue_advances_from_where_it_stands() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        let find = async |at| dialogues::find(&store.read(), ANA, at).await.unwrap();
        assert_eq!(find(now()).await, None);
        let first = changed(&store, async |tx| {
            dialogues::begin(tx, ANA, &at_step("plan"), now()).await
        })
        .await;
        let advance = async |version, step: &str, at| {
            let next = at_step(step);
            changed(&store, async |tx| {
                dialogues::advance(tx, ANA, version, &next, at).await
            })
            .await
        };
        let second = advance(first, "price", later(1)).await.unwrap();
        assert!(second > first);
        assert_eq!(
            advance(first, "name", later(1)).await,
            None,
            "it stands elsewhere"
        );
        assert!(
            changed(&store, async |tx| dialogues::set_message(tx, ANA, second, 55)
                .await)
            .await
        );
        assert!(
            !changed(&store, async |tx| dialogues::set_message(tx, ANA, first, 44)
                .await)
            .await
        );

        let stored = find(later(2)).await.unwrap();
        assert_eq!((stored.version, stored.updated_at), (second, later(1)));
        let expected = Dialogue {
            message_id: Some(55),
            ..at_step("price")
        };
        assert_eq!(stored.dialogue, expected);

        assert!(find(later(3600)).await.is_some(), "its last moment");
        assert_eq!(find(later(3601)).await, None);
        assert_eq!(advance(second, "name", later(3601)).await, None, "too late");
    });
}

#[test]
fn a_button_is_consumed_once() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        let version = changed(&store, async |tx| {
            dialogues::begin(tx, ANA, &at_step("sure"), now()).await
        })
        .await;
        let taps = at_once(|_| {
            let store = store.clone();
            async move {
                changed(&store, async |tx| {
                    dialogues::finish(tx, ANA, version, later(1)).await
                })
                .await
            }
        })
        .await;
        assert_eq!(taps.iter().filter(|won| **won).count(), 1);
        assert_eq!(dialogues::find(&store.read(), ANA, later(1)).await, Ok(None));
        assert!(!changed(&store, async |tx| dialogues::abandon(tx, ANA, later(1)).await).await);
    });
}

#[test]
fn no_version_comes_twice() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        let begin = async |at| {
            changed(&store, async |tx| {
                dialogues::begin(tx, ANA, &at_step("a"), at).await
            })
            .await
        };
        let sweep = async |at| changed(&store, async |tx| dialogues::sweep(tx, at).await).await;
        let mut seen = vec![begin(now()).await, begin(now()).await];
        assert!(changed(&store, async |tx| dialogues::abandon(tx, ANA, now()).await).await);
        assert_eq!(sweep(now() + KEPT - TimeDelta::seconds(1)).await, 0);
        seen.push(begin(now()).await);
        assert!(changed(&store, async |tx| dialogues::abandon(tx, ANA, later(1)).await).await);
        assert_eq!(sweep(later(1) + KEPT).await, 1);
        seen.push(begin(later(1) + KEPT).await);
        assert!(seen.is_sorted_by(|one, other| one < other), "{seen:?}");
    });
}

#[test]
fn what_belongs_to_a_person_goes_with_them() {
    on_every_store(async |store| {
        let unknown = store
            .write(async |tx| dialogues::begin(tx, ANA, &at_step("a"), now()).await)
            .await;
        assert!(breaks_a_foreign_key(&unknown.unwrap_err()));
        let noted = changed(&store, async |tx| {
            reachability::note_blocked(tx, ANA, "told", now()).await
        })
        .await;
        assert!(!noted, "nobody is made up");

        add_people(&store, [7]).await;
        changed(&store, async |tx| {
            dialogues::begin(tx, ANA, &at_step("a"), now()).await
        })
        .await;
        changed(&store, async |tx| {
            reachability::note_blocked(tx, ANA, "told", now()).await
        })
        .await;
        run_sql(&store, "DELETE FROM users").await;
        assert_eq!(dialogues::find(&store.read(), ANA, now()).await, Ok(None));
        assert_eq!(reachability::find(&store.read(), ANA).await, Ok(None));
    });
}

#[test]
fn the_newest_that_is_known_of_a_persons_reach_counts() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        let blocked = async |reason: &str, at| {
            changed(&store, async |tx| {
                reachability::note_blocked(tx, ANA, reason, at).await
            })
            .await
        };
        let reachable = async |at| {
            changed(&store, async |tx| {
                reachability::note_reachable(tx, ANA, "told", at).await
            })
            .await
        };
        let known = async || reachability::find(&store.read(), ANA).await.unwrap().unwrap();
        assert!(!reachable(now()).await, "nobody doubted it");
        assert_eq!(reachability::find(&store.read(), ANA).await, Ok(None));

        assert!(blocked("told", later(1)).await);
        assert!(blocked("refused", later(5)).await);
        let expected = Reachability {
            blocked_at: Some(later(1)),
            reason: "refused".to_owned(),
            changed_at: later(5),
        };
        assert_eq!(known().await, expected, "since the first time");
        assert!(!reachable(later(4)).await, "older news");
        assert!(reachable(later(6)).await);
        assert_eq!(known().await.blocked_at, None);
        assert!(!reachable(later(7)).await);
        assert!(!blocked("refused", later(5)).await, "older news");
        assert!(blocked("told", later(8)).await);
        assert_eq!(known().await.blocked_at, Some(later(8)));
    });
}

#[test]
fn what_an_answer_begins_with_is_found_at_once() {
    on_every_store(async |store| {
        let known = async || people::known(&store.read(), ANA).await.unwrap();
        assert_eq!(known().await, None);
        add_people(&store, [7]).await;
        let found = known().await.unwrap();
        assert!(!found.out_of_reach && found.dialogue_until.is_none() && found.subscription.is_none());
        assert_eq!(
            Some(found.person),
            people::find(&store.read(), ANA).await.unwrap()
        );

        let dialogue = at_step("a");
        changed(&store, async |tx| {
            dialogues::begin(tx, ANA, &dialogue, now()).await
        })
        .await;
        changed(&store, async |tx| {
            reachability::note_blocked(tx, ANA, "told", now()).await
        })
        .await;
        let found = known().await.unwrap();
        assert!(found.out_of_reach);
        assert_eq!(found.dialogue_until, Some(dialogue.expires_at));

        changed(&store, async |tx| {
            reachability::note_reachable(tx, ANA, "told", now()).await
        })
        .await;
        assert!(!known().await.unwrap().out_of_reach);
    });
}

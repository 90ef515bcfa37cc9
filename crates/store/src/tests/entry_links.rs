//! Personal links.

use domain::id::{ChatId, EntryLinkId, MessageId, UserId};

use super::outbox::changed;
use super::{Kind, held_up, later, now, on, on_every_store, run_sql};
use crate::entry_links::{self, CloseReason, EntryLink, NewEntryLink, Planned};
use crate::{Store, StoreError};

const ANA: UserId = UserId(7);
const HERE: ChatId = ChatId(-100);

fn new(outbox: i64) -> NewEntryLink {
    NewEntryLink {
        user: ANA,
        channel: HERE,
        outbox,
        expires_at: later(100),
    }
}

async fn plan(store: &Store, link: NewEntryLink, seconds: i64) -> Planned {
    changed(store, async |tx| {
        entry_links::plan(tx, &link, later(seconds)).await
    })
    .await
}

async fn record(store: &Store, id: EntryLinkId, url: &str) -> bool {
    changed(store, async |tx| {
        entry_links::record(tx, id, url, later(200)).await
    })
    .await
}

async fn find(store: &Store, id: EntryLinkId) -> EntryLink {
    entry_links::find(&store.read(), id).await.unwrap().unwrap()
}

#[test]
fn a_link_is_planned_made_shown_and_closed() {
    on_every_store(async |store| {
        let planned = plan(&store, new(31), 0).await;
        assert_eq!(planned.replaced, None);
        let mut expected = EntryLink {
            id: planned.id,
            user: ANA,
            channel: HERE,
            url: None,
            created_at: now(),
            expires_at: later(100),
            outbox: 31,
            shown: None,
            closed: None,
        };
        let db = &store.read();
        assert_eq!(find(&store, planned.id).await, expected);
        assert_eq!(entry_links::by_outbox(db, 31).await, Ok(Some(expected.clone())));
        assert_eq!(entry_links::by_outbox(db, 32).await, Ok(None));
        assert_eq!(expected.usable(now()), None);

        assert!(record(&store, planned.id, "https://t.me/+abc").await);
        assert!(!record(&store, planned.id, "https://t.me/+def").await, "once");
        let made = entry_links::by_url(db, "https://t.me/+abc")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(made.url.as_ref().unwrap().as_str(), "https://t.me/+abc");
        assert_eq!(format!("{:?}", made.url), "Some(EntryUrl(…))");
        expected.url.clone_from(&made.url);
        expected.expires_at = later(200);
        assert_eq!(made, expected);
        assert_eq!(entry_links::by_url(db, "https://t.me/+def").await, Ok(None));
        assert_eq!(made.usable(later(200)), made.url.as_ref());
        assert_eq!(made.usable(later(201)), None);

        let shown = (ChatId(7), MessageId(55));
        assert!(
            changed(&store, async |tx| entry_links::set_shown(
                tx, made.id, shown.0, shown.1
            )
            .await)
            .await
        );
        assert_eq!(
            entry_links::open_of(db, ANA, HERE).await.unwrap().unwrap().shown,
            Some(shown)
        );
        assert_eq!(entry_links::open_of(db, ANA, ChatId(-200)).await, Ok(None));
        assert_eq!(entry_links::open_of(db, UserId(8), HERE).await, Ok(None));

        let close = async |id, reason| {
            changed(&store, async |tx| {
                entry_links::close(tx, id, reason, later(9)).await
            })
            .await
        };
        assert!(close(made.id, CloseReason::Entered).await);
        assert!(!close(made.id, CloseReason::Revoked).await);
        assert!(!close(EntryLinkId(999), CloseReason::Revoked).await);
        let closed = find(&store, made.id).await;
        assert_eq!(
            (closed.closed, closed.usable(now())),
            (Some(CloseReason::Entered), None)
        );
        assert_eq!(entry_links::open_of(db, ANA, HERE).await, Ok(None));
        assert_eq!(
            entry_links::by_url(db, "https://t.me/+abc")
                .await
                .unwrap()
                .unwrap()
                .id,
            made.id
        );
    });
}

#[test]
fn a_new_link_takes_the_place_of_the_open_one() {
    on_every_store(async |store| {
        let first = plan(&store, new(1), 0).await;
        assert!(record(&store, first.id, "https://t.me/+1").await);
        let elsewhere = NewEntryLink {
            channel: ChatId(-200),
            ..new(2)
        };
        assert_eq!(plan(&store, elsewhere, 1).await.replaced, None, "another channel");
        let another = NewEntryLink {
            user: UserId(8),
            ..new(3)
        };
        assert_eq!(plan(&store, another, 1).await.replaced, None, "another person");

        let second = plan(&store, new(4), 2).await;
        assert!(second.id > first.id);
        let replaced = second.replaced.unwrap();
        assert_eq!(
            (replaced.id, replaced.closed),
            (first.id, Some(CloseReason::Replaced))
        );
        assert!(replaced.url.is_some());
        // Its time was over before; and one that was never made is just replaced.
        assert!(record(&store, second.id, "https://t.me/+2").await);
        let third = plan(&store, new(5), 201).await;
        assert_eq!(third.replaced.unwrap().closed, Some(CloseReason::Expired));
        let fourth = plan(&store, new(6), 999).await;
        assert_eq!(fourth.replaced.unwrap().closed, Some(CloseReason::Replaced));

        assert!(
            !record(&store, third.id, "https://t.me/+3").await,
            "closed in the meantime"
        );
        assert_eq!(find(&store, third.id).await.url, None);
    });
}

#[test]
fn all_links_of_a_person_are_closed_at_once() {
    on_every_store(async |store| {
        let one = plan(&store, new(1), 0).await.id;
        let elsewhere = NewEntryLink {
            channel: ChatId(-200),
            ..new(2)
        };
        let other = plan(&store, elsewhere, 0).await.id;
        let another = NewEntryLink {
            user: UserId(8),
            ..new(3)
        };
        let another = plan(&store, another, 0).await.id;
        let close = async |reason| {
            let closed = changed(&store, async |tx| {
                entry_links::close_all(tx, ANA, reason, later(5)).await
            })
            .await;
            let mut ids: Vec<_> = closed.into_iter().map(|link| link.id).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(close(CloseReason::Revoked).await, [one, other]);
        assert_eq!(close(CloseReason::Expired).await, []);
        assert_eq!(find(&store, one).await.closed, Some(CloseReason::Revoked));
        assert_eq!(find(&store, another).await.closed, None);
    });
}

#[test]
fn links_that_were_made_are_counted() {
    on_every_store(async |store| {
        for (number, seconds) in [(1, 0), (2, 10), (3, 20), (4, 30)] {
            let id = plan(&store, new(number), seconds).await.id;
            if number != 3 {
                assert!(record(&store, id, &format!("https://t.me/+{number}")).await);
            }
        }
        let made = async |since| entry_links::made_since(&store.read(), ANA, later(since)).await;
        assert_eq!(made(0).await, Ok(3));
        assert_eq!(made(10).await, Ok(2));
        assert_eq!(made(11).await, Ok(1));
        assert_eq!(made(31).await, Ok(0));
        assert_eq!(
            entry_links::made_since(&store.read(), UserId(8), now()).await,
            Ok(0)
        );
    });
}

#[test]
fn a_second_open_link_is_refused() {
    on_every_store(async |store| {
        plan(&store, new(1), 0).await;
        let refused = store
            .write(async |tx| {
                let insert = "INSERT INTO entry_links (user_id, channel_id, created_at, expires_at, outbox_id)
                              VALUES (7, -100, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', 9)";
                Ok::<_, StoreError>(sea_orm::ConnectionTrait::execute_unprepared(tx, insert).await.map(drop)?)
            })
            .await;
        assert!(refused.unwrap_err().is_unique_violation());
    });
}

#[test]
fn of_two_plans_at_once_one_fails_and_may_be_repeated() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let first = store.begin().await.unwrap();
        entry_links::plan(&first, &new(1), now()).await.unwrap();
        let second = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .write(async |tx| entry_links::plan(tx, &new(2), now()).await)
                    .await
            }
        });
        assert!(held_up(&store, &second).await);
        first.commit().await.unwrap();
        assert!(second.await.unwrap().unwrap_err().is_unique_violation());
        assert!(plan(&store, new(2), 1).await.replaced.is_some());
    });
}

#[test]
fn numbers_are_never_given_twice_and_links_outlive_their_owner() {
    on_every_store(async |store| {
        super::add_people(&store, [7]).await;
        let first = plan(&store, new(1), 0).await.id;
        run_sql(&store, "DELETE FROM users").await;
        assert_eq!(find(&store, first).await.user, ANA);
        assert!(plan(&store, new(2), 1).await.id > first);
    });
}

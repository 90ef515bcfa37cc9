//! Jobs: when they come around, and whose they are.

use super::outbox::{changed, raise};
use super::{held_up, later, now, on_every_store, on_postgres};
use crate::jobs::{self, StoredJob};

const NAME: &str = "expiry";

#[test]
fn a_job_comes_around() {
    on_every_store(async |store| {
        let load = async || jobs::load(&store.read(), NAME).await.unwrap();
        let db = store.change();
        let epoch = raise(&store).await;
        assert_eq!(load().await, StoredJob::default());
        assert_eq!(jobs::begin(&db, NAME, epoch, now()).await, Ok(true));
        let mut expected = StoredJob {
            epoch,
            started_at: Some(now()),
            ..StoredJob::default()
        };
        assert_eq!(load().await, expected);
        assert!(
            changed(&store, async |tx| jobs::set_cursor(tx, NAME, epoch, Some("[7]"))
                .await)
            .await
        );
        expected.cursor = Some("[7]".to_owned());

        for failures in [1, 2] {
            let failed = jobs::fail(&db, NAME, epoch, "timed out", later(5)).await;
            assert_eq!(failed, Ok(Some(later(5))));
            expected.failures = failures;
        }
        expected.next_run = Some(later(5));
        expected.failure = Some("timed out".to_owned());
        assert_eq!(load().await, expected);

        assert_eq!(jobs::begin(&db, NAME, epoch, later(5)).await, Ok(true));
        assert_eq!(load().await.next_run, None, "a run that dies is repeated");
        let done = jobs::succeed(&db, NAME, epoch, later(6), later(60)).await;
        assert_eq!(done, Ok(Some(later(60))));
        let expected = StoredJob {
            started_at: Some(later(5)),
            last_success: Some(later(6)),
            next_run: Some(later(60)),
            failures: 0,
            failure: None,
            ..expected
        };
        assert_eq!(load().await, expected);
        assert_eq!(jobs::begin(&db, "another", epoch, later(5)).await, Ok(true));
        let names: Vec<String> = jobs::all(&store.read())
            .await
            .unwrap()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["another", NAME]);
    });
}

#[test]
fn a_job_can_be_hastened_also_while_it_runs() {
    on_every_store(async |store| {
        let db = store.change();
        let epoch = raise(&store).await;
        assert_eq!(jobs::hasten(&db, NAME, now()).await, Ok(false), "it never ran");
        jobs::begin(&db, NAME, epoch, now()).await.unwrap();
        assert_eq!(jobs::hasten(&db, NAME, later(9)).await, Ok(true));
        assert_eq!(jobs::hasten(&db, NAME, later(10)).await, Ok(false));
        assert_eq!(
            jobs::succeed(&db, NAME, epoch, now(), later(60)).await,
            Ok(Some(later(9)))
        );
        assert_eq!(jobs::hasten(&db, NAME, later(1)).await, Ok(true));
        let stored = jobs::load(&store.read(), NAME).await.unwrap();
        assert_eq!(stored.next_run, Some(later(1)));
    });
}

#[test]
fn who_has_lost_the_house_runs_nothing() {
    on_every_store(async |store| {
        let db = store.change();
        let old = raise(&store).await;
        let still_mine =
            async |epoch| changed(&store, async |tx| jobs::still_mine(tx, NAME, epoch).await).await;
        jobs::begin(&db, NAME, old, now()).await.unwrap();
        assert!(still_mine(old).await);
        let new = raise(&store).await;
        let before = jobs::load(&store.read(), NAME).await.unwrap();
        assert!(!still_mine(old).await && !still_mine(new).await);
        assert_eq!(jobs::begin(&db, NAME, old, later(1)).await, Ok(false));
        assert_eq!(jobs::succeed(&db, NAME, old, later(1), later(2)).await, Ok(None));
        assert_eq!(jobs::fail(&db, NAME, old, "x", later(2)).await, Ok(None));
        assert!(!changed(&store, async |tx| jobs::set_cursor(tx, NAME, old, None).await).await);
        assert_eq!(jobs::load(&store.read(), NAME).await.unwrap(), before);
        assert_eq!(jobs::begin(&db, NAME, new, later(3)).await, Ok(true));
        assert!(still_mine(new).await);
    });
}

#[test]
fn the_next_epoch_waits_for_what_the_last_one_is_writing() {
    on_postgres(async |store| {
        let old = raise(&store).await;
        jobs::begin(&store.change(), NAME, old, now()).await.unwrap();
        let writing = store.begin().await.unwrap();
        assert_eq!(jobs::still_mine(&writing, NAME, old).await, Ok(true));
        let new = raise(&store).await;
        let beginning = tokio::spawn({
            let store = store.clone();
            async move { jobs::begin(&store.change(), NAME, new, later(1)).await }
        });
        assert!(held_up(&store, &beginning).await);
        writing.commit().await.unwrap();
        assert_eq!(beginning.await.unwrap(), Ok(true));
    });
}

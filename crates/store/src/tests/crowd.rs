//! More work at once than there are connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use domain::id::UserId;
use domain::person::Profile;
use domain::role::Role;
use tokio::sync::Semaphore;

use super::{Kind, now, on};
use crate::{Store, StoreError, StoreOptions, Tx, people};

const UNITS: i64 = 40;
const POOL: u32 = 5;

fn narrow(wait: Duration) -> StoreOptions {
    StoreOptions {
        max_connections: POOL,
        acquire_timeout: wait,
        ..StoreOptions::default()
    }
}

async fn add(tx: &Tx, id: i64) -> Result<bool, StoreError> {
    let profile = Profile::new(UserId(id), "Ana", None, None);
    people::insert_if_absent(tx, &profile, Role::Free, now()).await
}

#[test]
fn a_crowd_of_short_units_gets_through() {
    on([Kind::Memory, Kind::File, Kind::Postgres], async |database| {
        let store = database.migrated_with(narrow(Duration::from_secs(30))).await;
        let units: Vec<_> = (0..UNITS)
            .map(|id| {
                let store: Store = store.clone();
                tokio::spawn(async move {
                    store
                        .write(async |tx| {
                            people::find(tx, UserId(id)).await?;
                            add(tx, id).await
                        })
                        .await
                })
            })
            .collect();
        for unit in units {
            assert_eq!(unit.await.unwrap(), Ok(true));
        }
        assert_eq!(people::count(&store.read()).await, Ok(40));
        assert_eq!((store.writers().in_use, store.readers().in_use), (0, 0));
    });
}

#[test]
fn who_comes_too_late_is_told_and_the_runtime_goes_on() {
    on([Kind::File, Kind::Postgres], async |database| {
        let wait = Duration::from_secs(1);
        let store = database.migrated_with(narrow(wait)).await;
        let at_once = store.writers().size;
        // Opening connections is not what is waited for here.
        let mut opened = Vec::new();
        for _ in 0..at_once {
            opened.push(store.begin().await.unwrap());
        }
        drop(opened);
        let leave = Arc::new(Semaphore::new(0));
        let beats = Arc::new(AtomicU32::new(0));
        let heart = {
            let beats = Arc::clone(&beats);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    beats.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let (told, mut refusals) = tokio::sync::mpsc::unbounded_channel();
        let units: Vec<_> = (0..UNITS)
            .map(|id| {
                let (store, leave, told) = (store.clone(), Arc::clone(&leave), told.clone());
                tokio::spawn(async move {
                    let started = Instant::now();
                    let done = store
                        .write(async |tx| {
                            add(tx, id).await?;
                            // Keeps its connection until all others have been told.
                            leave.acquire().await.expect("never closed").forget();
                            Ok::<_, StoreError>(())
                        })
                        .await;
                    if done.is_err() {
                        let _ = told.send(started.elapsed());
                    }
                    done
                })
            })
            .collect();
        let late = usize::try_from(UNITS).unwrap() - at_once;
        for _ in 0..late {
            let waited = refusals.recv().await.unwrap();
            assert!(waited >= wait, "each waits as long as was agreed");
        }
        assert!(
            beats.load(Ordering::Relaxed) >= 4,
            "other tasks ran while the house was full"
        );
        leave.add_permits(at_once);
        let mut outcomes = Vec::new();
        for unit in units {
            outcomes.push(unit.await.unwrap());
        }
        heart.abort();
        assert_eq!(outcomes.iter().filter(|done| done.is_ok()).count(), at_once);
        let busy = outcomes.iter().filter(|done| **done == Err(StoreError::Busy));
        assert_eq!(busy.count(), late);
        assert_eq!(
            people::count(&store.read()).await,
            Ok(at_once.try_into().unwrap())
        );
        assert!(
            store.write(async |tx| add(tx, 99).await).await.is_ok(),
            "room again"
        );
    });
}

#[test]
fn a_crowd_of_readers_waits_its_turn() {
    on([Kind::Memory, Kind::File, Kind::Postgres], async |database| {
        let store = database.migrated_with(narrow(Duration::from_secs(30))).await;
        let reads: Vec<_> = (0..UNITS)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { people::count(&store.read()).await })
            })
            .collect();
        for read in reads {
            assert_eq!(read.await.unwrap(), Ok(0));
        }
    });
}

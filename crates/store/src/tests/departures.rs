//! The way out: ending, releasing, coming back, being let stay; what holds it, and who is exempt.

use chrono::TimeDelta;
use domain::brakes::HoldReason;
use domain::clock::Timestamp;
use domain::id::{DepartureId, SubscriberId, UserId};
use domain::redemption::{Redemption, RedemptionKind};
use domain::role::Role;

use super::outbox::changed;
use super::{Kind, add_people, at_once, held_up, later, lines, now, on, on_every_store, run_sql};
use crate::departures::{self, Departure, DepartureFigures, Ended, SETTLED_KEPT, SWEPT_AT_ONCE};
use crate::exemptions::{self, Exemption};
use crate::holds::{self, Hold};
use crate::statements::scope;
use crate::subscribers::{self, Grant};
use crate::{Store, StoreError, Tx, people};

/// Makes members of people, until so many seconds from now; their rows are numbered from 1.
pub(super) async fn members(store: &Store, ends: &[(i64, i64)]) {
    add_people(store, ends.iter().map(|(user, _)| *user)).await;
    let granted: Result<(), StoreError> = store
        .write(async |tx| {
            for (user, seconds) in ends {
                let grant = Grant {
                    user: UserId(*user),
                    token: &format!("GRANT{user}"),
                    plan: None,
                    by: UserId(0),
                    expiry: later(*seconds),
                    stage: None,
                };
                subscribers::grant(tx, &grant, now() - TimeDelta::days(30)).await?;
            }
            Ok(())
        })
        .await;
    granted.unwrap();
    run_sql(store, "UPDATE users SET role = 'VIP'").await;
}

pub(super) async fn end(store: &Store, cutoff: Timestamp, limit: u32) -> Vec<Ended> {
    changed(store, async |tx| {
        departures::end(tx, cutoff, limit, later(1000)).await
    })
    .await
}

pub(super) async fn renewed(tx: &Tx, user: i64, expiry: Timestamp) -> Result<bool, StoreError> {
    let stored = subscribers::find(tx, UserId(user)).await?.unwrap();
    let redemption = Redemption {
        expiry,
        stage: None,
        kind: RedemptionKind::Renewal,
    };
    subscribers::apply_redemption(
        tx,
        UserId(user),
        stored.token,
        Some(&stored),
        &redemption,
        later(1000),
    )
    .await
}

async fn due(store: &Store) -> Vec<Departure> {
    let due = departures::due(&store.read(), DepartureId(0), None, 100).await;
    due.unwrap().into_iter().map(|(departure, _)| departure).collect()
}

async fn release(store: &Store, ids: &[DepartureId]) -> Vec<i64> {
    let released = changed(store, async |tx| departures::release(tx, ids, later(1100)).await).await;
    released.into_iter().map(|departure| departure.user.0).collect()
}

/// `user state`, by number.
async fn states(store: &Store) -> Vec<String> {
    let query = "SELECT CAST(user_id AS text) || ' ' || state AS line FROM departures ORDER BY id";
    lines(&store.read(), query).await
}

fn ids(due: &[Departure]) -> Vec<DepartureId> {
    due.iter().map(|departure| departure.id).collect()
}

#[test]
fn memberships_end_in_the_order_of_their_ends() {
    on_every_store(async |store| {
        members(&store, &[(1, 30), (2, 10), (3, 20), (4, 40), (5, 50)]).await;
        run_sql(
            &store,
            "UPDATE users SET role = 'ADMIN' WHERE user_id = 2;
             UPDATE users SET role = 'FREE' WHERE user_id = 3;
             UPDATE vip_subscribers SET status = ' Active', vip_entry_stage = 3 WHERE user_id = 1;
             UPDATE vip_subscribers SET status = 'expired' WHERE user_id = 5",
        )
        .await;
        assert_eq!(subscribers::count_active(&store.read()).await, Ok(4));
        assert_eq!(subscribers::next_end(&store.read()).await, Ok(Some(later(10))));
        let ended = |user: i64, seconds: i64, lost_role: Option<Role>| Ended {
            user: UserId(user),
            subscription: SubscriberId(user.try_into().unwrap()),
            expiry: later(seconds),
            lost_role,
        };
        let (first, asked) = scope(end(&store, later(40), 2)).await;
        assert_eq!(first, [ended(2, 10, None), ended(3, 20, None)]);
        assert_eq!(asked.count, 4);
        let second = end(&store, later(40), 2).await;
        assert_eq!(
            second,
            [ended(1, 30, Some(Role::Vip))],
            "that moment itself counts"
        );
        assert_eq!(end(&store, later(40), 2).await, []);

        let role = async |user| {
            people::find(&store.read(), UserId(user))
                .await
                .unwrap()
                .unwrap()
                .role
        };
        assert_eq!(
            (role(1).await, role(2).await, role(4).await),
            (Role::Free, Role::Admin, Role::Vip)
        );
        let over = subscribers::find(&store.read(), UserId(1))
            .await
            .unwrap()
            .unwrap();
        assert!(!over.subscription.is_valid(now()));
        assert_eq!(over.subscription.stage, None);
        assert_eq!(subscribers::count_active(&store.read()).await, Ok(1));
        assert_eq!(subscribers::next_end(&store.read()).await, Ok(Some(later(40))));
        let expected: Vec<_> = [(1, 2, 10), (2, 3, 20), (3, 1, 30)]
            .map(|(id, user, seconds)| Departure {
                id: DepartureId(id),
                user: UserId(user),
                expiry: later(seconds),
                ended_at: later(1000),
            })
            .to_vec();
        assert_eq!(due(&store).await, expected);
    });
}

#[test]
fn departures_are_listed_with_names_page_by_page() {
    on_every_store(async |store| {
        members(&store, &[(1, 1), (2, 2), (3, 3), (4, 4)]).await;
        end(&store, later(50), 100).await;
        run_sql(&store, "INSERT INTO departures (user_id, expiry, ended_at, state) VALUES (99, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', 'DUE')").await;
        let page = async |after, up_to: Option<i64>, limit| {
            let up_to = up_to.map(DepartureId);
            let page = departures::due(&store.read(), DepartureId(after), up_to, limit)
                .await
                .unwrap();
            let named = page
                .into_iter()
                .map(|(departure, profile)| (departure.user.0, profile.map(|profile| profile.first_name)));
            named.collect::<Vec<_>>()
        };
        let ana = || Some("Ana".to_owned());
        assert_eq!(page(0, None, 2).await, [(1, ana()), (2, ana())]);
        assert_eq!(page(2, Some(3), 9).await, [(3, ana())]);
        assert_eq!(page(3, None, 9).await, [(4, ana()), (99, None)]);
        let figures = departures::figures(&store.read(), later(1100)).await.unwrap();
        let mut expected = DepartureFigures {
            due: 5,
            newest: Some(DepartureId(5)),
            released: 0,
        };
        assert_eq!(figures, expected);
        assert_eq!(release(&store, &[DepartureId(5), DepartureId(1)]).await, [1, 99]);
        (expected.due, expected.newest, expected.released) = (3, Some(DepartureId(4)), 2);
        assert_eq!(
            departures::figures(&store.read(), later(1100)).await,
            Ok(expected)
        );
        expected.released = 0;
        assert_eq!(
            departures::figures(&store.read(), later(1101)).await,
            Ok(expected)
        );
    });
}

#[test]
fn whoever_is_back_is_not_released() {
    on_every_store(async |store| {
        members(&store, &[(1, 1), (2, 2), (3, 3), (4, 4)]).await;
        end(&store, later(50), 100).await;
        let ids = ids(&due(&store).await);
        assert!(
            changed(&store, async |tx| {
                renewed(tx, 1, later(9000)).await?;
                departures::renew(tx, UserId(1), later(1050)).await
            })
            .await
        );
        assert!(
            !changed(&store, async |tx| departures::renew(tx, UserId(1), later(1050))
                .await)
            .await
        );
        assert!(
            changed(&store, async |tx| renewed(tx, 2, later(9000)).await).await,
            "nobody said so"
        );
        assert!(
            changed(&store, async |tx| departures::spare(tx, ids[2], later(1050))
                .await)
            .await
        );
        assert!(
            !changed(&store, async |tx| departures::spare(tx, ids[2], later(1050))
                .await)
            .await
        );
        let (released, asked) = scope(release(&store, &ids)).await;
        assert_eq!(released, [4]);
        assert_eq!(asked.count, 2);
        assert_eq!(release(&store, &ids).await, [0; 0]);
        assert_eq!(release(&store, &[]).await, [0; 0]);
        assert_eq!(
            states(&store).await,
            ["1 RENEWED", "2 RENEWED", "3 SPARED", "4 RELEASED"]
        );
    });
}

#[test]
fn whoever_is_found_inside_departs_again_under_a_new_number() {
    on_every_store(async |store| {
        members(&store, &[(1, 1), (2, 2), (3, 9000)]).await;
        add_people(&store, [4]).await;
        end(&store, later(50), 100).await;
        let listed = ids(&due(&store).await);
        let reopen = async |user: i64| {
            changed(&store, async |tx| {
                departures::reopen(tx, UserId(user), later(2000)).await
            })
            .await
        };
        assert!(!reopen(1).await, "it is due");
        release(&store, &listed[..1]).await;
        changed(&store, async |tx| {
            departures::spare(tx, listed[1], later(1050)).await
        })
        .await;
        assert!(reopen(1).await);
        assert!(!reopen(1).await);
        assert!(!reopen(2).await, "they were let stay");
        assert!(!reopen(3).await, "a member");
        assert!(!reopen(4).await, "never a member");
        let again = due(&store).await;
        assert_eq!(again.len(), 1);
        assert!(again[0].id > listed[1]);
        assert_eq!(
            (again[0].user, again[0].expiry, again[0].ended_at),
            (UserId(1), later(1), later(2000))
        );
        assert_eq!(
            release(&store, &listed).await,
            [0; 0],
            "the list that was seen does not cover it"
        );
        assert_eq!(release(&store, &ids(&again)).await, [1]);

        changed(&store, async |tx| renewed(tx, 1, later(60)).await).await;
        let before = due(&store).await.len();
        assert_eq!(end(&store, later(100), 100).await.len(), 1);
        assert_eq!(
            due(&store).await.len(),
            before + 1,
            "another end, another departure"
        );
    });
}

#[test]
fn an_end_takes_the_place_of_one_that_is_due() {
    on_every_store(async |store| {
        members(&store, &[(1, 1)]).await;
        end(&store, later(50), 100).await;
        changed(&store, async |tx| renewed(tx, 1, later(60)).await).await;
        end(&store, later(100), 100).await;
        assert_eq!(states(&store).await, ["1 RENEWED", "1 DUE"]);
        assert_eq!(due(&store).await[0].expiry, later(60));
    });
}

#[test]
fn of_two_releases_one_counts() {
    on_every_store(async |store| {
        members(&store, &[(1, 1), (2, 2)]).await;
        end(&store, later(50), 100).await;
        let ids = ids(&due(&store).await);
        let released = at_once(|_| {
            let (store, ids) = (store.clone(), ids.clone());
            async move { release(&store, &ids).await }
        })
        .await;
        let all: Vec<i64> = released.into_iter().flatten().collect();
        assert_eq!(all, [1, 2]);
    });
}

#[test]
fn a_release_and_a_renewal_have_one_winner() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        members(&store, &[(1, 1), (2, 2)]).await;
        end(&store, later(50), 100).await;
        let ids = ids(&due(&store).await);
        let renewing = store.begin().await.unwrap();
        assert_eq!(renewed(&renewing, 1, later(9000)).await, Ok(true));
        assert_eq!(
            departures::renew(&renewing, UserId(1), later(1050)).await,
            Ok(true)
        );
        let releasing = tokio::spawn({
            let (store, ids) = (store.clone(), ids.clone());
            async move { release(&store, &ids).await }
        });
        assert!(held_up(&store, &releasing).await);
        renewing.commit().await.unwrap();
        assert_eq!(releasing.await.unwrap(), [2]);

        members(&store, &[(3, 3)]).await;
        end(&store, later(50), 100).await;
        let third = due(&store).await[0].id;
        let releasing = store.begin().await.unwrap();
        assert_eq!(
            departures::release(&releasing, &[third], later(1100))
                .await
                .unwrap()
                .len(),
            1
        );
        let renewing = tokio::spawn({
            let store = store.clone();
            async move {
                changed(&store, async |tx| {
                    departures::renew(tx, UserId(3), later(1050)).await
                })
                .await
            }
        });
        assert!(held_up(&store, &renewing).await);
        releasing.commit().await.unwrap();
        assert!(!renewing.await.unwrap());
    });
}

#[test]
fn an_end_and_an_extension_have_one_winner() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        members(&store, &[(1, 1)]).await;
        let extending = store.begin().await.unwrap();
        assert_eq!(renewed(&extending, 1, later(9000)).await, Ok(true));
        let ending = tokio::spawn({
            let store = store.clone();
            async move { end(&store, later(50), 100).await }
        });
        assert!(held_up(&store, &ending).await);
        extending.commit().await.unwrap();
        assert_eq!(ending.await.unwrap(), []);
        assert_eq!(subscribers::count_active(&store.read()).await, Ok(1));
    });
}

#[test]
fn settled_departures_go_in_the_end() {
    on_every_store(async |store| {
        let old = (now() - SETTLED_KEPT - TimeDelta::seconds(1)).naive_utc();
        let fresh = (now() - SETTLED_KEPT).naive_utc();
        let row = |user: u64, state: &str, settled: &str| {
            format!(
                "({user}, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', '{state}', {settled})"
            )
        };
        let mut rows: Vec<String> = (0..SWEPT_AT_ONCE + 2)
            .map(|user| row(user, "RELEASED", &format!("'{old}.000000'")))
            .collect();
        rows.push(row(1, "DUE", "NULL"));
        rows.push(row(2, "SPARED", &format!("'{fresh}.000000'")));
        rows.push(row(3, "RENEWED", &format!("'{old}.000000'")));
        run_sql(
            &store,
            &format!(
                "INSERT INTO departures (user_id, expiry, ended_at, state, settled_at) VALUES {}",
                rows.join(", ")
            ),
        )
        .await;
        let sweep = async || changed(&store, async |tx| departures::sweep(tx, now()).await).await;
        assert_eq!(sweep().await, SWEPT_AT_ONCE);
        assert_eq!(sweep().await, 2);
        assert_eq!(sweep().await, 0);
        assert_eq!(
            states(&store).await,
            ["1 DUE", "2 SPARED", "3 RENEWED"],
            "the last one stays"
        );
    });
}

#[test]
fn a_hold_is_for_a_reason_and_told_once() {
    on_every_store(async |store| {
        let set = async |reason, seconds| {
            changed(&store, async |tx| holds::set(tx, reason, later(seconds)).await).await
        };
        let told = async |reason| changed(&store, async |tx| holds::told(tx, reason, later(9)).await).await;
        let clear =
            async |reasons: &[HoldReason]| changed(&store, async |tx| holds::clear(tx, reasons).await).await;
        assert_eq!(holds::all(&store.read()).await, Ok(vec![]));
        assert!(set(HoldReason::Cap, 2).await);
        assert!(set(HoldReason::Stale, 1).await);
        assert!(!set(HoldReason::Cap, 3).await);
        assert!(told(HoldReason::Cap).await);
        assert!(!told(HoldReason::Cap).await && !told(HoldReason::Clock).await);
        let hold = |reason, seconds, told_at| Hold {
            reason,
            since: later(seconds),
            told_at,
        };
        let expected = [
            hold(HoldReason::Stale, 1, None),
            hold(HoldReason::Cap, 2, Some(later(9))),
        ];
        assert_eq!(holds::all(&store.read()).await.unwrap(), expected);
        assert_eq!(clear(&[]).await, 0);
        assert_eq!(clear(HoldReason::ALL).await, 2);
        assert!(set(HoldReason::Cap, 4).await);
        assert!(told(HoldReason::Cap).await, "another hold");

        run_sql(&store, "UPDATE holds SET reason = 'LATER_REASON'").await;
        assert!(matches!(
            holds::all(&store.read()).await,
            Err(StoreError::Unreadable(_))
        ));
    });
}

#[test]
fn guests_are_exempt_until_they_are_not() {
    on_every_store(async |store| {
        let add = async |user, by, seconds| {
            changed(&store, async |tx| {
                exemptions::add(tx, UserId(user), UserId(by), later(seconds)).await
            })
            .await
        };
        let remove =
            async |user| changed(&store, async |tx| exemptions::remove(tx, UserId(user)).await).await;
        assert!(add(8, 9, 1).await && add(7, 9, 2).await);
        assert!(!add(8, 10, 3).await);
        let exemption = |user, seconds| Exemption {
            user: UserId(user),
            since: later(seconds),
            by: UserId(9),
        };
        assert_eq!(
            exemptions::all(&store.read()).await.unwrap(),
            [exemption(8, 1), exemption(7, 2)]
        );
        assert!(remove(8).await && !remove(8).await);
        assert_eq!(exemptions::all(&store.read()).await.unwrap(), [exemption(7, 2)]);
    });
}

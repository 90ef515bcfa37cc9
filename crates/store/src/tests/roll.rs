//! The roll, the figures of a day, and several people's rows at once.

use chrono::TimeDelta;
use domain::departure::DepartureState;
use domain::id::{ChatId, DepartureId, UserId};
use domain::queue::{REPEAT_WINDOW, RequestOutcome};
use domain::reminder::ReminderKind;
use domain::role::{Role, RoleChangeReason, RoleChangeSource};
use serde_json::json;

use super::departures::{end, members};
use super::outbox::{changed, plan};
use super::{Kind, add_people, later, now, on, on_every_store, run_sql};
use crate::confirmations::{self, Consumption};
use crate::entry_links::{self, CloseReason, NewEntryLink};
use crate::presence::{self, Sighting, Standing};
use crate::reminders::{self, Entry};
use crate::requests::{self, NewRequest};
use crate::role_log::{self, RoleChange};
use crate::roll::{self, OnRoll};
use crate::summary::{self, Figures};
use crate::vip_door::{self, Decision};
use crate::{Store, departures, exemptions, subscribers};

const HERE: ChatId = ChatId(-100);

async fn sight(store: &Store, user: i64, channel: ChatId, standing: Standing) {
    let seen = Sighting {
        user: UserId(user),
        channel,
        standing,
        until: None,
        actor: None,
    };
    assert!(changed(store, async |tx| presence::note(tx, &seen, now()).await).await);
}

#[test]
fn the_roll_holds_members_and_those_who_were_lately() {
    on_every_store(async |store| {
        members(&store, &[(1, 900), (2, 10), (3, 20), (4, -500), (5, 30)]).await;
        add_people(&store, [6]).await;
        assert_eq!(end(&store, later(100), 100).await.len(), 4);
        changed(&store, async |tx| {
            departures::spare(tx, DepartureId(2), later(110)).await?;
            exemptions::add(tx, UserId(3), UserId(9), now()).await
        })
        .await;
        sight(&store, 2, HERE, Standing::Member).await;
        sight(&store, 3, ChatId(-200), Standing::Member).await;
        let since = later(10);
        assert_eq!(roll::count(&store.read(), since).await, Ok(4));
        let page = async |after, limit| {
            roll::page(&store.read(), HERE, since, UserId(after), limit)
                .await
                .unwrap()
        };
        let on_roll = async |user: i64, exempt, departure| OnRoll {
            user: UserId(user),
            subscription: subscribers::find(&store.read(), UserId(user))
                .await
                .unwrap()
                .unwrap(),
            presence: presence::find(&store.read(), UserId(user), HERE).await.unwrap(),
            exempt,
            departure,
        };
        let expected = [
            on_roll(1, false, None).await,
            on_roll(2, false, Some(DepartureState::Spared)).await,
            on_roll(3, true, Some(DepartureState::Due)).await,
            on_roll(5, false, Some(DepartureState::Due)).await,
        ];
        assert!(expected[1].presence.is_some() && expected[2].presence.is_none());
        assert_eq!(page(0, 9).await, expected);
        assert_eq!(page(1, 2).await, expected[1..3]);
        assert_eq!(page(5, 9).await, []);
    });
}

#[test]
fn those_inside_are_counted() {
    on_every_store(async |store| {
        add_people(&store, 1..=6).await;
        for (user, standing) in [
            (1, Standing::Member),
            (2, Standing::Restricted),
            (3, Standing::Left),
            (4, Standing::Kicked),
            (5, Standing::Creator),
        ] {
            sight(&store, user, HERE, standing).await;
        }
        sight(&store, 6, ChatId(-200), Standing::Member).await;
        assert_eq!(presence::count_inside(&store.read(), HERE).await, Ok(3));
    });
}

#[test]
fn a_day_in_figures() {
    on_every_store(async |store| {
        add_people(&store, [1, 2, 3, 4]).await;
        members(&store, &[(5, 1), (6, 2)]).await;
        changed(&store, async |tx| {
            departures::end(tx, later(5), 9, later(5)).await
        })
        .await;
        let change = |user: i64, reason| RoleChange {
            user: UserId(user),
            previous: Some(Role::Vip),
            new: Role::Free,
            changed_by: UserId(0),
            reason,
            source: RoleChangeSource::System,
            metadata: None,
        };
        let request = |user| NewRequest {
            user: UserId(user),
            channel: ChatId(-200),
            chat: ChatId(user),
        };
        changed(&store, async |tx| {
            for (user, seconds, outcome) in [
                (1, 9, RequestOutcome::Admitted),
                (2, 10, RequestOutcome::Admitted),
                (3, 11, RequestOutcome::Inside),
            ] {
                requests::note(tx, &request(user), REPEAT_WINDOW, now()).await?;
                requests::close_of(tx, UserId(user), outcome, later(seconds)).await?;
            }
            requests::note(tx, &request(4), REPEAT_WINDOW, now()).await?;
            let at_door = vip_door::NewRequest {
                user: UserId(1),
                channel: HERE,
                chat: ChatId(1),
                link: None,
            };
            let open = vip_door::note_request(tx, &at_door, later(9)).await?;
            vip_door::decide(tx, UserId(1), HERE, open.number, Decision::Declined, later(12)).await?;
            departures::release(tx, &[DepartureId(1)], later(19)).await?;
            use RoleChangeReason::{VipExpired, VipRedeemed};
            role_log::append_all(tx, &[change(1, VipExpired), change(2, VipExpired)], later(10)).await?;
            role_log::append_all(tx, &[change(3, VipRedeemed)], later(19)).await?;
            for (user, actor, seconds) in [(1, Some(1), 12), (2, None, 12), (3, Some(3), 20)] {
                let seen = Sighting {
                    user: UserId(user),
                    channel: HERE,
                    standing: Standing::Member,
                    until: None,
                    actor: actor.map(UserId),
                };
                presence::note(tx, &seen, later(seconds)).await?;
            }
            let wish = Entry {
                user: UserId(1),
                expiry: later(1),
                kind: ReminderKind::Wish,
            };
            reminders::note(tx, &[wish], later(15)).await?;
            role_log::append_all(tx, &[change(3, VipRedeemed)], later(20)).await
        })
        .await;
        let figures = Figures {
            role_changes: vec![
                (RoleChangeReason::VipRedeemed, RoleChangeSource::System, 1),
                (RoleChangeReason::VipExpired, RoleChangeSource::System, 2),
            ],
            entered: 1,
            ended: 0,
            wished: 1,
            asked: 0,
            admitted: 1,
            turned_away: 1,
            released: 1,
            waiting: 1,
            due: 1,
        };
        let mut found = summary::figures(&store.read(), Some(HERE), later(10), later(20))
            .await
            .unwrap();
        found.role_changes.sort_by_key(|(.., count)| *count);
        assert_eq!(found, figures);
        let before = summary::figures(&store.read(), None, later(-10), later(10))
            .await
            .unwrap();
        let quiet = Figures {
            role_changes: vec![],
            entered: 0,
            ended: 2,
            wished: 0,
            asked: 4,
            admitted: 1,
            turned_away: 0,
            released: 0,
            ..figures
        };
        assert_eq!(before, quiet);
    });
}

#[test]
fn a_batch_of_the_history_reads_as_its_single_entries() {
    on_every_store(async |store| {
        let changes: Vec<RoleChange> = (0..201)
            .map(|user| RoleChange {
                user: UserId(user),
                previous: (user % 2 == 0).then_some(Role::Vip),
                new: Role::Free,
                changed_by: UserId(0),
                reason: RoleChangeReason::VipExpired,
                source: RoleChangeSource::System,
                metadata: (user % 3 == 0).then(|| json!({"subscription": user})),
            })
            .collect();
        changed(&store, async |tx| {
            role_log::append_all(tx, &[], later(5)).await?;
            role_log::append_all(tx, &changes, later(5)).await
        })
        .await;
        for change in changes {
            let logged = role_log::of_person(&store.read(), change.user, 9).await.unwrap();
            assert_eq!(logged.len(), 1);
            assert_eq!((&logged[0].change, logged[0].changed_at), (&change, later(5)));
        }
    });
}

#[test]
fn links_of_several_people_are_closed_together() {
    on_every_store(async |store| {
        let link = |user| NewEntryLink {
            user: UserId(user),
            channel: HERE,
            outbox: 1,
            expires_at: later(90),
        };
        changed(&store, async |tx| {
            for user in [1, 2, 3] {
                entry_links::plan(tx, &link(user), now()).await?;
            }
            Ok(())
        })
        .await;
        let close = async |users: &[i64]| {
            let users: Vec<UserId> = users.iter().map(|user| UserId(*user)).collect();
            let closed = changed(&store, async |tx| {
                entry_links::close_all_of(tx, &users, CloseReason::Revoked, later(9)).await
            });
            let closed = closed.await.into_iter().map(|link| (link.user.0, link.closed));
            closed.collect::<Vec<_>>()
        };
        let revoked = Some(CloseReason::Revoked);
        assert_eq!(close(&[3, 1, 9]).await, [(1, revoked), (3, revoked)]);
        assert_eq!(close(&[1, 2]).await, [(2, revoked)]);
        assert_eq!(close(&[]).await, []);
    });
}

#[test]
fn old_questions_go() {
    on_every_store(async |store| {
        let (old, fresh, last) = changed(&store, async |tx| {
            let open = async |seconds| confirmations::open(tx, UserId(9), "{}", later(seconds), now()).await;
            Ok((open(-1).await?, open(0).await?, open(-1).await?))
        })
        .await;
        let later = now() + confirmations::KEPT;
        let sweep = async || changed(&store, async |tx| confirmations::sweep(tx, later).await).await;
        assert_eq!(sweep().await, 1);
        assert_eq!(sweep().await, 0);
        for (id, known) in [(old, false), (fresh, true), (last, true)] {
            let at = now() + TimeDelta::days(99);
            let consumed = changed(&store, async |tx| {
                confirmations::consume(tx, id, UserId(9), at).await
            })
            .await;
            assert_eq!(consumed != Consumption::Unknown, known, "{id}");
        }
        run_sql(&store, "DELETE FROM confirmations").await;
    });
}

#[test]
fn the_queue_and_the_roll_are_read_along_indexes() {
    on([Kind::Memory], async |database| {
        let store = database.migrated().await;
        let runs = subscribers::RUNS;
        for (query, index) in [
            (
                "SELECT r.id FROM free_channel_requests r LEFT JOIN free_requests f ON f.request_id = r.id
                 WHERE NOT r.processed AND r.request_date <= 'x' AND f.outbox_id IS NULL
                 ORDER BY r.request_date, r.id LIMIT 5"
                    .to_owned(),
                "ix_free_channel_requests_waiting",
            ),
            (
                format!(
                    "SELECT id FROM vip_subscribers WHERE {runs} AND expiry_date < 'x' ORDER BY expiry_date LIMIT 5"
                ),
                "ix_vip_subscribers_running",
            ),
            (
                format!("SELECT min(expiry_date) FROM vip_subscribers WHERE {runs}"),
                "ix_vip_subscribers_running",
            ),
            (
                format!(
                    "SELECT v.user_id FROM vip_subscribers v WHERE v.user_id > 5 AND ({runs} OR v.expiry_date >= 'x') ORDER BY v.user_id LIMIT 5"
                ),
                "ix_vip_subscribers_user_id",
            ),
            (
                "SELECT d.id FROM departures d WHERE d.state = 'DUE' AND d.id > 5 ORDER BY d.id LIMIT 5"
                    .to_owned(),
                "ix_departures_due",
            ),
            (
                "SELECT count(*) FROM presence WHERE channel_id = 5 AND standing NOT IN ('left', 'kicked')"
                    .to_owned(),
                "ix_presence_inside",
            ),
        ] {
            let plan = plan(&store, &query).await;
            assert!(plan.contains(index) && !plan.contains("B-TREE"), "{plan}");
        }
    });
}

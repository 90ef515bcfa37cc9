//! What members were told about their end.

use chrono::TimeDelta;
use domain::id::UserId;
use domain::reminder::ReminderKind;

use super::departures::members;
use super::outbox::changed;
use super::{add_people, at_once, later, lines, now, on_every_store, run_sql};
use crate::Store;
use crate::reminders::{self, Candidate, Entry, KEPT};

const DAY: i64 = 86_400;

fn entry(user: i64, seconds: i64, kind: ReminderKind) -> Entry {
    Entry {
        user: UserId(user),
        expiry: later(seconds),
        kind,
    }
}

async fn note(store: &Store, entries: &[Entry]) -> Vec<Entry> {
    changed(store, async |tx| reminders::note(tx, entries, now()).await).await
}

#[test]
fn everything_is_said_once_per_end_date() {
    on_every_store(async |store| {
        add_people(&store, [1, 2]).await;
        let one = entry(1, 10, ReminderKind::OneDay);
        let wish = entry(1, 10, ReminderKind::Wish);
        let other = entry(1, 20, ReminderKind::OneDay);
        let stranger = entry(9, 10, ReminderKind::End);
        assert_eq!(note(&store, &[]).await, []);
        assert_eq!(note(&store, &[wish, one, stranger]).await, [one, wish]);
        assert_eq!(note(&store, &[one, other, wish]).await, [other]);
        assert_eq!(note(&store, &[one, other, wish]).await, []);
        run_sql(&store, "DELETE FROM users").await;
        assert_eq!(
            lines(&store.read(), "SELECT kind AS line FROM reminders").await,
            [""; 0],
            "it goes with the person"
        );
    });
}

#[test]
fn of_several_at_once_one_says_it() {
    on_every_store(async |store| {
        add_people(&store, [1, 2]).await;
        let entries = [1, 2].map(|user| entry(user, 10, ReminderKind::End));
        let told = at_once(|_| {
            let store = store.clone();
            async move { note(&store, &entries).await.len() }
        })
        .await;
        assert_eq!(told.into_iter().sum::<usize>(), 2);
    });
}

#[test]
fn many_are_noted_together() {
    on_every_store(async |store| {
        add_people(&store, 0..450).await;
        let entries: Vec<_> = (0..450)
            .map(|user| entry(user, 10, ReminderKind::ThreeDays))
            .collect();
        assert_eq!(note(&store, &entries).await, entries);
    });
}

#[test]
fn candidates_are_members_whose_end_is_near() {
    on_every_store(async |store| {
        members(
            &store,
            &[
                (1, 3 * DAY),
                (2, DAY),
                (3, DAY),
                (4, 3 * DAY + 1),
                (5, -1),
                (6, DAY),
                (7, 0),
            ],
        )
        .await;
        run_sql(
            &store,
            "UPDATE vip_subscribers SET status = 'expired' WHERE user_id = 6;
             UPDATE invitation_tokens SET used_at = NULL WHERE used_by = 2",
        )
        .await;
        note(
            &store,
            &[
                entry(3, DAY, ReminderKind::ThreeDays),
                entry(3, DAY, ReminderKind::Wish),
                entry(3, 2 * DAY, ReminderKind::OneDay),
            ],
        )
        .await;
        let candidate = |user, seconds, sent: &[ReminderKind]| Candidate {
            user: UserId(user),
            expiry: later(seconds),
            extended_at: now() - TimeDelta::days(30),
            sent: sent.to_vec(),
        };
        let expected = [
            candidate(7, 0, &[]),
            candidate(2, DAY, &[]),
            candidate(3, DAY, &[ReminderKind::ThreeDays, ReminderKind::Wish]),
            candidate(1, 3 * DAY, &[]),
        ];
        let page = async |after: Option<&Candidate>, limit| {
            let after = after.map(|last| (last.expiry, last.user));
            reminders::candidates(&store.read(), now(), after, limit)
                .await
                .unwrap()
        };
        assert_eq!(page(None, 9).await, expected);
        assert_eq!(page(None, 2).await, expected[..2]);
        assert_eq!(page(Some(&expected[1]), 9).await, expected[2..]);
        assert_eq!(page(Some(&expected[3]), 9).await, []);

        let extended =
            "UPDATE invitation_tokens SET used_at = '2026-09-20 00:00:00.000000' WHERE used_by = 2";
        run_sql(&store, extended).await;
        assert_eq!(
            page(None, 9).await[1].extended_at.to_string(),
            "2026-09-20 00:00:00 UTC"
        );
    });
}

#[test]
fn the_next_moment_is_known() {
    on_every_store(async |store| {
        let next = async |seconds| {
            reminders::next_moment(&store.read(), later(seconds))
                .await
                .unwrap()
        };
        assert_eq!(next(0).await, None);
        members(&store, &[(1, 10 * DAY), (2, 4 * DAY)]).await;
        assert_eq!(next(0).await, Some(later(DAY)), "three days before the end of 2");
        assert_eq!(next(DAY).await, Some(later(3 * DAY)));
        assert_eq!(next(3 * DAY).await, Some(later(7 * DAY)));
        assert_eq!(next(7 * DAY).await, Some(later(9 * DAY)));
        assert_eq!(next(9 * DAY).await, None);
    });
}

#[test]
fn what_was_kept_long_enough_goes() {
    on_every_store(async |store| {
        add_people(&store, [1]).await;
        let old = entry(1, -1, ReminderKind::End);
        note(&store, &[old, entry(1, 0, ReminderKind::End)]).await;
        let sweep = async || changed(&store, async |tx| reminders::sweep(tx, now() + KEPT).await).await;
        assert_eq!(sweep().await, 1);
        assert_eq!(sweep().await, 0);
        assert_eq!(note(&store, &[old]).await, [old]);
    });
}

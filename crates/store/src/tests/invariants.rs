//! Each invariant finds what offends against it, and none finds anything else.

use domain::id::{ChatId, UserId};
use domain::queue::REPEAT_WINDOW;
use domain::ritual::role_at;
use domain::role::{RoleChangeReason, RoleChangeSource};
use domain::subscription::Stage;
use sea_orm::ConnectionTrait as _;

use super::invitations::{code, issue, plan};
use super::outbox::{raise, row};
use super::redemptions::redeem;
use super::{add_people, later, now, on_every_store, run_sql};
use crate::entry_links::{self, NewEntryLink};
use crate::invariants::{self, INVARIANTS, OFFENDERS, Scope};
use crate::people::{self, History, NewRole};
use crate::requests::{self, NewRequest};
use crate::{Dialect, Store, StoreError, confirmations, outbox, subscribers};

/// What offends, and whom it is laid to. In the house below, 7 is a member with a link at the third
/// stage (token 1, link 1, made by row 1 of the outbox), 8 a visitor who was a member (departure 1) and
/// waits for the Free channel (request 1); token 2 is not used.
const OFFENCES: &[(&str, &str, &[i64])] = &[
    (
        "used-tokens-tell-by-whom",
        "UPDATE invitation_tokens SET used_at = NULL WHERE id = 1",
        &[1],
    ),
    (
        "used-tokens-tell-by-whom",
        "UPDATE invitation_tokens SET used = TRUE WHERE id = 2",
        &[2],
    ),
    (
        "unused-tokens-name-nobody",
        "UPDATE invitation_tokens SET used = FALSE WHERE id = 1",
        &[1],
    ),
    (
        "redemptions-give-membership",
        "UPDATE invitation_tokens SET used = TRUE, used_by = 8, used_at = '2026-10-01 00:00:00.000000' WHERE id = 2",
        &[2],
    ),
    (
        "redemptions-are-in-the-history",
        "DELETE FROM user_role_change_log WHERE CAST(reason AS text) = 'VIP_REDEEMED'",
        &[1],
    ),
    (
        "subscriptions-hang-on-their-own-token",
        "UPDATE vip_subscribers SET token_id = 2",
        &[7],
    ),
    (
        "subscriptions-hang-on-their-own-token",
        "UPDATE invitation_tokens SET used_by = 8 WHERE id = 1",
        &[7],
    ),
    (
        "subscriptions-hang-on-their-own-token",
        "CREATE TABLE loose AS SELECT * FROM vip_subscribers; DROP TABLE vip_subscribers;
         ALTER TABLE loose RENAME TO vip_subscribers; UPDATE vip_subscribers SET token_id = 99",
        &[7],
    ),
    (
        "subscriptions-have-a-person",
        "CREATE TABLE loose AS SELECT * FROM vip_subscribers; DROP TABLE vip_subscribers;
         ALTER TABLE loose RENAME TO vip_subscribers; UPDATE vip_subscribers SET user_id = 99",
        &[99],
    ),
    (
        "states-are-known",
        "UPDATE vip_subscribers SET status = 'paused'",
        &[7],
    ),
    (
        "states-are-known",
        "UPDATE vip_subscribers SET vip_entry_stage = 4",
        &[7],
    ),
    (
        "the-end-ends-the-ritual",
        "UPDATE vip_subscribers SET status = 'expired'",
        &[7],
    ),
    (
        "the-third-stage-has-a-link",
        "UPDATE vip_subscribers SET invite_link_sent_at = NULL",
        &[7],
    ),
    (
        "the-third-stage-has-a-link",
        "DELETE FROM entry_links",
        &[7],
    ),
    (
        "only-members-have-the-role",
        "UPDATE users SET role = 'VIP'",
        &[8],
    ),
    (
        "only-members-have-the-role",
        "UPDATE vip_subscribers SET vip_entry_stage = 2",
        &[7],
    ),
    (
        "members-have-the-role",
        "UPDATE users SET role = 'FREE'",
        &[7],
    ),
    (
        "the-history-ends-with-the-present",
        "UPDATE users SET role = 'FREE'",
        &[7],
    ),
    (
        "one-open-link-each",
        "DROP INDEX ux_entry_links_open;
         INSERT INTO entry_links (user_id, channel_id, created_at, expires_at, outbox_id)
         SELECT user_id, channel_id, created_at, expires_at, outbox_id FROM entry_links",
        &[7],
    ),
    (
        "open-links-are-members-links",
        "UPDATE vip_subscribers SET status = 'expired'",
        &[1],
    ),
    (
        "open-links-are-members-links",
        "UPDATE vip_subscribers SET status = 'expired'; UPDATE departures SET user_id = 7",
        &[1],
    ),
    (
        "open-links-are-members-links",
        "UPDATE entry_links SET user_id = 8",
        &[1],
    ),
    (
        "links-come-after-the-second-stage",
        "UPDATE vip_subscribers SET vip_entry_stage = 2",
        &[1],
    ),
    (
        "planned-links-are-being-made",
        "UPDATE entry_links SET url = NULL, outbox_id = 99",
        &[1],
    ),
    (
        "planned-links-are-being-made",
        "UPDATE entry_links SET url = NULL; UPDATE outbox SET done_at = created_at",
        &[1],
    ),
    (
        "members-do-not-wait-at-the-door",
        "UPDATE outbox SET person = 8;
         INSERT INTO door_requests VALUES (7, -100, 1, 1, 7, '2026-10-01 00:00:00.000000', NULL, 'open', NULL)",
        &[7],
    ),
    (
        "what-is-confirmed-has-a-result",
        "UPDATE confirmations SET consumed_at = created_at",
        &[1],
    ),
    (
        "one-wait-each",
        "DROP INDEX ux_free_channel_requests_pending;
         INSERT INTO free_channel_requests VALUES (9, 8, '2026-10-01 00:00:00.000000', FALSE, NULL)",
        &[8],
    ),
    (
        "queued-requests-are-on-their-way",
        "UPDATE free_requests SET outbox_id = 99",
        &[1],
    ),
    (
        "queued-requests-are-on-their-way",
        "UPDATE free_requests SET outbox_id = 1; UPDATE outbox SET dead_at = created_at",
        &[1],
    ),
    (
        "requests-end-once",
        "UPDATE free_channel_requests SET processed = TRUE",
        &[1],
    ),
    ("requests-end-once", "UPDATE free_requests SET outcome = 'GONE'", &[1]),
    (
        "one-departure-each",
        "DROP INDEX ux_departures_due; UPDATE departures SET state = 'DUE', settled_at = NULL;
         INSERT INTO departures (user_id, expiry, ended_at, state)
         SELECT user_id, expiry, ended_at, state FROM departures",
        &[8],
    ),
    (
        "members-do-not-depart",
        "UPDATE departures SET user_id = 7, state = 'DUE', settled_at = NULL",
        &[1],
    ),
    (
        "departures-are-settled-or-due",
        "UPDATE departures SET settled_at = NULL",
        &[1],
    ),
    (
        "departures-are-settled-or-due",
        "UPDATE departures SET state = 'DUE'",
        &[1],
    ),
    (
        "departures-are-settled-or-due",
        "UPDATE departures SET state = 'GONE'",
        &[1],
    ),
    (
        "removals-tell-of-whom",
        "UPDATE outbox SET ends_at = created_at, person = NULL",
        &[1],
    ),
    ("rows-wait-for-older-ones", "UPDATE outbox SET after_id = id", &[1]),
    (
        "nothing-is-in-hand-too-early",
        "INSERT INTO outbox (kind, sequence, payload, created_at, attempts, after_id, epoch)
         SELECT kind, 'x', payload, created_at, attempts, id, 1 FROM outbox",
        &[2],
    ),
    (
        "ends-are-one",
        "UPDATE outbox SET done_at = created_at, dead_at = created_at",
        &[1],
    ),
    (
        "only-the-present-worker-holds-rows",
        "UPDATE outbox SET epoch = 1; UPDATE house SET epoch = 2",
        &[1],
    ),
    (
        "no-claim-is-ahead-of-its-time",
        "INSERT INTO inbox (bot_id, update_id, person, kind, received_at, attempts, epoch)
         VALUES (1, 2, 7, 'message', '2026-10-01 00:00:00.000000', 0, 9)",
        &[1],
    ),
    (
        "companions-have-their-row",
        "DROP TABLE presence; CREATE TABLE presence (user_id BIGINT); INSERT INTO presence VALUES (99)",
        &[99],
    ),
    (
        "companions-have-their-row",
        "CREATE TABLE loose AS SELECT * FROM invitations; DROP TABLE invitations;
         ALTER TABLE loose RENAME TO invitations; UPDATE invitations SET token_id = 98 WHERE token_id = 2",
        &[98],
    ),
    (
        "companions-have-their-row",
        "DROP TABLE reminders; CREATE TABLE reminders (user_id BIGINT); INSERT INTO reminders VALUES (97)",
        &[97],
    ),
    (
        "companions-have-their-row",
        "CREATE TABLE loose AS SELECT * FROM free_requests; DROP TABLE free_requests;
         ALTER TABLE loose RENAME TO free_requests; UPDATE free_requests SET request_id = 96",
        &[96],
    ),
];

async fn house(store: &Store) {
    raise(store).await;
    let plan = plan(store).await;
    add_people(store, [7, 8]).await;
    for number in [1, 2] {
        issue(store, plan.id, number).await;
    }
    run_sql(
        store,
        "INSERT INTO bot_config (id, vip_channel_id, wait_time_minutes) VALUES (1, '-100', 5)",
    )
    .await;
    let entered: Result<(), StoreError> = store
        .write(async |tx| {
            let ana = UserId(7);
            redeem(tx, &code(1), ana, later(10)).await?;
            subscribers::advance_stage(tx, ana, Stage::First, Some(Stage::Second), later(20)).await?;
            let link = NewEntryLink {
                user: ana,
                channel: ChatId(-100),
                outbox: outbox::enqueue(tx, &row("a"), later(20)).await?,
                expires_at: later(90_000),
            };
            let link = entry_links::plan(tx, &link, later(20)).await?.id;
            entry_links::record(tx, link, "https://t.me/+a", later(90_000)).await?;
            subscribers::advance_stage(tx, ana, Stage::Second, Some(Stage::Third), later(30)).await?;
            let role = NewRole {
                user: ana,
                role: role_at(Some(Stage::Third)),
                by: UserId(0),
                reason: RoleChangeReason::VipEntryCompleted,
                source: RoleChangeSource::System,
                metadata: None,
            };
            people::set_role(tx, &role, History::Changes, later(30)).await?;
            confirmations::open(tx, UserId(9), "{}", later(60), now()).await?;
            let request = NewRequest {
                user: UserId(8),
                channel: ChatId(-200),
                chat: ChatId(8),
            };
            requests::note(tx, &request, REPEAT_WINDOW, later(35)).await?;
            tx.execute_unprepared(
                "INSERT INTO departures (user_id, expiry, ended_at, state, settled_at)
                 VALUES (8, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', 'RELEASED',
                         '2026-01-01 00:00:00.000000')",
            )
            .await?;
            Ok(())
        })
        .await;
    entered.unwrap();
}

#[test]
fn a_house_that_is_well_offends_against_nothing() {
    on_every_store(async |store| {
        assert_eq!(
            invariants::check(&store.read(), now()).await,
            Ok(vec![]),
            "an empty one"
        );
        house(&store).await;
        assert_eq!(invariants::check(&store.read(), later(40)).await, Ok(vec![]));
    });
}

#[test]
fn every_offence_is_found_and_told() {
    on_every_store(async |store| {
        house(&store).await;
        if store.dialect() == Dialect::Sqlite {
            // They know tables by name, which some offences take away.
            for of in ["users", "invitation_tokens", "free_channel_requests"] {
                run_sql(&store, &format!("DROP TRIGGER tr_{of}_gone")).await;
            }
        }
        for (name, offence, offenders) in OFFENCES {
            let tx = store.begin().await.unwrap();
            tx.execute_unprepared(offence).await.unwrap();
            let violations = invariants::check(&tx, later(40)).await.unwrap();
            let found = violations.iter().find(|violation| violation.name == *name);
            let found = found.map(|violation| violation.offenders.as_slice());
            assert_eq!(found, Some(*offenders), "{name}: {offence}");
        }
        for invariant in INVARIANTS {
            assert!(
                OFFENCES.iter().any(|(name, _, _)| *name == invariant.name),
                "{} was never offended against",
                invariant.name
            );
        }
    });
}

#[test]
fn only_so_many_offenders_are_told() {
    on_every_store(async |store| {
        house(&store).await;
        let rows: Vec<String> = (100..200)
            .map(|id| {
                format!(
                    "INSERT INTO invitation_tokens VALUES ({id}, 'T{id}', 1, '2026-01-01 00:00:00.000000', 24, false, 7, NULL, NULL);"
                )
            })
            .collect();
        run_sql(&store, &rows.join("\n")).await;
        let violations = invariants::check(&store.read(), later(40)).await.unwrap();
        assert_eq!(violations.len(), 1);
        let first: Vec<i64> = (100..).take(OFFENDERS as usize).collect();
        assert_eq!(violations[0].offenders, first);
    });
}

/// What the predecessor leaves behind: used tokens of which nobody knows by whom or when, users of
/// tokens who are not stored, roles and stages that outlived their subscription.
#[test]
fn a_house_that_was_taken_over_is_not_blamed_for_its_past() {
    on_every_store(async |store| {
        raise(&store).await;
        run_sql(
            &store,
            "UPDATE house SET flavour = 'v1.2';
             INSERT INTO users VALUES (7, NULL, 'Ana', NULL, 'VIP', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
             INSERT INTO users VALUES (8, NULL, 'Bea', NULL, 'VIP', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
             INSERT INTO invitation_tokens VALUES (1, 'A', 1, '2026-01-01 00:00:00.000000', 24, true, 7, NULL, NULL);
             INSERT INTO invitation_tokens VALUES (2, 'B', 1, '2026-01-01 00:00:00.000000', 24, true, 99, '2026-01-01 00:00:00.000000', NULL);
             INSERT INTO invitation_tokens VALUES (3, 'C', 1, '2026-01-01 00:00:00.000000', 24, true, NULL, NULL, NULL);
             INSERT INTO vip_subscribers VALUES (1, 7, '2026-01-01 00:00:00.000000', '2026-02-01 00:00:00.000000', 'expired', 3, NULL, NULL, 1);
             INSERT INTO vip_subscribers VALUES (2, 8, '2026-01-01 00:00:00.000000', '2027-02-01 00:00:00.000000', 'active', 3, NULL, NULL, 3);
             INSERT INTO user_role_change_log VALUES (1, 7, 'VIP', 'FREE', 0, 'VIP_EXPIRED', 'SYSTEM', 'null', '2026-02-01 00:00:00.000000');",
        )
        .await;
        assert_eq!(invariants::check(&store.read(), now()).await, Ok(vec![]));
        run_sql(&store, "UPDATE house SET flavour = 'fresh'").await;
        let violations = invariants::check(&store.read(), now()).await.unwrap();
        assert!(!violations.is_empty());
        for violation in violations {
            let invariant = INVARIANTS
                .iter()
                .find(|known| known.name == violation.name)
                .unwrap();
            assert_eq!(invariant.scope, Scope::Fresh, "{}", violation.name);
        }
    });
}

#[test]
fn names_are_all_different() {
    let mut names: Vec<_> = INVARIANTS.iter().map(|invariant| invariant.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), INVARIANTS.len());
}

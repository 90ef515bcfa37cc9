//! Redemptions as the house does them: one winner, whatever races; nothing half done; few statements.

use domain::clock::Timestamp;
use domain::id::{ChatId, TokenId, UserId};
use domain::plan::PlanDays;
use domain::redemption::Redemption;
use domain::ritual::role_at;
use domain::role::RoleChangeSource;
use domain::subscription::{Stage, Status, Subscription};
use domain::token::{InvitationCode, Verdict};
use tokio::sync::Barrier;

use std::sync::Arc;

use super::invitations::{code, issue, plan};
use super::outbox::changed;
use super::{
    Kind, add_people, held_up, later, lines, now, on, on_every_database, on_every_store, run_sql, spelled,
};
use crate::entry_links::{self, NewEntryLink};
use crate::invitations::{self, FoundInvitation};
use crate::people::{self, History, NewRole};
use crate::presence::{self, Sighting, Standing};
use crate::subscribers::{self, StoredSubscription};
use crate::vip_door::{self, NewRequest};
use crate::{Dialect, Store, StoreError, Tx};

const CHANNEL: ChatId = ChatId(-100);

/// One person opens an invitation; a lost race is told like a used invitation.
pub(super) async fn redeem(
    tx: &Tx,
    code: &InvitationCode,
    user: UserId,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    match invitations::look_up(tx, code, user).await? {
        Some(found) => redeem_found(tx, &found, user, now).await,
        None => Ok(Verdict::Unknown),
    }
}

async fn redeem_found(
    tx: &Tx,
    found: &FoundInvitation,
    user: UserId,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    let verdict = Verdict::of(Some(&found.invitation), user, now);
    if verdict != Verdict::Redeemable {
        return Ok(verdict);
    }
    if !invitations::claim(tx, found, user, now).await? {
        return Ok(Verdict::UsedByAnother);
    }
    let days = PlanDays::new(found.offer.as_ref().unwrap().days).unwrap();
    let before = found.subscription.map(|stored| stored.subscription);
    let redemption = Redemption::of(before.as_ref(), days, now);
    let previous = found.subscription.as_ref();
    if !subscribers::apply_redemption(tx, user, found.id, previous, &redemption, now).await? {
        return Err(StoreError::Busy);
    }
    let role = NewRole {
        user,
        role: role_at(redemption.stage),
        by: UserId(0),
        reason: redemption.reason(),
        source: RoleChangeSource::System,
        metadata: None,
    };
    people::set_role(tx, &role, History::Events, now).await?;
    Ok(verdict)
}

async fn subscription(store: &Store, user: i64) -> StoredSubscription {
    subscribers::find(&store.read(), UserId(user))
        .await
        .unwrap()
        .unwrap()
}

fn active(expiry: Timestamp, stage: Option<Stage>) -> Subscription {
    Subscription {
        status: Status::Active,
        expiry,
        stage,
    }
}

fn days(days: i64) -> Timestamp {
    later(days * 24 * 3600)
}

#[test]
fn of_twenty_who_race_one_wins_each_time() {
    const RACERS: i64 = 20;
    const ROUNDS: u8 = 25;
    on_every_database(async |database| {
        let store = database.migrated().await;
        let other = match database.kind {
            Kind::Memory => store.clone(),
            Kind::File | Kind::Postgres => database.open().await,
        };
        let plan = plan(&store).await;
        add_people(&store, 0..RACERS).await;
        for round in 0..ROUNDS {
            issue(&store, plan.id, round).await;
            let start = Arc::new(Barrier::new(usize::try_from(RACERS).unwrap()));
            let racers: Vec<_> = (0..RACERS)
                .map(|racer| {
                    let store = if racer % 2 == 0 { &store } else { &other }.clone();
                    let start = Arc::clone(&start);
                    tokio::spawn(async move {
                        let (db, user) = (store.read(), UserId(racer));
                        let found = invitations::look_up(&db, &code(round), user)
                            .await
                            .unwrap()
                            .unwrap();
                        // All have seen it unused.
                        start.wait().await;
                        store
                            .write(async |tx| redeem_found(tx, &found, user, now()).await)
                            .await
                            .unwrap()
                    })
                })
                .collect();
            let mut winners = Vec::new();
            for (racer, verdict) in (0i64..).zip(racers) {
                match verdict.await.unwrap() {
                    Verdict::Redeemable => winners.push(racer),
                    verdict => assert_eq!(verdict, Verdict::UsedByAnother),
                }
            }
            assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
            let found = invitations::look_up(&store.read(), &code(round), UserId(winners[0])).await;
            let found = found.unwrap().unwrap();
            assert_eq!(
                Verdict::of(Some(&found.invitation), UserId(winners[0]), now()),
                Verdict::UsedByThisPerson
            );
            assert_eq!(found.subscription.map(|stored| stored.token), Some(found.id));
        }
        let totals = "SELECT CAST(count(*) AS VARCHAR(9)) AS line FROM user_role_change_log";
        assert_eq!(lines(&store.read(), totals).await, [ROUNDS.to_string()]);
        // 30 days for each round, to whomever they went.
        let bought = "SELECT CAST(used_by AS VARCHAR(9)) || ' ' || CAST(count(*) AS VARCHAR(9)) AS line
                      FROM invitation_tokens GROUP BY used_by";
        for line in lines(&store.read(), bought).await {
            let (user, rounds) = line.split_once(' ').unwrap();
            let expiry = subscription(&store, user.parse().unwrap())
                .await
                .subscription
                .expiry;
            assert_eq!(expiry, days(30 * rounds.parse::<i64>().unwrap()), "{line}");
        }
        assert_eq!(crate::invariants::check(&store.read(), now()).await, Ok(vec![]));
    });
}

#[test]
fn a_redemption_is_five_statements() {
    on_every_store(async |store| {
        let plan = plan(&store).await;
        add_people(&store, [7]).await;
        for number in [1, 2] {
            issue(&store, plan.id, number).await;
            let redeemed = store.write(async |tx| redeem(tx, &code(number), UserId(7), now()).await);
            let (verdict, asked) = crate::statements::scope(redeemed).await;
            assert_eq!(verdict, Ok(Verdict::Redeemable));
            assert!(asked.count <= 5, "{asked:?}");
        }
    });
}

#[test]
fn a_first_redemption_a_renewal_and_a_return() {
    on_every_store(async |store| {
        let plan = plan(&store).await;
        add_people(&store, [7]).await;
        let redeem_at = async |number: u8, at: Timestamp| {
            issue(&store, plan.id, number).await;
            run_sql(&store, "UPDATE invitation_tokens SET duration_hours = 8000").await;
            let verdict = changed(&store, async |tx| redeem(tx, &code(number), UserId(7), at).await).await;
            assert_eq!(verdict, Verdict::Redeemable);
            subscription(&store, 7).await
        };
        let first = redeem_at(1, now()).await;
        assert_eq!(first.subscription, active(days(30), Some(Stage::First)));

        let advance = async |from, to| {
            changed(&store, async |tx| {
                subscribers::advance_stage(tx, UserId(7), from, to, later(5)).await
            })
            .await
        };
        assert!(!advance(Stage::Second, Some(Stage::Third)).await, "not there yet");
        assert!(advance(Stage::First, Some(Stage::Second)).await);
        assert!(!advance(Stage::First, Some(Stage::Second)).await, "once");
        assert!(advance(Stage::Second, Some(Stage::Third)).await);
        assert!(advance(Stage::Third, None).await);
        let settled = subscription(&store, 7).await;
        assert_eq!(settled.subscription, active(days(30), None));
        let columns = ["join_date", "invite_link_sent_at", "vip_entry_token"];
        let form = match store.dialect() {
            Dialect::Sqlite => "'2026-09-21 14:13:20.000000' '2026-09-21 14:13:25.000000' NULL",
            Dialect::Postgres => "'2026-09-21 14:13:20' '2026-09-21 14:13:25' NULL",
        };
        assert_eq!(spelled(&store, "vip_subscribers", &columns).await, [form]);

        let renewed = redeem_at(2, days(10)).await;
        assert_eq!(renewed.subscription, active(days(60), None));
        assert_eq!(renewed.id, first.id, "one row for life");
        assert_ne!(renewed.token, first.token);
        assert_eq!(spelled(&store, "vip_subscribers", &columns).await, [form]);

        run_sql(&store, "UPDATE vip_subscribers SET status = 'expired'").await;
        let returned = redeem_at(3, days(20)).await;
        assert_eq!(returned.subscription, active(days(50), Some(Stage::First)));
        let sent = spelled(&store, "vip_subscribers", &["invite_link_sent_at"]).await;
        assert_eq!(sent, ["NULL"], "the new ritual has handed over nothing yet");
    });
}

#[test]
fn the_ritual_stands_still_when_the_subscription_is_over() {
    on_every_store(async |store| {
        let plan = plan(&store).await;
        add_people(&store, [7]).await;
        issue(&store, plan.id, 1).await;
        changed(&store, async |tx| redeem(tx, &code(1), UserId(7), now()).await).await;
        let advance = async |at| {
            let tx = store.begin().await.unwrap();
            subscribers::advance_stage(&tx, UserId(7), Stage::First, Some(Stage::Second), at).await
        };
        assert_eq!(advance(days(30)).await, Ok(true), "the last moment counts");
        assert_eq!(
            advance(days(30) + chrono::TimeDelta::microseconds(1)).await,
            Ok(false)
        );
        run_sql(&store, "UPDATE vip_subscribers SET status = 'expired'").await;
        assert_eq!(advance(now()).await, Ok(false));
        run_sql(
            &store,
            "UPDATE vip_subscribers SET status = ' ACTIVE ', vip_entry_stage = 9",
        )
        .await;
        assert_eq!(
            advance(now()).await,
            Ok(true),
            "damaged values mean the same everywhere"
        );
        let tx = store.begin().await.unwrap();
        let nobody = subscribers::advance_stage(&tx, UserId(8), Stage::First, None, now()).await;
        assert_eq!(nobody, Ok(false));
    });
}

fn renewal(subscription: &StoredSubscription) -> Redemption {
    Redemption::of(
        Some(&subscription.subscription),
        PlanDays::new(30).unwrap(),
        now(),
    )
}

#[test]
fn what_was_decided_on_something_else_is_not_applied() {
    let changes = [
        "UPDATE vip_subscribers SET expiry_date = '2026-10-22 14:13:20.000000'",
        "UPDATE vip_subscribers SET status = 'expired'",
        "UPDATE vip_subscribers SET vip_entry_stage = 2",
        "UPDATE vip_subscribers SET vip_entry_stage = NULL",
        "UPDATE vip_subscribers SET token_id = 2",
        "DELETE FROM vip_subscribers",
    ];
    on_every_store(async |store| {
        let plan = plan(&store).await;
        add_people(&store, [7]).await;
        issue(&store, plan.id, 1).await;
        issue(&store, plan.id, 2).await;
        changed(&store, async |tx| redeem(tx, &code(1), UserId(7), now()).await).await;
        let seen = subscription(&store, 7).await;
        let apply = async |tx: &Tx, previous| {
            subscribers::apply_redemption(tx, UserId(7), TokenId(2), previous, &renewal(&seen), now()).await
        };
        for change in changes {
            let tx = store.begin().await.unwrap();
            sea_orm::ConnectionTrait::execute_unprepared(&tx, change)
                .await
                .unwrap();
            assert_eq!(apply(&tx, Some(&seen)).await, Ok(false), "{change}");
        }
        let tx = store.begin().await.unwrap();
        assert_eq!(apply(&tx, None).await, Ok(false), "there is one by now");
        assert_eq!(apply(&tx, Some(&seen)).await, Ok(true));
        assert_eq!(apply(&tx, Some(&seen)).await, Ok(false), "once");
    });
}

#[test]
fn values_that_are_spelled_otherwise_are_the_same() {
    let spellings = [
        "2026-10-21 14:13:20",
        "2026-10-21T14:13:20.000000",
        "2026-10-21T14:13:20Z",
        "2026-10-21 16:13:20+02:00",
        "9999-12-31 23:59:59.999999",
    ];
    on([Kind::Memory, Kind::File], async |database| {
        let store = database.migrated().await;
        let plan = plan(&store).await;
        add_people(&store, [7]).await;
        issue(&store, plan.id, 1).await;
        changed(&store, async |tx| redeem(tx, &code(1), UserId(7), now()).await).await;
        for expiry in spellings {
            let damage = format!(
                "UPDATE vip_subscribers SET expiry_date = '{expiry}', status = 'Active', vip_entry_stage = 0"
            );
            run_sql(&store, &damage).await;
            let seen = subscription(&store, 7).await;
            let applied = changed(&store, async |tx| {
                subscribers::apply_redemption(tx, UserId(7), seen.token, Some(&seen), &renewal(&seen), now())
                    .await
            })
            .await;
            assert!(applied, "{expiry}");
        }
    });
}

#[test]
fn a_first_redemption_waits_for_another_one_of_the_same_person() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let plan = plan(&store).await;
        add_people(&store, [7]).await;
        issue(&store, plan.id, 1).await;
        issue(&store, plan.id, 2).await;
        let first = store.begin().await.unwrap();
        let redeemed = redeem(&first, &code(1), UserId(7), now()).await;
        assert_eq!(redeemed, Ok(Verdict::Redeemable));
        let second = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .write(async |tx| redeem(tx, &code(2), UserId(7), now()).await)
                    .await
            }
        });
        assert!(held_up(&store, &second).await);
        first.commit().await.unwrap();
        assert_eq!(second.await.unwrap(), Err(StoreError::Busy), "to be decided anew");
        let found = invitations::look_up(&store.read(), &code(2), UserId(7))
            .await
            .unwrap();
        let verdict = Verdict::of(found.as_ref().map(|found| &found.invitation), UserId(7), now());
        assert_eq!(verdict, Verdict::Redeemable, "the invitation is not lost");
    });
}

#[test]
fn a_situation_is_one_statement() {
    on_every_store(async |store| {
        let plan = plan(&store).await;
        add_people(&store, [7, 8]).await;
        issue(&store, plan.id, 1).await;
        changed(&store, async |tx| redeem(tx, &code(1), UserId(7), now()).await).await;
        let situation = async |user| {
            let db = &store.read();
            let found = subscribers::situation(db, UserId(user), CHANNEL);
            let (found, asked) = crate::statements::scope(found).await;
            assert_eq!(asked.count, 1);
            found.unwrap()
        };
        assert_eq!(situation(8).await, None);
        let bare = situation(7).await.unwrap();
        assert_eq!(bare.subscription, subscription(&store, 7).await);
        assert_eq!((bare.presence, bare.link, bare.request), (None, None, None));

        let seen = Sighting {
            user: UserId(7),
            channel: CHANNEL,
            standing: Standing::Left,
            until: None,
            actor: None,
        };
        let request = NewRequest {
            user: UserId(7),
            channel: CHANNEL,
            chat: ChatId(7),
            link: None,
        };
        let link = NewEntryLink {
            user: UserId(7),
            channel: CHANNEL,
            outbox: 5,
            expires_at: later(60),
        };
        store
            .write(async |tx| {
                presence::note(tx, &seen, now()).await?;
                // Elsewhere.
                presence::note(
                    tx,
                    &Sighting {
                        channel: ChatId(-200),
                        ..seen
                    },
                    now(),
                )
                .await?;
                vip_door::note_request(tx, &request, now()).await?;
                let planned = entry_links::plan(tx, &link, now()).await?;
                entry_links::record(tx, planned.id, "https://t.me/+x", later(90)).await?;
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        let db = &store.read();
        let full = situation(7).await.unwrap();
        assert_eq!(
            full.presence,
            presence::find(db, UserId(7), CHANNEL).await.unwrap()
        );
        assert_eq!(
            full.link,
            entry_links::open_of(db, UserId(7), CHANNEL).await.unwrap()
        );
        assert_eq!(
            full.request,
            vip_door::open_for(db, UserId(7), CHANNEL).await.unwrap()
        );
        assert!(full.presence.is_some() && full.link.is_some() && full.request.is_some());
    });
}

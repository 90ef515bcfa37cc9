//! Invitations: what they promise, how they are issued, and that each opens once.

use domain::id::{PlanId, UserId};
use domain::plan::{NewPlan, Plan};
use domain::subscription::{Stage, Status, Subscription};
use domain::token::{Invitation, InvitationCode, InvitationPlan, Usage, Verdict};

use super::outbox::changed;
use super::{Kind, add_people, at_once, held_up, later, lines, now, on, on_every_store, run_sql, spelled};
use crate::invitations::{
    self, FoundInvitation, IssueError, Issued, NewGrant, NewInvitation, Offer, TokenKind,
};
use crate::subscribers::{self, Grant};
use crate::tokens::{self, NewToken};
use crate::{Dialect, Store, blocks, plans};

pub(super) async fn plan(store: &Store) -> Plan {
    let plan = NewPlan::check("Mensual", 30, "9.99", "$", UserId(9)).unwrap();
    let made = store
        .write(async |tx| plans::create(tx, &plan, now()).await)
        .await;
    made.unwrap()
}

pub(super) fn code(number: u8) -> InvitationCode {
    InvitationCode::from_random([number; 12])
}

pub(super) async fn issue(store: &Store, plan: PlanId, number: u8) -> Issued {
    let new = NewInvitation {
        plan,
        by: UserId(9),
        valid_hours: 24,
    };
    let issued = store
        .write(async |tx| invitations::issue(tx, &new, || code(number), now()).await)
        .await;
    issued.unwrap()
}

async fn look_up(store: &Store, code: &InvitationCode, opens: i64) -> Option<FoundInvitation> {
    invitations::look_up(&store.read(), code, UserId(opens))
        .await
        .unwrap()
}

async fn claim(store: &Store, found: &FoundInvitation, by: i64) -> bool {
    changed(store, async |tx| {
        invitations::claim(tx, found, UserId(by), later(60)).await
    })
    .await
}

fn mensual() -> Offer {
    Offer {
        plan: "Mensual".to_owned(),
        days: 30,
        price: "9.99".parse().unwrap(),
        currency: "$".to_owned(),
    }
}

#[test]
fn an_invitation_keeps_its_promise_and_opens_once() {
    on_every_store(async |store| {
        let plan = plan(&store).await;
        let issued = issue(&store, plan.id, 1).await;
        assert_eq!(issued.code, code(1));
        assert_eq!(issued.offer, mensual());
        assert_eq!(issued.invitation.ends_at(), later(24 * 3600));
        run_sql(
            &store,
            "UPDATE subscription_plans SET name = 'Otro', duration_days = 7, price = 99.5, currency = 'MXN'",
        )
        .await;

        let expected = FoundInvitation {
            id: issued.id,
            code: code(1),
            invitation: issued.invitation,
            offer: Some(mensual()),
            kind: TokenKind::Invitation,
            held: false,
            by: UserId(9),
            used_at: None,
            subscription: None,
            blocked: false,
            vip_channel: None,
        };
        let found = look_up(&store, &code(1), 7).await.unwrap();
        assert_eq!(found, expected);
        assert_eq!(look_up(&store, &code(2), 7).await, None);

        assert!(claim(&store, &found, 7).await);
        assert!(!claim(&store, &found, 7).await);
        assert!(!claim(&store, &found, 8).await);
        let used = FoundInvitation {
            invitation: Invitation {
                usage: Usage::By(UserId(7)),
                ..issued.invitation
            },
            used_at: Some(later(60)),
            ..expected
        };
        assert_eq!(look_up(&store, &code(1), 7).await, Some(used));
    });
}

#[test]
fn whoever_opens_it_is_seen_in_the_same_moment() {
    on_every_store(async |store| {
        let plan = plan(&store).await;
        issue(&store, plan.id, 1).await;
        add_people(&store, [7, 8]).await;
        let grant = Grant {
            user: UserId(7),
            token: "GRANT-1",
            plan: None,
            by: UserId(0),
            expiry: later(3600),
            stage: Some(Stage::Second),
        };
        let granted = changed(&store, async |tx| subscribers::grant(tx, &grant, now()).await).await;
        assert!(
            changed(&store, async |tx| blocks::block(tx, UserId(8), UserId(9), now())
                .await)
            .await
        );
        assert!(
            !changed(&store, async |tx| blocks::block(tx, UserId(8), UserId(9), now())
                .await)
            .await
        );

        let member = look_up(&store, &code(1), 7).await.unwrap();
        assert_eq!((member.subscription, member.blocked), (Some(granted), false));
        let subscription = Subscription {
            status: Status::Active,
            expiry: later(3600),
            stage: Some(Stage::Second),
        };
        assert_eq!(granted.subscription, subscription);
        assert_eq!(
            subscribers::find(&store.read(), UserId(7)).await,
            Ok(Some(granted))
        );
        let known = crate::people::known(&store.read(), UserId(7))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(known.subscription, Some(granted));

        let blocked = look_up(&store, &code(1), 8).await.unwrap();
        assert_eq!((blocked.subscription, blocked.blocked), (None, true));
        assert!(changed(&store, async |tx| blocks::unblock(tx, UserId(8)).await).await);
        assert!(!changed(&store, async |tx| blocks::unblock(tx, UserId(8)).await).await);
        assert!(!look_up(&store, &code(1), 8).await.unwrap().blocked);

        let of_grant = InvitationCode::parse("GRANT-1").unwrap();
        let grant = look_up(&store, &of_grant, 8).await.unwrap();
        assert_eq!((grant.kind, grant.offer.clone()), (TokenKind::Grant, None));
        assert!(!claim(&store, &grant, 8).await);
    });
}

#[test]
fn a_token_of_the_predecessor_promises_what_its_plan_offers_now() {
    on_every_store(async |store| {
        let plan = plan(&store).await;
        let bare = async |text: &'static str, plan: Option<PlanId>| {
            let token = NewToken {
                token: text,
                by: UserId(9),
                valid_hours: 24,
                plan,
            };
            changed(&store, async |tx| tokens::issue(tx, &token, now()).await).await;
            look_up(&store, &InvitationCode::parse(text).unwrap(), 7)
                .await
                .unwrap()
        };
        let old = bare("OLD", Some(plan.id)).await;
        assert_eq!(old.offer, Some(mensual()));
        assert_eq!((old.kind, old.held), (TokenKind::Invitation, false));
        assert_eq!(old.invitation.plan, InvitationPlan::Active);

        let planless = bare("PLANLESS", None).await;
        assert_eq!(
            (planless.offer.clone(), planless.invitation.plan),
            (None, InvitationPlan::Missing)
        );
        assert!(!claim(&store, &planless, 7).await);

        run_sql(&store, "UPDATE subscription_plans SET active = FALSE").await;
        let inactive = bare("INACTIVE", Some(plan.id)).await;
        assert_eq!(inactive.invitation.plan, InvitationPlan::Inactive);
        assert!(!claim(&store, &inactive, 7).await);

        run_sql(
            &store,
            "UPDATE subscription_plans SET active = TRUE, duration_days = 5000;
             UPDATE invitation_tokens SET used = TRUE WHERE token = 'PLANLESS'",
        )
        .await;
        let nobody = look_up(&store, &InvitationCode::parse("PLANLESS").unwrap(), 7)
            .await
            .unwrap();
        assert_eq!(nobody.invitation.usage, Usage::BySomebody);
        let again = look_up(&store, &InvitationCode::parse("INACTIVE").unwrap(), 7)
            .await
            .unwrap();
        assert_eq!(again.offer.as_ref().unwrap().days, 5000);
        assert!(claim(&store, &again, 7).await);
    });
}

#[test]
fn what_changed_since_it_was_looked_up_is_not_claimed() {
    let changes = [
        "UPDATE subscription_plans SET active = FALSE",
        "UPDATE invitations SET held = TRUE",
        "UPDATE invitations SET kind = 'grant'",
        "UPDATE invitations SET kind = 'of another version'",
        "UPDATE invitation_tokens SET duration_hours = 0",
        "UPDATE invitation_tokens SET token = 'another'",
        "UPDATE invitation_tokens SET used = TRUE",
        "DELETE FROM invitation_tokens",
    ];
    on_every_store(async |store| {
        let plan = plan(&store).await;
        issue(&store, plan.id, 1).await;
        let found = look_up(&store, &code(1), 7).await.unwrap();
        for change in changes {
            let tx = store.begin().await.unwrap();
            sea_orm::ConnectionTrait::execute_unprepared(&tx, change)
                .await
                .unwrap();
            assert_eq!(
                invitations::claim(&tx, &found, UserId(7), now()).await,
                Ok(false),
                "{change}"
            );
        }
        let late = found.invitation.ends_at() + chrono::TimeDelta::microseconds(1);
        let claimed = changed(&store, async |tx| {
            invitations::claim(tx, &found, UserId(7), late).await
        })
        .await;
        assert!(!claimed);
        run_sql(&store, "UPDATE invitations SET held = TRUE").await;
        assert!(look_up(&store, &code(1), 7).await.unwrap().held);
        run_sql(&store, "UPDATE invitations SET held = FALSE").await;
        assert!(claim(&store, &found, 7).await);
    });
}

#[test]
fn codes_that_are_taken_are_passed_over() {
    on_every_store(async |store| {
        let plan = plan(&store).await;
        issue(&store, plan.id, 1).await;
        let new = NewInvitation {
            plan: plan.id,
            by: UserId(9),
            valid_hours: 24,
        };
        let mut numbers = [1, 1, 2].into_iter();
        let issued = store
            .write(async |tx| {
                let codes = || code(numbers.next().unwrap());
                invitations::issue(tx, &new, codes, now()).await
            })
            .await;
        assert_eq!(issued.unwrap().code, code(2));
        let mut asked = 0;
        let none = store
            .write(async |tx| {
                let codes = || {
                    asked += 1;
                    code(1)
                };
                invitations::issue(tx, &new, codes, now()).await
            })
            .await;
        assert_eq!((none, asked), (Err(IssueError::NoCode), 10));
        let count = "SELECT CAST(count(*) AS VARCHAR(9)) AS line FROM invitation_tokens";
        assert_eq!(lines(&store.read(), count).await, ["2"]);
    });
}

#[test]
fn only_plans_on_offer_are_issued() {
    on_every_store(async |store| {
        let plan = plan(&store).await;
        run_sql(&store, "UPDATE subscription_plans SET active = FALSE").await;
        for plan in [plan.id, PlanId(999)] {
            let new = NewInvitation {
                plan,
                by: UserId(9),
                valid_hours: 24,
            };
            let issued = store
                .write(async |tx| invitations::issue(tx, &new, || code(1), now()).await)
                .await;
            assert_eq!(issued, Err(IssueError::NotOnOffer));
        }
    });
}

#[test]
fn rows_have_the_predecessors_form() {
    on_every_store(async |store| {
        let plan = plan(&store).await;
        issue(&store, plan.id, 1).await;
        let found = look_up(&store, &code(1), 7).await.unwrap();
        assert!(claim(&store, &found, 7).await);
        let columns = [
            "token",
            "generated_by",
            "created_at",
            "duration_hours",
            "used",
            "used_by",
            "used_at",
        ];
        let expected = match store.dialect() {
            Dialect::Sqlite => {
                "'AQEBAQEBAQEBAQEB' 9 '2026-09-21 14:13:20.000000' 24 1 7 '2026-09-21 14:14:20.000000'"
            }
            Dialect::Postgres => {
                "'AQEBAQEBAQEBAQEB' '9' '2026-09-21 14:13:20' '24' 'true' '7' '2026-09-21 14:14:20'"
            }
        };
        assert_eq!(spelled(&store, "invitation_tokens", &columns).await, [expected]);
        let snapshot =
            "SELECT plan_name || ' ' || CAST(days AS VARCHAR(9)) || ' ' || CAST(price AS VARCHAR(9))
                               || ' ' || currency AS line FROM invitations";
        assert_eq!(lines(&store.read(), snapshot).await, ["Mensual 30 9.99 $"]);
    });
}

#[test]
fn looking_up_is_one_statement_and_so_is_claiming() {
    on_every_store(async |store| {
        let plan = plan(&store).await;
        issue(&store, plan.id, 1).await;
        let (found, asked) = crate::statements::scope(look_up(&store, &code(1), 7)).await;
        assert_eq!(asked.count, 1);
        let found = found.unwrap();
        let (_, asked) = crate::statements::scope(claim(&store, &found, 7)).await;
        assert_eq!(asked.count, 1);
    });
}

#[test]
fn of_several_who_claim_at_once_one_does() {
    on_every_store(async |store| {
        let plan = plan(&store).await;
        issue(&store, plan.id, 1).await;
        let found = look_up(&store, &code(1), 7).await.unwrap();
        let told = at_once(|number| {
            let (store, found) = (store.clone(), found.clone());
            async move { (number, claim(&store, &found, number).await) }
        })
        .await;
        let winners: Vec<_> = told.into_iter().filter(|(_, claimed)| *claimed).collect();
        assert_eq!(winners.len(), 1, "{winners:?}");
        let found = look_up(&store, &code(1), 7).await.unwrap();
        assert_eq!(found.invitation.usage, Usage::By(UserId(winners[0].0)));
    });
}

#[test]
fn whoever_comes_second_waits_for_the_first() {
    for committed in [true, false] {
        on([Kind::Postgres], async |database| {
            let store = database.migrated().await;
            let plan = plan(&store).await;
            issue(&store, plan.id, 1).await;
            let found = look_up(&store, &code(1), 7).await.unwrap();
            let first = store.begin().await.unwrap();
            assert_eq!(
                invitations::claim(&first, &found, UserId(1), later(60)).await,
                Ok(true)
            );
            let second = tokio::spawn({
                let (store, found) = (store.clone(), found.clone());
                async move { claim(&store, &found, 2).await }
            });
            assert!(held_up(&store, &second).await);
            if committed {
                first.commit().await.unwrap();
            } else {
                drop(first);
            }
            assert_eq!(second.await.unwrap(), !committed);
            let found = look_up(&store, &code(1), 1).await.unwrap();
            let verdict = Verdict::of(Some(&found.invitation), UserId(1), later(61));
            let expected = if committed {
                Verdict::UsedByThisPerson
            } else {
                Verdict::UsedByAnother
            };
            assert_eq!(verdict, expected);
        });
    }
}

#[test]
fn a_grant_is_used_from_the_beginning_and_knows_its_plan() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        let plan = plan(&store).await;
        issue(&store, plan.id, 1).await;
        let new = NewGrant {
            user: UserId(7),
            plan: &plan,
            by: UserId(9),
        };
        let mut numbers = [1, 2].into_iter();
        let codes = || code(numbers.next().unwrap());
        let granted: Result<_, IssueError> = store
            .write(async |tx| invitations::grant(tx, &new, codes, now()).await)
            .await;
        let granted = granted.unwrap();
        let found = invitations::find(&store.read(), granted, UserId(7)).await;
        let found = found.unwrap().unwrap();
        assert_eq!(found.code, code(2), "the first one was taken");
        assert_eq!(found.kind, TokenKind::Grant);
        assert_eq!(found.offer, Some(mensual()));
        assert_eq!(
            (found.invitation.usage, found.used_at),
            (Usage::By(UserId(7)), Some(now()))
        );
        assert!(!claim(&store, &found, 8).await);
        assert_eq!(plans::of_token(&store.read(), granted).await, Ok(Some(plan)));
        assert_eq!(
            plans::of_token(&store.read(), domain::id::TokenId(99)).await,
            Ok(None)
        );
    });
}

//! Where people are.

use domain::id::{ChatId, UserId};

use super::outbox::changed;
use super::{add_people, later, now, on_every_store, run_sql};
use crate::presence::{self, Answer, Presence, Sighting, Standing};
use crate::{Store, StoreError};

const ANA: UserId = UserId(7);
const HERE: ChatId = ChatId(-100);

fn seen(standing: Standing, actor: Option<i64>) -> Sighting {
    Sighting {
        user: ANA,
        channel: HERE,
        standing,
        until: None,
        actor: actor.map(UserId),
    }
}

async fn note(store: &Store, seen: Sighting, seconds: i64) -> bool {
    changed(store, async |tx| presence::note(tx, &seen, later(seconds)).await).await
}

async fn find(store: &Store) -> Presence {
    presence::find(&store.read(), ANA, HERE).await.unwrap().unwrap()
}

#[test]
fn a_standing_keeps_its_beginning_and_its_author_while_it_lasts() {
    on_every_store(async |store| {
        assert!(!note(&store, seen(Standing::Member, None), 0).await, "not stored");
        add_people(&store, [7]).await;
        assert_eq!(presence::find(&store.read(), ANA, HERE).await, Ok(None));
        assert!(note(&store, seen(Standing::Member, Some(7)), 0).await);
        let mut expected = Presence {
            standing: Standing::Member,
            since: now(),
            until: None,
            actor: Some(ANA),
            noted_at: now(),
            asked_at: None,
            answer: None,
        };
        assert_eq!(find(&store).await, expected);
        assert!(note(&store, seen(Standing::Member, None), 10).await);
        expected.noted_at = later(10);
        assert_eq!(find(&store).await, expected);

        let banned = Sighting {
            until: Some(later(500)),
            ..seen(Standing::Kicked, Some(9))
        };
        assert!(note(&store, banned, 20).await);
        assert!(
            !note(&store, seen(Standing::Left, None), 19).await,
            "older than what is known"
        );
        let expected = Presence {
            standing: Standing::Kicked,
            since: later(20),
            until: Some(later(500)),
            actor: Some(UserId(9)),
            noted_at: later(20),
            ..expected
        };
        assert_eq!(find(&store).await, expected);
        assert!(note(&store, seen(Standing::Left, None), 30).await);
        assert_eq!(find(&store).await.actor, None, "nobody knows who lifted it");
    });
}

#[test]
fn an_entry_is_news_once_until_they_are_outside_again() {
    on_every_store(async |store| {
        let enters = async |actor, seconds| {
            let seen = seen(Standing::Member, actor);
            changed(&store, async |tx| {
                presence::note_inside(tx, &seen, later(seconds)).await
            })
            .await
        };
        assert!(!enters(None, 0).await, "not stored");
        add_people(&store, [7]).await;
        assert!(enters(Some(9), 0).await);
        assert!(!enters(None, 0).await, "told from elsewhere as well");
        assert!(!enters(None, 5).await);
        assert_eq!(find(&store).await.actor, Some(UserId(9)));
        assert!(note(&store, seen(Standing::Left, None), 10).await);
        assert!(!enters(None, 9).await, "older than what is known");
        assert!(enters(Some(7), 10).await);
        let presence = find(&store).await;
        assert_eq!(presence.since, later(10));
        assert_eq!(presence.actor, Some(ANA));
    });
}

#[test]
fn of_two_who_note_an_entry_at_once_one_is_told() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        for round in 0..10 {
            let enters = || async {
                let seen = seen(Standing::Member, None);
                let noted: Result<bool, StoreError> = store
                    .write(async |tx| presence::note_inside(tx, &seen, later(round)).await)
                    .await;
                noted.unwrap()
            };
            let (one, other) = tokio::join!(enters(), enters());
            assert!(one ^ other, "round {round}: {one} {other}");
            assert!(note(&store, seen(Standing::Left, None), round).await);
        }
    });
}

#[test]
fn custodians_are_asked_once_and_one_answers() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        let ask = async || changed(&store, async |tx| presence::ask(tx, ANA, HERE, later(1)).await).await;
        let answer = async |answer| {
            changed(&store, async |tx| {
                presence::answer(tx, ANA, HERE, answer, UserId(9)).await
            })
            .await
        };
        assert!(!ask().await, "nothing is known of them");
        note(&store, seen(Standing::Kicked, Some(5)), 0).await;
        assert!(!answer(Answer::Inside).await, "nobody has asked");
        assert!(ask().await);
        assert!(!ask().await);
        assert!(answer(Answer::Outside).await);
        assert!(!answer(Answer::Inside).await, "another one was faster");
        note(&store, seen(Standing::Kicked, None), 5).await;
        let told = find(&store).await;
        assert_eq!(
            (told.asked_at, told.answer),
            (Some(later(1)), Some(Answer::Outside))
        );

        note(&store, seen(Standing::Left, None), 6).await;
        let told = find(&store).await;
        assert_eq!((told.asked_at, told.answer), (None, None), "that is over");
        assert!(ask().await);
        assert!(answer(Answer::Inside).await);
        assert_eq!(find(&store).await.answer, Some(Answer::Inside));
    });
}

#[test]
fn every_standing_is_read_as_it_was_written() {
    use Standing::{Administrator, Creator, Kicked, Left, Member, Restricted};
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        for standing in [Creator, Administrator, Member, Restricted, Left, Kicked] {
            assert!(note(&store, seen(standing, None), 0).await);
            assert_eq!(find(&store).await.standing, standing);
            assert_eq!(standing.is_inside(), !matches!(standing, Left | Kicked));
        }
        run_sql(&store, "UPDATE presence SET standing = 'x'").await;
        assert_eq!(
            presence::find(&store.read(), ANA, HERE).await,
            Err(StoreError::Unreadable("presence.standing".to_owned()))
        );
    });
}

#[test]
fn whoever_notes_first_that_somebody_is_outside_is_told_so() {
    use Standing::{Kicked, Left, Member};
    on_every_store(async |store| {
        let outside = async |standing, seconds| {
            changed(&store, async |tx| {
                presence::note_outside(tx, &seen(standing, None), later(seconds)).await
            })
            .await
        };
        assert!(!outside(Left, 0).await, "not stored");
        add_people(&store, [7]).await;
        assert!(outside(Kicked, 10).await, "nothing was known");
        assert!(!outside(Kicked, 20).await);
        assert_eq!(find(&store).await.since, later(10));
        assert!(outside(Left, 30).await);
        note(&store, seen(Member, Some(7)), 40).await;
        assert!(!outside(Kicked, 35).await, "older than what is known");
        assert!(outside(Kicked, 50).await);
        assert_eq!(find(&store).await.standing, Kicked);
    });
}

#[test]
fn those_inside_are_counted_without_those_who_are_known_otherwise() {
    on_every_store(async |store| {
        add_people(&store, [7, 8]).await;
        note(&store, seen(Standing::Member, None), 0).await;
        let other = Sighting {
            user: UserId(8),
            ..seen(Standing::Administrator, None)
        };
        note(&store, other, 0).await;
        let besides = async |others: &[i64]| {
            let others: Vec<UserId> = others.iter().copied().map(UserId).collect();
            presence::count_inside_besides(&store.read(), HERE, &others).await
        };
        assert_eq!(presence::count_inside(&store.read(), HERE).await, Ok(2));
        assert_eq!(besides(&[8, 9]).await, Ok(1));
        assert_eq!(besides(&[7, 8]).await, Ok(0));
    });
}

//! The door of the members' channel.

use domain::id::{ChatId, EntryLinkId, TokenId, UserId};

use super::outbox::changed;
use super::{add_people, at_once, breaks_a_foreign_key, later, now, on_every_store, run_sql};
use crate::Store;
use crate::vip_door::{self, Decision, Line, NewRequest, OpenRequest};

const ANA: UserId = UserId(7);
const HERE: ChatId = ChatId(-100);

fn by(link: Option<i64>) -> NewRequest {
    NewRequest {
        user: ANA,
        channel: HERE,
        chat: ChatId(77),
        link: link.map(EntryLinkId),
    }
}

async fn note(store: &Store, request: NewRequest, seconds: i64) -> OpenRequest {
    changed(store, async |tx| {
        vip_door::note_request(tx, &request, later(seconds)).await
    })
    .await
}

async fn decide(store: &Store, number: i64, decision: Decision) -> bool {
    changed(store, async |tx| {
        vip_door::decide(tx, ANA, HERE, number, decision, later(50)).await
    })
    .await
}

async fn open(store: &Store) -> Option<OpenRequest> {
    vip_door::open_for(&store.read(), ANA, HERE).await.unwrap()
}

#[test]
fn a_request_is_open_until_it_is_decided() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        assert_eq!(open(&store).await, None);
        let first = note(&store, by(None), 0).await;
        let expected = OpenRequest {
            request: by(None),
            number: 1,
            opened: 1,
            requested_at: now(),
        };
        assert_eq!(first, expected);
        assert!(first.is_new());
        assert_eq!(open(&store).await, Some(first));
        assert_eq!(
            vip_door::open_for(&store.read(), ANA, ChatId(-200)).await,
            Ok(None)
        );

        let again = note(&store, by(Some(3)), 5).await;
        assert!(!again.is_new());
        assert_eq!((again.number, again.opened, again.request), (2, 1, by(Some(3))));
        assert!(
            !decide(&store, first.number, Decision::Declined).await,
            "they have asked again since"
        );
        assert_eq!(open(&store).await, Some(again));
        assert!(decide(&store, again.number, Decision::Declined).await);
        assert!(!decide(&store, again.number, Decision::Approved).await);
        assert_eq!(open(&store).await, None);

        let anew = note(&store, by(None), 60).await;
        assert!(anew.is_new());
        assert_eq!((anew.number, anew.opened), (3, 3));
        assert!(decide(&store, anew.number, Decision::Approved).await);
        assert!(note(&store, by(None), 70).await.is_new());
        assert!(decide(&store, 4, Decision::Gone).await);
    });
}

#[test]
fn everything_is_said_once() {
    on_every_store(async |store| {
        add_people(&store, [7, 8]).await;
        let lines = [
            Line::Stranger(EntryLinkId(3)),
            Line::Stranger(EntryLinkId(4)),
            Line::StrangerTold(EntryLinkId(3)),
            Line::FinishRitual(1),
            Line::FinishRitual(2),
            Line::Hold(1),
            Line::LinkRefused(TokenId(1)),
        ];
        let said = async |user, channel, line| {
            changed(&store, async |tx| {
                vip_door::said(tx, UserId(user), channel, line, now()).await
            })
            .await
        };
        for line in lines {
            assert!(said(7, HERE, line).await, "{line:?}");
            assert!(!said(7, HERE, line).await, "{line:?}");
            assert!(said(8, HERE, line).await, "{line:?}: to somebody else");
            assert!(said(7, ChatId(-200), line).await, "{line:?}: at another door");
        }
        assert!(!said(9, HERE, Line::Hold(1)).await, "nobody of that id is stored");
    });
}

#[test]
fn a_stranger_has_to_be_stored_first() {
    on_every_store(async |store| {
        let refused = store
            .write(async |tx| vip_door::note_request(tx, &by(None), now()).await)
            .await
            .unwrap_err();
        assert!(breaks_a_foreign_key(&refused), "{refused:?}");
        add_people(&store, [7]).await;
        note(&store, by(None), 0).await;
        changed(&store, async |tx| {
            vip_door::said(tx, ANA, HERE, Line::Hold(1), now()).await
        })
        .await;
        run_sql(&store, "DELETE FROM users").await;
        assert_eq!(open(&store).await, None, "it goes with the person");
    });
}

#[test]
fn requests_at_once_have_numbers_of_their_own() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        let mut numbers = at_once(|_| {
            let store = store.clone();
            async move { note(&store, by(None), 0).await.number }
        })
        .await;
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(open(&store).await.unwrap().opened, 1);
    });
}

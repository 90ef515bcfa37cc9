//! A dialogue of three steps, with crashes between them and taps that come twice.

use chrono::DateTime;
use domain::id::{BotId, ChatId, MessageId};
use domain::person::Profile;
use domain::role::Role;
use serde::Deserialize;
use store::inbox::{self, Claimed, NewUpdate, Run};
use store::{DatabaseUrl, StoreOptions, house, people, schema};
use telegram::update::{Chat, ChatKind};

use super::*;

/// Asks for a name and a number of days, and wants both confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
enum Wizard {
    Name,
    Days { name: String },
    Confirm { name: String, days: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    NotText,
    NotANumber,
    TooMany,
    NothingToSay,
}

impl Script for Wizard {
    const KIND: &'static str = "wizard";
    /// The most days.
    type Stage = u32;
    type Mistake = Mistake;

    fn step(&self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Days { .. } => "days",
            Self::Confirm { .. } => "confirm",
        }
    }

    fn is_complete(&self) -> bool {
        matches!(self, Self::Confirm { .. })
    }

    async fn hear(&self, said: &Said, most: &u32) -> Result<Result<Self, Mistake>, HandlerError> {
        let Said::Text(text) = said else {
            return Ok(Err(Mistake::NotText));
        };
        Ok(match self {
            Self::Name => Ok(Self::Days { name: text.clone() }),
            Self::Days { name } => match text.parse() {
                Ok(days) if days > *most => Err(Mistake::TooMany),
                Ok(days) => Ok(Self::Confirm {
                    name: name.clone(),
                    days,
                }),
                Err(_) => Err(Mistake::NotANumber),
            },
            Self::Confirm { .. } => Err(Mistake::NothingToSay),
        })
    }
}

const ANA: UserId = UserId(42);
const MOST: u32 = 365;

/// What shows the dialogue, and what shows its result.
const SHOWN: Action = Action::Panel;
const RESULT: Action = Action::Membership;

struct Bench {
    store: Store,
    epoch: i64,
    now: Timestamp,
    updates: i64,
}

impl Bench {
    async fn new() -> Self {
        let store = Store::open(&DatabaseUrl::memory(), &StoreOptions::default())
            .await
            .unwrap();
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        schema::up(&store, None, now).await.unwrap();
        let epoch = store
            .write(async |tx| {
                let ana = Profile::new(ANA, "Ana", None, None);
                people::insert_if_absent(tx, &ana, Role::Admin, now).await?;
                house::raise_epoch(tx, now).await
            })
            .await
            .unwrap();
        Self {
            store,
            epoch,
            now,
            updates: 0,
        }
    }

    /// A new update of Ana's, in hand.
    async fn update(&mut self) -> i64 {
        self.updates += 1;
        let update = NewUpdate {
            bot_id: BotId(7),
            update_id: self.updates,
            person: ANA.0,
            kind: "message".to_owned(),
            json: "{}".to_owned(),
            failure: None,
        };
        let (now, epoch) = (self.now, self.epoch);
        self.store
            .write(async |tx| {
                let stored = inbox::store_batch(tx, &[update], now).await?;
                inbox::claim(tx, &[stored[0].seq], epoch, Run::Together).await?;
                Ok::<_, store::StoreError>(stored[0].seq)
            })
            .await
            .unwrap()
    }

    fn talk(&self, seq: i64) -> Talk<'_> {
        Talk {
            store: &self.store,
            user: ANA,
            hand: Hand {
                seq,
                epoch: self.epoch,
            },
            now: self.now,
        }
    }

    async fn begins(&mut self) -> Present<Wizard> {
        let seq = self.update().await;
        self.talk(seq).begin(&Wizard::Name, SHOWN).await.unwrap();
        self.present().await.unwrap()
    }

    async fn says(&mut self, said: Said) -> Heard<Mistake> {
        let seq = self.update().await;
        self.talk(seq).hear::<Wizard>(&said, &MOST, SHOWN).await.unwrap()
    }

    async fn writes(&mut self, text: &str) -> Heard<Mistake> {
        self.says(Said::Text(text.to_owned())).await
    }

    async fn present(&self) -> Option<Present<Wizard>> {
        self.talk(0).present().await.unwrap()
    }

    /// Comes to the last step.
    async fn at_the_end(&mut self) -> Present<Wizard> {
        self.begins().await;
        self.writes("Velo de Seda").await;
        self.writes("30").await;
        self.present().await.unwrap()
    }

    /// Taps the button that does what the dialogue was for: renames Ana.
    async fn confirms(&self, seq: i64, at: Version) -> Option<Action> {
        self.talk(seq)
            .conclude::<Wizard>(at, async |tx, script| {
                let Wizard::Confirm { name, days } = script else {
                    return Err(HandlerError::Lost);
                };
                let ana = Profile::new(ANA, &format!("{name} {days}"), None, None);
                people::refresh_names(tx, &ana, self.now).await?;
                Ok(RESULT)
            })
            .await
            .unwrap()
    }

    /// Taps the button that carries the question, which does the same.
    async fn answers(&self, seq: i64, question: Question) -> Result<Confirmed, HandlerError> {
        self.talk(seq)
            .confirm::<Wizard, HandlerError>(question, async |tx, script| {
                let Wizard::Confirm { name, days } = script else {
                    return Err(HandlerError::Lost);
                };
                let ana = Profile::new(ANA, &format!("{name} {days}"), None, None);
                people::refresh_names(tx, &ana, self.now).await?;
                Ok(RESULT)
            })
            .await
    }

    async fn outcome(&self, seq: i64) -> Option<Action> {
        let rows: Vec<Claimed> = self
            .store
            .write(async |tx| inbox::claim(tx, &[seq], self.epoch, Run::Together).await)
            .await
            .unwrap();
        Action::decode(rows[0].outcome.as_deref()?)
    }

    async fn name(&self) -> String {
        let found = people::find(&self.store.read(), ANA).await.unwrap();
        found.unwrap().profile.first_name
    }
}

#[tokio::test]
async fn it_asks_for_one_thing_after_another_and_does_one() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.begins().await.script, Wizard::Name);
    assert_eq!(bench.writes("Velo de Seda").await, Heard::On);
    assert_eq!(bench.writes("30").await, Heard::On);
    let present = bench.present().await.unwrap();
    let name = "Velo de Seda".to_owned();
    assert_eq!(present.script, Wizard::Confirm { name, days: 30 });
    let tap = bench.update().await;
    assert_eq!(bench.confirms(tap, present.version).await, Some(RESULT));
    assert_eq!(bench.name().await, "Velo de Seda 30");
    assert_eq!(bench.present().await, None);
    assert_eq!(bench.outcome(tap).await, Some(RESULT));
}

#[tokio::test]
async fn what_it_cannot_take_is_answered_and_changes_nothing() {
    let mut bench = Bench::new().await;
    bench.begins().await;
    let post = ForwardedPost {
        chat: Chat {
            id: ChatId(-100),
            kind: ChatKind::Channel,
            title: None,
            username: None,
        },
        message: MessageId(3),
    };
    for said in [Said::Other, Said::Post(post)] {
        assert_eq!(bench.says(said).await, Heard::Mistake(Mistake::NotText));
    }
    bench.writes("Velo de Seda").await;
    let before = bench.present().await;
    assert_eq!(bench.writes("muchos").await, Heard::Mistake(Mistake::NotANumber));
    assert_eq!(bench.writes("366").await, Heard::Mistake(Mistake::TooMany));
    assert_eq!(
        bench.present().await,
        before,
        "its version stays, and its buttons count"
    );
    bench.writes("365").await;
    assert_eq!(bench.writes("sí").await, Heard::Mistake(Mistake::NothingToSay));
}

#[tokio::test]
async fn a_crash_between_a_step_and_its_answer_does_not_make_the_step_twice() {
    let mut bench = Bench::new().await;
    bench.begins().await;
    let seq = bench.update().await;
    let said = Said::Text("Velo de Seda".to_owned());
    bench.talk(seq).hear::<Wizard>(&said, &MOST, SHOWN).await.unwrap();
    // The process dies before it has answered; the row runs again and finds its outcome.
    assert_eq!(bench.outcome(seq).await, Some(SHOWN));
    let before = bench.present().await;
    // Even a run that did not look could not make the step again.
    let again = bench
        .talk(seq)
        .hear::<Wizard>(&Said::Text("9".to_owned()), &MOST, SHOWN)
        .await;
    assert!(matches!(again, Err(HandlerError::Lost)));
    assert_eq!(bench.present().await, before);
}

#[tokio::test]
async fn a_crash_within_the_last_step_leaves_it_undone_and_open() {
    let mut bench = Bench::new().await;
    let present = bench.at_the_end().await;
    let tap = bench.update().await;
    let failed = bench
        .talk(tap)
        .conclude::<Wizard>(present.version, async |tx, _| {
            let ana = Profile::new(ANA, "halfway", None, None);
            people::refresh_names(tx, &ana, bench.now).await?;
            Err(store::StoreError::Busy.into())
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(bench.name().await, "Ana");
    assert_eq!(bench.present().await, Some(present.clone()));
    assert_eq!(bench.confirms(tap, present.version).await, Some(RESULT));
}

#[tokio::test]
async fn of_two_taps_at_once_one_counts() {
    let mut bench = Bench::new().await;
    let present = bench.at_the_end().await;
    let (first, second) = (bench.update().await, bench.update().await);
    let (first, second) = tokio::join!(
        bench.confirms(first, present.version),
        bench.confirms(second, present.version)
    );
    assert_eq!(
        [first, second].into_iter().flatten().collect::<Vec<_>>(),
        [RESULT]
    );
    assert_eq!(bench.name().await, "Velo de Seda 30");
}

#[tokio::test]
async fn a_button_of_an_earlier_state_is_stale() {
    let mut bench = Bench::new().await;
    let first = bench.begins().await;
    bench.writes("Velo de Seda").await;
    let tap = bench.update().await;
    let back = bench.talk(tap).advance(first.version, &Wizard::Name, SHOWN).await;
    assert!(!back.unwrap());
    assert_eq!(bench.confirms(tap, first.version).await, None);
    // Neither do buttons of a dialogue that is over count in the next one.
    let last = bench.at_the_end().await;
    let next = bench.at_the_end().await;
    assert_eq!(bench.confirms(tap, last.version).await, None);
    assert_eq!(bench.confirms(tap, next.version).await, Some(RESULT));
}

#[tokio::test]
async fn only_a_complete_dialogue_puts_a_question() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.begins().await.question, None);
    let first = bench.at_the_end().await.question.expect("it is complete");
    let second = bench.at_the_end().await.question.expect("it is complete");
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_question_is_answered_once_and_remembers_what_came_of_it() {
    let mut bench = Bench::new().await;
    let question = bench.at_the_end().await.question.unwrap();
    let (first, second) = (bench.update().await, bench.update().await);
    assert_eq!(
        bench.answers(first, question).await.unwrap(),
        Confirmed::Now(RESULT)
    );
    assert_eq!(bench.name().await, "Velo de Seda 30");
    assert_eq!(bench.present().await, None);
    assert_eq!(bench.outcome(first).await, Some(RESULT));
    // Somebody else's later change stays: the second tap shows the result and does nothing.
    bench.begins().await;
    let again = bench.answers(second, question).await.unwrap();
    assert_eq!(again, Confirmed::Before(RESULT));
    assert!(
        bench.present().await.is_some(),
        "the next dialogue is not concerned"
    );
    assert_eq!(bench.outcome(second).await, None);
}

#[tokio::test]
async fn a_crash_within_the_answer_leaves_the_question_open() {
    let mut bench = Bench::new().await;
    let present = bench.at_the_end().await;
    let question = present.question.unwrap();
    let tap = bench.update().await;
    let failed = bench
        .talk(tap)
        .confirm::<Wizard, HandlerError>(question, async |tx, _| {
            let ana = Profile::new(ANA, "halfway", None, None);
            people::refresh_names(tx, &ana, bench.now).await?;
            Err(store::StoreError::Busy.into())
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(bench.name().await, "Ana");
    assert_eq!(bench.present().await, Some(present));
    assert_eq!(
        bench.answers(tap, question).await.unwrap(),
        Confirmed::Now(RESULT)
    );
}

#[tokio::test]
async fn a_question_of_a_dialogue_that_is_over_does_nothing() {
    let mut bench = Bench::new().await;
    let left = bench.at_the_end().await.question.unwrap();
    let expired = bench.at_the_end().await.question.unwrap();
    let tap = bench.update().await;
    for _ in 0..2 {
        assert_eq!(bench.answers(tap, left).await.unwrap(), Confirmed::Over);
    }
    assert_eq!(bench.answers(tap, Question(999)).await.unwrap(), Confirmed::Over);
    bench.now += LIFE + TimeDelta::microseconds(1);
    assert_eq!(bench.answers(tap, expired).await.unwrap(), Confirmed::Over);
    assert_eq!(bench.name().await, "Ana");
}

#[tokio::test]
async fn a_question_answered_by_a_row_that_is_lost_stays_open() {
    let mut bench = Bench::new().await;
    let question = bench.at_the_end().await.question.unwrap();
    let tap = bench.update().await;
    let epoch = std::mem::replace(&mut bench.epoch, 0);
    assert!(matches!(
        bench.answers(tap, question).await,
        Err(HandlerError::Lost)
    ));
    assert_eq!(bench.name().await, "Ana");
    bench.epoch = epoch;
    assert_eq!(
        bench.answers(tap, question).await.unwrap(),
        Confirmed::Now(RESULT)
    );
}

#[tokio::test]
async fn it_expires_a_day_after_the_last_word() {
    let mut bench = Bench::new().await;
    bench.begins().await;
    bench.now += LIFE;
    assert_eq!(bench.writes("Velo de Seda").await, Heard::On);
    bench.now += LIFE;
    let present = bench.present().await.unwrap();
    bench.now += TimeDelta::microseconds(1);
    assert_eq!(bench.present().await, None);
    assert_eq!(bench.writes("30").await, Heard::Over);
    let tap = bench.update().await;
    assert_eq!(bench.confirms(tap, present.version).await, None);
}

#[tokio::test]
async fn another_dialogue_takes_its_place() {
    #[derive(Serialize, Deserialize)]
    struct Other;

    impl Script for Other {
        const KIND: &'static str = "other";
        type Stage = ();
        type Mistake = ();

        fn step(&self) -> &'static str {
            "only"
        }

        async fn hear(&self, _: &Said, (): &()) -> Result<Result<Self, ()>, HandlerError> {
            Ok(Ok(Self))
        }
    }

    let mut bench = Bench::new().await;
    let present = bench.at_the_end().await;
    let seq = bench.update().await;
    bench.talk(seq).begin(&Other, SHOWN).await.unwrap();
    assert_eq!(bench.present().await, None);
    let tap = bench.update().await;
    assert_eq!(bench.confirms(tap, present.version).await, None);
    assert!(bench.talk(tap).present::<Other>().await.unwrap().is_some());
}

#[test]
fn every_kind_of_message_is_something_said() {
    let message = |json: &str| match telegram::update::decode(json).unwrap() {
        telegram::update::Update::Message(message) => Said::of(&message),
        other => panic!("{other:?}"),
    };
    let with = |rest: &str| {
        format!(
            r#"{{"update_id":1,"message":{{"message_id":1,"date":1,"chat":{{"id":42,"type":"private"}},"from":{{"id":42,"first_name":"Ana"}},{rest}}}}}"#
        )
    };
    assert_eq!(message(&with(r#""text":"hola""#)), Said::Text("hola".to_owned()));
    assert_eq!(message(&with(r#""photo":[]"#)), Said::Other);
    let shared = message(&with(r#""chat_shared":{"request_id":1,"chat_id":-5}"#));
    assert!(matches!(shared, Said::Chat(chat) if chat.chat == ChatId(-5)));
    let forwarded = message(&with(
        r#""text":"post","forward_origin":{"type":"channel","date":1,"chat":{"id":-100,"type":"channel","title":"VIP"},"message_id":9}"#,
    ));
    assert!(matches!(forwarded, Said::Post(post) if post.message == MessageId(9)));
}

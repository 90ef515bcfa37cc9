//! Conversations that ask for several things before they do one.
//!
//! A [`Script`] is what was said so far, stored with each step: a restart forgets nothing. A person is
//! in one dialogue at most. Every state has a [`Version`], which the buttons of its screen carry: a tap
//! counts for the state that it was shown with, once, and is stale afterwards. Commands and menus are
//! never taken for input: whoever uses one leaves the dialogue.
//!
//! Where nothing is left to be said, a [`Question`] is put with the state: the number of a confirmation
//! that is consumed in the transaction which does what the dialogue was for. So the same tap under
//! another update finds it consumed, and what came of it.
//!
//! Each step writes its outcome into the inbox row that made it, in one transaction with the step, so
//! that a step which was answered by a crash is shown and not made again.

use std::future::Future;

use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::UserId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::confirmations::{self, Consumption};
use store::dialogues::{self, Dialogue};
use store::{Connection, Store, StoreError, Tx};
use telegram::Payload;
use telegram::update::{ChatShared, ForwardedPost, Message};

use crate::action::Action;
use crate::error::HandlerError;
use crate::hand::Hand;

/// How long a dialogue waits for the next word.
pub(crate) const LIFE: TimeDelta = TimeDelta::hours(24);
/// How long a question to all custodians can be answered.
const OPEN_TO_ALL: TimeDelta = TimeDelta::days(30);

/// The result of a question whose dialogue was left before it was answered: no action shows it.
const NOTHING: &str = "";

/// A kind of dialogue, with what was said so far.
pub(crate) trait Script: Serialize + DeserializeOwned + Send + Sync {
    /// What it is called in the database, at most 40 characters.
    const KIND: &'static str;

    /// What it needs of the house in order to judge what it hears.
    type Stage: Sync + ?Sized;

    /// Why it cannot take what it heard.
    type Mistake: Send;

    /// What it waits for, at most 40 characters.
    fn step(&self) -> &'static str;

    /// Whether nothing is left to be said, so that a button does what it was for.
    fn is_complete(&self) -> bool {
        false
    }

    /// Judges what was said: where it goes from here, or why it stays. Changes nothing.
    fn hear(
        &self,
        said: &Said,
        stage: &Self::Stage,
    ) -> impl Future<Output = Result<Result<Self, Self::Mistake>, HandlerError>> + Send;
}

/// What a person said that was no command. Every kind is answered, wanted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// A text.
    Text(String),
    /// A post forwarded from a channel.
    Post(ForwardedPost),
    /// A chat, chosen by a button that asks for one.
    Chat(ChatShared),
    /// Anything else.
    Other,
}

impl Said {
    pub(crate) fn of(message: &Message) -> Self {
        match message {
            Message {
                forwarded_post: Some(post),
                ..
            } => Self::Post(post.clone()),
            Message {
                chat_shared: Some(chat),
                ..
            } => Self::Chat(chat.clone()),
            Message { text: Some(text), .. } => Self::Text(text.clone()),
            _ => Self::Other,
        }
    }
}

/// The number of a state. No other state of the same person's dialogues has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version(pub(crate) i64);

/// The number of a question whether something is to be done. Numbers are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Question(pub(crate) i64);

impl Question {
    /// Puts a question to all custodians: whoever answers first does so for all of them. It is stored with what
    /// it is about.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn to_all(tx: &Tx, about: &impl Serialize, now: Timestamp) -> Result<Self, StoreError> {
        let about = serde_json::to_string(about).expect("it has no keys but strings");
        let question = confirmations::open(tx, UserId::HOUSE, &about, now + OPEN_TO_ALL, now).await?;
        Ok(Self(question))
    }
}

/// A dialogue as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Present<S> {
    pub(crate) script: S,
    pub(crate) version: Version,
    /// The question that a complete dialogue has put.
    pub(crate) question: Option<Question>,
}

/// A dialogue as it is stored.
#[derive(Serialize, Deserialize)]
struct Draft<S> {
    script: S,
    question: Option<Question>,
}

/// Something that was said, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judged<S, M> {
    /// The dialogue can go on, from a state to another one.
    Next(Version, S),
    /// It stays where it is.
    Mistake(M),
    /// There is no such dialogue, or not any more.
    Over,
}

/// What came of a tap on the button that does what a dialogue was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmed {
    /// It was done; the action shows the result.
    Now(Action),
    /// It was done before; the action shows the result.
    Before(Action),
    /// The dialogue was left, or stands elsewhere: nothing was done.
    Over,
}

/// What came of something that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard<M> {
    /// The dialogue went on.
    On,
    /// It stays where it is.
    Mistake(M),
    /// There is no such dialogue, or not any more.
    Over,
}

/// One person's dialogue, seen from an update of theirs.
pub(crate) struct Talk<'a> {
    pub(crate) store: &'a Store,
    pub(crate) user: UserId,
    /// The inbox row of the update.
    pub(crate) hand: Hand,
    pub(crate) now: Timestamp,
}

impl Talk<'_> {
    /// Begins a dialogue in place of any other. `shown` is the action that shows it.
    ///
    /// # Errors
    /// [`HandlerError::Lost`] when the row is somebody else's; when the database does not answer.
    pub(crate) async fn begin<S: Script>(&self, script: &S, shown: Action) -> Result<(), HandlerError> {
        self.store
            .write(async |tx| {
                let dialogue = self.dialogue(tx, script).await?;
                dialogues::begin(tx, self.user, &dialogue, self.now).await?;
                self.hand.decide(tx, shown).await
            })
            .await
    }

    /// The dialogue as it stands; none when there is none of this kind.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn present<S: Script>(&self) -> Result<Option<Present<S>>, HandlerError> {
        Ok(present(&self.store.read(), self.user, self.now).await?)
    }

    /// Judges what was said. Changes nothing.
    ///
    /// # Errors
    /// When the database does not answer, or what the script came upon.
    pub(crate) async fn judge<S: Script>(
        &self,
        said: &Said,
        stage: &S::Stage,
    ) -> Result<Judged<S, S::Mistake>, HandlerError> {
        let Some(present) = self.present::<S>().await? else {
            return Ok(Judged::Over);
        };
        Ok(match present.script.hear(said, stage).await? {
            Ok(next) => Judged::Next(present.version, next),
            Err(mistake) => Judged::Mistake(mistake),
        })
    }

    /// Takes what was said. `shown` is the action that shows the dialogue when it has gone on.
    ///
    /// # Errors
    /// As [`Talk::begin`], or what the script came upon.
    pub(crate) async fn hear<S: Script>(
        &self,
        said: &Said,
        stage: &S::Stage,
        shown: Action,
    ) -> Result<Heard<S::Mistake>, HandlerError> {
        Ok(match self.judge::<S>(said, stage).await? {
            Judged::Next(from, next) if self.advance(from, &next, shown).await? => Heard::On,
            Judged::Mistake(mistake) => Heard::Mistake(mistake),
            Judged::Next(..) | Judged::Over => Heard::Over,
        })
    }

    /// Takes the dialogue on from a state, as a button of that state does. False when it stands
    /// elsewhere by now: the button is stale.
    ///
    /// # Errors
    /// As [`Talk::begin`].
    pub(crate) async fn advance<S: Script>(
        &self,
        from: Version,
        next: &S,
        shown: Action,
    ) -> Result<bool, HandlerError> {
        self.store
            .write(async |tx| {
                let dialogue = self.dialogue(tx, next).await?;
                let advanced = dialogues::advance(tx, self.user, from.0, &dialogue, self.now).await?;
                if advanced.is_some() {
                    self.hand.decide(tx, shown).await?;
                }
                Ok(advanced.is_some())
            })
            .await
    }

    /// Ends the dialogue at a state and does what it was for, in one transaction. `work` returns the
    /// action that shows the result. None when the dialogue stands elsewhere: nothing was done.
    ///
    /// # Errors
    /// As [`Talk::begin`], or why `work` could not be done: then the dialogue goes on.
    pub(crate) async fn conclude<S: Script>(
        &self,
        at: Version,
        work: impl AsyncFnOnce(&Tx, S) -> Result<Action, HandlerError>,
    ) -> Result<Option<Action>, HandlerError> {
        let Some(present) = self.present::<S>().await? else {
            return Ok(None);
        };
        self.store
            .write(async |tx| {
                if present.version != at || !dialogues::finish(tx, self.user, at.0, self.now).await? {
                    return Ok(None);
                }
                let outcome = work(tx, present.script).await?;
                self.hand.decide(tx, outcome).await?;
                Ok(Some(outcome))
            })
            .await
    }

    /// Does what a complete dialogue was for, and ends it, in one transaction. `work` returns the action
    /// that shows the result; when it fails, the question still stands.
    ///
    /// # Errors
    /// As [`Talk::begin`], or why `work` could not be done.
    pub(crate) async fn confirm<S: Script, E>(
        &self,
        question: Question,
        work: impl AsyncFnOnce(&Tx, S) -> Result<Action, E>,
    ) -> Result<Confirmed, E>
    where
        E: From<HandlerError> + From<StoreError>,
    {
        self.store
            .write(async |tx| {
                match confirmations::consume(tx, question.0, self.user, self.now).await? {
                    Consumption::Now(_) => {}
                    Consumption::Before { result, .. } => {
                        let result = result.as_deref().and_then(Action::decode);
                        return Ok(result.map_or(Confirmed::Over, Confirmed::Before));
                    }
                    Consumption::Expired | Consumption::Unknown => return Ok(Confirmed::Over),
                }
                let present = present::<S>(tx, self.user, self.now).await?;
                let Some(present) = present.filter(|present| present.question == Some(question)) else {
                    confirmations::set_result(tx, question.0, NOTHING).await?;
                    self.hand.check(tx).await?;
                    return Ok(Confirmed::Over);
                };
                dialogues::finish(tx, self.user, present.version.0, self.now).await?;
                let outcome = work(tx, present.script).await?;
                confirmations::set_result(tx, question.0, &outcome.encode()).await?;
                self.hand.decide(tx, outcome).await?;
                Ok(Confirmed::Now(outcome))
            })
            .await
    }

    /// A state as it is stored, with the question that it puts.
    async fn dialogue<S: Script>(&self, tx: &Tx, script: &S) -> Result<Dialogue, StoreError> {
        let expires_at = self.now + LIFE;
        let question = if script.is_complete() {
            let action = serde_json::json!({ "dialogue": S::KIND }).to_string();
            Some(confirmations::open(tx, self.user, &action, expires_at, self.now).await?)
        } else {
            None
        };
        let draft = Draft {
            script,
            question: question.map(Question),
        };
        Ok(Dialogue {
            kind: S::KIND.to_owned(),
            step: script.step().to_owned(),
            draft: serde_json::to_string(&draft).expect("scripts have no keys but strings"),
            message_id: None,
            expires_at,
        })
    }
}

/// A person's dialogue as it stands; none when there is none of this kind.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn present<S: Script>(
    db: &impl Connection,
    user: UserId,
    now: Timestamp,
) -> Result<Option<Present<S>>, StoreError> {
    let found = dialogues::find(db, user, now).await?;
    let found = found.filter(|found| found.dialogue.kind == S::KIND);
    Ok(found.and_then(|found| {
        // What another version of the program has written may not be readable; it expires.
        let draft: Draft<S> = serde_json::from_str(&found.dialogue.draft).ok()?;
        Some(Present {
            script: draft.script,
            version: Version(found.version),
            question: draft.question,
        })
    }))
}

#[cfg(test)]
mod tests;

//! Asks Telegram where people are, one after another, and counts who is inside the members' channel.
//!
//! Once a day everybody on the [`roll`] is looked at: who is a member or was one not long ago. What Telegram
//! tells is noted as if it had told it by itself. At the end of the round the people inside are counted.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::channel::{Channel, ChannelRights};
use domain::clock::{Clock, Timestamp};
use domain::departure::{DepartureState, WATCHED_FOR};
use domain::id::{BotId, ChatId, UserId};
use serde::{Deserialize, Serialize};
use store::outbox::{self, Of};
use store::presence::{self, Answer, Sighting, Standing};
use store::roll::{self, OnRoll};
use store::{StoreError, Tx, bot_config, channels, departures, jobs, subscribers};
use telegram::{ApiError, Gateway, Verdict};

use super::{Expiry, Job, Rest, Turn};
use crate::bell::Bell;
use crate::error::HandlerError;
use crate::life::Means;
use crate::outbox::{CustodianNotice, errand, notices};
use crate::settings::Settings;
use crate::way_in::Scene;
use crate::way_in::arrival::{self, Came};
use crate::way_in::removal;

/// How long a round takes at least.
const ROUND: TimeDelta = TimeDelta::days(1);
/// How long the job rests between the parts of a round.
const CADENCE: TimeDelta = TimeDelta::hours(1);
/// The parts of a round.
const PARTS: i64 = 24;
/// People who are read from the roll at a time.
const PAGE: u32 = 50;
/// How long Telegram is left alone at least that wants to be, and that does not say how long.
const PAUSES: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::minutes(1));

/// The job.
pub(super) struct Reconcile {
    settings: Arc<Settings>,
    gateway: Gateway,
    clock: Arc<dyn Clock>,
    bot: BotId,
    outbox: Bell,
    /// Rung when somebody is to be seen out.
    expiry: Bell,
}

/// How far it has come.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// The channel that it is about.
    channel: ChatId,
    /// When the round began.
    began: Timestamp,
    /// Who was looked at last; none once the round is over.
    after: Option<UserId>,
    /// How many are still to be looked at in this part of it.
    left: u32,
    /// How many people inside were unknown when they were counted last.
    unknown: Option<i64>,
}

/// Why a part of a round is broken off.
enum Broken {
    /// Telegram does not want to be asked for so long.
    Later(Option<TimeDelta>),
    /// Telegram does not tell.
    Refused(ApiError),
    /// Something went wrong.
    Failed(HandlerError),
}

impl<E: Into<HandlerError>> From<E> for Broken {
    fn from(error: E) -> Self {
        match error.into() {
            HandlerError::Api(error) => match error.verdict() {
                Verdict::Retry(wait) => Self::Later(wait),
                _ => Self::Refused(error),
            },
            error => Self::Failed(error),
        }
    }
}

impl Reconcile {
    pub(super) fn new(means: &Means, outbox: &Bell, expiry: &Bell) -> Self {
        Self {
            settings: means.settings.clone(),
            gateway: means.gateway.clone(),
            clock: means.clock.clone(),
            bot: means.bot,
            outbox: outbox.clone(),
            expiry: expiry.clone(),
        }
    }
}

impl Job for Reconcile {
    const NAME: &'static str = "reconciliation";

    fn cadence(&self) -> TimeDelta {
        CADENCE
    }

    async fn run(&self, turn: &Turn<'_>) -> Result<Rest, HandlerError> {
        let db = turn.store.read();
        let config = bot_config::get(&db).await?;
        let Some(channel) = config.and_then(|config| config.channel(Channel::Vip)) else {
            return Ok(Rest::AsUsual);
        };
        if channels::rights(&db, channel).await? == Some(ChannelRights::NONE) {
            return Ok(Rest::AsUsual);
        }
        let Some(mut progress) = Progress::of(turn, channel) else {
            return Ok(Rest::AsUsual);
        };
        let ended_since = turn.now - WATCHED_FOR;
        if progress.left == 0 {
            let share = roll::count(&db, ended_since).await?.div_euclid(PARTS) + 1;
            progress.left = u32::try_from(share).unwrap_or(u32::MAX);
        }
        let before = progress;
        let ended = self.go_on(turn, &mut progress, ended_since).await;
        if progress != before || turn.cursor.is_none() {
            let cursor = serde_json::to_string(&progress).expect("it has no keys but strings");
            turn.write(async |tx| turn.keep(tx, Some(&cursor)).await).await?;
        }
        match ended {
            Ok(()) => Ok(Rest::AsUsual),
            Err(Broken::Later(wait)) => {
                let (least, unsaid) = PAUSES;
                Ok(Rest::Until(self.clock.now() + wait.unwrap_or(unsaid).max(least)))
            }
            Err(Broken::Refused(error)) => {
                tracing::warn!(%error, channel = channel.0, "Telegram does not tell who is inside");
                Ok(Rest::AsUsual)
            }
            Err(Broken::Failed(error)) => Err(error),
        }
    }
}

impl Progress {
    /// Where a turn goes on; none while the round of this day is over.
    fn of(turn: &Turn<'_>, channel: ChatId) -> Option<Self> {
        let cursor = turn.cursor.as_deref();
        let before: Option<Self> = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        let fresh = Self {
            channel,
            began: turn.now,
            after: Some(UserId(i64::MIN)),
            left: 0,
            unknown: None,
        };
        match before.filter(|before| before.channel == channel) {
            Some(before) if before.after.is_some() => Some(before),
            Some(before) if turn.now - before.began < ROUND => None,
            Some(Self { unknown, .. }) => Some(Self { unknown, ..fresh }),
            None => Some(fresh),
        }
    }
}

impl Reconcile {
    /// Looks at the next part of the roll; at its end, counts. `progress` tells how far it came.
    async fn go_on(
        &self,
        turn: &Turn<'_>,
        progress: &mut Progress,
        ended_since: Timestamp,
    ) -> Result<(), Broken> {
        let db = turn.store.read();
        while let Some(after) = progress.after
            && progress.left > 0
        {
            let limit = progress.left.min(PAGE);
            let page = roll::page(&db, progress.channel, ended_since, after, limit).await?;
            for person in &page {
                self.look_at(turn, progress.channel, person).await?;
                progress.after = Some(person.user);
                progress.left -= 1;
            }
            if page.len() < limit as usize {
                self.count(turn, progress).await?;
                progress.after = None;
                progress.left = 0;
            }
        }
        Ok(())
    }

    /// Asks about one person and notes what is news.
    async fn look_at(&self, turn: &Turn<'_>, channel: ChatId, person: &OnRoll) -> Result<(), Broken> {
        let at = self.clock.now();
        let member = match self.gateway.get_chat_member(channel, person.user).await {
            Ok(member) => member,
            // The account is deleted, or Telegram cannot tell of this one person.
            Err(error) if matches!(error.verdict(), Verdict::Gone | Verdict::Bad) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let Some(seen) = removal::sighting(person.user, channel, member.status, None) else {
            return Ok(());
        };
        let is_member = person.subscription.subscription.is_valid(at);
        let goes = seen.standing.is_inside() && self.goes(person, seen.standing);
        let is_known = person
            .presence
            .is_some_and(|known| known.standing == seen.standing);
        // Of a member who is inside, the ritual is over.
        let is_settled = !seen.standing.is_inside() || person.subscription.subscription.stage.is_none();
        if is_known && !goes && (is_settled || !is_member) {
            return Ok(());
        }
        let scene = Scene {
            custodians: &self.settings.custodians,
            now: at,
        };
        let due = turn
            .write(async |tx| {
                if is_moving(tx, person, channel).await? {
                    return Ok(false);
                }
                if seen.standing.is_inside() {
                    arrival::seen_inside(tx, scene, &seen, Came::Before, at).await?;
                    return Ok(goes && see_out(tx, &seen, at).await?);
                }
                let bot = UserId(self.bot.0);
                removal::seen_outside(tx, scene, &seen, false, bot, at).await?;
                Ok(false)
            })
            .await?;
        if due {
            tracing::info!(
                person = person.user.0,
                "somebody is inside whose membership is over"
            );
            self.expiry.ring();
        }
        self.outbox.ring();
        Ok(())
    }

    /// Whether somebody who is inside is to be seen out: their membership is over, and nobody wants them to
    /// stay.
    fn goes(&self, person: &OnRoll, standing: Standing) -> bool {
        use domain::subscription::Status::Active;
        let is_let_stay = person
            .presence
            .is_some_and(|known| known.answer == Some(Answer::Inside));
        let runs = person.subscription.subscription.status == Active;
        let administers = matches!(standing, Standing::Creator | Standing::Administrator);
        let is_settled = matches!(
            person.departure,
            Some(DepartureState::Due | DepartureState::Spared)
        );
        let is_custodian = self.settings.custodians.contains(&person.user);
        !(runs || administers || is_settled || is_let_stay || is_custodian || person.exempt)
    }

    /// Counts who is inside, and tells custodians when another number of people than before is unknown.
    async fn count(&self, turn: &Turn<'_>, progress: &mut Progress) -> Result<(), Broken> {
        let channel = progress.channel;
        let administrators = self.gateway.get_chat_administrators(channel).await?;
        let administrators: Vec<UserId> = administrators.iter().map(|member| member.who.id).collect();
        let inside = i64::from(self.gateway.get_chat_member_count(channel).await?);
        let others = presence::count_inside_besides(&turn.store.read(), channel, &administrators).await?;
        let known = others + i64::try_from(administrators.len()).unwrap_or(i64::MAX);
        let unknown = (inside - known).max(0);
        if unknown != progress.unknown.unwrap_or(0) {
            let notice = CustodianNotice::UnknownInside { inside, unknown };
            let told = Progress {
                unknown: Some(unknown),
                after: None,
                left: 0,
                ..*progress
            };
            let cursor = serde_json::to_string(&told).expect("it has no keys but strings");
            turn.write(async |tx| {
                notices::enqueue(tx, &notice, &self.settings.custodians, turn.now).await?;
                turn.keep(tx, Some(&cursor)).await
            })
            .await?;
            self.outbox.ring();
        }
        progress.unknown = Some(unknown);
        Ok(())
    }
}

/// Whether somebody's membership has changed since it was read, or what concerns their place in the channel
/// is on its way: then what Telegram has said may be over. The next round looks again.
async fn is_moving(tx: &Tx, person: &OnRoll, channel: ChatId) -> Result<bool, StoreError> {
    let stored = subscribers::find(tx, person.user).await?;
    if stored.as_ref() != Some(&person.subscription) {
        return Ok(true);
    }
    let sequence = errand::membership(person.user, channel);
    let pending = outbox::pending_of(tx, Of::Sequence(&sequence)).await?;
    Ok(!pending.is_empty())
}

/// Has somebody seen out who was found inside.
async fn see_out(tx: &Tx, seen: &Sighting, now: Timestamp) -> Result<bool, HandlerError> {
    let due = departures::reopen(tx, seen.user, now).await?;
    if due {
        jobs::hasten(tx, Expiry::NAME, now).await?;
    }
    Ok(due)
}

//! Does what rows of the outbox ask for.
//!
//! | module | holds |
//! |---|---|
//! | [`messages`] | what people read |
//! | [`documents`] | backups that are delivered |
//! | [`renewal`] | what members hear about the end of their time |
//! | [`membership`] | who is in a channel, and how they come in |
//! | [`admit`] | letting in whoever has waited for the visitors' channel |
//! | [`sign`] | what is written above a channel |

mod admit;
mod documents;
mod membership;
mod messages;
mod renewal;
mod sign;

use std::future::Future;
use std::sync::Arc;

use domain::channel::Channel;
use domain::clock::Clock;
use domain::id::{BotId, ChatId, UserId};
use store::outbox::OutboxRow;
use store::{Store, StoreError, Tx, bot_config};
use telegram::{Gateway, Lane};
use voice::Voice;

use super::decision::Outcome;
use super::ends::Ends;
use super::errand::unreadable;
use super::policy::{OutboxKind, Policy};
use crate::contact;
use crate::error::HandlerError;
use crate::jobs::Bells;
use crate::life::Means;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::way_in::Scene;
use sign::Sign;

/// What the worker needs to know of the kinds that it works off.
pub(crate) trait Executor: Send + Sync + 'static {
    /// The kinds that this house knows, with their rules. Rows of others stay where they are.
    fn table(&self) -> Vec<(&'static str, Policy)>;

    /// Does it. No transaction is open meanwhile. Returns what is to be kept of the result, as JSON. A row
    /// whose outcome is unknown may have been done before; kinds for which that matters look first.
    fn execute(&self, row: &OutboxRow) -> impl Future<Output = Result<Option<String>, HandlerError>> + Send;

    /// Changes what follows from the end of a row, in the transaction that ends it.
    fn record(
        &self,
        tx: &Tx,
        row: &OutboxRow,
        outcome: &Outcome,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// Told once the end of a row is committed.
    fn ended(&self, row: &OutboxRow);
}

/// Calls Telegram.
pub(crate) struct Courier {
    gateway: Gateway,
    store: Store,
    voice: Arc<Voice>,
    clock: Arc<dyn Clock>,
    settings: Arc<Settings>,
    bot: BotId,
    metrics: Arc<Metrics>,
    ends: Ends,
    bells: Bells,
    sign: Sign,
}

impl Courier {
    pub(super) fn new(means: &Means, bells: Bells, ends: Ends) -> Self {
        Self {
            gateway: means.gateway.clone(),
            store: means.store.clone(),
            voice: means.voice.clone(),
            clock: means.clock.clone(),
            settings: means.settings.clone(),
            bot: means.bot,
            metrics: means.metrics.clone(),
            ends,
            bells,
            sign: Sign::default(),
        }
    }

    /// The members' channel of the house.
    async fn vip_channel(&self) -> Result<Option<ChatId>, StoreError> {
        let config = bot_config::get(&self.store.read()).await?;
        Ok(config.and_then(|config| config.channel(Channel::Vip)))
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            custodians: &self.settings.custodians,
            now: self.clock.now(),
        }
    }
}

impl Executor for Courier {
    fn table(&self) -> Vec<(&'static str, Policy)> {
        let line = |kind: OutboxKind| (kind.label(), kind.policy());
        OutboxKind::ALL.map(line).into()
    }

    async fn execute(&self, row: &OutboxRow) -> Result<Option<String>, HandlerError> {
        let kind = OutboxKind::of(&row.kind).ok_or_else(|| unreadable(row))?;
        let lane = kind.policy().lane.unwrap_or(Lane::Notice);
        match kind {
            OutboxKind::CustodianNotice | OutboxKind::CustodianAlarm => self.tell_custodian(row, lane).await,
            OutboxKind::Backup => self.deliver_backup(row, lane).await,
            OutboxKind::PersonNotice => self.tell_person(row, lane).await,
            OutboxKind::EditMessage => self.overwrite(row).await,
            OutboxKind::Admit => self.admit(row).await,
            OutboxKind::Unban
            | OutboxKind::Approve
            | OutboxKind::Decline
            | OutboxKind::CreateLink
            | OutboxKind::RevokeLink
            | OutboxKind::Remove => self.change_membership(kind, row).await,
        }
    }

    async fn record(&self, tx: &Tx, row: &OutboxRow, outcome: &Outcome) -> Result<(), HandlerError> {
        if let (Some(person), Outcome::Failed(HandlerError::Api(error))) = (row.person, outcome) {
            contact::note_refusal(tx, UserId(person), error, self.clock.now()).await?;
        }
        match OutboxKind::of(&row.kind) {
            Some(OutboxKind::Admit) => self.record_admission(tx, row, outcome).await,
            Some(OutboxKind::PersonNotice) => self.record_told(tx, row, outcome).await,
            Some(kind) => self.record_membership(tx, kind, row, outcome).await,
            None => Ok(()),
        }
    }

    fn ended(&self, row: &OutboxRow) {
        match OutboxKind::of(&row.kind) {
            // Somebody may be due again, or the right for it be back.
            Some(OutboxKind::Admit) => self.bells.free_queue.ring(),
            Some(OutboxKind::Unban | OutboxKind::Remove) => self.bells.expiry.ring(),
            _ => {}
        }
        if let Some(person) = row.person {
            self.ends.tell(UserId(person));
        }
    }
}

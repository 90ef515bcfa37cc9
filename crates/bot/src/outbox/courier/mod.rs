//! Does what rows of the outbox ask for.
//!
//! | module | holds |
//! |---|---|
//! | [`messages`] | what people read |
//! | [`membership`] | who is in a channel, and how they come in |

mod membership;
mod messages;

use std::future::Future;
use std::sync::Arc;

use domain::clock::Clock;
use domain::id::{BotId, UserId};
use store::outbox::OutboxRow;
use store::{Store, Tx};
use telegram::{Gateway, Lane};
use voice::Voice;

use super::decision::Outcome;
use super::ends::Ends;
use super::errand::unreadable;
use super::policy::{OutboxKind, Policy};
use crate::contact;
use crate::error::HandlerError;
use crate::life::Means;
use crate::settings::Settings;
use crate::way_in::Scene;

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
    ends: Ends,
}

impl Courier {
    pub(super) fn new(means: &Means, ends: Ends) -> Self {
        Self {
            gateway: means.gateway.clone(),
            store: means.store.clone(),
            voice: means.voice.clone(),
            clock: means.clock.clone(),
            settings: means.settings.clone(),
            bot: means.bot,
            ends,
        }
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
            OutboxKind::PersonNotice => self.tell_person(row, lane).await,
            OutboxKind::EditMessage => self.overwrite(row).await,
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
            Some(kind) => self.record_membership(tx, kind, row, outcome).await,
            None => Ok(()),
        }
    }

    fn ended(&self, row: &OutboxRow) {
        if let Some(person) = row.person {
            self.ends.tell(UserId(person));
        }
    }
}

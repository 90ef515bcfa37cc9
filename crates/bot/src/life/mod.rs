//! The life of a house: who works in it, and what the one who works does.
//!
//! Every process enters the house and tries to become its worker, every second. One succeeds and
//! begins an [`epoch`]: it migrates, receives, works off, until it is stopped or loses the lock.
//! The others stand by; where Telegram brings the updates they keep what they are brought.
//!
//! | module | holds |
//! |---|---|
//! | [`resident`] | entering, standing by, working, again and again |
//! | [`epoch`] | the parts of the worker, from taking the lock to giving it back |
//! | [`mod@line`] | how updates come, and what is known of Telegram by it |
//! | [`token`] | who else uses the token, and whether it still is one |
//! | [`reception`] | keeping updates, whatever the role |
//! | [`notices`] | what the custodians are told of all that |

mod epoch;
pub(crate) mod line;
mod notices;
pub(crate) mod reception;
mod resident;
mod token;

use std::fmt;
use std::sync::Arc;

use domain::clock::Clock;
use domain::id::BotId;
use store::Store;
use telegram::Gateway;
use tokio::sync::watch;
use voice::Voice;

use crate::metrics::Metrics;
use crate::settings::Settings;

pub(crate) use line::Line;
pub(crate) use reception::Reception;
pub(crate) use resident::Resident;
pub(crate) use token::Gate;

/// What a process is in the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Not in the house: it has just come, is leaving, cannot reach the database, or somebody has the
    /// house alone.
    Outside,
    /// Ready to become the worker.
    Standby,
    /// The worker, before it works: it migrates.
    Opening,
    /// The worker.
    Worker,
}

impl Role {
    pub(crate) const ALL: [Self; 4] = [Self::Outside, Self::Standby, Self::Opening, Self::Worker];

    /// What health and metrics call it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Standby => "standby",
            Self::Opening => "opening",
            Self::Worker => "worker",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// What this process is at present, told by the [`Resident`] to whoever looks.
#[derive(Clone, Debug)]
pub(crate) struct Standing(Arc<watch::Sender<Present>>);

/// The role and, of the worker, its line to Telegram.
#[derive(Clone, Debug)]
pub(crate) struct Present {
    pub(crate) role: Role,
    pub(crate) line: Option<Line>,
}

impl Default for Standing {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Present {
            role: Role::Outside,
            line: None,
        })))
    }
}

impl Standing {
    #[cfg(test)]
    pub(crate) fn of(role: Role) -> Self {
        let standing = Self::default();
        standing.become_one(role);
        standing
    }

    pub(crate) fn present(&self) -> Present {
        self.0.borrow().clone()
    }

    pub(crate) fn role(&self) -> Role {
        self.0.borrow().role
    }

    /// Waits until this process has the role.
    pub(crate) async fn until(&self, role: Role) {
        // The sender lives as long as this.
        let _ = self.0.subscribe().wait_for(|present| present.role == role).await;
    }

    fn become_one(&self, role: Role) {
        self.become_present(Present { role, line: None });
    }

    fn become_worker(&self, line: Line) {
        self.become_present(Present {
            role: Role::Worker,
            line: Some(line),
        });
    }

    fn become_present(&self, present: Present) {
        let role = present.role;
        if self.0.send_replace(present).role != role {
            tracing::info!(%role, "this process has another role");
        }
    }
}

/// What a process lives on, whatever its role.
#[derive(Clone)]
pub(crate) struct Means {
    pub(crate) settings: Arc<Settings>,
    pub(crate) bot: BotId,
    pub(crate) store: Store,
    pub(crate) gateway: Gateway,
    pub(crate) voice: Arc<Voice>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) reception: Arc<Reception>,
    pub(crate) standing: Standing,
}

//! Telling the page that something has changed, and the request for a new stand-in.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::clock::Moves;
use crate::server::Refusal;
use crate::shared::Shared;

/// Changes that come closer are told as one. In real time, as is the next.
const PAUSE: Duration = Duration::from_millis(50);

/// How often the connection is shown to be alive.
const PULSE: Duration = Duration::from_secs(15);

/// First which stand-in it is, so that the page notices when it is another one; then every change.
pub(super) async fn stream(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let id = json!({ "id": shared.id });
    let first = stream::iter([Ok(event("world", &id))]);
    let changes = stream::unfold(Watch::new(shared), |mut watch| async move {
        let revision = watch.next().await?;
        let changed = event("changed", &json!({ "revision": revision }));
        Some((Ok::<_, Infallible>(changed), watch))
    });
    Sse::new(first.chain(changes)).keep_alive(KeepAlive::new().interval(PULSE))
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}

/// Somebody who is told of changes.
struct Watch {
    shared: Arc<Shared>,
    moves: Moves,
    seen: u64,
    /// Nothing is told before.
    quiet_until: Instant,
}

impl Watch {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            moves: shared.clock.moves(),
            seen: shared.revision(),
            quiet_until: Instant::now(),
            shared,
        }
    }

    /// The next revision; None when the stand-in stops.
    async fn next(&mut self) -> Option<u64> {
        let stop = self.shared.stop.clone();
        stop.run_until_cancelled(async {
            tokio::time::sleep_until(self.quiet_until).await;
            self.change().await;
            self.quiet_until = Instant::now() + PAUSE;
            self.seen = self.shared.revision();
            self.seen
        })
        .await
    }

    /// Waits until something has changed since the last time.
    async fn change(&mut self) {
        loop {
            let mut rung = pin!(self.shared.changed.notified());
            rung.as_mut().enable();
            if self.shared.revision() != self.seen {
                return;
            }
            tokio::select! {
                () = rung => {}
                // Whoever holds the clock may move it, and rings no bell.
                () = self.moves.next() => return self.shared.ring(),
            }
        }
    }
}

/// Passes the wish for a new stand-in on to whoever started this one.
pub(super) async fn reset(State(shared): State<Arc<Shared>>) -> Result<(StatusCode, Json<Value>), Refusal> {
    if !shared.is_resettable {
        let why = "whoever started this stand-in does not replace it";
        return Err(Refusal(StatusCode::CONFLICT, why.into()));
    }
    shared.reset.cancel();
    Ok((StatusCode::ACCEPTED, Json(json!({}))))
}

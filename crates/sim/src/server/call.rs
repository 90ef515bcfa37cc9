//! Running a method of an authorised bot, with what goes wrong on demand.

use std::sync::{Arc, Mutex};

use super::answer::Answer;
use crate::error::ApiError;
use crate::faults::{FaultKind, Mishap};
use crate::journal::{KeptResult, Problem, Record};
use crate::methods::{self, Context, Outcome};
use crate::params::Params;
use crate::shared::Shared;

/// Runs a method, unless a fault prevents it, and notes the call.
pub(super) async fn run(shared: Arc<Shared>, bot: i64, name: String, mut params: Params) -> Answer {
    let shared = &*shared;
    let id = shared.next_call();
    let known = methods::find(&name).map(|method| method.name);
    let name = known.unwrap_or(&name);
    let mishap = strike(shared, name, &params);
    let (before, after) = match &mishap {
        Some(mishap) if mishap.after_effect => (None, Some(&mishap.kind)),
        Some(mishap) => (Some(&mishap.kind), None),
        None => (None, None),
    };
    let context = Context {
        shared,
        call: id,
        bot,
        method: name,
        params: &params,
        notes: Mutex::default(),
    };
    let answer = match befall(shared, before).await {
        Some(answer) => answer,
        None => {
            let outcome = perform(&context).await;
            befall(shared, after).await.unwrap_or(Answer::Api(outcome))
        }
    };
    let notes = context.into_notes();
    params.forget_files();
    let status = answer.status();
    tracing::trace!(bot, method = known, status, "called");
    let record = Record {
        id,
        bot_id: bot,
        method: name.into(),
        parameters: Arc::new(params),
        at: shared.clock.now(),
        status,
        result: answer.result().map(KeptResult::of),
        description: answer.description().map(str::to_owned),
        fault: mishap.map(|mishap| mishap.id),
        notes,
    };
    let forgotten = shared.journal().note_call(record, known);
    drop(forgotten);
    shared.ring();
    answer
}

async fn perform(context: &Context<'_>) -> Outcome {
    if let Some(method) = methods::find(context.method) {
        return method.run(context).await;
    }
    context.note_violation(Problem::UnknownMethod);
    Err(ApiError::unknown_method())
}

fn strike(shared: &Shared, method: &str, params: &Params) -> Option<Mishap> {
    if shared.faults().is_empty() {
        return None;
    }
    let chat = methods::chat_id_of(&shared.world(), params.text("chat_id"));
    let mishap = shared.faults().strike_call(method, chat);
    if mishap.is_some() {
        shared.ring();
    }
    mishap
}

/// Lets a fault befall a call. None if the call goes on all the same.
async fn befall(shared: &Shared, fault: Option<&FaultKind>) -> Option<Answer> {
    let error = match fault? {
        FaultKind::Flood { retry_after } => ApiError::retry_after(i64::from(*retry_after)),
        FaultKind::Error { code, description } => ApiError::injected(*code, description.clone()),
        FaultKind::Migrated { migrate_to_chat_id } => ApiError::migrated(*migrate_to_chat_id),
        FaultKind::Html { code } => return Some(Answer::Html(*code)),
        FaultKind::Cut => return Some(Answer::Cut),
        FaultKind::Slow { seconds } => {
            let until = shared.clock.now() + FaultKind::hold(*seconds);
            let waited = shared.stop.run_until_cancelled(shared.clock.wait_until(until));
            if waited.await.is_some() {
                return None;
            }
            ApiError::restart()
        }
        // Befalls deliveries only.
        FaultKind::WebhookTimeout => return None,
    };
    Some(Answer::refused(error))
}

//! getFile.

use std::sync::Arc;

use super::{Context, Outcome, Parameter, Reply, Type, required};
use crate::error::ApiError;
use crate::state::FileView;

pub(super) const PARAMETERS: &[Parameter] = &[required("file_id", Type::String)];

/// Bytes of a file that the hosted server lets bots download.
const MOST_OF_CLOUD: usize = 20 << 20;

pub(super) fn run(context: &Context<'_>) -> Outcome {
    let id = context.params.text("file_id");
    if id.is_empty() {
        return Err(ApiError::bad_request("file_id not specified"));
    }
    let unavailable = || ApiError::bad_request("wrong file_id or the file is temporarily unavailable");
    let mut world = context.shared.world();
    let file = world
        .files
        .find(context.bot, id)
        .map_err(|_| ApiError::bad_request("invalid file_id"))?;
    let (file, size) = file.ok_or_else(unavailable)?;
    if context.shared.cloud && file.size().is_some_and(|size| size > MOST_OF_CLOUD) {
        return Err(ApiError::bad_request("file is too big"));
    }
    let file = Arc::clone(file);
    // What a bot sent by address nobody has ever looked at.
    let path = world.files.serve(context.bot, &file).ok_or_else(unavailable)?;
    let mut view = FileView::named(&world, context.bot, &file, size);
    view.file_path = Some(path);
    Ok(Reply::of(&view))
}

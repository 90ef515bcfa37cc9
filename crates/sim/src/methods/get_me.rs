//! getMe.

use serde::Serialize;

use super::{Context, Outcome, Reply};
use crate::error::ApiError;
use crate::state::UserView;

#[derive(Serialize)]
struct Me<'a> {
    #[serde(flatten)]
    user: UserView<'a>,
    can_join_groups: bool,
    can_read_all_group_messages: bool,
    supports_inline_queries: bool,
    can_connect_to_business: bool,
    has_main_web_app: bool,
}

pub(super) fn run(context: &Context<'_>) -> Outcome {
    let world = context.shared.world();
    let bot = world.bot(context.bot).ok_or_else(ApiError::unauthorized)?;
    Ok(Reply::of(&Me {
        user: UserView::of(&world, bot.id).ok_or_else(ApiError::unauthorized)?,
        can_join_groups: true,
        can_read_all_group_messages: bot.reads_all_messages,
        supports_inline_queries: false,
        can_connect_to_business: false,
        has_main_web_app: false,
    }))
}

//! createChatInviteLink, editChatInviteLink, revokeChatInviteLink and exportChatInviteLink.

use chrono::{DateTime, Utc};

use super::recipient::{self, Right};
use super::{Context, Outcome, Parameter, Reply, Type, optional, required};
use crate::error::ApiError;
use crate::state::{ChatRef, InviteLink, LinkView, RoomRecord, World};

pub(super) const CREATE: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    optional("name", Type::String),
    optional("expire_date", Type::Integer),
    optional("member_limit", Type::Integer),
    optional("creates_join_request", Type::Boolean),
];

pub(super) const EDIT: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    required("invite_link", Type::String),
    optional("name", Type::String),
    optional("expire_date", Type::Integer),
    optional("member_limit", Type::Integer),
    optional("creates_join_request", Type::Boolean),
];

pub(super) const REVOKE: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    required("invite_link", Type::String),
];

pub(super) const EXPORT: &[Parameter] = &[required("chat_id", Type::IntegerOrString)];

/// Characters of a link's name; what is longer is cut off.
const MAX_NAME: usize = 32;

const MAX_MEMBERS: i64 = 100_000;

/// What a link is like, as far as one can choose.
struct Terms {
    name: String,
    expires_at: Option<DateTime<Utc>>,
    member_limit: u32,
    creates_join_request: bool,
}

impl Terms {
    fn read(context: &Context<'_>) -> Self {
        let params = context.params;
        let expires = params.integer("expire_date", 0, 0, i64::from(i32::MAX));
        // Clamped to what fits.
        let member_limit = params.integer("member_limit", 0, 0, MAX_MEMBERS) as u32;
        Self {
            name: params.text("name").trim().chars().take(MAX_NAME).collect(),
            expires_at: DateTime::from_timestamp(expires, 0).filter(|_| expires > 0),
            member_limit,
            creates_join_request: params.boolean("creates_join_request"),
        }
    }

    fn check_agree(&self) -> Result<(), ApiError> {
        if self.creates_join_request && self.member_limit > 0 {
            return Err(ApiError::bad_request(
                "member limit can't be specified for links requiring administrator approval",
            ));
        }
        Ok(())
    }

    fn check_possible(&self, joined: u32, now: DateTime<Utc>) -> Result<(), ApiError> {
        if self.expires_at.is_some_and(|at| at <= now) {
            return Err(ApiError::bad_request("EXPIRE_DATE_INVALID"));
        }
        if self.member_limit > 0 && self.member_limit < joined {
            return Err(ApiError::bad_request("USAGE_LIMIT_INVALID"));
        }
        Ok(())
    }

    fn apply(self, link: &mut InviteLink) {
        let Self {
            name,
            expires_at,
            member_limit,
            creates_join_request,
        } = self;
        link.name = name;
        link.expires_at = expires_at;
        link.member_limit = member_limit;
        link.creates_join_request = creates_join_request;
    }
}

pub(super) fn create(context: &Context<'_>) -> Outcome {
    let terms = Terms::read(context);
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let chat = chat(context, &world)?;
    terms.check_agree()?;
    let room = room(context, &mut world, chat)?;
    terms.check_possible(0, now)?;
    let mut link = InviteLink::new(context.bot);
    terms.apply(&mut link);
    let address = room.links.add(link).address.clone();
    shown(context, &world, chat, &address)
}

pub(super) fn edit(context: &Context<'_>) -> Outcome {
    let terms = Terms::read(context);
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let chat = chat(context, &world)?;
    let room = room(context, &mut world, chat)?;
    terms.check_agree()?;
    let link = own_link(context, room)?;
    if link.is_primary {
        return Err(ApiError::bad_request("CHAT_INVITE_PERMANENT"));
    }
    terms.check_possible(link.joined, now)?;
    terms.apply(link);
    let address = link.address.clone();
    shown(context, &world, chat, &address)
}

pub(super) fn revoke(context: &Context<'_>) -> Outcome {
    let mut world = context.shared.world();
    let chat = chat(context, &world)?;
    let room = room(context, &mut world, chat)?;
    let link = own_link(context, room)?;
    let address = link.address.clone();
    if link.is_primary {
        room.links.renew_primary(context.bot);
    } else {
        link.is_revoked = true;
    }
    shown(context, &world, chat, &address)
}

pub(super) fn export(context: &Context<'_>) -> Outcome {
    let mut world = context.shared.world();
    let chat = chat(context, &world)?;
    let room = room(context, &mut world, chat)?;
    Ok(Reply::of(&room.links.renew_primary(context.bot).address))
}

fn chat(context: &Context<'_>, world: &World) -> Result<ChatRef, ApiError> {
    recipient::chat(context, world, context.params.text("chat_id"), Right::Write)
}

/// The room, if the bot may have links to it.
fn room<'w>(
    context: &Context<'_>,
    world: &'w mut World,
    chat: ChatRef,
) -> Result<&'w mut RoomRecord, ApiError> {
    let room = world
        .room_mut(chat.id())
        .ok_or_else(|| ApiError::bad_request("can't invite members to a private chat"))?;
    let status = room.status(context.bot, context.shared.clock.now());
    if !status.may(|rights| rights.can_invite_users) {
        return Err(ApiError::bad_request(
            "not enough rights to manage chat invite link",
        ));
    }
    Ok(room)
}

/// The link that `invite_link` names, if it is the bot's and has not been taken back.
fn own_link<'r>(context: &Context<'_>, room: &'r mut RoomRecord) -> Result<&'r mut InviteLink, ApiError> {
    let address = context.params.text("invite_link");
    if address.is_empty() {
        return Err(ApiError::bad_request("invite link must be non-empty"));
    }
    match room.links.get_mut(address).filter(|link| !link.is_revoked) {
        None => Err(ApiError::bad_request("INVITE_HASH_EXPIRED")),
        Some(link) if link.creator != context.bot => Err(ApiError::bad_request("CHAT_ADMIN_REQUIRED")),
        Some(link) => Ok(link),
    }
}

fn shown(context: &Context<'_>, world: &World, chat: ChatRef, address: &str) -> Outcome {
    let link = world.room(chat.id()).and_then(|room| room.links.get(address));
    let view = link.and_then(|link| LinkView::of(world, link, context.bot));
    let view = view.ok_or_else(|| ApiError::bad_request("INVITE_HASH_EXPIRED"))?;
    Ok(Reply::of(&view))
}

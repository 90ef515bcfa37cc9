//! Who is in a chat, and who is let in.
//!
//! That somebody is inside already when a request is approved is handed on as a refusal: after a call
//! whose outcome is unknown, the caller may have to look.

use domain::clock::Timestamp;
use domain::id::{BotId, ChatId, UserId};
use frankenstein::methods::{
    ApproveChatJoinRequestParams, BanChatMemberParams, CreateChatInviteLinkParams,
    DeclineChatJoinRequestParams, GetChatAdministratorsParams, GetChatMemberCountParams, GetChatMemberParams,
    RevokeChatInviteLinkParams, UnbanChatMemberParams,
};
use serde::Serialize;

use super::messages::done;
use super::{Anything, Gateway};
use crate::chat::{InviteLink, InviteUrl, Member};
use crate::error::ApiError;
use crate::limiter::Errand;
use crate::wire::{RawInviteLink, RawMember};

/// A link to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLink<'a> {
    /// What it is called; the server cuts it at 32 characters.
    pub name: &'a str,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// Who comes in by it.
    pub admission: Admission,
}

/// Who comes in by a link. The Bot API takes a limit only where nobody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Everybody who has it.
    Open,
    /// The first so many, 1 to 99999.
    First(u32),
    /// Whom an administrator lets in.
    ByRequest,
}

impl Gateway {
    /// getChatMember. Certain only where the bot is an administrator.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn get_chat_member(&self, chat: ChatId, person: UserId) -> Result<Member, ApiError> {
        let params = GetChatMemberParams::builder()
            .chat_id(chat.0)
            .user_id(user_id(person))
            .build();
        let member: RawMember = self.membership("getChatMember", chat, person, &params).await?;
        Ok(member.into())
    }

    /// getChatAdministrators, bots included.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn get_chat_administrators(&self, chat: ChatId) -> Result<Vec<Member>, ApiError> {
        let params = GetChatAdministratorsParams::builder()
            .chat_id(chat.0)
            .return_bots(true)
            .build();
        let errand = Errand::Membership(chat, None);
        let members: Vec<RawMember> = self.call("getChatAdministrators", errand, &params).await?;
        Ok(members.into_iter().map(Member::from).collect())
    }

    /// getChatMemberCount: how many are inside, administrators and the bot itself included.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn get_chat_member_count(&self, chat: ChatId) -> Result<u32, ApiError> {
        let params = GetChatMemberCountParams::builder().chat_id(chat.0).build();
        self.call("getChatMemberCount", Errand::Membership(chat, None), &params)
            .await
    }

    /// getChatMember of the bot itself: its standing and rights.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn get_own_standing(&self, chat: ChatId, bot: BotId) -> Result<Member, ApiError> {
        self.get_chat_member(chat, UserId(bot.0)).await
    }

    /// createChatInviteLink.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn create_chat_invite_link(
        &self,
        chat: ChatId,
        link: &NewLink<'_>,
    ) -> Result<InviteLink, ApiError> {
        let (limit, by_request) = match link.admission {
            Admission::Open => (None, false),
            Admission::First(number) => (Some(number), false),
            Admission::ByRequest => (None, true),
        };
        let params = CreateChatInviteLinkParams::builder()
            .chat_id(chat.0)
            .name(link.name)
            .maybe_expire_date(link.expires.map(unix))
            .maybe_member_limit(limit)
            .creates_join_request(by_request)
            .build();
        let errand = Errand::Membership(chat, None);
        let link: RawInviteLink = self.call("createChatInviteLink", errand, &params).await?;
        Ok(link.into())
    }

    /// revokeChatInviteLink. That it does not count any more is a success; those who came by it stay.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn revoke_chat_invite_link(&self, chat: ChatId, link: &InviteUrl) -> Result<(), ApiError> {
        let params = RevokeChatInviteLinkParams::builder()
            .chat_id(chat.0)
            .invite_link(link.as_str())
            .build();
        let errand = Errand::Membership(chat, None);
        done(self.call("revokeChatInviteLink", errand, &params).await)
    }

    /// approveChatJoinRequest.
    ///
    /// # Errors
    /// [`ApiError`]; [`crate::Meaning::NoSuchRequest`] and [`crate::Meaning::AlreadyMember`] say that
    /// there is nothing to approve (any more).
    pub async fn approve_chat_join_request(&self, chat: ChatId, person: UserId) -> Result<(), ApiError> {
        let params = ApproveChatJoinRequestParams::builder()
            .chat_id(chat.0)
            .user_id(user_id(person))
            .build();
        self.membership("approveChatJoinRequest", chat, person, &params)
            .await
            .map(|Anything| ())
    }

    /// declineChatJoinRequest.
    ///
    /// # Errors
    /// [`ApiError`]; [`crate::Meaning::NoSuchRequest`] says that there is nothing to decline.
    pub async fn decline_chat_join_request(&self, chat: ChatId, person: UserId) -> Result<(), ApiError> {
        let params = DeclineChatJoinRequestParams::builder()
            .chat_id(chat.0)
            .user_id(user_id(person))
            .build();
        self.membership("declineChatJoinRequest", chat, person, &params)
            .await
            .map(|Anything| ())
    }

    /// banChatMember, without end: removes somebody and keeps them out.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn ban_chat_member(&self, chat: ChatId, person: UserId) -> Result<(), ApiError> {
        let params = BanChatMemberParams::builder()
            .chat_id(chat.0)
            .user_id(user_id(person))
            .build();
        self.membership("banChatMember", chat, person, &params)
            .await
            .map(|Anything| ())
    }

    /// unbanChatMember with `only_if_banned`: lifts a ban. Nobody leaves by it.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn lift_ban(&self, chat: ChatId, person: UserId) -> Result<(), ApiError> {
        self.unban(chat, person, true).await
    }

    /// unbanChatMember without `only_if_banned`: whoever is inside is removed and may come in again.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn remove_chat_member(&self, chat: ChatId, person: UserId) -> Result<(), ApiError> {
        self.unban(chat, person, false).await
    }

    async fn unban(&self, chat: ChatId, person: UserId, only_if_banned: bool) -> Result<(), ApiError> {
        let params = UnbanChatMemberParams::builder()
            .chat_id(chat.0)
            .user_id(user_id(person))
            .only_if_banned(only_if_banned)
            .build();
        self.membership("unbanChatMember", chat, person, &params)
            .await
            .map(|Anything| ())
    }

    async fn membership<P, R>(
        &self,
        method: &'static str,
        chat: ChatId,
        person: UserId,
        params: &P,
    ) -> Result<R, ApiError>
    where
        P: Serialize + Sync,
        R: serde::de::DeserializeOwned,
    {
        self.call(method, Errand::Membership(chat, Some(person)), params)
            .await
    }
}

/// Ids are positive (Bot API, `User.id`).
const fn user_id(person: UserId) -> u64 {
    person.0.cast_unsigned()
}

fn unix(at: Timestamp) -> u64 {
    u64::try_from(at.timestamp()).unwrap_or_default()
}

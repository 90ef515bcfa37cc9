//! The command menus: everybody's, and the custodians' own.

use std::collections::BTreeSet;

use domain::id::{ChatId, UserId};
use store::{Store, people};
use telegram::Gateway;
use telegram::gateway::CommandScope;
use voice::{Audience, Voice};

/// Sets everybody's menu, and that of each custodian whom the house knows: Telegram takes it only for a
/// chat that exists, which is so once the custodian has pressed Start. What cannot be set is logged;
/// the menu is a help and nothing depends on it.
pub(crate) async fn set_all(gateway: &Gateway, voice: &Voice, store: &Store, custodians: &BTreeSet<UserId>) {
    set(gateway, voice, CommandScope::AllPrivateChats, Audience::Everybody).await;
    for custodian in custodians {
        match people::find(&store.read(), *custodian).await {
            Ok(Some(_)) => set_for_custodian(gateway, voice, *custodian).await,
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "it is not known which custodians have come"),
        }
    }
}

/// Sets one custodian's menu.
pub(crate) async fn set_for_custodian(gateway: &Gateway, voice: &Voice, custodian: UserId) {
    // A person's private chat has the person's id.
    let scope = CommandScope::Chat(ChatId(custodian.0));
    set(gateway, voice, scope, Audience::Custodian).await;
}

async fn set(gateway: &Gateway, voice: &Voice, scope: CommandScope, audience: Audience) {
    let commands = voice.commands(audience);
    if let Err(error) = gateway.set_my_commands(scope, &commands).await {
        tracing::warn!(%error, ?scope, "a command menu could not be set");
    }
}

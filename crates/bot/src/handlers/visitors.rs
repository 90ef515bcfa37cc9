//! What visitors can read about the house.

use store::bot_config::{self, Socials};
use voice::messages::{Social, VipInfo};
use voice::{Network, Screen, SocialProfile};

use super::{Dispatcher, Guest};
use crate::action::Action;
use crate::error::HandlerError;

impl Dispatcher {
    pub(super) async fn vip_info(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let config = bot_config::get(&self.store.read()).await?;
        let has_channel = config.is_some_and(|config| config.vip_channel_id.is_some());
        let message = if has_channel {
            VipInfo::Open
        } else {
            VipInfo::NotYet
        };
        Ok(self.with_back(self.say(guest, &message)?))
    }

    /// The networks that are configured, always in the same order.
    pub(super) async fn social(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let config = bot_config::get(&self.store.read()).await?;
        let socials = config.map(|config| config.socials).unwrap_or_default();
        let profiles = profiles(socials);
        let message = if profiles.is_empty() {
            Social::Empty
        } else {
            Social::Listed
        };
        let mut screen = self.say(guest, &message)?;
        for profile in profiles {
            screen = screen.row([profile.button(&self.voice)]);
        }
        Ok(self.with_back(screen))
    }
}

/// The creator's profiles, always in the same order; what is none is left out.
pub(super) fn profiles(socials: Socials) -> Vec<SocialProfile> {
    let written = [
        (Network::Instagram, socials.instagram),
        (Network::TikTok, socials.tiktok),
        (Network::X, socials.x),
    ];
    written
        .into_iter()
        .filter_map(|(network, written)| SocialProfile::new(network, &written?))
        .collect()
}

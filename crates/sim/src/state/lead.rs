//! Where an address leads that somebody taps or types: to a bot, or into a group or channel.

use chrono::{DateTime, Utc};

use super::World;
use super::invite;

/// Hosts of such addresses.
const HOSTS: [&str; 2] = ["t.me", "telegram.me"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lead {
    Bot {
        bot: i64,
        /// What the bot gets to know; may be empty.
        start: String,
    },
    Room(Door),
}

/// Whereby somebody comes to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Door {
    pub(crate) room: i64,
    /// The link; none for a public room's username.
    pub(crate) link: Option<String>,
    /// One has to ask.
    pub(crate) is_guarded: bool,
}

impl World {
    /// Where an address leads: `@username`, or one at t.me with or without its scheme. None if
    /// nowhere, or no longer.
    pub(crate) fn lead(&self, address: &str, now: DateTime<Utc>) -> Option<Lead> {
        let address = address.trim();
        if let Some(name) = address.strip_prefix('@') {
            return self.lead_to_name(name, "");
        }
        let (path, query) = path(address)?;
        let secret = path.strip_prefix('+').or_else(|| path.strip_prefix("joinchat/"));
        match secret {
            Some(secret) => self.lead_by_link(&invite::address(secret), now),
            None => self.lead_to_name(path, query),
        }
    }

    fn lead_by_link(&self, address: &str, now: DateTime<Utc>) -> Option<Lead> {
        let mut found = self
            .rooms()
            .filter_map(|room| Some((room, room.links.get(address)?)));
        let (room, link) = found.next().filter(|(_, link)| link.works(now))?;
        Some(Lead::Room(Door {
            room: room.id,
            link: Some(link.address.clone()),
            is_guarded: link.creates_join_request,
        }))
    }

    fn lead_to_name(&self, name: &str, query: &str) -> Option<Lead> {
        let mut bots = self.bots().iter();
        if let Some(bot) = bots.find(|bot| bot.username.eq_ignore_ascii_case(name)) {
            let start = query.split('&').find_map(|pair| pair.strip_prefix("start="));
            return Some(Lead::Bot {
                bot: bot.id,
                start: start.unwrap_or_default().to_owned(),
            });
        }
        let room = self.room_by_username(name)?;
        Some(Lead::Room(Door {
            room: room.id,
            link: None,
            is_guarded: room.profile.join_by_request,
        }))
    }
}

/// Path and query of an address at Telegram.
fn path(address: &str) -> Option<(&str, &str)> {
    let rest = match address.split_once("://") {
        Some((scheme, rest)) if ["http", "https"].iter().any(|it| scheme.eq_ignore_ascii_case(it)) => rest,
        Some(_) => return None,
        None => address,
    };
    let (host, rest) = rest.split_once('/')?;
    if !HOSTS.iter().any(|known| host.eq_ignore_ascii_case(known)) {
        return None;
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Some((path.trim_end_matches('/'), query))
}

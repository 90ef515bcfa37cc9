//! Invite links and requests to join.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rand::Rng as _;
use rand::distr::Alphanumeric;
use serde::Serialize;

/// Before the secret part of a link.
const PREFIX: &str = "https://t.me/+";

/// Characters of the secret part.
const SECRET: usize = 16;

/// Of those, how many other administrators see.
const SHOWN: usize = 8;

/// A link that lets people into a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InviteLink {
    /// The link itself.
    pub address: String,
    /// The administrator, a bot or a person, who made it.
    pub creator: i64,
    /// What its creator calls it; empty if nothing.
    pub name: String,
    /// When it stops to work; never if none.
    pub expires_at: Option<DateTime<Utc>>,
    /// How many may come by it; 0 means as many as like.
    pub member_limit: u32,
    /// It only lets them ask.
    pub creates_join_request: bool,
    /// Its creator's standing link.
    pub is_primary: bool,
    /// It has been taken back.
    pub is_revoked: bool,
    /// How many have come by it; leaving does not make it fewer.
    pub joined: u32,
    /// How many requests made by it are open.
    pub pending: u32,
}

impl InviteLink {
    /// A fresh link without conditions.
    pub(crate) fn new(creator: i64) -> Self {
        let secret: String = rand::rng()
            .sample_iter(Alphanumeric)
            .take(SECRET)
            .map(char::from)
            .collect();
        Self {
            address: address(&secret),
            creator,
            name: String::new(),
            expires_at: None,
            member_limit: 0,
            creates_join_request: false,
            is_primary: false,
            is_revoked: false,
            joined: 0,
            pending: 0,
        }
    }

    /// Whether one can still come or ask by it.
    pub(crate) fn works(&self, now: DateTime<Utc>) -> bool {
        let is_full = self.member_limit > 0 && self.joined >= self.member_limit;
        !self.is_revoked && !is_full && self.expires_at.is_none_or(|at| now < at)
    }

    /// As an administrator sees it who did not make it.
    pub(crate) fn truncated(&self) -> String {
        format!("{}...", &self.address[..PREFIX.len() + SHOWN])
    }
}

/// The link with this secret part.
pub(super) fn address(secret: &str) -> String {
    format!("{PREFIX}{secret}")
}

/// The links of a room. None is ever forgotten.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// In the order in which they were made.
    list: Vec<InviteLink>,
    by_address: HashMap<String, usize>,
}

impl Links {
    pub(crate) fn add(&mut self, link: InviteLink) -> &InviteLink {
        let at = self.list.len();
        self.by_address.insert(link.address.clone(), at);
        self.list.push(link);
        &self.list[at]
    }

    pub(crate) fn all(&self) -> &[InviteLink] {
        &self.list
    }

    pub(crate) fn get(&self, address: &str) -> Option<&InviteLink> {
        self.by_address.get(address).map(|at| &self.list[*at])
    }

    pub(crate) fn get_mut(&mut self, address: &str) -> Option<&mut InviteLink> {
        self.by_address.get(address).map(|at| &mut self.list[*at])
    }

    /// The standing link of an administrator.
    pub(crate) fn primary(&self, creator: i64) -> Option<&InviteLink> {
        self.list
            .iter()
            .rev()
            .find(|link| link.creator == creator && link.is_primary && !link.is_revoked)
    }

    /// Gives an administrator a new standing link and takes back the former one.
    pub(crate) fn renew_primary(&mut self, creator: i64) -> &InviteLink {
        let former = self.primary(creator).map(|link| link.address.clone());
        if let Some(former) = former.and_then(|address| self.get_mut(&address)) {
            former.is_revoked = true;
        }
        self.add(InviteLink {
            is_primary: true,
            ..InviteLink::new(creator)
        })
    }
}

/// A request to join that nobody has handled yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JoinRequest {
    /// Who asks.
    pub person_id: i64,
    /// When they asked.
    pub asked_at: DateTime<Utc>,
    /// The link by which they ask; none in a public chat that lets people ask directly.
    pub link: Option<String>,
}

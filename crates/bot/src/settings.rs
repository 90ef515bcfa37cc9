//! What a house has to be told before it can open.

use std::collections::BTreeSet;
use std::net::IpAddr;

use domain::id::UserId;
use store::bot_config::ConfigSeed;

/// The settings of one house. Values that the custodian can change later only seed the database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The custodians. Never empty in a house that serves people.
    pub custodians: BTreeSet<UserId>,
    /// Where health is served; no port, no server.
    pub health: HealthSettings,
    /// What the row of `bot_config` begins with.
    pub seed: ConfigSeed,
}

/// Where health is served.
#[derive(Clone, Debug)]
pub struct HealthSettings {
    /// The address that is listened on.
    pub host: IpAddr,
    /// The ports. 0 takes a free one.
    pub ports: Vec<u16>,
}

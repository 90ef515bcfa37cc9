//! Those of the predecessor's nine tables that are read and written as SeaORM sees them.
//!
//! Private to the store: the repositories translate rows to the domain's types. Columns are always
//! read by name; in databases that were altered by hand their order differs.

#![expect(
    unreachable_pub,
    private_interfaces,
    reason = "SeaORM's derives make public items that refer to these"
)]

pub(crate) mod bot_config;
pub(crate) mod content_packages;
pub(crate) mod invitation_tokens;
pub(crate) mod subscription_plans;
pub(crate) mod user_interests;
pub(crate) mod user_role_change_log;
pub(crate) mod users;
pub(crate) mod vip_subscribers;

//! What follows when memberships are over: first they end here, then their owners are seen out.
//!
//! Ending is never held back. Seeing people out is, by [`brakes`]: then custodians are shown a [`list`],
//! and what they confirm goes on.
//!
//! | module | holds |
//! |---|---|
//! | `ending` | memberships that are over end |
//! | `release` | what sees people out is written down |
//! | [`brakes`] | what holds that back |
//! | `held` | what custodians are told of it |
//! | [`list`] | what they confirm |

pub mod brakes;
pub(crate) mod ending;
pub(crate) mod held;
pub mod list;
pub(crate) mod release;

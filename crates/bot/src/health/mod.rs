//! The truth about the house, for its operator and the platform it runs on.
//!
//! [`prober`] looks at the parts on the main runtime and writes what it finds on the
//! [`board`]; [`server`] answers HTTP from a thread of its own and only reads the board, so that
//! a blocked handler cannot silence it. What nobody has written for a while counts as unhealthy.
//!
//! Where Telegram brings the updates, the same thread receives them, so that one port serves both:
//! it checks the secret and reads the body, and has the main runtime keep what it read.

mod board;
mod prober;
mod server;

pub(crate) use board::Board;
pub(crate) use prober::Prober;
pub(crate) use server::{HttpServer, Served, bind};

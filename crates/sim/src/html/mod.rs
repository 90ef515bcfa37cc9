//! Formatted text: HTML as the Bot API reads it, put in order, and written back.
//!
//! [`parse`] accepts what Telegram's HTML mode accepts and refuses the rest with its words;
//! [`arrange`](arrange::arrange) cleans, trims and nests; [`to_html`] writes the result so that
//! parsing it again gives the same text and entities.

mod arrange;
mod detect;
mod entity;
mod parser;
mod write;

pub(crate) use arrange::arrange;
pub use entity::{Entity, EntityKind};
pub(crate) use entity::{FormattedText, utf16_len};
pub(crate) use parser::parse;
pub(crate) use write::to_html;

#[cfg(test)]
mod tests;

//! Lucien's voice: every sentence that reaches a person, and the types that keep it that way.
//!
//! The sentences lie in the catalogue, `catalogue/es/*.toml`, compiled in. Each message is a
//! typed struct ([`messages`]) whose [`Message::ID`] names its entry; [`Voice::say`] renders it.
//! What comes out is [`Rendered`], which only the renderer can make, so that no other crate can
//! send a literal:
//!
//! ```compile_fail,E0308
//! let screen: voice::Screen<()> = voice::Screen::new("¡Hola!".to_owned());
//! ```
//!
//! ```
//! use domain::{clock::Timestamp, id::UserId};
//! use voice::{Button, Choice, LabelId, Screen, UserText, Voice, messages::FreeHome};
//!
//! # #[derive(Debug, PartialEq)]
//! enum Action { ShowFreeContent }
//!
//! let voice = Voice::builtin("America/Mexico_City".parse().unwrap(), Choice::seeded(7));
//! let message = FreeHome { name: UserText::new("Ana <3") };
//! let text = voice.say(&message, UserId(42), Timestamp::UNIX_EPOCH).unwrap();
//! assert!(text.as_html().contains("<b>Ana &lt;3</b>"));
//!
//! let screen = Screen::new(text)
//!     .row([Button::action(voice.label(LabelId::FreeContent), Action::ShowFreeContent)]);
//! assert_eq!(screen.keyboard.len(), 1);
//! ```
//!
//! | module | holds |
//! |---|---|
//! | `catalogue` | the file format, its checks, the compiled templates |
//! | [`check`](mod@check) | the rules that all of it keeps |
//! | `render` | [`Voice`]: strict templates, HTML always escaped, limited fuel |
//! | `filters` | dates, times, money, plurals, ellipsis |
//! | `variation` | which opening is chosen, and never the same twice in a row |
//! | [`messages`] | one struct per message; [`specimens`] lists them for tests and previews |
//! | `values` | what messages are made of: text of others, moments, prices |
//! | `keys` | the names of labels, toasts and commands |
//! | `screen` | [`Screen`], [`Button`], [`Label`], [`Toast`] |
//! | `social` | handles on social networks |
//!
//! Nothing here knows the database or Telegram's calls.

mod catalogue;
pub mod check;
mod filters;
mod html;
mod keys;
pub mod messages;
mod render;
mod screen;
mod social;
mod specimen;
mod values;
mod variation;

pub use catalogue::{
    Audience, Branch, Catalogue, CatalogueError, Entry, Files, FilesError, Heard, Problem, Speaker,
};
pub use keys::{CommandId, LabelId, ToastId};
pub use messages::Message;
pub use render::{RenderError, Rendered, Voice};
pub use screen::{Button, CommandDescription, Label, Press, Screen, Toast};
pub use social::{Network, SocialProfile};
pub use specimen::{BadValue, Specimen, specimens};
pub use values::{DayPart, Link, Price, UserText, When};
pub use variation::Choice;

//! What a person sees: text and buttons, and short texts over them.
//!
//! What a button does is left open (`A`), so that this crate needs to know no actions.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;
use url::Url;

use crate::render::Rendered;
use crate::values::{Link, UserText};

/// How many columns a button's text may have, by the number of buttons in its row: phones show
/// about this much.
pub(crate) const fn columns_in_row_of(buttons: usize) -> usize {
    match buttons {
        0 | 1 => 28,
        2 => 16,
        _ => 10,
    }
}

/// The text of a button, from the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label(String);

/// A short text that `answerCallbackQuery` shows over the screen, from the catalogue.
/// Plain text of at most 200 UTF-16 units.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Toast(String);

/// What `setMyCommands` says of a command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommandDescription {
    /// The command without its slash.
    pub command: &'static str,
    /// What it does, in plain text of at most 256 UTF-16 units.
    pub description: String,
}

/// A button below a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Button<A> {
    /// What is written on it.
    pub label: Label,
    /// What happens when it is pressed.
    pub press: Press<A>,
}

/// What happens when a button is pressed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Press<A> {
    /// Lucien is told.
    Action(A),
    /// The person's Telegram opens an address.
    Url(Url),
    /// The person's Telegram copies a text: 1 to 256 characters (Bot API, `CopyTextButton`).
    CopyText(String),
}

/// A text with its buttons, row by row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Screen<A> {
    /// The text.
    pub text: Rendered,
    /// Rows of buttons, none of them empty.
    pub keyboard: Vec<Vec<Button<A>>>,
}

impl Label {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The plain text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The label followed by something that has a name of its own, such as a package.
    #[must_use]
    pub fn with(&self, name: &UserText) -> Self {
        Self(format!("{} {}", self.0, name.as_str()).trim_end().to_owned())
    }

    /// The label followed by another one.
    pub(crate) fn then(&self, next: &Self) -> Self {
        Self(format!("{} {}", self.0, next.0))
    }

    /// How many columns a text takes; an emoji takes two.
    pub(crate) fn columns_of(text: &str) -> usize {
        text.width()
    }

    /// The label cut to at most `columns`, between characters as people see them.
    fn fitted(self, columns: usize) -> Self {
        if Self::columns_of(&self.0) <= columns {
            return self;
        }
        let mut kept = String::new();
        let mut used = 1;
        for grapheme in self.0.graphemes(true) {
            used += Self::columns_of(grapheme);
            if used > columns {
                break;
            }
            kept.push_str(grapheme);
        }
        Self(format!("{}…", kept.trim_end()))
    }
}

impl Toast {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The plain text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<A> Button<A> {
    /// A button that tells Lucien something.
    pub const fn action(label: Label, action: A) -> Self {
        let press = Press::Action(action);
        Self { label, press }
    }

    /// A button that opens an address.
    pub const fn url(label: Label, url: Url) -> Self {
        let press = Press::Url(url);
        Self { label, press }
    }

    /// A button that copies an address which the message spells out.
    #[must_use]
    pub fn copy(label: Label, link: &Link) -> Self {
        let press = Press::CopyText(link.0.as_str().to_owned());
        Self { label, press }
    }
}

impl<A> Screen<A> {
    /// A text without buttons.
    pub const fn new(text: Rendered) -> Self {
        let keyboard = Vec::new();
        Self { text, keyboard }
    }

    /// Adds a row of buttons; an empty one is left out. Labels are cut to what a row of so many
    /// buttons shows.
    #[must_use]
    pub fn row(mut self, buttons: impl IntoIterator<Item = Button<A>>) -> Self {
        let mut row: Vec<_> = buttons.into_iter().collect();
        let columns = columns_in_row_of(row.len());
        for button in &mut row {
            let label = std::mem::replace(&mut button.label, Label(String::new()));
            button.label = label.fitted(columns);
        }
        if !row.is_empty() {
            self.keyboard.push(row);
        }
        self
    }

    /// Adds a row for each button.
    #[must_use]
    pub fn rows(self, buttons: impl IntoIterator<Item = Button<A>>) -> Self {
        buttons
            .into_iter()
            .fold(self, |screen, button| screen.row([button]))
    }

    /// The same screen with other actions.
    pub fn map<B>(self, mut to: impl FnMut(A) -> B) -> Screen<B> {
        let mut button = |Button { label, press }| {
            let press = match press {
                Press::Action(action) => Press::Action(to(action)),
                Press::Url(url) => Press::Url(url),
                Press::CopyText(text) => Press::CopyText(text),
            };
            Button { label, press }
        };
        let row = |row: Vec<Button<A>>| row.into_iter().map(&mut button).collect();
        let keyboard = self.keyboard.into_iter().map(row).collect();
        Screen {
            text: self.text,
            keyboard,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Choice, Specimen, Voice, messages::UnknownCommand};

    fn screen() -> Screen<u8> {
        let voice = Voice::builtin(chrono_tz::Tz::UTC, Choice::seeded(1));
        Screen::new(voice.show(&Specimen::of(&UnknownCommand), 0).unwrap())
    }

    fn button(text: &str, action: u8) -> Button<u8> {
        Button::action(Label::new(text), action)
    }

    #[test]
    fn labels_are_cut_to_their_row() {
        let long = "Una etiqueta que no cabe en ningún teléfono";
        let screen = screen()
            .row([button(long, 0)])
            .row([button(long, 0), button("✅ Sí", 1)])
            .row([button(long, 0), button("1", 1), button("2", 2)])
            .row([]);
        let labels = |row: usize| screen.keyboard[row].iter().map(|b| b.label.as_str());
        assert_eq!(labels(0).collect::<Vec<_>>(), ["Una etiqueta que no cabe en…"]);
        assert_eq!(labels(1).collect::<Vec<_>>(), ["Una etiqueta qu…", "✅ Sí"]);
        assert_eq!(labels(2).next(), Some("Una etiqu…"));
        assert_eq!(screen.keyboard.len(), 3);
    }

    #[test]
    fn an_emoji_takes_two_columns() {
        assert_eq!(Label::columns_of("👑 A"), 4);
        assert_eq!(Label::columns_of("👩‍👩‍👧"), 2);
        assert_eq!(Label::new("💎💎💎").fitted(5).as_str(), "💎💎…");
    }

    #[test]
    fn actions_can_be_translated() {
        let url: Url = "https://example.com/".parse().unwrap();
        let screen = screen()
            .rows([button("a", 1), button("b", 2)])
            .row([Button::url(Label::new("c"), url.clone())])
            .row([Button::copy(Label::new("d"), &Link(url.clone()))])
            .map(|action| action * 10);
        let presses: Vec<_> = screen
            .keyboard
            .into_iter()
            .flatten()
            .map(|button| button.press)
            .collect();
        let copied = Press::CopyText("https://example.com/".to_owned());
        assert_eq!(
            presses,
            [Press::Action(10), Press::Action(20), Press::Url(url), copied]
        );
    }

    proptest! {
        #[test]
        fn every_label_fits_its_row(text in any::<String>(), buttons in 1usize..5) {
            let label = Label::new("📦").with(&UserText::new(&text));
            let screen = screen().row(vec![Button::action(label, 0); buttons]);
            for button in &screen.keyboard[0] {
                prop_assert!(Label::columns_of(button.label.as_str()) <= columns_in_row_of(buttons));
                prop_assert!(button.label.as_str().starts_with('📦'));
            }
        }
    }
}

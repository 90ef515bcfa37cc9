//! How a personal link is handed over: the same below the third text of the ritual, in a message that
//! was promised it, and when somebody comes back.

use domain::clock::Timestamp;
use domain::door::ENTRY_LINK_LIFE;
use domain::id::UserId;
use store::entry_links::EntryUrl;
use voice::messages::{Key, RitualThird};
use voice::{Button, LabelId, RenderError, Screen, UserText, Voice, When};

use crate::action::{Action, WayIn};

/// A link that is handed over.
#[derive(Clone, Copy)]
pub(crate) struct Handed<'a> {
    /// Whether its owner has finished the ritual.
    pub(crate) settled: bool,
    pub(crate) url: &'a EntryUrl,
    /// Its last moment.
    pub(crate) until: Timestamp,
}

impl Handed<'_> {
    /// The text with the link as a button.
    pub(crate) fn screen(
        self,
        voice: &Voice,
        to: UserId,
        name: UserText,
        now: Timestamp,
    ) -> Result<Screen<Action>, RenderError> {
        let until = When(self.until);
        let text = if self.settled {
            voice.say(&Key { name, until }, to, now)?
        } else {
            let hours = ENTRY_LINK_LIFE.num_hours();
            voice.say(&RitualThird { hours }, to, now)?
        };
        let mut screen = Screen::new(text);
        // What Telegram gives as a link is one.
        if let Ok(url) = self.url.as_str().parse() {
            screen = screen.row([Button::url(voice.label(LabelId::Enter), url)]);
        }
        Ok(if self.settled {
            screen
        } else {
            screen.row([button(voice, LabelId::Inside, WayIn::Conclude)])
        })
    }
}

/// A button on the way in.
pub(crate) fn button(voice: &Voice, label: LabelId, action: WayIn) -> Button<Action> {
    Button::action(voice.label(label), Action::WayIn(action))
}

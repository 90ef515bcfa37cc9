//! From a message to the text that Telegram gets.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono_tz::Tz;
use domain::clock::Timestamp;
use domain::id::UserId;
use domain::notice::Notice;
use minijinja::Environment;
use minijinja::value::Value;

use crate::catalogue::{Audience, Branch, Catalogue};
use crate::keys::{CommandId, LabelId, ToastId};
use crate::messages::Message;
use crate::screen::{CommandDescription, Label, Toast};
use crate::specimen::Specimen;
use crate::values::DayPart;
use crate::variation::{Choice, Variation};
use crate::{filters, html};

/// Text in Telegram's HTML that the renderer made. There is no other way to get one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rendered {
    html: String,
    visible_len: usize,
}

/// Why a message could not be rendered. All of these are mistakes of ours, none of a person's.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The catalogue has no such message or branch.
    #[error("the catalogue has no {id:?} with the branch {branch:?} and a variant {variant}")]
    Unknown {
        /// The message's id.
        id: &'static str,
        /// The branch.
        branch: &'static str,
        /// The number of the variant.
        variant: usize,
    },
    /// The template asks for what the message has not, or does too much.
    #[error("{id}: {error}")]
    Template {
        /// The message's id.
        id: &'static str,
        /// What the template engine says.
        error: Box<minijinja::Error>,
    },
    /// More than Telegram takes, see [`Rendered::MAX_VISIBLE_LEN`].
    #[error("{id}: the text has {visible_len} UTF-16 units")]
    TooLong {
        /// The message's id.
        id: &'static str,
        /// Its visible length in UTF-16 units.
        visible_len: usize,
    },
}

/// Lucien's voice: a catalogue, the time zone of the house, and what people heard last.
pub struct Voice {
    catalogue: Arc<Catalogue>,
    env: Environment<'static>,
    zone: Tz,
    variation: Mutex<Variation>,
}

impl Rendered {
    /// `sendMessage.text`: 1 to 4096 characters after entities (Bot API). Counted in UTF-16
    /// units, which are never fewer.
    pub const MAX_VISIBLE_LEN: usize = 4096;

    /// The text for `parse_mode = HTML`.
    #[must_use]
    pub fn as_html(&self) -> &str {
        &self.html
    }

    /// What a reader sees, without tags.
    #[must_use]
    pub fn visible(&self) -> String {
        html::visible(&self.html)
    }

    /// The length of what a reader sees, in UTF-16 units.
    #[must_use]
    pub const fn visible_len(&self) -> usize {
        self.visible_len
    }
}

impl Voice {
    /// A voice that speaks from `catalogue` and shows times in `zone`.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>, zone: Tz, choice: Choice) -> Self {
        let mut env = catalogue.env().clone();
        filters::add_zoned(&mut env, zone);
        let variation = Mutex::new(Variation::new(choice));
        Self {
            catalogue,
            env,
            zone,
            variation,
        }
    }

    /// A voice that speaks from the catalogue that is compiled in.
    #[must_use]
    pub fn builtin(zone: Tz, choice: Choice) -> Self {
        Self::new(Catalogue::builtin(), zone, choice)
    }

    /// Says a message to a person at `now`. The opening is chosen by weight and is not the one
    /// that this person heard last, if there is another.
    ///
    /// # Errors
    /// When message and catalogue do not belong together, or the text is too long.
    pub fn say<M: Message>(&self, message: &M, to: UserId, now: Timestamp) -> Result<Rendered, RenderError> {
        let specimen = Specimen::of(message);
        let branch = self.branch(&specimen, 0)?;
        let variant = {
            let mut variation = self.variation.lock().unwrap_or_else(PoisonError::into_inner);
            variation.choose(branch.key(), branch.weights(), to, now)
        };
        self.render(&specimen, branch, variant)
    }

    /// Renders one variant, chosen by its number: for tests and previews.
    ///
    /// # Errors
    /// As [`Voice::say`]; also when there is no such variant.
    pub fn show(&self, specimen: &Specimen, variant: usize) -> Result<Rendered, RenderError> {
        let branch = self.branch(specimen, variant)?;
        self.render(specimen, branch, variant)
    }

    /// The text of a button.
    #[must_use]
    pub fn label(&self, id: LabelId) -> Label {
        self.catalogue.label(id).clone()
    }

    /// The text of a button that switches a notice, which is on or off now.
    #[must_use]
    pub fn switch(&self, notice: Notice, is_on: bool) -> Label {
        let mark = if is_on {
            LabelId::NoticeOn
        } else {
            LabelId::NoticeOff
        };
        self.label(mark).then(&self.label(LabelId::of_notice(notice)))
    }

    /// A short text over the screen.
    #[must_use]
    pub fn toast(&self, id: ToastId) -> Toast {
        self.catalogue.toast(id).clone()
    }

    /// What Telegram's command menu says of a command.
    #[must_use]
    pub fn command(&self, id: CommandId) -> CommandDescription {
        CommandDescription {
            command: id.key(),
            description: self.catalogue.command(id).to_owned(),
        }
    }

    /// The command menu: a custodian's holds everybody's commands, too.
    #[must_use]
    pub fn commands(&self, audience: Audience) -> Vec<CommandDescription> {
        let told = |id: &&CommandId| audience == Audience::Custodian || id.audience() == audience;
        CommandId::ALL
            .iter()
            .filter(told)
            .map(|id| self.command(*id))
            .collect()
    }

    /// The time zone of the house.
    #[must_use]
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// The part of the day in the house.
    #[must_use]
    pub fn day_part(&self, now: Timestamp) -> DayPart {
        DayPart::of(now, self.zone)
    }

    /// The catalogue that the voice speaks from.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The names of the values that a message's templates ask for: for tests, which find those
    /// that are given and never used.
    #[must_use]
    pub fn values_used(&self, specimen: &Specimen) -> BTreeSet<String> {
        let Ok(branch) = self.branch(specimen, 0) else {
            return BTreeSet::new();
        };
        let templates = branch
            .templates()
            .filter_map(|name| self.env.get_template(name).ok());
        let names = templates.flat_map(|template| template.undeclared_variables(false));
        names.filter(|name| name != "terms").collect()
    }

    fn branch(&self, specimen: &Specimen, variant: usize) -> Result<&Branch, RenderError> {
        let Specimen { id, branch, .. } = *specimen;
        let entry = self.catalogue.entry(id);
        entry
            .and_then(|entry| entry.branch(branch))
            .ok_or(RenderError::Unknown { id, branch, variant })
    }

    fn render(&self, specimen: &Specimen, branch: &Branch, variant: usize) -> Result<Rendered, RenderError> {
        let Specimen {
            id,
            branch: when,
            ref values,
        } = *specimen;
        let template = branch.template(variant).ok_or(RenderError::Unknown {
            id,
            branch: when,
            variant,
        })?;
        let html = self
            .fill(template, values)
            .map_err(|error| RenderError::Template {
                id,
                error: Box::new(error),
            })?;
        let html = html.trim().to_owned();
        let visible_len = html::utf16_len(&html::visible(&html));
        if visible_len > Rendered::MAX_VISIBLE_LEN {
            return Err(RenderError::TooLong { id, visible_len });
        }
        Ok(Rendered { html, visible_len })
    }

    fn fill(&self, template: &str, values: &Value) -> Result<String, minijinja::Error> {
        self.env.get_template(template)?.render(values.clone())
    }
}

impl fmt::Debug for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voice")
            .field("zone", &self.zone)
            .finish_non_exhaustive()
    }
}

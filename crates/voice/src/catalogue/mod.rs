//! The catalogue: every sentence, parsed, checked and compiled once.

mod error;
mod source;
mod tables;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};

pub use error::{CatalogueError, Problem};
pub use source::{Audience, Speaker};

use crate::keys::{CommandId, LabelId, ToastId};
use crate::screen::{Label, Toast};
use crate::variation::BranchKey;
use crate::{filters, html};
use source::{EntrySource, Text};
use tables::Table;

const LABELS: &str = "labels.toml";
const TOASTS: &str = "toasts.toml";
const COMMANDS: &str = "commands.toml";
const TERMS: &str = "terms.toml";

macro_rules! files {
    ($($name:literal),+) => { [$(($name, include_str!(concat!("../../catalogue/es/", $name)))),+] };
}

/// The files that are compiled in.
const BUILTIN: [(&str, &str); 19] = files![
    "admin_channels.toml",
    "admin_main.toml",
    "admin_plans.toml",
    "admin_sweep.toml",
    "admin_vip.toml",
    "commands.toml",
    "common.toml",
    "ends.toml",
    "free_queue.toml",
    "labels.toml",
    "menu.toml",
    "notices.toml",
    "start.toml",
    "summary.toml",
    "terms.toml",
    "toasts.toml",
    "vip_door.toml",
    "vip_entry.toml",
    "wish.toml"
];

/// The most columns of a button's text: one button in a row.
const LABEL_MAX_COLUMNS: usize = 28;
/// `answerCallbackQuery.text`: 0 to 200 characters (Bot API).
const TOAST_MAX_UNITS: usize = 200;
/// `BotCommand.description`: 1 to 256 characters (Bot API).
const COMMAND_MAX_UNITS: usize = 256;
/// A template may do this much work: a screen full of packages needs less than a tenth.
const FUEL: u64 = 20_000;

/// Every sentence of the house, ready to be rendered.
#[derive(Debug)]
pub struct Catalogue {
    entries: BTreeMap<String, Entry>,
    labels: Table<LabelId, Label>,
    toasts: Table<ToastId, Toast>,
    commands: Table<CommandId, String>,
    env: Environment<'static>,
}

/// A message in all its branches.
#[derive(Debug)]
pub struct Entry {
    speaker: Speaker,
    audience: Audience,
    branches: BTreeMap<String, Branch>,
}

/// One branch of a message: the same facts in one or more openings.
#[derive(Debug)]
pub struct Branch {
    key: BranchKey,
    weights: Vec<u32>,
    templates: Vec<String>,
}

impl Catalogue {
    /// The catalogue that is compiled in.
    #[must_use]
    pub fn builtin() -> Arc<Self> {
        static BUILTIN_CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
            Arc::new(Catalogue::parse(&BUILTIN).expect("the tests of this crate parse the same files"))
        });
        Arc::clone(&BUILTIN_CATALOGUE)
    }

    /// A catalogue from files, each with its name and its text.
    ///
    /// # Errors
    /// The first thing that is wrong, with the file and the entry where it is.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, CatalogueError> {
        let find = |name: &'static str| {
            let file = files.iter().find(|(file, _)| *file == name);
            file.map(|(_, text)| (name, *text))
                .ok_or_else(|| CatalogueError::new(name, "", Problem::MissingFile))
        };
        let labels = Table::parse(find(LABELS)?, LABEL_MAX_COLUMNS, Label::columns_of, Label::new)?;
        let toasts = Table::parse(find(TOASTS)?, TOAST_MAX_UNITS, html::utf16_len, Toast::new)?;
        let commands = Table::parse(find(COMMANDS)?, COMMAND_MAX_UNITS, html::utf16_len, str::to_owned)?;

        let mut catalogue = Self {
            entries: BTreeMap::new(),
            labels,
            toasts,
            commands,
            env: environment(source::parse_file(find(TERMS)?)?),
        };
        let mut next_key = 0;
        for &(file, text) in files {
            if ![LABELS, TOASTS, COMMANDS, TERMS].contains(&file) {
                catalogue.add_provider((file, text), &mut next_key)?;
            }
        }
        Ok(catalogue)
    }

    /// The ids of all messages, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The message with this id.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    pub(crate) fn label(&self, id: LabelId) -> &Label {
        self.labels.get(id)
    }

    pub(crate) fn toast(&self, id: ToastId) -> &Toast {
        self.toasts.get(id)
    }

    pub(crate) fn command(&self, id: CommandId) -> &str {
        self.commands.get(id)
    }

    pub(crate) fn env(&self) -> &Environment<'static> {
        &self.env
    }

    fn add_provider(&mut self, file: (&str, &str), next_key: &mut BranchKey) -> Result<(), CatalogueError> {
        let (name, _) = file;
        let provider = name.strip_suffix(".toml").unwrap_or(name);
        for (key, entry) in source::parse_entries(file)? {
            let id = format!("{provider}.{key}");
            let entry = self
                .compile(&id, entry, next_key)
                .map_err(|problem| CatalogueError::new(name, &key, problem))?;
            self.entries.insert(id, entry);
        }
        Ok(())
    }

    fn compile(&mut self, id: &str, entry: EntrySource, next_key: &mut BranchKey) -> Result<Entry, Problem> {
        let (speaker, audience) = (entry.voice, entry.audience);
        let mut branches = BTreeMap::new();
        for (when, text) in entry.into_texts()? {
            let branch = self.compile_branch(&format!("{id}/{when}"), &text, *next_key)?;
            *next_key += 1;
            branches.insert(when, branch);
        }
        Ok(Entry {
            speaker,
            audience,
            branches,
        })
    }

    fn compile_branch(&mut self, name: &str, text: &Text, key: BranchKey) -> Result<Branch, Problem> {
        let mut branch = Branch {
            key,
            weights: Vec::new(),
            templates: Vec::new(),
        };
        for (index, (weight, template)) in text.variants().into_iter().enumerate() {
            let name = format!("{name}#{index}");
            self.env
                .add_template_owned(name.clone(), template)
                .map_err(|error| Problem::Template(Box::new(error)))?;
            branch.weights.push(weight);
            branch.templates.push(name);
        }
        Ok(branch)
    }
}

impl Entry {
    /// Who speaks.
    #[must_use]
    pub const fn speaker(&self) -> Speaker {
        self.speaker
    }

    /// Who hears it.
    #[must_use]
    pub const fn audience(&self) -> Audience {
        self.audience
    }

    /// The branches by name; a message without branches has one without a name.
    pub fn branches(&self) -> impl Iterator<Item = (&str, &Branch)> {
        self.branches.iter().map(|(when, branch)| (when.as_str(), branch))
    }

    pub(crate) fn branch(&self, when: &str) -> Option<&Branch> {
        self.branches.get(when)
    }
}

impl Branch {
    /// How often each opening is heard, relative to the others. A branch without openings has
    /// one variant.
    #[must_use]
    pub fn weights(&self) -> &[u32] {
        &self.weights
    }

    pub(crate) const fn key(&self) -> BranchKey {
        self.key
    }

    /// The names of all variants' templates.
    pub(crate) fn templates(&self) -> impl Iterator<Item = &str> {
        self.templates.iter().map(String::as_str)
    }

    /// The name of a variant's template.
    pub(crate) fn template(&self, variant: usize) -> Option<&str> {
        self.templates.get(variant).map(String::as_str)
    }
}

/// An environment that knows nothing but our filters: no `safe`, no includes, no macros.
fn environment(terms: BTreeMap<String, String>) -> Environment<'static> {
    let mut env = Environment::empty();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .expect("the delimiters are the default ones");
    env.set_syntax(syntax);
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_formatter(|out, _state, value| print(out, value));
    env.add_global("terms", Value::from(Serde(terms)));
    filters::add_to(&mut env);
    env
}

/// Prints texts, escaped, and whole numbers. Whatever else is there was forgotten to be shown
/// through a filter. What a template calls safe is escaped like everything.
fn print(out: &mut minijinja::Output<'_>, value: &Value) -> Result<(), minijinja::Error> {
    if let Some(text) = value.as_str() {
        return Ok(html::escape(text, out)?);
    }
    if let (true, Some(number)) = (value.is_integer(), value.as_i64()) {
        return Ok(std::fmt::Write::write_fmt(out, format_args!("{number}"))?);
    }
    Err(minijinja::Error::new(
        minijinja::ErrorKind::InvalidOperation,
        format!("a {} cannot be printed without a filter", value.kind()),
    ))
}

#[cfg(test)]
mod tests;

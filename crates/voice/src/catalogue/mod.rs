//! The catalogue: every sentence, parsed, checked and compiled once.

mod error;
mod files;
mod source;
mod tables;
mod written;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, UndefinedBehavior};

pub use error::{CatalogueError, Problem};
pub(crate) use files::File;
pub use files::{Files, FilesError};
pub(crate) use source::{Allow, EntrySource, Header, ShortSource, Text};
pub use source::{Audience, Heard, Speaker};
pub(crate) use written::{Flat, Located, Written};

use crate::keys::{CommandId, LabelId, ToastId};
use crate::screen::{Label, Toast};
use crate::variation::BranchKey;
use crate::{filters, html};
use tables::Table;

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
    keyboard: Vec<Vec<LabelId>>,
}

impl Catalogue {
    /// The catalogue that is compiled in.
    #[must_use]
    pub fn builtin() -> Arc<Self> {
        static BUILTIN_CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
            let catalogue = Catalogue::parse(&Files::builtin());
            Arc::new(catalogue.expect("the tests of this crate parse the same files"))
        });
        Arc::clone(&BUILTIN_CATALOGUE)
    }

    /// A catalogue from files.
    ///
    /// # Errors
    /// The first thing that is wrong, with the file and the entry where it is. [`check()`](crate::check::check)
    /// tells everything.
    pub fn parse(files: &Files) -> Result<Self, CatalogueError> {
        let mut written = Written::read(files);
        let errors = std::mem::take(&mut written.errors);
        let (catalogue, more) = Self::compile(&written);
        errors.into_iter().chain(more).next().map_or(Ok(catalogue), Err)
    }

    /// Compiles what can be compiled, and tells what is wrong with the rest.
    pub(crate) fn compile(written: &Written<'_>) -> (Self, Vec<CatalogueError>) {
        let (labels, mut errors) = Table::compile(
            Flat::Labels,
            written,
            LABEL_MAX_COLUMNS,
            Label::columns_of,
            Label::new,
        );
        let (toasts, more) = Table::compile(
            Flat::Toasts,
            written,
            TOAST_MAX_UNITS,
            html::utf16_len,
            Toast::new,
        );
        errors.extend(more);
        let (commands, more) = Table::compile(
            Flat::Commands,
            written,
            COMMAND_MAX_UNITS,
            html::utf16_len,
            str::to_owned,
        );
        errors.extend(more);

        let mut catalogue = Self {
            entries: BTreeMap::new(),
            labels,
            toasts,
            commands,
            env: environment(&written.plain(Flat::Terms)),
        };
        let mut next_key = 0;
        for (id, entry) in &written.messages {
            match catalogue.compile_entry(id, &entry.is, &mut next_key) {
                Ok(compiled) => {
                    catalogue.entries.insert(id.clone(), compiled);
                }
                Err(problem) => {
                    let (_, key) = id.split_once('.').unwrap_or(("", id));
                    errors.push(entry.error(key, problem));
                }
            }
        }
        (catalogue, errors)
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

    fn compile_entry(
        &mut self,
        id: &str,
        entry: &EntrySource,
        next_key: &mut BranchKey,
    ) -> Result<Entry, Problem> {
        let mut branches = BTreeMap::new();
        for (when, text) in entry.texts()? {
            let branch = self.compile_branch(&format!("{id}/{when}"), &text, *next_key)?;
            *next_key += 1;
            branches.insert(when, branch);
        }
        Ok(Entry {
            speaker: entry.voice,
            audience: entry.audience,
            branches,
        })
    }

    fn compile_branch(&mut self, name: &str, text: &Text, key: BranchKey) -> Result<Branch, Problem> {
        let mut branch = Branch {
            key,
            weights: Vec::new(),
            templates: Vec::new(),
            keyboard: keyboard(text)?,
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

    /// The buttons that are always below it, as it is written beside the text: for who looks at
    /// it. Those that depend on what there is are not among them.
    #[must_use]
    pub fn keyboard(&self) -> &[Vec<LabelId>] {
        &self.keyboard
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

fn keyboard(text: &Text) -> Result<Vec<Vec<LabelId>>, Problem> {
    let label = |key: &toml::Spanned<String>| {
        let found = LabelId::ALL.iter().find(|label| label.key() == key.get_ref());
        found
            .copied()
            .ok_or_else(|| Problem::UnknownLabel(key.get_ref().clone()))
    };
    let rows = text.buttons.iter();
    rows.map(|row| row.iter().map(label).collect()).collect()
}

/// An environment that knows nothing but our filters: no `safe`, no includes, no macros.
fn environment(terms: &BTreeMap<&str, &str>) -> Environment<'static> {
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
    env.add_global(
        "terms",
        Value::from_pairs(terms.iter().map(|(key, term)| (*key, *term))),
    );
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

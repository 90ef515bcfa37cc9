//! The rules that Lucien's words keep, checked on all that he can say.
//!
//! What is judged is the rendered text of every message in every branch, variant and sample, as
//! people read it, and each label, toast and command. [`check()`] is behind `lucien voice check`.
//! A text that has a good reason to break a rule says so beside itself, in its file; a reason
//! for a rule that is not broken is itself a finding.

mod emoji;
mod messages;
mod phrasing;
mod rule;
mod shorts;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use rule::{Rule, Severity};

use crate::catalogue::{Allow, Catalogue, CatalogueError, File, Files, Flat, Located, Problem, Written};
use messages::Messages;

/// A rule that is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file: its name, or its path when it was read from one.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The id of the message, or the key of the text with its file's name before it: `labels.back`.
    pub id: String,
    /// The branch of the message; empty when it has none, or when all are meant.
    pub branch: String,
    /// The number of the variant, when only this one is meant.
    pub variant: Option<usize>,
    /// The rule.
    pub rule: Rule,
    /// The words that break it, or what is wrong with them.
    pub excerpt: String,
}

/// What is found in a text: a rule and the words that break it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    rule: Rule,
    excerpt: String,
}

/// Everything that is wrong with a catalogue, in the order of its files.
#[must_use]
pub fn check(files: &Files) -> Vec<Finding> {
    let written = Written::read(files);
    let (catalogue, errors) = Catalogue::compile(&written);
    let mut findings: BTreeSet<Finding> = written.errors.iter().chain(&errors).map(of_error).collect();
    let messages = Messages::new(&written, catalogue);
    findings.extend(messages.findings());
    findings.extend(shorts::findings(&written));
    findings.extend(emoji::findings(&written, messages.said()));
    gathered(excused(findings, &exceptions(&written)))
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            id,
            rule,
            excerpt,
            ..
        } = self;
        write!(
            f,
            "{file}:{line}: {}: {rule}: {}",
            rule.severity(),
            rule.meaning()
        )?;
        if !excerpt.is_empty() {
            write!(f, ": «{excerpt}»")?;
        }
        write!(f, " ({id}")?;
        if !self.branch.is_empty() {
            write!(f, " {}", self.branch)?;
        }
        if let Some(variant) = self.variant {
            write!(f, " #{variant}")?;
        }
        f.write_str(")")
    }
}

impl Fault {
    fn new(rule: Rule, excerpt: impl Into<String>) -> Self {
        let excerpt = excerpt.into();
        Self { rule, excerpt }
    }
}

/// A text of a flat file, as findings name it.
fn flat_id(flat: Flat, key: &str) -> String {
    format!("{}.{key}", flat.file().trim_end_matches(".toml"))
}

fn of_error(error: &CatalogueError) -> Finding {
    let name = error.file.rsplit(['/', '\\']).next().unwrap_or_default();
    let provider = name.trim_end_matches(".toml");
    let id = match error.id.as_str() {
        "" => provider.to_owned(),
        key => format!("{provider}.{key}"),
    };
    Finding {
        file: error.file.clone(),
        line: error.line,
        id,
        branch: String::new(),
        variant: None,
        rule: match error.problem {
            Problem::UnknownKey | Problem::MissingKey | Problem::UnknownLabel(_) => Rule::Known,
            Problem::Length { .. } => Rule::Length,
            Problem::DuplicateOpening => Rule::Distinct,
            _ => Rule::Form,
        },
        excerpt: error.problem.to_string().trim().to_owned(),
    }
}

/// A reason for breaking a rule, with the text that it is given for.
struct Exception<'a> {
    id: String,
    file: &'a File,
    allow: &'a Allow,
}

fn exceptions<'a>(written: &'a Written<'_>) -> Vec<Exception<'a>> {
    let mut exceptions = Vec::new();
    for (id, entry) in &written.messages {
        exceptions.extend(given(id.clone(), entry, &entry.is.allow));
    }
    for flat in [
        Flat::Labels,
        Flat::Toasts,
        Flat::Commands,
        Flat::Terms,
        Flat::Emoji,
    ] {
        for (key, text) in written.flat(flat) {
            exceptions.extend(given(flat_id(flat, key), text, &text.is.allow));
        }
    }
    exceptions
}

fn given<'a, T>(
    id: String,
    place: &Located<'a, T>,
    allowed: &'a [Allow],
) -> impl Iterator<Item = Exception<'a>> {
    let file = place.file;
    allowed.iter().map(move |allow| Exception {
        id: id.clone(),
        file,
        allow,
    })
}

/// The findings that nothing excuses, and the exceptions that excuse nothing.
fn excused(mut findings: BTreeSet<Finding>, exceptions: &[Exception<'_>]) -> BTreeSet<Finding> {
    let mut bad = BTreeSet::new();
    for Exception { id, file, allow } in exceptions {
        let rule = *allow.rule.get_ref();
        let before = findings.len();
        if rule.has_exceptions() {
            findings.retain(|finding| finding.rule != rule || finding.id != *id);
        }
        let fault = if allow.reason.trim().is_empty() {
            "no reason is given"
        } else if findings.len() == before {
            "nothing here breaks this rule, or none may"
        } else {
            continue;
        };
        bad.insert(Finding {
            file: file.place.clone(),
            line: file.line(&allow.rule.span()),
            id: id.clone(),
            branch: String::new(),
            variant: None,
            rule: Rule::Exception,
            excerpt: format!("{rule}: {fault}"),
        });
    }
    findings.extend(bad);
    findings
}

/// The findings in order, one for what several variants or branches have in common.
fn gathered(findings: BTreeSet<Finding>) -> Vec<Finding> {
    let mut gathered: Vec<Finding> = Vec::new();
    for finding in findings {
        let same = gathered.iter_mut().find(|other| {
            (&other.file, other.line, &other.id, other.rule, &other.excerpt)
                == (
                    &finding.file,
                    finding.line,
                    &finding.id,
                    finding.rule,
                    &finding.excerpt,
                )
        });
        match same {
            None => gathered.push(finding),
            Some(other) => {
                if other.branch != finding.branch {
                    other.branch.clear();
                }
                if other.variant != finding.variant {
                    other.variant = None;
                }
            }
        }
    }
    gathered
}

/// The first text to say something, by what it says.
#[derive(Default)]
struct FirstSaid(BTreeMap<String, String>);

impl FirstSaid {
    /// Who else said it, if anybody.
    fn before(&mut self, words: &str, id: &str) -> Option<&str> {
        let words = words.trim().to_lowercase();
        let first = self.0.entry(words).or_insert_with(|| id.to_owned());
        (first != id).then_some(first)
    }
}

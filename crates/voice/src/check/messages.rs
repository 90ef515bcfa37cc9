//! Messages: every branch, variant and sample, rendered and judged.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use chrono_tz::Tz;

use super::emoji::Said;
use super::phrasing::{beginning, endings, names, phrasing, signature, tags};
use super::shorts::proper_names;
use super::{Fault, Finding, FirstSaid, Rule};
use crate::catalogue::{Catalogue, EntrySource, Flat, Header, Heard, Located, Speaker, Text, Written};
use crate::html;
use crate::render::{RenderError, Rendered, Voice};
use crate::specimen::{Specimen, specimens};
use crate::values::UserText;
use crate::variation::Choice;

/// Stands for what others wrote while our own words are judged. Nobody has it in a name: it is
/// for private use.
const OTHERS: &str = "\u{e000}";

/// What people may be called to make trouble. Names that are long or cannot be seen are among the
/// samples.
const HOSTILE: [&str; 7] = [
    "<b>&\"'",
    "</i></b>",
    "&amp;&lt;b&gt;",
    "{{ name }}{% endif %}",
    "ليلى العامرية",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "@everyone /start https://t.me/x",
];

/// The messages of a catalogue, with a voice that says them.
pub(super) struct Messages<'a> {
    written: &'a Written<'a>,
    voice: Voice,
    specimens: BTreeMap<&'static str, Vec<Specimen>>,
}

/// A branch of a message, where it is written.
struct Place<'a> {
    id: &'a str,
    branch: &'a str,
    entry: &'a Located<'a, EntrySource>,
    text: &'a Text,
}

impl<'a> Messages<'a> {
    pub(super) fn new(written: &'a Written<'a>, catalogue: Catalogue) -> Self {
        let mut by_id: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for specimen in specimens() {
            by_id.entry(specimen.id).or_default().push(specimen);
        }
        Self {
            written,
            voice: Voice::new(Arc::new(catalogue), Tz::America__Mexico_City, Choice::seeded(1)),
            specimens: by_id,
        }
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = self.unwritten();
        let mut heard = FirstSaid::default();
        for (id, entry) in &self.written.messages {
            let Ok(texts) = entry.is.texts() else {
                continue;
            };
            for (branch, text) in &texts {
                let place = Place {
                    id,
                    branch,
                    entry,
                    text,
                };
                findings.extend(self.of_branch(&place));
                findings.extend(repeated(&place, &mut heard));
            }
            findings.extend(self.of_values(id, entry));
        }
        findings
    }

    /// What people see of every branch and variant, with nothing in it that others wrote.
    pub(super) fn said(&self) -> Vec<Said> {
        let mut said = Vec::new();
        for (id, entry) in &self.written.messages {
            for (branch, text) in &entry.is.texts().unwrap_or_default() {
                let place = Place {
                    id,
                    branch,
                    entry,
                    text,
                };
                for (variant, specimen) in self.shown(&place) {
                    let Ok(rendered) = self.voice.show(&masked(specimen), variant) else {
                        continue;
                    };
                    said.push(Said {
                        text: rendered.visible(),
                        place: place.finding(Some(variant), Fault::new(Rule::Emoji, "")),
                    });
                }
            }
        }
        said
    }

    /// Messages and branches that the house sends and nobody has written.
    fn unwritten(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (id, specimens) in &self.specimens {
            let (provider, _) = id.split_once('.').unwrap_or((id, ""));
            let entry = self.written.messages.get(*id);
            let texts = entry.map(|entry| entry.is.texts());
            let branches = match texts {
                // It is written, but not well: that is told already.
                Some(Err(_)) => continue,
                Some(Ok(texts)) => texts.into_keys().collect(),
                None => BTreeSet::new(),
            };
            let sent: BTreeSet<&str> = specimens.iter().map(|specimen| specimen.branch).collect();
            for branch in sent.into_iter().filter(|branch| !branches.contains(*branch)) {
                findings.push(Finding {
                    file: entry.map_or_else(|| format!("{provider}.toml"), |entry| entry.file.place.clone()),
                    line: entry.map_or(1, |entry| entry.file.line(&entry.at)),
                    id: (*id).to_owned(),
                    branch: branch.to_owned(),
                    variant: None,
                    rule: Rule::Known,
                    excerpt: "the text is missing".to_owned(),
                });
            }
        }
        findings
    }

    /// The variants of a branch with its samples.
    fn shown<'b>(&'b self, place: &Place<'b>) -> impl Iterator<Item = (usize, &'b Specimen)> {
        let of_id = self.specimens.get(place.id).map_or(&[][..], Vec::as_slice);
        let branch = place.branch;
        let samples = of_id.iter().filter(move |specimen| specimen.branch == branch);
        let variants = place.text.weights().len().max(1);
        samples.flat_map(move |sample| (0..variants).map(move |variant| (variant, sample)))
    }

    fn of_branch(&self, place: &Place<'_>) -> BTreeSet<Finding> {
        let mut faults = Vec::new();
        let speaks = place.entry.is.voice == Speaker::Lucien;
        if speaks == (place.entry.is.header == Header::None) {
            faults.push((None, Fault::new(Rule::Header, "")));
        }
        faults.extend(place.of_openings().into_iter().map(|fault| (None, fault)));
        let proper = proper_names(self.written);
        for part in place.text.parts(None) {
            let ours = without_templates(part.get_ref());
            faults.extend(names(&ours, &proper).into_iter().map(|fault| (None, fault)));
        }
        let labels = self.written.plain(Flat::Labels);
        let wide = place.text.too_wide(&labels);
        faults.extend(wide.map(|label| (None, Fault::new(Rule::Length, label))));
        if self.shown(place).next().is_none() {
            faults.push((None, Fault::new(Rule::Known, "no message is called so")));
        }
        // What was seen, without tags, by the first variant to say so: samples differ only in
        // what others wrote, variants only in their words.
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (variant, sample) in self.shown(place) {
            let mut add = |fault| faults.push((Some(variant), fault));
            self.of_sample(place, sample, variant)
                .into_iter()
                .for_each(&mut add);
            let Ok(rendered) = self.voice.show(&masked(sample), variant) else {
                continue;
            };
            match seen.insert(rendered.visible(), variant) {
                None => of_words(place, &rendered).into_iter().for_each(add),
                Some(other) if other != variant => {
                    add(Fault::new(Rule::Distinct, beginning(&rendered.visible())));
                }
                Some(_) => {}
            }
        }
        let finding = |(variant, fault)| place.finding(variant, fault);
        faults.into_iter().map(finding).collect()
    }

    /// What is wrong with the structure of one variant, with the values of a sample and mischief.
    fn of_sample(&self, place: &Place<'_>, sample: &Specimen, variant: usize) -> Vec<Fault> {
        let hostile = HOSTILE.map(|name| sample.with_user_text(&UserText::new(name)));
        let mut faults = Vec::new();
        for sample in hostile.iter().chain([sample]) {
            match self.voice.show(sample, variant) {
                Ok(rendered) => faults.extend(structure(&rendered, place.entry.is.voice)),
                Err(error) => faults.push(of_render_error(&error)),
            }
        }
        faults
    }

    /// Values that are given and not used, and the other way round.
    fn of_values(&self, id: &str, entry: &Located<'_, EntrySource>) -> Vec<Finding> {
        let specimens = self.specimens.get(id).map_or(&[][..], Vec::as_slice);
        let used: BTreeSet<String> = specimens
            .iter()
            .flat_map(|specimen| self.voice.values_used(specimen))
            .collect();
        let given: BTreeSet<String> = specimens.iter().flat_map(Specimen::fields).collect();
        let unused = given.difference(&used).map(|name| format!("{name} is not used"));
        let unknown = used.difference(&given).map(|name| format!("{name} is not given"));
        let faults = if specimens.is_empty() {
            Vec::new()
        } else {
            unused.chain(unknown).collect()
        };
        let finding = |excerpt| Finding {
            file: entry.file.place.clone(),
            line: entry.file.line(&entry.at),
            id: id.to_owned(),
            branch: String::new(),
            variant: None,
            rule: Rule::Values,
            excerpt,
        };
        faults.into_iter().map(finding).collect()
    }
}

impl Place<'_> {
    /// Whether the openings are as many and as heavy as they should be.
    fn of_openings(&self) -> Vec<Fault> {
        let weights = self.text.weights();
        let mut faults = Vec::new();
        let are_equal = weights.windows(2).all(|two| two[0] == two[1]);
        if !are_equal && weights.iter().copied().map(u64::from).sum::<u64>() != 100 {
            faults.push(Fault::new(Rule::Weights, format!("{weights:?}")));
        }
        let needed = match self.text.heard {
            Some(Heard::Often) => 3,
            Some(Heard::Key) => 2,
            None => 0,
        };
        if weights.len() < needed {
            faults.push(Fault::new(
                Rule::Variants,
                format!("{} of {needed}", weights.len()),
            ));
        }
        faults
    }

    /// The fault as a finding, at the line that holds its words where there is one.
    fn finding(&self, variant: Option<usize>, fault: Fault) -> Finding {
        let file = self.entry.file;
        let parts: Vec<Range<usize>> = self.text.parts(variant).map(toml::Spanned::span).collect();
        let first = self.text.when().unwrap_or(&self.entry.at);
        // What others wrote and ends of lines are not in the file as they are in the excerpt.
        let mut pieces = fault.excerpt.split(['\u{e000}', '⏎']);
        let words = pieces.find(|words| !words.trim().is_empty()).unwrap_or_default();
        let line = (!words.is_empty())
            .then(|| file.line_of(words, &parts))
            .flatten()
            .unwrap_or_else(|| file.line(first));
        Finding {
            file: file.place.clone(),
            line,
            id: self.id.to_owned(),
            branch: self.branch.to_owned(),
            variant,
            rule: fault.rule,
            excerpt: fault.excerpt.replace(OTHERS, "·"),
        }
    }
}

/// What is wrong with our own words.
fn of_words(place: &Place<'_>, rendered: &Rendered) -> Vec<Fault> {
    let entry = &place.entry.is;
    let mut faults = phrasing(&rendered.visible(), entry.voice, entry.audience);
    faults.extend(endings(rendered.as_html()));
    faults
}

/// The sample with nothing in it that others wrote, except nothing at all.
fn masked(sample: &Specimen) -> Specimen {
    sample.map_text(|text| if text.is_empty() { "" } else { OTHERS })
}

fn structure(rendered: &Rendered, speaker: Speaker) -> Vec<Fault> {
    let mut faults = tags(rendered.as_html());
    faults.extend(signature(&rendered.visible(), speaker));
    if rendered.visible_len() == 0 {
        faults.push(Fault::new(Rule::Length, "nothing is seen"));
    }
    faults
}

fn of_render_error(error: &RenderError) -> Fault {
    let rule = match error {
        RenderError::TooLong { .. } => Rule::Length,
        RenderError::Template { .. } | RenderError::Unknown { .. } => Rule::Values,
    };
    Fault::new(rule, error.to_string())
}

/// Sentences that another message speaks.
fn repeated(place: &Place<'_>, heard: &mut FirstSaid) -> Vec<Finding> {
    let mut findings = Vec::new();
    for spoken in place.text.spoken() {
        let words = html::visible(spoken.get_ref());
        if heard.before(&words, place.id).is_some() {
            findings.push(Finding {
                line: place.entry.file.line(&spoken.span()),
                ..place.finding(None, Fault::new(Rule::Repeated, beginning(&words)))
            });
        }
    }
    findings
}

/// A template without what the machine puts in.
fn without_templates(template: &str) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once(['{']) {
        text.push_str(before);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text
}

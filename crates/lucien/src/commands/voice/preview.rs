//! `lucien voice preview`: messages as people see them, in the terminal or as a page.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Context;
use chrono_tz::Tz;
use voice::{
    Audience, Catalogue, Choice, DayPart, Label, LabelId, Rendered, Speaker, Specimen, Voice, specimens,
};

use super::page;
use crate::cli::{Preview, Role};
use crate::exit::Failure;

/// The variants of one branch of a message, as the first sample shows them.
pub(super) struct Exhibit {
    pub(super) id: &'static str,
    pub(super) branch: &'static str,
    pub(super) speaker: Speaker,
    pub(super) audience: Audience,
    pub(super) variants: Vec<Variant>,
    /// What is always below it, row by row.
    pub(super) keyboard: Vec<Vec<Label>>,
}

/// One of its variants.
pub(super) struct Variant {
    pub(super) number: usize,
    /// How many in a hundred hear it.
    pub(super) percent: u32,
    pub(super) text: Rendered,
}

pub(super) fn execute(preview: &Preview) -> Result<(), Failure> {
    let catalogue = Catalogue::parse(&super::files(&preview.from)?);
    let catalogue = catalogue.map_err(|error| usage(error.to_string()))?;
    let voice = Voice::new(Arc::new(catalogue), Tz::America__Mexico_City, Choice::seeded(1));
    if !preview.all && preview.id.is_none() {
        let ids: BTreeSet<_> = exhibits(&voice, preview)?
            .iter()
            .map(|exhibit| exhibit.id)
            .collect();
        return printed(|out| ids.iter().try_for_each(|id| writeln!(out, "{id}")));
    }
    let exhibits = exhibits(&voice, preview)?;
    if exhibits.is_empty() {
        let id = preview.id.as_deref().unwrap_or("the catalogue");
        return Err(usage(format!("{id}: there is nothing of this to show")));
    }
    let Some(file) = &preview.html else {
        return printed(|out| exhibits.iter().try_for_each(|exhibit| exhibit.print(out)));
    };
    let page = page::of(&voice, &exhibits, preview.all);
    fs::write(file, page).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(())
}

/// Everything that is asked for, in the order of ids.
fn exhibits(voice: &Voice, preview: &Preview) -> Result<Vec<Exhibit>, Failure> {
    let mut shown = BTreeSet::new();
    let mut exhibits = Vec::new();
    for specimen in specimens() {
        let is_wanted = preview.id.as_deref().is_none_or(|id| is_named(&specimen, id))
            && preview.hour.is_none_or(|hour| is_said_at(&specimen, hour))
            && preview.role.is_none_or(|role| is_for(voice, &specimen, role));
        // The first sample of each branch is the ordinary one.
        if is_wanted && shown.insert((specimen.id, specimen.branch)) {
            exhibits.push(exhibit(voice, preview, specimen)?);
        }
    }
    exhibits.retain(|exhibit: &Exhibit| !exhibit.variants.is_empty());
    exhibits.sort_by_key(|exhibit| exhibit.id);
    Ok(exhibits)
}

fn exhibit(voice: &Voice, preview: &Preview, mut specimen: Specimen) -> Result<Exhibit, Failure> {
    for (name, value) in &preview.parameters {
        specimen = specimen
            .with(name, value)
            .map_err(|error| usage(error.to_string()))?;
    }
    let Specimen { id, branch, .. } = specimen;
    let entry = voice
        .catalogue()
        .entry(id)
        .context("every message has an entry")?;
    let mut branches = entry.branches();
    let (_, found) = branches
        .find(|(when, _)| *when == branch)
        .context("every message has its branches")?;
    let weights = found.weights();
    let all: u64 = weights.iter().copied().map(u64::from).sum();
    let mut variants = Vec::new();
    for (number, weight) in weights.iter().enumerate() {
        if preview.variant.is_some_and(|wanted| wanted != number) {
            continue;
        }
        let text = voice
            .show(&specimen, number)
            .map_err(|error| usage(error.to_string()))?;
        let percent = u32::try_from(u64::from(*weight) * 100 / all).unwrap_or(100);
        variants.push(Variant {
            number,
            percent,
            text,
        });
    }
    Ok(Exhibit {
        id,
        branch,
        speaker: entry.speaker(),
        audience: entry.audience(),
        variants,
        keyboard: found.keyboard().iter().map(|row| labels(voice, row)).collect(),
    })
}

fn labels(voice: &Voice, row: &[LabelId]) -> Vec<Label> {
    row.iter().map(|id| voice.label(*id)).collect()
}

/// Whether `id` is the specimen's, or that of its file.
fn is_named(specimen: &Specimen, id: &str) -> bool {
    let provider = specimen.id.split_once('.').map(|(provider, _)| provider);
    specimen.id == id || provider == Some(id)
}

fn is_said_at(specimen: &Specimen, hour: u32) -> bool {
    let differs = DayPart::ALL.iter().any(|part| part.branch() == specimen.branch);
    !differs || specimen.branch == DayPart::at(hour).branch()
}

fn is_for(voice: &Voice, specimen: &Specimen, role: Role) -> bool {
    let branch = match role {
        Role::Custodian => "custodian",
        Role::Member => "member",
        Role::Entering => "entering",
        Role::Visitor => "visitor",
    };
    let differs = ["custodian", "member", "visitor"].contains(&specimen.branch);
    let audience = voice.catalogue().entry(specimen.id).map(voice::Entry::audience);
    let is_told = role == Role::Custodian || audience == Some(Audience::Everybody);
    is_told && (!differs || specimen.branch == branch)
}

impl Exhibit {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for variant in &self.variants {
            let Variant {
                number,
                percent,
                text,
            } = variant;
            let branch = if self.branch.is_empty() { "" } else { " · " };
            writeln!(
                out,
                "── {}{branch}{} · #{number} · {percent} % · {} of {} ──\n\n{}\n",
                self.id,
                self.branch,
                text.visible_len(),
                Rendered::MAX_VISIBLE_LEN,
                text.visible()
            )?;
            for row in &self.keyboard {
                let row: Vec<_> = row
                    .iter()
                    .map(|label| format!("[ {} ]", label.as_str()))
                    .collect();
                writeln!(out, "{}", row.join(" "))?;
            }
            if !self.keyboard.is_empty() {
                writeln!(out)?;
            }
        }
        Ok(())
    }
}

/// Prints until nobody listens any more, as in `lucien voice preview --all | head`.
fn printed(print: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    match print(&mut io::stdout().lock()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::from(error).context("standard output").into())
        }
        _ => Ok(()),
    }
}

fn usage(problem: String) -> Failure {
    Failure::Usage(vec![problem])
}

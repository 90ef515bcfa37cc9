//! The table of emoji: what is used is in it, and what is in it is used and has one meaning.

use std::collections::BTreeSet;

use unicode_segmentation::UnicodeSegmentation;

use super::shorts::finding;
use super::{Fault, Finding, FirstSaid, Rule, flat_id};
use crate::catalogue::{Flat, Written};

/// A text that people see, with what to say of it.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) place: Finding,
}

pub(super) fn findings(written: &Written<'_>, mut said: Vec<Said>) -> Vec<Finding> {
    for flat in [Flat::Labels, Flat::Toasts, Flat::Commands] {
        said.extend(written.flat(flat).map(|(key, text)| Said {
            text: text.is.text.get_ref().clone(),
            place: finding(&flat_id(flat, key), text, Fault::new(Rule::Emoji, "")),
        }));
    }
    let table: BTreeSet<&str> = written.flat(Flat::Emoji).map(|(emoji, _)| emoji).collect();
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for Said { text, place } in &said {
        for emoji in emoji_of(text) {
            if !table.contains(emoji) {
                let excerpt = emoji.to_owned();
                let place = place.clone();
                findings.push(Finding { excerpt, ..place });
            }
            used.insert(emoji);
        }
    }
    let mut meanings = FirstSaid::default();
    for (emoji, meaning) in written.flat(Flat::Emoji) {
        let mut fault = |excerpt: String| {
            let id = flat_id(Flat::Emoji, emoji);
            findings.push(finding(&id, meaning, Fault::new(Rule::Emoji, excerpt)));
        };
        if !used.contains(emoji) {
            fault(format!("{emoji} is used nowhere"));
        }
        if let Some(other) = meanings.before(meaning.is.text.get_ref(), emoji) {
            fault(format!("{emoji} means the same as {other}"));
        }
    }
    findings
}

/// The emoji in a text, as people see them.
fn emoji_of(text: &str) -> impl Iterator<Item = &str> {
    text.graphemes(true)
        .filter(|grapheme| grapheme.starts_with(is_pictorial))
}

/// Blocks of Unicode that hold pictures: arrows, technical and geometric signs, dingbats, and
/// everything from Mahjong tiles on.
const fn is_pictorial(c: char) -> bool {
    matches!(c,
        '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}' | '\u{1d54f}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_are_seen_whole() {
        let text = "🎩 «Ana» · 👩‍👩‍👧 ▶️… 1. — ✅";
        assert_eq!(emoji_of(text).collect::<Vec<_>>(), ["🎩", "👩‍👩‍👧", "▶️", "✅"]);
    }
}

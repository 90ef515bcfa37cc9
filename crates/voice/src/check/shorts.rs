//! Labels, toasts, commands and terms.

use super::phrasing::{ending, names, phrasing, signature};
use super::{Fault, Finding, FirstSaid, Rule, flat_id};
use crate::catalogue::{Audience, Flat, Located, ShortSource, Speaker, Written};
use crate::keys::CommandId;

pub(super) fn findings(written: &Written<'_>) -> Vec<Finding> {
    let proper = proper_names(written);
    let mut findings = Vec::new();
    for flat in [Flat::Labels, Flat::Toasts, Flat::Commands] {
        let mut heard = FirstSaid::default();
        for (key, text) in written.flat(flat) {
            let id = flat_id(flat, key);
            let words = text.is.text.get_ref();
            let mut faults = phrasing(words, Speaker::Lucien, audience(flat, key, text));
            faults.extend(names(words, &proper));
            if flat == Flat::Toasts {
                faults.extend(signature(words, Speaker::Lucien));
                faults.extend(ending(words));
            }
            let before = heard.before(words, &id);
            faults.extend(before.map(|other| Fault::new(Rule::Repeated, other)));
            findings.extend(faults.into_iter().map(|fault| finding(&id, text, fault)));
        }
    }
    let templates = written
        .messages
        .values()
        .flat_map(|entry| entry.is.texts().unwrap_or_default());
    let templates: Vec<String> = templates
        .flat_map(|(_, text)| {
            text.parts(None)
                .map(|part| part.get_ref().clone())
                .collect::<Vec<_>>()
        })
        .collect();
    for (key, term) in written.flat(Flat::Terms) {
        let name = format!("terms.{key}");
        // The header of the machine says the butler's name.
        if key != "butler" && !templates.iter().any(|template| template.contains(&name)) {
            let fault = Fault::new(Rule::Known, "no message uses this term");
            findings.push(finding(&flat_id(Flat::Terms, key), term, fault));
        }
    }
    findings
}

/// The names of people, which messages take from the terms.
pub(super) fn proper_names<'a>(written: &'a Written<'_>) -> Vec<&'a str> {
    let mut terms = written.plain(Flat::Terms);
    ["butler", "creator"]
        .iter()
        .filter_map(|key| terms.remove(key))
        .collect()
}

pub(super) fn finding(id: &str, text: &Located<'_, ShortSource>, fault: Fault) -> Finding {
    Finding {
        file: text.file.place.clone(),
        line: text.file.line(&text.at),
        id: id.to_owned(),
        branch: String::new(),
        variant: None,
        rule: fault.rule,
        excerpt: fault.excerpt,
    }
}

fn audience(flat: Flat, key: &str, text: &Located<'_, ShortSource>) -> Audience {
    let command = CommandId::ALL.iter().find(|command| command.key() == key);
    match (flat, command) {
        (Flat::Commands, Some(command)) => command.audience(),
        _ => text.is.audience,
    }
}

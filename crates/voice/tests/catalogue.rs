//! Messages and catalogue correspond; everything renders in every branch, variant and sample.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use domain::clock::Timestamp;
use domain::id::UserId;
use voice::messages::{CustodianHome, FreeHome, MyId};
use voice::{Choice, CommandId, LabelId, Rendered, Specimen, ToastId, UserText, Voice, specimens};

fn voice() -> Voice {
    Voice::builtin(Tz::America__Mexico_City, Choice::seeded(1))
}

/// Every branch of every message that the catalogue has.
fn catalogue_branches(voice: &Voice) -> BTreeSet<(String, String)> {
    let catalogue = voice.catalogue();
    catalogue
        .ids()
        .flat_map(|id| {
            let entry = catalogue.entry(id).expect("listed");
            entry.branches().map(|(when, _)| (id.to_owned(), when.to_owned()))
        })
        .collect()
}

#[test]
fn messages_and_entries_correspond_one_to_one() {
    let sampled: BTreeSet<_> = specimens()
        .iter()
        .map(|specimen| (specimen.id.to_owned(), specimen.branch.to_owned()))
        .collect();
    assert_eq!(sampled, catalogue_branches(&voice()));
}

#[test]
fn everything_renders_and_every_field_is_used() {
    let voice = voice();
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut given: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for specimen in specimens() {
        let entry = voice.catalogue().entry(specimen.id).expect("corresponds");
        let (_, branch) = entry
            .branches()
            .find(|(when, _)| *when == specimen.branch)
            .expect("corresponds");
        for variant in 0..branch.weights().len() {
            let rendered = voice
                .show(&specimen, variant)
                .unwrap_or_else(|error| panic!("{error}"));
            assert!(rendered.visible_len() <= Rendered::MAX_VISIBLE_LEN);
        }
        assert!(voice.show(&specimen, branch.weights().len()).is_err());
        used.entry(specimen.id)
            .or_default()
            .extend(voice.values_used(&specimen));
        given.entry(specimen.id).or_default().extend(specimen.fields());
    }
    assert_eq!(used, given);
}

#[test]
fn lists_show_names_and_prices() {
    let voice = voice();
    let few = specimens()
        .into_iter()
        .find(|specimen| (specimen.id, specimen.branch) == ("menu.premium", "listed"))
        .expect("sampled");
    let shown = voice.show(&few, 0).unwrap();
    let (_, list) = shown.as_html().rsplit_once("\n\n").unwrap();
    assert_eq!(
        list.lines().collect::<Vec<_>>(),
        [
            "💎 <b>Luz de tarde</b> · cortesía de la casa",
            "💎 <b>Cartas sin remitente</b> · cortesía de la casa",
            "💎 <b>Medianoche &amp; terciopelo</b> · $99,999,999.99",
            "💎 <b>Pieza sin título</b> · cortesía de la casa",
        ]
    );
}

#[test]
fn the_greeting_names_the_hour_of_the_house() {
    let voice = voice();
    for (utc, word) in [("15:00", "días"), ("20:00", "tardes"), ("03:00", "noches")] {
        let now: Timestamp = format!("2026-03-15T{utc}:00Z").parse().unwrap();
        let home = CustodianHome {
            name: UserText::new("Rosa"),
            day_part: voice.day_part(now),
        };
        for variant in 0..3 {
            let shown = voice.show(&Specimen::of(&home), variant).unwrap().visible();
            assert!(
                shown.to_lowercase().contains(&format!("buenas {word}"))
                    || shown.to_lowercase().contains(&format!("buenos {word}")),
                "{shown}"
            );
            assert!(shown.contains("Rosa") && shown.contains("/help") && shown.contains("/id"));
        }
    }
}

#[test]
fn nobody_hears_the_same_words_twice_in_a_row() {
    let voice = voice();
    let home = FreeHome {
        name: UserText::new("Ana"),
    };
    let now = Timestamp::UNIX_EPOCH;
    let heard: Vec<_> = (0..20)
        .map(|_| voice.say(&home, UserId(1), now).unwrap())
        .collect();
    assert!(heard.windows(2).all(|two| two[0] != two[1]));
    let alone = MyId { id: UserId(1) };
    assert_eq!(
        voice.say(&alone, UserId(1), now).unwrap(),
        voice.say(&alone, UserId(1), now).unwrap()
    );
}

#[test]
fn labels_of_one_purpose_are_told_apart() {
    let voice = voice();
    let labels: BTreeSet<_> = LabelId::ALL
        .iter()
        .map(|id| voice.label(*id).as_str().to_owned())
        .collect();
    assert_eq!(labels.len(), LabelId::ALL.len());
}

/// Prints everything: `cargo test -p voice --test catalogue -- --nocapture dump`.
#[test]
#[expect(clippy::print_stdout, reason = "it is what the test is for")]
fn dump() {
    let voice = voice();
    let mut seen = BTreeSet::new();
    for specimen in specimens() {
        // The first sample of each branch is the ordinary one.
        if !seen.insert((specimen.id, specimen.branch)) {
            continue;
        }
        for variant in 0.. {
            let Ok(rendered) = voice.show(&specimen, variant) else {
                break;
            };
            println!(
                "── {} {} #{variant} ({} units)",
                specimen.id,
                specimen.branch,
                rendered.visible_len()
            );
            println!("{}\n", rendered.as_html());
        }
    }
    for id in LabelId::ALL {
        println!("[{}]", voice.label(*id).as_str());
    }
    for id in ToastId::ALL {
        println!("({})", voice.toast(*id).as_str());
    }
    for id in CommandId::ALL {
        let command = voice.command(*id);
        println!("/{} — {}", command.command, command.description);
    }
    assert_eq!(seen.len(), catalogue_branches(&voice).len());
}

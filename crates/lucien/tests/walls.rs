//! The walls of the house: which crate may use which, dev-dependencies included.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What each crate may use of ours. `docs/ARCHITECTURE.md` draws the same.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("store", &["domain"]),
    ("voice", &["domain"]),
    ("telegram", &["domain", "voice"]),
    ("bot", &["domain", "store", "telegram", "voice"]),
    ("sim", &[]),
    ("testkit", &["bot", "domain", "sim", "store", "telegram", "voice"]),
    (
        "lucien",
        &["bot", "domain", "sim", "store", "telegram", "testkit", "voice"],
    ),
];

fn crates() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// What a manifest names as dependencies of any kind, for any target.
fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (key, value) in manifest {
        match value.as_table() {
            Some(table) if key.ends_with("dependencies") => names.extend(table.keys().cloned()),
            Some(table) if key == "target" => names.extend(nested(table)),
            _ => {}
        }
    }
    names
}

fn nested(targets: &toml::Table) -> BTreeSet<String> {
    targets
        .values()
        .filter_map(toml::Value::as_table)
        .flat_map(dependencies)
        .collect()
}

fn manifests() -> BTreeMap<String, toml::Table> {
    let folders = fs::read_dir(crates()).expect("the crates are there");
    folders
        .map(|folder| folder.expect("readable").path())
        .map(|folder| {
            let name = folder.file_name().expect("named").to_string_lossy().into_owned();
            let text = fs::read_to_string(folder.join("Cargo.toml")).expect("each folder is a crate");
            (name, text.parse().expect("a manifest"))
        })
        .collect()
}

#[test]
fn crates_use_only_what_they_may() {
    let manifests = manifests();
    let ours: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        manifests.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        ours,
        "every crate has its line"
    );
    for (name, allowed) in ALLOWED {
        for used in dependencies(&manifests[*name]) {
            let fine = !ours.contains(used.as_str()) || allowed.contains(&used.as_str());
            assert!(fine, "{name} must not use {used}");
        }
    }
}

#[test]
fn nested_dependency_tables_are_seen() {
    let manifest =
        "[dependencies]\na = '1'\n[dev-dependencies]\nb = '1'\n[target.'cfg(unix)'.dependencies]\nc = '1'\n";
    let manifest: toml::Table = manifest.parse().expect("a manifest");
    assert_eq!(
        dependencies(&manifest),
        BTreeSet::from(["a", "b", "c"].map(str::to_owned))
    );
}

/// The sources below a crate's `src`.
fn sources(name: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("readable");
                found.push((path.display().to_string(), text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&crates().join(name).join("src"), &mut found);
    found
}

#[test]
fn rules_do_no_io_and_know_no_runtime() {
    for (path, text) in sources("domain") {
        for word in [
            "tokio",
            "std::fs",
            "std::net",
            "std::process",
            "std::env",
            "async fn",
        ] {
            assert!(!text.contains(word), "{path} holds {word}");
        }
    }
}

#[test]
fn only_the_store_writes_sql_and_only_telegram_calls_the_bot_api() {
    for name in ["domain", "voice", "telegram", "bot", "lucien"] {
        for (path, text) in sources(name) {
            for word in [
                "SELECT ",
                "INSERT INTO",
                "UPDATE ",
                "DELETE FROM",
                "sea_orm",
                "sqlx",
            ] {
                assert!(!text.contains(word), "{path} holds {word}");
            }
        }
    }
    for name in ["domain", "store", "voice", "bot", "lucien"] {
        for (path, text) in sources(name) {
            assert!(!text.contains("frankenstein"), "{path} uses the Bot API's types");
        }
    }
}

#[test]
fn what_people_read_is_in_the_catalogue() {
    for name in ["domain", "store", "telegram", "bot", "lucien"] {
        for (path, text) in sources(name) {
            // The demo's people have Spanish names and say Spanish things, as those of tests do;
            // what Lucien says to them comes from the catalogue all the same.
            if path.contains("/commands/demo/") || path.ends_with("/tests.rs") || path.contains("/tests/") {
                continue;
            }
            let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
            let spanish = literals(shipped).into_iter().find(|literal| is_spanish(literal));
            assert_eq!(spanish, None, "{path}");
        }
    }
}

/// The string literals of a source, as they are written, without those in comments.
fn literals(source: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let raw = rest.strip_prefix('r').map(|after| after.trim_start_matches('#'));
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest[1..].find('\'').map_or(1, |end| end + 2)
        } else if let Some(text) = raw.and_then(|raw| raw.strip_prefix('"')) {
            let hashes = "#".repeat(rest.len() - text.len() - 2);
            let length = text.find(&format!("\"{hashes}")).unwrap_or(text.len());
            found.push(&text[..length]);
            rest.len() - text.len() + length + 1 + hashes.len()
        } else if let Some(text) = rest.strip_prefix('"') {
            let length = unescaped_quote(text);
            found.push(&text[..length]);
            length + 2
        } else if next.is_alphanumeric() {
            rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len())
        } else {
            next.len_utf8()
        };
        rest = rest.get(skipped..).unwrap_or_default();
    }
    found
}

fn unescaped_quote(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().find(|(_, c)| {
        let is_end = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |(at, _)| at)
}

/// Whether a text has letters or, more than once, small words that only Spanish has.
fn is_spanish(text: &str) -> bool {
    const SMALL: &[&str] = &[
        "el", "la", "los", "las", "una", "del", "que", "su", "sus", "por", "para", "con", "usted", "y", "al",
        "lo", "le", "se", "ya", "aquí", "este", "esta", "sin", "ha",
    ];
    let words = text.split(|c: char| !c.is_alphanumeric());
    let small: BTreeSet<_> = words
        .map(str::to_lowercase)
        .filter(|word| SMALL.contains(&word.as_str()))
        .collect();
    text.chars().any(|c| "áéíóúñÁÉÍÓÚÑ¿¡".contains(c)) || small.len() > 1
}

#[test]
fn spanish_is_recognised() {
    let source = r##"
        // "Un comentario según las reglas."
        let quote = ('"', '\"', "it \"is\" fine", r#"and "this" too"#);
        let planted = "Pase usted,
            la puerta";
        let raw = r#"¿"Quién" es?"#;
    "##;
    let found: Vec<_> = literals(source)
        .into_iter()
        .filter(|text| is_spanish(text))
        .collect();
    assert_eq!(literals(source).len(), 4);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(!is_spanish("a house lives in la Condesa") && is_spanish("Elija el plan que prefiera"));
}

#[test]
fn nobody_asks_the_machine_for_the_time_but_the_clock() {
    for name in ["domain", "store", "voice", "telegram", "bot"] {
        for (path, text) in sources(name) {
            if path.ends_with("bot/src/clock.rs") || path.contains("/tests/") {
                continue;
            }
            let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in ["Utc::now", "SystemTime::now", "Local::now"] {
                assert!(!shipped.contains(word), "{path} holds {word}");
            }
        }
    }
}

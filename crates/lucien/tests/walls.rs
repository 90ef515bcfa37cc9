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
            let spanish = shipped.lines().find(|line| {
                line.contains('"')
                    && line.chars().any(|c| "áéíóúñÁÉÍÓÚÑ¿¡".contains(c))
                    && !line.trim_start().starts_with("//")
            });
            assert_eq!(spanish, None, "{path}");
        }
    }
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

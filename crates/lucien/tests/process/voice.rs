//! `lucien voice`: what it checks, what it shows, and what git asks it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;

use ::voice::{Catalogue, CommandId, Files, LabelId, ToastId};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::lucien::{complained, folder, run, said};

const CONTACT_SHEET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contact-sheet.html");
const BAD: &str = "# Otra.\n[busy]\nvoice = 'lucien'\nheader = 'speech'\nbody = 'Espera  un momento.'\n";
const GOOD: &str = "[busy]\nvoice = 'lucien'\nheader = 'speech'\nbody = 'Vuelva en un momento.'\n";

/// What the command says when it does what it is asked for, anywhere and without configuration.
async fn voice(arguments: &[&str]) -> Result<String> {
    let output = asked(arguments).await?;
    ensure!(output.status.success(), "{arguments:?}: {}", complained(&output));
    Ok(said(&output))
}

async fn asked(arguments: &[&str]) -> Result<Output> {
    let folder = folder()?;
    run(folder.path(), &[], &[&["voice"], arguments].concat()).await
}

#[tokio::test]
async fn a_clean_catalogue_is_clean() -> Result<()> {
    ensure!(voice(&["check"]).await?.is_empty());
    ensure!(voice(&["check", "--format", "json"]).await? == "[]\n");
    Ok(())
}

#[tokio::test]
async fn findings_name_their_place() -> Result<()> {
    let folder = folder()?;
    let file = folder.path().join("common.toml");
    fs::write(&file, BAD)?;
    let lucien =
        async |arguments: &[&str]| run(folder.path(), &[], &[&["voice", "check"], arguments].concat()).await;
    for path in [".", "common.toml"] {
        let output = lucien(&[path]).await?;
        ensure!(output.status.code() == Some(1), "{}", complained(&output));
        ensure!(
            complained(&output).contains("broken 2 times"),
            "{}",
            complained(&output)
        );
        let lines = said(&output);
        ensure!(lines.lines().count() == 2, "{lines}");
        ensure!(lines.contains("common.toml:5: error: usted: "), "{lines}");
        ensure!(lines.contains("«Espera» (common.busy #0)"), "{lines}");
    }
    let output = lucien(&["--format", "json", "."]).await?;
    ensure!(output.status.code() == Some(1));
    let findings: Value = serde_json::from_str(&said(&output))?;
    let first = &findings[0];
    ensure!(
        first["rule"] == "usted"
            && first["line"] == 5
            && first["severity"] == "error"
            && first["variant"] == 0,
        "{findings}"
    );
    fs::write(&file, GOOD)?;
    ensure!(lucien(&["."]).await?.status.success());
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_is_not_checked() -> Result<()> {
    let folder = folder()?;
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("empty"))?;
    fs::write(at("nobody.toml"), GOOD)?;
    fs::create_dir(at("latin"))?;
    fs::write(at("latin").join("common.toml"), b"body = '\xf1'")?;
    for (path, complaint) in [
        ("missing.toml", "missing.toml"),
        ("nobody.toml", "no file of this name"),
        ("empty", "no .toml file"),
        ("latin", "common.toml"),
    ] {
        for command in [&["check", path][..], &["preview", "--all", "--from", path]] {
            let output = run(folder.path(), &[], &[&["voice"], command].concat()).await?;
            ensure!(output.status.code() == Some(2), "{path}: {}", complained(&output));
            ensure!(
                complained(&output).contains(complaint),
                "{path}: {}",
                complained(&output)
            );
        }
    }
    ensure!(asked(&["check", "--format", "xml"]).await?.status.code() == Some(2));
    Ok(())
}

#[tokio::test]
async fn every_message_is_shown() -> Result<()> {
    let catalogue = Catalogue::parse(&Files::builtin())?;
    let ids = voice(&["preview"]).await?;
    ensure!(ids.lines().eq(catalogue.ids()), "{ids}");
    let all = voice(&["preview", "--all"]).await?;
    for id in catalogue.ids() {
        let entry = catalogue.entry(id).context("listed")?;
        for (branch, texts) in entry.branches() {
            for variant in 0..texts.weights().len() {
                let branch = if branch.is_empty() {
                    ""
                } else {
                    &format!(" · {branch}")
                };
                let title = format!("── {id}{branch} · #{variant} · ");
                ensure!(all.contains(&title), "{title}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_shown_can_be_chosen() -> Result<()> {
    let home = voice(&[
        "preview",
        "menu.vip_home",
        "--param",
        "name=Ana <3",
        "--variant",
        "1",
    ])
    .await?;
    ensure!(
        home.matches("──").count() == 2 && home.contains("Adelante, Ana <3."),
        "{home}"
    );
    let night = voice(&["preview", "start.custodian", "--hour", "23"]).await?;
    ensure!(night.contains("noches") && !night.contains("tardes"), "{night}");
    let visitor = voice(&["preview", "--all", "--role", "visitor"]).await?;
    ensure!(visitor.contains("common.help · visitor") && !visitor.contains("common.help · member"));
    ensure!(!visitor.contains("admin_") && visitor.contains("free_queue.admitted"));
    let custodian = voice(&["preview", "--all", "--role", "custodian"]).await?;
    ensure!(custodian.contains("admin_main.panel") && custodian.contains("common.help · custodian"));
    let file = voice(&["preview", "wish"]).await?;
    ensure!(file.contains("wish.wished") && !file.contains("menu."));
    for (wrong, complaint) in [
        (&["preview", "nobody"][..], "nobody"),
        (&["preview", "menu.vip_home", "--variant", "9"], "nothing"),
        (&["preview", "menu.vip_home", "--param", "nombre=Ana"], "nombre"),
        (
            &["preview", "menu.vip_home", "--param", "until=ayer"],
            "a moment like",
        ),
        (&["preview", "menu.vip_home", "--param", "name"], "NAME=VALUE"),
        (&["preview", "--all", "--hour", "24"], "24"),
        (&["preview", "menu", "--all"], "--all"),
    ] {
        let output = asked(wrong).await?;
        ensure!(output.status.code() == Some(2), "{wrong:?}");
        ensure!(complained(&output).contains(complaint), "{}", complained(&output));
    }
    Ok(())
}

#[tokio::test]
async fn a_preview_shows_what_is_written_without_building() -> Result<()> {
    let folder = folder()?;
    fs::write(folder.path().join("common.toml"), GOOD)?;
    let output = run(
        folder.path(),
        &[],
        &["voice", "preview", "common.busy", "--from", "."],
    )
    .await?;
    ensure!(
        said(&output).contains("Vuelva en un momento."),
        "{}",
        complained(&output)
    );
    Ok(())
}

#[tokio::test]
async fn pages_are_safe() -> Result<()> {
    let folder = folder()?;
    let name = "name=<script>alert(1)</script>&\"'";
    let arguments = [
        "voice",
        "preview",
        "menu.vip_home",
        "--param",
        name,
        "--html",
        "page.html",
    ];
    let output = run(folder.path(), &[], &arguments).await?;
    ensure!(
        output.status.success() && said(&output).is_empty(),
        "{}",
        complained(&output)
    );
    let page = fs::read_to_string(folder.path().join("page.html"))?;
    ensure!(!page.contains("<script") && page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;'"));
    ensure!(!page.contains("http://") && !page.contains("src="));
    let unwritable = ["preview", "menu", "--html", "no/such/folder/page.html"];
    ensure!(asked(&unwritable).await?.status.code() == Some(1));
    Ok(())
}

/// `cargo run -- voice preview --all --html docs/contact-sheet.html` makes it anew.
#[tokio::test]
async fn the_contact_sheet_is_up_to_date() -> Result<()> {
    let folder = folder()?;
    let output = run(
        folder.path(),
        &[],
        &["voice", "preview", "--all", "--html", "sheet.html"],
    )
    .await?;
    ensure!(output.status.success(), "{}", complained(&output));
    let sheet = fs::read_to_string(folder.path().join("sheet.html"))?;
    let shown: BTreeSet<&str> = sheet.split(['<', '>', ' ']).collect();
    let catalogue = Catalogue::parse(&Files::builtin())?;
    let short = LabelId::ALL.iter().map(|id| id.key());
    let short = short.chain(ToastId::ALL.iter().map(|id| id.key()));
    let short = short.chain(CommandId::ALL.iter().map(|id| id.key()));
    for id in catalogue.ids().chain(short) {
        ensure!(shown.contains(id), "{id}");
    }
    ensure!(
        fs::read_to_string(CONTACT_SHEET)? == sheet,
        "docs/contact-sheet.html is old: cargo run -- voice preview --all --html docs/contact-sheet.html"
    );
    Ok(())
}

/// A repository in a folder, with git and the binary at hand.
struct Repository<'a>(&'a Path);

impl Repository<'_> {
    async fn git(&self, arguments: &[&str]) -> Result<Output> {
        let output = tokio::process::Command::new("git")
            .args(arguments)
            .current_dir(self.0)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "Ana")))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "ana@example.com")))
            .env("LUCIEN", env!("CARGO_BIN_EXE_lucien"))
            .output()
            .await?;
        Ok(output)
    }

    async fn done(&self, arguments: &[&str]) -> Result<()> {
        let output = self.git(arguments).await?;
        ensure!(output.status.success(), "{arguments:?}: {}", complained(&output));
        Ok(())
    }

    async fn install(&self) -> Result<Output> {
        let path = std::env::var("PATH")?;
        run(self.0, &[("PATH", &path)], &["voice", "install-hook"]).await
    }
}

#[tokio::test]
async fn git_checks_what_is_about_to_be_committed() -> Result<()> {
    let folder = folder()?;
    let repository = Repository(folder.path());
    ensure!(
        repository.install().await?.status.code() == Some(2),
        "no repository"
    );
    repository.done(&["init", "-q"]).await?;
    let installed = repository.install().await?;
    ensure!(installed.status.success(), "{}", complained(&installed));
    let hook = said(&installed);
    ensure!(
        fs::read_to_string(hook.trim_end())?.starts_with("#!/bin/sh"),
        "{hook}"
    );
    ensure!(
        repository.install().await?.status.success(),
        "ours may be replaced"
    );

    let catalogue = folder.path().join("crates/voice/catalogue/es");
    fs::create_dir_all(&catalogue)?;
    fs::write(folder.path().join("README"), "Espera  un momento.")?;
    repository.done(&["add", "."]).await?;
    repository
        .done(&["commit", "-qm", "nothing of the catalogue"])
        .await?;

    fs::write(catalogue.join("common.toml"), BAD)?;
    repository.done(&["add", "."]).await?;
    // What lies in the working tree does not count.
    fs::write(catalogue.join("common.toml"), GOOD)?;
    let refused = repository.git(&["commit", "-qm", "bad"]).await?;
    let told = format!("{}{}", said(&refused), complained(&refused));
    ensure!(
        !refused.status.success() && told.contains("common.toml:5: error: usted"),
        "{told}"
    );
    repository.done(&["add", "."]).await?;
    repository.done(&["commit", "-qm", "good"]).await?;

    // A worktree has the hooks of its repository.
    repository.done(&["worktree", "add", "-q", "other"]).await?;
    let other = folder.path().join("other");
    let from_worktree = Repository(&other).install().await?;
    ensure!(said(&from_worktree) == hook, "{}", said(&from_worktree));

    fs::write(hook.trim_end(), "#!/bin/sh\nexit 0\n")?;
    let refused = repository.install().await?;
    ensure!(refused.status.code() == Some(2), "{}", complained(&refused));
    ensure!(fs::read_to_string(hook.trim_end())? == "#!/bin/sh\nexit 0\n");
    Ok(())
}

//! `lucien voice install-hook`: git checks what is committed of the catalogue.

#![expect(clippy::print_stdout, reason = "the command says where the hook is")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::exit::Failure;

/// What makes a hook ours.
const OURS: &str = "installed by `lucien voice install-hook`";
const HOOK: &str = include_str!("pre-commit");

pub(super) fn install() -> Result<(), Failure> {
    let hook = folder()?.join("pre-commit");
    let theirs = fs::read_to_string(&hook).is_ok_and(|text| !text.contains(OURS));
    if theirs {
        let refused = format!("{} is there already, and is not ours", hook.display());
        return Err(Failure::Usage(vec![refused]));
    }
    write(&hook).with_context(|| format!("{} cannot be written", hook.display()))?;
    println!("{}", hook.display());
    Ok(())
}

/// Where git looks for the hooks of the repository that we are in; of a worktree, too.
fn folder() -> Result<PathBuf, Failure> {
    let asked = Command::new("git")
        .args(["rev-parse", "--path-format=absolute", "--git-path", "hooks"])
        .output()
        .context("git cannot be started")?;
    if !asked.status.success() {
        let complaint = String::from_utf8_lossy(&asked.stderr).trim().to_owned();
        return Err(Failure::Usage(vec![complaint]));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim_end()))
}

fn write(hook: &Path) -> std::io::Result<()> {
    if let Some(folder) = hook.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(hook, HOOK)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(hook, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hook_is_known_as_ours() {
        assert!(HOOK.contains(OURS));
    }
}

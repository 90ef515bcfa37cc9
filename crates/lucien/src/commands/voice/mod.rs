//! `lucien voice`: what Lucien says, checked and shown. Needs no configuration and no house.

mod check;
mod hook;
mod page;
mod preview;

use std::path::PathBuf;

use voice::Files;

use crate::cli;
use crate::exit::Failure;

pub(crate) fn execute(command: cli::Voice) -> Result<(), Failure> {
    match command {
        cli::Voice::Check { format, paths } => check::execute(format, &paths),
        cli::Voice::Preview(preview) => preview::execute(&preview),
        cli::Voice::InstallHook => hook::install(),
    }
}

/// The built-in catalogue with files laid over it.
fn files(paths: &[PathBuf]) -> Result<Files, Failure> {
    let mut files = Files::builtin();
    let refused = |error: voice::FilesError| Failure::Usage(vec![error.to_string()]);
    paths
        .iter()
        .try_for_each(|path| files.read(path).map_err(refused))?;
    Ok(files)
}

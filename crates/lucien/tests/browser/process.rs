//! What runs beside the browser.

use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long a process, or the page, may take for anything, in real time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A process whose lines are read. It ends when this is dropped.
pub(crate) struct Process {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub(crate) fn start<I: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[I]) -> Result<Self> {
        let program = program.as_ref();
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let stdout = child.stdout.take().context("piped")?;
        Ok(Self {
            _child: child,
            lines: BufReader::new(stdout).lines(),
        })
    }

    /// The binary that is tested.
    pub(crate) fn lucien(arguments: &[&str]) -> Result<Self> {
        Self::start(env!("CARGO_BIN_EXE_lucien"), arguments)
    }

    /// `lucien demo`, and the address of its page.
    pub(crate) async fn demo() -> Result<(Self, String)> {
        let mut demo = Self::lucien(&["demo", "--port", "0"])?;
        let address = demo.says("http://").await?;
        Ok((demo, format!("http://{address}")))
    }

    /// Waits for a line that begins so; what follows.
    pub(crate) async fn says(&mut self, beginning: &str) -> Result<String> {
        let reading = async {
            while let Some(line) = self.lines.next_line().await? {
                if let Some(rest) = line.strip_prefix(beginning) {
                    return Ok(rest.to_owned());
                }
            }
            bail!("the process ended without “{beginning}”")
        };
        tokio::time::timeout(PATIENCE, reading)
            .await
            .with_context(|| format!("waiting for “{beginning}”"))?
    }
}

//! Starts the binary with an environment of its own and watches it.

use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sim::Sim;
use tempfile::TempDir;
use testkit::Backend;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long the binary may take for anything, in real time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The binary with nothing of this process's environment, in a folder of its own.
pub(crate) fn command(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lucien"));
    command
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs a command to its end.
pub(crate) async fn run(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Result<Output> {
    let running = command(folder, variables, arguments).output();
    tokio::time::timeout(PATIENCE, running)
        .await
        .context("the command did not end")?
        .context("the binary")
}

/// What a command wrote on standard output.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command complained of.
pub(crate) fn complained(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running `lucien run`.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Everything it has logged so far.
    pub(crate) log: String,
    pub(crate) health_port: u16,
}

/// A free port, as far as one can tell.
pub(crate) fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Running {
    /// Starts a house that belongs to a stand-in Telegram.
    pub(crate) fn start(folder: &Path, telegram: &Sim, database: &str) -> Result<Self> {
        let (url, token) = (telegram.url(), telegram.bot().token);
        Self::start_with(folder, &url, &token, database)
    }

    pub(crate) fn start_with(folder: &Path, api_url: &str, token: &str, database: &str) -> Result<Self> {
        let health_port = free_port()?;
        let variables = [
            ("BOT_TOKEN", token),
            ("ADMIN_USER_IDS", "1"),
            ("DATABASE_URL", database),
            ("TELEGRAM_API_URL", api_url),
            ("HEALTH_HOST", "127.0.0.1"),
            ("HEALTH_PORT", &health_port.to_string()),
        ];
        let mut child = command(folder, &variables, &["run"])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let stdout = child.stdout.take().context("piped")?;
        Ok(Self {
            child,
            lines: BufReader::new(stdout).lines(),
            log: String::new(),
            health_port,
        })
    }

    /// Waits until the log says something.
    pub(crate) async fn logs(&mut self, text: &str) -> Result<()> {
        let reading = async {
            while let Some(line) = self.lines.next_line().await? {
                self.log.push_str(&line);
                self.log.push('\n');
                if line.contains(text) {
                    return Ok(());
                }
            }
            bail!("the house ended without “{text}”:\n{}", self.log)
        };
        tokio::time::timeout(PATIENCE, reading)
            .await
            .with_context(|| format!("waiting for “{text}”"))?
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// SIGTERM, as platforms stop a service.
    pub(crate) async fn stop(self) -> Result<(ExitStatus, String)> {
        let pid = self.child.id().context("it runs")?;
        let told = Command::new("kill")
            .args(["-TERM", &pid.to_string()])
            .status()
            .await?;
        anyhow::ensure!(told.success());
        self.ends().await
    }

    /// Waits for its end by itself.
    pub(crate) async fn ends(mut self) -> Result<(ExitStatus, String)> {
        let ending = async {
            while let Some(line) = self.lines.next_line().await? {
                self.log.push_str(&line);
                self.log.push('\n');
            }
            Ok((self.child.wait().await?, self.log))
        };
        tokio::time::timeout(PATIENCE, ending)
            .await
            .context("it does not end")?
    }
}

/// A client for loopback. reqwest wants a TLS provider even where no TLS is spoken.
pub(crate) fn client() -> Result<reqwest::Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

/// Whether a backend is missing here; says so.
#[expect(clippy::print_stderr, reason = "a skipped half has to be seen")]
pub(crate) fn is_missing(backend: Backend) -> bool {
    let missing = !backend.is_available();
    if missing {
        eprintln!("skipped: no PostgreSQL server is named");
    }
    missing
}

/// A temporary folder, for the working directory of the binary.
pub(crate) fn folder() -> Result<TempDir> {
    TempDir::new().context("a temporary folder")
}

//! Starts the binary with an environment of its own and watches it.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use sim::{Options, Sim};
use tempfile::TempDir;
use testkit::Backend;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long the binary may take for anything, in real time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often health is asked, which tells nobody of itself. The house looks at itself every second.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// The binary with nothing of this process's environment, in a folder of its own.
pub(crate) fn command(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lucien"));
    command.args(arguments);
    confined(command, folder, variables)
}

fn confined(mut command: Command, folder: &Path, variables: &[(&str, &str)]) -> Command {
    command
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
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
    address: Ipv4Addr,
}

/// A stand-in that is as patient as the tests.
pub(crate) async fn telegram() -> Result<Sim> {
    let options = Options {
        patience: PATIENCE,
        calls_kept: 100,
        ..Options::default()
    };
    Ok(Sim::start(options).await?)
}

/// The variables of a house to which Telegram brings the updates, by way of a port that may be another
/// house's.
pub(crate) struct Webhook {
    port: String,
    base: String,
}

impl Webhook {
    pub(crate) const SECRET: &str = "un_secreto-de-verdad";

    /// Served and brought to the same port.
    pub(crate) fn own() -> Result<Self> {
        let port = free_port()?;
        Ok(Self::served_on(port, port))
    }

    pub(crate) fn served_on(port: u16, brought_to: u16) -> Self {
        Self {
            port: port.to_string(),
            base: format!("http://127.0.0.1:{brought_to}"),
        }
    }

    pub(crate) fn variables(&self) -> [(&str, &str); 5] {
        [
            ("WEBHOOK_MODE", "webhook"),
            ("WEBHOOK_HOST", "127.0.0.1"),
            ("WEBHOOK_SECRET", Self::SECRET),
            ("WEBHOOK_BASE_URL", &self.base),
            ("PORT", &self.port),
        ]
    }

    /// Where updates are brought to.
    pub(crate) fn url(&self) -> String {
        format!("{}/webhook", self.base)
    }
}

/// Below those that Linux gives to whoever asks for any port, and to outgoing connections: of these, one may be
/// taken between the look and its use.
const PORTS: Range<u16> = 20_000..32_768;

/// A free port, which nobody else in this process is given.
pub(crate) fn free_port() -> Result<u16> {
    static GIVEN: AtomicUsize = AtomicUsize::new(0);
    // Processes that run side by side begin at different ports.
    let first = std::process::id() as usize * 100;
    PORTS
        .map(|_| first + GIVEN.fetch_add(1, Ordering::Relaxed))
        .filter_map(|number| PORTS.clone().nth(number % PORTS.len()))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("a free port")
}

impl Running {
    /// Starts a house that belongs to a stand-in Telegram.
    pub(crate) fn start(folder: &Path, telegram: &Sim, database: &str) -> Result<Self> {
        let (url, token) = (telegram.url(), telegram.bot().token);
        Self::start_with(folder, &url, &token, database)
    }

    /// As [`Running::start`], with more variables, which win.
    pub(crate) fn start_as(
        folder: &Path,
        telegram: &Sim,
        database: &str,
        more: &[(&str, &str)],
    ) -> Result<Self> {
        let (url, token) = (telegram.url(), telegram.bot().token);
        Self::spawn(folder, &url, &token, database, more)
    }

    pub(crate) fn start_with(folder: &Path, api_url: &str, token: &str, database: &str) -> Result<Self> {
        Self::spawn(folder, api_url, token, database, &[])
    }

    fn spawn(
        folder: &Path,
        api_url: &str,
        token: &str,
        database: &str,
        more: &[(&str, &str)],
    ) -> Result<Self> {
        let mut lucien = Command::new(env!("CARGO_BIN_EXE_lucien"));
        lucien.arg("run");
        Self::spawn_as(
            lucien,
            Ipv4Addr::LOCALHOST,
            folder,
            api_url,
            token,
            database,
            more,
        )
    }

    /// Starts it by a command of the caller's; health is served on that address.
    pub(crate) fn spawn_as(
        command: Command,
        address: Ipv4Addr,
        folder: &Path,
        api_url: &str,
        token: &str,
        database: &str,
        more: &[(&str, &str)],
    ) -> Result<Self> {
        let health_host = address.to_string();
        let health_port = free_port()?;
        let health_port_text = health_port.to_string();
        let mut variables = vec![
            ("BOT_TOKEN", token),
            ("ADMIN_USER_IDS", "1"),
            ("DATABASE_URL", database),
            ("TELEGRAM_API_URL", api_url),
            ("HEALTH_HOST", &health_host),
            ("HEALTH_PORT", &health_port_text),
        ];
        variables.extend_from_slice(more);
        let mut child = confined(command, folder, &variables)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let stdout = child.stdout.take().context("piped")?;
        Ok(Self {
            child,
            lines: BufReader::new(stdout).lines(),
            log: String::new(),
            health_port,
            address,
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

    /// What it answers on its health port.
    pub(crate) async fn asked(&self, path: &str) -> Result<(u16, Value)> {
        let url = format!("http://{}:{}{path}", self.address, self.health_port);
        let response = client()?.get(url).send().await?;
        Ok((response.status().as_u16(), response.json().await?))
    }

    /// Asks until the answer is as wanted.
    pub(crate) async fn until_health(&self, wanted: impl Fn(u16, &Value) -> bool) -> Result<Value> {
        let client = client()?;
        let url = format!("http://{}:{}/health", self.address, self.health_port);
        let mut last = String::new();
        let asking = async {
            loop {
                // Not served yet right after the start.
                if let Ok(response) = client.get(&url).send().await {
                    let status = response.status().as_u16();
                    let body: Value = response.json().await?;
                    if wanted(status, &body) {
                        return Ok(body);
                    }
                    last = format!("{status} {body}");
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
        };
        let asked = tokio::time::timeout(PATIENCE, asking).await;
        asked.with_context(|| format!("health did not become as wanted, but {last}"))?
    }

    /// Waits until it is well and has the role.
    pub(crate) async fn until_role(&self, role: &str) -> Result<()> {
        self.until_health(|status, body| status == 200 && body["role"] == role)
            .await?;
        Ok(())
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.child.id().context("it runs")
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// SIGTERM, as platforms stop a service.
    pub(crate) async fn stop(self) -> Result<(ExitStatus, String)> {
        let pid = self.pid()?;
        let told = Command::new("kill")
            .args(["-TERM", &pid.to_string()])
            .status()
            .await?;
        anyhow::ensure!(told.success());
        self.ends().await
    }

    /// Waits for its end by itself, while nobody reads its log.
    pub(crate) async fn ends_unheard(mut self, patience: Duration) -> Result<ExitStatus> {
        let ending = tokio::time::timeout(patience, self.child.wait());
        Ok(ending.await.context("it does not end")??)
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

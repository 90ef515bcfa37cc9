//! A bot in another process.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use sim::Sim;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long a bot may take, in real time, to tell something: longer than anything here lasts.
const PATIENCE: Duration = Duration::from_secs(60);

/// With what a bot is written, and how it gets its updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    Aiogram,
    Ptb,
    PtbByWebhook,
}

impl Client {
    pub(crate) const ALL: [Self; 3] = [Self::Aiogram, Self::Ptb, Self::PtbByWebhook];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Aiogram => "aiogram",
            Self::Ptb => "python_telegram_bot",
            Self::PtbByWebhook => "python_telegram_bot_by_webhook",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Aiogram | Self::Ptb => &[],
            Self::PtbByWebhook => &["a-secret"],
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Aiogram => "aiogram_story.py",
            Self::Ptb | Self::PtbByWebhook => "ptb_story.py",
        }
    }
}

/// A running bot, which tells in lines of JSON what it sees. It ends when this is dropped.
pub(crate) struct Bot {
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Told, and not yet asked for.
    told: Vec<Value>,
}

impl Bot {
    /// Starts a bot of the stand-in.
    pub(crate) fn start(client: Client, python: &OsStr, sim: &Sim) -> std::io::Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
        let mut process = Command::new(python)
            .arg("-B")
            .arg(folder.join(client.program()))
            .args([sim.url(), sim.bot().token])
            .args(client.arguments())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process.stdout.take().expect("it is piped");
        Ok(Self {
            _process: process,
            lines: BufReader::new(stdout).lines(),
            told: Vec::new(),
        })
    }

    /// Waits until the bot tells of an event of this name, and takes it: the first one that was
    /// not taken yet. Its other fields are the facts.
    pub(crate) async fn tells(&mut self, event: &str) -> Value {
        loop {
            if let Some(at) = self.told.iter().position(|told| told["event"] == event) {
                let mut told = self.told.remove(at);
                told.as_object_mut().expect("an object").remove("event");
                return told;
            }
            let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
            let line =
                line.unwrap_or_else(|_| panic!("the bot never told of {event}, but of {:?}", self.told));
            let line = line.expect("the bot's output can be read");
            let line = line.unwrap_or_else(|| panic!("the bot ended before {event}, after {:?}", self.told));
            let told: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_ne!(told["event"], "failure", "{}", told["text"]);
            self.told.push(told);
        }
    }

    /// What the bot told and nobody asked for.
    pub(crate) fn untaken(&self) -> &[Value] {
        &self.told
    }
}

//! The database read and written by Python, which shares nothing with us.
//!
//! The variable `LUCIEN_PYTHON` names a Python in whose environment `tests/python/requirements.txt` is
//! installed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::process::Command;

use crate::lucien::PATIENCE;

/// Names the Python that has the libraries.
const PYTHON: &str = "LUCIEN_PYTHON";

/// A Python with the drivers of both databases and SQLAlchemy.
pub(crate) struct Python(OsString);

/// What a table holds.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) count: u64,
    pub(crate) sha256: String,
    /// In the order of the primary key.
    pub(crate) rows: Vec<Map<String, Value>>,
}

/// What a database holds, values in one spelling for both kinds.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) tables: BTreeMap<String, Table>,
    /// Everything that is defined, where it was asked for.
    #[serde(default)]
    pub(crate) schema: Value,
}

impl Python {
    /// The one that is named; says so where none is.
    #[expect(clippy::print_stderr, reason = "a check that was skipped has to say so")]
    pub(crate) fn named() -> Option<Self> {
        let named = std::env::var_os(PYTHON);
        if named.is_none() {
            eprintln!("skipped: {PYTHON} names no Python with the libraries of databases");
        }
        named.map(Self)
    }

    async fn run(&self, script: &str, arguments: &[&str]) -> Result<String> {
        let running = Command::new(&self.0)
            .arg(format!("{}/tests/python/{script}", env!("CARGO_MANIFEST_DIR")))
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, running)
            .await
            .with_context(|| format!("{script} does not end"))??;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{script}: {complaint}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// What a database holds.
    pub(crate) async fn reads(&self, url: &str) -> Result<Content> {
        Ok(serde_json::from_str(&self.run("read.py", &[url]).await?)?)
    }

    /// What a database holds as it is stored, its schema included.
    pub(crate) async fn reads_exactly(&self, url: &str) -> Result<Content> {
        Ok(serde_json::from_str(
            &self.run("read.py", &["--exact", url]).await?,
        )?)
    }

    /// Has models of the Python bot's read, write and delete in each of the nine tables. `person` was
    /// written down by Lucien, and is gone afterwards.
    pub(crate) async fn works_on(&self, url: &str, person: i64) -> Result<()> {
        let person = person.to_string();
        let said = self.run("models.py", &[url, "--person", &person]).await?;
        ensure!(said.trim() == "done", "{said}");
        Ok(())
    }
}

//! `lucien voice check`: the rules of the voice, on everything that it says.

#![expect(clippy::print_stdout, reason = "findings are what the command is asked for")]

use std::path::PathBuf;

use anyhow::anyhow;
use serde_json::json;
use voice::check::{Finding, check};

use crate::cli::Format;
use crate::exit::Failure;

pub(super) fn execute(format: Format, paths: &[PathBuf]) -> Result<(), Failure> {
    let findings = check(&super::files(paths)?);
    match format {
        Format::Json => {
            let findings: Vec<_> = findings.iter().map(as_value).collect();
            println!("{}", serde_json::Value::from(findings));
        }
        Format::Text => findings.iter().for_each(|finding| println!("{finding}")),
    }
    match findings.len() {
        0 => Ok(()),
        1 => Err(anyhow!("a rule of the voice is broken").into()),
        count => Err(anyhow!("rules of the voice are broken {count} times").into()),
    }
}

fn as_value(finding: &Finding) -> serde_json::Value {
    json!({
        "file": finding.file,
        "line": finding.line,
        "id": finding.id,
        "branch": finding.branch,
        "variant": finding.variant,
        "rule": finding.rule,
        "severity": finding.rule.severity(),
        "meaning": finding.rule.meaning(),
        "excerpt": finding.excerpt,
    })
}

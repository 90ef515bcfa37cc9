//! How the process ends: the documented exit codes.

use std::process::ExitCode;

use bot::schema::SchemaRefused;

use crate::config::Problem;

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Something went wrong while running: exit 1.
    #[error("{0:#}")]
    Runtime(#[from] anyhow::Error),
    /// The configuration is wrong: exit 2.
    #[error("the configuration has problems:{}", listed(.0))]
    Configuration(Vec<Problem>),
    /// What the command was given is wrong: exit 2.
    #[error("that cannot be done:{}", listed(.0))]
    Usage(Vec<String>),
    /// Telegram refuses the token: exit 2, since only another token helps.
    #[error("{0}")]
    Unauthorized(String),
    /// The schema cannot be migrated or is not ours to migrate: exit 3.
    #[error("{0}")]
    Migration(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Runtime(_) => 1,
            Self::Configuration(_) | Self::Usage(_) | Self::Unauthorized(_) => 2,
            Self::Migration(_) => 3,
        })
    }
}

impl From<SchemaRefused> for Failure {
    fn from(refused: SchemaRefused) -> Self {
        match refused {
            SchemaRefused::Store(error) => Self::Runtime(error.into()),
            refused => Self::Migration(refused.to_string()),
        }
    }
}

fn listed(problems: &[impl ToString]) -> String {
    let mut text = String::new();
    for problem in problems {
        text.push_str("\n  - ");
        text.push_str(&problem.to_string());
    }
    text
}

//! The command line.

use clap::{Args, Parser, Subcommand};

/// Lucien, the butler of a creator's VIP and Free channels on Telegram.
///
/// Exit codes: 0 done or stopped in order, 1 failed at run time, 2 wrong configuration or usage,
/// 3 migration refused.
#[derive(Debug, Parser)]
#[command(name = "lucien", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Opens the house: receives updates and answers until stopped.
    ///
    /// Reads the environment and `.env`.
    Run,
    /// Shows Lucien at work on a stand-in Telegram; needs no token and touches nothing of yours.
    Demo(Demo),
    /// Puts Lucien under load on a stand-in Telegram; needs no token and touches nothing of yours.
    #[command(subcommand)]
    Loadtest(Loadtest),
    /// Runs the stand-in Telegram alone, for any bot in any language.
    Sim(Sim),
    /// Changes the schema of the database, while nobody serves on it.
    #[command(subcommand)]
    Migrate(Migrate),
    /// Lists updates that could not be worked off, and has them tried again.
    #[command(subcommand)]
    Inbox(Inbox),
    /// Makes and lists subscription plans.
    #[command(subcommand)]
    Plan(Plan),
    /// Issues invitations to the members' channel.
    #[command(subcommand)]
    Token(Token),
    /// Lists who is to be seen out of the members' channel, and confirms it where that is held.
    #[command(subcommand)]
    Sweep(Sweep),
    /// Asks the running house how it is; exit 0 when it is healthy or degraded.
    Healthcheck,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Plays a story, checks each step and ends.
    #[arg(long)]
    pub(crate) tour: bool,
    /// Port of the stand-in Telegram; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Loadtest {
    /// Lives through a year: people wait, redeem, renew and leave, and now and then something goes wrong.
    ///
    /// Time jumps from one moment at which something is due to the next. After each jump, what must always
    /// hold is checked.
    Year {
        /// People who live through it.
        #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        people: u32,
        /// Days that it has.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(30..=3_650))]
        days: u32,
        /// Everything that people do follows from this.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Sim {
    /// Port to listen on, on loopback; 0 takes a free one.
    #[arg(long, default_value_t = 8081)]
    pub(crate) port: u16,
    /// Token that the bot uses, of the shape `<id>:<24 or more of A-Za-z0-9_->`; a new one without it.
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// Makes an error of each parameter that the Bot API does not know.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Judges webhooks and uploads as the hosted server does: HTTPS on a few ports and public
    /// addresses only, files up to 50 MB.
    #[arg(long)]
    pub(crate) cloud: bool,
    /// Enforces the documented limits: 30 messages a second, 1 a second in a chat, 20 a minute in
    /// a group or channel.
    #[arg(long)]
    pub(crate) limits: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Applies pending migrations, all or the next N.
    Up {
        /// How many.
        steps: Option<u32>,
    },
    /// Undoes the last migration, or the last N.
    Down {
        /// How many.
        #[arg(default_value_t = 1)]
        steps: u32,
        /// Name of the database, to confirm that rows may be lost.
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        /// A finished backup exists. Needed where rows may be lost and none is made: on PostgreSQL.
        #[arg(long)]
        i_have_a_backup: bool,
    },
    /// Lists migrations and whether they are applied.
    Status,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Inbox {
    /// Lists them, the last to die first.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Has them tried again, also by a house that runs.
    Replay {
        /// Their numbers, as listed.
        #[arg(required = true, value_name = "SEQ")]
        seqs: Vec<i64>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Plan {
    /// Makes a plan.
    Create {
        /// Name, unique among active plans.
        #[arg(long)]
        name: String,
        /// Days that it lasts, 1 to 3650.
        #[arg(long)]
        days: i32,
        /// Price, 0 to 9999 with at most two decimals.
        #[arg(long)]
        price: String,
        /// Currency sign or code.
        #[arg(long, default_value = "$")]
        currency: String,
    },
    /// Lists plans.
    List {
        /// Also those that are not active.
        #[arg(long)]
        all: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Issues an invitation and prints its link, which opens once, to whoever uses it first.
    ///
    /// A house may run meanwhile. Telegram is asked for the bot's name; while it does not answer, the
    /// invitation is issued all the same and its code is printed alone.
    Issue {
        /// Name of an active plan, in any letter case.
        #[arg(long, value_name = "NAME")]
        plan: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sweep {
    /// Tells who would go, the longest ended first, and what holds that back. Changes nothing.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lets go who is on the list up to a number, also in a house that runs.
    Confirm {
        /// The last number on the list. Whoever has come onto it since is not confirmed.
        #[arg(value_name = "N")]
        up_to: i64,
        /// People on the list who stay, by their Telegram ids.
        #[arg(long, value_name = "USER_ID", num_args = 1..)]
        spare: Vec<i64>,
    },
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The commands in the shell blocks of a document that call Lucien, without what starts him.
    fn commands(document: &str) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        let mut in_block = false;
        for line in document.lines() {
            if line.starts_with("```") {
                in_block = line == "```sh";
                continue;
            }
            let command = line.split(" #").next().unwrap_or_default();
            let arguments = command
                .strip_prefix("lucien ")
                .or_else(|| command.strip_prefix("cargo run --release -- "));
            if let Some(arguments) = arguments.filter(|_| in_block) {
                found.push(arguments.split_whitespace().map(str::to_owned).collect());
            }
        }
        found
    }

    #[test]
    fn commands_in_the_documents_exist() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let mut seen = 0;
        for document in ["README.md", "docs/operations.md"] {
            let text = fs::read_to_string(format!("{root}/{document}")).expect("readable");
            for arguments in commands(&text) {
                let with_name = std::iter::once("lucien".to_owned()).chain(arguments.clone());
                assert!(
                    Cli::try_parse_from(with_name).is_ok(),
                    "{document}: {arguments:?}"
                );
                seen += 1;
            }
        }
        assert!(seen >= 8, "only {seen} commands were found");
    }
}

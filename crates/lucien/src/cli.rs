//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Lucien, the butler of a creator's VIP and Free channels on Telegram.
///
/// Exit codes: 0 done or stopped in order, 1 failed at run time, 2 wrong configuration or usage,
/// 3 migration, moving or restoring refused.
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
    /// Shows Lucien at work on a stand-in Telegram, in a browser; needs no token and touches nothing of yours.
    Demo(Demo),
    /// Puts Lucien under load on a stand-in Telegram; needs no token and touches nothing of yours.
    #[command(subcommand)]
    Loadtest(Loadtest),
    /// Runs the stand-in Telegram alone, for any bot in any language; people talk to it in a browser.
    Sim(Sim),
    /// Changes the schema of the database, while nobody serves on it.
    #[command(subcommand)]
    Migrate(Migrate),
    /// Takes over a database of the Python bot, where it is, so that it can be handed back.
    ///
    /// Columns and indexes that are missing are added, rows are repaired, and everything is told. Nothing that
    /// the Python bot reads is dropped. Nobody is seen out afterwards until a custodian has confirmed it.
    Adopt(Adopt),
    /// Moves a house into another database: from SQLite to PostgreSQL or back.
    ///
    /// The source is only read. It may be ours or the Python bot's, whose rows are repaired on the way. All
    /// tables are written in one transaction and compared with the source before it counts: whoever is
    /// interrupted begins anew. Nobody may be in either house meanwhile.
    Transfer(Transfer),
    /// Writes members, or everything, as CSV. A house may run meanwhile.
    #[command(subcommand)]
    Export(Export),
    /// Takes in the members of a channel that was led by somebody else, while nobody serves.
    ///
    /// The file is CSV. Its first line names the columns: `user_id` and `ends_at` (a day, or a moment with its
    /// zone), and if you like `first_name`, `last_name`, `username`, `joined_at`. All are taken in or nobody; nobody's
    /// time is shortened; nobody is seen out before a custodian has confirmed the list.
    Import(Import),
    /// Makes and lists backups, proves them, and takes a house back from one.
    #[command(subcommand)]
    Backup(Backup),
    /// Lists updates that could not be worked off, and has them tried again.
    #[command(subcommand)]
    Inbox(Inbox),
    /// Makes and lists subscription plans.
    #[command(subcommand)]
    Plan(Plan),
    /// Issues invitations to the members' channel, and consents to those that are held.
    #[command(subcommand)]
    Token(Token),
    /// Lists who is to be seen out of the members' channel, and confirms it where that is held.
    #[command(subcommand)]
    Sweep(Sweep),
    /// Checks and shows what Lucien says.
    #[command(subcommand)]
    Voice(Voice),
    /// Asks the running house how it is; exit 0 when it is healthy or degraded.
    Healthcheck,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Plays a story, checks each step and ends.
    #[arg(long)]
    pub(crate) tour: bool,
    /// Port of the page and of the stand-in Telegram, on loopback; 0 takes a free one.
    #[arg(long, default_value_t = 8088)]
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

#[derive(Debug, Args)]
pub(crate) struct Adopt {
    /// Changes nothing: tells what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// A finished backup exists: none is made. Needed on PostgreSQL, where none would be made.
    #[arg(long)]
    pub(crate) i_have_a_backup: bool,
    /// What becomes of rows that refer to a row that does not exist.
    #[arg(long, value_enum, default_value_t = OnOrphan::Stub)]
    pub(crate) on_orphan: OnOrphan,
    /// The report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Transfer {
    /// Where the house is, as in `DATABASE_URL`.
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,
    /// Where it is to be: an empty database, or one that does not exist yet (SQLite).
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
    /// Writes nothing: lists each row that needs a repair or does not fit.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Compares what was written with the source. That is always done; the word is accepted.
    #[arg(long)]
    pub(crate) verify: bool,
    /// Writes nothing: compares two databases; exit 1 when they differ.
    #[arg(long, conflicts_with_all = ["dry_run", "force"])]
    pub(crate) verify_only: bool,
    /// What becomes of the Python bot's rows that refer to a row that does not exist.
    #[arg(long, value_enum, default_value_t = OnOrphan::Stub)]
    pub(crate) on_orphan: OnOrphan,
    /// Replaces what the target holds.
    #[arg(long)]
    pub(crate) force: bool,
    /// A file for the report as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// Everybody who is a member or was one, with the end of their time.
    Members {
        /// The file; standard output without it.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Each table in a file of its own.
    All {
        /// The folder, made when it is missing.
        #[arg(long, value_name = "FOLDER")]
        output: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Takes nobody in: tells how many would be.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What becomes of rows that refer to a row that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnOrphan {
    /// The missing row is made, with a placeholder in place of what nobody knows.
    Stub,
    /// They are put aside, but nobody who has paid is.
    Quarantine,
    /// Nothing is done, and they are listed.
    Fail,
}

impl From<OnOrphan> for store::adoption::OnOrphan {
    fn from(on_orphan: OnOrphan) -> Self {
        match on_orphan {
            OnOrphan::Stub => Self::Stub,
            OnOrphan::Quarantine => Self::Quarantine,
            OnOrphan::Fail => Self::Fail,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Backup {
    /// Makes a backup, also of a house that runs, restores it into a scratch file and compares.
    ///
    /// It lies in `BACKUP_DIR`, else beside the SQLite file, and is encrypted for `BACKUP_AGE_RECIPIENT`.
    Create,
    /// Lists backups, the newest first.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Proves that a backup is whole, by restoring it into a scratch file.
    Verify {
        /// The backup.
        file: PathBuf,
        /// The file of the age key, for one that is encrypted.
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Puts a backup in the place of what is in `DATABASE_URL`, while nobody serves on it.
    ///
    /// What is replaced is backed up first. Nobody is seen out of the restored house until a custodian has
    /// confirmed it (`lucien sweep`), and what was on its way is not sent.
    Restore {
        /// The backup.
        file: PathBuf,
        /// The file of the age key, for one that is encrypted.
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
        /// Name of the database, to confirm that the house in it is replaced.
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        /// Whether redemptions and end dates are carried over that the replaced house knows and the backup
        /// does not. Without it, they are listed.
        #[arg(long, value_enum, value_name = "yes|no")]
        carry_over: Option<Answer>,
    },
}

/// What a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answer {
    Yes,
    No,
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
    /// Lists invitations that wait for a custodian's consent since the house was restored: somebody may have
    /// redeemed them since the backup was made.
    Held {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Consents to invitations that are held, also in a house that runs: they can be accepted again.
    Release {
        /// All of them.
        #[arg(long, required_unless_present = "ids", conflicts_with = "ids")]
        all: bool,
        /// Their numbers, as listed.
        #[arg(value_name = "ID")]
        ids: Vec<i32>,
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

#[derive(Debug, Subcommand)]
pub(crate) enum Voice {
    /// Judges everything that Lucien can say by the rules of his voice; exit 1 when one is broken.
    ///
    /// `crates/voice/catalogue/README.md` lists the rules.
    Check {
        /// How findings are told.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Files of a catalogue, or folders of them. They are laid over the built-in ones of the same name.
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Shows messages as people see them; lists their ids when none is named.
    Preview(Preview),
    /// Has git check what is committed of the catalogue.
    InstallHook,
}

/// How something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Preview {
    /// A message, such as `menu.vip_home`, or all of a file, such as `menu`.
    #[arg(conflicts_with = "all")]
    pub(crate) id: Option<String>,
    /// Everything, labels, toasts and commands included.
    #[arg(long)]
    pub(crate) all: bool,
    /// A value in place of the sample's, such as `name=Ana` or `plan.days=30`.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter, requires = "id")]
    pub(crate) parameters: Vec<(String, String)>,
    /// Of what differs by the time of day, only what is said at this hour.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..24))]
    pub(crate) hour: Option<u32>,
    /// Only what this person may hear.
    #[arg(long, value_enum)]
    pub(crate) role: Option<Role>,
    /// Only the variant of this number, from 0.
    #[arg(long, value_name = "N")]
    pub(crate) variant: Option<usize>,
    /// A file for a page that a browser shows, in place of text.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Files of a catalogue, or folders of them, laid over the built-in ones.
    #[arg(long, value_name = "PATH")]
    pub(crate) from: Vec<PathBuf>,
}

/// Who listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Who runs the house.
    Custodian,
    /// Who is in the members' channel.
    Member,
    /// Who is about to be.
    Entering,
    /// Anybody else.
    Visitor,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is expected")?;
    Ok((name.trim().to_owned(), value.to_owned()))
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
        for document in [
            "README.md",
            "docs/operations.md",
            "docs/development.md",
            "crates/voice/catalogue/README.md",
        ] {
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

//! The configuration: typed, checked as a whole, reported all at once.
//!
//! Everything comes from the environment (and `.env`). A problem names its variable and, unless
//! that may be a secret, the bad value.

mod reader;
#[cfg(test)]
mod variables;
mod webhook;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use bot::settings::{Endpoint, HttpSettings, Updates};
use chrono_tz::Tz;
use domain::id::UserId;
use secrecy::SecretString;
use store::DatabaseUrl;
use store::archive::Recipient;
use store::bot_config::ConfigSeed;
use telegram::{ApiUrl, BotToken, Rates};
use url::Url;

use reader::Reader;
pub(crate) use reader::{Environment, Problem};
#[cfg(test)]
use variables::VARIABLES;

/// The port when none is named.
const DEFAULT_PORT: u16 = 8000;

/// The SQLite file in the working directory when no database is named.
const DATABASE_FILE: &str = "bot.db";

/// What `lucien run` is told.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) token: BotToken,
    pub(crate) custodians: BTreeSet<UserId>,
    /// The first one that is named: the keeper of backups.
    pub(crate) first_custodian: UserId,
    pub(crate) database: DatabaseUrl,
    pub(crate) stage: DeploymentStage,
    pub(crate) api_url: ApiUrl,
    pub(crate) updates: Updates,
    pub(crate) http: HttpSettings,
    pub(crate) seed: ConfigSeed,
    pub(crate) times: TimeSettings,
    pub(crate) rates: Rates,
    pub(crate) texts: TextSettings,
    pub(crate) backup: BackupSettings,
    pub(crate) profile_handlers: bool,
}

/// `ENV`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeploymentStage {
    Development,
    Production,
}

/// Lengths of time, in the unit of their variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeSettings {
    pub(crate) cleanup_interval_minutes: u32,
    pub(crate) process_free_queue_minutes: u32,
    pub(crate) free_request_spam_window_minutes: u32,
    pub(crate) invitation_valid_hours: i32,
    pub(crate) vip_grace_hours: u16,
}

/// What people read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextSettings {
    pub(crate) timezone: Tz,
    pub(crate) creator_username: Option<String>,
    pub(crate) voice_dir: Option<PathBuf>,
}

impl TextSettings {
    /// Where the creator can be written to.
    pub(crate) fn creator(&self) -> Option<Url> {
        let name = self.creator_username.as_deref()?;
        Some(Url::parse(&format!("https://t.me/{name}")).expect("a Telegram name is part of an address"))
    }
}

/// Where backups go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BackupSettings {
    pub(crate) dir: Option<PathBuf>,
    pub(crate) age_recipient: Option<Recipient>,
}

/// How the process logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogSettings {
    pub(crate) level: tracing::Level,
    pub(crate) format: LogFormat,
    /// `LOG_LEVEL` names no level: worth a warning, not a refusal.
    pub(crate) level_unknown: bool,
}

/// `LOG_FORMAT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// Every problem there is.
    pub(crate) fn read(environment: &Environment) -> Result<Self, Vec<Problem>> {
        let reader = Reader::new(environment);
        let config = Self::with(&reader);
        complete(config, reader)
    }

    fn with(reader: &Reader<'_>) -> Option<Self> {
        // Every part is read before any is given up, so that all problems come to light.
        let token = token(reader);
        let custodians = custodians(reader);
        let database = database(reader);
        let api_url = api_url(reader);
        let stage = stage(reader);
        let updates = webhook::updates(reader, &api_url);
        let endpoints = endpoints(reader);
        log(reader);
        let seed = seed(reader);
        let times = TimeSettings {
            cleanup_interval_minutes: reader.number("CLEANUP_INTERVAL_MINUTES", 60, 1, 10_080),
            process_free_queue_minutes: reader.number("PROCESS_FREE_QUEUE_MINUTES", 5, 1, 10_080),
            free_request_spam_window_minutes: reader.number("FREE_REQUEST_SPAM_WINDOW_MINUTES", 5, 1, 10_080),
            invitation_valid_hours: invitation_hours(reader),
            vip_grace_hours: grace_hours(reader),
        };
        let rates = Rates {
            send_per_second: reader.number("SEND_RATE_PER_SECOND", 25, 1, 1000),
            calls_per_second: reader.number("CALL_RATE_PER_SECOND", 20, 1, 1000),
        };
        let texts = texts(reader);
        let backup = backup(reader);
        // Once counted, never enforced: accepted so that old files work.
        let _ = reader.text("MAX_VIP_SUBSCRIBERS");
        let profile_handlers = reader
            .text("PROFILE_HANDLERS")
            .is_some_and(|value| !["0", "no", "off", "false"].contains(&value.to_ascii_lowercase().as_str()));
        let metrics_token = reader.text("METRICS_TOKEN").map(SecretString::from);

        Some(Self {
            token: token?,
            first_custodian: *custodians.as_ref()?.first()?,
            custodians: custodians?.into_iter().collect(),
            database: database?,
            stage,
            api_url,
            updates: updates?,
            http: HttpSettings {
                endpoints,
                metrics_token,
            },
            seed,
            times,
            rates,
            texts,
            backup,
            profile_handlers,
        })
    }
}

/// Reads only where the database is, for commands that need nothing else.
///
/// # Errors
/// What is wrong with `DATABASE_URL`.
pub(crate) fn read_database(environment: &Environment) -> Result<DatabaseUrl, Vec<Problem>> {
    let reader = Reader::new(environment);
    let database = database(&reader);
    complete(database, reader)
}

/// What `lucien token issue` is told.
#[derive(Debug)]
pub(crate) struct IssueConfig {
    pub(crate) token: BotToken,
    pub(crate) api_url: ApiUrl,
    pub(crate) database: DatabaseUrl,
    pub(crate) invitation_valid_hours: i32,
}

/// Reads only what it takes to issue an invitation.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read_issue(environment: &Environment) -> Result<IssueConfig, Vec<Problem>> {
    let reader = Reader::new(environment);
    let (token, database, api_url) = (token(&reader), database(&reader), api_url(&reader));
    let invitation_valid_hours = invitation_hours(&reader);
    let config = token.zip(database).map(|(token, database)| IssueConfig {
        token,
        api_url,
        database,
        invitation_valid_hours,
    });
    complete(config, reader)
}

/// Reads only where the database is and how long after their end memberships are taken away, in hours, for
/// `lucien sweep`.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read_sweep(environment: &Environment) -> Result<(DatabaseUrl, u16), Vec<Problem>> {
    let reader = Reader::new(environment);
    let grace = grace_hours(&reader);
    let database = database(&reader).map(|url| (url, grace));
    complete(database, reader)
}

/// The database, and the time zone of people's days, for taking in members.
///
/// # Errors
/// What is wrong with the variables that count for that.
pub(crate) fn read_import(environment: &Environment) -> Result<(DatabaseUrl, Tz), Vec<Problem>> {
    let reader = Reader::new(environment);
    let zone = display_timezone(&reader);
    let database = database(&reader).map(|url| (url, zone));
    complete(database, reader)
}

/// Reads only where the database and its backups are, for commands that migrate.
///
/// # Errors
/// What is wrong with `DATABASE_URL`.
pub(crate) fn read_migration(
    environment: &Environment,
) -> Result<(DatabaseUrl, Option<PathBuf>), Vec<Problem>> {
    let reader = Reader::new(environment);
    let backups = backup_dir(&reader);
    let database = database(&reader).map(|url| (url, backups));
    complete(database, reader)
}

/// Reads only where the database and its backups are and for whom these are encrypted, for `lucien backup`.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read_backup(environment: &Environment) -> Result<(DatabaseUrl, BackupSettings), Vec<Problem>> {
    let reader = Reader::new(environment);
    let backup = backup(&reader);
    let database = database(&reader).map(|url| (url, backup));
    complete(database, reader)
}

/// Reads only where health answers, for `lucien healthcheck`.
///
/// # Errors
/// What is wrong with the ports.
pub(crate) fn read_endpoints(environment: &Environment) -> Result<Vec<Endpoint>, Vec<Problem>> {
    let reader = Reader::new(environment);
    let endpoints = endpoints(&reader);
    complete(Some(endpoints), reader)
}

/// Reads only how to log. What is wrong with it is reported with everything else.
pub(crate) fn read_log(environment: &Environment) -> LogSettings {
    log(&Reader::new(environment))
}

fn complete<T>(value: Option<T>, reader: Reader<'_>) -> Result<T, Vec<Problem>> {
    let problems = reader.into_problems();
    match value {
        Some(value) if problems.is_empty() => Ok(value),
        _ => Err(problems),
    }
}

fn grace_hours(reader: &Reader<'_>) -> u16 {
    let hours = reader.number("VIP_GRACE_HOURS", 0, 0, 8_760);
    u16::try_from(hours).expect("it is within the bounds")
}

fn token(reader: &Reader<'_>) -> Option<BotToken> {
    if reader.text("BOT_TOKEN").is_none() {
        reader.report(Problem::new("BOT_TOKEN", "is missing: BotFather gives it"));
    }
    reader.parse("BOT_TOKEN", BotToken::parse)
}

/// In the order in which they are named, and never empty.
fn custodians(reader: &Reader<'_>) -> Option<Vec<UserId>> {
    let missing = "is missing: the Telegram ids of the custodians, separated by commas";
    if reader.text("ADMIN_USER_IDS").is_none() {
        reader.report(Problem::new("ADMIN_USER_IDS", missing));
    }
    reader.parse("ADMIN_USER_IDS", |text| {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let ids = items
            .map(|item| match item.parse::<i64>() {
                Ok(id) if id > 0 => Ok(UserId(id)),
                _ => Err(format!("holds {item:?}, which is not the id of a person")),
            })
            .collect::<Result<Vec<_>, _>>()?;
        if ids.is_empty() {
            Err(missing.to_owned())
        } else {
            Ok(ids)
        }
    })
}

fn database(reader: &Reader<'_>) -> Option<DatabaseUrl> {
    // A platform that fails to fill the variable in must not end in a new, empty SQLite file.
    if reader.is_set("DATABASE_URL") && reader.text("DATABASE_URL").is_none() {
        reader.report(Problem::new(
            "DATABASE_URL",
            "is set but empty: give it a value or remove it",
        ));
        return None;
    }
    match reader.text("DATABASE_URL") {
        Some(_) => reader.parse("DATABASE_URL", |text| text.parse::<DatabaseUrl>()),
        None => Some(DatabaseUrl::file(DATABASE_FILE)),
    }
}

fn stage(reader: &Reader<'_>) -> DeploymentStage {
    let read = reader.parse("ENV", |text| match text.to_ascii_lowercase().as_str() {
        "development" => Ok(DeploymentStage::Development),
        "production" => Ok(DeploymentStage::Production),
        _ => Err(format!("must be development or production, not {text:?}")),
    });
    read.unwrap_or(DeploymentStage::Development)
}

fn api_url(reader: &Reader<'_>) -> ApiUrl {
    reader
        .parse("TELEGRAM_API_URL", ApiUrl::parse)
        .unwrap_or_default()
}

fn invitation_hours(reader: &Reader<'_>) -> i32 {
    reader
        .number("INVITATION_VALID_HOURS", 24, 1, 87_600)
        .cast_signed()
}

fn backup_dir(reader: &Reader<'_>) -> Option<PathBuf> {
    reader.text("BACKUP_DIR").map(PathBuf::from)
}

fn backup(reader: &Reader<'_>) -> BackupSettings {
    BackupSettings {
        dir: backup_dir(reader),
        age_recipient: reader.parse("BACKUP_AGE_RECIPIENT", str::parse),
    }
}

/// What is served where, the one to be asked about health first. While updates are polled: health on
/// `HEALTH_PORT`, else `PORT`, else 8000; on both when both are set. With a webhook: it and health on
/// `PORT`, else 8000, and health on `HEALTH_PORT` too. A `HEALTH_PORT` of its own is not for strangers.
fn endpoints(reader: &Reader<'_>) -> Vec<Endpoint> {
    let port = |name| {
        reader.parse(name, |text| match text.parse::<u16>() {
            Ok(port) if port > 0 => Ok(port),
            _ => Err(format!("must be a port from 1 to 65535, not {text:?}")),
        })
    };
    let webhook = webhook::is_wanted(reader);
    let health_host = host(reader, "HEALTH_HOST");
    let public_host = match webhook {
        true => host(reader, "WEBHOOK_HOST"),
        false => health_host,
    };
    let (health_port, port) = (port("HEALTH_PORT"), port("PORT"));
    let public = match (port, health_port) {
        (None, Some(_)) if !webhook => None,
        (port, _) => Some(port.unwrap_or(DEFAULT_PORT)),
    };
    let own = health_port.filter(|port| Some(*port) != public);
    let own = own.map(|port| Endpoint {
        address: SocketAddr::new(health_host, port),
        webhook: false,
        open_metrics: true,
    });
    let public = public.map(|port| Endpoint {
        address: SocketAddr::new(public_host, port),
        webhook,
        open_metrics: false,
    });
    own.into_iter().chain(public).collect()
}

fn host(reader: &Reader<'_>, name: &'static str) -> IpAddr {
    let read = reader.parse(name, |text| match text {
        "localhost" => Ok(IpAddr::from([127, 0, 0, 1])),
        _ => text
            .parse()
            .map_err(|_| format!("must be an IP address to listen on, not {text:?}")),
    });
    read.unwrap_or(IpAddr::from([0, 0, 0, 0]))
}

fn log(reader: &Reader<'_>) -> LogSettings {
    let format = reader.parse("LOG_FORMAT", |text| match text.to_ascii_lowercase().as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("must be text or json, not {text:?}")),
    });
    let level = match reader
        .text("LOG_LEVEL")
        .unwrap_or("INFO")
        .to_ascii_uppercase()
        .as_str()
    {
        "DEBUG" => Some(tracing::Level::DEBUG),
        "INFO" => Some(tracing::Level::INFO),
        "WARNING" => Some(tracing::Level::WARN),
        "ERROR" | "CRITICAL" => Some(tracing::Level::ERROR),
        _ => None,
    };
    LogSettings {
        level: level.unwrap_or(tracing::Level::INFO),
        format: format.unwrap_or(LogFormat::Text),
        level_unknown: level.is_none(),
    }
}

fn seed(reader: &Reader<'_>) -> ConfigSeed {
    let channel = |name| {
        reader.parse(name, |text| {
            let digits = text.strip_prefix("-100").unwrap_or_default();
            let well_formed = !digits.is_empty()
                && digits.bytes().all(|c| c.is_ascii_digit())
                && text.parse::<i64>().is_ok();
            if well_formed {
                Ok(text.to_owned())
            } else {
                Err(format!(
                    "must be a channel id such as -1001234567890, not {text:?}"
                ))
            }
        })
    };
    ConfigSeed {
        vip_channel_id: channel("VIP_CHANNEL_ID"),
        free_channel_id: channel("FREE_CHANNEL_ID"),
        free_channel_invite_link: reader.parse("FREE_CHANNEL_INVITE_LINK", |text| match Url::parse(text) {
            Ok(url) if url.scheme() == "https" && url.host_str() == Some("t.me") && text.len() <= 500 => {
                Ok(text.to_owned())
            }
            // A private link is a secret: it is not repeated.
            _ => Err("must be a link such as https://t.me/+…"),
        }),
        wait_time_minutes: reader
            .number("DEFAULT_WAIT_TIME_MINUTES", 5, 1, 525_600)
            .cast_signed(),
    }
}

fn display_timezone(reader: &Reader<'_>) -> Tz {
    let chosen = reader.parse("DISPLAY_TIMEZONE", |text| {
        text.parse::<Tz>()
            .map_err(|_| format!("must be a time zone such as America/Mexico_City, not {text:?}"))
    });
    chosen.unwrap_or(chrono_tz::America::Mexico_City)
}

fn texts(reader: &Reader<'_>) -> TextSettings {
    let creator_username = reader.parse("CREATOR_USERNAME", |text| {
        let name = text.strip_prefix('@').unwrap_or(text);
        let well_formed =
            (4..=32).contains(&name.len()) && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
        if well_formed {
            Ok(name.to_owned())
        } else {
            Err(format!("must be a Telegram name, not {text:?}"))
        }
    });
    TextSettings {
        timezone: display_timezone(reader),
        creator_username,
        voice_dir: reader.text("VOICE_DIR").map(PathBuf::from),
    }
}

#[cfg(test)]
mod tests;

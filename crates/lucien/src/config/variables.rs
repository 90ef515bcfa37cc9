//! Every environment variable that Lucien reads: the one list that README and `.env.example` are
//! checked against.

/// A variable, as an operator reads about it.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    /// What holds without it; empty when nothing does.
    pub(crate) default: &'static str,
    /// What it does, in one line.
    pub(crate) effect: &'static str,
}

const fn variable(name: &'static str, default: &'static str, effect: &'static str) -> Variable {
    Variable {
        name,
        default,
        effect,
    }
}

/// All of them, the necessary ones first.
pub(crate) const VARIABLES: &[Variable] = &[
    variable("BOT_TOKEN", "", "The bot's token from BotFather. Required."),
    variable(
        "ADMIN_USER_IDS",
        "",
        "Telegram ids of the custodians, separated by commas. Required.",
    ),
    variable(
        "DATABASE_URL",
        "sqlite:///bot.db",
        "SQLite or PostgreSQL, for example `postgresql://user:password@host/name`.",
    ),
    variable(
        "ENV",
        "development",
        "`production` migrates a database that is behind at start; `development` asks for `lucien migrate up`.",
    ),
    variable(
        "TELEGRAM_API_URL",
        "https://api.telegram.org",
        "The Bot API server. https, unless it is on this machine or in a private network.",
    ),
    variable(
        "WEBHOOK_MODE",
        "polling",
        "How updates arrive: Lucien fetches them (`polling`), or Telegram brings them (`webhook`).",
    ),
    variable(
        "WEBHOOK_BASE_URL",
        "",
        "Public https address before `WEBHOOK_PATH`, without a slash at its end. Required for a webhook.",
    ),
    variable(
        "RAILWAY_PUBLIC_DOMAIN",
        "",
        "Set by Railway; the default of `WEBHOOK_BASE_URL`.",
    ),
    variable("WEBHOOK_PATH", "/webhook", "Path of the webhook."),
    variable(
        "WEBHOOK_SECRET",
        "",
        "Secret that Telegram sends with each update: 1 to 256 of `A-Za-z0-9_-`. Required for a webhook.",
    ),
    variable("WEBHOOK_HOST", "0.0.0.0", "Address that the webhook listens on."),
    variable("PORT", "", "Port of the webhook (8000 without it) and of health."),
    variable(
        "HEALTH_PORT",
        "",
        "Port of health. Without it `PORT`, without both 8000; with both, health answers on both.",
    ),
    variable("HEALTH_HOST", "0.0.0.0", "Address that health listens on."),
    variable(
        "METRICS_TOKEN",
        "",
        "Bearer token that opens `/metrics` where `HEALTH_PORT` is not a port of its own.",
    ),
    variable(
        "VIP_CHANNEL_ID",
        "",
        "Id of the VIP channel (-100…). Only used when the database is created.",
    ),
    variable(
        "FREE_CHANNEL_ID",
        "",
        "Id of the Free channel (-100…). Only used when the database is created.",
    ),
    variable(
        "FREE_CHANNEL_INVITE_LINK",
        "",
        "Link of the Free channel. Only used when the database is created.",
    ),
    variable(
        "DEFAULT_WAIT_TIME_MINUTES",
        "5",
        "Wait before the Free channel opens, in minutes. Only used when the database is created.",
    ),
    variable(
        "FREE_REQUEST_SPAM_WINDOW_MINUTES",
        "5",
        "A repeated request for the Free channel within this time is not answered again.",
    ),
    variable(
        "PROCESS_FREE_QUEUE_MINUTES",
        "5",
        "How often the Free queue is worked off.",
    ),
    variable(
        "CLEANUP_INTERVAL_MINUTES",
        "60",
        "How often ended subscriptions are looked for.",
    ),
    variable(
        "INVITATION_VALID_HOURS",
        "24",
        "How long an invitation can be redeemed.",
    ),
    variable(
        "VIP_GRACE_HOURS",
        "0",
        "How long a member stays in the channel after the end.",
    ),
    variable(
        "SEND_RATE_PER_SECOND",
        "25",
        "Notices and broadcasts a second, 1 to 1000.",
    ),
    variable(
        "CALL_RATE_PER_SECOND",
        "20",
        "Membership calls a second, 1 to 1000.",
    ),
    variable(
        "CREATOR_USERNAME",
        "",
        "The creator's Telegram name, for the contact button.",
    ),
    variable(
        "DISPLAY_TIMEZONE",
        "America/Mexico_City",
        "Time zone of the dates that people read.",
    ),
    variable("VOICE_DIR", "", "Folder with texts that replace Lucien's own."),
    variable(
        "BACKUP_DIR",
        "",
        "Folder for backups; the house makes one there every night. Without it they lie beside the SQLite file.",
    ),
    variable(
        "BACKUP_AGE_RECIPIENT",
        "",
        "Public age key (age1…) that backups are encrypted for.",
    ),
    variable(
        "PROFILE_HANDLERS",
        "",
        "Any value but 0, no, off or false times each handler.",
    ),
    variable("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING, ERROR or CRITICAL."),
    variable("LOG_FORMAT", "text", "`text` or `json`."),
    variable(
        "MAX_VIP_SUBSCRIBERS",
        "",
        "Accepted for old `.env` files; has no effect.",
    ),
];

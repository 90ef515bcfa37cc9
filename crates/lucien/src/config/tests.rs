//! The table of good and bad input.

use super::*;

const TOKEN: &str = "123456789:AAabcdefghijklmnopqrstuvwxyz_-12345";

/// A sufficient configuration with some variables changed.
fn with<const N: usize>(changes: [(&'static str, &'static str); N]) -> Result<Config, Vec<String>> {
    let mut variables = vec![("BOT_TOKEN", TOKEN), ("ADMIN_USER_IDS", "1")];
    variables.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    variables.extend(changes);
    read(&variables)
}

fn read(variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let environment = Environment::from_pairs(variables);
    Config::read(&environment).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn problem<const N: usize>(changes: [(&'static str, &'static str); N]) -> String {
    let problems = with(changes).expect_err("refused");
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].clone()
}

fn ports(config: &Config) -> Vec<u16> {
    let endpoints = config.http.endpoints.iter();
    endpoints.map(|endpoint| endpoint.address.port()).collect()
}

#[test]
fn what_is_missing_is_listed_at_once() {
    let problems = read(&[]).expect_err("refused");
    assert_eq!(problems.len(), 2);
    assert!(problems[0].starts_with("BOT_TOKEN is missing"));
    assert!(problems[1].starts_with("ADMIN_USER_IDS is missing"));
}

#[test]
fn all_problems_are_listed_at_once_and_without_secrets() {
    let problems = read(&[
        ("BOT_TOKEN", "short-secret"),
        ("ADMIN_USER_IDS", "1,dos"),
        ("DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("ENV", "prod"),
        ("PORT", "abc"),
        ("HEALTH_PORT", "0"),
        ("DEFAULT_WAIT_TIME_MINUTES", "0"),
        ("WEBHOOK_MODE", "push"),
        ("DISPLAY_TIMEZONE", "Marte"),
        ("LOG_FORMAT", "xml"),
    ])
    .expect_err("refused");
    let listed = problems.join("\n");
    for name in [
        "BOT_TOKEN",
        "ADMIN_USER_IDS",
        "DATABASE_URL",
        "ENV",
        "PORT",
        "HEALTH_PORT",
        "DEFAULT_WAIT_TIME_MINUTES",
        "WEBHOOK_MODE",
        "DISPLAY_TIMEZONE",
        "LOG_FORMAT",
    ] {
        assert!(
            problems.iter().any(|p| p.split(' ').next() == Some(name)),
            "{name} in {listed}"
        );
    }
    assert_eq!(problems.len(), 10, "{listed}");
    assert!(
        !listed.contains("short-secret") && !listed.contains("hunter2"),
        "{listed}"
    );
}

#[test]
fn custodians_are_a_set_of_people() {
    let config = with([("ADMIN_USER_IDS", "1, 2,,3,2")]).unwrap();
    assert_eq!(
        config.custodians,
        BTreeSet::from([UserId(1), UserId(2), UserId(3)])
    );
    assert!(problem([("ADMIN_USER_IDS", "1,-5")]).contains("-5"));
    assert!(problem([("ADMIN_USER_IDS", "0")]).contains('0'));
    assert!(problem([("ADMIN_USER_IDS", " , ,")]).contains("missing"));
}

#[test]
fn blank_optional_values_are_unset() {
    let config = with([
        ("VIP_CHANNEL_ID", ""),
        ("CREATOR_USERNAME", "  "),
        ("PORT", ""),
        ("METRICS_TOKEN", ""),
    ])
    .unwrap();
    assert_eq!(config.seed.vip_channel_id, None);
    assert_eq!(config.texts.creator_username, None);
    assert_eq!(ports(&config), [8000]);
    assert!(config.http.metrics_token.is_none());
}

#[test]
fn an_empty_database_url_is_a_problem_and_an_absent_one_is_not() {
    assert!(problem([("DATABASE_URL", " ")]).contains("empty"));
    assert_eq!(with([]).unwrap().database, DatabaseUrl::file("bot.db"));
}

#[test]
fn health_listens_where_it_is_told() {
    let served = |changes: [(&'static str, &'static str); 2]| ports(&with(changes).unwrap());
    assert_eq!(ports(&with([("PORT", "9000")]).unwrap()), [9000]);
    assert_eq!(served([("PORT", "9000"), ("HEALTH_PORT", "9001")]), [9001, 9000]);
    assert_eq!(served([("PORT", "9000"), ("HEALTH_PORT", "9000")]), [9000]);
}

#[test]
fn bad_values_are_named() {
    let cases = [
        ("PORT", "65536"),
        ("HEALTH_HOST", "everywhere"),
        ("CLEANUP_INTERVAL_MINUTES", "-5"),
        ("PROCESS_FREE_QUEUE_MINUTES", "0"),
        ("SEND_RATE_PER_SECOND", "1001"),
        ("CALL_RATE_PER_SECOND", "0"),
        ("VIP_CHANNEL_ID", "1234"),
        ("FREE_CHANNEL_ID", "-100abc"),
        ("CREATOR_USERNAME", "a b"),
        ("INVITATION_VALID_HOURS", "1.5"),
        ("ENV", "prod"),
        ("WEBHOOK_MODE", "push"),
        ("DISPLAY_TIMEZONE", "UTC+25"),
    ];
    for (name, value) in cases {
        let problem = problem([(name, value)]);
        assert!(problem.starts_with(name) && problem.contains(value), "{problem}");
    }
}

#[test]
fn what_may_be_a_secret_is_never_repeated() {
    let cases = [
        ("BOT_TOKEN", "5:hunter2hunter2hunter2 "),
        ("BOT_TOKEN", "hunter2"),
        ("DATABASE_URL", "postgres:/hunter2"),
        ("TELEGRAM_API_URL", "https://hunter2@example.org"),
        ("FREE_CHANNEL_INVITE_LINK", "http://t.me/+hunter2"),
        ("BACKUP_AGE_RECIPIENT", "AGE-SECRET-KEY-hunter2"),
    ];
    for (name, value) in cases {
        match with([(name, value)]) {
            Ok(config) => assert!(!format!("{config:?}").contains("hunter2"), "{name}"),
            Err(problems) => assert!(!problems.join("\n").contains("hunter2"), "{name}: {problems:?}"),
        }
    }
}

#[test]
fn an_unknown_log_level_is_only_a_warning() {
    let environment = Environment::from_pairs(&[("LOG_LEVEL", "chatty")]);
    let log = read_log(&environment);
    assert!(log.level_unknown);
    assert_eq!(log.level, tracing::Level::INFO);
    assert!(with([("LOG_LEVEL", "chatty")]).is_ok());
}

#[test]
fn names_are_trimmed_of_their_at() {
    let config = with([("CREATOR_USERNAME", "@diana")]).unwrap();
    assert_eq!(config.texts.creator_username.as_deref(), Some("diana"));
}

/// A webhook as it should be.
const WEBHOOK: [(&str, &str); 3] = [
    ("WEBHOOK_MODE", "Webhook"),
    ("WEBHOOK_SECRET", "un-secreto"),
    ("WEBHOOK_BASE_URL", "https://lucien.example.org"),
];

/// The same with other variables; those that are empty are missing.
fn webhook_with(changes: &[(&'static str, &'static str)]) -> Result<Config, Vec<String>> {
    let mut variables = vec![("BOT_TOKEN", TOKEN), ("ADMIN_USER_IDS", "1")];
    variables.extend(WEBHOOK);
    variables.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    variables.extend(changes);
    read(&variables)
}

fn address(config: &Config) -> &str {
    match &config.updates {
        Updates::Webhook(webhook) => webhook.url.as_str(),
        Updates::Polling => panic!("it is to be a webhook"),
    }
}

#[test]
fn the_webhooks_variables_do_not_hurt_polling() {
    let config = with([
        ("WEBHOOK_SECRET", "any thing"),
        ("WEBHOOK_BASE_URL", "nonsense"),
        ("WEBHOOK_HOST", "anywhere"),
    ]);
    assert!(matches!(config.unwrap().updates, Updates::Polling));
}

#[test]
fn a_webhook_needs_an_address_and_a_secret() {
    let problems = read(&[
        ("BOT_TOKEN", TOKEN),
        ("ADMIN_USER_IDS", "1"),
        ("WEBHOOK_MODE", "webhook"),
    ]);
    let problems = problems.expect_err("refused");
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("WEBHOOK_SECRET is missing"));
    assert!(problems[1].starts_with("WEBHOOK_BASE_URL is missing"));
    let refused = |change| webhook_with(&[change]).expect_err("refused");
    for (name, value) in [
        ("WEBHOOK_SECRET", "hunter2 hunter2"),
        ("WEBHOOK_BASE_URL", "http://lucien.example.org"),
        ("WEBHOOK_BASE_URL", "https://lucien.example.org/"),
        ("WEBHOOK_BASE_URL", "https://me:hunter2@lucien.example.org"),
        ("WEBHOOK_BASE_URL", "lucien.example.org"),
        ("WEBHOOK_PATH", "webhook"),
        ("WEBHOOK_PATH", "/{webhook}"),
        ("WEBHOOK_PATH", "/a/../b"),
        ("WEBHOOK_PATH", "/health"),
        ("WEBHOOK_HOST", "anywhere"),
    ] {
        let problems = refused((name, value));
        assert!(
            problems.len() == 1 && problems[0].starts_with(name),
            "{problems:?}"
        );
        assert!(!problems[0].contains("hunter2"));
    }
}

#[test]
fn a_webhooks_address_is_base_and_path() {
    let plain = webhook_with(&[]).unwrap();
    assert_eq!(address(&plain), "https://lucien.example.org/webhook");
    let behind_a_proxy = webhook_with(&[
        ("WEBHOOK_BASE_URL", "https://example.org/lucien"),
        ("WEBHOOK_PATH", "/in"),
    ]);
    assert_eq!(address(&behind_a_proxy.unwrap()), "https://example.org/lucien/in");
    let on_railway = webhook_with(&[
        ("WEBHOOK_BASE_URL", ""),
        ("RAILWAY_PUBLIC_DOMAIN", "lucien.up.railway.app"),
    ]);
    assert_eq!(
        address(&on_railway.unwrap()),
        "https://lucien.up.railway.app/webhook"
    );
    let near = webhook_with(&[
        ("TELEGRAM_API_URL", "http://127.0.0.1:8081"),
        ("WEBHOOK_BASE_URL", "http://127.0.0.1:9000"),
    ]);
    assert_eq!(address(&near.unwrap()), "http://127.0.0.1:9000/webhook");
}

#[test]
fn what_is_served_where() {
    let endpoint = |port, webhook, open_metrics| (port, webhook, open_metrics);
    let served = |config: Result<Config, Vec<String>>| -> Vec<_> {
        let endpoints = config.unwrap().http.endpoints;
        let told = endpoints
            .iter()
            .map(|it| endpoint(it.address.port(), it.webhook, it.open_metrics));
        told.collect()
    };
    assert_eq!(served(with([])), [endpoint(8000, false, false)]);
    assert_eq!(
        served(with([("HEALTH_PORT", "9001")])),
        [endpoint(9001, false, true)]
    );
    assert_eq!(
        served(with([("PORT", "9000"), ("HEALTH_PORT", "9001")])),
        [endpoint(9001, false, true), endpoint(9000, false, false)]
    );
    assert_eq!(served(webhook_with(&[])), [endpoint(8000, true, false)]);
    assert_eq!(
        served(webhook_with(&[("PORT", "9000"), ("HEALTH_PORT", "9000")])),
        [endpoint(9000, true, false)]
    );
    assert_eq!(
        served(webhook_with(&[("HEALTH_PORT", "9001")])),
        [endpoint(9001, false, true), endpoint(8000, true, false)]
    );
}

#[test]
fn every_variable_is_listed_and_every_listed_one_is_read() {
    let environment = Environment::default();
    let reader = Reader::new(&environment);
    let _ = Config::with(&reader);
    let listed: BTreeSet<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
    assert_eq!(*reader.names.borrow(), listed);
}

/// The lines that README and `.env.example` must hold, so that they never lag behind the code.
#[test]
fn readme_and_example_list_what_the_code_reads() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap();
    let example = std::fs::read_to_string(format!("{root}/.env.example")).unwrap();
    let rows: Vec<String> = VARIABLES
        .iter()
        .map(|v| {
            let default = if v.default.is_empty() {
                "–".to_owned()
            } else {
                format!("`{}`", v.default)
            };
            format!("| `{}` | {default} | {} |", v.name, v.effect)
        })
        .collect();
    let table: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(table, rows, "README.md:\n{}", rows.join("\n"));

    let lines: Vec<String> = VARIABLES
        .iter()
        .flat_map(|v| [format!("# {}", v.effect), format!("#{}={}", v.name, v.default)])
        .collect();
    let written: Vec<&str> = example
        .lines()
        .filter(|line| line.starts_with('#') && !line.starts_with("##"))
        .collect();
    assert_eq!(written, lines, ".env.example:\n{}", lines.join("\n"));
}

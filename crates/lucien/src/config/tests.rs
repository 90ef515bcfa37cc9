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
    assert_eq!(config.health.ports, [8000]);
    assert!(config.metrics_token.is_none());
}

#[test]
fn an_empty_database_url_is_a_problem_and_an_absent_one_is_not() {
    assert!(problem([("DATABASE_URL", " ")]).contains("empty"));
    assert_eq!(with([]).unwrap().database, DatabaseUrl::file("bot.db"));
}

#[test]
fn health_listens_where_it_is_told() {
    let ports = |changes: [(&'static str, &'static str); 2]| with(changes).unwrap().health.ports;
    assert_eq!(with([("PORT", "9000")]).unwrap().health.ports, [9000]);
    assert_eq!(ports([("PORT", "9000"), ("HEALTH_PORT", "9001")]), [9001, 9000]);
    assert_eq!(ports([("PORT", "9000"), ("HEALTH_PORT", "9000")]), [9000]);
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

#[test]
fn webhook_mode_is_refused_and_its_variables_do_not_hurt_polling() {
    assert!(problem([("WEBHOOK_MODE", "webhook")]).contains("polling"));
    assert!(with([("WEBHOOK_SECRET", "any thing"), ("WEBHOOK_BASE_URL", "nonsense")]).is_ok());
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

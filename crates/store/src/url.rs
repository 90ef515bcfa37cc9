//! Where the database is: `DATABASE_URL` in every spelling that is accepted.
//!
//! | spelling | means |
//! |---|---|
//! | `sqlite:///bot.db` | a file, relative to the working directory (`sqlite://bot.db` is the same) |
//! | `sqlite:////data/bot.db` | a file by its absolute path |
//! | `sqlite://`, `sqlite:///:memory:` | in memory, gone with the process |
//! | `postgres://user:password@host:5432/name?sslmode=require` | PostgreSQL; `postgresql://` too |
//!
//! Schemes are accepted in any letter case and with the drivers that Python spells out
//! (`sqlite+aiosqlite`, `postgresql+asyncpg`, `postgresql+psycopg2`, …), which mean nothing here.
//! Options after `?`: for PostgreSQL those that libpq knows and SQLx honours are kept, `ssl` (asyncpg's
//! name) counts as `sslmode`, and the rest, which tunes drivers that are not used here, is ignored.
//! For SQLite all tune Python's driver and are ignored, except those that would open another
//! database than the path says (`mode=ro`, `uri`, …): these are refused.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite, in a file or in memory.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// Why a text is not the URL of a database. The messages never repeat the text: it may hold a
/// password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Nothing but blanks.
    #[error("is empty; {EXAMPLES}")]
    Empty,
    /// No `scheme://` at the beginning.
    #[error("has no scheme; {EXAMPLES}")]
    NoScheme,
    /// A database, or a driver for it, that Lucien does not speak to.
    #[error("names a database that is not supported; {EXAMPLES}")]
    Unsupported,
    /// SQLite without a usable path.
    #[error(
        "names no file; write sqlite:///bot.db, sqlite:////absolute/path/bot.db or sqlite:// (in memory)"
    )]
    NoFile,
    /// PostgreSQL, but not readable as a URL.
    #[error(
        "cannot be read; write postgresql://user:password@host:5432/name, with special characters of the \
         password percent-encoded"
    )]
    Malformed,
    /// An option with a value that cannot be used, or one that would open another database.
    #[error("has an option that cannot be used: {0}")]
    Option(&'static str),
}

const EXAMPLES: &str =
    "supported are SQLite (sqlite:///bot.db) and PostgreSQL (postgresql://user:password@host:5432/name)";

/// Query options of PostgreSQL that are kept.
const POSTGRES_OPTIONS: [&str; 14] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// Query options of SQLite that would open something else than the path says.
const SQLITE_REFUSED: [&str; 4] = ["immutable", "nolock", "uri", "vfs"];

/// The place of a database. Shown without user, password and options.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Memory,
    File(PathBuf),
    Postgres(Url),
}

impl DatabaseUrl {
    /// An SQLite database in memory.
    #[must_use]
    pub const fn memory() -> Self {
        Self(Place::Memory)
    }

    /// An SQLite database in a file.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Place::File(path.into()))
    }

    /// Which kind of database it is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self.0 {
            Place::Memory | Place::File(_) => Dialect::Sqlite,
            Place::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The SQLite file; none in memory and on PostgreSQL.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Place::File(path) => Some(path),
            Place::Memory | Place::Postgres(_) => None,
        }
    }

    /// The name by which a person confirms what destroys data: the database's name on PostgreSQL,
    /// the file's name on SQLite, `:memory:` in memory.
    #[must_use]
    pub fn database_name(&self) -> String {
        match &self.0 {
            Place::Memory => ":memory:".to_owned(),
            Place::File(path) => path.file_name().map_or_else(
                || path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            ),
            // PostgreSQL's own rule: without a name, the database is called like the user.
            Place::Postgres(_) => self.postgres().map_or_else(String::new, |options| {
                options
                    .get_database()
                    .unwrap_or_else(|| options.get_username())
                    .to_owned()
            }),
        }
    }

    /// How to connect, when it is PostgreSQL.
    pub(crate) fn postgres(&self) -> Option<PgConnectOptions> {
        match &self.0 {
            Place::Postgres(url) => PgConnectOptions::from_str(url.as_str()).ok(),
            Place::Memory | Place::File(_) => None,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(UrlError::Empty);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::NoScheme)?;
        let scheme = scheme.to_ascii_lowercase();
        let (kind, driver) = match scheme.split_once('+') {
            Some((kind, driver)) => (kind, Some(driver)),
            None => (scheme.as_str(), None),
        };
        match (kind, driver) {
            ("sqlite", None | Some("aiosqlite" | "pysqlite")) => sqlite(rest).map(Self),
            ("postgres" | "postgresql", None | Some("asyncpg" | "psycopg" | "psycopg2" | "pg8000")) => {
                postgres(rest).map(Self)
            }
            _ => Err(UrlError::Unsupported),
        }
    }
}

fn sqlite(rest: &str) -> Result<Place, UrlError> {
    let (path, options) = rest.split_once('?').unwrap_or((rest, ""));
    for (name, value) in url::form_urlencoded::parse(options.as_bytes()) {
        if let Some(refused) = SQLITE_REFUSED.iter().find(|refused| **refused == name) {
            return Err(UrlError::Option(refused));
        }
        if name == "mode" && !matches!(&*value, "rw" | "rwc") {
            return Err(UrlError::Option("mode"));
        }
    }
    match path.strip_prefix('/') {
        None if path.is_empty() => Ok(Place::Memory),
        // A host, a user or a password has no meaning here and must not end up as a file's name.
        None if path != ":memory:" && path.contains(['@', ':']) => Err(UrlError::NoFile),
        None if path == ":memory:" => Ok(Place::Memory),
        None => file(path),
        Some(":memory:") => Ok(Place::Memory),
        Some(path) => file(path),
    }
}

fn file(path: &str) -> Result<Place, UrlError> {
    let names_a_file = !path.ends_with('/') && Path::new(path).file_name().is_some() && !path.contains('\0');
    if names_a_file {
        Ok(Place::File(path.into()))
    } else {
        Err(UrlError::NoFile)
    }
}

fn postgres(rest: &str) -> Result<Place, UrlError> {
    let mut url = Url::parse(&format!("postgres://{rest}")).map_err(|_| UrlError::Malformed)?;
    // What follows an unencoded `/`, `?` or `#` of a password would be taken for the database's name
    // and be shown; the `@` after the password gives that away.
    let astray = url.path().contains('@') || url.query().is_some_and(|query| query.contains('@'));
    if astray || url.fragment().is_some() {
        return Err(UrlError::Malformed);
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| POSTGRES_OPTIONS.contains(&&**name) || name.starts_with("options["))
        .map(|(name, value)| match &*name {
            "ssl" => ("sslmode".to_owned(), value.into_owned()),
            _ => (name.into_owned(), value.into_owned()),
        })
        .collect();
    for (name, value) in &kept {
        if name == "sslmode" && value.parse::<PgSslMode>().is_err() {
            return Err(UrlError::Option("sslmode"));
        }
        if name == "port" && value.parse::<u16>().is_err() {
            return Err(UrlError::Option("port"));
        }
    }
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    // Reads the whole once, so that what is stored can be used.
    PgConnectOptions::from_str(url.as_str()).map_err(|_| UrlError::Malformed)?;
    Ok(Place::Postgres(url))
}

/// Without user, password and options.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Memory => f.write_str("sqlite:// (in memory)"),
            Place::File(path) => write!(f, "sqlite:///{}", path.display()),
            Place::Postgres(_) => {
                let host = self.postgres().map_or_else(String::new, |options| {
                    format!("{}:{}", options.get_host(), options.get_port())
                });
                write!(f, "postgresql://{host}/{}", self.database_name())
            }
        }
    }
}

/// The same as `Display`: a derived one would show the password.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<DatabaseUrl, UrlError> {
        text.parse()
    }

    #[test]
    fn sqlite_spellings() {
        let cases = [
            ("sqlite:///bot.db", DatabaseUrl::file("bot.db")),
            ("sqlite://bot.db", DatabaseUrl::file("bot.db")),
            ("  SQLITE:///data/bot.db\n", DatabaseUrl::file("data/bot.db")),
            ("sqlite:////data/bot.db", DatabaseUrl::file("/data/bot.db")),
            ("sqlite+aiosqlite:///bot.db", DatabaseUrl::file("bot.db")),
            ("SQLite+AioSqlite:////a/b c.db", DatabaseUrl::file("/a/b c.db")),
            (
                "sqlite:///bot.db?timeout=30&check_same_thread=false&mode=rwc",
                DatabaseUrl::file("bot.db"),
            ),
            ("sqlite://", DatabaseUrl::memory()),
            ("sqlite:///:memory:", DatabaseUrl::memory()),
            ("sqlite+aiosqlite://", DatabaseUrl::memory()),
            ("sqlite://:memory:", DatabaseUrl::memory()),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn postgres_spellings() {
        for scheme in [
            "postgres",
            "postgresql",
            "POSTGRESQL",
            "postgresql+asyncpg",
            "Postgres+psycopg2",
            "postgresql+psycopg",
        ] {
            let url = parse(&format!(
                " {scheme}://bob:p%40ss%2F%23@db.example:6543/house?sslmode=require "
            ))
            .unwrap();
            assert_eq!(url.dialect(), Dialect::Postgres);
            assert_eq!(url.database_name(), "house");
            let options = url.postgres().unwrap();
            assert_eq!(
                (options.get_host(), options.get_port(), options.get_username()),
                ("db.example", 6543, "bob")
            );
            assert!(matches!(options.get_ssl_mode(), PgSslMode::Require));
        }
    }

    #[test]
    fn postgres_options() {
        let of =
            |query: &str| parse(&format!("postgres://bob@h/d?{query}")).map(|url| url.postgres().unwrap());
        assert!(matches!(
            of("ssl=verify-full").unwrap().get_ssl_mode(),
            PgSslMode::VerifyFull
        ));
        assert!(matches!(
            of("sslmode=disable&channel_binding=require")
                .unwrap()
                .get_ssl_mode(),
            PgSslMode::Disable
        ));
        assert_eq!(
            of("application_name=lucien").unwrap().get_application_name(),
            Some("lucien")
        );
        assert_eq!(
            of("host=/run/postgresql").unwrap().get_socket().unwrap(),
            Path::new("/run/postgresql")
        );
        assert_eq!(of("sslmode=perhaps").unwrap_err(), UrlError::Option("sslmode"));
        assert_eq!(of("port=many").unwrap_err(), UrlError::Option("port"));
    }

    #[test]
    fn what_is_refused() {
        let cases = [
            ("", UrlError::Empty),
            (" \t", UrlError::Empty),
            ("bot.db", UrlError::NoScheme),
            ("sqlite:bot.db", UrlError::NoScheme),
            ("mysql://x", UrlError::Unsupported),
            ("postgresql+odbc://h/d", UrlError::Unsupported),
            ("://", UrlError::Unsupported),
            ("sqlite:///", UrlError::NoFile),
            ("sqlite:////data/", UrlError::NoFile),
            ("sqlite:///..", UrlError::NoFile),
            ("sqlite://bob:secret@host/bot.db", UrlError::NoFile),
            ("sqlite:///bot.db?mode=ro", UrlError::Option("mode")),
            ("sqlite:///file:bot.db?uri=true", UrlError::Option("uri")),
            ("postgres://bob:12/34@host/d", UrlError::Malformed),
            ("postgres://bob:12?34@host/d", UrlError::Malformed),
            ("postgres://bob:12#34@host/d", UrlError::Malformed),
            ("postgres://bob:se/cret@host/d", UrlError::Malformed),
            ("postgres://host:port/d", UrlError::Malformed),
            ("postgres://bob:%FF@host/d", UrlError::Malformed),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn refusals_name_both_kinds_with_examples() {
        let message = parse("mysql://x").unwrap_err().to_string();
        assert!(
            message.contains("sqlite:///bot.db") && message.contains("postgresql://user:password@host"),
            "{message}"
        );
    }

    #[test]
    fn names_to_confirm_with() {
        let name = |text: &str| parse(text).unwrap().database_name();
        assert_eq!(name("sqlite:////data/bot.db"), "bot.db");
        assert_eq!(name("sqlite://"), ":memory:");
        assert_eq!(name("postgres://bob@h/the%20house"), "the house");
        assert_eq!(name("postgres://bob@h?dbname=house"), "house");
        assert_eq!(name("postgres://bob@h"), "bob");
    }

    #[test]
    fn what_is_shown() {
        let shown = |text: &str| parse(text).unwrap().to_string();
        assert_eq!(
            shown("postgres://bob:secret@h/d?sslmode=require&password=secret"),
            "postgresql://h:5432/d"
        );
        assert_eq!(shown("sqlite:////data/bot.db"), "sqlite:////data/bot.db");
        assert_eq!(shown("sqlite+aiosqlite:///bot.db"), "sqlite:///bot.db");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            if let Ok(url) = parse(&text) {
                let _ = (url.to_string(), url.database_name());
            }
        }

        #[test]
        fn no_url_like_text_makes_it_panic(scheme in "(sqlite|postgres|postgresql)(\\+[a-z2]{1,9})?", rest in "[a-z0-9:/@?#&=%\\[\\]._-]{0,40}") {
            if let Ok(url) = parse(&format!("{scheme}://{rest}")) {
                let _ = (url.to_string(), url.database_name(), url.path());
            }
        }

        #[test]
        fn the_password_is_never_shown(
            password in "[A-Z]{4}[A-Z0-9/?#@:%\\[\\]]{0,12}", encoded in any::<bool>(), in_query in any::<bool>(),
        ) {
            let spelled = match encoded {
                true => url::form_urlencoded::byte_serialize(password.as_bytes()).collect::<String>(),
                false => password.clone(),
            };
            let text = match in_query {
                true => format!("postgres://h/d?password={spelled}"),
                false => format!("postgres://bob:{spelled}@h/d"),
            };
            let secret = &password[..4];
            match parse(&text) {
                Ok(url) => {
                    let shown = format!("{url} {url:?} {}", url.database_name());
                    prop_assert!(!shown.contains(secret), "{}", shown);
                }
                Err(error) => {
                    let shown = format!("{error} {error:?}");
                    prop_assert!(!shown.contains(secret), "{}", shown);
                }
            }
        }

        #[test]
        fn an_encoded_password_arrives(password in "[!-~]{1,20}") {
            let spelled: String = url::form_urlencoded::byte_serialize(password.as_bytes()).collect();
            let url = parse(&format!("postgres://bob:{spelled}@h/d")).unwrap();
            let options = url.postgres().unwrap();
            prop_assert_eq!((options.get_username(), options.get_host()), ("bob", "h"));
        }
    }
}

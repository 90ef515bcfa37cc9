//! Reads variables one by one and remembers everything that is wrong with them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::{fmt, fs, io};

/// The environment that a configuration is read from: the process's own variables, before those
/// of a `.env` file.
#[derive(Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The process's variables and, behind them, those of `.env` in the working directory.
    ///
    /// # Errors
    /// When `.env` is there and cannot be read. The message holds no value.
    pub(crate) fn of_process() -> Result<Self, Problem> {
        let mut variables = BTreeMap::new();
        match fs::read_to_string(".env") {
            Ok(text) => variables.extend(read_file(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => return Err(Problem::new(".env", "cannot be read")),
        }
        variables.extend(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        );
        Ok(Self(variables))
    }
}

/// The variables of a `.env` file.
fn read_file(text: &str) -> Result<BTreeMap<String, String>, Problem> {
    let lines: Vec<String> = text.lines().map(quoted).collect();
    dotenvy::from_read_iter(lines.join("\n").as_bytes())
        // dotenvy's own message repeats the line, and with it perhaps a secret.
        .map(|line| line.map_err(|_| Problem::new(".env", "has a line that is not NAME=value")))
        .collect()
}

/// A line with its value in quotes, where it has blanks and none: the Python bot's reader takes those as they
/// are, and ours refuses them. What follows ` #` is a comment for both.
fn quoted(line: &str) -> String {
    let Some((name, value)) = line.split_once('=') else {
        return line.to_owned();
    };
    let value = value.split(" #").next().unwrap_or_default().trim();
    if name.trim_start().starts_with('#')
        || value.starts_with(['"', '\''])
        || !value.contains(char::is_whitespace)
    {
        return line.to_owned();
    }
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{name}=\"{value}\"")
}

#[cfg(test)]
impl Environment {
    pub(crate) fn from_pairs(variables: &[(&str, &str)]) -> Self {
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self(owned.collect())
    }
}

/// Something wrong with one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    name: &'static str,
    what: String,
}

impl Problem {
    pub(crate) fn new(name: &'static str, what: impl Into<String>) -> Self {
        Self {
            name,
            what: what.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.what)
    }
}

/// Reads typed values; what cannot be read becomes a [`Problem`] and none.
pub(crate) struct Reader<'a> {
    environment: &'a Environment,
    problems: RefCell<Vec<Problem>>,
    #[cfg(test)]
    pub(crate) names: RefCell<std::collections::BTreeSet<&'static str>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            problems: RefCell::default(),
            #[cfg(test)]
            names: RefCell::default(),
        }
    }

    /// The value without surrounding blanks; none when the variable is unset or blank.
    pub(crate) fn text(&self, name: &'static str) -> Option<&'a str> {
        self.raw(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// Whether the variable is there at all, though it may be blank.
    pub(crate) fn is_set(&self, name: &'static str) -> bool {
        self.raw(name).is_some()
    }

    /// A value of a type, or none when it is unset, blank or wrong.
    pub(crate) fn parse<T, E: fmt::Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(self.text(name)?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.report(Problem::new(name, error.to_string()));
                None
            }
        }
    }

    /// A whole number within bounds.
    pub(crate) fn number(&self, name: &'static str, default: u32, min: u32, max: u32) -> u32 {
        let read = self.parse(name, |text| match text.parse::<u32>() {
            Ok(number) if (min..=max).contains(&number) => Ok(number),
            _ => Err(format!(
                "must be a whole number from {min} to {max}, not {text:?}"
            )),
        });
        read.unwrap_or(default)
    }

    pub(crate) fn report(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    fn raw(&self, name: &'static str) -> Option<&'a str> {
        #[cfg(test)]
        self.names.borrow_mut().insert(name);
        self.environment.0.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> Result<String, Problem> {
        let variables = read_file(line)?;
        Ok(variables.into_values().collect())
    }

    #[test]
    fn files_of_the_python_bot_are_read() {
        for (line, expected) in [
            ("ADMIN_USER_IDS=1, 2,,3", "1, 2,,3"),
            ("ADMIN_USER_IDS = 1, 2  # Diana and Mateo", "1, 2"),
            ("A=plain", "plain"),
            ("A=plain # said by the way", "plain"),
            ("A=pass#word", "pass#word"),
            ("A=\"with blanks\" # said by the way", "with blanks"),
            ("A='with blanks'", "with blanks"),
            ("A=say \"hello\" \\ bye", "say \"hello\" \\ bye"),
            ("export A=one two", "one two"),
            ("A=", ""),
            ("# A=one two\nB=3", "3"),
        ] {
            assert_eq!(value(line).ok().as_deref(), Some(expected), "{line}");
        }
        let secret = value("hunter2 hunter2").expect_err("it is no line");
        assert!(!secret.to_string().contains("hunter2"), "{secret}");
    }
}

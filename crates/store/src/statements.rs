//! What one piece of work asked of the database: how many statements, how long, which.
//!
//! [`scope`] counts all statements that a future sends through the store, in the same task (work
//! that it spawns is not seen). `BEGIN`, `COMMIT` and `ROLLBACK` are not counted. Outside of a scope
//! nothing is recorded.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The statements of one scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statements {
    /// How many.
    pub count: u32,
    /// The time spent waiting for them, by the machine's clock.
    pub time: Duration,
    /// How many of each shape: SQL without values, lists of any length being equal.
    pub by_fingerprint: BTreeMap<String, u32>,
}

tokio::task_local! {
    static SCOPE: RefCell<Statements>;
}

/// Runs `work` and tells what it asked of the database. A scope within a scope counts for itself.
pub async fn scope<F: Future>(work: F) -> (F::Output, Statements) {
    SCOPE
        .scope(RefCell::default(), async {
            let output = work.await;
            (output, SCOPE.with(RefCell::take))
        })
        .await
}

/// A statement on its way.
pub(crate) struct Started {
    at: Instant,
    /// None outside of a scope: making it costs more than a clock read.
    fingerprint: Option<String>,
}

pub(crate) fn started(sql: &str) -> Started {
    let counted = SCOPE.try_with(|_| ()).is_ok();
    Started {
        at: Instant::now(),
        fingerprint: counted.then(|| fingerprint(sql)),
    }
}

impl Started {
    pub(crate) fn finished(self) {
        let Some(fingerprint) = self.fingerprint else {
            return;
        };
        let time = self.at.elapsed();
        // The scope was there when the statement started, in the same task.
        let _ = SCOPE.try_with(|scope| {
            let mut scope = scope.borrow_mut();
            scope.count += 1;
            scope.time += time;
            *scope.by_fingerprint.entry(fingerprint).or_default() += 1;
        });
    }
}

/// SQL without values: literals and parameters become `?`, lists of them one `?`, rows of them one
/// row, blanks one blank. Quoted names stay.
fn fingerprint(sql: &str) -> String {
    let mut plain = String::with_capacity(sql.len());
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        let in_word = plain.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        match c {
            c if c.is_whitespace() => {
                if !plain.is_empty() && !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            '\'' => {
                // A doubled quote within the literal reads as two literals side by side.
                while chars.next().is_some_and(|c| c != '\'') {}
                if !plain.ends_with('?') {
                    plain.push('?');
                }
            }
            '"' => {
                plain.push('"');
                for c in chars.by_ref() {
                    plain.push(c);
                    if c == '"' {
                        break;
                    }
                }
            }
            '$' | '?' | '0'..='9' if !in_word => {
                while chars.next_if(|c| c.is_ascii_digit() || *c == '.').is_some() {}
                plain.push('?');
            }
            c => plain.push(c),
        }
    }
    collapse(&collapse(plain.trim_end(), "?"), "(?)")
}

/// Replaces `item, item, …` by a single `item`.
fn collapse(text: &str, item: &str) -> String {
    let pair = format!("{item}, {item}");
    let mut text = text.replace(&format!("{item},{item}"), &pair);
    while text.contains(&pair) {
        text = text.replace(&pair, item);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shapes() {
        let cases = [
            ("SELECT  a\n FROM t1 WHERE b = $1", "SELECT a FROM t1 WHERE b = ?"),
            (
                "SELECT a FROM t WHERE b = 'it''s' AND c = 4.5",
                "SELECT a FROM t WHERE b = ? AND c = ?",
            ),
            (
                "DELETE FROM t WHERE seq IN ($1, $2, $3)",
                "DELETE FROM t WHERE seq IN (?)",
            ),
            (
                "INSERT INTO t VALUES (?, ?), (?, ?), (?, ?)",
                "INSERT INTO t VALUES (?)",
            ),
            (
                "SELECT \"a 1\" FROM \"t2\" LIMIT 5",
                "SELECT \"a 1\" FROM \"t2\" LIMIT ?",
            ),
        ];
        for (sql, expected) in cases {
            assert_eq!(fingerprint(sql), expected);
        }
    }

    proptest! {
        #[test]
        fn lists_of_any_length_have_one_shape(length in 1usize..50) {
            let list: Vec<String> = (1..=length).map(|n| format!("${n}")).collect();
            let sql = format!("SELECT a FROM t WHERE b IN ({})", list.join(", "));
            prop_assert_eq!(fingerprint(&sql), "SELECT a FROM t WHERE b IN (?)");
        }

        #[test]
        fn a_literal_never_shows(literal in "[XYZ']{1,20}") {
            let sql = format!("SELECT a FROM t WHERE b = '{}'", literal.replace('\'', "''"));
            prop_assert_eq!(fingerprint(&sql), "SELECT a FROM t WHERE b = ?");
        }

        #[test]
        fn any_text_has_a_shape(sql in "\\PC{0,80}") {
            let _ = fingerprint(&sql);
        }
    }
}

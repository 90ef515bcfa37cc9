//! What the tour looks like in a terminal: who says what, keyboards drawn, checks ticked.

use std::collections::HashSet;

use sim::{Entry, Person};
use textwrap::Options;

/// Columns of the whole.
const WIDTH: usize = 96;
/// Columns of who acts, or whom Lucien speaks to.
const NAME: usize = 11;
/// Lines of a message that are shown in any case: who speaks, and how it begins.
const BEGINNING: usize = 2;

/// Prints, and counts what held and what did not.
#[derive(Debug, Default)]
pub(super) struct Stage {
    chapters: u32,
    held: u32,
    broken: u32,
    is_after_act: bool,
    /// The lines of Lucien's that the reader knows.
    known: HashSet<String>,
}

impl Stage {
    /// How the rest is to be read.
    pub(super) fn legend(&self) {
        for (name, mark, meaning) in [
            ("Name", "│", "what somebody says or does"),
            (
                "→ Name",
                "│",
                "what Lucien writes to them; … is what was shown before",
            ),
            (
                "✎ Name",
                "│",
                "what he makes of a message that he has written before",
            ),
            ("! Name", "│", "a word of his over their screen"),
            ("", "·", "what happens besides"),
            ("", "✓", "what was checked"),
        ] {
            beside(name, mark, meaning);
        }
    }

    /// Begins a chapter, with what the reader has to know.
    pub(super) fn chapter(&mut self, title: &str, what_happens: &str) {
        self.chapters += 1;
        self.is_after_act = false;
        let heading = format!("── {}. {title} ", self.chapters);
        let rest = "─".repeat(WIDTH.saturating_sub(heading.chars().count()));
        println!("\n{heading}{rest}");
        self.tells(what_happens);
    }

    /// Plain text.
    pub(super) fn tells(&self, text: &str) {
        println!("{}", textwrap::fill(text, WIDTH));
    }

    /// What a person says or does.
    pub(super) fn acts(&mut self, who: &Person, what: &str) {
        // Whatever people do at the same time stays together.
        if !self.is_after_act {
            println!();
        }
        self.is_after_act = true;
        beside(&name(who), "│", what);
    }

    /// What happens without anybody's doing.
    pub(super) fn happens(&mut self, what: &str) {
        self.is_after_act = false;
        beside("", "·", what);
    }

    /// What Lucien says to somebody, with the buttons below. The blank lines of messages, and whatever
    /// the reader knows, would make the story twice as long.
    pub(super) fn answers(&mut self, to: &Person, entry: &Entry) {
        let text = entry.text.lines().filter(|line| !line.is_empty());
        let buttons = entry.labels().into_iter().map(|row| keys(&row, " "));
        let mut lines: Vec<String> = text.map(str::to_owned).chain(buttons).collect();
        let rest = lines.get(BEGINNING..).unwrap_or_default();
        let is_known = rest.len() > 1 && rest.iter().all(|line| self.known.contains(line));
        if is_known {
            lines.truncate(BEGINNING);
            lines.push("…".to_owned());
        }
        let sign = if entry.is_edited { '✎' } else { '→' };
        self.speaks(sign, to, &lines.join("\n"));
        self.known.extend(lines);
    }

    /// A word of Lucien's over somebody's screen after a tap.
    pub(super) fn toasts(&mut self, to: &Person, text: &str) {
        self.speaks('!', to, text);
    }

    /// Ticks off what is to hold.
    pub(super) fn check(&mut self, what: &str, holds: bool) {
        self.is_after_act = false;
        let (mark, count) = if holds {
            ("✓", &mut self.held)
        } else {
            ("✗", &mut self.broken)
        };
        *count += 1;
        beside("", mark, what);
    }

    /// The closing line. True when everything held.
    pub(super) fn closes(&self) -> bool {
        println!("\n{} passed, {} failed", self.held, self.broken);
        self.broken == 0
    }

    fn speaks(&mut self, sign: char, to: &Person, text: &str) {
        self.is_after_act = false;
        beside(&format!("{sign} {}", name(to)), "│", text);
    }
}

/// What a person is called.
pub(super) fn name(person: &Person) -> String {
    person.profile().first_name
}

/// Buttons as they are drawn; none is broken at the end of a line.
pub(super) fn keys(labels: &[&str], between: &str) -> String {
    let keys: Vec<String> = labels
        .iter()
        .map(|label| format!("[ {label} ]").replace(' ', "\u{a0}"))
        .collect();
    keys.join(between)
}

/// Prints a text beside a name.
fn beside(name: &str, mark: &str, text: &str) {
    let name: String = name.chars().take(NAME).collect();
    let mut first = format!("{name:NAME$} {mark} ");
    let wall = if mark == "│" { mark } else { " " };
    let indent = format!("{:NAME$} {wall} ", "");
    for line in text.lines() {
        let options = Options::new(WIDTH)
            .initial_indent(&first)
            .subsequent_indent(&indent);
        println!("{}", textwrap::fill(line, options).trim_end());
        first.clone_from(&indent);
    }
}

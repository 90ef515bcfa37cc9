//! What the tour looks like in a terminal: who says what, keyboards drawn, checks ticked.

use sim::{Entry, Person};
use textwrap::Options;

/// Columns of the whole.
const WIDTH: usize = 84;
/// Columns of the speaker's name.
const NAME: usize = 10;

/// Prints, and counts what held and what did not.
#[derive(Debug, Default)]
pub(super) struct Stage {
    held: u32,
    broken: u32,
}

impl Stage {
    pub(super) fn scene(&self, title: &str, what_happens: &str) {
        println!(
            "\n── {title} {}",
            "─".repeat(WIDTH.saturating_sub(title.chars().count() + 4))
        );
        println!("{}\n", textwrap::fill(what_happens, WIDTH));
    }

    /// What a person says or does.
    pub(super) fn acts(&self, who: &Person, what: &str) {
        self.line(&who.profile().first_name, what);
    }

    /// What Lucien answers, with the keyboard below.
    pub(super) fn answers(&self, entry: &Entry) {
        let speaker = if entry.is_edited { "Lucien ✎" } else { "Lucien" };
        self.line(speaker, &entry.text);
        for row in entry.labels() {
            let keys: Vec<String> = row.iter().map(|label| format!("[ {label} ]")).collect();
            println!("{:NAME$}   {}", "", keys.join(" "));
        }
        println!();
    }

    /// A word over the screen after a tap.
    pub(super) fn toasts(&self, text: &str) {
        self.line("Lucien !", text);
    }

    pub(super) fn check(&mut self, what: &str, holds: bool) {
        if holds {
            self.held += 1;
        } else {
            self.broken += 1;
        }
        println!("{:NAME$} {} {what}", "", if holds { "✓" } else { "✗" });
    }

    /// The closing line. True when everything held.
    pub(super) fn closes(&self) -> bool {
        println!("\n{} passed, {} failed", self.held, self.broken);
        self.broken == 0
    }

    fn line(&self, speaker: &str, text: &str) {
        let indent = format!("{:NAME$} │ ", "");
        let speaker: String = speaker.chars().take(NAME).collect();
        for (number, line) in text.lines().enumerate() {
            let first = if number == 0 {
                format!("{speaker:NAME$} │ ")
            } else {
                indent.clone()
            };
            let options = Options::new(WIDTH)
                .initial_indent(&first)
                .subsequent_indent(&indent);
            println!("{}", textwrap::fill(line, options).trim_end());
        }
    }
}

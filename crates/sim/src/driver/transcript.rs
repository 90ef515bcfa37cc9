//! A chat as a text that one can read: who said what, keyboards drawn.

use std::fmt::Write as _;

use crate::keyboard::{Button, ButtonAction, Markup};
use crate::state::{By, Content, Event, PrivateChat};

/// Before the lines of a message after its first, and before keyboards.
const INDENT: &str = "    ";

/// Writes down everything that happened in a chat.
pub(crate) fn write(person: &str, bot: &str, chat: Option<&PrivateChat>) -> String {
    let mut out = String::new();
    for event in chat.map_or(&[][..], |chat| &chat.events) {
        // Writing to a string cannot fail.
        let _ = match event {
            Event::Sent {
                by: By::Person,
                content,
            } => said(&mut out, person, "", content),
            Event::Sent { by: By::Bot, content } => said(&mut out, bot, "", content),
            Event::Edited { content } => said(&mut out, bot, " (edits)", content),
            Event::Pressed { label } => writeln!(out, "· {person} presses [ {label} ]"),
            Event::Answered(answer) => match (&answer.text, &answer.url) {
                (Some(text), _) if answer.show_alert => writeln!(out, "· {bot} alerts: {text}"),
                (Some(text), _) => writeln!(out, "· {bot} notes: {text}"),
                (None, Some(url)) => writeln!(out, "· {bot} opens {url}"),
                (None, None) => Ok(()),
            },
            Event::Blocked => writeln!(out, "· {person} blocks {bot}"),
            Event::Unblocked => writeln!(out, "· {person} unblocks {bot}"),
            Event::Deactivated => writeln!(out, "· {person} is gone"),
        };
    }
    out
}

fn said(out: &mut String, who: &str, how: &str, content: &Content) -> std::fmt::Result {
    let text = content.text.text.replace('\n', &format!("\n{INDENT}"));
    writeln!(out, "{who}{how}: {text}")?;
    match &content.markup {
        Some(Markup::InlineKeyboard(rows)) => draw(out, rows, label),
        Some(Markup::Keyboard(rows)) => draw(out, rows, |label| format!("( {label} )")),
        Some(Markup::RemoveKeyboard | Markup::ForceReply) | None => Ok(()),
    }
}

fn draw<B>(out: &mut String, rows: &[Vec<B>], key: impl Fn(&B) -> String) -> std::fmt::Result {
    rows.iter().try_for_each(|row| {
        let keys: Vec<String> = row.iter().map(&key).collect();
        writeln!(out, "{INDENT}{}", keys.join(" "))
    })
}

fn label(button: &Button) -> String {
    match button.action {
        ButtonAction::Callback(_) => format!("[ {} ]", button.text),
        _ => format!("[ {} ↗ ]", button.text),
    }
}

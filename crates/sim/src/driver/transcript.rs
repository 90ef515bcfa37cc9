//! A chat as a text that one can read: who said what, keyboards drawn.

use std::fmt::Write as _;

use crate::keyboard::{Button, ButtonAction, Markup};
use crate::state::{Content, Event, Log, OriginSource, Service, What, World};

/// Before the lines of a message after its first, and before keyboards.
const INDENT: &str = "    ";

/// Writes down everything that happened in a chat.
pub(crate) fn write(world: &World, log: &Log) -> String {
    let mut out = String::new();
    for event in log.events() {
        // Writing to a string cannot fail.
        let _ = line(&mut out, world, event);
    }
    out
}

fn line(out: &mut String, world: &World, event: &Event) -> std::fmt::Result {
    let name = |user: i64| world.first_name(user);
    let who = name(event.who);
    match &event.what {
        What::Sent { content, origin } => {
            let how = origin.as_ref().map(|origin| from(world, &origin.source));
            said(out, world, who, &how.unwrap_or_default(), content)
        }
        What::Edited(content) => said(out, world, who, " (edits)", content),
        What::Deleted(content) => match content.text() {
            Some(text) => writeln!(
                out,
                "· {who} deletes: {}{}",
                kind(content),
                first_line(&text.text)
            ),
            None => writeln!(out, "· {who} deletes a notice"),
        },
        What::Reacted(Some(emoji)) => writeln!(out, "· {who} reacts with {emoji}"),
        What::Reacted(None) => writeln!(out, "· {who} takes a reaction back"),
        What::Pressed { label } => writeln!(out, "· {who} presses [ {label} ]"),
        What::Answered(answer) => match (&answer.text, &answer.url) {
            (Some(text), _) if answer.show_alert => writeln!(out, "· {who} alerts: {text}"),
            (Some(text), _) => writeln!(out, "· {who} notes: {text}"),
            (None, Some(url)) => writeln!(out, "· {who} opens {url}"),
            (None, None) => Ok(()),
        },
        What::Blocked { bot } => writeln!(out, "· {who} blocks {}", name(*bot)),
        What::Unblocked { bot } => writeln!(out, "· {who} unblocks {}", name(*bot)),
        What::Deactivated => writeln!(out, "· {who} is gone"),
        What::Moved { user, status } if *user == event.who => writeln!(out, "· {who} is now: {status}"),
        What::Moved { user, status } => writeln!(out, "· {} is now, by {who}: {status}", name(*user)),
        What::Asked => writeln!(out, "· {who} asks to join"),
        What::Withdrew => writeln!(out, "· {who} no longer asks to join"),
        What::Declined { person } => writeln!(out, "· {who} declines {}", name(*person)),
    }
}

/// How a forwarded message says where it comes from.
fn from(world: &World, source: &OriginSource) -> String {
    let title = |room: i64| world.room(room).map_or("", |room| &room.profile.title);
    let whose = match source {
        OriginSource::User(user) => world.first_name(*user),
        OriginSource::HiddenUser(name) => name,
        OriginSource::Chat { room, .. } | OriginSource::Channel { room, .. } => title(*room),
    };
    format!(" (forwards from {whose})")
}

/// The kind of file in a message, before what stands under it.
fn kind(content: &Content) -> String {
    let media = content.media();
    media.map_or_else(String::new, |media| format!("[{}] ", media.file.kind().name()))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn said(out: &mut String, world: &World, who: &str, how: &str, content: &Content) -> std::fmt::Result {
    match (content.text(), content.service()) {
        (Some(text), _) => {
            let text = format!("{}{}", kind(content), text.text);
            let text = text.trim_end().replace('\n', &format!("\n{INDENT}"));
            writeln!(out, "{who}{how}: {text}")?;
        }
        (None, Some(Service::UsersShared { users, .. })) => {
            let names: Vec<&str> = users.iter().map(|user| world.first_name(user.user_id)).collect();
            writeln!(out, "· {who} shares {}", names.join(", "))?;
        }
        (None, Some(Service::ChatShared { chat_id, .. })) => {
            let title = world.room(*chat_id).map_or("", |room| &room.profile.title);
            writeln!(out, "· {who} shares the chat “{title}”")?;
        }
        (None, Some(Service::Title(title))) => writeln!(out, "· {who} names the chat “{title}”")?,
        (None, Some(Service::MigratedTo(_))) => writeln!(out, "· {who} makes it a supergroup")?,
        // That somebody came or went is an event of its own.
        (None, _) => {}
    }
    match &content.markup {
        Some(Markup::InlineKeyboard(rows)) => draw(out, rows, label),
        Some(Markup::Keyboard(rows)) => draw(out, rows, |button| format!("( {} )", button.text)),
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

//! Writes formatted text as HTML that parses to the same text and entities.

use super::entity::{Entity, EntityKind, FormattedText};

/// Writes text that [`super::arrange()`] has put in order.
pub(crate) fn to_html(formatted: &FormattedText) -> String {
    let mut html = String::with_capacity(formatted.text.len() + 16 * formatted.entities.len());
    let mut coming = formatted
        .entities
        .iter()
        .filter(|e| !e.kind.is_detected())
        .peekable();
    let mut open: Vec<&Entity> = Vec::new();
    let mut at = 0;
    for c in formatted.text.chars() {
        close(&mut html, &mut open, at);
        while let Some(entity) = coming.next_if(|e| e.offset <= at) {
            begin_tag(&mut html, &entity.kind);
            open.push(entity);
        }
        escape(&mut html, c);
        at += c.len_utf16() as u32;
    }
    close(&mut html, &mut open, at);
    html
}

fn close(html: &mut String, open: &mut Vec<&Entity>, at: u32) {
    while let Some(entity) = open.pop_if(|e| e.end() <= at) {
        html.push_str(end_tag(&entity.kind));
    }
}

fn begin_tag(html: &mut String, kind: &EntityKind) {
    let mut attribute = |before: &str, value: &str, after: &str| {
        html.push_str(before);
        value.chars().for_each(|c| escape(html, c));
        html.push_str(after);
    };
    match kind {
        EntityKind::Bold => html.push_str("<b>"),
        EntityKind::Italic => html.push_str("<i>"),
        EntityKind::Underline => html.push_str("<u>"),
        EntityKind::Strikethrough => html.push_str("<s>"),
        EntityKind::Spoiler => html.push_str("<tg-spoiler>"),
        EntityKind::Code => html.push_str("<code>"),
        EntityKind::Pre { language: None } => html.push_str("<pre>"),
        EntityKind::Pre {
            language: Some(language),
        } => {
            attribute("<pre><code class=\"language-", language, "\">");
        }
        EntityKind::TextLink { url } => attribute("<a href=\"", url, "\">"),
        EntityKind::TextMention { user_id } => {
            attribute("<a href=\"tg://user?id=", &user_id.to_string(), "\">");
        }
        EntityKind::CustomEmoji { custom_emoji_id } => {
            attribute("<tg-emoji emoji-id=\"", &custom_emoji_id.to_string(), "\">");
        }
        EntityKind::DateTime {
            unix_time,
            date_time_format,
        } => {
            attribute("<tg-time unix=\"", &unix_time.to_string(), "\"");
            if let Some(format) = date_time_format {
                html.push_str(" format=\"");
                html.push_str(format);
                html.push('"');
            }
            html.push('>');
        }
        EntityKind::Blockquote => html.push_str("<blockquote>"),
        EntityKind::ExpandableBlockquote => html.push_str("<blockquote expandable>"),
        EntityKind::Mention
        | EntityKind::Hashtag
        | EntityKind::Cashtag
        | EntityKind::BotCommand
        | EntityKind::Url
        | EntityKind::Email => {}
    }
}

fn end_tag(kind: &EntityKind) -> &'static str {
    match kind {
        EntityKind::Bold => "</b>",
        EntityKind::Italic => "</i>",
        EntityKind::Underline => "</u>",
        EntityKind::Strikethrough => "</s>",
        EntityKind::Spoiler => "</tg-spoiler>",
        EntityKind::Code => "</code>",
        EntityKind::Pre { language: None } => "</pre>",
        EntityKind::Pre { language: Some(_) } => "</code></pre>",
        EntityKind::TextLink { .. } | EntityKind::TextMention { .. } => "</a>",
        EntityKind::CustomEmoji { .. } => "</tg-emoji>",
        EntityKind::DateTime { .. } => "</tg-time>",
        EntityKind::Blockquote | EntityKind::ExpandableBlockquote => "</blockquote>",
        EntityKind::Mention
        | EntityKind::Hashtag
        | EntityKind::Cashtag
        | EntityKind::BotCommand
        | EntityKind::Url
        | EntityKind::Email => "",
    }
}

fn escape(html: &mut String, c: char) {
    match c {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        c => html.push(c),
    }
}

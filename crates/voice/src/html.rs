//! Telegram's HTML, as far as the renderer needs it.

use std::fmt;

/// Writes text so that it stands for itself between tags and inside attributes.
pub(crate) fn escape(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    text.chars().try_for_each(|c| match c {
        '&' => out.write_str("&amp;"),
        '<' => out.write_str("&lt;"),
        '>' => out.write_str("&gt;"),
        '"' => out.write_str("&quot;"),
        _ => out.write_char(c),
    })
}

/// What a reader sees: tags are gone, entities stand for their characters.
///
/// Meant for the renderer's own output, whose only `<` begin tags and whose entities are those
/// that [`escape`] writes.
pub(crate) fn visible(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            _ if in_tag => {}
            _ => text.push(c),
        }
    }
    // `&amp;` last: what it uncovers is not an entity.
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// The length by which Telegram's clients and our budgets count.
pub(crate) fn utf16_len(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_not_seen() {
        assert_eq!(visible("🎩 <b>A &amp; <i>B</i></b> &lt;3"), "🎩 A & B <3");
        assert_eq!(visible("&amp;lt;"), "&lt;");
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_seen_as_it_was(text in any::<String>()) {
            let mut html = String::new();
            escape(&text, &mut html).unwrap();
            prop_assert!(!html.contains(['<', '>', '"']));
            prop_assert_eq!(visible(&html), text);
        }
    }
}

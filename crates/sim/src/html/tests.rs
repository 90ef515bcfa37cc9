use proptest::prelude::*;

use super::*;
use crate::html::entity::{Entity, EntityKind, FormattedText};

fn read(source: &str) -> FormattedText {
    arrange(parse(source).unwrap_or_else(|error| panic!("{source}: {error}")))
}

fn refusal(source: &str) -> String {
    parse(source).expect_err(source).to_string()
}

fn bold(offset: u32, length: u32) -> Entity {
    Entity::new(offset, length, EntityKind::Bold)
}

/// The canonical HTML of a text: shows text and entities at once.
fn html(source: &str) -> String {
    to_html(&read(source))
}

#[test]
fn refusals_are_worded_as_telegram_does() {
    let table = [
        ("<p>x</p>", r#"Unsupported start tag "p" at byte offset 0"#),
        ("ñ<BR/>", r#"Unsupported start tag "br/" at byte offset 2"#),
        ("<b/>x", r#"Unsupported start tag "b/" at byte offset 0"#),
        ("a < b", r#"Unsupported start tag "" at byte offset 2"#),
        ("<!-- x -->", r#"Unsupported start tag "!--" at byte offset 0"#),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("x <", "Unclosed start tag at byte offset 2"),
        ("<a href=\"x\"", "Unclosed start tag at byte offset 0"),
        ("<a href=\"x", "Unclosed start tag at byte offset 0"),
        ("<a href", r#"Unclosed start tag "a" at byte offset 0"#),
        ("<a href =", r#"Unclosed start tag "a" at byte offset 0"#),
        ("<b />", r#"Empty attribute name in the tag "b" at byte offset 0"#),
        (
            "<b =x>",
            r#"Empty attribute name in the tag "b" at byte offset 0"#,
        ),
        (
            "<b \"x\">",
            r#"Empty attribute name in the tag "b" at byte offset 0"#,
        ),
        ("<b ", r#"Empty attribute name in the tag "b" at byte offset 0"#),
        (
            "<a href=http://x>y</a>",
            "Unexpected end of name token at byte offset 8",
        ),
        (
            "<span>x</span>",
            r#"Tag "span" must have class "tg-spoiler" at byte offset 0"#,
        ),
        (
            "<span class=\"x\">x</span>",
            r#"Tag "span" must have class "tg-spoiler" at byte offset 0"#,
        ),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<b>x</b x>", "Unclosed end tag at byte offset 4"),
        (
            "<b>x</i>",
            r#"Unmatched end tag at byte offset 4, expected "</b>", found "</i>""#,
        ),
        ("<b><i>x", r#"Can't find end tag corresponding to start tag "i""#),
        (
            "<tg-emoji emoji-id=\"0\">x</tg-emoji>",
            "Invalid custom emoji identifier specified",
        ),
        (
            "<tg-emoji emoji-id=\"x\">y</tg-emoji>",
            "Invalid custom emoji identifier specified",
        ),
        (
            "<tg-emoji>x</tg-emoji>",
            "Invalid custom emoji identifier specified",
        ),
        (
            "<tg-time unix=\"5\" format=\"x\">x</tg-time>",
            "Invalid date format used",
        ),
        (
            "&#xd83d;",
            "Text contains invalid Unicode characters after decoding HTML entities, \
             check for unmatched surrogate code units",
        ),
        (
            "&#xde00;x",
            "Text contains invalid Unicode characters after decoding HTML entities, \
             check for unmatched surrogate code units",
        ),
    ];
    for (source, wording) in table {
        assert_eq!(refusal(source), wording, "{source}");
    }
    // An end tag is complete before it is compared, and offsets are of the text as received.
    assert_eq!(
        refusal("&lt;<a x=\"&amp;\">y</b>"),
        "Unmatched end tag at byte offset 18, expected \"</a>\", found \"</b>\""
    );
}

#[test]
fn tags_and_their_synonyms() {
    let table = [
        ("<STRONG>x</strong><b>y</B>", "<b>xy</b>"),
        ("<em>x</em>", "<i>x</i>"),
        ("<ins>x</ins>", "<u>x</u>"),
        ("<strike>x</strike><del>y</del><s>z</s>", "<s>xyz</s>"),
        (
            "<span class=\"tg-spoiler\">x</span>",
            "<tg-spoiler>x</tg-spoiler>",
        ),
        ("<span class=tg-spoiler>x</span>", "<tg-spoiler>x</tg-spoiler>"),
        ("<b>x</>", "<b>x</b>"),
        ("<b\nid=1 data-x='y' z>x</b \n>", "<b>x</b>"),
        (
            "<blockquote expandable>x</blockquote>",
            "<blockquote expandable>x</blockquote>",
        ),
        (
            "<blockquote expandable=\"\">x</blockquote>",
            "<blockquote expandable>x</blockquote>",
        ),
        (
            "<tg-emoji emoji-id='5'>x</tg-emoji>",
            "<tg-emoji emoji-id=\"5\">x</tg-emoji>",
        ),
        ("<tg-emoji emoji-id='x'></tg-emoji>y", "y"),
        (
            "<tg-time unix=7 format=r>x</tg-time>",
            "<tg-time unix=\"7\" format=\"r\">x</tg-time>",
        ),
        ("<tg-time unix=0>x</tg-time>", "x"),
        ("<b></b>x<i></i>", "x"),
    ];
    for (source, canonical) in table {
        assert_eq!(html(source), canonical, "{source}");
    }
}

#[test]
fn links_are_checked() {
    let table = [
        (
            "<a href=\"example.com/?a=1&amp;b=2\">x</a>",
            "<a href=\"http://example.com/?a=1&amp;b=2\">x</a>",
        ),
        (
            "<a>https://example.com/p</a>",
            "<a href=\"https://example.com/p\">https://example.com/p</a>",
        ),
        (
            "<a href=\"tg://user?id=5\">x</a>",
            "<a href=\"tg://user?id=5\">x</a>",
        ),
        ("<a href=\"localhost\">x</a>", "x"),
        ("<a href=\"javascript:alert(1)\">x</a>", "x"),
        ("<a>x</a>", "x"),
    ];
    for (source, canonical) in table {
        assert_eq!(html(source), canonical, "{source}");
    }
}

#[test]
fn references_are_decoded_or_left_as_they_are() {
    let table = [
        ("&lt;&gt;&amp;&quot;", "<>&\""),
        ("&lt&#65&#x42;", "<AB"),
        (
            "&nbsp; &apos; &copy; & &; &#; &#x; &LT;",
            "&nbsp; &apos; &copy; & &; &#; &#x; &LT;",
        ),
        ("&#1114111;&#99999999;&#0;", "&#1114111;&#99999999;&#0;"),
        ("&#xd83d;&#xde00;!", "😀!"),
        ("a > b", "a > b"),
    ];
    for (source, text) in table {
        assert_eq!(read(source).text, text, "{source}");
    }
}

#[test]
fn code_and_pre() {
    let table = [
        (
            "<pre><code class=\"language-rust\">x</code></pre>",
            "<pre><code class=\"language-rust\">x</code></pre>",
        ),
        (
            "<code class=\"language-rust\"><pre>x</pre></code>",
            "<pre><code class=\"language-rust\">x</code></pre>",
        ),
        ("<pre><code>x</code></pre>", "<pre>x</pre>"),
        ("<code><pre>x</pre></code>", "<pre>x</pre>"),
        ("<code class=\"language-rust\">x</code>", "<code>x</code>"),
        ("<b>a<code>b</code>c</b>", "<b>a</b><code>b</code><b>c</b>"),
        ("<code>a<b>b</b></code>", "<code>ab</code>"),
        (
            "<tg-time unix=\"1\" format=\"D\"><i>x</i></tg-time>",
            "<tg-time unix=\"1\" format=\"D\">x</tg-time>",
        ),
        ("<code>a<a href=\"x.com\">b</a></code>", "<code>ab</code>"),
        (
            "<blockquote>a<code>b</code></blockquote>",
            "<blockquote>a<code>b</code></blockquote>",
        ),
        ("<pre>/start @someone</pre>", "<pre>/start @someone</pre>"),
    ];
    for (source, canonical) in table {
        assert_eq!(html(source), canonical, "{source}");
    }
}

#[test]
fn entities_are_split_and_merged_so_that_they_nest() {
    let table = [
        ("<b>a<i>b</i></b><i>c</i>", "<b>a<i>b</i></b><i>c</i>"),
        ("<b>a<b>b</b></b>c", "<b>ab</b>c"),
        ("<i><b>x</b></i>", "<b><i>x</i></b>"),
        (
            "<b><a href=\"x.com\">x</a></b>",
            "<a href=\"http://x.com/\"><b>x</b></a>",
        ),
        (
            "<a href=\"x.com\">a<a href=\"y.com\">b</a></a>",
            "<a href=\"http://x.com/\">ab</a>",
        ),
        (
            "<a href=\"x.com\"><a href=\"y.com\">b</a></a>",
            "<a href=\"http://x.com/\">b</a>",
        ),
        (
            "<blockquote>a<blockquote>b</blockquote></blockquote>",
            "<blockquote>ab</blockquote>",
        ),
        (
            "<blockquote>a</blockquote><blockquote>b</blockquote>",
            "<blockquote>a</blockquote><blockquote>b</blockquote>",
        ),
    ];
    for (source, canonical) in table {
        assert_eq!(html(source), canonical, "{source}");
    }
}

#[test]
fn overlapping_entities_are_cut_apart() {
    let link = EntityKind::TextLink {
        url: "http://x.com/".into(),
    };
    let entities = vec![
        bold(0, 4),
        Entity::new(2, 4, link.clone()),
        Entity::new(3, 5, EntityKind::Italic),
    ];
    let arranged = arrange(FormattedText {
        text: "abcdefgh".into(),
        entities,
    });
    assert_eq!(
        to_html(&arranged),
        "<b>ab</b><a href=\"http://x.com/\"><b>c<i>d</i></b><i>ef</i></a><i>gh</i>"
    );
    let beyond = vec![Entity::new(6, 100, link), Entity::new(50, 1, EntityKind::Bold)];
    let arranged = arrange(FormattedText {
        text: "abcdefgh".into(),
        entities: beyond,
    });
    assert_eq!(to_html(&arranged), "abcdef<a href=\"http://x.com/\">gh</a>");
}

#[test]
fn characters_are_cleaned_and_ends_trimmed() {
    let table = [
        ("  \n hola \n ", "hola"),
        ("a\r\n\tb\u{7}c\u{202e}d", "a\n b cd"),
        (" <b> x </b> ", "<b> x</b>"),
        ("\n <b>x</b>\n", "<b>x</b>"),
        ("<b>x\r</b>y", "<b>x</b>y"),
        ("<b>\r</b>y", "y"),
        (" \u{a0}x", "\u{a0}x"),
    ];
    for (source, canonical) in table {
        assert_eq!(html(source), canonical, "{source:?}");
    }
    assert_eq!(read("<b> \n</b>"), FormattedText::default());
    assert_eq!(read("<i>😀</i><b>ñ</b>").entities[1], bold(2, 1));
}

#[test]
fn the_server_finds_entities_itself() {
    let found = |text: &str| -> Vec<(String, String)> {
        let arranged = arrange(FormattedText {
            text: text.into(),
            entities: Vec::new(),
        });
        let units: Vec<u16> = arranged.text.encode_utf16().collect();
        let describe = |e: &Entity| {
            let range = e.offset as usize..(e.offset + e.length) as usize;
            let kind = serde_json::to_value(&e.kind).expect("kinds serialise")["type"].to_string();
            (
                kind.trim_matches('"').to_owned(),
                String::from_utf16_lossy(&units[range]),
            )
        };
        arranged.entities.iter().map(describe).collect()
    };
    let one = |kind: &str, text: &str| vec![(kind.to_owned(), text.to_owned())];
    let table = [
        ("/start", one("bot_command", "/start")),
        ("😀 /start abc", one("bot_command", "/start")),
        ("/start@stand_in_bot x", one("bot_command", "/start@stand_in_bot")),
        ("a/start", vec![]),
        ("//start", vec![]),
        ("/start/x", vec![]),
        ("/comando_ñ", vec![]),
        ("(@someone)", one("mention", "@someone")),
        ("@abc", vec![]),
        ("a@someone", vec![]),
        ("#año2026 y", one("hashtag", "#año2026")),
        ("#2026", vec![]),
        ("$USD", one("cashtag", "$USD")),
        ("$usd", vec![]),
        (
            "ve a https://t.me/x?start=y.",
            one("url", "https://t.me/x?start=y"),
        ),
        ("(example.com/a)", one("url", "example.com/a")),
        ("archivo.txt", vec![]),
        ("a.b.c.d.e", vec![]),
        (
            "escribe a ana.b@example.com, por favor",
            one("email", "ana.b@example.com"),
        ),
        ("3.5 o 4.com", one("url", "4.com")),
    ];
    for (text, expected) in table {
        assert_eq!(found(text), expected, "{text}");
    }
}

/// HTML that is well-formed more often than not.
fn plausible() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[ a-z\nñ😀]{0,6}",
        Just("&lt;&amp;".to_owned()),
        Just(" /start @someone x.com #tag ".to_owned()),
        Just("\t\r\u{202e}".to_owned()),
    ];
    text.prop_recursive(5, 40, 5, |inner| {
        let tag = prop::sample::select(vec![
            ("<b>", "</b>"),
            ("<i>", "</i>"),
            ("<u>", "</u>"),
            ("<s>", "</s>"),
            ("<tg-spoiler>", "</tg-spoiler>"),
            ("<a href=\"x.com/&quot;&lt;\">", "</a>"),
            ("<a href=\"tg://user?id=7\">", "</a>"),
            ("<code>", "</code>"),
            ("<pre>", "</pre>"),
            ("<pre><code class=\"language-a&amp;\">", "</code></pre>"),
            ("<blockquote>", "</blockquote>"),
            ("<blockquote expandable>", "</blockquote>"),
            ("<tg-emoji emoji-id=\"1\">", "</tg-emoji>"),
            ("<tg-time unix=\"1\" format=\"D\">", "</tg-time>"),
            ("", ""),
        ]);
        (tag, prop::collection::vec(inner, 0..5))
            .prop_map(|((begin, end), parts)| format!("{begin}{}{end}", parts.concat()))
    })
}

/// Pieces of HTML in any order: mostly ill-formed, but never far from what is well-formed.
fn rubble() -> impl Strategy<Value = String> {
    let pieces = vec![
        "<b>",
        "</b>",
        "<i",
        ">",
        "</>",
        "<a href=\"",
        "\"",
        "x.com",
        "<a>",
        "</a>",
        "<code class=\"language-x\">",
        "<pre>",
        "</pre>",
        "</code>",
        "<span class='tg-spoiler'>",
        "</span>",
        "<blockquote expandable>",
        "</blockquote>",
        "<tg-emoji emoji-id=7>",
        "</tg-emoji>",
        "<tg-time unix=\"9\" format=\"r\">",
        "</tg-time>",
        "&lt;",
        "&#xd83d;",
        "&#xde00;",
        "&amp",
        "😀",
        "\u{200d}",
        "\0",
        "\r",
        " ",
        "\n",
        "/start",
        "@someone",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..24).prop_map(|pieces| pieces.concat())
}

fn nests(entities: &[Entity]) -> bool {
    entities.iter().enumerate().all(|(i, a)| {
        entities[i + 1..]
            .iter()
            .all(|b| b.offset >= a.end() || (b.offset >= a.offset && b.end() <= a.end()))
    })
}

fn is_canonical(formatted: &FormattedText) -> bool {
    arrange(parse(&to_html(formatted)).expect("what is written is well-formed")) == *formatted
        && nests(&formatted.entities)
}

proptest! {
    #[test]
    fn what_is_accepted_is_written_back_equal(source in plausible()) {
        let formatted = read(&source);
        prop_assert!(is_canonical(&formatted), "{:?} -> {:?}", formatted, to_html(&formatted));
    }

    #[test]
    fn any_entities_can_be_put_in_order(
        text in "[ a-z/@.\n😀]{0,20}",
        ranges in prop::collection::vec((0u32..25, 0u32..25, 0usize..8), 0..8),
    ) {
        let kinds = [
            EntityKind::Bold,
            EntityKind::Italic,
            EntityKind::Spoiler,
            EntityKind::Code,
            EntityKind::Pre { language: None },
            EntityKind::TextMention { user_id: 5 },
            EntityKind::Blockquote,
            EntityKind::CustomEmoji { custom_emoji_id: 3 },
        ];
        let boundary = |at: u32| {
            // Between the halves of a pair no bot's entity begins or ends.
            let mut units = 0;
            text.chars().map(|c| { units += c.len_utf16() as u32; units }).find(|end| *end >= at).unwrap_or(units)
        };
        let entities = ranges
            .iter()
            .map(|(offset, length, kind)| {
                let (begin, end) = (boundary(*offset), boundary(offset + length));
                Entity::new(begin, end - begin, kinds[*kind].clone())
            })
            .filter(|entity| entity.length > 0)
            .collect();
        let formatted = arrange(FormattedText { text: text.clone(), entities });
        prop_assert!(is_canonical(&formatted), "{:?} -> {:?}", formatted, to_html(&formatted));
    }

    #[test]
    fn rubble_is_harmless(source in rubble()) {
        if let Ok(parsed) = parse(&source) {
            let arranged = arrange(parsed);
            prop_assert!(is_canonical(&arranged), "{:?} -> {:?}", arranged, to_html(&arranged));
        }
    }

    #[test]
    fn hostile_input_is_harmless(source in "\\PC*|[<>/&;#x=\"' a-z0\u{0}\r\n-]{0,40}") {
        if let Ok(parsed) = parse(&source) {
            prop_assert!(is_canonical(&arrange(parsed)));
        }
    }
}

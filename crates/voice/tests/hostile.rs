//! Whatever people are called, what Telegram gets is valid and within its limits.

use chrono_tz::Tz;
use proptest::prelude::*;
use voice::{Choice, Rendered, UserText, Voice, specimens};

/// Checks HTML as strictly as we ourselves write it: the tags we use, properly nested; every
/// other `<` and every `&` an entity that Telegram knows. Returns what a reader sees.
fn read(html: &str) -> Result<String, String> {
    let mut open: Vec<&str> = Vec::new();
    let mut seen = String::new();
    let mut rest = html;
    while let Some(next) = rest.chars().next() {
        let (length, shown) = match next {
            '<' => {
                let end = rest.find('>').ok_or("a tag without an end")?;
                match &rest[1..end] {
                    tag @ ("b" | "i" | "code") => open.push(tag),
                    tag => {
                        let name = tag.strip_prefix('/').ok_or_else(|| format!("the tag {tag:?}"))?;
                        if open.pop() != Some(name) {
                            return Err(format!("{tag:?} closes nothing"));
                        }
                    }
                }
                (end + 1, None)
            }
            '&' => {
                let entities = [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"')];
                let (entity, c) = entities
                    .into_iter()
                    .find(|(entity, _)| rest.starts_with(entity))
                    .ok_or("a bare &")?;
                (entity.len(), Some(c))
            }
            '>' => return Err("a bare >".to_owned()),
            c => (c.len_utf8(), Some(c)),
        };
        seen.extend(shown);
        rest = &rest[length..];
    }
    if open.is_empty() {
        Ok(seen)
    } else {
        Err(format!("left open: {open:?}"))
    }
}

fn check_all(voice: &Voice, text: &UserText) -> Result<(), TestCaseError> {
    for specimen in specimens() {
        let hostile = specimen.with_user_text(text);
        let rendered = voice.show(&hostile, 0);
        let rendered = rendered.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let seen = read(rendered.as_html()).map_err(TestCaseError::fail)?;
        prop_assert_eq!(rendered.visible_len(), seen.encode_utf16().count());
        prop_assert_eq!(&rendered.visible(), &seen);
        prop_assert!((1..=Rendered::MAX_VISIBLE_LEN).contains(&rendered.visible_len()));
        prop_assert!(seen.starts_with("🎩 "));
        prop_assert!(!rendered.as_html().contains("<b></b>"));
        // A name is not cut, so it can be found again.
        if specimen.id.ends_with("_home") {
            prop_assert!(seen.contains(text.as_str()));
        }
    }
    Ok(())
}

fn voice() -> Voice {
    Voice::builtin(Tz::America__Mexico_City, Choice::seeded(1))
}

#[test]
fn known_mischief_is_harmless() {
    let voice = voice();
    let longest = [
        ("<", 100),
        ("&", 100),
        ("👩‍👩‍👧‍👦", 100),
        ("a\u{301}\u{302}", 100),
        ("\u{fdfd}", 100),
    ];
    let longest = longest.map(|(text, times)| text.repeat(times));
    let names = [
        "<b>&\"'",
        "</i></b>",
        "&amp;&lt;b&gt;",
        "{{ name }}{% endif %}",
        "\u{202e}acirema\u{2066}",
        "ليلى العامرية",
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "a\nb\r\n\tc",
        "",
        "\u{200b}\u{3164}",
        "@everyone /start https://t.me/x",
    ];
    for name in names.into_iter().chain(longest.iter().map(String::as_str)) {
        check_all(&voice, &UserText::new(name)).unwrap_or_else(|error| panic!("{name:?}: {error}"));
    }
}

#[test]
fn the_reader_knows_bad_html() {
    for bad in [
        "<b>",
        "</b>",
        "<b><i></b></i>",
        "<br>",
        "a < b",
        "a & b",
        "a > b",
        "&nbsp;",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
    assert_eq!(read("<b>a &amp; <i>b</i></b>").as_deref(), Ok("a & b"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_are_called_the_text_is_valid(name in prop_oneof![
        any::<String>(),
        "[<>&\"'/ab;#x]{0,100}",
        "[\u{200b}-\u{200f}\u{202a}-\u{202e}👩👧א-ת🏳️]{0,100}",
        "\\PC{100}",
    ]) {
        check_all(&voice(), &UserText::new(&name))?;
    }
}

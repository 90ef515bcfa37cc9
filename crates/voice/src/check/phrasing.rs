//! The rules that a text keeps, whatever it is the text of.

use super::words::{
    COMMANDS, FAMILIAR, FAMILIAR_ENDINGS, GENDERED, GENDERED_ADJECTIVES, JARGON, LEFTOVERS, NO_COMMANDS,
    NO_PARTICIPLES, NOT_FAMILIAR, PLAIN_TERMS,
};
use super::{Fault, Rule};
use crate::catalogue::{Audience, Speaker};
use crate::html;

const HAT: char = '🎩';
/// A line, which phones break as they need, may have this many UTF-16 units.
const LINE_MAX_UNITS: usize = 400;

/// A word with what has to be known of its place.
struct Word<'a> {
    text: &'a str,
    lower: String,
    begins_sentence: bool,
}

/// Whether this is HTML that Telegram takes, as strictly as we ourselves write it.
pub(super) fn tags(markup: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = markup;
    while let Some(at) = rest.find(['<', '>', '&']) {
        rest = &rest[at..];
        let (length, is_fine) = if rest.starts_with('<') {
            let length = rest.find('>').map_or(rest.len(), |end| end + 1);
            let is_fine = match &rest[1..length].trim_end_matches('>') {
                name @ (&"b" | &"i" | &"code") => {
                    open.push(name);
                    true
                }
                name => name
                    .strip_prefix('/')
                    .is_some_and(|name| open.pop() == Some(name)),
            };
            (length, is_fine)
        } else {
            let entity = ["&lt;", "&gt;", "&amp;", "&quot;"]
                .into_iter()
                .find(|entity| rest.starts_with(entity));
            (entity.map_or(1, str::len), entity.is_some())
        };
        if !is_fine {
            faults.push(Fault::new(Rule::Tags, &rest[..length]));
        }
        rest = &rest[length..];
    }
    faults.extend(
        open.into_iter()
            .map(|name| Fault::new(Rule::Tags, format!("<{name}>"))),
    );
    let empty = ["<b></b>", "<i></i>", "<code></code>"].into_iter();
    let empty = empty.filter(|empty| markup.contains(empty));
    faults.extend(empty.map(|empty| Fault::new(Rule::Tags, empty)));
    faults
}

/// Whether the hat is where it belongs, and nowhere else.
pub(super) fn signature(text: &str, speaker: Speaker) -> Option<Fault> {
    let is_signed = text.strip_prefix(HAT).is_some_and(|text| text.starts_with(' '));
    let is_fine = match speaker {
        Speaker::Lucien => is_signed,
        Speaker::Diana | Speaker::Neutral => !text.contains(HAT),
    };
    (!is_fine).then(|| Fault::new(Rule::Signature, beginning(text)))
}

/// The rules for what is seen.
pub(super) fn phrasing(text: &str, speaker: Speaker, audience: Audience) -> Vec<Fault> {
    let mut faults = Vec::new();
    let sentences = without_addresses(text);
    let words = words(&sentences);
    if speaker != Speaker::Diana {
        faults.extend(usted(&words));
    }
    faults.extend(jargon(&words, audience));
    faults.extend(gender(&words));
    faults.extend(calm(text, &words));
    faults.extend(marks(&sentences));
    faults.extend(spacing(&sentences));
    let leftovers = LEFTOVERS.iter().filter(|leftover| sentences.contains(**leftover));
    faults.extend(leftovers.map(|leftover| Fault::new(Rule::Leftovers, *leftover)));
    let walls = text.lines().filter(|line| html::utf16_len(line) > LINE_MAX_UNITS);
    faults.extend(walls.map(|wall| Fault::new(Rule::Wall, beginning(wall))));
    faults
}

/// Whether spoken paragraphs, those in italics, end like sentences.
pub(super) fn endings(markup: &str) -> impl Iterator<Item = Fault> {
    let spoken = markup.split("\n\n").filter_map(|paragraph| {
        let words = paragraph.strip_prefix("<i>")?.strip_suffix("</i>")?;
        Some(html::visible(words))
    });
    spoken.filter_map(|words| ending(&words))
}

/// Whether a text ends like a sentence.
pub(super) fn ending(text: &str) -> Option<Fault> {
    let ends = text.ends_with(['.', '…', '?', '!']);
    let last = text.split_whitespace().next_back().unwrap_or_default();
    (!ends).then(|| Fault::new(Rule::Ending, last))
}

/// Names that come from the configuration, in a text that says them by itself.
pub(super) fn names(text: &str, names: &[&str]) -> Vec<Fault> {
    let is_said = |name: &str| {
        text.match_indices(name).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + name.len()..]);
            !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
        })
    };
    let said = names.iter().filter(|name| is_said(name));
    said.map(|name| Fault::new(Rule::Names, *name)).collect()
}

/// The first words of a text, to find it by.
pub(super) fn beginning(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    first.chars().take(40).collect()
}

/// The text without addresses and commands, which are names and not words.
fn without_addresses(text: &str) -> String {
    let is_name =
        |word: &str| word.starts_with("https://") || word.starts_with("http://") || is_command(word);
    let line = |line: &str| {
        let words = line.split(' ').map(|word| if is_name(word) { "x" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn is_command(word: &str) -> bool {
    word.strip_prefix('/')
        .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut begins_sentence = true;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        if end == 0 {
            begins_sentence |= matches!(next, '.' | '?' | '!' | '\n' | ':' | '¿' | '¡' | '—');
            rest = &rest[next.len_utf8()..];
            continue;
        }
        let (text, after) = rest.split_at(end);
        words.push(Word {
            text,
            lower: text.to_lowercase(),
            begins_sentence,
        });
        begins_sentence = false;
        rest = after;
    }
    words
}

fn usted(words: &[Word<'_>]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let lower = word.lower.as_str();
        let ends_familiar = FAMILIAR_ENDINGS.iter().any(|ending| lower.ends_with(ending));
        let is_familiar = FAMILIAR.contains(lower) || ends_familiar && !NOT_FAMILIAR.contains(lower);
        let is_command = word.begins_sentence
            && word.text.starts_with(char::is_uppercase)
            && COMMANDS.contains(lower)
            && words.get(index + 1).is_none_or(|next| next.lower != "usted");
        if is_familiar || is_command || is_accented_command(lower) {
            faults.push(Fault::new(Rule::Usted, word.text));
        }
    }
    faults
}

/// *Siéntate*, *acércate*: an accent, and the pronoun at the end.
fn is_accented_command(word: &str) -> bool {
    word.ends_with("te")
        && !word.ends_with("mente")
        && word.contains(['á', 'é', 'í', 'ó', 'ú'])
        && !NO_COMMANDS.contains(word)
}

fn jargon<'a>(words: &'a [Word<'_>], audience: Audience) -> impl Iterator<Item = Fault> + 'a {
    let is_plain = move |word: &str| audience == Audience::Custodian && PLAIN_TERMS.contains(word);
    let found = words
        .iter()
        .filter(move |word| JARGON.contains(word.lower.as_str()) && !is_plain(&word.lower));
    found.map(|word| Fault::new(Rule::Jargon, word.text))
}

fn gender(words: &[Word<'_>]) -> Vec<Fault> {
    let before = |index: usize, steps: usize| {
        let word = index.checked_sub(steps).and_then(|index| words.get(index));
        word.map_or("", |word| word.lower.as_str())
    };
    let mut faults = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let lower = word.lower.as_str();
        let is_participle = ["ado", "ada", "ido", "ida"]
            .iter()
            .any(|ending| lower.ends_with(ending))
            && !NO_PARTICIPLES.contains(lower);
        let of_listener = ["está", "esté", "usted", "quede", "siéntase"].contains(&before(index, 1));
        // «Usted ha llegado» is everybody's; «está usted invitado» is not.
        let follows_usted = before(index, 1) == "usted" && before(index, 2) != "ha"
            || before(index, 1) == "sido" && before(index, 3) == "usted"
            || before(index, 1) == "usted" && before(index, 2) == "sido";
        if GENDERED.contains(lower)
            || GENDERED_ADJECTIVES.contains(lower) && of_listener
            || is_participle && follows_usted
        {
            faults.push(Fault::new(Rule::Gender, word.text));
        }
    }
    faults
}

fn calm(text: &str, words: &[Word<'_>]) -> Vec<Fault> {
    let loud = ["!!", "¡¡", "??", "❌"]
        .into_iter()
        .filter(|loud| text.contains(loud));
    let mut faults: Vec<_> = loud.map(|loud| Fault::new(Rule::Calm, loud)).collect();
    if text.matches('!').count() > 1 && !text.contains("!!") {
        faults.push(Fault::new(Rule::Calm, "!"));
    }
    let first = words.first().map_or("", |word| word.lower.as_str());
    if ["error", "alerta", "atención", "ups"].contains(&first) {
        faults.push(Fault::new(Rule::Calm, first));
    }
    faults
}

fn marks(sentences: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (opening, closing) in [('¿', '?'), ('¡', '!')] {
        let mut is_open = false;
        for (at, c) in sentences.char_indices() {
            if c != opening && c != closing {
                continue;
            }
            if is_open == (c == opening) {
                faults.push(Fault::new(Rule::Marks, around(sentences, at)));
            }
            is_open = c == opening;
        }
        if is_open {
            faults.push(Fault::new(Rule::Marks, opening));
        }
    }
    faults
}

fn spacing(text: &str) -> Vec<Fault> {
    let found = |wrong: &str| text.find(wrong).map(|at| around(text, at));
    let spaces = [
        "  ", "\n\n\n", " \n", "\n ", " ,", " .", " ;", " :", " ?", " !", "¿ ", "¡ ", "\t",
    ];
    let spaces = spaces.into_iter().filter_map(found);
    let mut faults: Vec<_> = spaces.map(|excerpt| Fault::new(Rule::Spaces, excerpt)).collect();
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        faults.push(Fault::new(Rule::Spaces, beginning(text)));
    }
    let ellipses = ["..", "……", "….", ".…"].into_iter().filter_map(found);
    faults.extend(ellipses.map(|excerpt| Fault::new(Rule::Ellipsis, excerpt)));
    faults
}

/// The words about a place, from its own line.
fn around(text: &str, at: usize) -> String {
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    let before: String = line.chars().rev().take(12).collect();
    let before: String = before.chars().rev().collect();
    let after: String = text[at..].chars().take(12).collect();
    format!("{before}{after}").replace('\n', "⏎")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_what_others_do() {
        for fine in [
            "Su lugar le espera.",
            "Diana elige con calma.",
            "Espere un momento.",
            "Espera usted a alguien.",
            "Es un trámite sin límite, únicamente.",
            "Siéntese, acérquese, permítame.",
        ] {
            assert_eq!(usted(&words(fine)), [], "{fine}");
        }
        for planted in [
            "Espera un momento.",
            "Bien. Elige una puerta.",
            "Acércate.",
            "Llegaste a casa.",
            "Verás algo.",
            "Sabéis dónde.",
            "Esto es tuyo.",
        ] {
            assert_eq!(usted(&words(planted)).len(), 1, "{planted}");
        }
    }

    #[test]
    fn gender_is_presumed_of_the_listener_only() {
        for fine in [
            "Le doy la bienvenida.",
            "Esta es la lista.",
            "Ha dado usted un paso.",
            "Usted ha llegado lejos.",
            "Su invitación ha sido aceptada.",
            "Lo que usted decida.",
        ] {
            assert_eq!(gender(&words(fine)), [], "{fine}");
        }
        for planted in [
            "Bienvenido.",
            "Cuando usted esté listo.",
            "Está usted invitada.",
            "Usted ha sido admitido.",
            "Quede usted tranquilo.",
        ] {
            assert!(!gender(&words(planted)).is_empty(), "{planted}");
        }
    }

    #[test]
    fn names_are_whole_and_may_have_several_words() {
        let found = |text| names(text, &["Diana", "Ana Luz"]).len();
        assert_eq!(found("Diana y Ana Luz, con Diana."), 2);
        assert_eq!(found("Dianas, y la luz de Ana."), 0);
    }

    #[test]
    fn addresses_and_commands_are_no_words() {
        let text = "Con /id lo sabe: https://t.me/bot?start=x";
        assert_eq!(phrasing(text, Speaker::Lucien, Audience::Everybody), []);
    }
}

//! Lucien's manners, checked on everything that he can say.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use voice::{Audience, Choice, CommandId, LabelId, Speaker, ToastId, Voice, specimens};

/// Words of the second person singular.
const TUTEO: &[&str] = &[
    "tú",
    "tu",
    "tus",
    "ti",
    "te",
    "contigo",
    "tuyo",
    "tuya",
    "tuyos",
    "tuyas",
    "vos",
    "eres",
    "estás",
    "tienes",
    "puedes",
    "quieres",
    "debes",
    "sabes",
    "vas",
    "has",
    "haz",
    "hagas",
    "ven",
    "dime",
    "dame",
    "ponte",
    "espera",
    "elige",
    "escoge",
    "pulsa",
    "toca",
    "presiona",
    "intenta",
    "selecciona",
    "verifica",
    "usa",
    "escribe",
    "mira",
];
/// Forms of the second person that only their endings betray.
const TUTEO_ENDINGS: &[&str] = &["aste", "iste"];
const NO_TUTEO: &[&str] = &["existe", "triste", "insiste", "asiste", "contraste"];
/// Words of the machine room.
const JARGON: &[&str] = &[
    "token",
    "error",
    "excepción",
    "sistema",
    "base",
    "datos",
    "api",
    "bot",
    "callback",
    "null",
    "none",
    "servidor",
    "usuario",
    "usuarios",
    "admin",
    "administrador",
    "vip",
    "free",
    "premium",
    "comando",
    "sql",
    "fase",
    "versión",
    "bug",
    "timeout",
    "id",
];
/// Words of the machine room that those who run the house read beside the butler's.
const PLAIN_TERMS: &[&str] = &["vip", "free", "bot", "administrador", "usuarios", "versión"];
/// Words that presume the listener's gender.
const GENDERED: &[&str] = &[
    "bienvenido",
    "bienvenida",
    "estimado",
    "estimada",
    "querido",
    "querida",
    "listo",
    "lista",
    "invitado",
    "invitada",
];
const TAGS: &[&str] = &["<b>", "</b>", "<i>", "</i>", "<code>", "</code>"];

/// What is wrong with a text that is shown as HTML.
fn faults(html: &str, speaker: Speaker, audience: Audience) -> Vec<String> {
    let mut faults = Vec::new();
    let mut open = Vec::new();
    for (start, _) in html.match_indices('<') {
        let tag = &html[start..=start + html[start..].find('>').unwrap_or(html.len() - start - 1)];
        if !TAGS.contains(&tag) {
            faults.push(format!("tag {tag}"));
        } else if let Some(name) = tag.strip_prefix("</") {
            if open.pop() != Some(name) {
                faults.push(format!("{tag} closes nothing"));
            }
        } else {
            open.push(&tag[1..]);
        }
    }
    if !open.is_empty() {
        faults.push(format!("left open: {open:?}"));
    }
    for empty in ["<b></b>", "<i></i>", "<code></code>"] {
        if html.contains(empty) {
            faults.push(format!("empty {empty}"));
        }
    }
    let visible = TAGS
        .iter()
        .fold(html.to_owned(), |text, tag| text.replace(tag, ""));
    faults.extend(faults_of_plain(&visible, speaker, audience));
    faults
}

/// What is wrong with a text that is shown as it is.
fn faults_of_plain(text: &str, speaker: Speaker, audience: Audience) -> Vec<String> {
    let mut faults = Vec::new();
    if speaker == Speaker::Lucien {
        if !text.starts_with("🎩 ") {
            faults.push("the hat does not come first".to_owned());
        }
        // One may give a welcome, but not call somebody welcome; a list is no person who is ready.
        // Commands are names, not words.
        let words = text
            .replace("la bienvenida", "")
            .replace("la lista", "")
            .split_whitespace()
            .filter(|word| !word.starts_with('/'))
            .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()))
            .map(str::to_lowercase)
            .collect::<Vec<_>>();
        for word in words {
            let second_person = TUTEO.contains(&word.as_str())
                || TUTEO_ENDINGS.iter().any(|ending| word.ends_with(ending))
                    && !NO_TUTEO.contains(&word.as_str());
            if second_person {
                faults.push(format!("tuteo: {word}"));
            }
            let plain_term = audience == Audience::Custodian && PLAIN_TERMS.contains(&word.as_str());
            if JARGON.contains(&word.as_str()) && !plain_term {
                faults.push(format!("jargon: {word}"));
            }
            if GENDERED.contains(&word.as_str()) {
                faults.push(format!("gender presumed: {word}"));
            }
        }
    }
    let addresses = text
        .split_whitespace()
        .filter(|word| word.starts_with("https://"));
    let sentences = addresses.fold(text.to_owned(), |text, address| text.replace(address, ""));
    for (opening, closing) in [('¿', '?'), ('¡', '!')] {
        if sentences.matches(opening).count() != sentences.matches(closing).count() {
            faults.push(format!("{opening}{closing} do not match"));
        }
    }
    for (wrong, what) in [
        ("  ", "two spaces"),
        ("\n\n\n", "two blank lines"),
        (" \n", "a space at the end of a line"),
        ("\n ", "a space at the beginning of a line"),
        ("...", "three dots instead of …"),
        (" ,", "a space before a comma"),
        (" .", "a space before a full stop"),
        ("!!", "shouting"),
        ("❌", "a red cross"),
    ] {
        if text.contains(wrong) {
            faults.push(what.to_owned());
        }
    }
    faults
}

fn voice() -> Voice {
    Voice::builtin(Tz::America__Mexico_City, Choice::seeded(1))
}

#[test]
fn everything_that_is_said_has_manners() {
    let voice = voice();
    for specimen in specimens() {
        let entry = voice.catalogue().entry(specimen.id).expect("corresponds");
        let mut variants = BTreeSet::new();
        for variant in 0.. {
            let Ok(rendered) = voice.show(&specimen, variant) else {
                break;
            };
            let html = rendered.as_html();
            let faults = faults(html, entry.speaker(), entry.audience());
            assert!(
                faults.is_empty(),
                "{} {}: {faults:?}\n{html}",
                specimen.id,
                specimen.branch
            );
            assert!(
                variants.insert(html.to_owned()),
                "{}: a variant twice",
                specimen.id
            );
        }
        assert!(!variants.is_empty());
    }
}

#[test]
fn short_texts_have_manners_too() {
    let voice = voice();
    let toasts = ToastId::ALL.iter().map(|id| voice.toast(*id).as_str().to_owned());
    for text in toasts {
        let faults = faults_of_plain(&text, Speaker::Lucien, Audience::Everybody);
        assert_eq!(faults, Vec::<String>::new(), "{text}");
    }
    let labels = LabelId::ALL.iter().map(|id| {
        let in_panel = id.key().starts_with("panel");
        let audience = if in_panel {
            Audience::Custodian
        } else {
            Audience::Everybody
        };
        (voice.label(*id).as_str().to_owned(), audience)
    });
    let commands = CommandId::ALL
        .iter()
        .map(|id| (voice.command(*id).description, id.audience()));
    for (text, audience) in labels.chain(commands) {
        let faults = faults_of_plain(&format!("🎩 {text}"), Speaker::Lucien, audience);
        assert_eq!(faults, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_people_see_often_varies() {
    let voice = voice();
    for (id, branch, weights) in [
        ("start.custodian", "morning", &[50, 30, 20][..]),
        ("start.custodian", "afternoon", &[50, 30, 20]),
        ("start.custodian", "night", &[50, 30, 20]),
        ("menu.vip_home", "", &[60, 30, 10]),
        ("menu.free_home", "", &[70, 30]),
        ("menu.free_content", "listed", &[1, 1, 1]),
        ("menu.premium", "listed", &[1, 1, 1]),
        ("menu.ritual_home", "", &[1]),
        ("admin_main.panel", "complete", &[50, 30, 20]),
        ("common.patience", "", &[50, 30, 20]),
        ("free_queue.request_noted", "networks", &[50, 30, 20]),
        ("free_queue.request_repeated", "", &[1, 1, 1]),
        ("free_queue.admitted", "linked", &[50, 30, 20]),
        ("ends.reminder", "three_days", &[1, 1]),
        ("ends.reminder", "one_day", &[1, 1]),
        ("ends.ended", "", &[1, 1]),
        ("summary.day", "busy", &[50, 30, 20]),
        ("summary.day", "quiet", &[50, 30, 20]),
        ("vip_entry.key", "", &[1, 1, 1]),
        ("vip_entry.renewed", "inside", &[1, 1, 1]),
        // Everybody hears the same words in the ritual.
        ("vip_entry.ritual_first", "", &[1]),
        ("vip_entry.ritual_second", "", &[1]),
        ("vip_entry.ritual_third", "", &[1]),
    ] {
        let entry = voice.catalogue().entry(id).expect("exists");
        let (_, branch) = entry
            .branches()
            .find(|(when, _)| *when == branch)
            .expect("exists");
        assert_eq!(branch.weights(), weights, "{id}");
    }
}

#[test]
fn each_rule_catches_its_fault() {
    let clean = "🎩 <b>Lucien</b>\n\n<i>¿Desea algo más?</i>";
    assert_eq!(
        faults(clean, Speaker::Lucien, Audience::Everybody),
        Vec::<String>::new()
    );
    for (planted, fault) in [
        ("<b>Lucien</b> 🎩", "the hat does not come first"),
        ("🎩 Esto es para ti", "tuteo: ti"),
        ("🎩 Qué bien que llegaste", "tuteo: llegaste"),
        ("🎩 Su token no sirve", "jargon: token"),
        ("🎩 Bienvenido", "gender presumed: bienvenido"),
        ("🎩 <b>Lucien", "left open: [\"b>\"]"),
        ("🎩 <b><i>Lucien</b></i>", "</b> closes nothing"),
        ("🎩 <br>", "tag <br>"),
        ("🎩 <b></b>", "empty <b></b>"),
        ("🎩 Desea algo?", "¿? do not match"),
        ("🎩 Adelante!", "¡! do not match"),
        ("🎩 Dos  espacios", "two spaces"),
        ("🎩 a\n\n\nb", "two blank lines"),
        ("🎩 Pase...", "three dots instead of …"),
    ] {
        let found = faults(planted, Speaker::Lucien, Audience::Everybody);
        assert!(found.iter().any(|found| found == fault), "{planted}: {found:?}");
    }
    assert_eq!(
        faults("Te escribo yo misma 🌸", Speaker::Diana, Audience::Everybody),
        Vec::<String>::new()
    );
    let plain = "🎩 El canal VIP y su token";
    assert_eq!(faults(plain, Speaker::Lucien, Audience::Everybody).len(), 2);
    assert_eq!(
        faults(plain, Speaker::Lucien, Audience::Custodian),
        ["jargon: token"]
    );
}

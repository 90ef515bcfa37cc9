//! Lucien's manners: all that he can say has them, and each rule catches who has not.

use std::collections::BTreeSet;

use voice::Files;
use voice::check::{Finding, Rule, Severity, check};

/// Lucien being busy, as the catalogue says it, but otherwise.
fn busy(text: &str) -> String {
    format!("[busy]\nvoice = 'lucien'\nheader = 'speech'\n{text}")
}

fn body(text: &str) -> String {
    busy(&format!("body = '''{text}'''"))
}

/// What is found in the built-in catalogue when a text is laid over one of its files.
fn found(file: &str, text: &str) -> Vec<Finding> {
    let mut files = Files::builtin();
    files.push(file, text);
    check(&files)
}

fn rules(findings: &[Finding]) -> BTreeSet<Rule> {
    findings.iter().map(|finding| finding.rule).collect()
}

#[test]
fn everything_that_is_said_has_manners() {
    let findings = check(&Files::builtin());
    let listed: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, [], "\n{}", listed.join("\n"));
}

#[test]
fn each_rule_catches_its_fault() {
    let opening = |text: &str| busy(&format!("opening = [{{ weight = 1, text = '''{text}''' }}]"));
    let openings = |openings: &str| busy(&format!("opening = [{openings}]"));
    let toasts = |text: &str| format!("cancelled = '{text}'");
    let planted = [
        (
            Rule::Form,
            "common.toml",
            "[busy]\nvoice = 'lucien'".to_owned(),
            "header",
        ),
        (Rule::Form, "common.toml", body("{% if %}"), "syntax error"),
        (Rule::Form, "common.toml", "= 1".to_owned(), ""),
        (
            Rule::Known,
            "common.toml",
            body("Ya.").replace("busy", "nadie"),
            "",
        ),
        (
            Rule::Known,
            "common.toml",
            busy("[[busy.branch]]\nwhen = 'a'\nbody = 'Ya.'"),
            "missing",
        ),
        (
            Rule::Known,
            "toasts.toml",
            "nadie = '🎩 Ya.'".to_owned(),
            "no such text",
        ),
        (
            Rule::Known,
            "terms.toml",
            "nadie = 'nadie'".to_owned(),
            "uses this term",
        ),
        (
            Rule::Known,
            "common.toml",
            format!("{}\nbuttons = [['nobody']]", body("Ya.")),
            "nobody",
        ),
        (
            Rule::Length,
            "common.toml",
            format!("{}\nbuttons = [['retry', 'back']]", body("Ya.")),
            "Intentar de nuevo",
        ),
        (
            Rule::Exception,
            "common.toml",
            format!(
                "{}\n[[busy.allow]]\nrule = 'usted'\nreason = 'Nada.'",
                body("Ya.")
            ),
            "usted",
        ),
        (
            Rule::Exception,
            "common.toml",
            format!(
                "{}\n[[busy.allow]]\nrule = 'usted'\nreason = ' '",
                body("Es para ti.")
            ),
            "no reason",
        ),
        (Rule::Values, "common.toml", body("{{ nombre }}"), "nombre"),
        (
            Rule::Values,
            "menu.toml",
            "[vip_home]\nvoice = 'lucien'\nheader = 'speech'\nbody = '{{ name }}'".to_owned(),
            "until",
        ),
        (Rule::Length, "common.toml", body(&"Ya. ".repeat(1_100)), "UTF-16"),
        (
            Rule::Length,
            "toasts.toml",
            toasts(&format!("🎩 {}.", "a".repeat(200))),
            "1 to 200",
        ),
        (
            Rule::Length,
            "labels.toml",
            "back = '🔙 Volver a la pantalla anterior'".to_owned(),
            "1 to 28",
        ),
        (Rule::Tags, "common.toml", body("<b>Ya."), "<b>"),
        (Rule::Tags, "common.toml", body("<b><i>Ya.</b></i>"), "</b>"),
        (Rule::Tags, "common.toml", body("<br>"), "<br>"),
        (Rule::Tags, "common.toml", body("<b></b>"), "<b></b>"),
        (Rule::Tags, "common.toml", body("Pan & vino."), "&"),
        (Rule::Leftovers, "common.toml", body("Son None."), "None"),
        (Rule::Leftovers, "toasts.toml", toasts("🎩 Ya, {{ name }}."), "{{"),
        (
            Rule::Header,
            "common.toml",
            body("Ya.").replace("speech", "none"),
            "",
        ),
        (
            Rule::Header,
            "common.toml",
            body("Ya.").replace("lucien", "diana"),
            "",
        ),
        (
            Rule::Signature,
            "common.toml",
            body("Ya.").replace("speech", "none"),
            "Ya.",
        ),
        (
            Rule::Signature,
            "common.toml",
            body("Ya.").replace("lucien", "diana"),
            "🎩",
        ),
        (Rule::Signature, "toasts.toml", toasts("Ya."), "Ya."),
        (Rule::Usted, "common.toml", body("Esto es para ti."), "ti"),
        (
            Rule::Usted,
            "common.toml",
            body("Qué bien que llegaste."),
            "llegaste",
        ),
        (
            Rule::Usted,
            "common.toml",
            body("Pase. Espera un momento."),
            "Espera",
        ),
        (Rule::Usted, "common.toml", body("Acércate."), "Acércate"),
        (
            Rule::Usted,
            "labels.toml",
            "back = '🔙 Regresa'".to_owned(),
            "Regresa",
        ),
        (
            Rule::Usted,
            "commands.toml",
            "help = 'Lo que puedes hacer'".to_owned(),
            "puedes",
        ),
        (Rule::Jargon, "common.toml", body("Su token no sirve."), "token"),
        (Rule::Jargon, "common.toml", body("El canal VIP."), "VIP"),
        (
            Rule::Jargon,
            "labels.toml",
            "back = '🔙 Al canal VIP'".to_owned(),
            "VIP",
        ),
        (Rule::Gender, "common.toml", body("Bienvenido."), "Bienvenido"),
        (
            Rule::Gender,
            "common.toml",
            body("Está usted invitada."),
            "invitada",
        ),
        (Rule::Calm, "common.toml", body("¡Pase!!"), "!!"),
        (Rule::Calm, "common.toml", body("¡Pase! ¡Ya!"), "!"),
        (Rule::Calm, "common.toml", body("❌ Ya."), "❌"),
        (Rule::Marks, "common.toml", body("Desea algo?"), "algo?"),
        (Rule::Marks, "common.toml", body("¿Desea algo."), "¿"),
        (Rule::Marks, "toasts.toml", toasts("🎩 Adelante!"), "Adelante!"),
        (
            Rule::Spaces,
            "common.toml",
            body("Dos  espacios."),
            "Dos  espacios",
        ),
        (Rule::Spaces, "common.toml", body("Ya.\n\n\nNo."), "⏎⏎⏎"),
        (Rule::Spaces, "common.toml", body("Ya , no."), "Ya , no"),
        (Rule::Ellipsis, "common.toml", body("Pase..."), "Pase..."),
        (Rule::Ending, "common.toml", opening("Pase"), "Pase"),
        (Rule::Ending, "toasts.toml", toasts("🎩 Ya"), "Ya"),
        (
            Rule::Wall,
            "common.toml",
            body(&"Y así sigue. ".repeat(40)),
            "Y así",
        ),
        (Rule::Names, "common.toml", body("Diana lo sabe."), "Diana"),
        (
            Rule::Names,
            "commands.toml",
            "help = 'Lo que hace Lucien'".to_owned(),
            "Lucien",
        ),
        (
            Rule::Weights,
            "common.toml",
            openings("{ weight = 50, text = 'Ya.' }, { weight = 30, text = 'No.' }"),
            "[50, 30]",
        ),
        (
            Rule::Variants,
            "common.toml",
            format!("{}\nheard = 'often'", opening("Ya.")),
            "1 of 3",
        ),
        (
            Rule::Variants,
            "common.toml",
            busy("[[busy.branch]]\nwhen = 'a'\nheard = 'key'\nbody = 'Ya.'"),
            "0 of 2",
        ),
        (
            Rule::Distinct,
            "common.toml",
            openings("{ weight = 1, text = 'Ya.' }, { weight = 1, text = '<b>Ya.</b>' }"),
            "",
        ),
        (
            Rule::Distinct,
            "common.toml",
            openings("{ weight = 1, text = 'Ya.' }, { weight = 2, text = 'Ya.' }"),
            "two openings",
        ),
        (
            Rule::Repeated,
            "common.toml",
            opening("Qué entusiasmo. Permítame alcanzarle."),
            "Qué entusiasmo",
        ),
        (
            Rule::Repeated,
            "labels.toml",
            "back = '🔙 Al panel'".to_owned(),
            "labels.back",
        ),
        (Rule::Emoji, "common.toml", body("🦄 Ya."), "🦄"),
        (
            Rule::Emoji,
            "emoji.toml",
            "'🦄' = 'un unicornio'".to_owned(),
            "nowhere",
        ),
        (Rule::Emoji, "emoji.toml", "'🚪' = 'un precio'".to_owned(), "same"),
    ];
    for (rule, file, text, excerpt) in &planted {
        let findings = found(file, text);
        let caught = findings
            .iter()
            .find(|finding| finding.rule == *rule && finding.excerpt.contains(excerpt));
        assert!(caught.is_some(), "{rule}: {text}\n{findings:#?}");
        assert_eq!(caught.map(|finding| finding.file.as_str()), Some(*file), "{rule}");
    }
    let tried: BTreeSet<Rule> = planted.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(tried, Rule::ALL.iter().copied().collect());
}

#[test]
fn who_hears_it_decides_which_words_are_plain() {
    let heard = |audience| {
        let text = format!("{}\naudience = '{audience}'", body("El canal VIP y su token."));
        let findings = found("common.toml", &text);
        findings
            .iter()
            .map(|finding| finding.excerpt.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(heard("everybody"), ["VIP", "token"]);
    assert_eq!(heard("custodian"), ["token"]);
    let label = |audience| format!("back = {{ text = '🔙 Al canal VIP', audience = '{audience}' }}");
    assert_eq!(
        rules(&found("labels.toml", &label("everybody"))),
        [Rule::Jargon].into()
    );
    assert_eq!(found("labels.toml", &label("custodian")), []);
}

#[test]
fn the_creator_speaks_as_she_likes() {
    let hers = |text| body(text).replace("lucien", "diana").replace("speech", "none");
    assert_eq!(found("common.toml", &hers("Te escribo yo misma.")), []);
    assert_eq!(
        rules(&found("common.toml", &hers("Su token."))),
        [Rule::Jargon].into()
    );
}

#[test]
fn a_finding_names_its_place() {
    let text =
        "# Otra manera.\n[busy]\nvoice = 'lucien'\nheader = 'speech'\nbody = '''\nYa.\n\nEs para ti.\n'''\n";
    let findings = found("common.toml", text);
    let told: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["common.toml:8: error: usted: not how Lucien addresses people: «ti» (common.busy #0)"]
    );
    // Of several openings, the one that is meant.
    let two = "\n[[dialogue.branch.opening]]\nweight = 1\ntext = 'Para ti.'\n";
    let text = format!(
        "[dialogue]\nvoice = 'lucien'\nheader = 'speech'\nbody = 'Ya.'\n{}",
        ["cancelled", "nothing", "expired"]
            .map(|when| format!("[[dialogue.branch]]\nwhen = '{when}'\n"))
            .join(two)
    );
    let lines: Vec<_> = found("common.toml", &text)
        .into_iter()
        .filter(|finding| finding.rule == Rule::Usted)
        .map(|finding| (finding.branch, finding.line))
        .collect();
    assert_eq!(lines, [("cancelled".to_owned(), 10), ("nothing".to_owned(), 16)]);
}

#[test]
fn a_reason_excuses_one_rule_in_one_text() {
    let excused = |rule: &str, text: &str| {
        let allow = format!("[[busy.allow]]\nrule = '{rule}'\nreason = 'Una cita.'");
        rules(&found("common.toml", &format!("{}\n{allow}", body(text))))
    };
    assert_eq!(excused("usted", "Es para ti."), BTreeSet::new());
    assert_eq!(excused("usted", "Es para ti, bienvenido."), [Rule::Gender].into());
    // What cannot be sent is not excused by anything.
    assert_eq!(excused("tags", "<b>Ya."), [Rule::Tags, Rule::Exception].into());
    assert_eq!(excused("nada", "Ya."), [Rule::Form].into());
    let label = "back = { text = '🔙 Regresa', allow = [{ rule = 'usted', reason = 'Una cita.' }] }";
    assert_eq!(found("labels.toml", label), []);
}

#[test]
fn names_that_make_trouble_are_tried_out() {
    let text = "[vip_home]\nvoice = 'lucien'\nheader = 'speech'\nbody = '''\n{{ until|date }}.\n";
    let long = format!("{text}{}'''", "{{ name or terms.member }}\n".repeat(66));
    assert_eq!(rules(&found("menu.toml", &long)), [Rule::Length].into());
    let empty = format!("{text}<b>{{{{ name }}}}</b>'''");
    assert!(rules(&found("menu.toml", &empty)).contains(&Rule::Tags));
}

#[test]
fn what_is_laid_over_says_only_what_it_changes() {
    assert_eq!(found("common.toml", &body("Vuelva en un momento.")), []);
    assert_eq!(found("labels.toml", "back = '🔙 Atrás'"), []);
}

#[test]
fn all_is_told_at_once() {
    let text = format!("{}\n[apology]\nvoice = 'nadie'\n", body("Ya  es <b>tuyo."));
    let findings = found("common.toml", &text);
    let expected = [Rule::Form, Rule::Tags, Rule::Usted, Rule::Spaces];
    assert_eq!(rules(&findings), expected.into());
    assert!(findings.is_sorted_by_key(|finding| finding.line));
}

#[test]
fn rules_have_names_of_their_own() {
    let keys: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.key()).collect();
    assert_eq!(keys.len(), Rule::ALL.len());
    assert_eq!(Rule::Gender.severity(), Severity::Warning);
    assert_eq!(Rule::Tags.severity(), Severity::Error);
}

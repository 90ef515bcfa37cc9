use minijinja::value::Serde;

use super::*;

const ENTRY: &str = r#"
[hello]
voice = "lucien"
header = "speech"
body = "{{ name }}"
"#;

/// The built-in catalogue with one file added.
fn parse_with(name: &str, text: &str) -> Result<Catalogue, CatalogueError> {
    let mut files = Files::builtin();
    files.push(name, text);
    Catalogue::parse(&files)
}

fn problem(name: &str, text: &str) -> String {
    parse_with(name, text).unwrap_err().to_string()
}

/// A template of the file `test.toml`, rendered.
fn render(body: &str, values: Value) -> Result<String, minijinja::Error> {
    let text = format!("[t]\nvoice = 'neutral'\nheader = 'none'\nbody = '''{body}'''");
    let catalogue = parse_with("test.toml", &text).unwrap();
    catalogue.env.get_template("test.t/#0").unwrap().render(values)
}

fn named(name: &str) -> Value {
    Value::from(Serde(BTreeMap::from([("name", name)])))
}

#[test]
fn every_problem_is_named_with_its_place() {
    let cases = [
        ("= 1", "test.toml: "),
        (
            "[hello]\nvoice = 'lucien'",
            "test.toml: hello: missing field `header`",
        ),
        (
            &format!("{ENTRY}\nbodi = 'x'"),
            "test.toml: hello: unknown field `bodi`",
        ),
        (
            &ENTRY.replace("lucien", "nadie"),
            "test.toml: hello: unknown variant `nadie`",
        ),
        (
            &format!("{ENTRY}\naudience = 'nadie'"),
            "test.toml: hello: unknown variant `nadie`",
        ),
        (
            &ENTRY.replace("{{ name }}", "{{ name"),
            "test.toml: hello: syntax error",
        ),
        (
            &ENTRY.replace("body = \"{{ name }}\"", ""),
            "test.toml: hello: there is nothing to say",
        ),
        (
            &ENTRY.replace("speech", "screen"),
            "test.toml: hello: a title belongs",
        ),
        (
            &format!("{ENTRY}\ntitle = 'x'"),
            "test.toml: hello: a title belongs",
        ),
        (
            &format!("{ENTRY}\nopening = [{{ weight = 0, text = 'a' }}]"),
            "test.toml: hello: invalid value",
        ),
        (
            &format!("{ENTRY}\nopening = [{{ weight = 1, text = 'a' }}, {{ weight = 2, text = ' a' }}]"),
            "test.toml: hello: two openings say the same",
        ),
        (
            &format!("{ENTRY}\n[[hello.branch]]\nwhen = ''"),
            "test.toml: hello: a branch needs a name",
        ),
        (
            &format!("{ENTRY}\n[[hello.branch]]\nwhen = 'a'\n[[hello.branch]]\nwhen = 'a'"),
            "test.toml: hello: the branch \"a\" exists twice",
        ),
    ];
    for (text, expected) in cases {
        let problem = problem("test.toml", text);
        assert!(problem.starts_with(expected), "{problem}\nexpected: {expected}");
    }
}

#[test]
fn flat_files_hold_exactly_the_known_keys_within_limits() {
    assert_eq!(
        problem("commands.toml", "idd = 'a'"),
        "commands.toml: idd: no such text is used"
    );
    assert_eq!(
        problem("commands.toml", "id = ''"),
        "commands.toml: id: the text has a length of 0; 1 to 256 are allowed"
    );
    assert_eq!(
        problem("toasts.toml", &format!("stale_button = '{}'", "é".repeat(201))),
        "toasts.toml: stale_button: the text has a length of 201; 1 to 200 are allowed"
    );
    assert_eq!(
        Catalogue::parse(&Files::default()).unwrap_err().to_string(),
        "labels.toml: the file is missing"
    );
    let mut files = Files::default();
    for (name, text) in files::BUILTIN {
        let is_id = |line: &&str| name == "commands.toml" && line.starts_with("id =");
        let lines: Vec<_> = text.lines().filter(|line| !is_id(line)).collect();
        files.push(name, &lines.join("\n"));
    }
    assert_eq!(
        Catalogue::parse(&files).unwrap_err().to_string(),
        "commands.toml: id: the text is missing"
    );
}

#[test]
fn the_later_file_counts() {
    let mut files = Files::builtin();
    files.push("labels.toml", "back = '🔙 Atrás'");
    files.push(
        "menu.toml",
        "[vip_home]\nvoice = 'lucien'\nheader = 'speech'\nbody = 'Ya.'",
    );
    let catalogue = Catalogue::parse(&files).unwrap();
    assert_eq!(catalogue.label(LabelId::Back).as_str(), "🔙 Atrás");
    assert_eq!(catalogue.label(LabelId::Home).as_str(), "🔙 Al recibidor");
    let shown = |name: &str| catalogue.env.get_template(name).unwrap().render(()).unwrap();
    assert_eq!(shown("menu.vip_home/#0"), "🎩 <b>Lucien</b>\n\nYa.");
    assert!(catalogue.entry("menu.free_home").is_some());
}

#[test]
fn an_error_knows_its_line() {
    let error = parse_with("test.toml", "\n[a]\nvoice = 'lucien'\nheader = 'nada'\n").unwrap_err();
    assert_eq!((error.line, error.id.as_str()), (4, "a"));
    let error = parse_with("test.toml", "\n[a]\nvoice = 'lucien'\nheader = 'none'\n").unwrap_err();
    assert_eq!((error.line, error.id.as_str()), (2, "a"));
}

#[test]
fn branches_take_what_they_do_not_say_from_their_entry() {
    let text = format!(
        "{}\nfooter = 'pie'\n[[hello.branch]]\nwhen = 'a'\n[[hello.branch]]\nwhen = 'b'\nbody = 'otro'",
        ENTRY.replace("{{ name }}", "común")
    );
    let catalogue = parse_with("test.toml", &text).unwrap();
    let shown = |name: &str| catalogue.env.get_template(name).unwrap().render(()).unwrap();
    assert_eq!(shown("test.hello/a#0"), "🎩 <b>Lucien</b>\n\ncomún\n\npie");
    assert_eq!(shown("test.hello/b#0"), "🎩 <b>Lucien</b>\n\notro\n\npie");
    assert!(catalogue.entry("test.hello").unwrap().branch("").is_none());
}

#[test]
fn everything_is_escaped_whatever_a_template_says() {
    let name = || named("<b>&\"'");
    let escaped = "&lt;b&gt;&amp;&quot;'";
    assert_eq!(render("{{ name }}", name()).unwrap(), escaped);
    assert_eq!(
        render("{% autoescape false %}{{ name }}{% endautoescape %}", name()).unwrap(),
        escaped
    );
    let captured = "{% set x %}{{ name }}{% endset %}{{ x }}";
    assert!(!render(captured, name()).unwrap().contains('<'));
    assert!(render("{{ name|safe }}", name()).is_err());
}

#[test]
fn templates_are_strict() {
    let ana = || named("Ana");
    assert!(render("{{ nombre }}", ana()).is_err());
    assert!(render("{% if nombre %}x{% endif %}", ana()).is_err());
    assert!(render("{{ terms.nobody }}", ana()).is_err());
    for printed in [
        "{{ true }}",
        "{{ none }}",
        "{{ 1.5 }}",
        "{{ [1] }}",
        "{{ terms }}",
    ] {
        assert!(render(printed, ana()).is_err(), "{printed}");
    }
    let until = Value::from_object(crate::When(domain::clock::Timestamp::UNIX_EPOCH));
    let until = Value::from_pairs([("until", until)]);
    assert!(render("{{ until }}", until).is_err());
}

#[test]
fn templates_cannot_work_without_end() {
    let letters: Vec<u32> = (0..200).collect();
    let values = Value::from(Serde(BTreeMap::from([("n", letters)])));
    let body = "{% for a in n %}{% for b in n %}{% for c in n %}x{% endfor %}{% endfor %}{% endfor %}";
    let error = render(body, values).unwrap_err();
    assert_eq!(error.kind(), minijinja::ErrorKind::OutOfFuel);
}

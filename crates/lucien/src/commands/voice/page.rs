//! The preview as a page: what phones show, light and dark. No scripts, nothing from elsewhere.

use voice::{Audience, CommandId, LabelId, Rendered, Speaker, ToastId, Voice};

use super::preview::{Exhibit, Variant};

const STYLE: &str = include_str!("page.css");

/// A page of exhibits; with labels, toasts and commands when it is to show everything.
pub(super) fn of(voice: &Voice, exhibits: &[Exhibit], everything: bool) -> String {
    let mut page = Page(String::new());
    page.begin();
    let providers: Vec<_> = exhibits
        .chunk_by(|one, next| provider(one) == provider(next))
        .collect();
    page.push("<nav>");
    for chapter in &providers {
        page.link(provider(&chapter[0]));
    }
    if everything {
        ["labels", "toasts", "commands"]
            .into_iter()
            .for_each(|name| page.link(name));
    }
    page.push("</nav>\n");
    for chapter in providers {
        page.heading(provider(&chapter[0]));
        for message in chapter.chunk_by(|one, next| one.id == next.id) {
            page.message(message);
        }
    }
    if everything {
        page.shorts(voice);
    }
    page.push("</body></html>\n");
    page.0
}

fn provider(exhibit: &Exhibit) -> &'static str {
    exhibit
        .id
        .split_once('.')
        .map_or(exhibit.id, |(provider, _)| provider)
}

struct Page(String);

impl Page {
    fn push(&mut self, html: &str) {
        self.0.push_str(html);
    }

    /// Text that stands for itself.
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.push("&amp;"),
                '<' => self.push("&lt;"),
                '>' => self.push("&gt;"),
                '"' => self.push("&quot;"),
                c => self.0.push(c),
            }
        }
    }

    fn begin(&mut self) {
        self.push(
            "<!doctype html>\n<html lang=\"es\"><head><meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>Lucien</title>\n<style>\n",
        );
        self.push(STYLE);
        self.push("</style></head>\n<body>\n<header><h1>🎩 Lucien</h1><div class=\"theme\">");
        for (id, name) in [("system", "as the system"), ("light", "light"), ("dark", "dark")] {
            let checked = if id == "system" { " checked" } else { "" };
            self.push(&format!(
                "<label><input type=\"radio\" name=\"theme\" id=\"{id}\"{checked}> {name}</label>"
            ));
        }
        self.push("</div></header>\n");
    }

    fn link(&mut self, name: &str) {
        self.push("<a href=\"#");
        self.text(name);
        self.push("\">");
        self.text(name);
        self.push("</a> ");
    }

    fn heading(&mut self, name: &str) {
        self.push("<h2 id=\"");
        self.text(name);
        self.push("\">");
        self.text(name);
        self.push("</h2>\n");
    }

    /// A message: each variant of each branch is a phone.
    fn message(&mut self, branches: &[Exhibit]) {
        let first = &branches[0];
        self.push("<h3>");
        self.text(first.id);
        let speaker = match first.speaker {
            Speaker::Lucien => "Lucien",
            Speaker::Diana => "the creator",
            Speaker::Neutral => "nobody",
        };
        let audience = match first.audience {
            Audience::Everybody => "everybody",
            Audience::Custodian => "custodians",
        };
        self.push(&format!(
            " <small>· {speaker} to {audience}</small></h3>\n<div class=\"shelf\">\n"
        ));
        for branch in branches {
            for variant in &branch.variants {
                self.phone(branch, variant);
            }
        }
        self.push("</div>\n");
    }

    fn phone(&mut self, branch: &Exhibit, variant: &Variant) {
        self.push("<figure><figcaption>");
        self.text(branch.branch);
        if variant.percent < 100 {
            let gap = if branch.branch.is_empty() { "" } else { " · " };
            self.push(&format!("{gap}#{} · {} %", variant.number, variant.percent));
        }
        // What the voice rendered is escaped, and its few tags are a browser's, too.
        self.push("</figcaption><div class=\"phone\"><div class=\"bubble\">");
        self.push(variant.text.as_html());
        self.push("</div>");
        for row in &branch.keyboard {
            self.push("<div class=\"row\">");
            for label in row {
                self.push("<span class=\"key\">");
                self.text(label.as_str());
                self.push("</span>");
            }
            self.push("</div>");
        }
        let (length, max) = (variant.text.visible_len(), Rendered::MAX_VISIBLE_LEN);
        self.push(&format!(
            "<div class=\"note\">{length} of {max}</div></div></figure>\n"
        ));
    }

    fn shorts(&mut self, voice: &Voice) {
        let labels = LabelId::ALL
            .iter()
            .map(|id| (id.key(), voice.label(*id).as_str().to_owned()));
        self.shelf("labels", "key", labels);
        let toasts = ToastId::ALL
            .iter()
            .map(|id| (id.key(), voice.toast(*id).as_str().to_owned()));
        self.shelf("toasts", "toast", toasts);
        let commands = CommandId::ALL.iter().map(|id| {
            (
                id.key(),
                format!("/{} {}", id.key(), voice.command(*id).description),
            )
        });
        self.shelf("commands", "toast", commands);
    }

    fn shelf(&mut self, name: &str, class: &str, texts: impl Iterator<Item = (&'static str, String)>) {
        self.heading(name);
        self.push("<div class=\"shelf\">\n");
        for (key, text) in texts {
            self.push("<figure><figcaption>");
            self.text(key);
            self.push(&format!("</figcaption><span class=\"{class}\">"));
            self.text(&text);
            self.push("</span></figure>\n");
        }
        self.push("</div>\n");
    }
}

//! The front matter of a page: where it stands, and what its entries mean.

use jiff::civil::Date;

use super::{
    Page,
    yaml::{self, Value},
};
use crate::domain::content::{
    diagnostic::{Diagnostic, Position},
    text::{Span, Text, nearest, quoted},
};
use serde_saphyr::{Location, Spanned};

const LIMIT: usize = 64 * 1024;
const NAMES: [&str; 10] = [
    "title",
    "excerpt",
    "description",
    "date",
    "tags",
    "author",
    "canonical",
    "slug",
    "draft",
    "published",
];

/// The two parts of a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    pub(super) yaml: &'a str,
    /// Byte offset of the body in the text.
    pub(super) body: usize,
}

/// Finds the front matter: what stands between a first line `---` and the next `---` or `...`.
pub(super) fn split<'a>(text: &Text<'a>) -> Result<Parts<'a>, Box<Diagnostic>> {
    let error =
        |code, message: &str, help| Box::new(text.error(Span::of(1, 1, ""), code, message.to_owned(), help));
    let content = text.content();
    let mut offset = 0;
    let mut start = None;
    for line in content.split_inclusive('\n') {
        let words = line.trim_end();
        offset += line.len();
        match start {
            None if words == "---" => start = Some(offset),
            None => break,
            Some(start) if words == "---" || words == "..." => {
                let yaml = content.get(start..offset - line.len()).unwrap_or_default();
                if yaml.len() > LIMIT {
                    break;
                }
                return Ok(Parts { yaml, body: offset });
            }
            Some(_) => {}
        }
        if offset > LIMIT {
            return Err(error(
                "FrontMatterTooLong",
                "The front matter has no end within 64 KiB.",
                "Close it with a line `---`.",
            ));
        }
    }
    Err(if start.is_none() {
        error(
            "FrontMatterMissing",
            "The page does not begin with front matter.",
            "Begin it with a line `---`, entries such as `title: ...`, and a line `---`.",
        )
    } else {
        error(
            "FrontMatterOpen",
            "The front matter has no end.",
            "Close it with a line `---`.",
        )
    })
}

/// Reads the entries of the front matter into a page without a body.
pub(super) fn read(text: &Text<'_>, parts: &Parts<'_>) -> (Page, Vec<Diagnostic>) {
    let mut reading = Reading {
        text,
        page: Page::default(),
        diagnostics: Vec::new(),
    };
    match yaml::read(parts.yaml) {
        Ok(entries) => reading.entries(entries),
        Err(fault) => reading.broken(&fault),
    }
    (reading.page, reading.diagnostics)
}

struct Reading<'t> {
    text: &'t Text<'t>,
    page: Page,
    diagnostics: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn broken(&mut self, fault: &yaml::Fault) {
        let span = fault
            .location
            .map_or(Span::of(1, 1, ""), |location| place(location, 1));
        let complaint: String = fault.message.chars().take(200).collect();
        let message = format!("The front matter is not YAML that can be read: {complaint}.");
        let help =
            "Put words with `:` or `#` in them in double quotes; aliases and merge keys are not taken.";
        self.error(span, "FrontMatterInvalid", message, help);
    }

    fn entries(&mut self, entries: yaml::Entries) {
        for (key, value) in entries.0 {
            let span = place(value.referenced, 0);
            let key_span = place(key.referenced, key.value.chars().count());
            self.page.positions.insert(key.value.clone(), span.position);
            if NAMES.contains(&key.value.as_str()) {
                self.entry(&key.value, value);
            } else {
                self.unknown(&key.value, key_span);
            }
        }
        if self.page.title.is_empty() && !self.page.positions.contains_key("title") {
            let message = "The front matter has no title.".to_owned();
            self.error(
                Span::of(1, 1, "---"),
                "TitleMissing",
                message,
                "Add `title: \"...\"`.",
            );
        }
    }

    fn unknown(&mut self, name: &str, span: Span) {
        let message = format!("The entry {} is not known and has no effect.", quoted(name));
        let help = match nearest(name, &NAMES) {
            Some(name) => format!("Did you mean `{name}`?"),
            None => format!("Known are: {}.", NAMES.join(", ")),
        };
        let warning = self.text.warning(span, "UnknownField", message, &help);
        self.diagnostics.push(warning);
    }

    fn entry(&mut self, name: &str, value: Spanned<Value>) {
        let span = place(value.referenced, 0);
        match name {
            "title" => self.page.title = self.words(name, value, 1_000).unwrap_or_default(),
            "excerpt" => self.page.excerpt = self.words(name, value, 4_000),
            // The excerpt is the more exact name; where both stand it counts.
            "description" => {
                let description = self.words(name, value, 4_000);
                self.page.excerpt = self.page.excerpt.take().or(description);
            }
            "author" => self.page.author = self.words(name, value, 256),
            "date" => {
                self.page.date = self
                    .words(name, value, 40)
                    .and_then(|date| self.date(&date, span));
            }
            "tags" => self.page.tags = self.tags(value),
            "canonical" => {
                self.page.canonical = self
                    .words(name, value, 2_048)
                    .and_then(|address| self.canonical(address, span));
            }
            "slug" => {
                self.page.slug = self
                    .words(name, value, 256)
                    .and_then(|slug| self.slug(slug, span));
            }
            "draft" => self.switch(name, &value.value, true, span),
            "published" => self.switch(name, &value.value, false, span),
            _ => {}
        }
    }

    fn words(&mut self, name: &str, value: Spanned<Value>, limit: usize) -> Option<String> {
        let span = place(value.referenced, 0);
        let words = match value.value {
            Value::Text(words) | Value::Whole(words) => words.trim().to_owned(),
            Value::Nothing => String::new(),
            _ => {
                let message = format!("The entry `{name}` must be words.");
                self.error(span, "BadField", message, "Write it in double quotes.");
                return None;
            }
        };
        let problem = if words.is_empty() && name == "title" {
            "is empty".to_owned()
        } else if words.chars().nth(limit).is_some() {
            format!("has more than {limit} characters")
        } else if words.chars().any(|one| one.is_control() && one != '\n') {
            "has a control character in it".to_owned()
        } else {
            // Folded blocks end lines where no reader sees one.
            return Some(words.replace('\n', " ")).filter(|words| !words.is_empty());
        };
        let message = format!("The entry `{name}` {problem}.");
        self.error(span, "BadField", message, "Correct it.");
        None
    }

    /// The day of a date, or of a date and time.
    fn date(&mut self, date: &str, span: Span) -> Option<String> {
        let day = date.split(['T', 't', ' ']).next().unwrap_or_default();
        if day.len() == 10 && day.parse::<Date>().is_ok() {
            return Some(day.to_owned());
        }
        let message = format!("{} is no day.", quoted(date));
        self.error(
            span,
            "BadDate",
            message,
            "Write the day as YYYY-MM-DD, such as \"2026-02-16\".",
        );
        None
    }

    /// A list, or words between commas.
    fn tags(&mut self, value: Spanned<Value>) -> Vec<String> {
        let span = place(value.referenced, 0);
        let tags: Vec<String> = if let Value::List(items) = value.value {
            items
                .into_iter()
                .filter_map(|item| self.words("tags", item, 128))
                .collect()
        } else {
            let words = self.words("tags", value, 4_096).unwrap_or_default();
            let tags = words.split(',').map(|tag| tag.trim().to_owned());
            tags.filter(|tag| !tag.is_empty()).collect()
        };
        if tags.len() > 64 || tags.iter().any(|tag| tag.chars().nth(128).is_some()) {
            let message = "The page has more than 64 tags, or one of more than 128 characters.".to_owned();
            self.error(span, "BadField", message, "Correct it.");
        }
        tags
    }

    fn canonical(&mut self, address: String, span: Span) -> Option<String> {
        let good = url::Url::parse(&address).is_ok_and(|url| url.scheme() == "https" && url.has_host());
        if good {
            return Some(address);
        }
        let message = format!("{} is no https address.", quoted(&address));
        self.error(
            span,
            "BadField",
            message,
            "Write the whole address, such as \"https://example.com/page\".",
        );
        None
    }

    fn slug(&mut self, slug: String, span: Span) -> Option<String> {
        let good = |one: char| one.is_alphanumeric() || matches!(one, '-' | '_' | '.');
        if slug.chars().all(good) && !slug.starts_with('.') {
            return Some(slug);
        }
        let message = format!("{} cannot be part of an address.", quoted(&slug));
        self.error(span, "BadField", message, "Write letters, digits and `-` only.");
        None
    }

    /// `draft: true` and `published: false` forbid what publishing the page would do.
    fn switch(&mut self, name: &str, value: &Value, forbids: bool, span: Span) {
        match value {
            Value::Bool(value) if *value != forbids => {}
            Value::Bool(_) => {
                let message = format!("The page itself says `{name}: {forbids}`, so it is not published.");
                let help = "Remove the entry when the page may go; to keep it back, give its task the status `draft`.";
                self.error(span, "PageIsDraft", message, help);
            }
            _ => {
                let message = format!("The entry `{name}` must be true or false.");
                self.error(span, "BadField", message, "Correct it.");
            }
        }
    }

    fn error(&mut self, span: Span, code: &'static str, message: String, help: &str) {
        self.diagnostics.push(self.text.error(span, code, message, help));
    }
}

/// A place of the YAML in the file, whose first line stands above it.
fn place(location: Location, length: usize) -> Span {
    let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let position = Position {
        line: number(location.line()).saturating_add(1),
        column: number(location.column()).max(1),
    };
    Span::new(position, length)
}

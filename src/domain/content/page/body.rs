//! The body of a page: Markdown into sanitised HTML.

use std::collections::{BTreeMap, BTreeSet};

use ammonia::Builder;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use super::{address, plain};
use crate::domain::content::{
    diagnostic::Diagnostic,
    html::active,
    text::{Span, Text, quoted},
};

/// A parser of HTML repeats unclosed formatting elements in every block that follows: their number times the
/// number of tags bounds its memory (about 150 bytes each).
const MAX_REPEATED: usize = 1_000_000;
/// It walks up its open elements for every tag: the depth times the number of tags bounds its time.
const MAX_WALKED: usize = 100_000_000;
/// It walks over the whole text between two tags for every character reference in it.
const MAX_RESCANNED: usize = 1_000_000_000;
const FORMATTING: [&str; 14] = [
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];

/// A rendered body.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub(super) heading: Option<String>,
    pub(super) html: String,
    pub(super) text: String,
}

/// Renders what follows a byte offset of the text, and says what was left out of it.
pub(super) fn render(text: &Text<'_>, offset: usize) -> (Body, Vec<Diagnostic>) {
    let markdown = text.content().get(offset..).unwrap_or_default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let sanitiser = sanitiser();
    let mut reading = Reading {
        text,
        allowed: sanitiser.clone_tags().into_iter().collect(),
        sanitiser,
        diagnostics: Vec::new(),
        depth: Depth::default(),
        reported: BTreeSet::new(),
    };
    let mut events = Vec::new();
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        reading.event(&event, offset + range.start);
        events.push(event);
    }
    let body = reading.html(events);
    (body, reading.diagnostics)
}

struct Reading<'t> {
    text: &'t Text<'t>,
    sanitiser: Builder<'static>,
    allowed: BTreeSet<&'static str>,
    diagnostics: Vec<Diagnostic>,
    depth: Depth,
    /// What was already reported, to say each thing once.
    reported: BTreeSet<String>,
}

/// What bounds the work of the sanitiser.
#[derive(Debug, Default)]
struct Depth {
    open: usize,
    deepest: usize,
    raw: usize,
    formatting: usize,
}

impl Reading<'_> {
    fn event(&mut self, event: &Event<'_>, offset: usize) {
        match event {
            Event::Start(tag) => {
                self.depth.open += 1;
                self.depth.deepest = self.depth.deepest.max(self.depth.open);
                match tag {
                    Tag::Image { dest_url, .. } if !address::is_picture(dest_url) => {
                        self.removed(offset, format!("The address {} of a picture", quoted(dest_url)));
                    }
                    Tag::Link { dest_url, .. } if !address::is_link(dest_url) => {
                        self.removed(offset, format!("The address {} of a link", quoted(dest_url)));
                    }
                    _ => {}
                }
            }
            Event::End(_) => self.depth.open = self.depth.open.saturating_sub(1),
            Event::Html(raw) | Event::InlineHtml(raw) => self.raw(raw, offset),
            _ => {}
        }
    }

    fn raw(&mut self, raw: &str, offset: usize) {
        for (at, _) in raw.match_indices('<') {
            let tag = raw.get(at + 1..).unwrap_or_default();
            let end = tag
                .find(|one: char| !one.is_ascii_alphanumeric())
                .unwrap_or(tag.len());
            let name = tag.get(..end).unwrap_or_default().to_ascii_lowercase();
            if name.is_empty() {
                continue;
            }
            self.depth.raw += 1;
            self.depth.formatting += usize::from(FORMATTING.contains(&name.as_str()));
            if !self.allowed.contains(name.as_str()) {
                self.removed(
                    offset + at,
                    format!("The element `<{}>`", name.get(..40).unwrap_or(&name)),
                );
            }
        }
        for active in active::find(raw).unwrap_or_default() {
            if !active.what.starts_with("The element") {
                self.removed(offset + active.offset, active.what);
            }
        }
    }

    fn removed(&mut self, offset: usize, what: String) {
        if self.reported.len() >= 100 || self.reported.contains(&what) {
            return;
        }
        let message = format!("{what} is not allowed in a page and is left out.");
        let help = "Take it out, or write it in Markdown; pictures need https, and scripts, styles and frames are never kept.";
        self.reported.insert(what);
        let span = Span::new(self.text.position(offset), 1);
        let warning = self.text.warning(span, "HtmlRemoved", message, help);
        self.diagnostics.push(warning);
    }

    fn html(&mut self, events: Vec<Event<'_>>) -> Body {
        let (heading, events) = leading_heading(events);
        let mut html = String::new();
        html::push_html(&mut html, with_ids(events).into_iter());
        let tags = html.matches('<').count();
        let Depth {
            deepest,
            raw,
            formatting,
            ..
        } = self.depth;
        if tags.saturating_mul(formatting) > MAX_REPEATED
            || tags.saturating_mul(raw.saturating_add(deepest)) > MAX_WALKED
            || rescanned(&html) > MAX_RESCANNED
        {
            let message = "The page has more raw or nested HTML than can be checked safely.".to_owned();
            let help = "Write it in Markdown, or split the page.";
            let error = self
                .text
                .error(Span::of(1, 1, ""), "HtmlTooComplex", message, help);
            self.diagnostics.push(error);
            return Body::default();
        }
        let html = self.sanitiser.clean(&html).to_string().trim().to_owned();
        let heading = heading.map(|heading| self.sanitiser.clean(&heading).to_string());
        let heading = heading.filter(|heading| !plain::text(heading).is_empty());
        let text = [heading.as_deref().map(plain::text), Some(plain::text(&html))];
        let text: Vec<String> = text
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect();
        Body {
            heading,
            html,
            text: text.join("\n\n"),
        }
    }
}

/// How many bytes the parser walks over for character references.
fn rescanned(html: &str) -> usize {
    let of = |text: &str| text.len().saturating_mul(text.matches('&').count());
    html.split('<').map(of).fold(0, usize::saturating_add)
}

/// Takes the heading of the first level that the body begins with, as HTML; further ones become second level.
fn leading_heading(events: Vec<Event<'_>>) -> (Option<String>, Vec<Event<'_>>) {
    let first = |event: &Event<'_>| {
        matches!(
            event,
            Event::Start(Tag::Heading {
                level: HeadingLevel::H1,
                ..
            })
        )
    };
    let end = Event::End(TagEnd::Heading(HeadingLevel::H1));
    let mut heading = None;
    let mut events = events;
    if events.first().is_some_and(first)
        && let Some(length) = events.iter().position(|event| *event == end)
    {
        let rest = events.split_off(length + 1);
        let mut html = String::new();
        html::push_html(&mut html, events.into_iter().skip(1).take(length - 1));
        heading = Some(html);
        events = rest;
    }
    for event in &mut events {
        match event {
            Event::Start(Tag::Heading { level, .. }) | Event::End(TagEnd::Heading(level))
                if *level == HeadingLevel::H1 =>
            {
                *level = HeadingLevel::H2;
            }
            _ => {}
        }
    }
    (heading, events)
}

/// Gives each heading an id made of its words, so that a link can lead to it.
fn with_ids(mut events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut ids = Vec::new();
    let mut words: Option<String> = None;
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for event in &events {
        match (event, &mut words) {
            (Event::Start(Tag::Heading { .. }), _) => words = Some(String::new()),
            (Event::Text(text) | Event::Code(text), Some(words)) => words.push_str(text),
            (Event::End(TagEnd::Heading(_)), Some(heading)) => {
                ids.push(unique(&slug(heading), &mut taken));
                words = None;
            }
            _ => {}
        }
    }
    let mut ids = ids.into_iter();
    for event in &mut events {
        if let Event::Start(Tag::Heading { id, .. }) = event {
            *id = ids.next().flatten().map(CowStr::from);
        }
    }
    events
}

fn slug(words: &str) -> String {
    let mut slug = String::new();
    for one in words.chars().take(80).flat_map(char::to_lowercase) {
        if one.is_alphanumeric() {
            slug.push(one);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

fn unique(slug: &str, taken: &mut BTreeMap<String, usize>) -> Option<String> {
    if slug.is_empty() {
        return None;
    }
    let count = taken.entry(slug.to_owned()).or_default();
    *count += 1;
    Some(if *count == 1 {
        slug.to_owned()
    } else {
        format!("{slug}-{count}")
    })
}

/// What may stay: words, structure, tables, code, https pictures and links. The `h1` is the document's own.
fn sanitiser() -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .rm_tags([
            "h1", "area", "map", "center", "article", "header", "footer", "nav",
        ])
        .add_generic_attributes(["id", "dir"])
        .rm_url_schemes([
            "bitcoin",
            "ftp",
            "ftps",
            "geo",
            "im",
            "irc",
            "ircs",
            "magnet",
            "mms",
            "mx",
            "news",
            "nntp",
            "openpgp4fpr",
            "sip",
            "sms",
            "smsto",
            "ssh",
            "url",
            "webcal",
            "wtai",
            "xmpp",
        ])
        .attribute_filter(|element, attribute, value| {
            let refused = element == "img" && attribute == "src" && !address::is_picture(value);
            (!refused).then(|| value.into())
        });
    builder
}

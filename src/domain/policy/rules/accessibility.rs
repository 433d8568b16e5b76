//! What people need who do not see a page or an e-mail, judged on its HTML.

use super::Examine;
use crate::{
    api::{self, ContentField},
    domain::{
        content::text::quoted,
        policy::{
            folded::{Case, Folded},
            markup::{Piece, Tag, Visible, pieces},
            reading::{At, Hits, Reading},
        },
        slot::compared_locale,
    },
};

/// Link texts that say nothing out of their context.
const EMPTY_LINK_TEXTS: [&str; 16] = [
    "click here",
    "here",
    "click",
    "read more",
    "more",
    "learn more",
    "link",
    "this link",
    "this",
    "לחצו כאן",
    "לחץ כאן",
    "כאן",
    "קראו עוד",
    "קרא עוד",
    "עוד",
    "קישור",
];

/// What is looked at.
#[derive(Debug)]
pub(super) struct Accessibility {
    heading_order: bool,
    language: bool,
    image_alt: bool,
    empty_link_texts: Vec<String>,
}

impl Accessibility {
    pub(super) fn new(parameters: &api::Accessibility) -> Self {
        let known = EMPTY_LINK_TEXTS.map(str::to_owned);
        let texts = known.iter().chain(&parameters.empty_link_texts);
        let texts = texts.filter(|_| parameters.link_text).map(|text| compared(text));
        Self {
            heading_order: parameters.heading_order,
            language: parameters.language,
            image_alt: parameters.image_alt,
            empty_link_texts: texts.collect(),
        }
    }
}

impl Examine for Accessibility {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let Some(html) = &reading.subject.html else { return };
        let pieces = pieces(html);
        if self.heading_order {
            headings(&pieces, hits);
        }
        if self.language {
            language(&pieces, &reading.subject.locale, hits);
        }
        if self.image_alt {
            images(&pieces, hits);
        }
        if !self.empty_link_texts.is_empty() {
            self.links(html, &pieces, hits);
        }
    }
}

impl Accessibility {
    fn links(&self, html: &str, pieces: &[Piece<'_>], hits: &mut Hits) {
        let mut open: Option<usize> = None;
        for piece in pieces {
            let Piece::Tag(tag) = piece else { continue };
            if tag.name != "a" {
                continue;
            }
            if let Some(start) = open.take() {
                self.link(html.get(start..tag.offset).unwrap_or_default(), hits);
            }
            if !tag.closing && tag.attribute("href").is_some() {
                open = Some(tag.offset);
            }
        }
    }

    /// A link from its opening tag to its end.
    fn link(&self, html: &str, hits: &mut Hits) {
        let text = compared(&Visible::of(html).text);
        let pictures = pieces(html);
        let described = || {
            pictures.iter().any(|piece| match piece {
                Piece::Tag(tag) => ["alt", "aria-label"]
                    .iter()
                    .any(|name| tag.attribute(name).is_some_and(|words| !words.trim().is_empty())),
                Piece::Words(_) => false,
            })
        };
        let help = "Say where the link leads.";
        if text.is_empty() {
            if !described() {
                fail(hits, "A link has no words.".to_owned(), help);
            }
        } else if self.empty_link_texts.contains(&text) {
            fail(
                hits,
                format!("The link text {} says nothing.", quoted(&text)),
                help,
            );
        }
    }
}

fn headings(pieces: &[Piece<'_>], hits: &mut Hits) {
    let mut before = 0;
    for tag in opened(pieces) {
        let level = match tag.name.as_bytes() {
            [b'h', digit @ b'1'..=b'6'] => digit - b'0',
            _ => continue,
        };
        if before > 0 && level > before + 1 {
            let message = format!("A heading of level {level} follows one of level {before}.");
            fail(
                hits,
                message,
                "Go down one level at a time: readers find their way by them.",
            );
        }
        before = level;
    }
}

fn language(pieces: &[Piece<'_>], locale: &str, hits: &mut Hits) {
    let Some(tag) = opened(pieces).find(|tag| tag.name == "html") else {
        return;
    };
    let language = |tag: &str| {
        compared_locale(tag)
            .split('-')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let help = "Screen readers choose their voice by it: write lang on the html element.";
    match tag.attribute("lang").filter(|named| !named.trim().is_empty()) {
        None => fail(hits, "The HTML does not say its language.".to_owned(), help),
        Some(named) if language(&named) != language(locale) => {
            let message = format!(
                "The HTML says that it is in {}; the post is in {locale}.",
                quoted(&named)
            );
            fail(hits, message, help);
        }
        Some(_) => {}
    }
}

fn images(pieces: &[Piece<'_>], hits: &mut Hits) {
    for tag in opened(pieces).filter(|tag| tag.name == "img" && tag.attribute("alt").is_none()) {
        let source = tag.attribute("src").unwrap_or_default();
        let message = format!("The picture {} has no alt attribute.", quoted(&source));
        fail(
            hits,
            message,
            "Say what it shows, or write alt=\"\" for an ornament.",
        );
    }
}

fn opened<'p, 'h>(pieces: &'p [Piece<'h>]) -> impl Iterator<Item = &'p Tag<'h>> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Tag(tag) if !tag.closing => Some(tag),
        _ => None,
    })
}

fn fail(hits: &mut Hits, message: String, help: &str) {
    hits.fail(At::Field(ContentField::Html), message, help);
}

fn compared(text: &str) -> String {
    let folded = Folded::of(text, Case::Ignored);
    let words = folded.text().trim_matches(|one: char| !one.is_alphanumeric());
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, rule};

    fn found(locale: &str, html: &str) -> Vec<String> {
        let asset = serde_json::json!({"type": "Page", "locale": locale, "html": html});
        let findings = check(&rule(r#"{"accessibility": {}}"#), &asset.to_string());
        findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_page_in_order_passes() {
        let html = "<html lang=\"he-IL\"><h1>א</h1><h2>ב</h2><h3>ג</h3><h2>ד</h2><a href=/x>למדריך המלא</a><img src=a alt=\"\"></html>";
        assert!(found("he", html).is_empty());
        assert!(found("en", "<h2>a</h2><a href=x><img src=b alt='Our guide'></a>").is_empty());
    }

    #[test]
    fn each_thing_that_is_wrong_is_named() {
        for (html, words) in [
            ("<h1>a</h1><h3>b</h3>", "level 3 follows one of level 1"),
            ("<a href=x>Click here</a>", "click here"),
            ("<a href=x>לחצו כאן!</a>", "לחצו כאן"),
            ("<a href=x> </a>", "no words"),
            ("<img src=a.png>", "`a.png` has no alt"),
            ("<html><p>a</p></html>", "does not say its language"),
            ("<html lang=he><p>a</p></html>", "says that it is in `he`"),
        ] {
            let found = found("en", html);
            assert!(found.len() == 1 && found[0].contains(words), "{html}: {found:?}");
        }
    }
}

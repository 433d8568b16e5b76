//! What search engines want of a page.

use super::Examine;
use crate::{
    api::{self, AssetType, Bounds, ContentField},
    domain::policy::{
        markup::{Piece, pieces},
        reading::{At, Hits, Reading},
    },
};

/// Bounds of title and description, and the main heading.
#[derive(Debug)]
pub(super) struct Seo {
    title: Option<Bounds>,
    description: Option<Bounds>,
    h1: bool,
}

impl Seo {
    pub(super) fn new(parameters: &api::Seo) -> Self {
        Self {
            title: parameters.title,
            description: parameters.description,
            h1: parameters.h1,
        }
    }
}

impl Examine for Seo {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let subject = reading.subject;
        if subject.type_ != AssetType::Page {
            return;
        }
        let title = subject.title.as_deref().unwrap_or_default();
        let description = subject.excerpt.as_deref().unwrap_or_default();
        for (field, name, words, bounds) in [
            (ContentField::Title, "title", title, self.title),
            (
                ContentField::Excerpt,
                "description",
                description,
                self.description,
            ),
        ] {
            let Some(bounds) = bounds else { continue };
            within(words, bounds, (field, name), hits);
        }
        if self.h1 {
            main_heading(subject.html.as_deref().unwrap_or_default(), hits);
        }
    }
}

fn within(words: &str, bounds: Bounds, (field, name): (ContentField, &str), hits: &mut Hits) {
    let length = words.trim().chars().count();
    let min = bounds.min.map_or(1, |min| min as usize).max(1);
    let max = bounds.max.map_or(usize::MAX, |max| max as usize);
    let (message, help) = if length == 0 {
        (
            format!("The page has no {name}."),
            "Write it in the front matter of the page.",
        )
    } else if length > max {
        (
            format!("The {name} has {length} characters; search engines show at most {max}."),
            "Shorten it.",
        )
    } else if length < min {
        (
            format!("The {name} has {length} characters; at least {min} are needed."),
            "Say more.",
        )
    } else {
        return;
    };
    hits.fail(At::Field(field), message, help);
}

fn main_heading(html: &str, hits: &mut Hits) {
    let headings = pieces(html)
        .into_iter()
        .filter(|piece| matches!(piece, Piece::Tag(tag) if tag.name == "h1" && !tag.closing))
        .count();
    if headings != 1 {
        let message = format!("The page has {headings} main headings (h1); it needs exactly one.");
        hits.fail(
            At::Field(ContentField::Html),
            message,
            "Begin the page with one heading `# ...`.",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, rule};

    const RULE: &str =
        r#"{"seo": {"title": {"min": 10, "max": 60}, "description": {"min": 20, "max": 160}}}"#;

    fn found(title: &str, excerpt: &str, html: &str) -> usize {
        let asset = serde_json::json!({"type": "Page", "title": title, "excerpt": excerpt, "html": html});
        check(&rule(RULE), &asset.to_string()).len()
    }

    #[test]
    fn a_page_needs_title_description_and_one_heading() {
        let (title, excerpt) = (
            "7 ATS mistakes to fix",
            "A practical guide to the most common mistakes.",
        );
        let (title_he, excerpt_he) = ("7 טעויות ATS נפוצות", "מדריך פרקטי לטעויות הנפוצות בקורות חיים.");
        assert_eq!(found(title, excerpt, "<h1>One</h1>"), 0);
        assert_eq!(found(title_he, excerpt_he, "<h1>אחת</h1>"), 0);
        assert_eq!(found("", "", ""), 3);
        assert_eq!(found("Short", "קצר", "<h1>a</h1><h1>b</h1>"), 3);
        assert_eq!(found(&"a".repeat(61), &"ש".repeat(161), "<h1>One</h1>"), 2);
    }

    #[test]
    fn a_post_is_no_page() {
        assert!(check(&rule(RULE), r#"{"text": "A post"}"#).is_empty());
    }
}

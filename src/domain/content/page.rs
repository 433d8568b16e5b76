//! Pages: Markdown with YAML front matter, into sanitised HTML and a whole document.

mod address;
mod body;
mod document;
mod front_matter;
mod lines;
mod plain;
mod yaml;

use std::collections::BTreeMap;

use super::{
    diagnostic::{Diagnostic, Position},
    text::Text,
};
use crate::api::{FieldPlace, Severity};
pub use document::document;

const LIMIT: usize = 4 * 1024 * 1024;
const MAX_DIAGNOSTICS: usize = 1_000;

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The title, at most 1,000 characters.
    pub title: String,
    /// The excerpt or description, at most 4,000 characters.
    pub excerpt: Option<String>,
    /// The day, YYYY-MM-DD.
    pub date: Option<String>,
    /// The tags in their order, at most 64.
    pub tags: Vec<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// The address that search engines are to take as the page's own, https.
    pub canonical: Option<String>,
    /// The last part of the page's address.
    pub slug: Option<String>,
    /// Sanitised HTML of the heading that the body begins with, without the `h1` around it.
    pub heading_html: Option<String>,
    /// Sanitised HTML of what follows; it has no `h1`.
    pub html_body: String,
    /// The plain text of heading and body: all words that a reader sees.
    pub text: String,
    /// Where the entries of the front matter stand, by their names.
    pub positions: BTreeMap<String, Position>,
    /// Where title, excerpt and the lines of the text stand.
    pub places: Vec<FieldPlace>,
}

/// Reads a page, with every problem at its place; `None` where any of them is an error.
///
/// Problems never are fatal: a broken page stops itself, not the campaign. Equal bytes give equal pages.
pub fn parse(path: &str, bytes: &[u8]) -> (Option<Page>, Vec<Diagnostic>) {
    let text = match Text::decode(path, bytes, LIMIT) {
        Ok(text) => text,
        Err(error) => return refused(*error),
    };
    let parts = match front_matter::split(&text) {
        Ok(parts) => parts,
        Err(error) => return refused(*error),
    };
    let (mut page, mut diagnostics) = front_matter::read(&text, &parts);
    let (body, found) = body::render(&text, parts.body);
    diagnostics.extend(found);
    page.heading_html = body.heading;
    page.html_body = body.html;
    page.text = body.text;
    page.places = lines::places(&text, parts.body, &page);
    diagnostics.sort();
    diagnostics.truncate(MAX_DIAGNOSTICS);
    let broken = diagnostics.iter().any(|found| found.severity == Severity::Error);
    ((!broken).then_some(page), diagnostics)
}

fn refused(error: Diagnostic) -> (Option<Page>, Vec<Diagnostic>) {
    (None, vec![error.not_fatal()])
}

#[cfg(test)]
mod tests;

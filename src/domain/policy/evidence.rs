//! What rules are told of the world: they ask nobody themselves.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::claims;

/// What is known of the world when a subject is judged.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'e> {
    /// The metrics that may be quoted; none where the registry could not be read.
    pub registry: Option<&'e claims::Registry>,
    /// What asking for links gave, by the link to the letter. A link that is not here was not looked at yet.
    pub links: &'e BTreeMap<String, LinkFinding>,
    /// Other posts, published or planned, that the subject could repeat.
    pub siblings: &'e [Sibling],
}

/// What asking for a link gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkFinding {
    /// It answered with this HTTP status, redirects followed.
    Status(u16),
    /// There is no host of that name.
    NoSuchHost,
    /// There was no answer in time.
    TimedOut,
    /// It could not be asked; the text says why.
    Unreachable(String),
}

/// Another post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sibling {
    /// Its id; a repeat of the same id is declared and no duplicate.
    pub post_id: String,
    /// Its platform in its compared form.
    pub platform: String,
    /// Its account in its compared form.
    pub account: String,
    /// When it goes or went out, where that is known.
    pub at: Option<Timestamp>,
    /// Its text.
    pub text: String,
}

static NO_LINKS: BTreeMap<String, LinkFinding> = BTreeMap::new();

impl Evidence<'_> {
    /// Nothing is known: links were not looked at, there is no registry and there are no other posts.
    pub const NONE: Self = Evidence {
        registry: None,
        links: &NO_LINKS,
        siblings: &[],
    };
}

//! What rules are told of the world: they ask nobody themselves.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::claims;

/// What is known of the world when a subject is judged.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'e> {
    /// The metrics that may be quoted.
    pub registries: Registries<'e>,
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

/// The registries of claims that could be read.
#[derive(Clone, Copy, Debug)]
pub enum Registries<'e> {
    /// Each by its path on the branch.
    ByPath(&'e BTreeMap<String, Arc<claims::Registry>>),
    /// One that stands for each, whatever its path: that of a pack's own test.
    Each(&'e claims::Registry),
}

impl<'e> Registries<'e> {
    /// None could be read.
    pub const NONE: Self = Self::ByPath(&NO_REGISTRIES);

    /// The registry of a path, where it could be read.
    pub fn at(self, path: &str) -> Option<&'e claims::Registry> {
        match self {
            Self::ByPath(all) => all.get(path).map(AsRef::as_ref),
            Self::Each(registry) => Some(registry),
        }
    }
}

static NO_REGISTRIES: BTreeMap<String, Arc<claims::Registry>> = BTreeMap::new();
static NO_LINKS: BTreeMap<String, LinkFinding> = BTreeMap::new();

impl Evidence<'_> {
    /// Nothing is known: links were not looked at, there is no registry and there are no other posts.
    pub const NONE: Self = Evidence {
        registries: Registries::NONE,
        links: &NO_LINKS,
        siblings: &[],
    };
}

//! The differences that are meant, each with its reason.

use std::fs;

use globset::{Glob, GlobMatcher};
use serde::Deserialize;

use super::compare::Difference;
use super::corpus;

/// One entry of `allowed.yaml`: both patterns are globs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// `topic: sentence`.
    step: String,
    /// JSON pointer into `{status, headers, body}`.
    path: String,
    because: String,
}

/// The list, and which of it was needed.
pub(crate) struct Allowed(Vec<Rule>);

struct Rule {
    entry: Entry,
    step: GlobMatcher,
    path: GlobMatcher,
    used: usize,
}

impl Allowed {
    /// Reads the list; an entry without a reason ends the test.
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(corpus::folder().join("allowed.yaml")).expect("read allowed.yaml");
        let entries: Vec<Entry> = serde_saphyr::from_str(&text).expect("allowed.yaml");
        Self(entries.into_iter().map(Rule::new).collect())
    }

    /// Whether an entry allows the difference; every entry that does is marked as needed.
    pub(crate) fn allows(&mut self, difference: &Difference) -> bool {
        let mut allowed = false;
        for rule in &mut self.0 {
            if rule.step.is_match(&difference.step) && rule.path.is_match(&difference.path) {
                rule.used += 1;
                allowed = true;
            }
        }
        allowed
    }

    /// The entries that nothing needed: what they allowed has been mended, and they must go.
    pub(crate) fn unused(&self) -> Vec<String> {
        let unused = self.0.iter().filter(|rule| rule.used == 0);
        unused
            .map(|rule| format!("{} {}", rule.entry.step, rule.entry.path))
            .collect()
    }
}

impl Rule {
    fn new(entry: Entry) -> Self {
        assert!(!entry.because.is_empty(), "{}: why?", entry.step);
        let glob = |text: &str| Glob::new(text).expect("a glob").compile_matcher();
        Self {
            step: glob(&entry.step),
            path: glob(&entry.path),
            entry,
            used: 0,
        }
    }
}

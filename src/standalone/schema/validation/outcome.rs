//! What a judgement found, and how many checks matched.

use std::collections::BTreeSet;

use serde_json::Value;

use super::trail::Trail;
use crate::standalone::schema::field_error::{ErrorKind, FieldError};
use crate::standalone::schema::go_text;

/// Findings of one object beyond this are not kept: nobody reads them, and a list of a million wrong items
/// must not become a reply of a hundred megabytes.
const FINDING_LIMIT: usize = 1000;

/// One objection with the sentence by which equal ones are told apart.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    sentence: String,
    error: FieldError,
}

/// What the checks of one value came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    findings: Vec<Finding>,
    matches: usize,
}

impl Outcome {
    pub(super) fn is_valid(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn matches(&self) -> usize {
        self.matches
    }

    pub(super) fn matched(&mut self) {
        self.matches += 1;
    }

    pub(super) fn add(&mut self, finding: Finding) {
        if self.findings.len() < FINDING_LIMIT {
            self.findings.push(finding);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.matches += other.matches;
        let room = FINDING_LIMIT.saturating_sub(self.findings.len());
        self.findings.extend(other.findings.into_iter().take(room));
    }

    pub(super) fn forgive(&mut self) {
        self.findings.clear();
    }

    /// The objections, each sentence once.
    pub(super) fn into_errors(self) -> Vec<FieldError> {
        let mut seen = BTreeSet::new();
        let mut errors = Vec::with_capacity(self.findings.len());
        for finding in self.findings {
            if seen.insert(finding.sentence) {
                errors.push(finding.error);
            }
        }
        errors
    }
}

/// The value that a finding is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) base: &'a str,
    pub(super) trail: &'a Trail<'a>,
}

impl Subject<'_> {
    /// `spec.x in body should be ...`, on the field `spec.x`.
    pub(super) fn finding(self, kind: ErrorKind, value: impl Into<Value>, what: &str) -> Finding {
        let sentence = format!("{} in body {what}", self.trail);
        self.built(kind, value.into(), sentence.clone(), sentence)
    }

    pub(super) fn wrong_type(self, wanted: &str, found: &str) -> Finding {
        let what = format!("must be of type {wanted}: {}", go_text::quote(found));
        self.finding(ErrorKind::TypeInvalid, found, &what)
    }

    pub(super) fn required(self) -> Finding {
        let sentence = format!("{} in body is required", self.trail);
        self.built(ErrorKind::Required, Value::from(""), sentence, String::new())
    }

    pub(super) fn too_long(self, limit: i64) -> Finding {
        let sentence = format!("{} in body should be at most {limit} chars long", self.trail);
        let unit = if limit == 1 { "byte" } else { "bytes" };
        let detail = format!("may not be more than {limit} {unit}");
        self.built(
            ErrorKind::TooLong,
            Value::from("<value omitted>"),
            sentence,
            detail,
        )
    }

    pub(super) fn too_many(self, size: usize, limit: i64) -> Finding {
        let sentence = format!("{} in body should have at most {limit}", self.trail);
        let unit = if limit == 1 { "item" } else { "items" };
        let detail = format!("must have at most {limit} {unit}");
        self.built(ErrorKind::TooMany, Value::from(size), sentence, detail)
    }

    pub(super) fn not_supported(self, value: &Value, allowed: &[String]) -> Finding {
        let sentence = format!("{} in body should be one of {allowed:?}", self.trail);
        let quoted: Vec<String> = allowed.iter().map(|text| go_text::quote(text)).collect();
        let detail = format!("supported values: {}", quoted.join(", "));
        self.built(ErrorKind::NotSupported, value.clone(), sentence, detail)
    }

    pub(super) fn forbidden_property(self, name: &str) -> Finding {
        let sentence = format!("{}.{name} in body is a forbidden property", self.trail);
        self.built(ErrorKind::Invalid, Value::from(name), sentence.clone(), sentence)
    }

    /// A sentence about the object as a whole: those of `anyOf` and its kin have no field of their own.
    pub(super) fn about_the_whole(self, sentence: String) -> Finding {
        let field = match self.base {
            "" => "<nil>".to_owned(),
            base => base.to_owned(),
        };
        let error = FieldError {
            kind: ErrorKind::Invalid,
            field,
            value: Some(Value::from("")),
            detail: sentence.clone(),
        };
        Finding { sentence, error }
    }

    /// A sentence about the factor that a number should be a multiple of: the real server shows it in the number's place.
    pub(super) fn about_the_factor(self, factor: Value, sentence: String) -> Finding {
        self.built(ErrorKind::Invalid, factor, sentence.clone(), sentence)
    }

    fn built(self, kind: ErrorKind, value: Value, sentence: String, detail: String) -> Finding {
        let name = self.trail.to_string();
        let field = match (self.base, name.strip_prefix('.').unwrap_or(&name)) {
            ("", "") => "<nil>".to_owned(),
            ("", name) => name.to_owned(),
            (base, "") => base.to_owned(),
            (base, name) => format!("{base}.{name}"),
        };
        let error = FieldError {
            kind,
            field,
            value: Some(value),
            detail,
        };
        Finding { sentence, error }
    }
}

//! What a pack says of a subject.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::{RuleAction, RuleMode, RuleResult, Severity};

/// What all rules together say: fail beats inconclusive, which never passes by itself.
pub type VerdictResult = RuleResult;

/// What packs say of a subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// What stops it by itself. Findings that only ask for a person stand in `require_approval` and not here: a Pass
    /// beside a `require_approval` that is not empty still needs that person.
    pub result: VerdictResult,
    /// What was found, errors before warnings, then by place; at most [`super::MAX_FINDINGS`].
    pub findings: Vec<GuardFinding>,
    /// How many findings more there were.
    pub left_out: u32,
    /// Names of the enforced rules that ask for a person, sorted.
    pub require_approval: Vec<String>,
    /// What is to be halted, the widest of all.
    pub halt: Option<GuardHalt>,
    /// When time alone changes the verdict.
    pub again_at: Option<Timestamp>,
}

/// A halt that a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardHalt {
    /// The rule.
    pub rule: String,
    /// What is halted.
    pub scope: HaltScope,
}

/// How far a halt reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HaltScope {
    /// The campaign on that channel.
    Channel,
    /// The campaign.
    Campaign,
}

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardFinding {
    /// The rule.
    pub rule: String,
    /// The pack.
    pub pack: String,
    /// Error or Warning.
    pub severity: Severity,
    /// Whether the rule is enforced; an Audit finding stops nothing.
    pub mode: RuleMode,
    /// What follows.
    pub action: RuleAction,
    /// Fail or Inconclusive.
    pub result: RuleResult,
    /// What is wrong and what to do, at most 512 characters.
    pub message: String,
    /// The words, at most 120 characters; empty where none in particular are meant.
    pub excerpt: String,
    /// Path of the file.
    pub path: String,
    /// Line, from 1; 0 where it is not known.
    pub line: u32,
    /// Column, from 1, in characters; 0 where the whole line is meant.
    pub column: u32,
}

impl GuardFinding {
    /// True where it stops or asks for a person: an error of a rule that is enforced.
    pub fn counts(&self) -> bool {
        self.severity == Severity::Error && self.mode == RuleMode::Enforce
    }

    /// How strict it is: of two findings of one rule at one place the stricter one is kept.
    pub(super) fn strictness(&self) -> (bool, RuleResult, RuleAction) {
        (self.counts(), self.result, self.action)
    }
}

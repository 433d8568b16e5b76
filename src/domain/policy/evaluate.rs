//! The verdict of packs on a subject.
//!
//! Packs compose by union: every rule of every pack is applied, so that a later pack can only tighten. Where two packs
//! have a rule of one name, both are applied and of two findings at one place the stricter one is kept; a rule that is
//! milder than its namesake changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    compile::{CompiledPack, CompiledRule},
    evidence::Evidence,
    reading::{At, Hit, Hits, Reading},
    subject::Subject,
    verdict::{GuardFinding, GuardHalt, HaltScope, Verdict},
};
use crate::api::{RuleAction, RuleResult};

/// More findings of one subject than a person reads; the rest are counted.
pub const MAX_FINDINGS: usize = 1_000;
const MAX_MESSAGE: usize = 512;

/// What packs say of a subject.
///
/// # Guarantees
/// Equal inputs give equal verdicts. A pack more never makes a verdict milder. Every list is bounded. Nothing is asked
/// of the world: what the evidence does not have is inconclusive.
pub fn evaluate(
    packs: &[Arc<CompiledPack>],
    subject: &Subject,
    evidence: &Evidence<'_>,
    now: Timestamp,
) -> Verdict {
    let reading = Reading::of(subject, evidence, now);
    let mut judgement = Judgement::default();
    for pack in packs {
        judgement.pack(pack, &reading);
    }
    judgement.verdict()
}

/// What one pack's rules say of a subject, each by its name, whatever their severity and mode; and what they found.
pub(super) fn results(
    pack: &CompiledPack,
    subject: &Subject,
    evidence: &Evidence<'_>,
    now: Timestamp,
) -> (BTreeMap<String, RuleResult>, Verdict) {
    let reading = Reading::of(subject, evidence, now);
    let mut judgement = Judgement::default();
    judgement.pack(pack, &reading);
    let results = std::mem::take(&mut judgement.results);
    (results, judgement.verdict())
}

#[derive(Default)]
struct Judgement {
    result: RuleResult,
    results: BTreeMap<String, RuleResult>,
    findings: Vec<GuardFinding>,
    left_out: u32,
    require_approval: BTreeSet<String>,
    halt: Option<GuardHalt>,
    again_at: Option<Timestamp>,
}

impl Judgement {
    fn pack(&mut self, pack: &CompiledPack, reading: &Reading<'_>) {
        for rule in pack.rules_for(reading.subject) {
            if reading.subject.is_later_item && rule.demands() {
                continue;
            }
            let hits = if reading.subject.words_missing {
                words_missing()
            } else {
                rule.examine(reading)
            };
            self.rule(pack, rule, &hits, reading);
        }
    }

    fn rule(&mut self, pack: &CompiledPack, rule: &CompiledRule, hits: &Hits, reading: &Reading<'_>) {
        let result = self.results.entry(rule.name.clone()).or_default();
        *result = hits.result.max(*result);
        self.left_out = self.left_out.saturating_add(hits.left_out);
        if let Some(at) = hits.again_at {
            self.again_at = Some(self.again_at.map_or(at, |known| known.min(at)));
        }
        let said: BTreeSet<&str> = hits
            .found
            .iter()
            .filter(|hit| !reading.is_html(&hit.at))
            .map(|hit| hit.message.as_str())
            .collect();
        for hit in &hits.found {
            // HTML says again what the text says.
            if reading.is_html(&hit.at) && said.contains(hit.message.as_str()) {
                continue;
            }
            let finding = finding((pack, rule), hit, reading);
            self.count(&finding);
            self.keep(finding);
        }
        // Findings past the bound may be the worse ones.
        if rule.enforces() && rule.action_of(hits.result) != RuleAction::RequireApproval {
            self.result = self.result.max(hits.result);
        }
    }

    /// What follows a finding.
    fn count(&mut self, finding: &GuardFinding) {
        if !finding.counts() {
            return;
        }
        let scope = match finding.action {
            RuleAction::RequireApproval => {
                self.require_approval.insert(finding.rule.clone());
                return;
            }
            RuleAction::BlockAsset => None,
            RuleAction::HaltChannel => Some(HaltScope::Channel),
            RuleAction::HaltCampaign => Some(HaltScope::Campaign),
        };
        self.result = self.result.max(finding.result);
        let Some(scope) = scope else { return };
        if self.halt.as_ref().is_none_or(|halt| halt.scope < scope) {
            self.halt = Some(GuardHalt {
                rule: finding.rule.clone(),
                scope,
            });
        }
    }

    /// Keeps a finding, once for each rule and place, the stricter one.
    fn keep(&mut self, finding: GuardFinding) {
        let same = |known: &&mut GuardFinding| {
            known.rule == finding.rule
                && known.excerpt == finding.excerpt
                && known.message == finding.message
                && (&known.path, known.line, known.column) == (&finding.path, finding.line, finding.column)
        };
        // Only a namesake in another pack can have found the same.
        let known = self
            .findings
            .iter_mut()
            .filter(|known| known.pack != finding.pack)
            .find(same);
        if let Some(known) = known {
            if finding.strictness() > known.strictness() {
                *known = finding;
            }
        } else if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    fn verdict(mut self) -> Verdict {
        let order = |finding: &GuardFinding| {
            let milder = std::cmp::Reverse(finding.strictness());
            (
                milder,
                finding.path.clone(),
                finding.line,
                finding.column,
                finding.rule.clone(),
            )
        };
        self.findings.sort_by_cached_key(order);
        Verdict {
            result: self.result,
            findings: self.findings,
            left_out: self.left_out,
            require_approval: self.require_approval.into_iter().collect(),
            halt: self.halt,
            again_at: self.again_at,
        }
    }
}

fn words_missing() -> Hits {
    let mut hits = Hits::default();
    let message = "The text is too long to stand in the Asset and was not read.".to_owned();
    hits.inconclusive(At::Whole, message, "It is read again from the branch.");
    hits
}

fn finding((pack, rule): (&CompiledPack, &CompiledRule), hit: &Hit, reading: &Reading<'_>) -> GuardFinding {
    let spot = reading.spot(&hit.at);
    let sentences = [hit.message.as_str(), rule.message.as_str(), hit.help.as_str()];
    let said: Vec<&str> = sentences
        .into_iter()
        .filter(|sentence| !sentence.is_empty())
        .collect();
    GuardFinding {
        rule: rule.name.clone(),
        pack: pack.name.clone(),
        severity: rule.severity,
        mode: rule.mode,
        action: rule.action_of(hit.result),
        result: hit.result,
        message: said.join(" ").chars().take(MAX_MESSAGE).collect(),
        excerpt: reading.excerpt(hit),
        path: spot.path,
        line: spot.position.line,
        column: spot.position.column,
    }
}

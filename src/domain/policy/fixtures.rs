//! Packs of one rule and subjects of a few words, for tests.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{CompiledPack, Evidence, GuardFinding, Subject, Verdict, compile, evaluate};
use crate::api::{PolicyPackSpec, RuleResult, TestAsset};

/// The time of the clock in tests.
pub(super) const NOW: &str = "2026-02-16T12:00:00Z";

/// A pack whose one rule has the members of a JSON object.
pub(super) fn rule(members: &str) -> Arc<CompiledPack> {
    let mut rule: Value = serde_json::from_str(members).unwrap();
    rule["name"] = json!("rule");
    pack("pack", &json!({"rules": [rule]}))
}

/// A pack of a spec.
pub(super) fn pack(name: &str, spec: &Value) -> Arc<CompiledPack> {
    let spec: PolicyPackSpec = serde_json::from_value(spec.clone()).unwrap();
    Arc::new(compile(name, &spec).unwrap())
}

/// The subject that the asset of a pack's test describes; English where it names no locale.
pub(super) fn subject(asset: &str) -> Subject {
    let mut asset: Value = serde_json::from_str(asset).unwrap();
    if asset["locale"].is_null() {
        asset["locale"] = json!("en");
    }
    let asset: TestAsset = serde_json::from_value(asset).unwrap();
    Subject::of_test(&asset)
}

/// What a pack says.
pub(super) fn judged(pack: &Arc<CompiledPack>, subject: &Subject, evidence: &Evidence<'_>) -> Verdict {
    evaluate(&[Arc::clone(pack)], subject, evidence, NOW.parse().unwrap())
}

/// What a pack finds in an asset, with no evidence.
pub(super) fn check(pack: &Arc<CompiledPack>, asset: &str) -> Vec<GuardFinding> {
    judged(pack, &subject(asset), &Evidence::NONE).findings
}

/// Asserts that a rule fails each of these texts, given with their locales.
#[track_caller]
pub(super) fn failing(members: &str, corpus: &[(&str, &str)]) {
    each(members, corpus, RuleResult::Fail);
}

/// Asserts that a rule passes each of these texts, given with their locales.
#[track_caller]
pub(super) fn passing(members: &str, corpus: &[(&str, &str)]) {
    each(members, corpus, RuleResult::Pass);
}

#[track_caller]
fn each(members: &str, corpus: &[(&str, &str)], expected: RuleResult) {
    let rule = rule(members);
    let wrong: Vec<String> = corpus
        .iter()
        .filter_map(|(locale, text)| {
            let asset = json!({"locale": locale, "text": text}).to_string();
            let verdict = judged(&rule, &subject(&asset), &Evidence::NONE);
            (verdict.result != expected)
                .then(|| format!("{locale} {text:?}: {:?} {:?}", verdict.result, verdict.findings))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

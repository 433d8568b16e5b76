//! What is told of a verdict: on the Asset while it waits, on the Receipt for ever.

use crate::{
    api::{
        AssetGuard, AssetGuardFinding, AssetPhase, AssetStatus, PolicyReference, PolicyVersion, ReceiptGuard,
        RuleAction, RuleResult, Severity,
    },
    domain::{
        gates::is_stopping,
        observed::GuardFacts,
        policy::{GuardFinding, Verdict},
        receipt::shortened,
    },
};

/// How many findings stand on an Asset or a Receipt.
pub const MAX_TOLD: usize = 20;

/// What stands on an Asset in a phase. Only while it waits: then the guards are known to have judged, and what was judged
/// when it was sent stands on its Receipt.
pub fn of_asset(guards: &GuardFacts, phase: AssetPhase) -> Option<AssetGuard> {
    let waits = matches!(
        phase,
        AssetPhase::Blocked
            | AssetPhase::AwaitingApproval
            | AssetPhase::AwaitingPerson
            | AssetPhase::Scheduled
            | AssetPhase::Halted
    );
    let verdict = guards.verdict.as_ref().filter(|_| waits)?;
    Some(AssetGuard {
        result: verdict.result,
        policies: guards.policies.iter().map(|(name, _)| name.clone()).collect(),
        findings: foremost(verdict).into_iter().map(finding).collect(),
        finding_count: found(verdict),
    })
}

/// What an Asset's status tells of its guards, for whoever only looks.
pub fn recorded(policies: Option<&[PolicyReference]>, status: Option<&AssetStatus>) -> GuardFacts {
    let named = policies.is_some_and(|policies| !policies.is_empty());
    let guard = status.and_then(|status| status.guard.as_ref()).filter(|_| named);
    GuardFacts {
        guarded: guard.is_some(),
        silenced: policies.is_some_and(<[PolicyReference]>::is_empty),
        pending: status.filter(|_| named).and_then(told_to_wait),
        verdict: guard.map(verdict),
        policies: guard.map_or_else(Vec::new, |guard| {
            let judges = guard.policies.iter();
            judges.map(|name| (name.clone(), String::new())).collect()
        }),
    }
}

/// Why nobody can judge, where the status says that.
fn told_to_wait(status: &AssetStatus) -> Option<(String, String)> {
    let reason = status.reason.as_deref()?;
    let waits = matches!(reason, "PolicyMissing" | "PolicyNotReady" | "ContentMissing");
    waits.then(|| (reason.to_owned(), status.message.clone().unwrap_or_default()))
}

fn verdict(guard: &AssetGuard) -> Verdict {
    let findings: Vec<GuardFinding> = guard.findings.iter().map(of_told).collect();
    let kept = u32::try_from(findings.len()).unwrap_or(u32::MAX);
    let mut require_approval: Vec<String> = findings
        .iter()
        .filter(|finding| finding.counts() && finding.action == RuleAction::RequireApproval)
        .map(|finding| finding.rule.clone())
        .collect();
    require_approval.sort();
    require_approval.dedup();
    Verdict {
        result: guard.result,
        left_out: guard.finding_count.saturating_sub(kept),
        require_approval,
        findings,
        halt: None,
        again_at: None,
    }
}

fn of_told(told: &AssetGuardFinding) -> GuardFinding {
    GuardFinding {
        rule: told.rule.clone(),
        pack: told.pack.clone(),
        severity: told.severity,
        mode: told.mode,
        action: told.action,
        result: told.result,
        message: told.message.clone(),
        excerpt: told.excerpt.clone(),
        path: told.path.clone(),
        line: told.line,
        column: told.column,
    }
}

/// What stands on a Receipt.
pub fn of_receipt(guards: &GuardFacts) -> Option<ReceiptGuard> {
    let verdict = guards.verdict.as_ref()?;
    let version = |(name, digest): &(String, String)| PolicyVersion {
        name: name.clone(),
        digest: digest.clone(),
    };
    Some(ReceiptGuard {
        result: verdict.result,
        policies: guards.policies.iter().map(version).collect(),
        findings: foremost(verdict).into_iter().map(line).collect(),
    })
}

/// How many findings there are, those that are not kept included.
fn found(verdict: &Verdict) -> u32 {
    let kept = u32::try_from(verdict.findings.len()).unwrap_or(u32::MAX);
    kept.saturating_add(verdict.left_out)
}

/// The findings that are told, at most [`MAX_TOLD`]: those that stop first, errors before warnings.
pub fn foremost(verdict: &Verdict) -> Vec<&GuardFinding> {
    let mut findings: Vec<&GuardFinding> = verdict.findings.iter().collect();
    findings.sort_by_key(|finding| {
        let fails = finding.result == RuleResult::Fail;
        (!is_stopping(finding), finding.severity != Severity::Error, !fails)
    });
    findings.truncate(MAX_TOLD);
    findings
}

fn finding(found: &GuardFinding) -> AssetGuardFinding {
    AssetGuardFinding {
        rule: shortened(&found.rule, 63),
        pack: shortened(&found.pack, 253),
        result: found.result,
        severity: found.severity,
        mode: found.mode,
        action: found.action,
        message: shortened(&found.message, 500),
        excerpt: shortened(&found.excerpt, 250),
        path: shortened(&found.path, 1000),
        line: found.line,
        column: found.column,
    }
}

fn line(found: &GuardFinding) -> String {
    let GuardFinding {
        pack,
        rule,
        result,
        mode,
        severity,
        action,
        excerpt,
        ..
    } = found;
    let text = format!("{pack}/{rule}: {result:?} ({mode:?}, {severity:?}, {action:?}) {excerpt}");
    shortened(text.trim_end(), 500)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::RuleMode, domain::fixtures::finding as found_by};

    fn facts(findings: Vec<GuardFinding>) -> GuardFacts {
        GuardFacts {
            guarded: true,
            verdict: Some(Verdict {
                result: RuleResult::Fail,
                findings,
                ..Verdict::default()
            }),
            policies: vec![("brand".to_owned(), "sha256:1".to_owned())],
            ..GuardFacts::default()
        }
    }

    #[test]
    fn ten_thousand_findings_are_counted_and_the_one_that_stops_is_told_first() {
        let audit = GuardFinding {
            mode: RuleMode::Audit,
            ..found_by("tried-out")
        };
        let mut findings = vec![audit; 10_000];
        findings.push(found_by("no-hype"));
        let guard = of_asset(&facts(findings), AssetPhase::Blocked).unwrap();
        assert_eq!((guard.findings.len(), guard.finding_count), (MAX_TOLD, 10_001));
        assert_eq!(guard.findings[0].rule, "no-hype");
    }

    #[test]
    fn a_long_finding_fits_its_bounds_on_asset_and_receipt() {
        let long = GuardFinding {
            message: "ש".repeat(5000),
            excerpt: "ש".repeat(5000),
            path: "p".repeat(5000),
            ..found_by("no-hype")
        };
        let facts = facts(vec![long]);
        let guard = of_asset(&facts, AssetPhase::Blocked).unwrap();
        assert!(guard.findings[0].message.len() <= 500 && guard.findings[0].path.len() <= 1000);
        let proof = of_receipt(&facts).unwrap();
        assert!(proof.findings[0].len() <= 500);
        assert_eq!(proof.policies[0].name, "brand");
    }

    #[test]
    fn whoever_only_looks_sees_the_same_gate_as_the_operator() {
        let facts = facts(vec![found_by("no-hype")]);
        let status = AssetStatus {
            guard: of_asset(&facts, AssetPhase::Blocked),
            ..AssetStatus::default()
        };
        let named = [PolicyReference {
            name: "brand".to_owned(),
        }];
        assert_eq!(recorded(Some(&named), Some(&status)).verdict, facts.verdict);
        assert_eq!(recorded(None, Some(&status)), GuardFacts::default());
        assert!(recorded(Some(&[]), None).silenced);
    }

    #[test]
    fn what_is_published_keeps_its_verdict_on_the_receipt_alone() {
        let facts = facts(Vec::new());
        assert_eq!(of_asset(&facts, AssetPhase::Posted), None);
        assert!(of_asset(&facts, AssetPhase::Scheduled).is_some());
        assert!(of_receipt(&facts).is_some());
    }
}

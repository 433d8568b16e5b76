//! Guards: the words pass the policies of the campaign.

use super::{
    super::{
        content::text::quoted,
        observed::{GUARDS_NOT_RUN, LINKS_UNCHECKED, Observed},
        plan::GateState,
        policy::{GuardFinding, Verdict},
    },
    closed,
};
use crate::api::{AssetPhase, RuleAction, RuleResult};

pub(super) fn guards(observed: &Observed) -> GateState {
    let guards = &observed.guards;
    if let Some((reason, message)) = &guards.pending {
        let phase = if matches!(reason.as_str(), GUARDS_NOT_RUN | LINKS_UNCHECKED) {
            AssetPhase::Pending
        } else {
            AssetPhase::Blocked
        };
        return closed(phase, reason, message.clone());
    }
    match &guards.verdict {
        Some(verdict) => judged(verdict),
        None if guards.guarded => closed(
            AssetPhase::Pending,
            GUARDS_NOT_RUN,
            "The guards have not judged these words yet.",
        ),
        None => GateState::Open,
    }
}

/// Whatever stops is named with its place; what only needs a person is left to the approval.
fn judged(verdict: &Verdict) -> GateState {
    let mut stopping: Vec<&GuardFinding> = verdict
        .findings
        .iter()
        .filter(|finding| is_stopping(finding))
        .collect();
    stopping.sort_by_key(|finding| finding.result != RuleResult::Fail);
    let Some(first) = stopping.first() else {
        return GateState::Open;
    };
    let reason = if first.result == RuleResult::Fail {
        "GuardFailed"
    } else {
        "GuardInconclusive"
    };
    GateState::Closed {
        phase: AssetPhase::Blocked,
        reason: reason.to_owned(),
        message: sentence(first, stopping.len() - 1),
        until: verdict.again_at,
    }
}

/// Whether a finding alone keeps an asset from being sent.
pub fn is_stopping(finding: &GuardFinding) -> bool {
    finding.counts() && finding.result != RuleResult::Pass && finding.action != RuleAction::RequireApproval
}

fn sentence(finding: &GuardFinding, more: usize) -> String {
    let GuardFinding {
        rule, pack, message, ..
    } = finding;
    let place = place(finding);
    let excerpt = if finding.excerpt.is_empty() {
        String::new()
    } else {
        format!(" The words: {}.", quoted(&finding.excerpt))
    };
    let others = match more {
        0 => String::new(),
        1 => " One more finding stops it too.".to_owned(),
        more => format!(" {more} more findings stop it too."),
    };
    format!("{place}rule {rule} of PolicyPack {pack}: {message}{excerpt}{others}")
}

/// Where a finding stands, as path:line:column, with what parts it from the sentence; empty where nobody knows.
fn place(finding: &GuardFinding) -> String {
    let GuardFinding {
        path, line, column, ..
    } = finding;
    match (path.as_str(), line, column) {
        ("", ..) => String::new(),
        (path, 0, _) => format!("{path}: "),
        (path, line, 0) => format!("{path}:{line}: "),
        (path, line, column) => format!("{path}:{line}:{column}: "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{RuleMode, Severity};
    use crate::domain::{
        fixtures::{finding, minutes, post, said},
        observed::GuardFacts,
    };

    fn verdict(findings: Vec<GuardFinding>) -> Verdict {
        Verdict {
            result: RuleResult::Fail,
            findings,
            ..Verdict::default()
        }
    }

    fn judged_so(findings: Vec<GuardFinding>) -> Observed {
        post().with(|observed| {
            observed.guards = GuardFacts {
                guarded: true,
                verdict: Some(verdict(findings)),
                ..GuardFacts::default()
            };
        })
    }

    #[test]
    fn what_a_guard_stops_is_blocked_as_soon_as_it_is_planned_and_told_with_its_place() {
        insta::assert_snapshot!(said(&judged_so(vec![finding("no-hype")]), minutes(-10_000)), @"Blocked GuardFailed: docs/week-1.csv:3:41: rule no-hype of PolicyPack brand: We promise nothing. Take it out. The words: `guaranteed`.");
    }

    #[test]
    fn a_failure_is_told_before_what_nobody_can_tell_and_the_others_are_counted() {
        let unclear = GuardFinding {
            result: RuleResult::Inconclusive,
            ..finding("links")
        };
        let both = judged_so(vec![unclear.clone(), finding("no-hype"), finding("length")]);
        let text = said(&both, minutes(-10));
        assert!(
            text.starts_with("Blocked GuardFailed: docs/week-1.csv:3:41: rule no-hype"),
            "{text}"
        );
        assert!(text.ends_with("2 more findings stop it too."), "{text}");
        let text = said(&judged_so(vec![unclear]), minutes(-10));
        assert!(text.starts_with("Blocked GuardInconclusive: "), "{text}");
    }

    #[test]
    fn audit_warnings_and_what_asks_a_person_do_not_close_this_gate() {
        let audit = GuardFinding {
            mode: RuleMode::Audit,
            ..finding("audit")
        };
        let warning = GuardFinding {
            severity: Severity::Warning,
            ..finding("warning")
        };
        let asks = GuardFinding {
            action: RuleAction::RequireApproval,
            ..finding("asks")
        };
        for finding in [audit, warning, asks] {
            assert_eq!(guards(&judged_so(vec![finding])), GateState::Open);
        }
    }

    #[test]
    fn without_policies_nobody_judges_and_with_them_nothing_goes_unjudged() {
        assert_eq!(guards(&post()), GateState::Open);
        let unjudged = post().with(|observed| observed.guards.guarded = true);
        let text = said(&unjudged, minutes(1));
        assert!(text.starts_with("Pending GuardsNotRun"), "{text}");
        let missing = post().with(|observed| {
            observed.guards.guarded = true;
            observed.guards.pending = Some((
                "PolicyMissing".to_owned(),
                "There is no PolicyPack brand.".to_owned(),
            ));
        });
        assert_eq!(
            said(&missing, minutes(1)),
            "Blocked PolicyMissing: There is no PolicyPack brand."
        );
    }
}

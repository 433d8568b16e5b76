//! When breakers open, when they stay closed, and what they are told to forget.

use super::*;
use crate::{
    api::{HaltResume, ResumePolicy},
    domain::{
        fixtures::{due, minutes},
        halts::BREAKER_OWNER,
    },
};

fn campaign() -> Scope {
    Scope::Campaign("week1".to_owned())
}

fn happened(minute: i64, what: &str) -> Happened {
    Happened {
        at: minutes(minute),
        what: what.to_owned(),
    }
}

fn send(minute: i64, published: bool) -> EndedSend {
    EndedSend {
        at: minutes(minute),
        published,
        what: format!("post-{minute}"),
    }
}

/// One breaker of each kind is on.
fn breakers() -> Breakers {
    Breakers {
        max_guard_failures_before_halt: Some(2),
        max_consecutive_failures: Some(3),
        max_unknown: Some(2),
        halt_on_rejected_credentials: true,
        ..Breakers::default()
    }
}

struct Story {
    breakers: Breakers,
    evidence: Evidence,
    states: Vec<BreakerState>,
    halts: Vec<HaltFacts>,
}

impl Story {
    fn new(evidence: Evidence) -> Self {
        Self {
            breakers: breakers(),
            evidence,
            states: Vec::new(),
            halts: Vec::new(),
        }
    }

    fn judged(&self, now: Timestamp) -> Verdict {
        decide(&Situation {
            scope: &campaign(),
            breakers: &self.breakers,
            before: &self.states,
            evidence: &self.evidence,
            halts: &self.halts,
            now,
        })
    }

    /// Does as it is told: the Halts stand, and the states are kept.
    fn looks(&mut self, now: Timestamp) -> Vec<HaltOrder> {
        let verdict = self.judged(now);
        self.states = verdict.states;
        for order in &verdict.orders {
            self.halts.push(HaltFacts::ordered(order.clone(), now));
        }
        verdict.orders
    }
}

fn owners(orders: &[HaltOrder]) -> Vec<&str> {
    orders
        .iter()
        .filter_map(|order| order.owner.strip_prefix(BREAKER_OWNER))
        .collect()
}

fn guards(failures: &[Happened]) -> Evidence {
    Evidence {
        guard_failures: failures.to_vec(),
        ..Evidence::default()
    }
}

#[test]
fn without_evidence_or_settings_nothing_opens() {
    assert_eq!(Story::new(Evidence::default()).judged(due()), Verdict::default());
    let mut off = Story::new(guards(&[happened(-3, "a"), happened(-2, "b")]));
    off.breakers = Breakers::default();
    assert!(!any(&off.breakers));
    assert_eq!(off.judged(due()).orders, []);
}

#[test]
fn each_breaker_opens_at_its_limit_with_its_evidence() {
    let evidence = Evidence {
        guard_failures: vec![happened(-9, "a"), happened(-8, "b")],
        sends: vec![send(-9, true), send(-8, false), send(-7, false), send(-6, false)],
        unknown: vec![happened(-5, "c"), happened(-4, "d")],
        refused: vec![happened(-6, "e")],
    };
    let orders = Story::new(evidence).judged(due()).orders;
    let told: Vec<String> = orders
        .iter()
        .map(|order| format!("{}: {}", order.owner, order.reason))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    breaker/guard-failures: Campaign week1: 2 assets could not go within 24h (maxGuardFailuresBeforeHalt is 2): a, b.
    breaker/consecutive-failures: Campaign week1: 3 sends in a row failed (maxConsecutiveFailures is 3): post--6, post--7, post--8.
    breaker/unknown-outcomes: Campaign week1: of 2 slots nobody knows whether they arrived (maxUnknown is 2): c, d.
    breaker/rejected-credentials: Campaign week1: the platform refused the credentials (haltOnRejectedCredentials): e.
    "#);
}

#[test]
fn one_less_than_the_limit_opens_nothing() {
    let evidence = Evidence {
        guard_failures: vec![happened(-9, "a")],
        sends: vec![send(-8, false), send(-7, false)],
        unknown: vec![happened(-5, "c")],
        refused: Vec::new(),
    };
    assert_eq!(Story::new(evidence).judged(due()).orders, []);
}

#[test]
fn an_asset_counts_once_and_at_its_due_instant() {
    let failures = [happened(-5, "a"), happened(-4, "a"), happened(10, "b")];
    let story = Story::new(guards(&failures));
    assert_eq!(story.judged(due()).orders, []);
    assert_eq!(story.judged(due()).again_at, Some(minutes(10)));
    assert_eq!(owners(&story.judged(minutes(10)).orders), ["guard-failures"]);
}

#[test]
fn guard_failures_from_before_the_window_do_not_count() {
    let mut story = Story::new(guards(&[happened(-61, "a"), happened(-5, "b")]));
    story.breakers.guard_failure_window = Some(GoDuration::from_secs(3600));
    assert_eq!(story.judged(due()).orders, []);
    story.breakers.guard_failure_window = Some(GoDuration::from_secs(7200));
    assert_eq!(owners(&story.judged(due()).orders), ["guard-failures"]);
}

#[test]
fn a_publication_ends_a_row_of_failures() {
    let sends = vec![send(-8, false), send(-7, false), send(-6, true), send(-5, false)];
    let evidence = Evidence {
        sends,
        ..Evidence::default()
    };
    assert_eq!(Story::new(evidence).judged(due()).orders, []);
}

#[test]
fn an_open_breaker_orders_no_second_halt() {
    let mut story = Story::new(guards(&[happened(-3, "a"), happened(-2, "b")]));
    assert_eq!(story.looks(due()).len(), 1);
    assert_eq!(story.looks(minutes(1)), []);
    assert_eq!(story.states.len(), 1);
}

#[test]
fn a_crash_before_the_state_was_written_orders_the_same_halt_again() {
    let story = Story::new(guards(&[happened(-3, "a"), happened(-2, "b")]));
    let name = |now| story.judged(now).orders.first().map(|order| order.name.clone());
    assert_eq!(name(due()), name(minutes(7)));
    assert!(name(due()).is_some());
}

#[test]
fn what_a_lifted_halt_was_made_for_makes_no_other() {
    let mut story = Story::new(guards(&[happened(-3, "a"), happened(-2, "b")]));
    let first = story.looks(due());
    story.halts.clear();
    assert_eq!(story.looks(minutes(5)), []);
    assert_eq!(
        story.states.first().and_then(|state| state.count_since.clone()),
        Some(Time(minutes(5)))
    );
    assert_eq!(story.looks(minutes(6)), []);
    story
        .evidence
        .guard_failures
        .extend([happened(7, "c"), happened(8, "d")]);
    let second = story.looks(minutes(9));
    assert_eq!(second.len(), 1);
    assert_ne!(
        first.first().map(|order| &order.name),
        second.first().map(|order| &order.name)
    );
    assert!(
        second.iter().all(|order| !order.reason.contains("a, b")),
        "{second:?}"
    );
}

#[test]
fn a_halt_that_runs_out_closes_its_breaker_when_one_asset_was_published() {
    let mut story = Story::new(guards(&[happened(-3, "a"), happened(-2, "b")]));
    story.breakers.halt_for = Some(GoDuration::from_secs(3600));
    story.breakers.resume = Some(HaltResume {
        policy: ResumePolicy::PublishWithin,
        within: Some(GoDuration::from_secs(60)),
    });
    let order = story.looks(due()).pop().unwrap();
    assert_eq!(
        (order.until, order.resume.policy),
        (Some(minutes(60)), ResumePolicy::PublishWithin)
    );
    assert_eq!(story.looks(minutes(61)), [], "half open");
    assert!(story.states.first().is_some_and(|state| state.halt.is_some()));
    story.halts[0].probe = Some(crate::domain::halts::Probe {
        asset: "c".to_owned(),
        outcome: Some((crate::api::ProbeOutcome::Passed, minutes(62))),
    });
    assert_eq!(story.looks(minutes(63)), []);
    let state = story.states.first().unwrap();
    assert_eq!(
        (state.halt.clone(), state.count_since.clone()),
        (None, Some(Time(minutes(62))))
    );
}

fn held_until(minute: i64) -> Story {
    let mut story = Story::new(Evidence::default());
    story.breakers = Breakers {
        halt_until: Some(Time(minutes(minute))),
        ..Breakers::default()
    };
    story
}

#[test]
fn an_instant_holds_until_it_comes_or_somebody_lifts_it() {
    let mut story = held_until(60);
    let order = story.looks(due()).pop().unwrap();
    assert_eq!(order.until, Some(minutes(60)));
    let named = halt_until(&campaign(), &story.breakers, &story.states).map(|order| order.name);
    assert_eq!(
        named,
        Some(order.name),
        "it holds before its Halt is made, by the same name"
    );
    story.halts.clear();
    assert_eq!(story.looks(minutes(1)), []);
    assert_eq!(story.looks(minutes(2)), []);
    assert_eq!(halt_until(&campaign(), &story.breakers, &story.states), None);
    story.breakers.halt_until = Some(Time(minutes(90)));
    assert_eq!(story.looks(minutes(3)).len(), 1, "another instant holds again");
    assert_eq!(held_until(-1).judged(due()).orders, [], "it has passed");
}

#[test]
fn of_two_names_for_one_limit_the_stricter_counts() {
    let merged = effective(&breakers(), Some(1), Some(&Time(minutes(5))));
    assert_eq!(merged.max_guard_failures_before_halt, Some(1));
    assert_eq!(merged.halt_until, Some(Time(minutes(5))));
    assert_eq!(effective(&breakers(), None, None), breakers());
}

#[test]
fn a_long_list_of_evidence_is_told_in_short() {
    let failures: Vec<Happened> = (0..50)
        .map(|number| happened(-number - 1, &format!("asset-{number:02}")))
        .collect();
    let order = Story::new(guards(&failures)).judged(due()).orders.pop().unwrap();
    assert!(order.reason.ends_with("and 45 more."), "{}", order.reason);
    assert!(order.reason.len() <= 512 && order.name.len() <= 253);
}

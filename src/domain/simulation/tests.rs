use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::{
    api::{GoDuration, HaltResume, Intent, MissedPolicyKind, ResumePolicy},
    domain::fixtures::{Story, approval, minutes, no_answer, page, post, published},
    domain::halts::HaltFacts,
};

/// A post of its own slot.
fn named(name: &str) -> Observed {
    post().with(|observed| name.clone_into(&mut observed.asset.post_id))
}

fn due_at(observed: Observed, minute: i64) -> Observed {
    observed.with(|observed| observed.asset.publish_at = Some(minutes(minute)))
}

fn told(simulation: &Simulation) -> String {
    let lines = simulation.happenings.iter().map(|happening| {
        let sent = if happening.sent { " sent" } else { "" };
        format!(
            "{} {} {:?} {}{sent}",
            happening.at, happening.asset, happening.phase, happening.reason
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_due_is_sent_at_its_instant_and_what_nobody_approves_is_missed_when_its_day_ends() {
    let pending = named("pending").with(|observed| {
        observed.asset.intent = Intent::Pending;
        observed.asset.approval = None;
    });
    let assets = vec![due_at(named("later"), 60), named("due"), pending, page()];
    insta::assert_snapshot!(told(&simulate(assets, Surroundings::default(), minutes(-60), minutes(60 * 24))), @"
    2026-03-02T06:00:00Z 0 Scheduled WaitingForTime
    2026-03-02T06:00:00Z 1 Scheduled WaitingForTime
    2026-03-02T06:00:00Z 2 AwaitingApproval ReviewPending
    2026-03-02T06:00:00Z 3 Scheduled WaitingForTime
    2026-03-02T07:00:00Z 1 Posted Published sent
    2026-03-02T07:00:00Z 3 Posted Published sent
    2026-03-02T08:00:00Z 0 Posted Published sent
    2026-03-02T22:00:00Z 2 Missed NotApprovedInTime
    ");
}

#[test]
fn what_was_published_before_is_not_sent_again_and_a_changed_page_is() {
    let story = Story::default()
        .sends("first", minutes(-90))
        .hears("first", &published("1"), minutes(-89));
    let posted = named("posted").having(&story.0);
    let changed = page().having(&story.0).says("sha256:others");
    let simulation = simulate(
        vec![posted, changed],
        Surroundings::default(),
        minutes(0),
        minutes(60),
    );
    insta::assert_snapshot!(told(&simulation), @"
    2026-03-02T07:00:00Z 0 Posted Published
    2026-03-02T07:00:00Z 1 Posted Published sent
    ");
}

#[test]
fn a_doubt_stays_a_doubt() {
    let lost = Story::default()
        .sends("first", minutes(-90))
        .hears("first", &no_answer(), minutes(-89));
    let simulation = simulate(
        vec![named("lost").having(&lost.0)],
        Surroundings::default(),
        minutes(0),
        minutes(600),
    );
    insta::assert_snapshot!(told(&simulation), @"2026-03-02T07:00:00Z 0 Unknown MayBeLive");
}

#[test]
fn a_rate_limit_moves_a_post_and_may_cost_it() {
    let limited = |name: &str, until: i64| {
        named(name).with(|observed| observed.channels[0].rate_limited_until = Some(minutes(until)))
    };
    let assets = vec![limited("moved", 30), limited("lost", 300)];
    insta::assert_snapshot!(told(&simulate(assets, Surroundings::default(), minutes(-10), minutes(600))), @"
    2026-03-02T06:50:00Z 0 Scheduled WaitingForTime
    2026-03-02T06:50:00Z 1 Scheduled WaitingForTime
    2026-03-02T07:00:00Z 0 Scheduled RateLimited
    2026-03-02T07:00:00Z 1 Scheduled RateLimited
    2026-03-02T07:30:00Z 0 Posted Published sent
    2026-03-02T09:00:01Z 1 Missed NotPublishedInTime
    ");
}

fn halted(observed: Observed, owner: &str, until: Option<i64>, policy: ResumePolicy) -> Observed {
    observed.with(|observed| {
        observed.halts.push(HaltFacts {
            name: "stop".to_owned(),
            reason: "Press inquiry.".to_owned(),
            owner: owner.to_owned(),
            since: minutes(-600),
            until: until.map(minutes),
            resume: HaltResume {
                policy,
                ..HaltResume::default()
            },
            probe: None,
        });
    })
}

#[test]
fn what_was_due_under_a_halt_follows_what_the_halt_said_when_it_ends() {
    let under = |name: &str, due, policy| halted(due_at(named(name), due), "maya", Some(30), policy);
    let assets = vec![
        under("asks", 0, ResumePolicy::AskApproval),
        under("skips", 0, ResumePolicy::Skip),
        under("later", 60, ResumePolicy::Skip),
    ];
    insta::assert_snapshot!(told(&simulate(assets, Surroundings::default(), minutes(-10), minutes(120))), @"
    2026-03-02T06:50:00Z 0 Halted Halted
    2026-03-02T06:50:00Z 1 Halted Halted
    2026-03-02T06:50:00Z 2 Halted Halted
    2026-03-02T07:30:00Z 0 AwaitingApproval HaltEnded
    2026-03-02T07:30:00Z 1 Skipped SkippedByHalt
    2026-03-02T07:30:00Z 2 Scheduled WaitingForTime
    2026-03-02T08:00:00Z 2 Posted Published sent
    ");
}

#[test]
fn when_the_halt_of_a_breaker_has_run_out_one_goes_first() {
    let under = |name: &str, due| {
        let observed = due_at(named(name), due).with(|observed| name.clone_into(&mut observed.asset.name));
        halted(observed, "breaker/sends", Some(30), ResumePolicy::Skip)
    };
    let assets = vec![under("second", 60), under("first", 45)];
    insta::assert_snapshot!(told(&simulate(assets, Surroundings::default(), minutes(-10), minutes(120))), @"
    2026-03-02T06:50:00Z 0 Halted Halted
    2026-03-02T06:50:00Z 1 Halted Halted
    2026-03-02T07:30:00Z 0 Halted HalfOpen
    2026-03-02T07:30:00Z 1 Halted HalfOpen
    2026-03-02T07:45:00Z 1 Posted Published sent
    2026-03-02T07:45:00Z 0 Scheduled WaitingForTime
    2026-03-02T08:00:00Z 0 Posted Published sent
    ");
}

/// The same without any queue: every asset is asked at every minute, and does what it says.
fn minute_by_minute(mut assets: Vec<Observed>, from: i64, until: i64) -> Vec<(Timestamp, usize)> {
    let mut sent = Vec::new();
    for minute in from..=until {
        for (index, observed) in assets.iter_mut().enumerate() {
            loop {
                let status = observed.receipt.as_ref().map(|receipt| receipt.status.clone());
                let story = Story(status.unwrap_or_default());
                let next = match observed.plan(minutes(minute)).action {
                    Action::Claim => story,
                    Action::Send(order) => {
                        sent.push((minutes(minute), index));
                        story.begins("one", &order, minutes(minute)).hears(
                            "one",
                            &published("1"),
                            minutes(minute),
                        )
                    }
                    _ => break,
                };
                *observed = observed.clone().having(&next.0);
            }
        }
    }
    sent
}

prop_compose! {
    fn an_asset()(
        due in 0_i64..300,
        late in 0_i64..120,
        policy in prop_oneof![
            Just(MissedPolicyKind::Skip), Just(MissedPolicyKind::PublishWithin), Just(MissedPolicyKind::Publish),
        ],
        intent in prop_oneof![
            4 => Just(Intent::Approved), 1 => Just(Intent::Pending), 1 => Just(Intent::Draft), 1 => Just(Intent::Skip),
        ],
        approved_at in proptest::option::of(0_i64..400),
        day_ends in 200_i64..400,
        limited in proptest::option::of(0_i64..400),
        stale_at in proptest::option::of(0_i64..400),
        enabled in prop::bool::weighted(0.9),
        is_page in prop::bool::weighted(0.2),
    ) -> Observed {
        let observed = if is_page { page() } else { post() };
        due_at(observed, due)
            .with(|observed| {
                let asset = &mut observed.asset;
                asset.intent = intent;
                asset.day_ends_at = Some(minutes(day_ends));
                asset.approval = Some(approval(&[&asset.content_digest], approved_at.map(minutes)));
                observed.channels[0].rate_limited_until = limited.map(minutes);
            })
            .campaign(|campaign| {
                campaign.missed.policy = policy;
                campaign.missed.within = GoDuration::from_secs(u64::try_from(late * 60).unwrap());
                campaign.publish_enabled = enabled;
                campaign.stale_at = stale_at.map(minutes);
            })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sent_when_is_what_decide_says_at_every_minute(
        assets in proptest::collection::vec(an_asset(), 1..6),
        from in -30_i64..100,
    ) {
        let assets: Vec<Observed> = assets
            .into_iter()
            .enumerate()
            .map(|(number, asset)| asset.with(|asset| asset.asset.post_id = format!("post-{number}")))
            .collect();
        let simulation = simulate(assets.clone(), Surroundings::default(), minutes(from), minutes(420));
        let sent: Vec<(Timestamp, usize)> = simulation
            .happenings
            .iter()
            .filter(|happening| happening.sent)
            .map(|happening| (happening.at, happening.asset))
            .collect();
        prop_assert_eq!(sent, minute_by_minute(assets.clone(), from, 420));
        prop_assert_eq!(&simulation, &simulate(assets.clone(), Surroundings::default(), minutes(from), minutes(420)));
        for happening in simulation.happenings.iter().filter(|happening| happening.sent) {
            let before = &assets[happening.asset];
            let early = before.plan(happening.at - SignedDuration::from_secs(1));
            prop_assert!(early.action == Action::Wait || happening.at == minutes(from));
        }
    }
}

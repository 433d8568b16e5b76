use super::*;
use crate::{
    api::{Intent, Severity},
    domain::{
        decide::decide,
        fixtures::{Story, due, minutes, no_answer, post, published},
        plan::GateState,
    },
};

fn origin() -> Origin {
    Origin {
        source: Some(AssetSource {
            revision: "c0ffee1234567890".to_owned(),
            repository: "git.example.com/team/gtm#main".to_owned(),
            path: "docs/week-1.csv".to_owned(),
            line: 7,
            author: Some("Dana".to_owned()),
            places: None,
        }),
        findings: Vec::new(),
        time_zone: "Asia/Jerusalem".to_owned(),
    }
}

/// A line a gate, as a person would tell it.
fn told(observed: &Observed, now: Timestamp) -> String {
    let explanation = explain(observed, &origin(), now);
    let mut lines = vec![format!(
        "{:?} {}: {}",
        explanation.phase, explanation.reason, explanation.message
    )];
    for gate in &explanation.gates {
        let reason = gate.reason.as_deref().unwrap_or("-");
        lines.push(format!(
            "{:?} {:?} {reason} [{}]",
            gate.name,
            gate.state,
            gate.evidence.join("; ")
        ));
        if let Some(opens) = &gate.opens {
            lines.push(format!("  opened by {:?}: {}", opens.by, opens.how));
        }
    }
    lines.push(format!(
        "next look {}",
        explanation
            .next_look_at_local
            .as_deref()
            .unwrap_or("when something changes")
    ));
    lines.join("\n")
}

/// What is told of the one gate that is not open, and the last line.
fn held(observed: &Observed, now: Timestamp) -> String {
    let told = told(observed, now);
    let lines = told.lines().skip(1).filter(|line| !line.contains(" Open - "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_post_that_waits_for_its_time_tells_every_gate_in_order() {
    insta::assert_snapshot!(told(&post(), minutes(-60)), @"
    Scheduled WaitingForTime: It goes out at 2026-03-02T07:00:00Z.
    Source Open - [docs/week-1.csv:7 at c0ffee12, last changed by Dana]
    Target Open - [ChannelConfig linkedin-company (Production, class D)]
    Guards Open - [nobody judges its words: the Campaign names no policies]
    Approval Open - [its status is approved; its words are sha256:words; the branch approved sha256:words in c0ffee]
    Switches Open - [Campaign: suspend false, publishEnabled true; ChannelConfig linkedin-company: publishEnabled true]
    Limits Open - []
    Time Waiting WaitingForTime [due 2026-03-02 09:00 Asia/Jerusalem; missed: PublishWithin, it may be 2h late]
      opened by Time: by itself at 2026-03-02 09:00 Asia/Jerusalem
    Claim Open - [nobody has claimed the slot]
    next look 2026-03-02 09:00 Asia/Jerusalem
    ");
}

#[test]
fn a_source_that_was_not_parsed_is_opened_by_a_commit_and_a_silent_host_by_nobody_on_the_branch() {
    let unparsed = post().campaign(|campaign| {
        campaign.source_closed = Some(("SourceNotParsed".to_owned(), "Line 3 has no end.".to_owned()));
    });
    insta::assert_snapshot!(held(&unparsed, minutes(-60)), @"
    Source Closed SourceNotParsed [docs/week-1.csv:7 at c0ffee12, last changed by Dana]
      opened by Branch: a commit to the branch
    Time Waiting WaitingForTime [due 2026-03-02 09:00 Asia/Jerusalem; missed: PublishWithin, it may be 2h late]
      opened by Time: by itself at 2026-03-02 09:00 Asia/Jerusalem
    next look when something changes
    ");
    let stale = post().campaign(|campaign| campaign.stale_at = Some(minutes(-90)));
    insta::assert_snapshot!(held(&stale, minutes(-60)), @"
    Source Closed SourceStale [docs/week-1.csv:7 at c0ffee12, last changed by Dana; the git host is silent; trusted until 2026-03-02 07:30 Asia/Jerusalem]
      opened by Operator: the operator, or whoever runs it
    Time Waiting WaitingForTime [due 2026-03-02 09:00 Asia/Jerusalem; missed: PublishWithin, it may be 2h late]
      opened by Time: by itself at 2026-03-02 09:00 Asia/Jerusalem
    next look when something changes
    ");
}

#[test]
fn a_target_without_a_channel_names_the_one_that_is_missing() {
    let nowhere = post().with(|observed| observed.channels.clear());
    insta::assert_snapshot!(held(&nowhere, minutes(1)), @"
    Target Closed NoChannel []
      opened by Channel: a ChannelConfig for linkedin/company
    next look when something changes
    ");
}

#[test]
fn words_that_changed_since_they_were_approved_show_both_digests() {
    let changed = post().with(|observed| observed.asset.content_digest = "sha256:others".to_owned());
    insta::assert_snapshot!(held(&changed, minutes(-60)), @"
    Approval Closed ChangedSinceApproval [its status is approved; its words are sha256:others; the branch approved sha256:words in c0ffee]
      opened by Approver: a person who approves sha256:others
    Time Waiting WaitingForTime [due 2026-03-02 09:00 Asia/Jerusalem; missed: PublishWithin, it may be 2h late]
      opened by Time: by itself at 2026-03-02 09:00 Asia/Jerusalem
    next look 2026-03-03 00:00 Asia/Jerusalem
    ");
}

#[test]
fn a_draft_is_opened_by_the_branch_and_no_approver() {
    let draft = post().with(|observed| observed.asset.intent = Intent::Draft);
    insta::assert_snapshot!(held(&draft, minutes(-60)), @"
    Approval Closed Draft [its status is draft; its words are sha256:words; the branch approved sha256:words in c0ffee]
      opened by Branch: a commit that changes docs/week-1.csv:7
    Time Waiting WaitingForTime [due 2026-03-02 09:00 Asia/Jerusalem; missed: PublishWithin, it may be 2h late]
      opened by Time: by itself at 2026-03-02 09:00 Asia/Jerusalem
    next look 2026-03-03 00:00 Asia/Jerusalem
    ");
}

#[test]
fn a_switch_names_whose_it_is() {
    let suspended = post().campaign(|campaign| campaign.suspend = true);
    insta::assert_snapshot!(held(&suspended, minutes(1)), @"
    Switches Closed CampaignSuspended [Campaign: suspend true, publishEnabled true; ChannelConfig linkedin-company: publishEnabled true]
      opened by Campaign: whoever keeps Campaign week1
    next look when something changes
    ");
    let off = post().with(|observed| observed.channels[0].publish_enabled = false);
    insta::assert_snapshot!(held(&off, minutes(1)), @"
    Switches Closed ChannelDisabled [Campaign: suspend false, publishEnabled true; ChannelConfig linkedin-company: publishEnabled false]
      opened by Channel: whoever keeps ChannelConfig linkedin-company
    next look when something changes
    ");
}

#[test]
fn a_platform_that_asked_us_to_wait_opens_by_itself() {
    let limited = post().with(|observed| observed.channels[0].rate_limited_until = Some(minutes(30)));
    insta::assert_snapshot!(held(&limited, minutes(1)), @"
    Limits Waiting RateLimited [the platform asked ChannelConfig linkedin-company to wait until 2026-03-02 09:30 Asia/Jerusalem]
      opened by Time: by itself at 2026-03-02 09:30 Asia/Jerusalem
    next look 2026-03-02 09:30 Asia/Jerusalem
    ");
}

#[test]
fn what_was_missed_is_opened_by_a_new_date_on_the_branch() {
    insta::assert_snapshot!(held(&post(), minutes(600)), @"
    Time Closed NotPublishedInTime [due 2026-03-02 09:00 Asia/Jerusalem; missed: PublishWithin, it may be 2h late]
      opened by Branch: a commit that changes docs/week-1.csv:7
    next look when something changes
    ");
}

#[test]
fn the_claim_tells_what_the_receipt_says() {
    let story = Story::default()
        .sends("first", minutes(0))
        .hears("first", &published("1"), minutes(1));
    insta::assert_snapshot!(held(&post().having(&story.0), minutes(2)), @"
    Claim Passed Published [Receipt r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea: Published since 2026-03-02 09:01 Asia/Jerusalem]
    next look when something changes
    ");
    let lost = Story::default()
        .sends("first", minutes(0))
        .hears("first", &no_answer(), minutes(1));
    insta::assert_snapshot!(held(&post().having(&lost.0), minutes(2)), @"
    Claim Closed MayBeLive [Receipt r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea: Unknown; attempt 1 at 2026-03-02 09:00 Asia/Jerusalem: Unknown]
      opened by Receipt: whoever looks at the account and settles the receipt
    next look when something changes
    ");
}

#[test]
fn an_explanation_is_the_plan_and_its_gates_and_nothing_else() {
    let sending = Story::default().sends("first", minutes(0));
    let scenes = vec![
        post(),
        post().campaign(|campaign| campaign.publish_enabled = false),
        post().with(|observed| observed.asset.intent = Intent::Pending),
        post().with(|observed| observed.campaign = None),
        post().having(&sending.0),
        post().with(|observed| observed.asset.remembered_receipt = Some("r1-gone".to_owned())),
    ];
    for observed in scenes {
        for now in [minutes(-60), due(), minutes(600)] {
            let plan = decide(&observed, now);
            let explanation = explain(&observed, &origin(), now);
            assert_eq!(
                (explanation.phase, &explanation.reason, &explanation.message),
                (plan.phase, &plan.reason, &plan.message)
            );
            let explained = explanation.gates.iter().take(plan.gates.len());
            for (gate, said) in plan.gates.iter().zip(explained) {
                assert_eq!(gate.name, said.name);
                assert_eq!(gate.state.reason(), said.reason.as_deref());
                assert_eq!(
                    gate.state == GateState::Open,
                    said.opens.is_none() && said.state != Passage::Passed
                );
            }
            let first = explanation.gates.iter().find(|gate| gate.state != Passage::Open);
            let reason = first.and_then(|gate| gate.reason.clone());
            let goes = matches!(plan.action, Action::Claim | Action::Send(_));
            assert!(
                goes || explanation
                    .gates
                    .iter()
                    .any(|gate| gate.reason.as_deref() == Some(&plan.reason)),
                "no gate says {}: {reason:?}",
                plan.reason
            );
        }
    }
}

#[test]
fn the_place_of_what_stops_it_comes_before_the_place_of_its_row() {
    let mut origin = origin();
    assert_eq!(origin.place().unwrap().to_string(), "docs/week-1.csv:7");
    origin.findings.push(Finding {
        code: "TitleMissing".to_owned(),
        severity: Severity::Error,
        message: String::new(),
        path: "docs/week-1.csv".to_owned(),
        line: 7,
        column: 3,
    });
    assert_eq!(origin.place().unwrap().to_string(), "docs/week-1.csv:7:3");
}

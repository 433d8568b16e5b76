//! Guards, approvals, Halts and breakers together, in scenes whose operator dies at every request: what nobody permits is
//! never sent, what somebody permits goes out, and no count is lost or doubled.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    clock::TrueTime,
    permission::{BANNED, SENSITIVE},
    platforms::Kind,
    process::Death,
    runs::play,
    scene::Verdict,
    script::{Script, Step, Stop},
};

/// Everything, and what was due meanwhile goes out by itself.
const EVERYTHING: Stop = Stop {
    kind: None,
    asks: false,
};

fn minutes(script: &mut Script, steps: impl IntoIterator<Item = (u64, Step)>) {
    let steps = steps.into_iter();
    script
        .steps
        .extend(steps.map(|(minutes, step)| (Duration::from_mins(minutes), step)));
    script.steps.sort_by_key(|(at, _)| *at);
}

/// Rows of one account, a minute after the beginning, that a pack judges and people decide about. What a crash leaves in
/// doubt has to settle by itself, so the account has a natural key.
fn judged(kind: Kind, rows: usize, time: TrueTime) -> Script {
    let mut script = Script::calm(&[kind], rows, time.now());
    script.watch.judged = true;
    script
}

/// What people allow, deny, take back and stop while it is due.
fn asked(time: TrueTime) -> Script {
    let mut script = judged(Kind::NaturalKey, 6, time);
    let due = |minutes| time.now() + SignedDuration::from_mins(minutes);
    script.rows[0].approved = false;
    (script.rows[1].approved, script.rows[1].at) = (false, due(30));
    script.rows[2].text = format!("Interviews are {BANNED}.");
    script.rows[3].text = format!("What {SENSITIVE} mean.");
    script.rows[4].at = due(30);
    script.rows[5].at = due(20);
    let steps = [
        (6, Step::Decide(0, false)),
        (6, Step::Decide(1, false)),
        (6, Step::Decide(3, false)),
        (6, Step::Decide(4, true)),
        (13, Step::TakeBack(1, false)),
        (15, Step::Halt(EVERYTHING)),
        (25, Step::Lift(EVERYTHING)),
        (50, Step::Poke),
    ];
    minutes(&mut script, steps);
    script
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn posts(verdict: &Verdict) -> BTreeSet<&str> {
    verdict
        .pressed
        .iter()
        .map(|pressed| pressed.post.as_str())
        .collect()
}

fn what_was_permitted_went_out_and_nothing_else(verdict: &Verdict) {
    assert_eq!(
        posts(verdict),
        BTreeSet::from(["post-0", "post-3", "post-5"]),
        "{}",
        verdict.shown
    );
    for pressed in &verdict.pressed {
        let opens = match pressed.post.as_str() {
            "post-5" => at("2026-02-16T06:25:00Z"),
            _ => at("2026-02-16T06:06:00Z"),
        };
        assert!(pressed.at >= opens, "{pressed:?}\n{}", verdict.shown);
    }
}

/// Assets that a guard stops add up to a Halt; when it was lifted the same ones make no other.
fn guards_trip(time: TrueTime) -> Script {
    let mut script = judged(Kind::NaturalKey, 3, time);
    for row in &mut script.rows[..2] {
        row.text = format!("Interviews are {BANNED} by {}.", row.post);
    }
    script.rows[2].at += SignedDuration::from_mins(20);
    script.watch.breakers_of_campaign = Some(breakers("maxGuardFailuresBeforeHalt"));
    minutes(&mut script, [(40, Step::LiftAll), (70, Step::Poke)]);
    script
}

/// Sends that fail in a row add up to a Halt, whoever counted them.
fn failures_trip(time: TrueTime) -> Script {
    let mut script = judged(Kind::NaturalKey, 2, time);
    script.rows[1].at += SignedDuration::from_mins(60);
    script.watch.breakers_of_channels = Some(breakers("maxConsecutiveFailures"));
    let down = |down| Step::PlatformDown(Kind::NaturalKey, down);
    minutes(
        &mut script,
        [
            (0, down(true)),
            (90, down(false)),
            (100, Step::LiftAll),
            (130, Step::Poke),
        ],
    );
    script
}

fn breakers(limit: &str) -> Value {
    json!({limit: 2, "resume": {"policy": "PublishWithin", "within": "1000h"}})
}

fn one_breaker_opened_once(verdict: &Verdict) {
    assert_eq!(verdict.halts.len(), 1, "{:?}\n{}", verdict.halts, verdict.shown);
}

fn the_rest_went_out_after_the_halt(verdict: &Verdict) {
    one_breaker_opened_once(verdict);
    assert_eq!(posts(verdict), BTreeSet::from(["post-2"]), "{}", verdict.shown);
    let lifted = at("2026-02-16T06:40:00Z");
    assert!(verdict.pressed.iter().all(|pressed| pressed.at >= lifted));
}

fn nothing_was_tried_while_it_stood(verdict: &Verdict) {
    one_breaker_opened_once(verdict);
    let refused = verdict.faults.get("platform: refused").copied().unwrap_or(0);
    let crashes = verdict.faults.get("crash").copied().unwrap_or(0);
    // Of an attempt that a crash left without an answer nobody knows that it failed.
    assert!(refused <= 2 + crashes, "{refused} refusals\n{}", verdict.shown);
    assert_eq!(posts(verdict), BTreeSet::from(["post-0", "post-1"]));
    let lifted = at("2026-02-16T07:40:00Z");
    assert!(verdict.pressed.iter().all(|pressed| pressed.at >= lifted));
}

/// Plays a scene, then once for each of these requests at which its first operator dies, before it took effect and after.
fn dies_everywhere(scene: fn(TrueTime) -> Script, every: u64, holds: fn(&Verdict)) {
    let went_right = |verdict: &Verdict, death: Option<Death>| {
        let Verdict { wrongs, shown, .. } = verdict;
        assert!(wrongs.is_empty(), "{death:?}: {wrongs:#?}\n{shown}");
        holds(verdict);
    };
    let reference = play(scene);
    went_right(&reference, None);
    let mut crashed = 0;
    for request in (1..=reference.requests).step_by(usize::try_from(every).expect("a small number")) {
        for after in [false, true] {
            let death = Death { request, after };
            let verdict = play(|time| scene(time).dying_among_people(death));
            went_right(&verdict, Some(death));
            crashed += verdict.faults.get("crash").copied().unwrap_or(0);
        }
    }
    assert!(crashed * every > reference.requests, "{crashed} crashes");
}

#[test]
fn an_operator_may_die_at_any_request_while_people_decide() {
    dies_everywhere(asked, 1, what_was_permitted_went_out_and_nothing_else);
}

#[test]
fn what_guards_stopped_counts_once_wherever_an_operator_dies() {
    dies_everywhere(guards_trip, 3, the_rest_went_out_after_the_halt);
}

#[test]
fn sends_that_failed_count_wherever_an_operator_dies() {
    dies_everywhere(failures_trip, 3, nothing_was_tried_while_it_stood);
}

#[test]
fn two_that_are_awake_send_nothing_that_nobody_permits() {
    let verdict = play(|time| asked(time).with_two_awake());
    assert!(
        verdict.wrongs.is_empty(),
        "{:#?}\n{}",
        verdict.wrongs,
        verdict.shown
    );
    what_was_permitted_went_out_and_nothing_else(&verdict);
}

#[test]
fn a_word_that_is_recalled_before_the_send_stays() {
    let verdict = play(|time| {
        let mut script = judged(Kind::LookUp, 1, time);
        script.rows[0].text = "Words that were recalled.".to_owned();
        script.rows[0].at += SignedDuration::from_mins(20);
        minutes(&mut script, [(10, Step::Recall(true))]);
        script
    });
    assert!(verdict.wrongs.is_empty(), "{:#?}", verdict.wrongs);
    assert!(verdict.pressed.is_empty(), "{}", verdict.shown);
}

#[test]
fn words_that_change_under_the_status_approved_wait_for_a_person() {
    let script = |approves: bool| {
        move |time: TrueTime| {
            let mut script = judged(Kind::LookUp, 1, time);
            script.rows[0].at += SignedDuration::from_mins(30);
            minutes(&mut script, [(5, Step::Reword(0)), (5, Step::Poke)]);
            if approves {
                minutes(&mut script, [(10, Step::Decide(0, false))]);
            }
            script
        }
    };
    let waits = play(script(false));
    assert!(waits.wrongs.is_empty(), "{:#?}", waits.wrongs);
    assert!(waits.pressed.is_empty(), "{}", waits.shown);
    let goes = play(script(true));
    assert!(goes.wrongs.is_empty(), "{:#?}", goes.wrongs);
    assert_eq!(goes.pressed.len(), 1, "{}", goes.shown);
}

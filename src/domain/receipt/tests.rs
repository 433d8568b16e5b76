//! Every transition of a receipt.

use jiff::SignedDuration;

use super::*;
use crate::{
    api::GoDuration,
    domain::fixtures::{
        Story, WORDS, minutes, no_answer, not_sent, once_after_ten_minutes, order, person, published,
        published_without_an_id, rejected,
    },
};

fn refused() -> Outcome {
    Outcome::Refused("forbidden".to_owned())
}

fn rate_limited() -> Outcome {
    Outcome::RateLimited("slow down".to_owned(), minutes(90))
}

fn drifted() -> Outcome {
    Outcome::Drifted("another's bytes".to_owned())
}

fn fresh() -> Story {
    Story::default()
}

/// One attempt that may be live, another one under way.
fn doubted() -> Story {
    fresh()
        .sends("first", minutes(0))
        .hears("first", &no_answer(), minutes(1))
        .sends("second", minutes(12))
}

fn every_outcome() -> [Outcome; 7] {
    [
        published("1"),
        not_sent(),
        rate_limited(),
        refused(),
        rejected(),
        drifted(),
        no_answer(),
    ]
}

/// What each outcome of the attempt makes of a receipt.
fn table(story: &Story, attempt: &str) -> String {
    every_outcome()
        .iter()
        .map(|outcome| story.clone().hears(attempt, outcome, minutes(20)).told())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_first_attempt_decides_the_phase() {
    insta::assert_snapshot!(table(&fresh().sends("first", minutes(0)), "first"), @r#"
    Published Published epoch 0 revision 0 [first:Published]
    Claimed RetryPending epoch 0 revision 0 [first:NotSent]
    Claimed RateLimited epoch 0 revision 0 [first:RateLimited]
    Claimed ChannelRefused epoch 0 revision 0 [first:Refused]
    Failed Rejected epoch 0 revision 0 [first:Rejected]
    Failed Drifted epoch 0 revision 0 [first:Rejected]
    Unknown MayBeLive epoch 0 revision 0 [first:Unknown]
    "#);
}

#[test]
fn beside_a_doubt_only_a_success_ends_the_unknown() {
    insta::assert_snapshot!(table(&doubted(), "second"), @r#"
    Published Published epoch 0 revision 0 [first:Published second:Published]
    Unknown MayBeLive epoch 0 revision 0 [first:Unknown second:NotSent]
    Unknown MayBeLive epoch 0 revision 0 [first:Unknown second:RateLimited]
    Unknown MayBeLive epoch 0 revision 0 [first:Unknown second:Refused]
    Unknown MayBeLive epoch 0 revision 0 [first:Unknown second:Rejected]
    Unknown MayBeLive epoch 0 revision 0 [first:Unknown second:Rejected]
    Unknown MayBeLive epoch 0 revision 0 [first:Unknown second:Unknown]
    "#);
}

#[test]
fn a_late_answer_beside_an_attempt_under_way_leaves_that_one_alone() {
    insta::assert_snapshot!(table(&doubted(), "first"), @r#"
    Published Published epoch 0 revision 0 [first:Published second:Published]
    Sending Sending epoch 0 revision 0 [first:NotSent second:open]
    Sending Sending epoch 0 revision 0 [first:RateLimited second:open]
    Sending Sending epoch 0 revision 0 [first:Refused second:open]
    Sending Sending epoch 0 revision 0 [first:Rejected second:open]
    Sending Sending epoch 0 revision 0 [first:Rejected second:open]
    Sending Sending epoch 0 revision 0 [first:Unknown second:open]
    "#);
}

#[test]
fn a_dead_sender_that_answers_after_all_is_heard() {
    let marked = fresh().sends("first", minutes(0)).dies(minutes(1));
    insta::assert_snapshot!(table(&marked, "first"), @r#"
    Published Published epoch 0 revision 0 [first:Published]
    Claimed RetryPending epoch 0 revision 0 [first:NotSent]
    Claimed RateLimited epoch 0 revision 0 [first:RateLimited]
    Claimed ChannelRefused epoch 0 revision 0 [first:Refused]
    Failed Rejected epoch 0 revision 0 [first:Rejected]
    Failed Drifted epoch 0 revision 0 [first:Rejected]
    Unknown MayBeLive epoch 0 revision 0 [first:Unknown]
    "#);
}

#[test]
fn an_answer_from_before_a_release_ends_the_new_epoch_only_by_a_success() {
    let released = fresh()
        .sends("first", minutes(0))
        .dies(minutes(1))
        .releases(true, minutes(40));
    insta::assert_snapshot!(table(&released, "first"), @r#"
    Published Published epoch 1 revision 0 [first:Published]
    Released Released epoch 1 revision 0 [first:NotSent]
    Released Released epoch 1 revision 0 [first:RateLimited]
    Released Released epoch 1 revision 0 [first:Refused]
    Released Released epoch 1 revision 0 [first:Rejected]
    Released Released epoch 1 revision 0 [first:Rejected]
    Released Released epoch 1 revision 0 [first:Unknown]
    "#);
}

#[test]
fn an_answer_from_before_a_release_does_not_disturb_the_sender_of_the_new_epoch() {
    let sending = fresh()
        .sends("first", minutes(0))
        .dies(minutes(1))
        .releases(true, minutes(40))
        .sends("second", minutes(41));
    insta::assert_snapshot!(table(&sending, "first"), @r#"
    Published Published epoch 1 revision 0 [first:Published second:open]
    Sending Sending epoch 1 revision 0 [first:NotSent second:open]
    Sending Sending epoch 1 revision 0 [first:RateLimited second:open]
    Sending Sending epoch 1 revision 0 [first:Refused second:open]
    Sending Sending epoch 1 revision 0 [first:Rejected second:open]
    Sending Sending epoch 1 revision 0 [first:Rejected second:open]
    Sending Sending epoch 1 revision 0 [first:Unknown second:open]
    "#);
}

#[test]
fn a_late_answer_beside_a_publication_changes_nothing_but_a_success() {
    let done = doubted()
        .hears("second", &published("1"), minutes(13))
        .releases(true, minutes(40))
        .sends("third", minutes(41))
        .hears("third", &published("3"), minutes(42));
    insta::assert_snapshot!(table(&done, "first"), @r#"
    Published PublishedTwice epoch 1 revision 0 [first:Published second:Published third:Published]
    Published Published epoch 1 revision 0 [first:Published second:Published third:Published]
    Published Published epoch 1 revision 0 [first:Published second:Published third:Published]
    Published Published epoch 1 revision 0 [first:Published second:Published third:Published]
    Published Published epoch 1 revision 0 [first:Published second:Published third:Published]
    Published Published epoch 1 revision 0 [first:Published second:Published third:Published]
    Published Published epoch 1 revision 0 [first:Published second:Published third:Published]
    "#);
}

#[test]
fn an_answer_after_proven_absence_is_heard() {
    let absent = Story(settle_absent(
        &fresh().sends("first", minutes(0)).dies(minutes(1)).0,
        minutes(40),
    ));
    insta::assert_snapshot!(table(&absent, "first"), @r#"
    Published Published epoch 0 revision 0 [first:Published]
    Claimed RetryPending epoch 0 revision 0 [first:NotSent]
    Claimed RateLimited epoch 0 revision 0 [first:RateLimited]
    Claimed ChannelRefused epoch 0 revision 0 [first:Refused]
    Failed Rejected epoch 0 revision 0 [first:Rejected]
    Failed Drifted epoch 0 revision 0 [first:Rejected]
    Unknown MayBeLive epoch 0 revision 0 [first:Unknown]
    "#);
}

#[test]
fn an_older_answer_after_a_newer_one_reopens_only_a_doubt() {
    let newer = Story(settle_absent(
        &fresh().sends("first", minutes(0)).dies(minutes(1)).0,
        minutes(40),
    ))
    .sends("second", minutes(41))
    .hears("second", &rejected(), minutes(42));
    insta::assert_snapshot!(table(&newer, "first"), @r#"
    Published Published epoch 0 revision 0 [first:Published second:Rejected]
    Failed Rejected epoch 0 revision 0 [first:NotSent second:Rejected]
    Failed Rejected epoch 0 revision 0 [first:RateLimited second:Rejected]
    Failed Rejected epoch 0 revision 0 [first:Refused second:Rejected]
    Failed Rejected epoch 0 revision 0 [first:Rejected second:Rejected]
    Failed Rejected epoch 0 revision 0 [first:Rejected second:Rejected]
    Unknown MayBeLive epoch 0 revision 0 [first:Unknown second:Rejected]
    "#);
}

#[test]
fn a_held_receipt_hears_a_success_and_nothing_else() {
    let held = Story(hold_after_restore(
        &fresh().sends("first", minutes(0)).dies(minutes(1)).0,
        minutes(30),
    ));
    insta::assert_snapshot!(table(&held, "first"), @r#"
    Published Published epoch 0 revision 0 [first:Published]
    Unknown HeldAfterRestore epoch 0 revision 0 [first:NotSent]
    Unknown HeldAfterRestore epoch 0 revision 0 [first:RateLimited]
    Unknown HeldAfterRestore epoch 0 revision 0 [first:Refused]
    Unknown HeldAfterRestore epoch 0 revision 0 [first:Rejected]
    Unknown HeldAfterRestore epoch 0 revision 0 [first:Rejected]
    Unknown HeldAfterRestore epoch 0 revision 0 [first:Unknown]
    "#);
}

#[test]
fn a_page_that_was_published_hears_each_outcome_of_its_next_revision() {
    let page = fresh()
        .begins("first", &order(WORDS, 0, 1), minutes(0))
        .hears("first", &published("place"), minutes(1))
        .begins("second", &order("sha256:other", 0, 2), minutes(5));
    insta::assert_snapshot!(table(&page, "second"), @r#"
    Published Published epoch 0 revision 2 [first:Published second:Published]
    Claimed RetryPending epoch 0 revision 1 [first:Published second:NotSent]
    Claimed RateLimited epoch 0 revision 1 [first:Published second:RateLimited]
    Claimed ChannelRefused epoch 0 revision 1 [first:Published second:Refused]
    Failed Rejected epoch 0 revision 1 [first:Published second:Rejected]
    Failed Drifted epoch 0 revision 1 [first:Published second:Rejected]
    Unknown MayBeLive epoch 0 revision 1 [first:Published second:Unknown]
    "#);
}

#[test]
fn an_outcome_that_is_written_twice_counts_once() {
    for outcome in every_outcome() {
        let once = fresh()
            .sends("first", minutes(0))
            .hears("first", &outcome, minutes(1));
        let twice = once.clone().hears("first", &outcome, minutes(2));
        assert_eq!(once.0, twice.0, "{outcome:?}");
    }
}

#[test]
fn what_was_not_sent_is_tried_once_more_after_ten_minutes_and_then_failed() {
    let once = fresh()
        .sends("first", minutes(0))
        .hears("first", &not_sent(), minutes(1));
    assert_eq!(once.0.not_before.as_ref().unwrap().0, minutes(11));
    assert_eq!(once.0.phase, ReceiptPhase::Claimed);
    let twice = once
        .sends("second", minutes(11))
        .hears("second", &not_sent(), minutes(12));
    assert_eq!(twice.0.phase, ReceiptPhase::Failed);
}

#[test]
fn other_words_have_tries_of_their_own() {
    let other = order("sha256:other", 0, 0);
    let story = fresh()
        .sends("first", minutes(0))
        .hears("first", &not_sent(), minutes(1))
        .begins("second", &other, minutes(11))
        .hears("second", &not_sent(), minutes(12));
    assert_eq!(story.0.phase, ReceiptPhase::Claimed);
    let failed = story
        .begins("third", &other, minutes(22))
        .hears("third", &not_sent(), minutes(23));
    assert_eq!(failed.0.phase, ReceiptPhase::Failed);
}

#[test]
fn a_rate_limit_a_refusal_and_a_gate_use_up_no_try() {
    let story = fresh()
        .sends("first", minutes(0))
        .hears("first", &not_sent(), minutes(1))
        .sends("second", minutes(11))
        .hears("second", &rate_limited(), minutes(12));
    assert_eq!(story.0.not_before.as_ref().unwrap().0, minutes(90));
    let story = story
        .sends("third", minutes(90))
        .hears("third", &refused(), minutes(91));
    let sending = story.clone().sends("fourth", minutes(100));
    let abandoned = abandon(&story.0, &sending.0, "fourth", "halted", minutes(101));
    assert_eq!(abandoned.not_sent_count, 1);
    assert_eq!(
        (abandoned.phase, abandoned.reason),
        (story.0.phase, story.0.reason)
    );
}

#[test]
fn a_rate_limit_is_waited_for_beside_a_doubt_too() {
    let story = doubted().hears("second", &rate_limited(), minutes(13));
    assert_eq!(story.0.phase, ReceiptPhase::Unknown);
    assert_eq!(story.0.not_before.as_ref().unwrap().0, minutes(90));
}

#[test]
fn a_count_never_makes_an_unknown_failed() {
    let mut story = fresh()
        .sends("first", minutes(0))
        .hears("first", &no_answer(), minutes(1));
    for number in 2..40 {
        let id = format!("attempt-{number}");
        story = story
            .sends(&id, minutes(number * 10))
            .hears(&id, &not_sent(), minutes(number * 10 + 1));
        assert_eq!(story.0.phase, ReceiptPhase::Unknown);
    }
}

#[test]
fn the_first_undecided_attempt_of_the_epoch_and_the_published_one_are_never_dropped() {
    let mut story = fresh()
        .begins("page", &order(WORDS, 0, 1), minutes(0))
        .hears("page", &published("place"), minutes(1))
        .begins("doubt", &order(WORDS, 0, 2), minutes(2))
        .hears("doubt", &no_answer(), minutes(3));
    for number in 4..20 {
        let id = format!("attempt-{number}");
        story =
            story
                .begins(&id, &order(WORDS, 0, 2), minutes(number))
                .hears(&id, &no_answer(), minutes(number));
    }
    let kept: Vec<&str> = story
        .0
        .attempts
        .iter()
        .map(|attempt| attempt.id.as_str())
        .collect();
    assert_eq!(
        kept,
        [
            "page",
            "doubt",
            "attempt-16",
            "attempt-17",
            "attempt-18",
            "attempt-19"
        ]
    );
}

#[test]
fn a_doubt_of_a_given_up_epoch_does_not_push_out_the_first_of_this_one() {
    let mut story = fresh()
        .sends("given-up", minutes(0))
        .dies(minutes(1))
        .releases(true, minutes(40));
    for number in 0..8 {
        let id = format!("attempt-{number}");
        story = story
            .sends(&id, minutes(41 + number))
            .hears(&id, &no_answer(), minutes(41 + number));
    }
    assert_eq!(undecided(&story.0).next().unwrap().id, "attempt-0");
    assert_eq!(story.0.attempts.len(), 5);
}

#[test]
fn a_second_success_under_another_key_is_published_twice_although_neither_has_an_id() {
    let story = fresh()
        .sends("first", minutes(0))
        .dies(minutes(1))
        .releases(true, minutes(40))
        .sends("second", minutes(41))
        .hears("second", &published_without_an_id(), minutes(42))
        .hears("first", &published_without_an_id(), minutes(43));
    assert_eq!(story.0.reason.as_deref(), Some("PublishedTwice"));
}

#[test]
fn a_second_success_under_the_same_key_is_the_same_publication() {
    let story =
        doubted()
            .hears("second", &published("1"), minutes(13))
            .hears("first", &published("1"), minutes(14));
    assert_eq!(story.0.reason.as_deref(), Some("Published"));
}

#[test]
fn a_second_id_under_the_same_key_is_published_twice_and_named() {
    let story =
        doubted()
            .hears("second", &published("1"), minutes(13))
            .hears("first", &published("2"), minutes(14));
    insta::assert_snapshot!(story.0.message.unwrap(), @"This slot was published twice: 1 and 2. Look at the account and take one back.");
}

#[test]
fn a_success_of_what_was_proven_absent_beside_its_successor_is_published_twice() {
    let story = Story(settle_absent(
        &fresh().sends("first", minutes(0)).dies(minutes(1)).0,
        minutes(40),
    ))
    .sends("second", minutes(41))
    .hears("second", &published_without_an_id(), minutes(42))
    .hears("first", &published_without_an_id(), minutes(43));
    assert_eq!(story.0.reason.as_deref(), Some("PublishedTwice"));
}

#[test]
fn a_success_beside_one_by_hand_is_published_twice() {
    let story = fresh().sends("first", minutes(0));
    let story = Story(by_hand(&story.0, WORDS, minutes(1))).hears("first", &published("1"), minutes(2));
    assert_eq!(story.0.reason.as_deref(), Some("PublishedTwice"));
}

#[test]
fn the_epoch_never_sinks() {
    let story = fresh()
        .sends("first", minutes(0))
        .dies(minutes(1))
        .releases(true, minutes(40))
        .hears("first", &published("1"), minutes(41));
    assert_eq!(story.0.phase, ReceiptPhase::Published);
    assert_eq!(story.0.epoch, 1);
    assert_eq!(story.releases(true, minutes(50)).0.epoch, 2);
}

#[test]
fn a_success_whose_attempt_is_not_on_record_is_kept() {
    let story = fresh().hears("lost", &published("1"), minutes(1));
    assert_eq!(story.0.phase, ReceiptPhase::Published);
    let beside = story.hears("another", &published("2"), minutes(2));
    assert_eq!(beside.0.reason.as_deref(), Some("PublishedTwice"));
}

#[test]
fn an_older_version_of_a_page_that_answers_late_does_not_take_the_place_of_a_newer_one() {
    let story = fresh()
        .begins("old", &order(WORDS, 0, 1), minutes(0))
        .dies(minutes(1));
    let story = Story(settle_absent(&story.0, minutes(40)))
        .begins("new", &order(WORDS, 0, 1), minutes(41))
        .hears("new", &published("place"), minutes(42))
        .begins("newer", &order("sha256:newer", 0, 2), minutes(43))
        .hears("newer", &published("place"), minutes(44))
        .hears("old", &published("place"), minutes(45));
    assert_eq!(story.0.content_digest.as_deref(), Some("sha256:newer"));
    assert_eq!(story.0.revision, 2);
    assert_eq!(story.0.reason.as_deref(), Some("Published"));
}

#[test]
fn an_abandoned_attempt_leaves_the_receipt_as_it_was() {
    let befores = [
        fresh(),
        fresh()
            .sends("first", minutes(0))
            .hears("first", &no_answer(), minutes(1)),
        fresh()
            .sends("first", minutes(0))
            .hears("first", &published("1"), minutes(1)),
        fresh()
            .sends("first", minutes(0))
            .hears("first", &rejected(), minutes(1)),
        fresh()
            .sends("first", minutes(0))
            .dies(minutes(1))
            .finds_nothing(minutes(30), true),
    ];
    for before in befores {
        let intent = before.clone().sends("second", minutes(40));
        let mut back = abandon(&before.0, &intent.0, "second", "halted", minutes(41));
        let last = back.attempts.pop().unwrap();
        assert_eq!(last.class, Some(AttemptClass::Abandoned));
        let mut expected = before.0.clone();
        // What was meant to be sent stays on record.
        expected.scheduled_for.clone_from(&back.scheduled_for);
        assert_eq!(back, expected);
    }
}

#[test]
fn an_attempt_that_is_abandoned_after_its_process_was_given_up_leaves_no_doubt() {
    let before = fresh();
    let unknown = before.clone().sends("first", minutes(0)).dies(minutes(1));
    let back = abandon(&before.0, &unknown.0, "first", "halted", minutes(2));
    assert_eq!(back.phase, ReceiptPhase::Claimed);
    assert_eq!(undecided(&back).count(), 0);
}

#[test]
fn abandoning_does_not_take_back_what_happened_since_the_intent() {
    let before = fresh()
        .sends("first", minutes(0))
        .dies(minutes(1))
        .releases(true, minutes(40));
    let since = before
        .clone()
        .sends("second", minutes(41))
        .hears("first", &published("1"), minutes(42));
    let back = abandon(&before.0, &since.0, "second", "receipt changed", minutes(43));
    assert_eq!(back.phase, ReceiptPhase::Published);
    assert_eq!(back.remote_id.as_deref(), Some("1"));
}

#[test]
fn absence_takes_two_looks_five_minutes_apart_after_every_sender_is_gone() {
    let unknown = fresh().sends("first", minutes(0)).dies(minutes(1));
    let over = minutes(26);
    let proven = |looks: &[i64]| {
        let story = looks.iter().fold(unknown.clone(), |story, look| {
            story.finds_nothing(minutes(*look), minutes(*look) >= over)
        });
        absence_is_proven(&story.0, over)
    };
    assert!(!proven(&[30]));
    assert!(!proven(&[30, 34]));
    assert!(proven(&[30, 35]));
    assert!(proven(&[26, 31]));
    assert!(!proven(&[25, 30]));
    assert!(proven(&[5, 25, 30, 35]));
}

#[test]
fn a_look_by_an_earlier_process_does_not_hinder_the_proof_of_a_later_one() {
    let looked = fresh()
        .sends("first", minutes(0))
        .dies(minutes(1))
        .finds_nothing(minutes(30), true)
        .finds_nothing(minutes(90), true)
        .finds_nothing(minutes(95), true);
    assert!(absence_is_proven(&looked.0, minutes(60)));
}

#[test]
fn a_look_that_was_begun_before_a_resend_proves_nothing_about_it() {
    let story = fresh()
        .sends("first", minutes(0))
        .dies(minutes(1))
        .finds_nothing(minutes(30), true)
        .sends("second", minutes(31))
        .dies(minutes(32));
    assert!(story.0.absences.is_empty());
}

#[test]
fn what_is_proven_absent_after_a_later_no_is_failed() {
    let story = doubted().hears("second", &rejected(), minutes(13));
    let settled = settle_absent(&story.0, minutes(60));
    assert_eq!(
        (settled.phase, settled.reason.as_deref()),
        (ReceiptPhase::Failed, Some("Rejected"))
    );
}

#[test]
fn a_look_that_finds_it_settles_every_attempt_under_the_key() {
    let story = doubted().dies(minutes(13));
    let found = record_found(&story.0, Some(&"1".to_owned()), None, minutes(14));
    insta::assert_snapshot!(Story(found).told(), @"Published Published epoch 0 revision 0 [first:Published second:Published]");
}

#[test]
fn a_look_that_comes_back_late_does_not_disturb_a_sender() {
    let story = fresh().sends("first", minutes(0));
    assert_eq!(
        record_found(&story.0, Some(&"1".to_owned()), None, minutes(1)),
        story.0
    );
}

#[test]
fn every_resend_of_an_epoch_uses_what_was_prepared_from_the_same_words() {
    let mut prepared = order(WORDS, 0, 0);
    prepared.prepared_id = Some("draft-1".to_owned());
    let story = fresh()
        .begins("first", &prepared, minutes(0))
        .hears("first", &not_sent(), minutes(1));
    assert_eq!(prepared_id(&story.0, 0, 0, WORDS).as_deref(), Some("draft-1"));
    assert_eq!(prepared_id(&story.0, 0, 0, "sha256:other"), None);
    assert_eq!(prepared_id(&story.0, 1, 0, WORDS), None);
    assert_eq!(prepared_id(&story.0, 0, 1, WORDS), None);
}

#[test]
fn people_need_a_phase_that_allows_it_and_a_reason() {
    let phases = [
        ReceiptPhase::Claimed,
        ReceiptPhase::Sending,
        ReceiptPhase::Published,
        ReceiptPhase::Failed,
        ReceiptPhase::Unknown,
        ReceiptPhase::Released,
    ];
    let rows: Vec<String> = phases
        .iter()
        .map(|phase| {
            let status = ReceiptStatus {
                phase: *phase,
                ..ReceiptStatus::default()
            };
            let word = |allowed: bool| if allowed { "yes" } else { "no" };
            format!(
                "{phase:?}: adopt {} retry {} release {}",
                word(adopt(&status, "1", None, &person(), minutes(0)).is_ok()),
                word(retry(&status, &person(), minutes(0)).is_ok()),
                word(request_release(&status, false, &person(), minutes(0)).is_ok()),
            )
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r#"
    Claimed: adopt no retry no release no
    Sending: adopt no retry no release no
    Published: adopt no retry no release yes
    Failed: adopt yes retry yes release yes
    Unknown: adopt yes retry no release yes
    Released: adopt no retry no release yes
    "#);
    let silent = Person {
        reason: "  ".to_owned(),
        ..person()
    };
    let failed = ReceiptStatus {
        phase: ReceiptPhase::Failed,
        ..ReceiptStatus::default()
    };
    assert_eq!(retry(&failed, &silent, minutes(0)), Err(NotAllowed::NoReason));
}

#[test]
fn an_adopted_publication_leaves_no_doubt_and_no_wish_to_release() {
    let story = doubted().dies(minutes(13));
    let asked = request_release(&story.0, false, &person(), minutes(14)).unwrap();
    let adopted = adopt(&asked, "1", None, &person(), minutes(15)).unwrap();
    assert_eq!(undecided(&adopted).count(), 0);
    assert_eq!(adopted.release_requested, None);
    assert_eq!(adopted.published_attempt.as_deref(), Some("second"));
}

#[test]
fn an_adopted_id_that_the_platform_contradicts_is_published_twice() {
    let story = fresh().sends("first", minutes(0)).dies(minutes(1));
    let adopted = Story(adopt(&story.0, "1", None, &person(), minutes(15)).unwrap());
    let same = adopted.clone().hears("first", &published("1"), minutes(16));
    assert_eq!(same.0.reason.as_deref(), Some("Adopted"));
    let other = adopted.hears("first", &published("2"), minutes(16));
    assert_eq!(other.0.reason.as_deref(), Some("PublishedTwice"));
}

#[test]
fn resolutions_are_bounded_and_the_newest_stay() {
    let mut status = ReceiptStatus::default();
    for number in 0..20 {
        status.phase = ReceiptPhase::Failed;
        let reason = format!("try {number}");
        let person = Person { reason, ..person() };
        status = retry(&status, &person, minutes(number)).unwrap();
    }
    assert_eq!(status.resolutions.len(), 8);
    assert_eq!(status.resolutions.last().unwrap().reason, "try 19");
}

#[test]
fn pauses_double_up_to_an_hour_and_are_never_none() {
    let pauses: Vec<i64> = (1..6)
        .map(|count| backoff(count, SignedDuration::from_mins(10)).as_mins())
        .collect();
    assert_eq!(pauses, [10, 20, 40, 60, 60]);
    let at_once = RetryPolicy {
        limit: 1,
        after: GoDuration::from_secs(0),
    };
    assert_eq!(pause(&at_once), SHORTEST_PAUSE);
    assert_eq!(
        backoff(1, SignedDuration::from_hours(3)),
        SignedDuration::from_hours(3)
    );
    assert_eq!(once_after_ten_minutes().limit, 1);
}

#[test]
fn a_page_says_what_its_next_version_may_replace() {
    let page = fresh()
        .begins("lost", &order(WORDS, 0, 1), minutes(0))
        .hears("lost", &no_answer(), minutes(1))
        .begins("first", &order(WORDS, 0, 1), minutes(12))
        .hears("first", &published("place"), minutes(13));
    let written = written(&page.0).unwrap();
    assert_eq!((written.epoch, written.revision), (0, 1));
    assert_eq!(written.attempts, ["lost", "first"]);
    assert_eq!(super::written(&page.releases(true, minutes(20)).0), None);
}

use super::at;
use crate::{
    api::ReceiptStatus,
    domain::{
        fixtures::{Story, minutes, no_answer, not_sent, published, rejected},
        limits::{EffectKind, effects},
        receipt::{Outcome, abandon, by_hand, hold_after_restore, settle_absent},
    },
};

/// What a receipt leaves, each with the minute after it was due.
fn left(status: &ReceiptStatus) -> Vec<(EffectKind, i64)> {
    effects(status)
        .iter()
        .map(|effect| {
            let minute = effect.at.duration_since(minutes(0)).as_mins();
            (effect.kind, minute)
        })
        .collect()
}

#[test]
fn what_may_be_seen_counts_from_when_it_ended_and_what_never_left_does_not() {
    use EffectKind::{Asked, Open, Visible};
    let sending = Story::default().sends("first", minutes(0));
    let heard = |outcome: &Outcome| left(&sending.clone().hears("first", outcome, minutes(3)).0);
    assert_eq!(left(&ReceiptStatus::default()), []);
    assert_eq!(left(&sending.0), [(Open, 0)]);
    assert_eq!(heard(&published("1")), [(Visible, 3)]);
    assert_eq!(heard(&no_answer()), [(Visible, 3)]);
    assert_eq!(heard(&rejected()), [(Asked, 3)]);
    assert_eq!(
        heard(&Outcome::RateLimited("wait".to_owned(), minutes(9))),
        [(Asked, 3)]
    );
    assert_eq!(heard(&not_sent()), []);
    let given_up = abandon(
        &ReceiptStatus::default(),
        &sending.0,
        "first",
        "Halted",
        minutes(1),
    );
    assert_eq!(left(&given_up), []);
}

#[test]
fn a_doubt_counts_until_it_is_certain_that_nothing_arrived() {
    let died = Story::default().sends("first", minutes(0)).dies(minutes(2));
    assert_eq!(left(&died.0), [(EffectKind::Open, 0)]);
    let absent = settle_absent(&died.0, minutes(90));
    assert!(left(&absent).iter().all(|(kind, _)| *kind == EffectKind::Asked));
}

#[test]
fn every_attempt_counts_as_a_request() {
    let story = Story::default()
        .sends("first", minutes(0))
        .hears("first", &no_answer(), minutes(1))
        .sends("second", minutes(11))
        .hears("second", &published("1"), minutes(12));
    assert_eq!(left(&story.0).len(), 2);
}

#[test]
fn what_a_person_published_and_what_a_restore_holds_counts_too() {
    let hand = by_hand(&ReceiptStatus::default(), "sha256:words", minutes(5));
    assert_eq!(left(&hand), [(EffectKind::Visible, 5)]);
    let held = hold_after_restore(&ReceiptStatus::default(), at("2026-03-02T07:20:00Z"));
    assert_eq!(left(&held), [(EffectKind::Visible, 20)]);
}

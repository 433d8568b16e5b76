//! What is decided for a receipt that no Asset leads to.

use std::time::Duration;

use jiff::SignedDuration;

use super::*;
use crate::domain::{
    fixtures::{Story, due, minutes, no_answer, not_sent, order, person, post, published, rejected},
    observed::ChannelClass,
    receipt::{request_release, retry},
};

/// A slot that no Asset leads to any more, on a channel of a class.
fn orphan(status: &ReceiptStatus, class: ChannelClass) -> Observed {
    let observed = post()
        .on(class)
        .having_seen_for(status, SignedDuration::from_hours(2));
    let receipt = observed.receipt.unwrap();
    Observed::of_orphan(receipt, observed.channels, observed.process)
}

#[test]
fn of_a_slot_without_an_asset_nothing_is_ever_sent() {
    let words = order("hello", 0, 0);
    let wanted = person();
    let stories = [
        Story::default(),
        Story::default().begins("one", &words, due()),
        Story::default().begins("one", &words, due()).dies(minutes(1)),
        Story::default()
            .begins("one", &words, due())
            .dies(minutes(1))
            .finds_nothing(minutes(2), true),
        Story::default()
            .begins("one", &words, due())
            .hears("one", &not_sent(), minutes(1)),
        Story::default()
            .begins("one", &words, due())
            .hears("one", &rejected(), minutes(1)),
        Story::default()
            .begins("one", &words, due())
            .hears("one", &no_answer(), minutes(1)),
        Story::default()
            .begins("one", &words, due())
            .hears("one", &published("1"), minutes(1)),
        Story::default()
            .begins("one", &words, due())
            .hears("one", &published("1"), minutes(1))
            .releases(true, minutes(2)),
    ];
    let mut statuses: Vec<ReceiptStatus> = stories.into_iter().map(|story| story.0).collect();
    statuses.extend(
        statuses
            .clone()
            .iter()
            .filter_map(|status| retry(status, &wanted, minutes(3)).ok()),
    );
    statuses.extend(
        statuses
            .clone()
            .iter()
            .filter_map(|status| request_release(status, true, &wanted, minutes(3)).ok()),
    );
    let window = Duration::from_hours(24);
    for class in [
        ChannelClass::NaturalKey,
        ChannelClass::IdempotencyKey { window },
        ChannelClass::LookUp,
        ChannelClass::Neither,
    ] {
        for status in &statuses {
            let plan = decide(&orphan(status, class), minutes(60));
            let sends = matches!(
                plan.action,
                Action::Send(_) | Action::Claim | Action::RecordByHand
            );
            assert!(!sends, "{class:?} {status:?}: {plan}");
        }
    }
}

#[test]
fn a_slot_without_an_asset_is_settled_as_far_as_its_channel_and_people_allow() {
    let said = |status: &ReceiptStatus, class| decide(&orphan(status, class), minutes(60)).to_string();
    let sending = Story::default().begins("one", &order("hello", 0, 0), due());
    insta::assert_snapshot!(said(&sending.0, ChannelClass::LookUp), @r#"Unknown MayBeLive: An attempt ended without an answer on record. [MarkUnknown { attempt: "one" }]"#);
    let unknown = sending.dies(minutes(1));
    insta::assert_snapshot!(said(&unknown.0, ChannelClass::NaturalKey), @"Unknown MayBeLive: It was sent, and no answer came: it may be live. Receipt r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea has the attempt. [LookUp]");
    insta::assert_snapshot!(said(&unknown.0, ChannelClass::LookUp), @"Unknown MayBeLive: It was sent, and no answer came: it may be live. Receipt r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea has the attempt. [LookUp]");
    insta::assert_snapshot!(said(&unknown.0, ChannelClass::Neither), @"Unknown MayBeLive: It was sent, no answer came, and nobody but a person can tell whether it is live. Look at the account, then: campanile receipts adopt r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --remote-id ID, or campanile receipts release r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --reason WHY");
    let released = request_release(&unknown.0, false, &person(), minutes(2)).unwrap();
    insta::assert_snapshot!(said(&released, ChannelClass::Neither), @"Publishing Releasing: The slot is opened again, as a person asked. [Release]");
    insta::assert_snapshot!(said(&Story::default().0, ChannelClass::Neither), @"Blocked AssetGone: No Asset leads to this slot any more: nothing of it is sent. Where its row returns, it goes on from here.");
}

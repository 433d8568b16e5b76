//! The items of a thread: one after the other, each a reply to the one before.

use super::super::{
    channels::Replies,
    fixtures::{Story, WORDS, at, due, minutes, not_sent, order, ordered, post, published},
    limits::{Followed, FollowedState, LaneFacts},
    observed::Observed,
    plan::{Action, Plan},
};
use crate::api::{AssetPhase, Environment, ReceiptPhase, ReceiptStatus};

/// The second item of a post, on a channel that replies by id, with the first one as it stands.
fn second(state: FollowedState, remote_id: Option<&str>) -> Observed {
    item("thread-2", "main", state, remote_id)
}

fn item(name: &str, before: &str, state: FollowedState, remote_id: Option<&str>) -> Observed {
    post().with(|observed| {
        observed.asset.item = name.to_owned();
        observed.asset.is_of_several = true;
        observed.channels[0].replies = Replies::ById;
        let slot = observed
            .asset
            .slot("week1", Environment::Production)
            .of_item(before);
        observed.lane = LaneFacts {
            followed: vec![Followed {
                slot: slot.fields().clone(),
                state,
                remote_id: remote_id.map(str::to_owned),
                published_at: remote_id.map(|_| due()),
            }],
            ..LaneFacts::default()
        };
    })
}

fn claimed() -> ReceiptStatus {
    ReceiptStatus::default()
}

fn stands(plan: &Plan) -> (AssetPhase, &str) {
    (plan.phase, plan.reason.as_str())
}

#[test]
fn an_item_waits_for_the_one_before_and_says_what_became_of_it() {
    use FollowedState::{Coming, Failed, InDoubt, Missed, Skipped};
    for (state, phase, reason, said) in [
        (
            Coming,
            AssetPhase::Scheduled,
            "WaitingForItem",
            "is not published yet",
        ),
        (
            InDoubt,
            AssetPhase::Scheduled,
            "WaitingForItem",
            "nobody knows yet",
        ),
        (Missed, AssetPhase::Blocked, "ItemBeforeMissed", "was missed"),
        (Skipped, AssetPhase::Blocked, "ItemBeforeSkipped", "is skipped"),
        (Failed, AssetPhase::Blocked, "ItemBeforeFailed", "failed"),
    ] {
        let plan = second(state, None).plan(due());
        assert_eq!(stands(&plan), (phase, reason));
        assert!(plan.message.contains("the item main of its post"), "{plan}");
        assert!(plan.message.contains(said), "{plan}");
        assert_eq!(plan.action, Action::Wait);
    }
}

#[test]
fn an_item_of_which_no_predecessor_stands_waits() {
    let alone = second(FollowedState::Coming, None).with(|observed| observed.lane.followed.clear());
    assert_eq!(
        stands(&alone.plan(due())),
        (AssetPhase::Scheduled, "WaitingForItem")
    );
    // The one before the one before is not the one before.
    let fourth = item("thread-4", "thread-2", FollowedState::Published, Some("77"));
    assert_eq!(
        stands(&fourth.plan(due())),
        (AssetPhase::Scheduled, "WaitingForItem")
    );
}

#[test]
fn each_item_is_sent_as_a_reply_to_the_one_before_and_a_comment_to_the_first() {
    for (name, before) in [
        ("thread-2", "main"),
        ("thread-3", "thread-2"),
        ("first-comment", "main"),
    ] {
        let reply = item(name, before, FollowedState::Published, Some("77"));
        assert_eq!(reply.plan(due()).action, Action::Claim, "{name}");
        let order = ordered(&reply.having(&claimed()).plan(due()));
        assert_eq!(order.reply_to.as_deref(), Some("77"), "{name}");
    }
    assert_eq!(ordered(&post().having(&claimed()).plan(due())).reply_to, None);
}

#[test]
fn an_item_before_without_an_id_stops_the_rest_only_where_the_channel_has_to_name_it() {
    let unnamed = second(FollowedState::Published, None);
    assert_eq!(
        stands(&unnamed.plan(due())),
        (AssetPhase::Blocked, "ItemBeforeUnnamed")
    );
    let in_order = unnamed.with(|observed| observed.channels[0].replies = Replies::InOrder);
    assert_eq!(ordered(&in_order.having(&claimed()).plan(due())).reply_to, None);
}

#[test]
fn a_channel_without_replies_blocks_every_item_the_first_among_them() {
    let first = post().with(|observed| observed.asset.is_of_several = true);
    let rest = second(FollowedState::Published, Some("77"))
        .with(|observed| observed.channels[0].replies = Replies::No);
    for observed in [first, rest] {
        assert_eq!(
            stands(&observed.plan(due())),
            (AssetPhase::Blocked, "ThreadsNotSupported")
        );
    }
    assert_eq!(post().plan(due()).action, Action::Claim);
}

#[test]
fn a_thread_that_has_begun_is_finished_though_its_time_has_passed() {
    // Two hours late is too late for a post of its own.
    assert_eq!(post().plan(minutes(121)).phase, AssetPhase::Missed);
    let waits = second(FollowedState::InDoubt, None).plan(minutes(600));
    assert_eq!(stands(&waits), (AssetPhase::Scheduled, "WaitingForItem"));
    let begun = |at| {
        second(FollowedState::Published, Some("77")).with(|observed| {
            observed.lane.followed[0].published_at = Some(at);
        })
    };
    assert_eq!(begun(minutes(600)).plan(minutes(601)).action, Action::Claim);
    assert_eq!(begun(minutes(600)).plan(minutes(721)).phase, AssetPhase::Missed);
}

#[test]
fn a_later_item_that_failed_leaves_the_earlier_one_alone_and_stops_what_comes_after() {
    let failed = Story::default()
        .begins("one", &order(WORDS, 0, 0), due())
        .hears("one", &not_sent(), due())
        .begins("two", &order(WORDS, 0, 0), minutes(10))
        .hears("two", &not_sent(), minutes(10));
    assert_eq!(failed.0.phase, ReceiptPhase::Failed);
    let second = second(FollowedState::Published, Some("77")).having(&failed.0);
    assert_eq!(second.plan(minutes(30)).phase, AssetPhase::Failed);
    let first = Story::default()
        .sends("one", due())
        .hears("one", &published("77"), due());
    let main = post().with(|observed| observed.asset.is_of_several = true);
    let main = main
        .with(|observed| observed.channels[0].replies = Replies::ById)
        .having(&first.0);
    assert_eq!(stands(&main.plan(minutes(30))), (AssetPhase::Posted, "Published"));
    let third = item("thread-3", "thread-2", FollowedState::Failed, None);
    assert_eq!(third.plan(minutes(30)).reason, "ItemBeforeFailed");
}

#[test]
fn a_resend_replies_to_what_its_first_attempt_replied_to() {
    let mut first = order(WORDS, 0, 0);
    first.reply_to = Some("77".to_owned());
    let lost = Story::default().begins("one", &first, due()).dies(minutes(1));
    let reply_to = super::super::receipt::reply_to(&lost.0, 0);
    assert_eq!(reply_to.as_deref(), Some("77"));
    let heard = Story::default()
        .begins("one", &first, due())
        .hears("one", &not_sent(), due());
    assert_eq!(super::super::receipt::reply_to(&heard.0, 0), None);
    let later = second(FollowedState::Published, Some("78")).having(&heard.0);
    let order = ordered(&later.plan(at("2026-03-02T07:30:00Z")));
    assert_eq!(order.reply_to.as_deref(), Some("78"));
}

//! What a stranger reads of a campaign with nothing but kubectl: what stands, what stopped, and what to do next.

use crate::scene::Scene;
use crate::sink::{Fault, answer};

async fn scene_with_a_channel(prefix: &str) -> Scene {
    let scene = Scene::start(prefix).await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    scene
        .until_condition("channelconfig/linkedin-company", "Ready", "True Ready")
        .await;
    scene
}

/// Waits until an object has an Event of that reason, and gives its note.
async fn event(scene: &Scene, object: &str, reason: &str) -> String {
    let selector = format!("involvedObject.name={object},reason={reason}");
    scene
        .until(&format!("{object} has an Event {reason}"), async || {
            let list = scene.json(&["events", "--field-selector", &selector]).await;
            let note = list["items"][0]["message"].as_str().map(str::to_owned);
            note.ok_or_else(|| format!("{:?}", list["items"]))
        })
        .await
}

/// Whatever the columns are.
fn says(text: &str, parts: &[&str]) {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[tokio::test]
async fn approved_rows_that_vanish_are_named_once_and_not_held_back() {
    let scene = scene_with_a_channel("withdrawn").await;
    let tomorrow = scene.day.tomorrow.clone();
    let row = |post: &str| scene.row(post, "Words.").on(&tomorrow, "12:00");
    let (kept, gone, also) = (row("kept"), row("gone"), row("also-gone"));
    let draft = row("draft").status("draft");
    scene.push_sheet(&[kept.clone(), gone, also, draft], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_asset("gone linkedin/company", "Scheduled WaitingForTime")
        .await;
    scene.push_sheet(&[kept], "Fewer rows");
    scene
        .until_assets_are(&[("kept linkedin/company", "Scheduled WaitingForTime")])
        .await;
    let note = event(&scene, "week1", "RowsWithdrawn").await;
    says(&note, &["gone", "also-gone", "before they were published"]);
    assert!(!note.contains("draft"), "nobody approved it: {note}");
    let events = scene.events_of("week1").await;
    let raised = events
        .iter()
        .filter(|event| *event == "Warning RowsWithdrawn")
        .count();
    assert_eq!(raised, 1, "{events:?}");
    let described = scene.kubectl(&["describe", "campaign", "week1"]).await;
    says(&described, &["RowsWithdrawn", "also-gone"]);
    assert!(scene.sent().is_empty());
    scene.end().await;
}

#[tokio::test]
async fn a_row_that_another_campaign_published_is_blocked_by_its_name() {
    let scene = scene_with_a_channel("elsewhere").await;
    scene.push_sheet(&[scene.row("only", "Once.")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_asset("only linkedin/company", "Posted Published")
        .await;
    scene.kubectl(&["delete", "campaign", "week1"]).await;
    scene
        .until("its Assets are gone", async || {
            match scene.assets().await.as_slice() {
                [] => Ok(()),
                assets => Err(format!("{assets:?}")),
            }
        })
        .await;

    scene.apply(&scene.campaign("week2", "")).await;
    let asset = scene
        .until_asset("only linkedin/company", "Blocked PublishedElsewhere")
        .await;
    says(&asset.message, &["week1", "occurrence"]);
    let rows = [scene.row("only", "Once."), scene.row("next", "Another.")];
    scene.push_sheet(&rows, "Another row");
    scene
        .until_asset("next linkedin/company", "Posted Published")
        .await;
    scene
        .until_asset("only linkedin/company", "Blocked PublishedElsewhere")
        .await;
    assert_eq!(
        scene.sent_posts(),
        ["next linkedin-company", "only linkedin-company"]
    );
    scene.end().await;
}

#[tokio::test]
async fn describe_tells_a_stranger_where_everything_is_and_why() {
    let scene = scene_with_a_channel("described").await;
    scene.push_sheet(&[scene.row("good", "Fine.")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    let good = scene
        .until_asset("good linkedin/company", "Posted Published")
        .await;
    let receipt = scene.kubectl(&["describe", "receipt", &good.receipt()]).await;
    says(
        &receipt,
        &[
            "Post Id: good",
            "Platform: linkedin",
            "Phase: Published",
            "https://platform.example.com/posts/0",
            "docs/week-1.csv",
            "{\"text\":\"Fine.",
            "Class: Published",
            "Scheduled For:",
        ],
    );

    scene
        .sink
        .script([Fault::Say(answer(422, &[], "no such hashtag"))]);
    let rows = [scene.row("good", "Fine."), scene.row("bad", "Not fine.")];
    scene.push_sheet(&rows, "A bad one");
    let bad = scene.until_phase("bad linkedin/company", "Failed").await;
    let asset = scene.kubectl(&["describe", "asset", &bad.name]).await;
    says(&asset, &["Failed", "422", "no such hashtag", &bad.receipt()]);
    let receipt = scene.kubectl(&["describe", "receipt", &bad.receipt()]).await;
    says(&receipt, &["Failed", "Rejected", "no such hashtag"]);

    scene.sink.script([Fault::Say(answer(401, &[], "token expired"))]);
    let rows = [scene.row("good", "Fine."), scene.row("late", "Later.")];
    scene.push_sheet(&rows, "Refused");
    scene
        .until_condition("channelconfig/linkedin-company", "Ready", "False ChannelRefused")
        .await;
    let channel = scene
        .kubectl(&["describe", "channelconfig", "linkedin-company"])
        .await;
    says(
        &channel,
        &[
            "ChannelRefused",
            "token expired",
            "linkedin",
            "company",
            "webhook",
        ],
    );
    let late = scene.asset("late linkedin/company").await;
    let asset = scene.kubectl(&["describe", "asset", &late.name]).await;
    says(&asset, &["ChannelRefused", "linkedin-company"]);
    let campaign = scene.kubectl(&["describe", "campaign", "week1"]).await;
    says(&campaign, &["Applied Revision: main@sha1:", "Posted:", "Failed:"]);
    scene.no_canary_sings().await;
}

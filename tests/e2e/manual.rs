//! What a person publishes by hand: asked once, taken back by a Halt, asked again, confirmed, and never asked twice.

use crate::{control_plane::stdout, scene::Scene};

const KEY: &str = "only whatsapp/community";

fn channel(more: &str) -> String {
    format!(
        "---\napiVersion: campanile.dev/v1alpha1\nkind: ChannelConfig\nmetadata: {{name: whatsapp-community}}\nspec:\n  platform: \
         whatsapp\n  account: community\n  manual: {{person: Dana Levi, instructions: Pin it.{more}}}\n"
    )
}

/// A row that Dana is asked to publish.
async fn asked(prefix: &str) -> Scene {
    let scene = Scene::start(prefix).await;
    scene.apply(&channel("")).await;
    scene
        .until_condition("channelconfig/whatsapp-community", "Ready", "True Ready")
        .await;
    let row = scene
        .row("only", "שלום, neighbours \u{1F331}")
        .for_platform("whatsapp");
    scene.push_sheet(&[row.to("community")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene.until_asset(KEY, "AwaitingPerson AwaitingPerson").await;
    scene
}

async fn name_of(scene: &Scene) -> String {
    let asset = scene.asset(KEY).await;
    asset.json["metadata"]["name"].as_str().unwrap().to_owned()
}

async fn receipt(scene: &Scene) -> serde_json::Value {
    let receipts = scene.json(&["receipts"]).await;
    let items = receipts["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 1, "one slot, one receipt");
    items[0].clone()
}

#[tokio::test]
async fn a_person_is_asked_once_over_restarts_and_confirms() {
    let mut scene = asked("manual").await;
    let name = name_of(&scene).await;
    let asset = scene.asset(KEY).await;
    for part in ["Dana Levi", "until 2", "campanile done asset/", "Pin it."] {
        assert!(
            asset.message.contains(part),
            "{part:?} is not in {}",
            asset.message
        );
    }
    let copy = scene
        .kubectl(&["get", "asset", &name, "-o", "jsonpath={.spec.content.text}"])
        .await;
    assert!(copy.starts_with("שלום, neighbours \u{1F331}"), "{copy}");
    let why = stdout(&scene.campanile("why", &[&format!("asset/{name}")]).await);
    for part in ["AwaitingPerson", "Dana Levi", "שלום, neighbours \u{1F331}"] {
        assert!(why.contains(part), "{part:?} is not in {why}");
    }
    let before = receipt(&scene).await;
    assert_eq!(before["status"]["phase"], "Claimed");
    assert_eq!(before["status"]["asked"]["times"], 1);

    scene.kill_operator();
    scene.restart_operator().await;
    let revision = scene.push("docs/other.md", "no row", "Another file");
    scene.until_applied("week1", &revision).await;
    assert_eq!(
        receipt(&scene).await["status"]["asked"],
        before["status"]["asked"]
    );

    let url = "https://example.com/groups/1";
    let done = scene
        .campanile(
            "done",
            &[&format!("asset/{name}"), "--url", url, "--by", "Dana Levi"],
        )
        .await;
    let said = stdout(&done);
    assert!(said.contains("Dana Levi published it by hand"), "{said}");
    let asset = scene.until_asset(KEY, "Posted ConfirmedByHand").await;
    assert_eq!(asset.status("url"), url);
    let after = receipt(&scene).await;
    assert_eq!(after["status"]["phase"], "Published");
    assert_eq!(after["status"]["resolutions"][0]["by"], "Dana Levi");
    assert!(after["status"]["publishedAt"].is_string(), "{after}");
    let again = scene.campanile("done", &[&name]).await;
    assert!(!again.status.success(), "it was confirmed twice");
    assert_eq!(scene.sent().len(), 0);
    scene.end().await;
}

#[tokio::test]
async fn a_halt_takes_the_request_back_and_after_it_the_person_is_asked_again() {
    let scene = asked("taken-back").await;
    scene
        .apply(
            "---\napiVersion: campanile.dev/v1alpha1\nkind: Halt\nmetadata: {name: stop}\nspec:\n  selector: {platforms: \
             [whatsapp]}\n  reason: Press inquiry, hold all posts.\n  owner: maya\n  resume: {policy: PublishWithin, within: 2h}\n",
        )
        .await;
    scene.until_asset(KEY, "Halted Halted").await;
    let taken_back = receipt(&scene).await;
    assert!(
        taken_back["status"]["asked"]["withdrawnAt"].is_string(),
        "{taken_back}"
    );
    scene
        .until("the person is told", async || {
            let events = scene.kubectl(&["get", "events"]).await;
            if events.contains("RequestWithdrawn") {
                Ok(())
            } else {
                Err(events)
            }
        })
        .await;

    scene.kubectl(&["delete", "halt", "stop"]).await;
    let asset = scene.until_asset(KEY, "AwaitingPerson AwaitingPerson").await;
    assert!(
        asset.message.contains("look first whether it is published"),
        "{}",
        asset.message
    );
    assert_eq!(receipt(&scene).await["status"]["asked"]["times"], 2);
    let name = name_of(&scene).await;
    let given_up = scene
        .campanile("not-done", &[&name, "--reason", "The group is closed."])
        .await;
    stdout(&given_up);
    let asset = scene.until_asset(KEY, "Failed NotDone").await;
    assert!(
        asset.message.contains("The group is closed."),
        "{}",
        asset.message
    );
    scene.end().await;
}

#[tokio::test]
async fn nobody_confirms_what_nobody_was_asked() {
    let scene = Scene::start("not-asked").await;
    scene.apply(&channel("")).await;
    let row = scene
        .row("only", "Later.")
        .for_platform("whatsapp")
        .to("community");
    let tomorrow = scene.day.tomorrow.clone();
    scene.push_sheet(&[row.on(&tomorrow, "09:00")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene.until_asset(KEY, "Scheduled WaitingForTime").await;
    let name = name_of(&scene).await;
    let early = scene.campanile("done", &[&name]).await;
    assert!(!early.status.success());
    let said = String::from_utf8_lossy(&early.stderr);
    assert!(said.contains("nobody was asked"), "{said}");
    assert_eq!(
        scene.json(&["receipts"]).await["items"].as_array().unwrap().len(),
        0
    );
    scene.end().await;
}

#[tokio::test]
async fn a_channel_that_asks_nobody_or_leaves_no_time_says_what_is_wrong() {
    let scene = Scene::start("asks-nobody").await;
    scene.apply(&channel(", within: 5s")).await;
    scene
        .until_condition("channelconfig/whatsapp-community", "Ready", "False InvalidConfig")
        .await;
    let refused = scene
        .refused(&channel("").replace("person: Dana Levi, ", ""))
        .await;
    assert!(refused.contains("person"), "{refused}");
    scene.end().await;
}

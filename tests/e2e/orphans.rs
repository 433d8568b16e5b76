//! Receipts whose Asset and Campaign are gone: what is in doubt is settled, and nothing is sent.

use serde_json::{Value, json};

use crate::control_plane::stdout;
use crate::scene::{Scene, condition};
use crate::sink::{Fault, answer};

const KEY: &str = "only linkedin/company";

async fn with_one_row(prefix: &str, channel: impl AsyncFnOnce(&Scene) -> String) -> Scene {
    let scene = Scene::start(prefix).await;
    let channel = channel(&scene).await;
    scene.apply(&channel).await;
    scene
        .until_condition("channelconfig/linkedin-company", "Ready", "True Ready")
        .await;
    scene.push_sheet(&[scene.row("only", "Once.")], "Week 1");
    scene
}

/// A channel of class D.
async fn plain(scene: &Scene) -> String {
    scene
        .webhook("linkedin-company", "linkedin", "company", "")
        .replace(", idempotency: {window: 24h}", "")
}

async fn delete_campaign(scene: &Scene) {
    scene.kubectl(&["delete", "campaign", "week1"]).await;
    scene.kubectl(&["delete", "assets", "--all"]).await;
}

/// Waits until the one receipt of a scene has a phase, and says why itself.
async fn until_receipt(scene: &Scene, phase: &str, reason: &str) -> Value {
    let what = format!("the receipt is {phase} and says {reason}");
    scene
        .until(&what, async || {
            let receipt = scene.json(&["receipts"]).await["items"][0].clone();
            let ready = condition(&receipt, "Ready").unwrap_or_default();
            if receipt["status"]["phase"] == phase && ready["reason"] == reason {
                Ok(receipt)
            } else {
                Err(receipt["status"].to_string())
            }
        })
        .await
}

#[tokio::test]
async fn a_send_whose_campaign_is_gone_is_marked_and_settled_by_a_person() {
    let mut scene = with_one_row("orphan", plain).await;
    scene.sink.script([Fault::Hold]);
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until("the request has arrived", async || match scene.sent().len() {
            1 => Ok(()),
            count => Err(format!("{count} requests")),
        })
        .await;
    scene.kill_operator();
    scene.sink.release();
    delete_campaign(&scene).await;
    scene.restart_operator().await;
    let receipt = until_receipt(&scene, "Unknown", "MayBeLive").await;
    let name = receipt["metadata"]["name"].as_str().unwrap();
    let described = scene.kubectl(&["describe", "receipt", name]).await;
    assert!(described.contains("campanile receipts adopt"), "{described}");
    assert_eq!(scene.events_of(name).await, ["Warning MayBeLive"]);

    let adopt = ["adopt", name, "--remote-id", "urn:li:42", "--reason", "found it"];
    stdout(&scene.campanile("receipts", &adopt).await);
    until_receipt(&scene, "Published", "Adopted").await;
    assert_eq!(scene.sent().len(), 1);

    // Its row returns: the Asset tells the rest.
    scene.apply(&scene.campaign("week1", "")).await;
    scene.until_asset(KEY, "Posted Adopted").await;
    scene
        .until("the receipt says nothing itself", async || {
            let receipt = scene.json(&["receipt", name]).await;
            match condition(&receipt, "Ready") {
                None => Ok(()),
                Some(condition) => Err(condition.to_string()),
            }
        })
        .await;
    assert_eq!(scene.sent().len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_slot_whose_campaign_is_gone_is_released_as_asked_and_waits_for_its_row() {
    let scene = with_one_row("reopened", plain).await;
    scene.sink.script([Fault::Say(answer(422, &[], "too long"))]);
    scene.apply(&scene.campaign("week1", "")).await;
    let receipt = scene.until_phase(KEY, "Failed").await.receipt();
    delete_campaign(&scene).await;
    let release = ["release", receipt.as_str(), "--reason", "the words were wrong"];
    stdout(&scene.campanile("receipts", &release).await);
    let released = until_receipt(&scene, "Released", "AssetGone").await;
    assert_eq!(released["status"]["epoch"], 1, "{released}");
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_asset(KEY, "AwaitingApproval ReleasedNeedsApproval")
        .await;
    assert_eq!(scene.sent().len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn what_was_stored_before_its_campaign_went_is_found_by_a_look() {
    let mut scene = with_one_row("found", async |scene: &Scene| {
        scene.store("linkedin-company", "linkedin", "company")
    })
    .await;
    scene.apply(&scene.campaign("week1", "")).await;
    let receipt = scene.until_asset(KEY, "Posted Published").await.receipt();
    scene.kill_operator();
    delete_campaign(&scene).await;
    // As if the operator had died between the store's answer and the record of it.
    let before = scene.json(&["receipt", &receipt]).await["status"].clone();
    let mut attempts = before["attempts"].clone();
    let attempt = attempts[0].as_object_mut().unwrap();
    for outcome in ["class", "endedAt", "message"] {
        attempt.remove(outcome);
    }
    let patch = json!({"status": {
        "phase": "Sending", "reason": "Sending", "attempts": attempts, "contentDigest": null, "publishedAt": null,
        "publishedAttempt": null, "remoteId": null, "url": null,
    }});
    let object = format!("receipt/{receipt}");
    let patch = patch.to_string();
    scene
        .kubectl(&[
            "patch",
            &object,
            "--subresource=status",
            "--type=merge",
            "-p",
            &patch,
        ])
        .await;
    scene.restart_operator().await;
    let found = scene
        .until("it is found", async || {
            let status = scene.json(&["receipt", &receipt]).await["status"].clone();
            if status["phase"] == "Published" {
                Ok(status)
            } else {
                Err(status.to_string())
            }
        })
        .await;
    for field in ["url", "remoteId", "contentDigest", "publishedAttempt"] {
        assert_eq!(found[field], before[field], "{field}");
    }
    scene.end().await;
}

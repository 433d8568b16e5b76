//! Receipts: what crashes leave, what people settle, and what nobody may do.

use crate::control_plane::stdout;
use crate::scene::{Cluster, SHEET, Scene, sheet};
use crate::sink::{Fault, answer};

const KEY: &str = "only linkedin/company";

/// A channel of class D: the receiver promises nothing.
fn plain(scene: &Scene) -> String {
    scene
        .webhook("linkedin-company", "linkedin", "company", "")
        .replace(", idempotency: {window: 24h}", "")
}

async fn with_one_row(prefix: &str, fault: Option<Fault>) -> Scene {
    let scene = Scene::start(prefix).await;
    scene.apply(&plain(&scene)).await;
    // The preflight connects as well, and is not what the fault is for.
    scene
        .until_condition("channelconfig/linkedin-company", "Ready", "True Ready")
        .await;
    scene.sink.script(fault);
    scene.push_sheet(&[scene.row("only", "Once.")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene
}

fn stderr(output: &std::process::Output) -> String {
    assert!(!output.status.success(), "it should have been refused");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_lost_reply_is_never_resent_blindly_and_a_person_settles_it() {
    let scene = with_one_row("lost", Some(Fault::LoseReply)).await;
    let asset = scene.until_phase(KEY, "Unknown").await;
    let described = scene.kubectl(&["describe", "asset", &asset.name]).await;
    assert!(
        described.contains("adopt") || described.contains("release"),
        "{described}"
    );
    let receipt = asset.receipt();

    let listed = stdout(&scene.campanile("receipts", &["list", "--phase", "Unknown"]).await);
    assert!(listed.contains(&receipt), "{listed}");
    let none = stdout(&scene.campanile("receipts", &["list", "--phase", "Failed"]).await);
    assert!(!none.contains(&receipt), "{none}");
    let shown = stdout(&scene.campanile("receipts", &["show", &receipt]).await);
    assert!(
        shown.contains("Unknown") && shown.contains("Attempt 1:"),
        "{shown}"
    );

    let settle = ["adopt", &receipt, "--remote-id", "urn:li:42"];
    let silent = scene.campanile("receipts", &settle).await;
    assert!(stderr(&silent).contains("--reason"));
    let url = [
        "--url",
        "https://social.example.com/42",
        "--reason",
        "found on the page",
    ];
    let stale = [&settle[..], &url, &["--resource-version", "1"]].concat();
    let stale = stderr(&scene.campanile("receipts", &stale).await);
    assert!(stale.contains("look at it again"), "{stale}");
    let adopted = stdout(&scene.campanile("receipts", &[&settle[..], &url].concat()).await);
    assert!(
        adopted.contains("Published Adopted") && adopted.contains("by dana"),
        "{adopted}"
    );

    let asset = scene.until_asset(KEY, "Posted Adopted").await;
    assert_eq!(asset.json["status"]["url"], "https://social.example.com/42");
    let again = stderr(&scene.campanile("receipts", &[&settle[..], &url].concat()).await);
    assert!(again.contains("Published"), "{again}");
    assert_eq!(scene.sent().len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_refusal_fails_until_a_person_retries_or_the_words_change() {
    let refusal = Fault::Say(answer(422, &[], "too long"));
    let scene = with_one_row("refused", Some(refusal.clone())).await;
    let asset = scene.until_phase(KEY, "Failed").await;
    let receipt = asset.receipt();
    let retry = ["retry", receipt.as_str(), "--reason", "the platform was wrong"];
    stdout(&scene.campanile("receipts", &retry).await);
    scene.until_asset(KEY, "Posted Published").await;
    let keys: Vec<String> = scene
        .sent()
        .iter()
        .map(|sent| sent.header("webhook-id"))
        .collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "a retry is the same publication");

    // Another row is refused, and its new words, once approved, are another publication.
    scene.sink.script([refusal]);
    let only = scene.row("only", "Once.");
    let next = scene.row("next", "Too long by far.");
    scene.push_sheet(&[only.clone(), next.clone()], "Next");
    scene.until_phase("next linkedin/company", "Failed").await;
    scene.push_sheet(
        &[only, next.saying("Short.")],
        "Shorter\n\nCampanile-Approve: next",
    );
    scene
        .until_asset("next linkedin/company", "Posted Published")
        .await;
    let sent = scene.sent();
    assert_eq!(sent.len(), 4);
    assert_ne!(sent[2].header("webhook-id"), sent[3].header("webhook-id"));
    scene.no_canary_sings().await;
}

#[tokio::test]
async fn a_released_slot_is_published_again_only_with_an_approval_of_its_own() {
    let scene = with_one_row("released", None).await;
    let receipt = scene.until_asset(KEY, "Posted Published").await.receipt();
    let release = [
        "release",
        receipt.as_str(),
        "--reason",
        "recalled on the platform",
    ];
    stdout(&scene.campanile("receipts", &release).await);
    scene
        .until_asset(KEY, "AwaitingApproval ReleasedNeedsApproval")
        .await;
    assert_eq!(scene.sent().len(), 1);
    stdout(
        &scene
            .campanile("receipts", &[&release[..], &["--approve"]].concat())
            .await,
    );
    scene.until_asset(KEY, "Posted Published").await;
    let sent = scene.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].body["data"], sent[1].body["data"]);
    scene.end().await;
}

#[tokio::test]
async fn what_hands_do_to_receipts_and_assets_publishes_nothing() {
    let scene = with_one_row("hands", None).await;
    let asset = scene.until_asset(KEY, "Posted Published").await;
    let receipt = format!("receipt/{}", asset.receipt());
    for patch in [
        r#"{"spec": {"slot": {"postId": "another"}}}"#,
        r#"{"spec": {"slot": {"occurrence": "again"}}}"#,
    ] {
        let refused = scene.patch_refused(&receipt, patch).await;
        assert!(refused.contains("slot"), "{refused}");
    }
    let object = format!("asset/{}", asset.name);
    let refused = scene
        .patch_refused(&object, r#"{"spec": {"postId": "another"}}"#)
        .await;
    assert!(refused.contains("cannot change"), "{refused}");

    scene
        .patch(&object, r#"{"spec": {"content": {"text": "Words of a hand."}}}"#)
        .await;
    scene
        .until("the words are restored", async || {
            let asset = scene.asset(KEY).await;
            let text = asset.json["spec"]["content"]["text"].as_str().unwrap();
            if text.starts_with("Once.") && asset.standing() == "Posted Published" {
                Ok(())
            } else {
                Err(format!("{text} {}", asset.standing()))
            }
        })
        .await;

    let mut made = asset.json.clone();
    made["metadata"] = serde_json::json!({"name": "by-hand"});
    made["spec"]["postId"] = "by-hand".into();
    made["status"] = serde_json::Value::Null;
    scene.apply(&made.to_string()).await;
    scene
        .until_asset("by-hand linkedin/company", "AwaitingApproval MadeByHand")
        .await;

    scene.kubectl(&["delete", &receipt]).await;
    let asset = scene.until_asset(KEY, "Blocked ReceiptMissing").await;
    assert!(asset.message.contains("Restore the Receipt"), "{}", asset.message);
    assert_eq!(scene.sent_posts(), ["only linkedin-company"]);
    scene.end().await;
}

#[tokio::test]
async fn an_operator_that_is_killed_mid_send_publishes_once_under_its_key() {
    let mut scene = Scene::prepare(Cluster::shared().await, "killed").await;
    let lease = format!("--lease-namespace={}", scene.namespace);
    scene.start_operator(&["--leader-elect=true", &lease]).await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    scene
        .until_condition("channelconfig/linkedin-company", "Ready", "True Ready")
        .await;
    scene.sink.script([Fault::Hold]);
    scene.push_sheet(&[scene.row("only", "Once.")], "Week 1");
    let more = "  retry: {limit: 1, after: 1s}\n";
    scene.apply(&scene.campaign("week1", more)).await;
    scene
        .until("the request has arrived", async || match scene.sent().len() {
            1 => Ok(()),
            count => Err(format!("{count} requests, {:?}", scene.standings().await)),
        })
        .await;
    scene.kill_operator();
    scene.sink.release();
    let receipts = scene.json(&["receipts"]).await;
    assert_eq!(receipts["items"][0]["status"]["phase"], "Sending");

    scene.restart_operator().await;
    scene.until_asset(KEY, "Posted Published").await;
    let sent = scene.sent();
    assert!(
        sent.iter()
            .all(|other| other.header("webhook-id") == sent[0].header("webhook-id"))
    );
    assert!(
        sent.iter().all(|other| other.body == sent[0].body),
        "every attempt says the same"
    );
    assert_eq!(scene.receiver.published().len(), 1);
    let attempts = scene.json(&["receipts"]).await["items"][0]["status"]["attempts"].clone();
    assert_eq!(attempts.as_array().unwrap().len(), 2, "{attempts}");

    // At rest, killed and started: nothing is sent and nothing changes.
    let before = scene.json(&["receipts"]).await["items"].clone();
    scene.kill_operator();
    scene.restart_operator().await;
    let rows = [scene.row("only", "Once."), scene.row("next", "Afterwards.")];
    scene.push(SHEET, sheet(&rows), "Next");
    scene
        .until_asset("next linkedin/company", "Posted Published")
        .await;
    assert_eq!(scene.receiver.published().len(), 2);
    let after = scene.json(&["receipts"]).await["items"].clone();
    let same = |list: &serde_json::Value| {
        let items = list.as_array().unwrap();
        items
            .iter()
            .find(|item| item["spec"]["slot"]["postId"] == "only")
            .cloned()
    };
    assert_eq!(same(&before), same(&after));
    scene.no_canary_sings().await;
}

#[tokio::test]
async fn a_channel_that_is_deleted_while_it_sends_loses_no_answer() {
    let scene = with_one_row("deleted", Some(Fault::Hold)).await;
    scene
        .until("the request has arrived", async || match scene.sent().len() {
            1 => Ok(()),
            count => Err(count.to_string()),
        })
        .await;
    scene
        .kubectl(&["delete", "channelconfig", "linkedin-company"])
        .await;
    scene.sink.release();
    scene
        .until("the answer is on the receipt", async || {
            let receipts = scene.json(&["receipts"]).await;
            let status = &receipts["items"][0]["status"];
            let url = "https://platform.example.com/posts/0";
            if status["phase"] == "Published" && status["url"] == url {
                Ok(())
            } else {
                Err(status.to_string())
            }
        })
        .await;
    scene.apply(&plain(&scene)).await;
    scene.until_asset(KEY, "Posted Published").await;
    assert_eq!(scene.sent().len(), 1);
    scene.end().await;
}

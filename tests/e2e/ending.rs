//! SIGTERM: the operator ends what it began, gives its lease back, and begins nothing more.

use crate::scene::{Cluster, Scene};
use crate::sink::Fault;

const KEY: &str = "only linkedin/company";

async fn electing(prefix: &str) -> Scene {
    let mut scene = Scene::prepare(Cluster::shared().await, prefix).await;
    let lease = format!("--lease-namespace={}", scene.namespace);
    scene.start_operator(&["--leader-elect=true", &lease]).await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    scene
        .until_condition("channelconfig/linkedin-company", "Ready", "True Ready")
        .await;
    scene.push_sheet(&[scene.row("only", "Once.")], "Week 1");
    scene
}

async fn holder(scene: &Scene) -> String {
    let lease = scene.json(&["lease", "campanile-operator"]).await;
    let holder = lease["spec"]["holderIdentity"].as_str();
    holder.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_operator_at_rest_ends_well_and_gives_its_lease_back() {
    let mut scene = electing("ends").await;
    scene.apply(&scene.campaign("week1", "")).await;
    scene.until_asset(KEY, "Posted Published").await;
    assert_ne!(holder(&scene).await, "");
    let status = scene.terminate_operator().await;
    assert!(status.success(), "{status}");
    assert_eq!(holder(&scene).await, "", "the next one need not wait");
    assert!(scene.log().contains("stopped"));

    scene.restart_operator().await;
    let rows = [scene.row("only", "Once."), scene.row("next", "Afterwards.")];
    scene.push_sheet(&rows, "Next");
    scene
        .until_asset("next linkedin/company", "Posted Published")
        .await;
    assert_eq!(
        scene.sent_posts(),
        ["next linkedin-company", "only linkedin-company"]
    );
    scene.end().await;
}

#[tokio::test]
async fn an_operator_that_is_sending_ends_when_the_answer_is_on_record_and_sends_nothing_more() {
    let mut scene = electing("ends-sending").await;
    scene.sink.script([Fault::Hold]);
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until("the request has arrived", async || match scene.sent().len() {
            1 => Ok(()),
            count => Err(format!("{count} requests, {:?}", scene.standings().await)),
        })
        .await;
    let process = scene.signal_operator();
    scene
        .until("it has heard the signal", async || {
            if scene.log().contains("stopping") {
                Ok(())
            } else {
                Err("it has not".to_owned())
            }
        })
        .await;
    // What falls due now is left to the next one.
    let rows = [scene.row("only", "Once."), scene.row("next", "Afterwards.")];
    scene.push_sheet(&rows, "Next");
    scene.sink.release();
    let status = scene.ended_operator(process).await;
    assert!(status.success(), "{status}");
    let receipts = scene.json(&["receipts"]).await;
    let receipts = receipts["items"].as_array().unwrap();
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    assert_eq!(receipts[0]["status"]["phase"], "Published");
    assert_eq!(
        receipts[0]["status"]["url"],
        "https://platform.example.com/posts/0"
    );
    assert_eq!(scene.sent_posts(), ["only linkedin-company"]);

    scene.restart_operator().await;
    scene
        .until_asset("next linkedin/company", "Posted Published")
        .await;
    scene.until_asset(KEY, "Posted Published").await;
    assert_eq!(scene.sent().len(), 2);
    scene.end().await;
}

//! Campaigns beside each other on one repository.

use crate::scene::Scene;

#[tokio::test]
async fn a_younger_campaign_waits_for_nobody_and_takes_no_file_that_an_elder_names() {
    let scene = Scene::start("neighbours").await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    scene.push_sheet(&[scene.row("only", "Once.")], "Week 1");
    // The elder cannot read yet what its glob names.
    let glob = "    sheets: [{path: \"docs/*.csv\"}]\n";
    let credentials = ", secretRef: {name: git-credentials}";
    scene
        .apply(&scene.campaign_of("elder", credentials, glob, ""))
        .await;
    scene
        .until_condition("campaign/elder", "Ready", "False MissingConfig")
        .await;
    // Creation has whole seconds, and of two that were made in one it is not the first who is the elder.
    let created = async |object: &str| scene.json(&[object]).await["metadata"]["creationTimestamp"].clone();
    let elder = created("campaign/elder").await;
    scene
        .until("the second of the elder is over", async || {
            scene.kubectl(&["create", "configmap", "clock"]).await;
            let now = created("configmap/clock").await;
            scene.kubectl(&["delete", "configmap", "clock"]).await;
            if now == elder {
                Err(now.to_string())
            } else {
                Ok(())
            }
        })
        .await;
    scene.apply(&scene.campaign("younger", "")).await;
    scene
        .until_condition("campaign/younger", "Stalled", "True SourceAlreadyOwned")
        .await;
    assert!(scene.assets().await.is_empty());

    // Two globs at the start of the operator: whoever is looked at first.
    let sent = scene.sent().len();
    assert_eq!(sent, 0);
    scene.git_credentials().await;
    scene
        .until_asset("only linkedin/company", "Posted Published")
        .await;
    assert_eq!(
        scene.asset("only linkedin/company").await.json["spec"]["campaign"],
        "elder"
    );
    assert_eq!(scene.sent().len(), 1);
    scene.end().await;
}

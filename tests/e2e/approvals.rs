//! What the branch approved holds, whatever becomes of the objects that say so.

use crate::scene::Scene;

const KEY: &str = "only linkedin/company";

#[tokio::test]
async fn an_asset_deleted_by_hand_while_nobody_looks_is_not_approved_anew() {
    let mut scene = Scene::start("forgotten").await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    let later = scene.row("only", "Approved.").on(&scene.day.tomorrow, "12:00");
    scene.push_sheet(std::slice::from_ref(&later), "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    let asset = scene.until_asset(KEY, "Scheduled WaitingForTime").await;
    scene
        .until_condition("campaign/week1", "Ready", "True Applied")
        .await;
    let object = format!("asset/{}", asset.name);

    // Seen by the operator, with the same words: nothing new is needed.
    scene.kubectl(&["delete", &object]).await;
    scene.until_asset(KEY, "Scheduled WaitingForTime").await;

    scene.kill_operator();
    scene.kubectl(&["delete", &object]).await;
    let due = scene.row("only", "Nobody approved this.");
    let revision = scene.push_sheet(&[due], "Other words, due now");
    scene.restart_operator().await;
    scene.until_applied("week1", &revision).await;
    scene
        .until_asset(KEY, "AwaitingApproval ChangedSinceApproval")
        .await;

    // Without what was remembered, nothing that does not stand is approved either.
    scene.kill_operator();
    scene
        .kubectl(&["delete", &object, "configmap/campanile-approvals-week1"])
        .await;
    scene.restart_operator().await;
    scene
        .until_asset(KEY, "AwaitingApproval ChangedSinceApproval")
        .await;
    assert_eq!(scene.sent().len(), 0);

    let approved = scene.push(
        "docs/approved.md",
        "Read.",
        "Approved after all\n\nCampanile-Approve: only",
    );
    scene.until_applied("week1", &approved).await;
    scene.until_asset(KEY, "Posted Published").await;
    assert_eq!(scene.sent().len(), 1);
    scene.end().await;
}

//! `campanile why` says what the operator says, from the objects alone.

use serde_json::Value;

use crate::control_plane::stdout;
use crate::scene::{AssetSeen, SHEET, Scene, sheet};

async fn explained(scene: &Scene, asset: &AssetSeen) -> Value {
    let output = scene
        .campanile("why", &[&format!("asset/{}", asset.name), "-o", "json"])
        .await;
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// The words of a text, whatever its lines and columns are.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn why_says_what_kubectl_describe_says_and_what_opens_it() {
    let scene = Scene::start("why").await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    scene
        .apply(&scene.webhook(
            "linkedin-locked",
            "linkedin",
            "locked",
            ", secretKeyRef: {name: gone, key: key}",
        ))
        .await;
    let tomorrow = scene.day.tomorrow.clone();
    let later = |post: &str| scene.row(post, "Words.").on(&tomorrow, "12:00");
    let rows = [
        scene.row("good", "Fine."),
        later("later"),
        later("pending").status("pending"),
        later("draft").status("draft"),
        later("nowhere").to("nobody"),
        later("locked").to("locked"),
        later("odd").status("scheduled"),
    ];
    scene.push_sheet(&rows, "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    let standings = [
        ("draft linkedin/company", "AwaitingApproval Draft", "Branch"),
        ("good linkedin/company", "Posted Published", ""),
        ("later linkedin/company", "Scheduled WaitingForTime", "Time"),
        ("locked linkedin/locked", "Blocked MissingConfig", "Channel"),
        ("nowhere linkedin/nobody", "Blocked NoChannel", "Channel"),
        ("odd linkedin/company", "Invalid AmbiguousStatus", "Branch"),
        (
            "pending linkedin/company",
            "AwaitingApproval ReviewPending",
            "Approver",
        ),
    ];
    for (key, standing, opener) in standings {
        let asset = scene.until_asset(key, standing).await;
        let said = explained(&scene, &asset).await;
        assert_eq!(said["operator"]["agrees"], true, "{key}: {said:#}");
        assert_eq!(said["message"], asset.message.as_str(), "{key}");
        let gates = said["gates"].as_array().unwrap();
        let held = gates.iter().find(|gate| gate["reason"] == said["reason"]);
        let by = held.unwrap()["opens"]["by"].as_str().unwrap_or_default();
        assert_eq!(by, opener, "{key}: {said:#}");

        let described = words(&scene.kubectl(&["describe", "asset", &asset.name]).await);
        let text = words(&stdout(&scene.campanile("why", &[&asset.name]).await));
        assert!(text.contains(standing), "{key}: {text}");
        assert!(described.contains(&words(&asset.message)), "{key}: {described}");
        assert!(text.contains(&words(&asset.message)), "{key}: {text}");
    }
    scene.end().await;
}

#[tokio::test]
async fn why_takes_a_campaign_and_a_post_and_says_what_it_does_not_find() {
    let scene = Scene::start("why-post").await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    let row = scene.row("both", "Words.").to("company+personal").status("draft");
    scene.push_sheet(&[row], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_asset("both linkedin/personal", "Blocked NoChannel")
        .await;
    scene
        .until_asset("both linkedin/company", "AwaitingApproval Draft")
        .await;
    let text = stdout(&scene.campanile("why", &["week1", "Both"]).await);
    assert!(
        text.contains("linkedin/company") && text.contains("linkedin/personal"),
        "{text}"
    );
    assert!(
        text.contains("Blocked NoChannel") && text.contains("AwaitingApproval Draft"),
        "{text}"
    );
    assert!(
        !text.contains('\u{1b}'),
        "colours where nobody sees them: {text:?}"
    );

    let missing = scene.campanile("why", &["asset/none"]).await;
    assert_eq!(missing.status.code(), Some(1));
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(
        said.contains("there is no Asset none") && said.contains("kubectl get assets"),
        "{said}"
    );
    scene.end().await;
}

/// What a plan says of each row, in short.
fn told(planned: &Value) -> Vec<String> {
    let rows = planned["rows"].as_array().unwrap().iter();
    rows.map(|row| format!("{} {} {}", row["postId"], row["fate"], row["changed"]))
        .collect()
}

#[tokio::test]
async fn a_plan_beside_the_cluster_tells_what_is_withdrawn_and_what_was_published() {
    let scene = Scene::start("plan").await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    let tomorrow = scene.day.tomorrow.clone();
    let later = |post: &str| scene.row(post, "Words.").on(&tomorrow, "12:00");
    scene.push_sheet(
        &[scene.row("good", "Fine."), later("kept"), later("gone")],
        "Week 1",
    );
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_assets_are(&[
            ("good linkedin/company", "Posted Published"),
            ("kept linkedin/company", "Scheduled WaitingForTime"),
            ("gone linkedin/company", "Scheduled WaitingForTime"),
        ])
        .await;
    let before = scene.standings().await;
    let next = [scene.row("good", "Other words."), later("kept"), later("new")];
    let folder = scene.folder("branch");
    std::fs::create_dir_all(folder.join("docs")).unwrap();
    std::fs::write(folder.join(SHEET), sheet(&next)).unwrap();

    // The Campaign is the cluster's: it is the only one there.
    let output = scene
        .campanile("plan", &[folder.to_str().unwrap(), "-o", "json"])
        .await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let planned: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let campaign = &planned["campaigns"][0];
    assert_eq!(campaign["withdrawn"], serde_json::json!(["gone"]));
    assert_eq!(
        told(campaign),
        [
            r#""good" "Drifted" "Changed""#,
            r#""kept" "Publishes" "Same""#,
            r#""new" "Publishes" "New""#,
        ]
    );
    // A pull request is a branch that nobody has merged: the same is said of it, whatever lies in the folder.
    let clone = scene.repository.work_tree().to_str().unwrap();
    scene.repository.git(&["checkout", "-q", "-b", "proposal"]);
    scene.repository.write(SHEET, sheet(&next));
    scene.repository.commit("Proposal");
    scene.repository.git(&["checkout", "-q", "-"]);
    let output = scene
        .campanile("plan", &[clone, "--branch", "proposal", "-o", "json"])
        .await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let proposed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let proposed = &proposed["campaigns"][0];
    assert_eq!(proposed["withdrawn"], campaign["withdrawn"]);
    assert_eq!(told(proposed), told(campaign));

    let simulated = scene
        .campanile("simulate", &[folder.to_str().unwrap(), "--for", "2d"])
        .await;
    let simulated = stdout(&simulated);
    assert!(simulated.contains("2 published"), "{simulated}");
    assert_eq!(scene.standings().await, before, "looking changes nothing");
    assert_eq!(scene.sent_posts(), ["good linkedin-company"]);
    scene.end().await;
}

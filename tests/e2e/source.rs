//! The branch as a source: broken and repaired, pushed over, deleted, shared, waited for and asked about.

use crate::git_http::Fault;
use crate::scene::{SHEET, Scene, hmac_sha256, sheet};

#[tokio::test]
async fn a_broken_sheet_sends_nothing_and_keeps_what_stands_until_it_is_repaired() {
    let scene = Scene::start("broken").await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    let posted = scene.row("posted", "Published before.");
    let later = scene
        .row("later", "Waits for tomorrow.")
        .on(&scene.day.tomorrow, "12:00");
    let good = scene.push_sheet(&[posted.clone(), later.clone()], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    let standing = [
        ("later linkedin/company", "Scheduled WaitingForTime"),
        ("posted linkedin/company", "Posted Published"),
    ];
    scene.until_assets_are(&standing).await;

    // A third row is due, the second is due now, and the quotes of the last line never end.
    let due = later.clone().on(&scene.day.today, "12:00");
    let third = scene.row("third", "Due as well.");
    let broken = sheet(&[posted.clone(), due.clone(), third.clone()])
        + "fourth,2026-01-01,12:00,en,linkedin,company,\"no end\n";
    scene.push(SHEET, &broken, "Broken");
    let message = scene
        .until_condition("campaign/week1", "SourceParsed", "False SheetUnreadable")
        .await;
    assert!(message.contains(&format!("{SHEET}:5:")), "{message}");
    scene
        .until_asset("later linkedin/company", "Blocked SourceNotParsed")
        .await;
    let campaign = scene.json(&["campaign", "week1"]).await;
    assert_eq!(
        campaign["status"]["appliedRevision"],
        format!("main@sha1:{good}").as_str()
    );
    assert_eq!(campaign["status"]["problems"][0]["path"], SHEET);
    let events = scene.events_of("week1").await;
    let told = events
        .iter()
        .filter(|event| *event == "Warning SheetUnreadable")
        .count();
    assert_eq!(told, 1, "{events:?}");
    let described = scene.kubectl(&["describe", "campaign", "week1"]).await;
    assert!(described.contains(&format!("{SHEET}:5:")), "{described}");
    assert_eq!(
        scene.standings().await.len(),
        2,
        "what stands is kept, and nothing comes to it"
    );
    assert_eq!(scene.sent_posts(), ["posted linkedin-company"]);

    // Earlier than was approved is approved anew.
    let repaired = scene.push_sheet(&[posted, due, third], "Repaired\n\nCampanile-Approve: later");
    scene.until_applied("week1", &repaired).await;
    scene
        .until_assets_are(&[
            ("later linkedin/company", "Posted Published"),
            ("posted linkedin/company", "Posted Published"),
            ("third linkedin/company", "Posted Published"),
        ])
        .await;
    assert_eq!(scene.sent().len(), 3);
    scene.end().await;
}

#[tokio::test]
async fn a_force_push_and_a_deleted_branch_publish_nothing_again() {
    let scene = Scene::start("force").await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    let first = scene.row("first", "Published before history changed.");
    scene.push_sheet(std::slice::from_ref(&first), "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_assets_are(&[("first linkedin/company", "Posted Published")])
        .await;

    scene
        .repository
        .git(&["checkout", "--quiet", "--orphan", "other"]);
    scene.repository.git(&["branch", "--quiet", "-D", "main"]);
    scene.repository.git(&["branch", "--quiet", "-m", "main"]);
    let second = scene.row("second", "Published after it.");
    let rewritten = scene.push_sheet(&[first.clone(), second.clone()], "History begins here");
    scene.until_applied("week1", &rewritten).await;
    let both = [
        ("first linkedin/company", "Posted Published"),
        ("second linkedin/company", "Posted Published"),
    ];
    scene.until_assets_are(&both).await;

    scene
        .repository
        .git(&["push", "--quiet", "origin", "--delete", "main"]);
    scene
        .until_condition("campaign/week1", "SourceFetched", "False BranchNotFound")
        .await;
    scene.until_assets_are(&both).await;

    let third = scene.row("third", "Published when it was back.");
    let back = scene.push_sheet(&[first, second, third], "Back");
    scene.until_applied("week1", &back).await;
    scene
        .until_condition("campaign/week1", "Ready", "True Applied")
        .await;
    scene
        .until_asset("third linkedin/company", "Posted Published")
        .await;
    assert_eq!(
        scene.sent_posts(),
        [
            "first linkedin-company",
            "second linkedin-company",
            "third linkedin-company"
        ]
    );
    scene.end().await;
}

#[tokio::test]
async fn whatever_the_git_host_does_is_said_and_it_recovers_by_itself() {
    let scene = Scene::start("host").await;
    let channel = scene.webhook("linkedin-company", "linkedin", "company", "");
    scene.apply(&channel).await;
    let first = scene.row("first", "Before the faults.");
    scene.push_sheet(std::slice::from_ref(&first), "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_assets_are(&[("first linkedin/company", "Posted Published")])
        .await;

    let faults = [
        (Fault::Status(503), "False HostUnreachable"),
        (Fault::Status(401), "False AuthenticationFailed"),
        (Fault::Status(404), "False RepositoryNotFound"),
    ];
    for (fault, reason) in faults {
        scene.git.set_fault(Some(fault));
        scene
            .until_condition("campaign/week1", "SourceFetched", reason)
            .await;
    }
    // A pack that is damaged on the way is no revision at all.
    scene.git.set_fault(Some(Fault::DamagedPack));
    let second = scene.row("second", "After the faults.");
    scene.push_sheet(&[first, second], "Second");
    scene
        .until_condition("campaign/week1", "SourceFetched", "False CorruptPack")
        .await;
    assert_eq!(scene.sent().len(), 1);
    scene.git.set_fault(None);
    scene
        .until_asset("second linkedin/company", "Posted Published")
        .await;
    scene
        .until_condition("campaign/week1", "SourceFetched", "True Fetched")
        .await;
    assert_eq!(scene.sent().len(), 2);
    scene.end().await;
}

#[tokio::test]
async fn a_second_campaign_on_a_file_or_an_id_is_stalled() {
    let scene = Scene::start("second").await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    scene.push_sheet(&[scene.row("only", "Once.")], "Week 1");
    scene.push(
        "docs/other.csv",
        sheet(&[scene.row("other", "Of another file.")]),
        "Another file",
    );
    scene
        .apply(&scene.campaign("week1", "  campaignId: launch\n"))
        .await;
    scene
        .until_assets_are(&[("only linkedin/company", "Posted Published")])
        .await;

    // The creation timestamps of two objects have whole seconds; the younger has the later one.
    let created = scene.json(&["campaign", "week1"]).await["metadata"]["creationTimestamp"].clone();
    scene
        .until("a second has passed", async || {
            scene
                .kubectl(&["delete", "campaign", "copy", "--ignore-not-found"])
                .await;
            scene.apply(&scene.campaign("copy", "")).await;
            let copy = scene.json(&["campaign", "copy"]).await["metadata"]["creationTimestamp"].clone();
            if copy == created {
                Err(copy.to_string())
            } else {
                Ok(())
            }
        })
        .await;
    let message = scene
        .until_condition("campaign/copy", "Stalled", "True SourceAlreadyOwned")
        .await;
    assert!(message.contains("week1") && message.contains(SHEET), "{message}");

    let source = "    sheets: [{path: docs/other.csv}]\n";
    scene
        .apply(&scene.campaign_of("twin", "", source, "  campaignId: launch\n"))
        .await;
    let message = scene
        .until_condition("campaign/twin", "Stalled", "True CampaignIdTaken")
        .await;
    assert!(
        message.contains("week1") && message.contains("launch"),
        "{message}"
    );
    assert_eq!(scene.sent_posts(), ["only linkedin-company"]);

    // With an id of its own it may go on.
    scene.kubectl(&["delete", "campaign", "twin"]).await;
    scene
        .apply(&scene.campaign_of("twin", "", source, "  campaignId: twin\n"))
        .await;
    scene
        .until_asset("other linkedin/company", "Posted Published")
        .await;
    assert_eq!(
        scene.sent_posts(),
        ["only linkedin-company", "other linkedin-company"]
    );
    scene.end().await;
}

#[tokio::test]
async fn a_signed_webhook_and_an_annotation_wake_a_campaign_that_sleeps() {
    let scene = Scene::start("wake").await;
    let secrets = scene.secret("git-webhook", &["secret"]).await;
    scene.git_credentials().await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    let first = scene.row("first", "The first.");
    let revision = scene.push_sheet(std::slice::from_ref(&first), "Week 1");
    let git = ", interval: 24h, secretRef: {name: git-credentials}, webhookSecretRef: {name: git-webhook, key: secret}";
    let source = format!("    sheets: [{{path: {SHEET}}}]\n");
    scene.apply(&scene.campaign_of("week1", git, &source, "")).await;
    scene.until_applied("week1", &revision).await;
    scene
        .until_asset("first linkedin/company", "Posted Published")
        .await;

    let second = scene.row("second", "The second.");
    let revision = scene.push_sheet(&[first.clone(), second.clone()], "Second");
    only_a_signed_push_wakes(&scene, &secrets[0]).await;
    scene.until_applied("week1", &revision).await;
    scene
        .until_asset("second linkedin/company", "Posted Published")
        .await;

    let third = scene.row("third", "The third.");
    let revision = scene.push_sheet(&[first, second, third], "Third");
    let at = "campanile.dev/requestedAt=2026-02-16T09:00:00Z";
    scene.kubectl(&["annotate", "campaign", "week1", at]).await;
    scene.until_applied("week1", &revision).await;
    scene
        .until("the request is answered", async || {
            let read = scene.json(&["campaign", "week1"]).await;
            let handled = &read["status"]["lastHandledRequestedAt"];
            if handled == "2026-02-16T09:00:00Z" {
                Ok(())
            } else {
                Err(handled.to_string())
            }
        })
        .await;
    scene
        .until_asset("third linkedin/company", "Posted Published")
        .await;
    assert_eq!(scene.sent().len(), 3);
    scene.end().await;
}

async fn only_a_signed_push_wakes(scene: &Scene, secret: &str) {
    let body = format!(
        r#"{{"ref": "refs/heads/main", "repository": {{"clone_url": "{}"}}}}"#,
        scene.git.url("gtm")
    );
    let asked = scene.git.requests();
    let signed = |secret: &str| {
        let code = data_encoding::HEXLOWER.encode(&hmac_sha256(secret, body.as_bytes()));
        format!("sha256={code}")
    };
    for headers in [&[][..], &[("x-hub-signature-256", signed("wrong").as_str())][..]] {
        let answer = scene
            .ask("POST", "/api/webhook/git", headers, body.as_bytes())
            .await;
        assert_eq!(answer.status, 401);
    }
    assert_eq!(scene.git.requests(), asked, "whoever is not known wakes nobody");
    let right = signed(secret);
    let answer = scene
        .ask(
            "POST",
            "/api/webhook/git",
            &[("x-hub-signature-256", &right)],
            body.as_bytes(),
        )
        .await;
    assert_eq!(answer.status, 202, "{}", String::from_utf8_lossy(&answer.body));
}

//! A team's two weeks: a sheet on a branch, edited with `git push` as a team would.

use crate::scene::{Row, Scene};

/// Every row goes to `linkedin/company`, whose webhook is signed.
async fn team(prefix: &str) -> (Scene, String) {
    let scene = Scene::start(prefix).await;
    let canaries = scene.secret("linkedin-hook", &["signingSecret"]).await;
    let signed = ", secretKeyRef: {name: linkedin-hook, key: signingSecret}";
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", signed))
        .await;
    let secret = canaries.into_iter().next().unwrap();
    (scene, secret)
}

#[tokio::test]
async fn approved_rows_are_published_once_whatever_is_edited_afterwards() {
    let (scene, secret) = team("story").await;
    let opening = scene.row("opening", "We open on Monday.");
    let second = scene
        .row("second", "Bring a friend, \"or two\".")
        .status("pending");
    let later = scene
        .row("later", "See you tomorrow.")
        .on(&scene.day.tomorrow, "12:00");
    let revision = scene.push_sheet(&[opening.clone(), second.clone(), later.clone()], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene.until_applied("week1", &revision).await;
    scene
        .until_assets_are(&[
            ("later linkedin/company", "Scheduled WaitingForTime"),
            ("opening linkedin/company", "Posted Published"),
            ("second linkedin/company", "AwaitingApproval ReviewPending"),
        ])
        .await;
    the_webhook_is_what_is_documented(&scene, &secret);
    kubectl_answers_the_first_question(&scene, &revision).await;

    moved_dates_send_nothing(&scene, &opening, &[second.clone(), later.clone()]).await;
    edited_copy_is_drift(&scene, &opening, &[second.clone(), later.clone()]).await;
    deleted_and_put_back(&scene, &opening, &[second.clone(), later.clone()]).await;
    approved_later(&scene, &opening, &second, &later).await;
    changed_since_approval(&scene, &opening, &second, &later).await;
    assert_eq!(
        scene.sent_posts(),
        [
            "later linkedin-company",
            "opening linkedin-company",
            "second linkedin-company"
        ]
    );
    scene.end().await;
}

fn the_webhook_is_what_is_documented(scene: &Scene, secret: &str) {
    let sent = scene.sent();
    let [sent] = sent.as_slice() else {
        panic!("{:?}", scene.sent_posts())
    };
    assert!(sent.is_signed_by(secret));
    assert!(!sent.is_signed_by("another secret"));
    assert_eq!(sent.body["type"], "asset.publish");
    let data = &sent.body["data"];
    let slot = serde_json::json!({
        "environment": "Production", "campaign": "week1", "postId": "opening", "platform": "linkedin",
        "account": "company", "locale": "en", "item": "main", "occurrence": "",
    });
    assert_eq!(data["slot"], slot);
    assert_eq!(data["type"], "Post");
    assert_eq!(
        (&data["language"], &data["direction"]),
        (&"en".into(), &"ltr".into())
    );
    let text = sent.text();
    let link = data["links"][0]["url"].as_str().unwrap();
    assert_eq!(text, format!("We open on Monday.\n\n{link}"));
    assert!(
        link.starts_with("https://www.example.com/?utm_source=s&"),
        "{link}"
    );
    assert!(link.contains("&cid="), "{link}");
}

async fn kubectl_answers_the_first_question(scene: &Scene, revision: &str) {
    let assets = scene.kubectl(&["get", "assets"]).await;
    assert_eq!(
        header(&assets),
        "NAME CAMPAIGN PLATFORM ACCOUNT LOCALE PUBLISH-AT PHASE REASON URL AGE"
    );
    let opening = row(&assets, "opening");
    let local = format!("{} 12:00", scene.day.today);
    for part in [
        "week1 linkedin company en",
        &local,
        &scene.day.zone,
        "Posted Published https://platform.example.com/posts/0",
    ] {
        assert!(opening.contains(part), "{part} is not in {opening}");
    }
    let receipts = scene.kubectl(&["get", "receipts"]).await;
    assert_eq!(
        header(&receipts),
        "NAME CAMPAIGN POST PLATFORM ACCOUNT PHASE PUBLISHED-AT URL"
    );
    let receipt = row(&receipts, "opening");
    assert!(receipt.starts_with("r1-"), "{receipt}");
    assert!(
        receipt.contains("week1 opening linkedin company Published"),
        "{receipt}"
    );
    let channels = scene.kubectl(&["get", "channelconfigs"]).await;
    assert!(
        header(&channels).starts_with("NAME PLATFORM ACCOUNT ENVIRONMENT TYPE ENABLED READY"),
        "{channels}"
    );
    let channel = row(&channels, "linkedin-company");
    assert!(
        channel.contains("linkedin company Production webhook true True Ready"),
        "{channel}"
    );
    the_campaign_counts(scene, revision).await;
    let asset = scene.asset("opening linkedin/company").await;
    let described = scene.kubectl(&["describe", "asset", &asset.name]).await;
    assert!(
        described.contains("It is published: https://platform.example.com/posts/0"),
        "{described}"
    );
    assert_eq!(scene.events_of(&asset.name).await, ["Normal Published"]);
}

async fn the_campaign_counts(scene: &Scene, revision: &str) {
    // The counts follow at most once a second.
    scene
        .until("the Campaign's line is right", async || {
            let campaigns = scene.kubectl(&["get", "campaigns"]).await;
            assert_eq!(
                header(&campaigns),
                "NAME READY REVISION POSTED SCHEDULED WAITING STOPPED FAILED UNKNOWN GUARDED NEXT AGE"
            );
            let seen = row(&campaigns, "week1");
            let short: String = revision.chars().take(8).collect();
            let wanted = format!(
                "week1 True {short} 1 1 1 0 0 0 False {} 12:00",
                scene.day.tomorrow
            );
            if seen.starts_with(&wanted) {
                Ok(())
            } else {
                Err(seen)
            }
        })
        .await;
}

/// The columns of what kubectl printed.
fn header(text: &str) -> String {
    let line = text.lines().next().unwrap();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The line in which a word stands.
fn row(text: &str, word: &str) -> String {
    let line = text.lines().find(|line| line.contains(word));
    let words = line.unwrap_or_else(|| panic!("{text}")).split_whitespace();
    words.collect::<Vec<_>>().join(" ")
}

async fn moved_dates_send_nothing(scene: &Scene, opening: &Row, rest: &[Row]) {
    for day in [&scene.day.tomorrow, &scene.day.today] {
        let moved = opening.clone().on(day, "12:00");
        let revision = scene.push_sheet(&[&[moved], rest].concat(), "Move the opening");
        scene.until_applied("week1", &revision).await;
        let wanted = format!("{day} 12:00");
        scene
            .until("the new date is shown", async || {
                let asset = scene.asset("opening linkedin/company").await;
                let at = asset
                    .status("publishAtLocal")
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                if at.starts_with(&wanted) && asset.standing() == "Posted Published" {
                    Ok(())
                } else {
                    Err(format!("{at} {}", asset.standing()))
                }
            })
            .await;
    }
    assert_eq!(scene.sent_posts(), ["opening linkedin-company"]);
}

async fn edited_copy_is_drift(scene: &Scene, opening: &Row, rest: &[Row]) {
    let edited = opening.clone().saying("We open on Tuesday.");
    scene.push_sheet(&[&[edited], rest].concat(), "Tuesday");
    let asset = scene
        .until_asset("opening linkedin/company", "Posted Drifted")
        .await;
    assert!(
        asset.message.contains("nothing is sent again"),
        "{}",
        asset.message
    );
    let described = scene.kubectl(&["describe", "asset", &asset.name]).await;
    assert!(
        described.contains("Drifted") && described.contains("Put the words back"),
        "{described}"
    );
    let events = scene.events_of(&asset.name).await;
    assert_eq!(
        events.iter().filter(|event| *event == "Warning Drifted").count(),
        1,
        "{events:?}"
    );

    scene.push_sheet(
        &[std::slice::from_ref(opening), rest].concat(),
        "Monday after all",
    );
    scene
        .until_asset("opening linkedin/company", "Posted Published")
        .await;
    assert_eq!(scene.sent_posts(), ["opening linkedin-company"]);
}

async fn deleted_and_put_back(scene: &Scene, opening: &Row, rest: &[Row]) {
    let receipt = scene.asset("opening linkedin/company").await.receipt();
    scene.push_sheet(rest, "Remove the opening");
    scene
        .until("the Asset is gone", async || {
            let standings = scene.standings().await;
            if standings.contains_key("opening linkedin/company") {
                Err(format!("{standings:?}"))
            } else {
                Ok(())
            }
        })
        .await;
    let kept = scene.json(&["receipt", &receipt]).await;
    assert_eq!(kept["status"]["phase"], "Published");

    scene.push_sheet(&[std::slice::from_ref(opening), rest].concat(), "Put it back");
    let back = scene
        .until_asset("opening linkedin/company", "Posted Published")
        .await;
    assert_eq!(back.receipt(), receipt);
    assert_eq!(scene.sent_posts(), ["opening linkedin-company"]);
}

async fn approved_later(scene: &Scene, opening: &Row, second: &Row, later: &Row) {
    let second = second.clone().status("approved");
    scene.push_sheet(&[opening.clone(), second, later.clone()], "Approve the second");
    let asset = scene
        .until_asset("second linkedin/company", "Posted Published")
        .await;
    let receipt = scene.json(&["receipt", &asset.receipt()]).await;
    let source = &receipt["status"]["source"];
    assert_eq!(
        (&source["path"], &source["line"]),
        (&crate::scene::SHEET.into(), &3.into())
    );
    assert_eq!(
        scene.sent_posts(),
        ["opening linkedin-company", "second linkedin-company"]
    );
    assert!(scene.sent()[1].text().starts_with("Bring a friend, \"or two\"."));
}

async fn changed_since_approval(scene: &Scene, opening: &Row, second: &Row, later: &Row) {
    let second = second.clone().status("approved");
    let changed = later.clone().saying("See you soon.");
    let rows = [opening.clone(), second.clone(), changed.clone()];
    scene.push_sheet(&rows, "Other words");
    let asset = scene
        .until_asset("later linkedin/company", "AwaitingApproval ChangedSinceApproval")
        .await;
    assert!(asset.message.contains("Campanile-Approve"), "{}", asset.message);
    assert_eq!(asset.json["status"]["source"]["author"], "Ada <ada@example.com>");

    // Due now, and still not sent: the words were never approved.
    let due = changed.on(&scene.day.today, "12:00");
    let revision = scene.push_sheet(&[opening.clone(), second.clone(), due.clone()], "Today");
    scene.until_applied("week1", &revision).await;
    scene
        .until_asset("later linkedin/company", "AwaitingApproval ChangedSinceApproval")
        .await;
    assert_eq!(scene.sent().len(), 2);

    scene.repository.commit("Looks good\n\nCampanile-Approve: later");
    scene.repository.push();
    scene
        .until_asset("later linkedin/company", "Posted Published")
        .await;
    assert!(scene.sent()[2].text().starts_with("See you soon."));
}

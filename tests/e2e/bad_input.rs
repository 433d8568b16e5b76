//! Bad input: each gets an error that says where and what to do, loses nothing and sends nothing.

use crate::scene::{SHEET, Scene, sheet};

const STANDING: [(&str, &str); 1] = [("before linkedin/company", "Posted Published")];

/// A scene in which one row has been published: it is what must not be lost.
async fn standing(prefix: &str) -> Scene {
    let scene = Scene::start(prefix).await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    scene.push_sheet(&[scene.row("before", "Stands.")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene.until_assets_are(&STANDING).await;
    scene
}

#[tokio::test]
async fn manifests_that_cannot_be_are_refused_with_what_they_need() {
    let scene = Scene::start("manifests").await;
    let channel = "apiVersion: campanile.dev/v1alpha1\nkind: ChannelConfig\nmetadata: {name: wrong}\nspec:\n  platform: \
                   linkedin\n  account: company\n";
    let both = format!(
        "{channel}  webhook: {{url: \"https://hooks.example.com/x\"}}\n  objectStore: {{url: \"s3://site\"}}\n"
    );
    for manifest in [channel, &both] {
        let refused = scene.refused(manifest).await;
        assert!(
            refused.contains("exactly one channel of these: webhook objectStore"),
            "{refused}"
        );
    }
    let zoneless = scene.campaign("week1", "").replace("  timeZone", "  weekId");
    let refused = scene.refused(&zoneless).await;
    assert!(refused.contains("timeZone"), "{refused}");

    scene.push_sheet(&[scene.row("only", "Once.")], "Week 1");
    let zone = format!("timeZone: {}", scene.day.zone);
    let nowhere = scene
        .campaign("week1", "")
        .replace(&zone, "timeZone: Mars/Olympus");
    scene.apply(&nowhere).await;
    let message = scene
        .until_condition("campaign/week1", "Stalled", "True TimeZoneUnknown")
        .await;
    assert!(
        message.contains("Mars/Olympus") && message.contains("IANA"),
        "{message}"
    );
    assert!(scene.assets().await.is_empty());
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_assets_are(&[("only linkedin/company", "Blocked NoChannel")])
        .await;
    scene.end().await;
}

#[tokio::test]
async fn a_sheet_that_is_none_says_where_and_keeps_what_stands() {
    let scene = standing("unreadable").await;
    let good = sheet(&[scene.row("before", "Stands."), scene.row("due", "Not yet.")]);
    for (what, bytes, said) in sheets_that_are_none(&scene, &good) {
        is_refused(&scene, what, bytes, said).await;
        let standings = scene.standings().await;
        assert_eq!(
            standings.keys().collect::<Vec<_>>(),
            ["before linkedin/company"],
            "{what}"
        );
        assert_eq!(scene.sent().len(), 1, "{what}");
    }
    scene.push(SHEET, good, "Repaired");
    scene
        .until_asset("due linkedin/company", "Posted Published")
        .await;
    assert_eq!(scene.sent().len(), 2);
    scene.end().await;
}

/// What it is, its bytes, and what the error has to say of it.
fn sheets_that_are_none(scene: &Scene, good: &str) -> [(&'static str, Vec<u8>, &'static [&'static str]); 5] {
    let latin = [
        good.as_bytes(),
        b"caf\xe9,2026-01-01,12:00,en,linkedin,company,x,y,draft\n",
    ]
    .concat();
    let huge = good.to_owned() + &format!("{}\n", "x".repeat(1023)).repeat(200 * 1024);
    let columnless = good.replacen("account_target", "target", 1);
    let long = sheet(&[
        scene.row("before", "Stands."),
        scene.row("due", &"x".repeat(1024 * 1024)),
    ]);
    [
        ("1 MB of copy", long.into_bytes(), &[":3:", "65536"]),
        ("invalid UTF-8", latin, &["UTF-8", ":4:"]),
        (
            "a NUL byte",
            good.replace("Not yet.", "Not\0yet.").into_bytes(),
            &[":3:", "NUL"],
        ),
        (
            "a missing column",
            columnless.into_bytes(),
            &[":1:", "account_target"],
        ),
        ("200 MB", huge.into_bytes(), &["33554432", "209"]),
    ]
}

async fn is_refused(scene: &Scene, what: &str, bytes: Vec<u8>, said: &[&str]) {
    let revision = scene.push(SHEET, bytes, what);
    scene
        .until(&format!("{what} is attempted"), async || {
            let read = scene.json(&["campaign", "week1"]).await;
            let attempted = read["status"]["attemptedRevision"].clone();
            let parsed = crate::scene::condition(&read, "SourceParsed").unwrap();
            let message = parsed["message"].as_str().unwrap();
            let whole = said.iter().all(|part| message.contains(part));
            if attempted == format!("main@sha1:{revision}").as_str() && parsed["status"] == "False" && whole {
                Ok(())
            } else {
                Err(read["status"].to_string())
            }
        })
        .await;
}

#[tokio::test]
async fn a_bad_row_is_invalid_by_its_line_and_the_others_go_on() {
    let scene = standing("rows").await;
    let rows = [
        scene.row("before", "Stands."),
        scene
            .row("dated", "A day that is none.")
            .on("16/02/2026", "12:00"),
        scene.row("queued", "Already in the tool.").status("scheduled"),
        scene.row("twice", "One."),
        scene.row("twice", "Two."),
        scene.row("good", "Fine."),
    ];
    scene.push_sheet(&rows, "Bad rows");
    let good = scene
        .until_asset("good linkedin/company", "Posted Published")
        .await;
    assert_eq!(good.json["status"]["source"]["line"], 7);
    let wanted = [
        ("dated linkedin/company", "BadDate", 3),
        ("queued linkedin/company", "AmbiguousStatus", 4),
        ("twice linkedin/company", "DuplicateSlot", 6),
    ];
    for (key, code, line) in wanted {
        let asset = scene.until_phase(key, "Invalid").await;
        let findings = &asset.json["spec"]["findings"];
        let said =
            findings.as_array().unwrap().iter().any(|finding| {
                finding["code"] == code && finding["path"] == SHEET && finding["line"] == line
            });
        assert!(said, "{key}: {findings} {}", asset.message);
    }
    let twice = scene.asset("twice linkedin/company").await;
    assert!(
        twice.message.contains("line 5") && twice.message.contains("line 6"),
        "both lines are named: {}",
        twice.message
    );
    let reasons = scene.standings().await;
    assert_eq!(reasons["queued linkedin/company"], "Invalid AmbiguousStatus");
    assert_eq!(reasons["twice linkedin/company"], "Invalid DuplicateSlot");
    let message = scene
        .until_condition("campaign/week1", "RowsHealthy", "False ProblemsFound")
        .await;
    assert!(message.contains(&format!("{SHEET}:")), "{message}");
    assert_eq!(
        scene.sent_posts(),
        ["before linkedin-company", "good linkedin-company"]
    );
    scene.end().await;
}

#[tokio::test]
async fn one_post_in_two_sheets_and_a_glob_without_files_are_said() {
    let scene = standing("sheets").await;
    let source =
        format!("    sheets: [{{path: {SHEET}}}, {{path: docs/more.csv}}, {{path: \"plans/*.csv\"}}]\n");
    scene.apply(&scene.campaign_of("week1", "", &source, "")).await;
    scene
        .until("files that are not there are reported", async || {
            let read = scene.json(&["campaign", "week1"]).await;
            let problems = read["status"]["problems"].to_string();
            if problems.contains("plans/*.csv") && problems.contains("docs/more.csv") {
                Ok(())
            } else {
                Err(read["status"].to_string())
            }
        })
        .await;

    scene
        .repository
        .write("docs/more.csv", sheet(&[scene.row("shared", "One.")]));
    scene
        .repository
        .write("plans/one.csv", sheet(&[scene.row("planned", "Planned.")]));
    let rows = [scene.row("before", "Stands."), scene.row("shared", "Two.")];
    scene.push_sheet(&rows, "Everything is there, and one thing twice");
    let asset = scene
        .until_asset("shared linkedin/company", "Invalid DuplicateSlot")
        .await;
    assert!(
        asset.message.contains("docs/more.csv") || asset.message.contains(SHEET),
        "{}",
        asset.message
    );
    scene
        .until_asset("planned linkedin/company", "Posted Published")
        .await;
    assert_eq!(
        scene.sent_posts(),
        ["before linkedin-company", "planned linkedin-company"]
    );
    scene.end().await;
}

//! Limits as a team meets them: what has no room waits, and `kubectl get` and `campanile why` say for what and until when.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde_json::Value;

use crate::control_plane::stdout;
use crate::scene::{AssetSeen, Row, SHEET, Scene, Sent, sheet};

/// A channel with limits, which are lines of YAML in one.
fn limited(scene: &Scene, account: &str, limits: &str) -> String {
    format!(
        "{}  limits: {limits}\n",
        scene.webhook(&format!("linkedin-{account}"), "linkedin", account, "")
    )
}

/// However late, it is still published: so that what waits for tomorrow waits.
const PATIENT: &str = "  policies: []\n  missed: {policy: Publish}\n";

async fn explained(scene: &Scene, asset: &AssetSeen) -> Value {
    let output = scene
        .campanile("why", &[&format!("asset/{}", asset.name), "-o", "json"])
        .await;
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// The gate that holds an asset, and when it opens.
fn holding(said: &Value) -> (&str, Timestamp) {
    let gates = said["gates"].as_array().unwrap();
    let gate = gates.iter().find(|gate| gate["state"] != "Open");
    let gate = gate.unwrap_or_else(|| panic!("every gate is open: {said:#}"));
    let opens = gate["opens"]["at"].as_str();
    let opens = opens.unwrap_or_else(|| panic!("it does not say when: {said:#}"));
    (gate["name"].as_str().unwrap(), opens.parse().unwrap())
}

/// That kubectl shows the reason, and why the same as the operator: which gate, and until when.
async fn waits(scene: &Scene, key: &str, standing: &str) -> (String, Timestamp) {
    let asset = scene.until_asset(key, standing).await;
    let row = scene
        .kubectl(&["get", "asset", &asset.name, "--no-headers"])
        .await;
    let reason = standing.split(' ').nth(1).unwrap();
    assert!(row.contains("Scheduled") && row.contains(reason), "{row}");
    let said = explained(scene, &asset).await;
    assert_eq!(said["operator"]["agrees"], true, "{said:#}");
    // When there is room is known to the second only when those before it have gone: the operator says it again then.
    let until_then = |message: &str| message.split(" There is room").next().unwrap().to_owned();
    let message = said["message"].as_str().unwrap();
    assert_eq!(until_then(message), until_then(&asset.message));
    let (gate, opens) = holding(&said);
    (gate.to_owned(), opens)
}

/// Midnight at the beginning of a day of the scene's zone.
fn midnight(scene: &Scene, date: &str) -> Timestamp {
    local(scene, date, 0)
}

fn local(scene: &Scene, date: &str, hour: i8) -> Timestamp {
    let zone = TimeZone::get(&scene.day.zone).unwrap();
    let date: Date = date.parse().unwrap();
    date.at(hour, 0, 0, 0).to_zoned(zone).unwrap().timestamp()
}

#[tokio::test]
async fn a_gap_spaces_two_posts_and_says_from_when_on_there_is_room() {
    let scene = Scene::start("gap").await;
    scene
        .apply(&limited(&scene, "company", "{minimumGap: 40s}"))
        .await;
    let rows = [scene.row("a", "First."), scene.row("b", "Second.")];
    scene.push_sheet(&rows, "Week 1");
    scene.apply(&scene.campaign("week1", PATIENT)).await;

    let first = scene.until_asset("a linkedin/company", "Posted Published").await;
    let (gate, opens) = waits(&scene, "b linkedin/company", "Scheduled MinimumGap").await;
    assert_eq!(gate, "Time");
    let published =
        |asset: &AssetSeen| -> Timestamp { asset.status("publishedAt").as_str().unwrap().parse().unwrap() };
    let apart = opens.duration_since(published(&first));
    assert!((39..=42).contains(&apart.as_secs()), "{apart}");

    let second = scene.until_asset("b linkedin/company", "Posted Published").await;
    let apart = published(&second).duration_since(published(&first));
    assert!(apart.as_secs() >= 40, "{apart}");
    scene.end().await;
}

#[tokio::test]
async fn a_cap_waits_for_tomorrow_and_whoever_cannot_wait_says_so_ahead() {
    let scene = Scene::start("cap").await;
    let zone = &scene.day.zone;
    let cap = format!("{{maxPublishesPerDay: 1, timeZone: {zone}}}");
    scene.apply(&limited(&scene, "company", &cap)).await;
    scene.apply(&limited(&scene, "personal", &cap)).await;
    let rows = [scene.row("a", "First."), scene.row("b", "Second.")];
    scene.push_sheet(&rows, "Week 1");
    scene.apply(&scene.campaign("week1", PATIENT)).await;

    scene.until_asset("a linkedin/company", "Posted Published").await;
    let (gate, opens) = waits(&scene, "b linkedin/company", "Scheduled DailyCapReached").await;
    assert_eq!(
        (gate.as_str(), opens),
        ("Limits", midnight(&scene, &scene.day.tomorrow))
    );

    // Two rows of tomorrow evening on an account that publishes one a day, and may be two hours late.
    let evening = |post: &str| {
        let row = scene.row(post, "Tomorrow.").on(&scene.day.tomorrow, "18:00");
        row.to("personal")
    };
    let rows = [evening("c"), evening("d")];
    scene.push("docs/week-2.csv", sheet(&rows), "Week 2");
    let source = "    sheets: [{path: docs/week-2.csv}]\n";
    scene
        .apply(&scene.campaign_of("week2", "", source, "  policies: []\n"))
        .await;
    scene
        .until_asset("c linkedin/personal", "Scheduled WaitingForTime")
        .await;
    let late = scene
        .until_asset("d linkedin/personal", "Scheduled WaitingForTime")
        .await;
    let object = format!("asset/{}", late.name);
    let warning = scene
        .until_condition(&object, "WouldBeMissed", "True DailyCapReached")
        .await;
    assert!(warning.contains("maxPublishesPerDay"), "{warning}");
    let said = explained(&scene, &late).await;
    assert_eq!(said["wouldBeMissed"]["message"], warning.as_str(), "{said:#}");
    let text = stdout(&scene.campanile("why", &[&late.name]).await);
    assert!(text.contains("Would be missed:"), "{text}");

    // The same files foretell the same.
    let clone = scene.repository.work_tree().display().to_string();
    let plan = scene
        .campanile("plan", &[&clone, "--campaign", "week2", "-o", "json"])
        .await;
    assert_eq!(plan.status.code(), Some(2), "what has no room is in the way");
    let plan: Value = serde_json::from_slice(&plan.stdout).unwrap();
    let rows = plan["campaigns"][0]["rows"].as_array().unwrap();
    let fate = |post: &str| {
        let row = rows.iter().find(|row| row["postId"] == post).unwrap();
        row["fate"].as_str().unwrap().to_owned()
    };
    assert_eq!([fate("c"), fate("d")], ["Publishes", "WouldBeMissed"], "{plan:#}");
    scene.end().await;
}

#[tokio::test]
async fn a_window_and_quiet_hours_hold_until_they_open() {
    let scene = Scene::start("window").await;
    let zone = &scene.day.zone;
    let afternoon =
        format!("{{timeZone: {zone}, windows: [{{kind: Allow, start: \"15:00\", end: \"17:00\"}}]}}");
    let quiet = format!("{{timeZone: {zone}, quietHours: {{start: \"11:00\", end: \"16:00\"}}}}");
    let noon = format!("{{timeZone: {zone}, windows: [{{kind: Allow, start: \"11:00\", end: \"14:00\"}}]}}");
    scene.apply(&limited(&scene, "company", &afternoon)).await;
    scene.apply(&limited(&scene, "personal", &quiet)).await;
    scene.apply(&limited(&scene, "noon", &noon)).await;
    let rows = [
        scene.row("a", "Later."),
        scene.row("b", "Later too.").to("personal"),
        scene.row("c", "Now.").to("noon"),
    ];
    scene.push_sheet(&rows, "Week 1");
    scene.apply(&scene.campaign("week1", PATIENT)).await;

    let today = &scene.day.today;
    let (gate, opens) = waits(&scene, "a linkedin/company", "Scheduled OutsideWindow").await;
    assert_eq!((gate.as_str(), opens), ("Time", local(&scene, today, 15)));
    let (gate, opens) = waits(&scene, "b linkedin/personal", "Scheduled QuietHours").await;
    assert_eq!((gate.as_str(), opens), ("Time", local(&scene, today, 16)));
    scene.until_asset("c linkedin/noon", "Posted Published").await;
    assert_eq!(scene.sent_posts(), ["c linkedin-noon"]);

    // The window is opened: what waited for it goes out.
    let open = format!("{{timeZone: {zone}, windows: [{{kind: Allow, start: \"11:00\", end: \"17:00\"}}]}}");
    scene.apply(&limited(&scene, "company", &open)).await;
    scene.until_asset("a linkedin/company", "Posted Published").await;
    scene.end().await;
}

/// A sheet whose rows say after which post they go out.
fn following(rows: &[(Row, &str)]) -> String {
    let plain = sheet(&rows.iter().map(|(row, _)| row.clone()).collect::<Vec<_>>());
    let after = std::iter::once("after").chain(rows.iter().map(|(_, after)| *after));
    let lines = plain.lines().zip(after);
    let lines: Vec<String> = lines.map(|(line, after)| format!("{line},{after}")).collect();
    format!("{}\n", lines.join("\n"))
}

#[tokio::test]
async fn a_post_that_follows_another_one_waits_for_it_and_goes_out_after_it() {
    let scene = Scene::start("after").await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    let rows = |status: &str| {
        following(&[
            (scene.row("follow", "More of it."), "lead"),
            (scene.row("lead", "Something new.").status(status), ""),
        ])
    };
    scene.push(SHEET, rows("pending"), "Week 1");
    scene.apply(&scene.campaign("week1", "  policies: []\n")).await;

    scene
        .until_asset("lead linkedin/company", "AwaitingApproval ReviewPending")
        .await;
    let follow = scene
        .until_asset("follow linkedin/company", "Scheduled WaitingForPost")
        .await;
    assert!(
        follow.message.contains("the post lead on linkedin"),
        "{}",
        follow.message
    );
    let said = explained(&scene, &follow).await;
    assert_eq!(said["operator"]["agrees"], true, "{said:#}");
    let gates = said["gates"].as_array().unwrap();
    let gate = gates
        .iter()
        .find(|gate| gate["reason"] == "WaitingForPost")
        .unwrap();
    assert_eq!(gate["opens"]["by"], "Post", "{gate:#}");
    // It is looked at again when it is missed: two hours and a second after its time.
    let missed = local(&scene, &scene.day.today, 14) + 1.second();
    assert_eq!(holding(&said), ("Time", missed));

    scene.push(SHEET, rows("approved"), "Approved");
    scene
        .until_asset("lead linkedin/company", "Posted Published")
        .await;
    scene
        .until_asset("follow linkedin/company", "Posted Published")
        .await;
    let order: Vec<String> = scene.sent().iter().map(Sent::post).collect();
    assert_eq!(order, ["lead", "follow"]);
    scene.end().await;
}

//! Guards: nothing that a pack stops is sent, whoever changed the pack and however late.

use std::fs;
use std::path::{Path, PathBuf};

use campanile::api::{Asset, Campaign, PolicyPack};
use kube::ResourceExt as _;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::api_proxy::{ApiProxy, Watches};
use crate::brand::{self, CLAIMS, TO_BE_DEFINED};
use crate::crash_process::{Guard, Order, Point, Process, Side};
use crate::crash_scene::{Class, DRIVER, Scene as CrashScene, Script, eventually};
use crate::scene::{AssetSeen, SHEET, Scene, sheet};

const EMAILS: &str = "docs/gtm/week-1-email-assets.md";
const GUARDED: &str = "  policies: [{name: brand}]\n";

/// A pack of one rule, with more of the rule and tests.
fn pack(phrases: &str, more: &str, tests: &str) -> String {
    format!(
        "apiVersion: campanile.dev/v1alpha1\nkind: PolicyPack\nmetadata: {{name: brand}}\nspec:\n  rules:\n    - \
         {{name: no-hype, message: \"We promise nothing.\", bannedPhrases: {{phrases: [{phrases}]}}{more}}}\n{tests}"
    )
}

async fn with_channel(prefix: &str) -> Scene {
    let scene = Scene::start(prefix).await;
    let channel = scene.webhook("linkedin-company", "linkedin", "company", "");
    scene.apply(&channel).await;
    scene
}

fn week() -> PathBuf {
    let real = PathBuf::from("../shared/inputs/week-1");
    if real.exists() {
        real
    } else {
        PathBuf::from("tests/fixtures/week-one")
    }
}

fn copy(folder: &Path, within: &str, scene: &Scene) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{within}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            copy(&entry.path(), &format!("{name}/"), scene);
        } else {
            scene.repository.write(&name, fs::read(entry.path()).unwrap());
        }
    }
}

#[tokio::test]
async fn the_numbers_of_the_last_emails_are_stopped_at_their_line_and_column() {
    let scene = Scene::start("guarded").await;
    let week = week();
    copy(&week, "", &scene);
    if !week.join(CLAIMS).exists() {
        scene.repository.write(CLAIMS, TO_BE_DEFINED);
    }
    scene.repository.commit("Week 1");
    scene.repository.push();
    scene.apply(&brand::pack()).await;
    scene.apply(&scene.store("templates", "email", "welcome")).await;
    let source = format!(
        "    emails: [{{path: {EMAILS}, account: welcome, variables: [dashboard_link, checker_link, upgrade_link]}}]\n"
    );
    scene
        .apply(&scene.campaign_of("week1", "", &source, GUARDED))
        .await;
    scene
        .until_condition("policypack/brand", "Ready", "True Ready")
        .await;
    scene
        .until_condition("campaign/week1", "Guarded", "True Guarded")
        .await;
    let text = fs::read_to_string(week.join(EMAILS)).unwrap();
    for locale in ["en", "he"] {
        let key = format!("welcome-d7.{locale} email/welcome");
        let asset = scene.until_asset(&key, "Blocked GuardFailed").await;
        stands_where_it_says(&asset, &text);
    }
    scene
        .until_asset("welcome-d0.en email/welcome", "AwaitingApproval Draft")
        .await;
    let d0 = scene.asset("welcome-d0.en email/welcome").await;
    assert_eq!(d0.status("guard")["result"], "Pass");
    scene.end().await;
}

/// Rule, place and excerpt are in the message, and the words stand at that place of the file.
fn stands_where_it_says(asset: &AssetSeen, text: &str) {
    let findings = asset.status("guard")["findings"].as_array().unwrap();
    assert!(findings.len() >= 2, "{findings:#?}");
    for finding in findings {
        let number = |name: &str| usize::try_from(finding[name].as_u64().unwrap()).unwrap();
        let line = text.lines().nth(number("line") - 1).unwrap();
        let there: String = line.chars().skip(number("column") - 1).collect();
        let excerpt = finding["excerpt"].as_str().unwrap();
        assert!(
            there.starts_with(excerpt.trim_end_matches('…')),
            "{finding} is not at `{there}`"
        );
        assert_eq!(finding["rule"], "verified-numbers");
        assert_eq!(finding["path"], EMAILS);
    }
    let first = &findings[0];
    let place = format!("{EMAILS}:{}:{}: ", first["line"], first["column"]);
    assert!(asset.message.contains(&place), "{}", asset.message);
    assert!(asset.message.contains("verified-numbers"), "{}", asset.message);
}

#[tokio::test]
async fn a_pack_that_is_missing_closes_the_gate_until_it_is_there() {
    let scene = with_channel("missing").await;
    scene.push_sheet(&[scene.row("due", "Water in the morning.")], "Week 1");
    scene.apply(&scene.campaign("week1", GUARDED)).await;
    let asset = scene
        .until_asset("due linkedin/company", "Blocked PolicyMissing")
        .await;
    assert!(asset.message.contains("PolicyPack brand"), "{}", asset.message);
    let told = scene
        .until_condition("campaign/week1", "Guarded", "False PolicyMissing")
        .await;
    assert!(told.contains("brand"), "{told}");
    assert!(scene.sent().is_empty());

    scene.apply(&pack("guaranteed", "", "")).await;
    scene
        .until_asset("due linkedin/company", "Posted Published")
        .await;
    scene
        .until_condition("campaign/week1", "Guarded", "True Guarded")
        .await;
    let receipt = scene.asset("due linkedin/company").await.receipt();
    let receipt = scene.json(&["receipt", &receipt]).await;
    let guard = &receipt["status"]["guard"];
    assert_eq!(
        (&guard["result"], &guard["policies"][0]["name"]),
        (&json!("Pass"), &json!("brand"))
    );
    scene.end().await;
}

#[tokio::test]
async fn a_pack_whose_tests_fail_says_which_and_lets_nothing_out() {
    let scene = with_channel("tests").await;
    let wrong = "  tests:\n    - {name: hype is welcome, asset: {text: Guaranteed interviews, locale: en}, expect: {rule: \
                 no-hype, result: Pass}}\n";
    scene.apply(&pack("guaranteed", "", wrong)).await;
    let said = scene
        .until_condition("policypack/brand", "TestsPassed", "False TestsFail")
        .await;
    assert!(said.contains("hype is welcome"), "{said}");
    scene
        .until_condition("policypack/brand", "Ready", "False TestsFail")
        .await;
    let pack_seen = scene.json(&["policypack", "brand"]).await;
    assert_eq!(pack_seen["status"]["failedTests"][0]["name"], "hype is welcome");
    assert_eq!(pack_seen["status"]["testsPassed"], "0/1");

    scene.push_sheet(&[scene.row("due", "Water in the morning.")], "Week 1");
    scene.apply(&scene.campaign("week1", GUARDED)).await;
    let asset = scene
        .until_asset("due linkedin/company", "Blocked PolicyNotReady")
        .await;
    assert!(asset.message.contains("hype is welcome"), "{}", asset.message);
    assert!(scene.sent().is_empty());

    scene
        .apply(&pack(
            "guaranteed",
            "",
            &wrong.replace("result: Pass", "result: Fail"),
        ))
        .await;
    scene
        .until_asset("due linkedin/company", "Posted Published")
        .await;
    scene.end().await;
}

#[tokio::test]
async fn a_row_is_blocked_as_soon_as_it_is_planned_and_goes_on_when_its_words_change() {
    let scene = with_channel("planned").await;
    scene.apply(&pack("guaranteed", "", "")).await;
    let row = scene
        .row("later", "Success, guaranteed.")
        .on(&scene.day.tomorrow, "12:00");
    scene.push_sheet(std::slice::from_ref(&row), "Week 1");
    scene.apply(&scene.campaign("week1", GUARDED)).await;
    let asset = scene
        .until_asset("later linkedin/company", "Blocked GuardFailed")
        .await;
    let line = sheet(std::slice::from_ref(&row))
        .lines()
        .nth(1)
        .unwrap()
        .to_owned();
    let column = line.find("guaranteed").unwrap() + 1;
    let place = format!("{SHEET}:2:{column}: rule no-hype of PolicyPack brand: ");
    assert!(asset.message.contains(&place), "{} lacks {place}", asset.message);
    scene.push_sheet(&[row.saying("Success, perhaps.").status("approved")], "Softer");
    let changed = scene
        .until_phase("later linkedin/company", "AwaitingApproval")
        .await;
    assert_eq!(changed.status("guard")["result"], "Pass");
    scene.end().await;
}

#[tokio::test]
async fn an_audit_rule_says_what_it_would_have_stopped_and_stops_nothing() {
    let scene = with_channel("audit").await;
    scene.apply(&pack("guaranteed", ", mode: Audit", "")).await;
    let later = scene
        .row("later", "Success, guaranteed.")
        .on(&scene.day.tomorrow, "12:00");
    scene.push_sheet(&[scene.row("due", "Success, guaranteed."), later], "Week 1");
    scene.apply(&scene.campaign("week1", GUARDED)).await;
    let posted = scene
        .until_asset("due linkedin/company", "Posted Published")
        .await;
    let receipt = scene.json(&["receipt", &posted.receipt()]).await;
    let found = receipt["status"]["guard"]["findings"][0]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        found.contains("brand/no-hype") && found.contains("Audit"),
        "{found}"
    );
    let waits = scene
        .until_asset("later linkedin/company", "Scheduled WaitingForTime")
        .await;
    let finding = &waits.status("guard")["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["mode"]),
        (&json!("no-hype"), &json!("Audit"))
    );
    scene.end().await;
}

#[tokio::test]
async fn without_policies_a_column_says_so_and_an_empty_list_silences_it() {
    let scene = with_channel("unguarded").await;
    scene.push_sheet(&[scene.row("due", "Water in the morning.")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    let told = scene
        .until_condition("campaign/week1", "Guarded", "False NoPolicies")
        .await;
    assert!(told.contains("policies: []"), "{told}");
    scene
        .until_asset("due linkedin/company", "Posted Published")
        .await;
    scene.apply(&scene.campaign("week1", "  policies: []\n")).await;
    scene
        .until("the condition is gone", async || {
            let read = scene.json(&["campaign", "week1"]).await;
            let kinds: Vec<&Value> = read["status"]["conditions"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|condition| &condition["type"])
                .collect();
            if kinds.iter().any(|kind| **kind == "Guarded") {
                Err(format!("{kinds:?}"))
            } else {
                Ok(())
            }
        })
        .await;
    scene.end().await;
}

#[tokio::test]
async fn a_broken_file_of_claims_is_named_and_stops_only_what_quotes_numbers() {
    let scene = with_channel("claims").await;
    scene.apply(&brand::pack()).await;
    scene.repository.write(CLAIMS, "# Baseline\n\nNothing here.\n");
    scene.push_sheet(
        &[
            scene.row("plain", "Water in the morning."),
            scene.row("number", "It grows 73% faster."),
        ],
        "Week 1",
    );
    scene.apply(&scene.campaign("week1", GUARDED)).await;
    scene
        .until_asset("plain linkedin/company", "Posted Published")
        .await;
    let stopped = scene.until_phase("number linkedin/company", "Blocked").await;
    assert!(stopped.reason.starts_with("Guard"), "{}", stopped.reason);
    let told = scene
        .until_condition("campaign/week1", "RowsHealthy", "False ProblemsFound")
        .await;
    assert!(told.contains(CLAIMS), "{told}");
    scene.end().await;
}

const ONE_ROW: Script = Script {
    class: Class::Neither,
    rows: 1,
    page: false,
};

fn brand(phrase: &str) -> PolicyPack {
    let spec = json!({"rules": [{"name": "no-hype", "bannedPhrases": {"phrases": [phrase]}}]});
    PolicyPack::new("brand", serde_json::from_value(spec).unwrap())
}

/// Names a pack in the campaign, before any operator runs.
fn guard_with(scene: &CrashScene, phrase: &str) {
    DRIVER.block_on(async {
        let packs = scene.api::<PolicyPack>();
        let made = packs.create(&PostParams::default(), &brand(phrase)).await;
        made.expect("make a PolicyPack");
        let patch = Patch::Merge(json!({"spec": {"policies": [{"name": "brand"}]}}));
        let named = scene
            .api::<Campaign>()
            .patch("week1", &PatchParams::default(), &patch)
            .await;
        named.expect("name the pack");
    });
}

fn tighten(scene: &CrashScene, phrase: &str) {
    let patch = Patch::Merge(json!({"spec": brand(phrase).spec}));
    let packs = scene.api::<PolicyPack>();
    let patched = DRIVER.block_on(packs.patch("brand", &PatchParams::default(), &patch));
    patched.expect("tighten the pack");
}

fn only_asset(scene: &CrashScene) -> Asset {
    scene.assets().into_iter().next().expect("there is an Asset")
}

#[test]
fn a_pack_that_is_tightened_under_silent_watches_stops_the_send_at_the_last_look() {
    let scene = CrashScene::set(ONE_ROW);
    let proxy = ApiProxy::before(&scene.cluster);
    let scene = scene.with_cluster(proxy.cluster());
    guard_with(&scene, "guaranteed");
    let locked = Point::new("PUT receipts/status", 1, Side::After);
    let process = Process::start(&scene.options(), Guard::with([(locked, Order::Hold)]));
    process.guard.wait_until_held();
    proxy.watches(Watches::Silent);
    // Every post of this scene says "Words of post ...".
    tighten(&scene, "words of post");
    process.guard.let_go();
    eventually("the attempt was given up", || {
        scene.receipts().iter().any(|receipt| {
            let status = receipt.status.clone().unwrap_or_default();
            let why = status.attempts.last().and_then(|attempt| attempt.message.clone());
            why.as_deref() == Some("GuardFailed")
        })
    });
    assert_eq!(process.guard.count(|kind| kind == "commit"), 0);
    assert!(scene.effects().is_empty(), "{:?}", scene.effects());

    proxy.watches(Watches::Ended);
    eventually("the silent watches are closed", || proxy.open_watches() == 0);
    proxy.watches(Watches::Pass);
    eventually("the Asset says which rule stops it", || {
        let status = only_asset(&scene).status.unwrap_or_default();
        status.reason.as_deref() == Some("GuardFailed")
            && status.message.is_some_and(|message| message.contains("no-hype"))
    });
    tighten(&scene, "guaranteed");
    eventually("it is published", || scene.rests(0));
    assert!(!only_asset(&scene).name_any().is_empty());
    process.kill();
}

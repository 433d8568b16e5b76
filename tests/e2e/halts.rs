//! Halts: what they stop, what becomes of it when they have gone, who makes them, and who may not.

use std::path::Path;

use jiff::{Timestamp, ToSpan as _};

use crate::{
    control_plane::stdout,
    scene::Scene,
    sink::{Fault, answer},
    support::control_plane::ControlPlane,
};

const KEY: &str = "only linkedin/company";

async fn scene(prefix: &str) -> Scene {
    let scene = Scene::start(prefix).await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    scene
        .until_condition("channelconfig/linkedin-company", "Ready", "True Ready")
        .await;
    scene
}

/// A Halt; `more` are further lines of its spec.
fn halt(name: &str, selector: &str, more: &str) -> String {
    format!(
        "---\napiVersion: campanile.dev/v1alpha1\nkind: Halt\nmetadata: {{name: {name}}}\nspec:\n  selector: {selector}\n  reason: \
         Press inquiry, hold all posts.\n  owner: maya\n{more}"
    )
}

async fn until_effective(scene: &Scene, name: &str, wanted: &str) -> String {
    scene
        .until_condition(&format!("halt/{name}"), "Effective", wanted)
        .await
}

/// Commits a trailer that approves a post anew.
fn approve(scene: &Scene, post: &str) -> String {
    scene.push(
        "docs/approved.md",
        format!("{post} at {}", Timestamp::now()),
        &format!("Read again\n\nCampanile-Approve: {post}"),
    )
}

#[tokio::test]
async fn a_halt_by_kubectl_stops_a_due_row_and_when_it_has_gone_the_row_waits_to_be_approved_anew() {
    let scene = scene("halted").await;
    scene
        .apply(&halt("stop-linkedin", "{platforms: [LinkedIn]}", ""))
        .await;
    scene.push_sheet(&[scene.row("only", "Words.")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;

    let asset = scene.until_asset(KEY, "Halted Halted").await;
    for part in [
        "stop-linkedin",
        "maya",
        "Press inquiry",
        "campanile resume stop-linkedin",
    ] {
        assert!(
            asset.message.contains(part),
            "{part:?} is not in {}",
            asset.message
        );
    }
    until_effective(&scene, "stop-linkedin", "True InForce").await;
    let columns = scene.kubectl(&["get", "halts"]).await;
    let lines: Vec<Vec<&str>> = columns
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0],
        ["NAME", "SCOPE", "REASON", "OWNER", "SINCE", "UNTIL", "AFFECTED"]
    );
    assert!(
        columns.contains("platforms linkedin") && columns.contains("maya"),
        "{columns}"
    );
    assert_eq!(lines[1].last(), Some(&"1"), "{columns}");

    scene.kubectl(&["delete", "halt", "stop-linkedin"]).await;
    let asset = scene.until_asset(KEY, "AwaitingApproval HaltEnded").await;
    assert!(asset.message.contains("stop-linkedin"), "{}", asset.message);
    assert_eq!(scene.sent().len(), 0);

    let revision = approve(&scene, "only");
    scene.until_applied("week1", &revision).await;
    scene.until_asset(KEY, "Posted Published").await;
    assert_eq!(scene.sent().len(), 1);
    let asset = scene.asset(KEY).await;
    assert!(asset.status("halt").is_null(), "{}", asset.json);
    scene.end().await;
}

#[tokio::test]
async fn what_was_due_under_a_halt_is_skipped_or_goes_out_as_the_halt_says() {
    let scene = scene("resumed").await;
    scene
        .apply(&scene.webhook("linkedin-personal", "linkedin", "personal", ""))
        .await;
    let skip = "  resume: {policy: Skip}\n";
    let within = "  resume: {policy: PublishWithin, within: 2h}\n";
    scene.apply(&halt("skips", "{accounts: [company]}", skip)).await;
    scene
        .apply(&halt("waits", "{channels: [linkedin/personal]}", within))
        .await;
    let row = scene.row("only", "Words.");
    scene.push_sheet(&[row.clone(), row.to("personal")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_assets_are(&[
            (KEY, "Halted Halted"),
            ("only linkedin/personal", "Halted Halted"),
        ])
        .await;

    scene.kubectl(&["delete", "halts", "--all"]).await;
    scene
        .until_assets_are(&[
            (KEY, "Skipped SkippedByHalt"),
            ("only linkedin/personal", "Posted Published"),
        ])
        .await;
    assert_eq!(scene.sent_posts(), ["only linkedin-personal"]);
    scene.end().await;
}

#[tokio::test]
async fn the_resume_policy_holds_although_nobody_was_awake_when_the_halt_was_deleted() {
    let mut scene = scene("asleep").await;
    scene.apply(&halt("stop", "{}", "")).await;
    scene.push_sheet(&[scene.row("only", "Words.")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene.until_asset(KEY, "Halted Halted").await;

    scene.kill_operator();
    scene.kubectl(&["delete", "halt", "stop"]).await;
    scene.restart_operator().await;
    scene.until_asset(KEY, "AwaitingApproval HaltEnded").await;
    assert_eq!(scene.sent().len(), 0);
    scene.end().await;
}

#[tokio::test]
async fn a_halt_ends_by_itself_when_its_time_comes_and_is_marked() {
    let scene = scene("until").await;
    // The operator has to look at the row before the Halt ends, however slow the machine is.
    let far = (Timestamp::now() + 1.hours()).strftime("%FT%TZ").to_string();
    let until = |at: &str| format!("  until: \"{at}\"\n  resume: {{policy: PublishWithin, within: 24h}}\n");
    scene
        .apply(&halt("short", "{campaigns: [week1]}", &until(&far)))
        .await;
    scene.push_sheet(&[scene.row("only", "Words.")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    let asset = scene.until_asset(KEY, "Halted Halted").await;
    assert!(asset.message.contains(&far), "{}", asset.message);

    let soon = (Timestamp::now() + 3.seconds()).strftime("%FT%TZ").to_string();
    scene
        .patch("halt/short", &format!("{{\"spec\": {{\"until\": \"{soon}\"}}}}"))
        .await;
    scene.until_asset(KEY, "Posted Published").await;
    until_effective(&scene, "short", "False Ended").await;
    scene.end().await;
}

#[tokio::test]
async fn a_halt_that_matches_nothing_says_so_and_the_command_exits_1() {
    let scene = scene("nothing").await;
    let later = scene.row("only", "Words.").on(&scene.day.tomorrow, "12:00");
    scene.push_sheet(&[later], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene.until_asset(KEY, "Scheduled WaitingForTime").await;

    scene.apply(&halt("typo", "{platforms: [linkedn]}", "")).await;
    let message = until_effective(&scene, "typo", "False MatchesNothing").await;
    assert!(message.contains("linkedn"), "{message}");

    let reason = ["--reason", "Press inquiry, hold all posts."];
    let nothing = [&["--platform", "linkedn", "--name", "also-typo"], &reason[..]].concat();
    let output = scene.campanile("halt", &nothing).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("matches nothing") && said.contains("also-typo"),
        "{said}"
    );

    let something = [&["--channel", "linkedin", "--name", "stop"], &reason[..]].concat();
    let said = stdout(&scene.campanile("halt", &something).await);
    assert!(said.contains("1 of 1 matching assets"), "{said}");
    scene.until_asset(KEY, "Halted Halted").await;
    let owner = scene.json(&["halt", "stop"]).await["spec"]["owner"].clone();
    assert_eq!(owner, "campanile-test-admin", "whom to ask is who asked for it");

    let said = stdout(&scene.campanile("resume", &["stop"]).await);
    assert!(said.contains("approved anew"), "{said}");
    scene.until_asset(KEY, "Scheduled WaitingForTime").await;
    let output = scene.campanile("resume", &["stop"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    scene.end().await;
}

#[tokio::test]
async fn a_halt_without_a_reason_or_without_how_long_is_refused_with_what_is_missing() {
    let scene = scene("refused").await;
    let short = halt("stop", "{}", "").replace("Press inquiry, hold all posts.", "Press.");
    let said = scene.refused(&short).await;
    assert!(said.contains("spec.reason"), "{said}");
    let said = scene
        .refused(&halt("stop", "{}", "  resume: {policy: PublishWithin}\n"))
        .await;
    assert!(said.contains("needs resume.within"), "{said}");
    scene.end().await;
}

async fn breakers_halt(scene: &Scene, object: &str, breaker: &str) -> String {
    let what = format!("{object} has a Halt of {breaker}");
    scene
        .until(&what, async || {
            let read = scene.json(&[object]).await;
            let states = read["status"]["breakers"].as_array().cloned().unwrap_or_default();
            let state = states.iter().find(|state| state["breaker"] == breaker).cloned();
            let halt = state
                .as_ref()
                .and_then(|state| state["halt"].as_str().map(str::to_owned));
            halt.ok_or_else(|| read["status"].to_string())
        })
        .await
}

async fn halts(scene: &Scene) -> Vec<String> {
    let list = scene.json(&["halts"]).await;
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let name = |item: &serde_json::Value| item["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    items.iter().map(name).collect()
}

#[tokio::test]
async fn sends_that_fail_in_a_row_halt_the_channel_through_a_kill_and_a_lifted_halt_is_not_made_again() {
    let mut scene = scene("breaker").await;
    scene
        .patch(
            "channelconfig/linkedin-company",
            r#"{"spec": {"breakers": {"maxConsecutiveFailures": 2}}}"#,
        )
        .await;
    let refusal = || Fault::Say(answer(400, &[], "no"));
    scene.sink.script([refusal(), refusal()]);
    let rows = vec![scene.row("first", "First."), scene.row("second", "Second.")];
    scene.push_sheet(&rows, "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;

    let name = breakers_halt(&scene, "channelconfig/linkedin-company", "ConsecutiveFailures").await;
    let made = scene.json(&["halt", &name]).await;
    assert_eq!(made["spec"]["owner"], "breaker/consecutive-failures");
    let reason = made["spec"]["reason"].as_str().unwrap_or_default().to_owned();
    assert!(
        reason.contains("first to linkedin/company") && reason.contains("second"),
        "{reason}"
    );

    scene.kill_operator();
    scene.push_sheet(&[rows, vec![scene.row("third", "Third.")]].concat(), "One more");
    scene.restart_operator().await;
    scene.until_asset("third linkedin/company", "Halted Halted").await;
    assert_eq!(
        halts(&scene).await,
        std::slice::from_ref(&name),
        "a restart makes no other"
    );

    scene.kubectl(&["delete", "halt", &name]).await;
    scene
        .until_asset("third linkedin/company", "AwaitingApproval HaltEnded")
        .await;
    let revision = approve(&scene, "third");
    scene.until_applied("week1", &revision).await;
    scene
        .until_asset("third linkedin/company", "Posted Published")
        .await;
    assert_eq!(
        halts(&scene).await,
        [] as [String; 0],
        "old failures make no other Halt"
    );
    scene.end().await;
}

#[tokio::test]
async fn when_the_halt_of_a_breaker_has_run_out_one_asset_goes_and_then_the_rest() {
    let scene = scene("half-open").await;
    let breakers = r#"{"spec": {"breakers": {
        "maxConsecutiveFailures": 1, "haltFor": "8s", "resume": {"policy": "PublishWithin", "within": "24h"}
    }}}"#;
    scene.patch("channelconfig/linkedin-company", breakers).await;
    let refusal = || Fault::Say(answer(400, &[], "no"));
    // What is tried first is refused as well: the Halt stands again for as long.
    scene.sink.script([refusal(), refusal()]);
    let first = scene.row("first", "First.");
    scene.push_sheet(std::slice::from_ref(&first), "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    let name = breakers_halt(&scene, "channelconfig/linkedin-company", "ConsecutiveFailures").await;
    let rows = ["second", "third", "fourth"].map(|post| scene.row(post, "Words."));
    scene.push_sheet(&[vec![first], rows.to_vec()].concat(), "Three more");
    let tried = |outcome: &'static str| {
        let (scene, name) = (&scene, &name);
        async move {
            let what = format!("what was tried first has {outcome}");
            scene
                .until(&what, async || {
                    let read = scene.json(&["halt", name]).await;
                    let probe = &read["status"]["probe"];
                    if probe["outcome"] == outcome {
                        Ok(probe["asset"].as_str().unwrap_or_default().to_owned())
                    } else {
                        Err(read["status"].to_string())
                    }
                })
                .await
        }
    };
    let failed = tried("Failed").await;
    assert_eq!(
        scene.sent().len(),
        2,
        "one went, and the rest waited: {:?}",
        scene.sent_posts()
    );
    let passed = tried("Passed").await;
    assert_ne!(failed, passed);
    until_effective(&scene, &name, "False Ended").await;
    scene
        .until("the rest has gone", async || {
            let standings = scene.standings().await;
            let posted = standings
                .values()
                .filter(|standing| *standing == "Posted Published")
                .count();
            if posted == 2 {
                Ok(())
            } else {
                Err(format!("{standings:?}"))
            }
        })
        .await;
    assert_eq!(scene.sent().len(), 4);
    assert_eq!(halts(&scene).await, [name], "what it was made for makes no other");
    scene.end().await;
}

#[tokio::test]
async fn rows_that_are_invalid_when_they_are_due_halt_their_campaign_by_the_seeds_name_of_the_limit() {
    let scene = scene("guards").await;
    let twice = |post: &str| [scene.row(post, "Once."), scene.row(post, "Twice.")];
    let rows = [twice("a"), twice("b")].concat();
    scene.push_sheet(&rows, "Two broken posts");
    scene
        .apply(&scene.campaign("week1", "  max_guard_failures_before_halt: 2\n"))
        .await;
    let name = breakers_halt(&scene, "campaign/week1", "GuardFailures").await;
    let reason = scene.json(&["halt", &name]).await["spec"]["reason"].to_string();
    assert!(reason.contains("2 assets could not go"), "{reason}");
    scene.push_sheet(&[rows, vec![scene.row("good", "Good.")]].concat(), "A good one");
    scene.until_asset("good linkedin/company", "Halted Halted").await;
    assert_eq!(scene.sent().len(), 0);
    scene.end().await;
}

#[tokio::test]
async fn a_rule_whose_action_says_so_halts_its_campaign_on_that_channel_once() {
    let scene = scene("action").await;
    scene
        .apply(&scene.webhook("linkedin-personal", "linkedin", "personal", ""))
        .await;
    scene
        .apply(
            "apiVersion: campanile.dev/v1alpha1\nkind: PolicyPack\nmetadata: {name: brand}\nspec:\n  rules:\n    - {name: \
             no-hype, action: HaltChannel, message: We promise nothing., bannedPhrases: {phrases: [guaranteed]}}\n",
        )
        .await;
    let hype = scene.row("hype", "Guaranteed interviews.");
    scene.push_sheet(std::slice::from_ref(&hype), "Week 1");
    scene
        .apply(&scene.campaign("week1", "  policies: [{name: brand}]\n"))
        .await;
    scene
        .until_asset("hype linkedin/company", "Blocked GuardFailed")
        .await;
    let made = scene
        .until("the guard has made a Halt", async || {
            let list = scene.json(&["halts"]).await;
            let made = list["items"].as_array().and_then(|items| items.first().cloned());
            made.ok_or_else(|| list.to_string())
        })
        .await;
    assert_eq!(made["spec"]["owner"], "breaker/guard");
    let reason = made["spec"]["reason"].as_str().unwrap_or_default().to_owned();
    assert!(
        reason.contains("no-hype") && reason.contains("on linkedin-company"),
        "{reason}"
    );

    let good = scene.row("good", "Words.");
    let rows = [hype, good.clone(), good.to("personal")];
    scene.push_sheet(&rows, "A good one");
    scene.until_asset("good linkedin/company", "Halted Halted").await;
    scene
        .until_asset("good linkedin/personal", "Posted Published")
        .await;

    let name = made["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    scene.kubectl(&["delete", "halt", &name]).await;
    scene
        .until_asset("good linkedin/company", "AwaitingApproval HaltEnded")
        .await;
    assert_eq!(
        halts(&scene).await,
        [] as [String; 0],
        "the same words make no other"
    );
    scene.end().await;
}

#[tokio::test]
async fn halt_until_holds_before_anything_is_sent_and_publish_enabled_by_its_other_name() {
    let scene = Scene::start("instants").await;
    let far = (Timestamp::now() + 1.hours()).strftime("%FT%TZ").to_string();
    let until = format!("  halt_until: \"{far}\"\n");
    scene
        .apply(&(scene.webhook("linkedin-company", "linkedin", "company", "") + &until))
        .await;
    scene
        .apply(
            &(scene.webhook("linkedin-personal", "linkedin", "personal", "") + "  publish_enabled: false\n"),
        )
        .await;
    let row = scene.row("only", "Words.");
    scene.push_sheet(&[row.clone(), row.to("personal")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_assets_are(&[
            (KEY, "Halted Halted"),
            ("only linkedin/personal", "Halted ChannelDisabled"),
        ])
        .await;
    let name = breakers_halt(&scene, "channelconfig/linkedin-company", "HaltUntil").await;
    let made = scene.json(&["halt", &name]).await;
    assert_eq!(made["spec"]["until"], far.as_str());
    assert_eq!(made["spec"]["owner"], "breaker/halt-until");
    scene.kubectl(&["delete", "halt", &name]).await;
    scene.until_asset(KEY, "AwaitingApproval HaltEnded").await;
    assert_eq!(scene.sent().len(), 0);
    scene.end().await;
}

#[tokio::test]
async fn git_manages_no_halt() {
    let plane = ControlPlane::shared().await;
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/base/admission-halts.yaml");
    stdout(
        &plane
            .kubectl(&["apply", "-f", &policy.display().to_string()])
            .await,
    );
    let scene = scene("synced").await;
    let synced =
        |mark: &str| halt("synced", "{}", "").replace("{name: synced}", &format!("{{name: synced, {mark}}}"));
    let labels = [
        "argocd.argoproj.io/instance",
        "kustomize.toolkit.fluxcd.io/name",
        "helm.toolkit.fluxcd.io/name",
    ];
    let mut marks: Vec<String> = labels
        .iter()
        .map(|label| format!("labels: {{{label}: gtm}}"))
        .collect();
    marks.push(
        "annotations: {argocd.argoproj.io/tracking-id: \"gtm:campanile.dev/Halt:n/synced\"}".to_owned(),
    );
    // A policy takes effect a moment after it was made.
    scene
        .until("the policy is in force", async || {
            let dry = scene.refusal_of(&synced(&marks[0])).await;
            dry.ok_or_else(|| "it was taken".to_owned())
        })
        .await;
    for mark in &marks {
        let said = scene.refused(&synced(mark)).await;
        assert!(said.contains("never managed by git"), "{mark}: {said}");
    }
    scene.apply(&halt("ours", "{}", "")).await;
    let said = scene
        .patch_refused(
            "halt/ours",
            r#"{"metadata": {"labels": {"argocd.argoproj.io/instance": "gtm"}}}"#,
        )
        .await;
    assert!(said.contains("never managed by git"), "{said}");
    scene.end().await;
}

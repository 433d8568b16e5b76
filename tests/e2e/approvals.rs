//! What the branch approved holds, whatever becomes of the objects that say so; and what people decide by Approvals.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::control_plane::stdout;
use crate::scene::{AssetSeen, Cluster, Scene};
use crate::support::control_plane::{Content, ControlPlane};

const KEY: &str = "only linkedin/company";

/// A scene with one channel, where Approvals are believed.
async fn deciding(prefix: &str) -> Scene {
    let scene = Scene::start(prefix).await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    scene
}

/// One row that waits for a person, in a campaign with more lines.
async fn with_a_pending_row(prefix: &str, more: &str) -> (Scene, AssetSeen) {
    let scene = deciding(prefix).await;
    scene.push_sheet(&[scene.row("only", "Read me.").status("pending")], "Week 1");
    scene.apply(&scene.campaign("week1", more)).await;
    let asset = scene.until_asset(KEY, "AwaitingApproval ReviewPending").await;
    scene.approvals_are_believed().await;
    (scene, asset)
}

/// The manifest of an Approval, as a person would write it from what kubectl shows of the asset.
fn manifest(approver: &str, asset: &AssetSeen, more: &Value) -> String {
    let mut approval = json!({
        "apiVersion": "campanile.dev/v1alpha1", "kind": "Approval",
        "metadata": {"generateName": "review-"},
        "spec": {
            "approver": approver, "decision": "Approve", "comment": "Read on Monday.",
            "targets": [{
                "asset": asset.name, "contentDigest": asset.status("contentDigest"),
                "publishAt": asset.status("publishAt"),
            }],
        },
    });
    let spec = approval["spec"].as_object_mut().unwrap();
    spec.extend(more.as_object().cloned().unwrap_or_default());
    approval.to_string()
}

async fn create(scene: &Scene, person: &Path, manifest: &str) -> Output {
    let arguments = ["create", "-f", "-", "-o", "name"];
    scene.kubectl_as(person, &arguments, manifest).await
}

/// Makes an Approval, which has to be taken, and gives its name.
async fn made(scene: &Scene, person: &Path, manifest: &str) -> String {
    stdout(&create(scene, person, manifest).await).trim().to_owned()
}

fn refusal(output: &Output) -> String {
    assert!(!output.status.success(), "it was taken");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_person_approves_by_kubectl_and_the_receipt_and_the_approval_say_so() {
    let (scene, asset) = with_a_pending_row("approved", "").await;
    let maya = scene.approver("maya", "leads").await;
    let approval = made(&scene, &maya, &manifest("maya", &asset, &json!({}))).await;
    let asset = scene.until_asset(KEY, "Posted Published").await;
    let receipt = scene.json(&["receipt", &asset.receipt()]).await;
    let recorded = &receipt["status"]["approvals"][0];
    assert_eq!(recorded["approver"], "maya");
    assert_eq!(recorded["digest"], *asset.status("contentDigest"));
    assert_eq!(
        (&recorded["mode"], &recorded["decision"]),
        (&"Required".into(), &"Approve".into())
    );
    assert!(
        approval.ends_with(recorded["name"].as_str().unwrap()),
        "{approval}"
    );

    scene.until_condition(&approval, "Valid", "True Used").await;
    let seen = scene.json(&[&approval]).await;
    assert_eq!(seen["status"]["consumedBy"][0]["receipt"], asset.receipt());
    let columns = scene.kubectl(&["get", "approvals"]).await;
    let words: Vec<&str> = columns.split_whitespace().collect();
    assert_eq!(
        words[..7],
        [
            "NAME", "APPROVER", "DECISION", "ASSET", "ASSETS", "VALID", "REASON"
        ]
    );
    assert!(columns.contains("maya") && columns.contains("Used"), "{columns}");
    let changed = scene
        .patch_refused(&approval, r#"{"spec": {"comment": "Not read."}}"#)
        .await;
    assert!(
        changed.contains("cannot change") || changed.contains("spec.approver"),
        "{changed}"
    );
    scene.end().await;
}

#[tokio::test]
async fn nobody_approves_in_anothers_name_or_in_a_group_of_others() {
    let (scene, asset) = with_a_pending_row("names", "").await;
    let boris = scene.approver("boris", "interns").await;
    let in_her_name = create(&scene, &boris, &manifest("maya", &asset, &json!({}))).await;
    let said = refusal(&in_her_name);
    assert!(said.contains("spec.approver has to be boris"), "{said}");
    let of_a_group = manifest("boris", &asset, &json!({"groups": ["leads"]}));
    let said = refusal(&create(&scene, &boris, &of_a_group).await);
    assert!(said.contains("spec.groups"), "{said}");
    // Nor by a change of what another has made.
    let maya = scene.approver("maya", "leads").await;
    let denial = json!({"decision": "Deny", "comment": "Not this week."});
    let made = made(&scene, &maya, &manifest("maya", &asset, &denial)).await;
    let patch = [
        "patch",
        &made,
        "--type=merge",
        "-p",
        r#"{"spec": {"decision": "Approve"}}"#,
    ];
    for person in [boris.as_path(), maya.as_path(), scene.kubeconfig().as_path()] {
        refusal(&scene.kubectl_as(person, &patch, "").await);
    }
    let silent = manifest("maya", &asset, &json!({"decision": "Deny", "comment": ""}));
    let said = refusal(&create(&scene, &maya, &silent).await);
    assert!(said.contains("why you deny it"), "{said}");
    let asset = scene.until_asset(KEY, "Blocked Denied").await;
    assert!(
        asset.message.contains("maya denied these words"),
        "{}",
        asset.message
    );
    assert_eq!(scene.sent().len(), 0);
    scene.end().await;
}

#[tokio::test]
async fn an_approval_lapses_with_its_words_and_one_of_words_that_never_were_says_so() {
    let (scene, asset) = with_a_pending_row("lapses", "").await;
    let maya = scene.approver("maya", "leads").await;
    let never = format!("sha256:{:064x}", 1);
    let target = json!({"targets": [{"asset": asset.name, "contentDigest": never}]});
    let unknown = made(&scene, &maya, &manifest("maya", &asset, &target)).await;
    let said = scene.until_condition(&unknown, "Valid", "False OtherWords").await;
    assert!(
        said.contains("does not have") && said.contains("campanile approve"),
        "{said}"
    );
    let nobody = json!({"targets": [{"asset": "nobody", "contentDigest": never}]});
    let nobody = made(&scene, &maya, &manifest("maya", &asset, &nobody)).await;
    scene
        .until_condition(&nobody, "Valid", "False AssetMissing")
        .await;

    let tomorrow = scene.day.tomorrow.clone();
    let row = scene
        .row("only", "Read me.")
        .status("pending")
        .on(&tomorrow, "12:00");
    scene.push_sheet(std::slice::from_ref(&row), "Tomorrow");
    let asset = scene
        .until("it is due tomorrow", async || {
            let asset = scene.asset(KEY).await;
            let at = asset
                .status("publishAtLocal")
                .as_str()
                .unwrap_or_default()
                .to_owned();
            if at.starts_with(&tomorrow) {
                Ok(asset)
            } else {
                Err(at)
            }
        })
        .await;
    let approval = made(&scene, &maya, &manifest("maya", &asset, &json!({}))).await;
    scene.until_asset(KEY, "Scheduled WaitingForTime").await;
    scene.until_condition(&approval, "Valid", "True Counts").await;

    // Earlier than was approved, with the same words; then later again, with other words.
    let today = scene.day.today.clone();
    scene.push_sheet(&[row.clone().on(&today, "12:00")], "Today after all");
    scene
        .until_asset(KEY, "AwaitingApproval MovedSinceApproval")
        .await;
    scene
        .until_condition(&approval, "Valid", "False MovedSinceApproval")
        .await;
    scene.push_sheet(&[row.clone().saying("Read me!")], "One letter");
    scene.until_asset(KEY, "AwaitingApproval ReviewPending").await;
    scene
        .until_condition(&approval, "Valid", "False OtherWords")
        .await;
    scene.push_sheet(&[row], "Back");
    scene.until_asset(KEY, "Scheduled WaitingForTime").await;
    assert_eq!(scene.sent().len(), 0);
    scene.end().await;
}

#[tokio::test]
async fn two_leads_approve_and_its_author_does_not_count() {
    let more = "  approval: {approvers: {minimum: 2, groups: [leads], forbidAuthor: true}}\n";
    let (scene, _) = with_a_pending_row("two", more).await;
    // Ada has written it, as far as the history tells.
    scene.push_sheet(&[scene.row("only", "Ada's words.")], "Ada");
    let asset = scene.until_asset(KEY, "AwaitingApproval ApproversMissing").await;
    assert!(asset.message.contains("other than Ada"), "{}", asset.message);
    let approve = ["approve", asset.name.as_str()];
    for (person, group, so_far) in [
        ("ada", "leads", "nobody"),
        ("boris", "interns", "nobody"),
        ("maya", "leads", "maya"),
    ] {
        let kubeconfig = scene.approver(person, group).await;
        let said = stdout(&scene.campanile_as(&kubeconfig, &approve).await);
        assert!(said.starts_with("approved   only"), "{said}");
        scene
            .until("it is told who counts", async || {
                let asset = scene.asset(KEY).await;
                let approvals = scene.json(&["approvals"]).await;
                let judged = |approval: &Value| approval["status"]["conditions"].is_array();
                let all = approvals["items"].as_array().unwrap().iter().all(judged);
                if all && asset.message.contains(&format!("So far: {so_far}")) {
                    Ok(())
                } else {
                    Err(asset.message)
                }
            })
            .await;
    }
    assert_eq!(scene.sent().len(), 0);
    let noa = scene.approver("noa", "leads").await;
    stdout(&scene.campanile_as(&noa, &approve).await);
    let asset = scene.until_asset(KEY, "Posted Published").await;
    let receipt = scene.json(&["receipt", &asset.receipt()]).await;
    let approvers: Vec<&str> = receipt["status"]["approvals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|approval| approval["approver"].as_str().unwrap())
        .collect();
    assert_eq!(approvers, ["maya", "noa"]);
    scene.end().await;
}

#[tokio::test]
async fn a_week_is_approved_at_once_without_drafts_and_what_was_approved_is_said() {
    let scene = deciding("bulk").await;
    let rows = [
        scene.row("first", "One.").status("pending"),
        scene.row("second", "Two.").status("pending"),
        scene.row("third", "Three.").status("draft"),
    ];
    scene.push_sheet(&rows, "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_assets_are(&[
            ("first linkedin/company", "AwaitingApproval ReviewPending"),
            ("second linkedin/company", "AwaitingApproval ReviewPending"),
            ("third linkedin/company", "AwaitingApproval Draft"),
        ])
        .await;
    scene.approvals_are_believed().await;
    let maya = scene.approver("maya", "leads").await;
    let output = scene
        .campanile_as(&maya, &["approve", "--all", "--comment", "Read."])
        .await;
    let said = stdout(&output);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(
        lines[0].starts_with("approved   first   linkedin/company en"),
        "{said}"
    );
    let left_out = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(left_out.contains("left out: 1 drafts"), "{left_out}");
    scene
        .until_assets_are(&[
            ("first linkedin/company", "Posted Published"),
            ("second linkedin/company", "Posted Published"),
            ("third linkedin/company", "AwaitingApproval Draft"),
        ])
        .await;
    let nothing = refusal(
        &scene
            .campanile_as(&maya, &["approve", "--channel", "linkedin-company"])
            .await,
    );
    assert!(nothing.contains("nothing waits"), "{nothing}");
    // Who names the row has read it.
    stdout(&scene.campanile_as(&maya, &["approve", "--post", "third"]).await);
    scene
        .until_asset("third linkedin/company", "Posted Published")
        .await;
    let glass = ["approve", "--post", "third", "--break-glass", "short"];
    refusal(&scene.campanile_as(&maya, &glass).await);
    scene.end().await;
}

#[tokio::test]
async fn approvals_are_not_believed_where_no_binding_makes_sure_of_the_approver() {
    let plane = Box::leak(Box::new(ControlPlane::start(Content::Definitions).await));
    let remove = [
        "delete",
        "validatingadmissionpolicybinding",
        "campanile-approvals",
    ];
    stdout(&plane.kubectl(&remove).await);
    let mut scene = Scene::prepare(Cluster::ApiServer(plane), "unbound").await;
    scene.start_operator(&[]).await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    scene.push_sheet(&[scene.row("only", "Read me.").status("pending")], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    let asset = scene.until_asset(KEY, "AwaitingApproval ReviewPending").await;
    let said = scene
        .until_condition("campaign/week1", "ApprovalsHonoured", "False NotEnforced")
        .await;
    assert!(
        said.contains("ValidatingAdmissionPolicyBinding campanile-approvals is not there"),
        "{said}"
    );

    // Nothing keeps anybody from taking her name, so it is worth nothing.
    let admin = scene.kubeconfig();
    let forged = made(&scene, &admin, &manifest("maya", &asset, &json!({}))).await;
    scene.until_condition(&forged, "Valid", "False NotEnforced").await;
    let warned = scene.campanile_as(&admin, &["approve", "--all"]).await;
    let warning = String::from_utf8_lossy(&warned.stderr).into_owned();
    assert!(warning.contains("count for nothing here"), "{warning}");
    assert_eq!(scene.sent().len(), 0);

    plane.apply_policies().await;
    scene
        .until_condition("campaign/week1", "ApprovalsHonoured", "True Enforced")
        .await;
    // What was made before stays worth nothing.
    scene
        .until_condition(&forged, "Valid", "False BeforeThePolicy")
        .await;
    scene.approvals_are_believed().await;
    let said = refusal(&create(&scene, &admin, &manifest("maya", &asset, &json!({}))).await);
    assert!(said.contains("spec.approver has to be"), "{said}");
    let asset = scene.asset(KEY).await;
    assert_eq!(asset.standing(), "AwaitingApproval ReviewPending");
    stdout(&scene.campanile_as(&admin, &["approve", "--all"]).await);
    scene.until_asset(KEY, "Posted Published").await;
    assert_eq!(scene.sent().len(), 1);
    scene.end().await;
}

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

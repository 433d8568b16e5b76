//! `campanile plan` and `campanile simulate` as a script runs them: a folder, a branch, and what the exit code says.

#![expect(clippy::unwrap_used, reason = "tests end where they go wrong")]

use std::{
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::git_http::TestRepository;

const MANIFESTS: &str = r#"
apiVersion: campanile.dev/v1alpha1
kind: Campaign
metadata: {name: week1}
spec:
  source:
    git: {url: "https://git.example.com/team/gtm.git", branch: main}
    sheets: [{path: sheet.csv}]
  timeZone: Asia/Jerusalem
  policies: []
---
apiVersion: campanile.dev/v1alpha1
kind: ChannelConfig
metadata: {name: linkedin-company}
spec: {platform: linkedin, account: company, webhook: {url: "https://hooks.example.com/"}}
"#;

fn sheet(status: &str) -> String {
    format!(
        "post_id,publish_date,locale,platform,account_target,post_copy,utm_url,status\n\
         launch,2026-02-16,en,linkedin,company,We are live.,https://e.com/?utm_source=a&utm_medium=b&utm_campaign=c,{status}\n"
    )
}

fn campanile(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_campanile"))
        .current_dir(folder)
        .args(arguments)
        .env_remove("KUBECONFIG")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn planned(folder: &Path, more: &[&str]) -> Output {
    campanile(
        folder,
        &[&["plan", "--at", "2026-02-15T10:00:00Z"], more].concat(),
    )
}

#[test]
fn the_exit_code_says_whether_something_is_blocked() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("campanile.yaml"), MANIFESTS).unwrap();
    for (status, code) in [("approved", 0), ("draft", 0), ("pending", 0), ("scheduled", 2)] {
        std::fs::write(folder.path().join("sheet.csv"), sheet(status)).unwrap();
        for format in ["text", "json", "markdown"] {
            let output = planned(folder.path(), &["-o", format]);
            assert_eq!(
                output.status.code(),
                Some(code),
                "{status} as {format}: {}",
                text(&output)
            );
            // A comment on a pull request counts drafts and does not list them.
            let said = match (status, format) {
                ("draft", "markdown") => "1 waiting as drafts",
                _ => "launch",
            };
            assert!(text(&output).contains(said), "{status} as {format}");
        }
    }
    std::fs::remove_file(folder.path().join("campanile.yaml")).unwrap();
    let nothing = planned(folder.path(), &[]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("found no Campaign"));
}

#[test]
fn a_branch_is_planned_as_it_is_and_not_as_the_folder_lies_there() {
    let root = TempDir::new().unwrap();
    let repository = TestRepository::create(root.path(), "gtm");
    repository
        .write("campanile.yaml", MANIFESTS)
        .write("sheet.csv", sheet("approved"));
    repository.commit("Week 1");
    repository.git(&["branch", "week-1"]);
    repository.write("sheet.csv", sheet("scheduled"));
    let tree = repository.work_tree();
    let branch = planned(tree, &["--branch", "week-1"]);
    assert_eq!(branch.status.code(), Some(0), "{}", text(&branch));
    assert!(
        text(&branch).contains("08:10  launch  linkedin/company  en"),
        "{}",
        text(&branch)
    );
    assert_eq!(planned(tree, &[]).status.code(), Some(2));
    let missing = planned(tree, &["--branch", "none"]);
    assert_eq!(missing.status.code(), Some(1));
    let nowhere = planned(Path::new("/"), &["--branch", "week-1"]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("is in no git repository"));
}

#[test]
fn a_simulation_is_a_calendar_whatever_is_in_the_way() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("campanile.yaml"), MANIFESTS).unwrap();
    std::fs::write(folder.path().join("sheet.csv"), sheet("pending")).unwrap();
    let from = ["simulate", "--from", "2026-02-15T10:00:00Z", "--for", "3d"];
    let held = campanile(folder.path(), &from);
    assert_eq!(held.status.code(), Some(0));
    assert!(
        text(&held).contains("0 published, 1 missed, 0 held"),
        "{}",
        text(&held)
    );
    let assumed = campanile(
        folder.path(),
        &[&from[..], &["--assume-approved", "-o", "json"]].concat(),
    );
    let calendar: serde_json::Value = serde_json::from_str(&text(&assumed)).unwrap();
    assert_eq!(
        calendar["entries"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["published"] == true)
            .count(),
        1
    );
}

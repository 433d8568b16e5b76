use tempfile::TempDir;

use super::*;

const HEADER: &str = "post_id,publish_date,locale,platform,account_target,post_copy,utm_url,status\n";
const LINK: &str = "https://e.com/?utm_source=a&utm_medium=b&utm_campaign=c";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

fn row(id: &str, date: &str) -> String {
    format!("{id},{date},en,linkedin,personal,Hello,{LINK},draft\n")
}

fn checked(paths: &[PathBuf]) -> Checked {
    check(paths, "2026-02-15T10:00:00Z".parse().unwrap()).unwrap()
}

fn of(folder: &TempDir) -> Checked {
    checked(&[folder.path().to_owned()])
}

fn codes(checked: &Checked) -> Vec<&str> {
    checked.diagnostics.iter().map(|found| found.code).collect()
}

#[test]
fn files_are_known_by_their_shape_and_others_are_left_alone() {
    let folder = folder(&[
        ("docs/sheet.csv", &format!("{HEADER}{}", row("a", "16/02/2026"))),
        ("docs/prices.csv", "name,price\na,1\n"),
        (
            "docs/sheet.json",
            r#"[{"post_id": "b", "publish_date": "never", "platform": "x"}]"#,
        ),
        ("package.json", r#"{"name": "site"}"#),
        (
            "emails.md",
            "## EN D0 — Hi\nSubject: a\n\nBody:\nHello {{name}}\n",
        ),
        ("README.md", "# Read me\n"),
        (
            "queue.json",
            r#"{"week_id": "w1", "tasks": [{"id": "t", "type": "dance", "asset": "a", "due_date": "2026-02-16", "status": "pending"}]}"#,
        ),
    ]);
    let checked = of(&folder);
    assert_eq!(checked.files, 4);
    for code in ["BadDate", "ColumnMissing", "PlaceholderUndeclared", "NotHandled"] {
        assert!(codes(&checked).contains(&code), "{code}: {:?}", codes(&checked));
    }
    assert!(checked.has_errors());
}

#[test]
fn a_folder_with_nothing_of_ours_is_an_error_and_no_success() {
    let folder = folder(&[("README.md", "# Read me\n")]);
    let nothing = check(&[folder.path().to_owned()], Timestamp::UNIX_EPOCH);
    assert!(matches!(nothing, Err(CheckError::NothingToCheck)));
    let missing = check(&[folder.path().join("no")], Timestamp::UNIX_EPOCH);
    assert!(matches!(missing, Err(CheckError::Unreadable { .. })));
}

#[test]
fn a_file_that_is_named_must_be_what_its_name_says() {
    let folder = folder(&[("sheet.csv", "colour,price\na,1\n")]);
    let checked = checked(&[folder.path().join("sheet.csv")]);
    assert!(codes(&checked).contains(&"ColumnMissing"));
    assert!(checked.diagnostics[0].path.ends_with("sheet.csv"));
}

#[test]
fn an_issue_is_checked_alone_or_by_the_queue_that_sends_it() {
    let issue =
        "Goal: more\n\n## EN\nSubject: a\nIntro: b\nMain points: c\nCTA: d\nLink: {{link}}\nClosing: e\n";
    let queue = r#"{"week_id": "w1", "tasks": [{"id": "t", "type": "newsletter_send", "asset": "issue.md", "due_date": "2026-02-16", "status": "pending"}]}"#;
    let folder = folder(&[("issue.md", issue), ("queue.json", queue)]);
    for paths in [
        vec![folder.path().join("issue.md")],
        vec![folder.path().join("issue.md"), folder.path().join("queue.json")],
        vec![folder.path().to_owned()],
    ] {
        let checked = checked(&paths);
        assert_eq!(
            codes(&checked),
            ["NotEnforced", "PlaceholderUndeclared"],
            "{paths:?}"
        );
        assert_eq!(checked.diagnostics[1].position.line, 8);
    }
}

#[test]
fn rows_of_every_campaign_are_checked_where_no_campaign_is_there() {
    let sheet = format!(
        "{}{}",
        HEADER.replace("status", "status,campaign"),
        row("a", "never").replace("draft", "draft,other")
    );
    assert_eq!(codes(&of(&folder(&[("sheet.csv", &sheet)]))), ["BadDate"]);
}

const CAMPAIGN: &str = r#"# the plan
apiVersion: v1
kind: Namespace
metadata: {name: team}
---
apiVersion: campanile.dev/v1alpha1
kind: Campaign
metadata: {name: week-1, namespace: team}
spec:
  weekId: w1
  source:
    git: {url: "https://git.example.com/gtm.git", branch: main}
    sheets: [{path: "docs/*.csv"}]
  timeZone: Asia/Jerusalem
  policies: []
---
apiVersion: campanile.dev/v1alpha1
kind: ChannelConfig
metadata: {name: hook, namespace: team}
spec:
  platform: linkedin
  account: personal
  webhook: {url: "https://hooks.example.com/a"}
"#;

#[test]
fn with_a_campaign_among_the_files_only_what_it_reads_is_checked() {
    let folder = folder(&[
        ("manifests/campaign.yaml", CAMPAIGN),
        ("docs/sheet.csv", &format!("{HEADER}{}", row("a", "2026-02-16"))),
        ("old/sheet.csv", &format!("{HEADER}{}", row("a", "never"))),
    ]);
    let checked = of(&folder);
    assert!(checked.diagnostics.is_empty(), "{:?}", checked.diagnostics);
    assert_eq!(checked.files, 2);
}

#[test]
fn a_manifest_that_cannot_be_read_is_shown_at_its_line() {
    let broken = CAMPAIGN.replace("  timeZone: Asia/Jerusalem\n", "  timeZone: [1]\n");
    let folder = folder(&[("campaign.yaml", &broken)]);
    let checked = of(&folder);
    assert_eq!(codes(&checked), ["BadManifest"]);
    assert_eq!(checked.diagnostics[0].position.line, 14);
    let two = CAMPAIGN.replace("  webhook:", "  objectStore: {url: \"s3://a\"}\n  webhook:");
    let folder = self::folder(&[
        ("campaign.yaml", &two),
        ("docs/a.csv", &format!("{HEADER}{}", row("a", "2026-02-16"))),
    ]);
    assert_eq!(codes(&of(&folder)), ["NotOneChannel"]);
}

#[test]
fn a_link_is_not_followed_and_a_path_does_not_leave_the_folder() {
    let outside = folder(&[("secret.csv", &format!("{HEADER}{}", row("a", "never")))]);
    let campaign = CAMPAIGN.replace("docs/*.csv", "link.csv");
    let folder = folder(&[("campaign.yaml", &campaign)]);
    std::os::unix::fs::symlink(outside.path().join("secret.csv"), folder.path().join("link.csv")).unwrap();
    assert_eq!(codes(&of(&folder)), ["FileRefused"]);
    let above = CAMPAIGN.replace("docs/*.csv", "../secret.csv");
    std::fs::write(folder.path().join("campaign.yaml"), above).unwrap();
    assert_eq!(codes(&of(&folder)), ["FileRefused"]);
}

fn one_problem() -> Checked {
    let sheet = format!(
        "{HEADER}{}",
        row("ש,%", "16/02/2026").replacen("ש,%", "\"ש,%\"", 1)
    );
    let folder = folder(&[("docs/my sheet.csv", &sheet)]);
    let mut checked = of(&folder);
    let root = format!("{}/", folder.path().display());
    for diagnostic in &mut checked.diagnostics {
        diagnostic.path = diagnostic.path.replace(&root, "");
    }
    checked
}

#[test]
fn text_shows_place_code_line_and_help() {
    insta::assert_snapshot!(one_problem().report(Format::Text, false).unwrap(), @r#"
    error[BadDate]: `16/02/2026` is a day as Excel writes it.
     --> docs/my sheet.csv:2:7
      |
    2 | "ש,%",16/02/2026,en,linkedin,personal,Hello,https://e.com/?utm_source=a&utm_medium=b&utm_campaign=c,draft
      |       ^^^^^^^^^^
      |
      = help: Write it as YYYY-MM-DD: 2026-02-16.
    "#);
}

#[test]
fn github_annotations_are_escaped() {
    insta::assert_snapshot!(one_problem().report(Format::Github, false).unwrap(), @"::error file=docs/my sheet.csv,line=2,col=7,title=BadDate::`16/02/2026` is a day as Excel writes it. Write it as YYYY-MM-DD: 2026-02-16.");
}

#[test]
fn json_and_sarif_are_what_programs_read() {
    let json: serde_json::Value =
        serde_json::from_str(&one_problem().report(Format::Json, false).unwrap()).unwrap();
    assert_eq!(json[0]["code"], "BadDate");
    assert_eq!(json[0]["column"], 7);
    let sarif: serde_json::Value =
        serde_json::from_str(&one_problem().report(Format::Sarif, false).unwrap()).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "BadDate");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "docs/my%20sheet.csv");
    assert_eq!(place["region"]["startColumn"], 7);
}

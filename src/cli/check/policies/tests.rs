use tempfile::TempDir;

use super::super::{Checked, Format, check};
use crate::{api::Severity, domain::content::diagnostic::Diagnostic};

const CAMPAIGN: &str = r#"apiVersion: campanile.dev/v1alpha1
kind: Campaign
metadata: {name: week-1, namespace: team}
spec:
  source:
    git: {url: "https://git.example.com/gtm.git", branch: main}
    sheets: [{path: "docs/*.csv"}]
  timeZone: Asia/Jerusalem
"#;
const PACK: &str = "\
apiVersion: campanile.dev/v1alpha1
kind: PolicyPack
metadata: {name: brand, namespace: team}
spec:
  rules:
    - {name: no-hype, message: We promise nothing., bannedPhrases: {phrases: [guaranteed]}}
  tests:
    - {name: hype is refused, asset: {text: Guaranteed interviews, locale: en}, expect: {rule: no-hype, result: Fail}}
";
const SHEET: &str = "post_id,publish_date,locale,platform,account_target,post_copy,utm_url,status\n\
    a,2026-02-16,en,linkedin,personal+company,\"A \"\"guaranteed\"\" harvest.\",https://e.com/?utm_source=a&utm_medium=b&utm_campaign=c,draft\n";

fn checked(policies: &str, pack: &str) -> Checked {
    let folder = TempDir::new().unwrap();
    let files = [
        ("campaign.yaml", format!("{CAMPAIGN}{policies}")),
        ("pack.yaml", pack.to_owned()),
        ("docs/sheet.csv", SHEET.to_owned()),
    ];
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let mut checked = check(
        &[folder.path().to_owned()],
        "2026-02-15T10:00:00Z".parse().unwrap(),
    )
    .unwrap();
    let root = format!("{}/", folder.path().display());
    for diagnostic in &mut checked.diagnostics {
        diagnostic.path = diagnostic.path.replace(&root, "");
    }
    checked
}

fn found(policies: &str, pack: &str) -> Vec<String> {
    let place = |found: &Diagnostic| {
        format!(
            "{:?} {} {}:{}",
            found.severity, found.code, found.path, found.position.line
        )
    };
    checked(policies, pack).diagnostics.iter().map(place).collect()
}

const NAMED: &str = "  policies: [{name: brand}]\n";

#[test]
fn what_a_pack_stops_is_shown_once_for_all_accounts_at_its_line_and_column() {
    let text = checked(NAMED, PACK).report(Format::Text, false).unwrap();
    assert!(
        text.contains("error[GuardFailed]: Rule no-hype of PolicyPack brand: "),
        "{text}"
    );
    // Quotes of a cell are written twice.
    assert!(text.contains("--> docs/sheet.csv:2:48"), "{text}");
    assert_eq!(text.matches("GuardFailed").count(), 1, "{text}");
    let json = checked(NAMED, PACK).report(Format::Json, false).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json[0]["code"], &json[0]["column"]),
        (&"GuardFailed".into(), &48.into())
    );
    for format in [Format::Github, Format::Sarif] {
        let report = checked(NAMED, PACK).report(format, false).unwrap();
        assert!(
            report.contains("GuardFailed") && report.contains("48"),
            "{report}"
        );
    }
}

#[test]
fn what_a_rule_only_tries_out_is_a_warning() {
    let audit = PACK.replace("{name: no-hype,", "{name: no-hype, mode: Audit,");
    let checked = checked(NAMED, &audit);
    assert!(!checked.has_errors());
    assert_eq!(checked.count(Severity::Warning), 1);
}

#[test]
fn a_campaign_without_policies_is_warned_of_and_an_empty_list_silences_that() {
    assert_eq!(found("", PACK), ["Warning NotGuarded campaign.yaml:1"]);
    assert!(found("  policies: []\n", PACK).is_empty());
}

#[test]
fn a_pack_that_is_not_among_the_files_is_named() {
    let found = found("  policies: [{name: legal}]\n", PACK);
    assert_eq!(found, ["Warning PolicyNotHere campaign.yaml:1"]);
}

#[test]
fn a_pack_whose_tests_fail_is_an_error_at_its_manifest_and_judges_nothing() {
    let wrong = PACK.replace("result: Fail", "result: Pass");
    assert_eq!(found(NAMED, &wrong), ["Error PolicyTestFails pack.yaml:1"]);
}

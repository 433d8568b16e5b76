//! The walk of a first week with guards on: what a realistic pack says of a team's real files, and where.

#![expect(clippy::unwrap_used, reason = "tests end where they go wrong")]

use std::{collections::BTreeMap, sync::Arc};

use campanile::{
    api::{CampaignSpec, PolicyPack, RuleResult},
    domain::{
        content::Files as _,
        gates::is_stopping,
        guarding::{Beside, Guards, Needs, claims},
        policy::{self, CompiledPack, GuardFinding},
        wanted::{Inputs, wanted},
    },
};
use serde_json::json;

use super::{
    brand::{self, CLAIMS, TO_BE_DEFINED},
    week_one::{EMAILS, QUEUE, SHEET, sets},
};

/// What a guard found in an asset that it stops: `post locale`, then the finding.
type Stopped = (String, GuardFinding);

fn pack() -> (Arc<CompiledPack>, Needs) {
    let pack: PolicyPack = serde_saphyr::from_str(&brand::pack()).unwrap();
    let compiled = policy::compile("brand", &pack.spec).unwrap();
    assert!(policy::run_tests(&compiled).iter().all(|test| test.passed));
    (Arc::new(compiled), Needs::of(&pack.spec))
}

fn campaign() -> CampaignSpec {
    serde_json::from_value(json!({
        "weekId": "week1_launch",
        "source": {
            "git": {"url": "https://git.example.com/team/gtm.git", "branch": "main"},
            "sheets": [{"path": SHEET}],
            "emails": [{
                "path": EMAILS,
                "account": "welcome",
                "variables": ["dashboard_link", "checker_link", "upgrade_link"],
            }],
            "queues": [{"path": QUEUE, "pages": {"platform": "web", "account": "site"}}],
        },
        "timeZone": "Asia/Jerusalem",
        "policies": [{"name": "brand"}],
    }))
    .unwrap()
}

/// Everything that the pack says of everything that the files ask for.
fn judged(files: &BTreeMap<String, Vec<u8>>) -> (Vec<Stopped>, usize) {
    let (pack, needs) = pack();
    let (packs, campaign) = ([pack], campaign());
    let (claims, problems) = claims(files, &needs);
    assert!(problems.is_empty(), "{problems:#?}");
    let inputs = Inputs {
        campaign: &campaign,
        campaign_name: "week1-launch",
        files,
        revision: "0123456789abcdef",
        channels: &[],
        now: "2026-02-15T10:00:00Z".parse().unwrap(),
    };
    let guards = Guards {
        packs: &packs,
        registries: claims.registries(),
        now: inputs.now,
    };
    let wanted = wanted(&inputs);
    let mut found = Vec::new();
    for asset in &wanted.assets {
        let beside = Beside {
            places: Some(&asset.places()),
            ..Beside::default()
        };
        let verdict = guards.judge(&asset.spec, beside);
        let key = format!("{} {}", asset.spec.post_id, asset.spec.locale);
        found.extend(verdict.findings.into_iter().map(|finding| (key.clone(), finding)));
    }
    (found, wanted.assets.len())
}

fn with_claims(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    files
        .entry(CLAIMS.to_owned())
        .or_insert_with(|| TO_BE_DEFINED.as_bytes().to_vec());
    files
}

/// The words of a file from a place on.
fn from_place(files: &BTreeMap<String, Vec<u8>>, finding: &GuardFinding) -> String {
    let bytes = files.read(&finding.path, 32 * 1024 * 1024).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let text = text.trim_start_matches('\u{feff}');
    let line = text.lines().nth(finding.line as usize - 1).unwrap_or_default();
    line.chars().skip(finding.column as usize - 1).collect()
}

#[test]
fn only_the_durations_of_the_last_email_are_stopped_in_both_languages() {
    for files in sets().into_iter().map(with_claims) {
        let (found, assets) = judged(&files);
        assert!(assets > 20, "{assets} assets");
        let stopped: Vec<(&str, &str)> = found
            .iter()
            .filter(|(_, finding)| is_stopping(finding))
            .map(|(key, finding)| (key.as_str(), finding.rule.as_str()))
            .collect();
        for (key, rule) in &stopped {
            assert!(
                key.starts_with("welcome-D7") || key.starts_with("welcome-d7"),
                "{key} is stopped by {rule}: {found:#?}"
            );
            assert_eq!(*rule, "verified-numbers", "{key}");
        }
        for locale in ["en", "he"] {
            let of_locale = stopped.iter().filter(|(key, _)| key.ends_with(locale));
            assert!(of_locale.count() >= 2, "30-45 and 10-15 in {locale}: {found:#?}");
        }
    }
}

#[test]
fn every_finding_stands_where_it_says() {
    for files in sets().into_iter().map(with_claims) {
        let (found, _) = judged(&files);
        for (key, finding) in found.iter().filter(|(_, finding)| !finding.excerpt.is_empty()) {
            let there = from_place(&files, finding);
            let words = finding.excerpt.trim_end_matches('…');
            assert!(
                there.starts_with(words),
                "{key}: {finding:#?} is not at `{there}`"
            );
        }
        for number in ["30-45", "10-15"] {
            let at_it = found
                .iter()
                .filter(|(_, finding)| from_place(&files, finding).contains(number));
            assert!(at_it.count() >= 2, "{number} in two languages: {found:#?}");
        }
    }
}

#[test]
fn a_phrase_in_a_quoted_cell_is_found_at_its_column() {
    let Some(files) = sets().into_iter().next().map(with_claims) else {
        return;
    };
    let edited = edited(&files, SHEET, |text| {
        text.replacen("pots", "\"\"guaranteed\"\" pots", 1).replacen(
            "קורות החיים",
            "\"\"guaranteed\"\" קורות החיים",
            1,
        )
    });
    let (found, _) = judged(&edited);
    let hype: Vec<&GuardFinding> = found
        .iter()
        .map(|(_, finding)| finding)
        .filter(|finding| finding.rule == "no-hype")
        .collect();
    assert!(!hype.is_empty(), "{found:#?}");
    for finding in hype {
        assert!(
            from_place(&edited, finding).starts_with("guaranteed"),
            "{finding:#?}"
        );
    }
}

fn edited(
    files: &BTreeMap<String, Vec<u8>>,
    path: &str,
    edit: impl Fn(String) -> String,
) -> BTreeMap<String, Vec<u8>> {
    let mut files = files.clone();
    let text = String::from_utf8(files.get(path).unwrap().clone()).unwrap();
    files.insert(path.to_owned(), edit(text).into_bytes());
    files
}

#[test]
fn a_broken_file_of_claims_names_its_line_and_stops_no_sheet() {
    let Some(files) = sets().into_iter().next() else {
        return;
    };
    let broken = with_claims(files);
    let broken = edited(&broken, CLAIMS, |text| text.replace("| Metric |", "| Metrik |"));
    let (_, needs) = pack();
    let (_, problems) = claims(&broken, &needs);
    assert!(!problems.is_empty());
    for problem in &problems {
        assert!(!problem.fatal && problem.path == CLAIMS, "{problem:?}");
    }
    assert!(
        problems.iter().any(|problem| problem.position.line > 0),
        "{problems:#?}"
    );
}

#[test]
fn claims_that_are_missing_let_no_number_pass() {
    let Some(mut files) = sets().into_iter().next() else {
        return;
    };
    files.remove(CLAIMS);
    let (pack, needs) = pack();
    let (claims, problems) = claims(&files, &needs);
    assert_eq!(problems[0].code, "FileMissing");
    let packs = [pack];
    let guards = Guards {
        packs: &packs,
        registries: claims.registries(),
        now: "2026-02-15T10:00:00Z".parse().unwrap(),
    };
    let campaign = campaign();
    let wanted = wanted(&Inputs {
        campaign: &campaign,
        campaign_name: "week1-launch",
        files: &files,
        revision: "0123456789abcdef",
        channels: &[],
        now: guards.now,
    });
    let d7 = wanted
        .assets
        .iter()
        .find(|asset| asset.spec.post_id.eq_ignore_ascii_case("welcome-D7"))
        .unwrap();
    assert_ne!(guards.judge(&d7.spec, Beside::default()).result, RuleResult::Pass);
}

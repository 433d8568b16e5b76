use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    api::{AssetType, CampaignSpec, ChannelConfigSpec, Direction, Intent, Severity},
    domain::{
        channels::fitting,
        content::diagnostic::Diagnostic,
        wanted::{ChannelFacts, Inputs, Wanted, WantedAsset, wanted},
    },
};

const ISSUE: &str = "# Week 1\n\nGoal: more.\n\n## EN Version\nSubject: Hello\nIntro:\nWe looked.\nMain points:\n1. One\nCTA:\nLook.\nLink: {{link_en}}\nClosing:\nBye.\n\n## HE Version\nנושא: שלום\nפתיח:\nהסתכלנו.\nנקודות מרכזיות:\n1. אחת\nCTA:\nהסתכלו.\nקישור: {{link_he}}\nסגירה:\nלהתראות.\n";
const SHEET: &str = "post_id,publish_date,locale,platform,account_target,post_copy,utm_url,status\nsnippet,2026-02-18,he,newsletter,weekly_issue,Words,https://example.com/?utm_source=a&utm_medium=b&utm_campaign=c,approved\n";

fn link(name: &str) -> Value {
    let value = "https://example.com/?utm_source=newsletter&utm_medium=email&utm_campaign=week1";
    json!({"name": name, "value": value})
}

fn newsletters() -> Value {
    json!({"platform": "newsletter", "account": "weekly", "variables": [link("link_en"), link("link_he")]})
}

fn task(id: &str, more: &str) -> String {
    format!(
        r#"{{"id": "{id}", "type": "newsletter_send", "asset": "issue.md", "due_date": "2026-02-18", "status": "approved"{more}}}"#
    )
}

/// What is asked for by a queue with these tasks, beside a sheet with one row.
struct World {
    newsletters: Value,
    tasks: Vec<String>,
    issue: Option<String>,
    sheet: String,
    channels: Vec<ChannelFacts>,
}

impl World {
    fn new() -> Self {
        Self {
            newsletters: newsletters(),
            tasks: vec![task("weekly_1", "")],
            issue: Some(ISSUE.to_owned()),
            sheet: SHEET.to_owned(),
            channels: Vec::new(),
        }
    }

    fn with(change: impl FnOnce(&mut Self)) -> Wanted {
        let mut world = Self::new();
        change(&mut world);
        world.wanted()
    }

    fn wanted(&self) -> Wanted {
        let campaign: CampaignSpec = serde_json::from_value(json!({
            "weekId": "w1",
            "source": {
                "git": {"url": "https://git.example.com/team/gtm.git", "branch": "main"},
                "sheets": [{"path": "sheet.csv"}],
                "queues": [{"path": "queue.json", "newsletters": self.newsletters}],
            },
            "timeZone": "Asia/Jerusalem",
        }))
        .unwrap();
        let queue = format!(r#"{{"week_id": "w1", "tasks": [{}]}}"#, self.tasks.join(","));
        let mut files = BTreeMap::from([
            ("sheet.csv".to_owned(), self.sheet.clone().into_bytes()),
            ("queue.json".to_owned(), queue.into_bytes()),
        ]);
        if let Some(issue) = &self.issue {
            files.insert("issue.md".to_owned(), issue.clone().into_bytes());
        }
        wanted(&Inputs {
            campaign: &campaign,
            campaign_name: "week-1",
            files: &files,
            revision: "0123abcd",
            channels: &self.channels,
            now: "2026-02-15T10:00:00Z".parse().unwrap(),
        })
    }
}

fn codes(found: &[Diagnostic]) -> Vec<&str> {
    found.iter().map(|one| one.code).collect()
}

fn findings(asset: &WantedAsset) -> Vec<&str> {
    asset.spec.findings.iter().map(|one| one.code.as_str()).collect()
}

/// Each Asset by post, account and locale, with its findings.
fn standing(wanted: &Wanted) -> Vec<(&str, &str, &str, Vec<&str>)> {
    let mut found: Vec<_> = wanted
        .assets
        .iter()
        .map(|asset| {
            let spec = &asset.spec;
            (
                spec.post_id.as_str(),
                spec.target.account.as_str(),
                spec.locale.as_str(),
                findings(asset),
            )
        })
        .collect();
    found.sort();
    found
}

#[test]
fn an_issue_is_one_broadcast_for_each_of_its_languages_and_its_row_is_a_part_of_it() {
    let wanted = World::new().wanted();
    assert_eq!(codes(&wanted.diagnostics), ["NotEnforced", "PartOfIssue"]);
    assert_eq!(
        standing(&wanted),
        [
            ("weekly_1", "weekly", "en", vec![]),
            ("weekly_1", "weekly", "he", vec![])
        ]
    );
    // The row has not vanished: whatever stood for it is no withdrawal.
    assert_eq!(wanted.slots.len(), 3);
    for asset in &wanted.assets {
        let spec = &asset.spec;
        assert_eq!((spec.type_, spec.intent), (AssetType::Email, Intent::Approved));
        assert_eq!(spec.schedule.date.as_deref(), Some("2026-02-18"));
        assert_eq!(asset.path, "issue.md");
        let url = &spec.content.links[0].url;
        assert!(
            url.ends_with(&format!("&cid={}", asset.slot.parameter())),
            "{url}"
        );
        assert!(spec.content.text.contains(url.as_str()) && !spec.content.text.contains("{{"));
    }
    let hebrew = wanted
        .assets
        .iter()
        .find(|asset| asset.spec.locale == "he")
        .unwrap();
    assert_eq!((hebrew.line, hebrew.spec.content.direction), (17, Direction::Rtl));
    assert_eq!(hebrew.spec.content.subject.as_deref(), Some("שלום"));
    assert_eq!(hebrew.spec.content.preview_text.as_deref(), Some("הסתכלנו."));
}

#[test]
fn a_list_of_each_language_has_the_locale_in_its_account() {
    let wanted = World::with(|world| world.newsletters["account"] = json!("weekly-{locale}"));
    let accounts: Vec<&str> = standing(&wanted)
        .iter()
        .map(|(_, account, ..)| *account)
        .collect();
    assert_eq!(accounts, ["weekly-en", "weekly-he"]);
    let long = format!("{}{{locale}}", "a".repeat(127));
    let wanted = World::with(|world| world.newsletters["account"] = json!(long));
    assert_eq!(codes(&wanted.diagnostics)[0], "BadTarget");
    assert!(wanted.assets.is_empty());
}

#[test]
fn a_name_without_a_value_stops_its_version_alone() {
    let wanted = World::with(|world| world.newsletters["variables"] = json!([link("link_en")]));
    assert_eq!(
        standing(&wanted),
        [
            ("weekly_1", "weekly", "en", vec![]),
            ("weekly_1", "weekly", "he", vec!["PlaceholderUndeclared"])
        ]
    );
    let found = &wanted.diagnostics[0];
    assert_eq!(
        (&*found.path, found.position.line, found.position.column),
        ("issue.md", 25, 8)
    );
    assert!(found.message.contains("`link_he`"), "{}", found.message);
}

#[test]
fn what_a_value_says_is_a_part_of_what_is_approved() {
    let text = |value: &str| {
        let wanted = World::with(|world| world.newsletters["variables"][0]["value"] = json!(value));
        let asset = wanted.assets.into_iter().find(|asset| asset.spec.locale == "en");
        asset.unwrap().spec.content
    };
    let one = text("https://example.com/a?utm_source=a&utm_medium=b&utm_campaign=c");
    let other = text("https://example.com/b?utm_source=a&utm_medium=b&utm_campaign=c");
    assert!(one.text != other.text && one.html != other.html && one.links != other.links);
}

#[test]
fn a_queue_without_a_list_for_its_issues_says_so_and_the_row_stays_alone() {
    let wanted = World::with(|world| world.newsletters = Value::Null);
    assert_eq!(
        codes(&wanted.diagnostics),
        ["NewslettersTargetMissing", "IssueMissing"]
    );
    assert!(wanted.diagnostics[0].message.contains("`weekly_1`"));
    assert_eq!(
        standing(&wanted),
        [("snippet", "weekly_issue", "he", vec!["IssueMissing"])]
    );
}

#[test]
fn an_issue_that_is_missing_or_cannot_be_read_keeps_what_stands() {
    for (issue, code, path) in [
        (None, "FileMissing", "queue.json"),
        (Some("# Nothing"), "NoVersions", "issue.md"),
    ] {
        let wanted = World::with(|world| world.issue = issue.map(str::to_owned));
        let found = wanted
            .diagnostics
            .iter()
            .find(|found| found.code == code)
            .unwrap();
        assert_eq!((&*found.path, found.severity), (path, Severity::Error));
        assert!(wanted.parsed && wanted.keeps("issue.md", AssetType::Email));
        assert_eq!(
            standing(&wanted),
            [("snippet", "weekly_issue", "he", vec!["IssueMissing"])]
        );
    }
    let wanted = World::with(|world| world.tasks = vec!["{".to_owned()]);
    assert!(wanted.queue_unread && wanted.keeps("any.md", AssetType::Email));
}

#[test]
fn a_version_that_is_not_whole_is_an_invalid_asset_and_the_other_goes_on() {
    let wanted = World::with(|world| world.issue = Some(ISSUE.replace("Closing:\nBye.\n", "")));
    assert_eq!(
        standing(&wanted),
        [
            ("weekly_1", "weekly", "en", vec!["LabelMissing"]),
            ("weekly_1", "weekly", "he", vec![])
        ]
    );
}

#[test]
fn a_task_with_a_locale_sends_that_version_alone() {
    let one = World::with(|world| world.tasks = vec![task("weekly_1", r#", "locale": "en""#)]);
    // The Hebrew row is in no issue any more.
    assert_eq!(
        standing(&one),
        [
            ("snippet", "weekly_issue", "he", vec!["IssueMissing"]),
            ("weekly_1", "weekly", "en", vec![])
        ]
    );
    let none = World::with(|world| world.tasks = vec![task("weekly_1", r#", "locale": "fr""#)]);
    assert!(codes(&none.diagnostics).contains(&"VersionMissing"));
}

#[test]
fn two_tasks_that_would_send_one_issue_to_one_list_are_both_stopped() {
    for (locale, assets) in [("", 4), (r#", "locale": "en""#, 3)] {
        let wanted = World::with(|world| world.tasks.push(task("weekly_2", locale)));
        assert_eq!(wanted.assets.len(), assets);
        for asset in &wanted.assets {
            assert_eq!(findings(asset)[0], "DuplicateTask", "{}", asset.name);
        }
    }
    let apart = World::with(|world| {
        world.tasks = ["en", "he"]
            .map(|locale| task(locale, &format!(r#", "locale": "{locale}""#)))
            .to_vec();
    });
    assert!(!codes(&apart.diagnostics).contains(&"DuplicateTask") && apart.assets.len() == 2);
}

#[test]
fn a_status_or_day_that_cannot_be_read_stops_both_versions() {
    let wanted = World::with(|world| world.tasks[0] = world.tasks[0].replace("approved", "scheduled"));
    for asset in &wanted.assets {
        assert_eq!(findings(asset), ["AmbiguousStatus"]);
        assert_eq!(asset.spec.intent, Intent::Draft);
    }
}

#[test]
fn a_row_that_is_done_with_stays_an_asset_of_its_own() {
    let wanted = World::with(|world| world.sheet = SHEET.replace("approved", "posted"));
    assert_eq!(wanted.assets.len(), 3);
    assert!(!codes(&wanted.diagnostics).contains(&"PartOfIssue"));
}

#[test]
fn what_the_list_s_channel_cannot_fill_in_stops_the_version_before_the_day() {
    let config: ChannelConfigSpec = serde_json::from_value(json!({
        "platform": "newsletter", "account": "weekly",
        "smtp": {"host": "mail.example.com", "from": "a@example.com", "to": ["list@example.com"]},
    }))
    .unwrap();
    let wanted = World::with(|world| {
        world.issue = Some(ISSUE.replace("We looked.", "Dear {{first_name | reader}}, we looked."));
        world.channels = vec![ChannelFacts {
            platform: config.platform.clone(),
            account: config.account.clone(),
            environment: config.environment,
            type_: "smtp",
            fitting: fitting(config.channel().unwrap()),
        }];
    });
    assert_eq!(
        standing(&wanted),
        [
            ("weekly_1", "weekly", "en", vec!["PersonalisationNotFilled"]),
            ("weekly_1", "weekly", "he", vec![])
        ]
    );
    let found = wanted
        .diagnostics
        .iter()
        .find(|found| found.code == "PersonalisationNotFilled");
    assert!(found.unwrap().message.contains("{{first_name | reader}}"));
}

//! The walk of a first week: what becomes of each row, task and e-mail of a team's real files.

#![expect(clippy::unwrap_used, reason = "tests end where they go wrong")]

use std::{collections::BTreeMap, path::Path};

use campanile::{
    api::{AssetType, CampaignSpec, Direction, Intent, Severity},
    domain::{
        policy::claims::{self, Outcome, Question, Registry},
        schedule,
        wanted::{Inputs, Wanted, WantedAsset, wanted},
    },
};
use serde_json::json;

pub(crate) const SHEET: &str = "docs/gtm/week-1-social-publishing-sheet.csv";
pub(crate) const QUEUE: &str = "docs/gtm/week-1-task-queue.json";
pub(crate) const EMAILS: &str = "docs/gtm/week-1-email-assets.md";
const ISSUE: &str = "docs/gtm/week-1-newsletter-issue.md";
const METRICS: &str = "docs/gtm/baseline-metrics.md";

/// The files under a folder, by their paths in it.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// The link that an issue names in one of its languages.
fn link(locale: &str) -> serde_json::Value {
    json!({
        "name": format!("utm_week1_newsletter_{locale}"),
        "value": format!("https://www.example.com/{locale}?utm_source=newsletter&utm_medium=email&utm_campaign=week1_launch"),
    })
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
                "html": [{"step": "D0", "locale": "en", "path": "scripts/buttondown-emails/email-1-welcome.html"}],
            }],
            "queues": [{
                "path": QUEUE,
                "pages": {"platform": "web", "account": "site"},
                "newsletters": {"platform": "newsletter", "account": "weekly", "variables": [link("en"), link("he")]},
            }],
        },
        "timeZone": "Asia/Jerusalem",
        "defaultPublishTime": "09:00",
        "times": [{"locales": ["en"], "platforms": ["reddit"], "at": "09:00", "timeZone": "America/New_York"}],
    }))
    .unwrap()
}

fn walk(campaign: &CampaignSpec, files: &BTreeMap<String, Vec<u8>>) -> Wanted {
    wanted(&Inputs {
        campaign,
        campaign_name: "week1-launch",
        files,
        revision: "0123456789abcdef",
        channels: &[],
        now: "2026-02-15T10:00:00Z".parse().unwrap(),
    })
}

/// The team's real files where they stand beside the repository, and a committed set with the same traps.
pub(crate) fn sets() -> Vec<BTreeMap<String, Vec<u8>>> {
    // The folder that the tests run in is the package's.
    let real = Path::new("../shared/inputs/week-1");
    let committed = Path::new("tests/fixtures/week-one");
    assert!(
        real.exists() || std::env::var_os("CI").is_none(),
        "{} is missing, and continuous integration walks the real files",
        real.display()
    );
    [real, committed]
        .into_iter()
        .filter(|folder| folder.exists())
        .map(files)
        .collect()
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

fn assets<'a>(wanted: &'a Wanted, id: &str) -> Vec<&'a WantedAsset> {
    wanted
        .assets
        .iter()
        .filter(|asset| asset.spec.post_id == id)
        .collect()
}

/// Codes of the findings of an asset, in their order.
fn codes(asset: &WantedAsset) -> Vec<&str> {
    asset
        .spec
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

/// A row of the walk: post, its accounts, the instant, and what is found at each of the accounts.
struct Step {
    post: &'static str,
    at: &'static str,
    accounts: &'static [(&'static str, &'static [&'static str])],
}

const SAME: &[&str] = &["SameInstantOnAccount"];

const STEPS: [Step; 19] = [
    Step {
        post: "publish_blog_en_week1",
        at: "2026-02-16 09:00 Asia/Jerusalem",
        accounts: &[("site", &[])],
    },
    Step {
        post: "publish_blog_he_week1",
        at: "2026-02-16 09:00 Asia/Jerusalem",
        accounts: &[("site", &[])],
    },
    Step {
        post: "en_li_narrative_01",
        at: "2026-02-16 09:00 Asia/Jerusalem",
        accounts: &[("company", &[]), ("personal", &[])],
    },
    Step {
        post: "en_li_tactical_01",
        at: "2026-02-17 09:00 Asia/Jerusalem",
        accounts: &[("company", &[]), ("personal", SAME)],
    },
    Step {
        post: "he_li_01",
        at: "2026-02-17 09:00 Asia/Jerusalem",
        accounts: &[("personal", SAME)],
    },
    Step {
        post: "en_reddit_value_01",
        at: "2026-02-18 09:00 America/New_York",
        accounts: &[
            ("r/careerguidance", &["TitleMissing"]),
            ("r/jobs", &["TitleMissing"]),
            ("r/resumes", &["TitleMissing"]),
        ],
    },
    Step {
        post: "en_x_thread_01",
        at: "2026-02-18 09:00 Asia/Jerusalem",
        accounts: &[("main_account", &["ThreadItemsMissing"])],
    },
    Step {
        post: "he_community_01",
        at: "2026-02-18 09:00 Asia/Jerusalem",
        accounts: &[("facebook", &[]), ("telegram", &[]), ("whatsapp", &[])],
    },
    Step {
        post: "en_li_tactical_02",
        at: "2026-02-19 09:00 Asia/Jerusalem",
        accounts: &[("company", &[]), ("personal", SAME)],
    },
    Step {
        post: "he_li_02",
        at: "2026-02-19 09:00 Asia/Jerusalem",
        accounts: &[("personal", SAME)],
    },
    Step {
        post: "en_x_short_01",
        at: "2026-02-19 09:00 Asia/Jerusalem",
        accounts: &[("main_account", SAME)],
    },
    Step {
        post: "he_short_01",
        at: "2026-02-19 09:00 Asia/Jerusalem",
        accounts: &[("main_account", SAME)],
    },
    // A part of the issue, and no Asset.
    Step {
        post: "he_newsletter_snippet_01",
        at: "",
        accounts: &[],
    },
    Step {
        post: "welcome-d0",
        at: "2026-02-20 09:00 Asia/Jerusalem",
        accounts: &[("welcome", &[]), ("welcome", &[])],
    },
    Step {
        post: "welcome-d3",
        at: "2026-02-20 09:00 Asia/Jerusalem",
        accounts: &[("welcome", &[]), ("welcome", &[])],
    },
    Step {
        post: "welcome-d7",
        at: "2026-02-20 09:00 Asia/Jerusalem",
        accounts: &[("welcome", &[]), ("welcome", &[])],
    },
    Step {
        post: "newsletter_week1",
        at: "2026-02-18 09:00 Asia/Jerusalem",
        accounts: &[("weekly", &[]), ("weekly", &[])],
    },
    Step {
        post: "social_distribution_week1",
        at: "",
        accounts: &[],
    },
    Step {
        post: "cro_experiment_01_week1",
        at: "",
        accounts: &[],
    },
];

#[test]
fn every_row_task_and_email_of_the_first_week_comes_to_what_the_walk_says() {
    for files in sets() {
        let wanted = walk(&campaign(), &files);
        assert!(wanted.parsed);
        let mut walked = 0;
        for step in &STEPS {
            let mut found: Vec<(&str, Vec<&str>)> = assets(&wanted, step.post)
                .into_iter()
                .map(|asset| (asset.spec.target.account.as_str(), codes(asset)))
                .collect();
            found.sort();
            let expected: Vec<(&str, Vec<&str>)> = step
                .accounts
                .iter()
                .map(|(account, codes)| (*account, codes.to_vec()))
                .collect();
            assert_eq!(found, expected, "{}", step.post);
            for asset in assets(&wanted, step.post) {
                assert_eq!(local(asset), step.at, "{}", asset.name);
            }
            walked += found.len();
        }
        assert_eq!(walked, wanted.assets.len());
        assert_eq!(wanted.outside, 0);
    }
}

fn local(asset: &WantedAsset) -> String {
    let instant = schedule::instant(&asset.spec.schedule).unwrap();
    schedule::local_text(instant, &asset.spec.schedule.time_zone).unwrap()
}

#[test]
fn what_nothing_handles_or_enforces_is_said_by_name() {
    for files in sets() {
        let wanted = walk(&campaign(), &files);
        let said = |code: &str, words: &str| {
            wanted
                .diagnostics
                .iter()
                .any(|diagnostic| diagnostic.code == code && diagnostic.message.contains(words))
        };
        assert!(said("NotHandled", "cro_experiment"));
        assert!(said("PartOfIssue", "he_newsletter_snippet_01"));
        assert!(said("NotEnforced", "Publish window"));
        assert!(said("NotEnforced", "Sequence Timing"));
        assert!(said("NotEnforced", "Send Rules"));
    }
}

#[test]
fn an_issue_is_a_broadcast_in_each_language_with_its_link_put_in() {
    for files in sets() {
        let wanted = walk(&campaign(), &files);
        let broadcasts = assets(&wanted, "newsletter_week1");
        assert_eq!(broadcasts.len(), 2);
        for asset in broadcasts {
            let (spec, content) = (&asset.spec, &asset.spec.content);
            assert_eq!((spec.type_, asset.path.as_str()), (AssetType::Email, ISSUE));
            let link = &content.links[0].url;
            assert!(
                link.contains("utm_source=newsletter")
                    && link.ends_with(&format!("&cid={}", asset.slot.parameter()))
            );
            assert!(content.text.contains(link.as_str()) && !content.text.contains("{{"));
            assert!(content.subject.is_some() && content.preview_text.is_some());
            let html = content.html.as_ref().unwrap();
            let hebrew = spec.locale == "he";
            assert_eq!(content.direction == Direction::Rtl, hebrew);
            assert_eq!(html.contains("<div dir=\"rtl\" lang=\"he\""), hebrew);
        }
    }
}

#[test]
fn without_its_link_an_issue_is_invalid_and_says_where_and_a_row_alone_has_no_issue() {
    for files in sets() {
        let mut bare = campaign();
        if let Some(newsletters) = &mut bare.source.queues[0].newsletters {
            newsletters.variables.clear();
        }
        let wanted = walk(&bare, &files);
        let said: Vec<&str> = wanted
            .diagnostics
            .iter()
            .filter(|found| found.code == "PlaceholderUndeclared")
            .map(|found| found.excerpt.as_str())
            .collect();
        assert_eq!(
            said,
            [
                "Link: {{utm_week1_newsletter_en}}",
                "קישור: {{utm_week1_newsletter_he}}"
            ]
        );
        for asset in assets(&wanted, "newsletter_week1") {
            assert_eq!(codes(asset), ["PlaceholderUndeclared"]);
        }
        bare.source.queues[0].newsletters = None;
        let wanted = walk(&bare, &files);
        assert!(
            wanted
                .diagnostics
                .iter()
                .any(|found| found.code == "NewslettersTargetMissing")
        );
        assert!(assets(&wanted, "newsletter_week1").is_empty());
        assert_eq!(
            codes(assets(&wanted, "he_newsletter_snippet_01")[0]),
            ["IssueMissing"]
        );
    }
}

/// The numbers of an asset that fail for want of evidence.
fn unsupported(asset: &WantedAsset, registry: &Registry) -> Vec<String> {
    let content = &asset.spec.content;
    let parts = [
        &content.title,
        &content.subject,
        &content.preview_text,
        &content.excerpt,
    ];
    let parts = parts.into_iter().flatten().chain([&content.text]);
    let prices = ["$9", "$19"].map(|price| claims::quantity(price).unwrap());
    let mut failed = Vec::new();
    for part in parts {
        let found = claims::find(part, &asset.spec.locale);
        let question = Question {
            claims: &found,
            named: &asset.spec.claims,
            registry: Some(registry),
            prices: &prices,
            max_age: claims::DEFAULT_MAX_AGE,
            now: "2026-02-15T10:00:00Z".parse().unwrap(),
        };
        let judged = claims::judge(&question);
        let judged = judged.iter().filter(|one| one.ruling.outcome() == Outcome::Fail);
        failed.extend(judged.map(|one| part.get(one.claim.span.clone()).unwrap().to_owned()));
    }
    failed
}

#[test]
fn only_the_times_of_the_last_e_mail_claim_something() {
    for files in sets() {
        let (registry, found) = Registry::read(METRICS, files.get(METRICS).unwrap());
        assert_eq!(found, []);
        assert_eq!(registry.metrics.len(), 6);
        for metric in &registry.metrics {
            assert!(metric.current == "TBD" && metric.quantity.is_none() && !metric.verified);
        }
        let wanted = walk(&campaign(), &files);
        let mut stopped = Vec::new();
        for asset in &wanted.assets {
            let failed = unsupported(asset, &registry);
            if !failed.is_empty() {
                stopped.push((asset.spec.post_id.as_str(), asset.spec.locale.as_str()));
                let said: Vec<&str> = failed
                    .iter()
                    .filter_map(|words| words.split(' ').next())
                    .collect();
                assert_eq!(said, ["30-45", "10-15"], "{}", asset.name);
            }
        }
        stopped.sort_unstable();
        assert_eq!(stopped, [("welcome-d7", "en"), ("welcome-d7", "he")]);
    }
}

#[test]
fn pages_come_before_the_posts_of_the_same_instant() {
    for files in sets() {
        let wanted = walk(&campaign(), &files);
        let types: Vec<AssetType> = wanted
            .assets
            .iter()
            .take(4)
            .map(|asset| asset.spec.type_)
            .collect();
        assert_eq!(
            types,
            [AssetType::Page, AssetType::Page, AssetType::Post, AssetType::Post]
        );
    }
}

#[test]
fn links_stand_at_the_end_and_tell_the_accounts_apart() {
    for files in sets() {
        let wanted = walk(&campaign(), &files);
        let posts = assets(&wanted, "en_li_narrative_01");
        for post in &posts {
            let link = &post.spec.content.links[0].url;
            assert!(link.ends_with(&format!("&cid={}", post.slot.parameter())));
            assert!(post.spec.content.text.ends_with(&format!("\n\n{link}")));
        }
        assert_ne!(posts[0].spec.content.text, posts[1].spec.content.text);
    }
}

#[test]
fn statuses_come_from_rows_and_tasks_and_a_pending_batch_changes_none() {
    for files in sets() {
        let wanted = walk(&campaign(), &files);
        for asset in &wanted.assets {
            let expected = match asset.spec.type_ {
                AssetType::Post => Intent::Draft,
                _ => Intent::Pending,
            };
            assert_eq!(asset.spec.intent, expected, "{}", asset.name);
        }
        let skipped = edited(&files, QUEUE, |queue| closed(&queue, "skip"));
        for asset in walk(&campaign(), &skipped).assets {
            assert_eq!(
                asset.spec.intent == Intent::Skip,
                asset.spec.type_ == AssetType::Post,
                "{}",
                asset.name
            );
        }
    }
}

/// The queue with another status of its batch of posts.
fn closed(queue: &str, status: &str) -> String {
    let (before, after) = queue.split_once("social_batch").unwrap();
    format!("{before}social_batch{}", after.replacen("pending", status, 1))
}

#[test]
fn placeholders_without_fallback_must_be_declared() {
    let mut bare = campaign();
    bare.source.emails[0].variables.clear();
    for files in sets() {
        let wanted = walk(&bare, &files);
        for step in ["welcome-d0", "welcome-d3", "welcome-d7"] {
            for asset in assets(&wanted, step) {
                assert!(codes(asset).contains(&"PlaceholderUndeclared"), "{}", asset.name);
            }
        }
    }
}

#[test]
fn finished_html_stands_in_for_the_rendered_one() {
    for files in sets() {
        let wanted = walk(&campaign(), &files);
        let finished =
            String::from_utf8(files["scripts/buttondown-emails/email-1-welcome.html"].clone()).unwrap();
        for asset in assets(&wanted, "welcome-d0") {
            let html = asset.spec.content.html.as_ref().unwrap();
            assert_eq!(*html == finished, asset.spec.locale == "en");
        }
        let hebrew = assets(&wanted, "welcome-d3")
            .into_iter()
            .find(|asset| asset.spec.locale == "he")
            .unwrap();
        assert_eq!(hebrew.spec.content.direction, Direction::Rtl);
        assert!(hebrew.spec.content.html.as_ref().unwrap().contains("dir=\"rtl\""));
    }
}

#[test]
fn a_reddit_post_with_a_title_is_three_posts() {
    for files in sets() {
        let titled = edited(&files, SHEET, |sheet| {
            sheet
                .lines()
                .enumerate()
                .map(|(line, row)| match (line, row.contains("en_reddit_value_01")) {
                    (0, _) => format!("{row},title\n"),
                    (_, true) => format!("{row},A title\n"),
                    _ => format!("{row},\n"),
                })
                .collect()
        });
        let wanted = walk(&campaign(), &titled);
        let posts = assets(&wanted, "en_reddit_value_01");
        assert_eq!(posts.len(), 3);
        assert!(posts.iter().all(|post| post.spec.findings.is_empty()));
    }
}

#[test]
fn a_broken_queue_or_email_file_stops_what_comes_from_it_and_not_the_sheet() {
    for files in sets() {
        let broken = edited(&files, QUEUE, |queue| queue.replacen('{', "", 1));
        let wanted = walk(&campaign(), &broken);
        assert!(wanted.parsed && wanted.keeps("src/content/blog/en/any.md", AssetType::Page));
        assert_eq!(assets(&wanted, "en_li_narrative_01").len(), 2);
        assert!(assets(&wanted, "publish_blog_en_week1").is_empty());
        let mut missing = files.clone();
        missing.remove(EMAILS);
        let wanted = walk(&campaign(), &missing);
        assert!(
            wanted.parsed
                && wanted.keeps(EMAILS, AssetType::Template)
                && !wanted.keeps(SHEET, AssetType::Post)
        );
        assert_eq!(assets(&wanted, "publish_blog_en_week1").len(), 1);
    }
}

#[test]
fn a_queue_of_another_week_is_in_error() {
    let mut other = campaign();
    other.week_id = Some("week2_launch".into());
    for files in sets() {
        let wanted = walk(&other, &files);
        assert!(
            wanted
                .diagnostics
                .iter()
                .any(|diagnostic| diagnostic.code == "WeekMismatch")
        );
        assert!(assets(&wanted, "publish_blog_en_week1").is_empty() && wanted.queue_unread);
    }
}

#[test]
fn a_page_that_is_missing_is_an_invalid_asset_that_says_so_at_its_task() {
    for mut files in sets() {
        files.retain(|path, _| !path.starts_with("src/content/blog/he/"));
        let wanted = walk(&campaign(), &files);
        let page = assets(&wanted, "publish_blog_he_week1")[0];
        assert_eq!(codes(page), ["FileMissing"]);
        assert_eq!(page.spec.findings[0].path, QUEUE);
        assert_eq!(page.spec.findings[0].severity, Severity::Error);
    }
}

//! The first week: the manifests as they are documented, and a team's files from drafts to publications.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::control_plane::stdout;
use crate::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::scene::{Cluster, Scene};
use crate::support::control_plane::ControlPlane;

const SHEET: &str = "docs/gtm/week-1-social-publishing-sheet.csv";
const QUEUE: &str = "docs/gtm/week-1-task-queue.json";

/// Exactly as users find them in the documentation.
const MANIFESTS: &str = r#"
apiVersion: campanile.dev/v1alpha1
kind: Campaign
metadata: {name: week1-launch, namespace: resumely}
spec:
  weekId: week1_launch
  source:
    git: {url: "https://git.example.com/team/gtm.git", branch: version-2-marketing, interval: 1m, secretRef: {name: git-credentials}, webhookSecretRef: {name: git-webhook, key: secret}}
    sheets: [{path: docs/gtm/week-1-social-publishing-sheet.csv}]
    emails: [{path: docs/gtm/week-1-email-assets.md, account: welcome, variables: [dashboard_link, checker_link, upgrade_link], html: [{step: D0, locale: en, path: scripts/buttondown-emails/email-1-welcome.html}]}]
    queues: [{path: docs/gtm/week-1-task-queue.json, pages: {platform: web, account: site}, newsletters: {platform: newsletter, account: "weekly-{locale}", variables: [{name: utm_week1_newsletter_en, value: "https://resumelybuilderai.com/?utm_source=newsletter&utm_medium=email&utm_campaign=week1_launch&utm_content=newsletter_en"}, {name: utm_week1_newsletter_he, value: "https://resumelybuilderai.com/he?utm_source=newsletter&utm_medium=email&utm_campaign=week1_launch&utm_content=newsletter_he"}]}}]
    maxStaleness: 6h
  timeZone: Asia/Jerusalem
  defaultPublishTime: "09:00"
  times: [{locales: [en], platforms: [reddit], at: "09:00", timeZone: America/New_York}]
  tracking: {slotParameter: cid}
  missed: {policy: PublishWithin, within: 2h}     # Skip | PublishWithin | Publish
  retry: {limit: 1, after: 10m}
  publishEnabled: true
  suspend: false
---
apiVersion: campanile.dev/v1alpha1
kind: ChannelConfig
metadata: {name: linkedin-company, namespace: resumely}
spec:
  platform: linkedin
  account: company
  environment: Production        # Sandbox receipts never fill Production slots
  publishEnabled: true
  webhook: {url: "https://hooks.example.com/linkedin", secretKeyRef: {name: linkedin-hook, key: signingSecret}, idempotency: {window: 24h}, timeout: 10s}
---
apiVersion: campanile.dev/v1alpha1
kind: ChannelConfig
metadata: {name: site, namespace: resumely}
spec:
  platform: web
  account: site
  objectStore: {url: "s3://marketing-site/{locale}", endpoint: "https://s3.example.com", region: eu-west-1, secretRef: {name: site-s3}, publicUrl: "https://www.example.com/{locale}"}
---
apiVersion: campanile.dev/v1alpha1
kind: ChannelConfig
metadata: {name: email-templates, namespace: resumely}
spec:
  platform: email
  account: welcome
  objectStore: {url: "s3://marketing-templates/{locale}", endpoint: "https://s3.example.com", region: eu-west-1, secretRef: {name: site-s3}}
"#;

/// The accounts that the sheet names beside `linkedin/company`, and the lists of the issue.
const ACCOUNTS: [(&str, &str, &str); 10] = [
    ("linkedin-personal", "linkedin", "personal"),
    ("x", "x", "main_account"),
    ("reddit-resumes", "reddit", "r/resumes"),
    ("reddit-careerguidance", "reddit", "r/careerguidance"),
    ("reddit-jobs", "reddit", "r/jobs"),
    ("facebook", "community", "facebook"),
    ("telegram", "community", "telegram"),
    ("whatsapp", "community", "whatsapp"),
    ("newsletter-en", "newsletter", "weekly-en"),
    ("newsletter-he", "newsletter", "weekly-he"),
];

/// The broadcasts of the issue.
const BROADCASTS: [&str; 2] = [
    "newsletter_week1 newsletter/weekly-en",
    "newsletter_week1 newsletter/weekly-he",
];

/// What the sheet asks for, and what holds it for good; its newsletter row is a part of the issue, and no Asset.
const POSTS: [(&str, &str); 17] = [
    ("en_li_narrative_01 linkedin/company", ""),
    ("en_li_narrative_01 linkedin/personal", ""),
    ("en_li_tactical_01 linkedin/company", ""),
    ("en_li_tactical_01 linkedin/personal", ""),
    ("en_li_tactical_02 linkedin/company", ""),
    ("en_li_tactical_02 linkedin/personal", ""),
    (
        "en_reddit_value_01 reddit/r/careerguidance",
        "Invalid TitleMissing",
    ),
    ("en_reddit_value_01 reddit/r/jobs", "Invalid TitleMissing"),
    ("en_reddit_value_01 reddit/r/resumes", "Invalid TitleMissing"),
    ("en_x_short_01 x/main_account", ""),
    ("en_x_thread_01 x/main_account", "Invalid ThreadItemsMissing"),
    ("he_community_01 community/facebook", ""),
    ("he_community_01 community/telegram", ""),
    ("he_community_01 community/whatsapp", ""),
    ("he_li_01 linkedin/personal", ""),
    ("he_li_02 linkedin/personal", ""),
    ("he_short_01 x/main_account", ""),
];

#[tokio::test]
async fn the_documented_manifests_apply_exactly_as_written() {
    let plane = ControlPlane::shared().await;
    stdout(&plane.kubectl(&["create", "namespace", "resumely"]).await);
    let applied = plane
        .kubectl_as(&plane.kubeconfig(), &["apply", "-f", "-"], MANIFESTS)
        .await;
    assert_eq!(
        stdout(&applied),
        "campaign.campanile.dev/week1-launch created\nchannelconfig.campanile.dev/linkedin-company created\n\
         channelconfig.campanile.dev/site created\nchannelconfig.campanile.dev/email-templates created\n"
    );
    let again = plane
        .kubectl_as(&plane.kubeconfig(), &["apply", "-f", "-"], MANIFESTS)
        .await;
    assert_eq!(stdout(&again).matches(" unchanged").count(), 4);
}

/// The team's real files where they stand beside the repository, and a committed set with the same traps.
fn sets() -> Vec<PathBuf> {
    let real = PathBuf::from("../shared/inputs/week-1");
    assert!(
        real.exists() || std::env::var_os("CI").is_none(),
        "{} is missing, and continuous integration publishes the real files",
        real.display()
    );
    let committed = PathBuf::from("tests/fixtures/week-one");
    [real, committed]
        .into_iter()
        .filter(|folder| folder.exists())
        .collect()
}

/// The files of a folder, by their paths in it.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[tokio::test]
async fn a_week_goes_from_drafts_to_publications_each_exactly_once() {
    for set in sets() {
        a_week(&set).await;
    }
}

async fn a_week(set: &Path) {
    let mut scene = Scene::prepare(Cluster::shared().await, "week").await;
    let store = S3Server::start();
    let signing = secrets(&scene).await;
    scene.apply(&manifests(&scene, &store)).await;
    scene.start_operator(&[]).await;
    scene
        .repository
        .git(&["checkout", "--quiet", "-b", "version-2-marketing"]);
    let files = files(set);
    for (path, bytes) in &files {
        scene.repository.write(path, bytes);
    }
    let sheet = std::str::from_utf8(&files[SHEET]).unwrap();
    let queue = std::str::from_utf8(&files[QUEUE]).unwrap();

    // The drafts of this week, due at noon: nothing leaves.
    scene.repository.write(QUEUE, this_week(&scene, queue));
    scene.push(SHEET, dated(&scene, sheet), "Week 1");
    scene
        .until_assets_are(&standings(
            "AwaitingApproval Draft",
            "AwaitingApproval ReviewPending",
        ))
        .await;
    assert!(scene.sent().is_empty() && objects(&store).is_empty());

    // Approved.
    scene.repository.write(
        QUEUE,
        this_week(&scene, queue).replace("\"pending\"", "\"approved\""),
    );
    let approved = dated(&scene, sheet).replace(",draft,", ",approved,");
    let revision = scene.push(SHEET, &approved, "Approve everything");
    scene
        .until_assets_are(&standings("Posted Published", "Posted Published"))
        .await;
    scene.until_applied("week1-launch", &revision).await;
    each_post_left_once(&scene, &approved, &signing);
    pages_and_templates_stand(&objects(&store));

    // Killed and started: the same, and nothing more.
    scene.kill_operator();
    scene.restart_operator().await;
    let revision = scene.push("docs/note.md", "A note.", "A note");
    scene.until_applied("week1-launch", &revision).await;
    scene
        .until_assets_are(&standings("Posted Published", "Posted Published"))
        .await;
    each_post_left_once(&scene, &approved, &signing);
    scene.end().await;
}

async fn secrets(scene: &Scene) -> String {
    scene.git_credentials().await;
    scene.secret("git-webhook", &["secret"]).await;
    scene
        .secret_with("site-s3", &[("accesskey", ACCESS_KEY), ("secretkey", SECRET_KEY)])
        .await;
    scene.guard(ACCESS_KEY);
    scene.guard(SECRET_KEY);
    scene.secret("linkedin-hook", &["signingSecret"]).await.remove(0)
}

/// The documented manifests, with addresses that are here and a branch that is looked at more often.
fn manifests(scene: &Scene, store: &S3Server) -> String {
    let here = MANIFESTS
        .replace(", namespace: resumely", "")
        .replace("https://git.example.com/team/gtm.git", &scene.git.url("gtm"))
        .replace("interval: 1m", "interval: 1s")
        .replace(
            "https://hooks.example.com/linkedin",
            &format!("{}/linkedin-company", scene.sink.url()),
        )
        .replace(
            "times: [",
            &format!(
                "times: [{{platforms: [newsletter], at: \"12:00\", timeZone: {}}}, ",
                scene.day.zone
            ),
        )
        .replace("https://s3.example.com", &format!("http://{}", store.address));
    let others = ACCOUNTS.map(|(name, platform, account)| scene.webhook(name, platform, account, ""));
    here + &others.concat()
}

/// The tasks, due the day before: pages and templates are never too late. The issue is due at noon today.
fn this_week(scene: &Scene, queue: &str) -> String {
    let before: jiff::civil::Date = scene.day.today.parse().unwrap();
    let before = before.yesterday().unwrap().to_string();
    let queue = queue.replace("2026-02-18", &scene.day.today);
    (16..=20).fold(queue, |queue, day| {
        queue.replace(&format!("2026-02-{day}"), &before)
    })
}

/// The sheet with every row due at noon today, which two more columns say.
fn dated(scene: &Scene, sheet: &str) -> String {
    let plain = sheet.trim_start_matches('\u{feff}');
    let mut reader = csv::Reader::from_reader(plain.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = reader.headers().unwrap().clone();
    let date = header.iter().position(|name| name == "publish_date").unwrap();
    header.extend(["publish_time", "timezone"]);
    writer.write_record(&header).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        let fields = record.iter().enumerate();
        let fields = fields.map(|(column, field)| {
            if column == date {
                scene.day.today.as_str()
            } else {
                field
            }
        });
        writer
            .write_record(fields.chain(["12:00", &scene.day.zone]))
            .unwrap();
    }
    let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    let mark = &sheet[..sheet.len() - plain.len()];
    format!("{mark}{text}")
}

/// Where every Asset of the week is.
fn standings<'a>(posts: &'a str, states: &'a str) -> Vec<(&'a str, &'a str)> {
    let posts = POSTS.map(|(key, held)| (key, if held.is_empty() { posts } else { held }));
    let pages_and_templates = [
        "publish_blog_en_week1 web/site",
        "publish_blog_he_week1 web/site",
        "welcome-d0.en email/welcome",
        "welcome-d0.he email/welcome",
        "welcome-d3.en email/welcome",
        "welcome-d3.he email/welcome",
        "welcome-d7.en email/welcome",
        "welcome-d7.he email/welcome",
    ];
    let tasks = pages_and_templates.into_iter().chain(BROADCASTS);
    posts.into_iter().chain(tasks.map(|key| (key, states))).collect()
}

fn each_post_left_once(scene: &Scene, sheet: &str, signing: &str) {
    let sent = scene.sent();
    let mut seen: Vec<String> = sent
        .iter()
        .map(|sent| {
            let slot = &sent.body["data"]["slot"];
            format!(
                "{} {}/{}",
                sent.post(),
                slot["platform"].as_str().unwrap(),
                slot["account"].as_str().unwrap()
            )
        })
        .collect();
    seen.sort();
    let posts = POSTS.iter().filter(|(_, held)| held.is_empty());
    let mut wanted: Vec<&str> = posts.map(|(key, _)| *key).chain(BROADCASTS).collect();
    wanted.sort_unstable();
    assert_eq!(seen, wanted);
    let mut reader = csv::Reader::from_reader(sheet.trim_start_matches('\u{feff}').as_bytes());
    let copies: BTreeMap<String, String> = reader
        .records()
        .map(Result::unwrap)
        .map(|row| (row[0].to_owned(), row[5].to_owned()))
        .collect();
    for sent in &sent {
        let data = &sent.body["data"];
        let link = data["links"][0]["url"].as_str().unwrap();
        assert!(
            link.contains("utm_campaign=week1_launch") && link.contains("cid="),
            "{link}"
        );
        let hebrew = sent.post().starts_with("he_") || data["slot"]["locale"] == "he";
        if let Some(copy) = copies.get(&sent.post()) {
            assert_eq!(sent.text(), format!("{copy}\n\n{link}"));
        } else {
            assert_eq!(data["type"], "Email");
            assert!(sent.text().contains(&format!("\n{link}\n\n")), "{}", sent.text());
            let html = data["html"].as_str().unwrap();
            assert_eq!(html.contains("<div dir=\"rtl\" lang=\"he\""), hebrew);
        }
        assert_eq!(data["direction"], if hebrew { "rtl" } else { "ltr" });
        assert_eq!(sent.is_signed_by(signing), sent.channel() == "linkedin-company");
    }
}

/// The objects in the store, by their paths; what the server and the preflight keep for themselves left out.
fn objects(store: &S3Server) -> BTreeMap<String, Vec<u8>> {
    let root = store.bucket().parent().unwrap().to_owned();
    let mut objects = files(&root);
    objects.retain(|path, _| !path.split('/').any(|part| part.starts_with('.')));
    objects
}

fn pages_and_templates_stand(objects: &BTreeMap<String, Vec<u8>>) {
    let html: Vec<&str> = objects
        .keys()
        .map(String::as_str)
        .filter(|path| {
            Path::new(path)
                .extension()
                .is_some_and(|extension| extension == "html")
        })
        .collect();
    let wanted = ["en", "he"].map(|locale| {
        let page = format!("marketing-site/{locale}/publish_blog_{locale}_week1.html");
        let templates =
            ["d0", "d3", "d7"].map(|step| format!("marketing-templates/{locale}/welcome-{step}.html"));
        [vec![page], templates.to_vec()].concat()
    });
    let mut wanted = wanted.concat();
    wanted.sort();
    assert_eq!(html, wanted);
    let hebrew =
        String::from_utf8_lossy(&objects["marketing-site/he/publish_blog_he_week1.html"]).into_owned();
    assert!(
        hebrew.contains("dir=\"rtl\"") && hebrew.contains("lang=\"he\""),
        "{hebrew}"
    );
}

//! An issue of a newsletter: one broadcast in each of its languages, each to its own list and exactly once.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{scene::Scene, smtp_sink::SmtpSink};

const KEYS: [&str; 2] = ["weekly_1 newsletter/weekly-en", "weekly_1 newsletter/weekly-he"];
const LINK: &str = "https://www.example.com/?utm_source=newsletter&utm_medium=email&utm_campaign=w1";
const PUBLISHED: &str = "Posted Published";
const MORE: &str = "  weekId: w1\n  policies: []\n  defaultPublishTime: \"12:00\"\n";

fn issue(intro: &str) -> String {
    format!(
        "# Issue 1\n\nGoal: more readers.\n\n## EN Version\nSubject: Seven habits\nIntro:\n{intro}\nMain points:\n1. One\n2. \
         Two & three\nCTA:\nLook today.  \nLink: {{{{link_en}}}}\nClosing:\nWrite back.\n\n## HE Version\nנושא: שבעה הרגלים\n\
         פתיח:\n{intro} שלום לכולם.\nנקודות מרכזיות:\n1. אחת\nCTA:\nלהסתכל היום.\nקישור: {{{{link_he}}}}\nסגירה:\nלהתראות.\n"
    )
}

fn queue(scene: &Scene) -> String {
    format!(
        r#"{{"week_id": "w1", "tasks": [{{"id": "weekly_1", "type": "newsletter_send", "asset": "issue.md", "due_date": "{}", "status": "approved"}}]}}"#,
        scene.day.today
    )
}

fn source() -> String {
    let variable = |name: &str| format!("{{name: {name}, value: \"{LINK}\"}}");
    format!(
        "    sheets: [{{path: {}}}]\n    queues: [{{path: queue.json, newsletters: {{platform: newsletter, account: \
         \"weekly-{{locale}}\", variables: [{}, {}]}}}}]\n",
        crate::scene::SHEET,
        variable("link_en"),
        variable("link_he")
    )
}

/// The English list takes webhooks, the Hebrew one letters.
async fn lists(scene: &Scene, mail: &SmtpSink) {
    let english = scene.webhook("list-en", "newsletter", "weekly-en", "");
    let hebrew = format!(
        "---\napiVersion: campanile.dev/v1alpha1\nkind: ChannelConfig\nmetadata: {{name: list-he}}\nspec:\n  platform: \
         newsletter\n  account: weekly-he\n  smtp: {{host: 127.0.0.1, port: {}, tls: Plain, from: news@example.com, to: \
         [readers-he@lists.example.com]}}\n",
        mail.address.port()
    );
    scene.apply(&(english + &hebrew)).await;
    for channel in ["list-en", "list-he"] {
        scene
            .until_condition(&format!("channelconfig/{channel}"), "Ready", "True Ready")
            .await;
    }
}

/// Pushes a first issue, and a row that is a part of it.
fn push(scene: &Scene) {
    scene.repository.write("issue.md", issue("We looked."));
    scene.repository.write("queue.json", queue(scene));
    let part = scene.row("snippet", "Words.").for_platform("newsletter");
    scene.push_sheet(&[part.to("weekly_issue")], "Issue 1");
}

/// The words of a letter: Hebrew, so they travel as base64.
fn words(letter: &str) -> String {
    let part = letter
        .split_once("Content-Transfer-Encoding: base64")
        .expect("base64")
        .1;
    let lines = part.trim_start().lines();
    let code: String = lines
        .take_while(|line| !line.starts_with("--") && !line.is_empty())
        .collect();
    String::from_utf8(STANDARD.decode(code).expect("base64")).expect("UTF-8")
}

fn each_list_has_its_language_once(scene: &Scene, mail: &SmtpSink) {
    let sent = scene.sent();
    let [english] = sent.as_slice() else {
        panic!("{} webhooks", sent.len())
    };
    let data = &english.body["data"];
    assert_eq!(
        (english.channel().as_str(), &data["slot"]["locale"]),
        ("list-en", &"en".into())
    );
    assert_eq!(data["type"], "Email");
    assert_eq!(data["subject"], "Seven habits");
    assert_eq!(data["previewText"], "We looked.");
    let link = data["links"][0]["url"].as_str().unwrap();
    assert!(link.starts_with(LINK) && link.contains("&cid="), "{link}");
    assert_eq!(
        english.text(),
        format!("We looked.\n\n1. One\n2. Two & three\n\nLook today.\n{link}\n\nWrite back.")
    );
    assert!(
        data["html"]
            .as_str()
            .unwrap()
            .contains("<li>Two &amp; three</li>")
    );

    let letters = mail.letters();
    let [hebrew] = letters.as_slice() else {
        panic!("{} letters", letters.len())
    };
    for part in [
        "X-Rcpt-Args: <readers-he@lists.example.com>",
        "Content-Language: he",
        "Content-Type: multipart/alternative",
    ] {
        assert!(hebrew.contains(part), "{part:?} is not in\n{hebrew}");
    }
    let words = words(hebrew);
    assert!(words.contains("להסתכל היום.") && words.contains(LINK), "{words}");
    // Most of the HTML is ASCII: it travels as quoted-printable.
    let html = hebrew.replace("=\r\n", "").replace("=\n", "");
    assert!(html.contains("<div dir=3D\"rtl\" lang=3D\"he\""), "{html}");
}

#[tokio::test]
async fn an_issue_reaches_each_of_its_lists_once_and_what_changes_afterwards_is_not_sent() {
    let mut scene = Scene::start("issue").await;
    let mail = SmtpSink::start(&[]);
    lists(&scene, &mail).await;
    push(&scene);
    scene
        .apply(&scene.campaign_of("week1", "", &source(), MORE))
        .await;
    // The row makes no Asset of its own.
    scene.until_assets_are(&KEYS.map(|key| (key, PUBLISHED))).await;
    each_list_has_its_language_once(&scene, &mail);

    // Another introduction, after the lists have had the first one.
    scene.push("issue.md", issue("We looked again."), "Other words");
    scene
        .until_assets_are(&KEYS.map(|key| (key, "Posted Drifted")))
        .await;
    scene.kill_operator();
    scene.restart_operator().await;
    let revision = scene.push("docs/note.md", "A note.", "A note");
    scene.until_applied("week1", &revision).await;
    scene
        .until_assets_are(&KEYS.map(|key| (key, "Posted Drifted")))
        .await;
    each_list_has_its_language_once(&scene, &mail);
    scene.end().await;
}

#[tokio::test]
async fn a_halt_stops_an_issue_in_every_language() {
    let scene = Scene::start("issue-halted").await;
    let mail = SmtpSink::start(&[]);
    lists(&scene, &mail).await;
    scene
        .apply(
            "---\napiVersion: campanile.dev/v1alpha1\nkind: Halt\nmetadata: {name: no-mail}\nspec:\n  selector: {platforms: \
             [newsletter]}\n  reason: The offer is wrong.\n  owner: maya\n",
        )
        .await;
    push(&scene);
    scene
        .apply(&scene.campaign_of("week1", "", &source(), MORE))
        .await;
    scene
        .until_assets_are(&KEYS.map(|key| (key, "Halted Halted")))
        .await;
    let revision = scene.push("docs/note.md", "A note.", "A note");
    scene.until_applied("week1", &revision).await;
    assert!(scene.sent().is_empty() && mail.letters().is_empty());
    scene.end().await;
}

//! People are told what happens: by a Slack-compatible webhook, by CloudEvents and by e-mail; a sink that fails holds
//! nothing back, and is visible.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::Value;

use crate::scene::{Scene, hmac_sha256};
use crate::sink::{Fault, Received, Receiver, Sink, answer};
use crate::smtp_sink::SmtpSink;

/// A place that takes every message.
struct Ear;

impl Receiver for Ear {
    fn act(&self, _request: &Received) -> Vec<u8> {
        answer(200, &[], "ok")
    }
}

fn bodies(sink: &Sink) -> Vec<Value> {
    let whole = sink.requests().into_iter().filter(|request| request.whole);
    whole
        .map(|request| serde_json::from_slice(&request.body).expect("a message is JSON"))
        .collect()
}

/// Makes the Secret of a route whose address is a password: nobody may read it anywhere.
async fn address(scene: &Scene, name: &str, sink: &Sink, more: &[(&str, &str)]) {
    let url = format!("{}/{name}-{}", sink.url(), scene.namespace);
    scene.guard(&url);
    let pairs = [&[("url", url.as_str())], more].concat();
    scene.secret_with(name, &pairs).await;
}

const ROUTES: &str = r#"  policies: []
  notify:
    routes:
      - {name: team, slack: {}, secretRef: {name: team-slack}}
      - {name: ops, webhook: {}, secretRef: {name: ops-hook}}
      - {name: owner, email: {from: "bell@example.com", to: ["maya@example.com"], tls: Plain}, secretRef: {name: smtp}}
"#;

/// The posts of the first test.
const POSTS: [&str; 3] = [
    "bad-linkedin-refused",
    "good-linkedin-company",
    "later-linkedin-company",
];

fn tells_of_all(texts: &[String]) -> Result<(), String> {
    let all = texts.concat();
    if POSTS.iter().all(|post| all.contains(post)) {
        Ok(())
    } else {
        Err(all)
    }
}

fn each_is_a_signed_cloud_event(ops: &Sink, secret: &str) {
    for request in ops.requests() {
        let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
        let signed = [
            format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes(),
            &request.body,
        ]
        .concat();
        let code = STANDARD.encode(hmac_sha256(secret, &signed));
        assert_eq!(header("webhook-signature"), format!("v1,{code}"));
        assert_eq!(header("content-type"), "application/cloudevents+json");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["specversion"], "1.0");
        assert_eq!(body["id"].as_str(), Some(header("webhook-id").as_str()));
        let event = body["data"]["event"].as_str().unwrap();
        assert_eq!(body["type"], format!("dev.campanile.notification.{event}"));
    }
}

async fn slack_tells_of_all(scene: &Scene, team: &Sink) {
    scene
        .until("the Slack webhook is told of all three", async || {
            let texts = bodies(team);
            let texts: Vec<String> = texts
                .iter()
                .map(|body| body["text"].as_str().expect("Slack takes a text").to_owned())
                .collect();
            tells_of_all(&texts)
        })
        .await;
}

async fn letters_tell_of_all(scene: &Scene, mail: &SmtpSink) {
    scene
        .until("letters tell of all three", async || {
            let letters = mail.letters();
            // Lines that are too long for a letter are broken.
            let whole = |letter: &String| letter.replace("=\r\n", "").replace("=\n", "");
            let texts: Vec<String> = letters.iter().map(whole).collect();
            tells_of_all(&texts)
        })
        .await;
    for letter in mail.letters() {
        assert!(letter.contains("From: bell@example.com"), "{letter}");
        assert!(letter.contains("X-Rcpt-Args: <maya@example.com>"), "{letter}");
        assert!(letter.contains("Subject: [campanile] "), "{letter}");
    }
}

#[tokio::test]
async fn what_is_published_what_fails_and_what_waits_for_a_person_is_told_by_every_kind_of_route() {
    let scene = Scene::start("bells").await;
    let (team, ops) = (Sink::start(Arc::new(Ear)), Sink::start(Arc::new(Ear)));
    let mail = SmtpSink::start(&[]);
    let secret = "a secret of this test";
    scene.guard(secret);
    address(&scene, "team-slack", &team, &[]).await;
    address(&scene, "ops-hook", &ops, &[("signingSecret", secret)]).await;
    let port = mail.address.port().to_string();
    scene
        .secret_with("smtp", &[("host", "127.0.0.1"), ("port", &port)])
        .await;
    for account in ["company", "refused"] {
        let channel = scene.webhook(&format!("linkedin-{account}"), "linkedin", account, "");
        scene.apply(&channel).await;
    }
    scene.apply(&scene.campaign("week1", ROUTES)).await;

    // The first post is refused for good; then there is one that is taken, and one that waits.
    scene.sink.script([Fault::Say(answer(422, &[], "no"))]);
    let refused = scene.row("bad", "Nobody wants it.").to("refused");
    scene.push_sheet(std::slice::from_ref(&refused), "Week 1");
    scene.until_phase("bad linkedin/refused", "Failed").await;
    let rows = [
        refused,
        scene.row("good", "We open on Monday."),
        scene.row("later", "Bring a friend.").status("pending"),
    ];
    scene.push_sheet(&rows, "Week 1, all of it");
    scene
        .until_asset("good linkedin/company", "Posted Published")
        .await;

    let events = ["Failed", "Published", "ApprovalNeeded"];
    scene
        .until("the webhook is told of all three", async || {
            let told: Vec<Value> = bodies(&ops);
            let of = |event: &str| told.iter().any(|body| body["data"]["event"] == event);
            if events.iter().all(|event| of(event)) {
                Ok(())
            } else {
                Err(format!("{told:#?}"))
            }
        })
        .await;
    each_is_a_signed_cloud_event(&ops, secret);
    slack_tells_of_all(&scene, &team).await;
    letters_tell_of_all(&scene, &mail).await;
    scene
        .until_condition("campaign/week1", "NotificationsHealthy", "True Healthy")
        .await;
    scene.end().await;
}

#[tokio::test]
async fn a_sink_that_fails_holds_nothing_back_is_visible_and_is_told_later() {
    let scene = Scene::start("deaf").await;
    let team = Sink::closed(Arc::new(Ear));
    address(&scene, "team-slack", &team, &[]).await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    let route = "  policies: []\n  notify:\n    routes:\n      - {name: team, slack: {}, secretRef: {name: team-slack}}\n";
    scene.apply(&scene.campaign("week1", route)).await;
    scene.push_sheet(&[scene.row("first", "We open on Monday.")], "Week 1");
    scene
        .until_asset("first linkedin/company", "Posted Published")
        .await;

    let said = scene
        .until_condition("campaign/week1", "NotificationsHealthy", "False SinkUnreachable")
        .await;
    assert!(
        said.contains("Route team") && said.contains("Publishing goes on"),
        "{said}"
    );
    let metrics = scene.ask("GET", "/metrics", &[], b"").await.body;
    let metrics = String::from_utf8(metrics).unwrap();
    assert!(metrics.contains("campanile_notification_total"), "{metrics}");
    let rows = [
        scene.row("first", "We open on Monday."),
        scene.row("second", "Bring a friend."),
    ];
    scene.push_sheet(&rows, "Week 1, more of it");
    scene
        .until_asset("second linkedin/company", "Posted Published")
        .await;

    team.open();
    scene
        .until("what the sink did not hear is told", async || {
            let texts: Vec<String> = bodies(&team)
                .iter()
                .map(|body| body["text"].to_string())
                .collect();
            let all = texts.concat();
            if all.contains("first-linkedin-company") && all.contains("second-linkedin-company") {
                Ok(())
            } else {
                Err(all)
            }
        })
        .await;
    scene
        .until_condition("campaign/week1", "NotificationsHealthy", "True Healthy")
        .await;
    scene.end().await;
}

#[tokio::test]
async fn a_breaker_and_an_open_review_window_are_told() {
    let scene = Scene::start("wires").await;
    let ops = Sink::start(Arc::new(Ear));
    address(&scene, "ops-hook", &ops, &[]).await;
    let breaker = "  breakers: {maxConsecutiveFailures: 1}\n";
    for (account, more) in [("company", ""), ("refused", breaker)] {
        let channel = scene.webhook(&format!("linkedin-{account}"), "linkedin", account, "");
        scene.apply(&(channel + more)).await;
    }
    let route = "  policies: []\n  notify:\n    routes:\n      - {name: ops, webhook: {}, secretRef: {name: ops-hook}}\n";
    scene.apply(&scene.campaign("week1", route)).await;
    scene.sink.script([Fault::Say(answer(422, &[], "no"))]);
    scene.push_sheet(&[scene.row("bad", "Nobody wants it.").to("refused")], "Week 1");
    let told = heard(&scene, &ops, "Breaker").await;
    let lines = told["data"]["lines"].to_string();
    assert!(lines.contains("halt/") && lines.contains("breaker/"), "{told:#}");
    assert_eq!(told["data"]["resolved"], false);

    let halts = scene.kubectl(&["get", "halts", "-o", "name"]).await;
    scene.kubectl(&["delete", halts.trim()]).await;
    scene
        .until("the end of the breaker's Halt is told", async || {
            let bodies = bodies(&ops);
            let over = |body: &Value| body["data"]["event"] == "Breaker" && body["data"]["resolved"] == true;
            if bodies.iter().any(over) {
                Ok(())
            } else {
                Err(format!("{bodies:#?}"))
            }
        })
        .await;

    // It opens with the next minute.
    let soon = Timestamp::now() + SignedDuration::from_mins(1);
    let start = soon.to_zoned(TimeZone::UTC).strftime("%H:%M");
    let window = format!(r#"{{"start": "{start}", "duration": "1h", "timeZone": "UTC"}}"#);
    let approval = format!(r#"{{"spec": {{"approval": {{"mode": "Window", "window": {window}}}}}}}"#);
    scene.patch("campaign/week1", &approval).await;
    let rows = [
        scene.row("bad", "Nobody wants it.").to("refused"),
        scene.row("later", "Bring a friend.").status("pending"),
    ];
    scene.push_sheet(&rows, "Week 1, all of it");
    let told = heard(&scene, &ops, "ReviewWindowOpens").await;
    let lines = told["data"]["lines"].to_string();
    assert!(lines.contains(" wait for a decision"), "{told:#}");
    scene.end().await;
}

/// Waits for the first message of an event.
async fn heard(scene: &Scene, sink: &Sink, event: &str) -> Value {
    scene
        .until(&format!("{event} is told"), async || {
            let bodies = bodies(sink);
            let found = bodies.iter().find(|body| body["data"]["event"] == event);
            found.cloned().ok_or_else(|| format!("{bodies:#?}"))
        })
        .await
}

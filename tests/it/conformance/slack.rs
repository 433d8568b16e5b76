//! The Slack channel, on a stand-in of an incoming webhook and of the Web API.

use std::sync::Arc;

use campanile::{
    api::{AssetType, SecretKeyReference},
    domain::publication::Publication,
    publish::{Found, Outcome, Publisher, Secrets},
};
use serde_json::{Value, json};

use super::{
    PATIENT, Rig,
    cases::conforms,
    channel,
    chat::{Asked, Chat, says},
    known, next_attempt, publication, publish,
};
use crate::sink::{Fault, Received, Receiver, Sink, answer};

const TOKEN: &str = "xoxb-canary-token";
const CHANNEL: &str = "C0123456789";
const HOOK: &str = "/services/T000/B000/canary-hook";

/// Slack for one channel: an incoming webhook, and of the Web API `auth.test`, `chat.postMessage` and
/// `conversations.history`, as <https://docs.slack.dev/reference/methods> describes them.
///
/// # What it cannot show
/// Limits of a tier, the splitting and cutting of long texts, how a client shows what it is sent, how soon the history
/// has a message, and workspaces that forbid apps. Metadata is believed whoever wrote it.
#[derive(Default)]
struct Slack {
    chat: Chat,
    scopes: std::sync::Mutex<Option<&'static str>>,
    /// Messages of one page, however many are asked for.
    page: std::sync::Mutex<Option<usize>>,
}

impl Slack {
    fn hook(&self, asked: &Asked) -> Vec<u8> {
        let text = asked.body["text"].as_str().unwrap_or_default();
        if asked.unknown_field(&["text", "mrkdwn"]).is_some() || asked.body["mrkdwn"] != false {
            return answer(400, &[], "invalid_payload");
        }
        if text.is_empty() {
            return answer(400, &[], "no_text");
        }
        self.chat.say(json!({"text": text}));
        answer(200, &[], "ok")
    }

    fn call(&self, asked: &Asked, authorization: Option<&String>) -> Result<Value, &'static str> {
        if authorization.map(String::as_str) != Some(&format!("Bearer {TOKEN}")) {
            return Err("invalid_auth");
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/api/auth.test") => Ok(json!({"url": "https://acme.slack.com/", "user": "campanile"})),
            ("GET", "/api/conversations.history") => self.history(asked),
            ("POST", "/api/chat.postMessage") => self.post(asked),
            _ => Err("unknown_method"),
        }
    }

    fn post(&self, asked: &Asked) -> Result<Value, &'static str> {
        let body = &asked.body;
        if asked
            .unknown_field(&["channel", "text", "mrkdwn", "metadata"])
            .is_some()
        {
            return Err("invalid_arguments");
        }
        if body["channel"] != CHANNEL {
            return Err("channel_not_found");
        }
        let text = body["text"]
            .as_str()
            .filter(|text| !text.is_empty())
            .ok_or("no_text")?;
        if text.chars().count() > 40_000 {
            return Err("msg_too_long");
        }
        let metadata = &body["metadata"];
        if !metadata["event_type"].is_string() || !metadata["event_payload"].is_object() {
            return Err("invalid_metadata_format");
        }
        let number = self.chat.say(json!({"text": text, "metadata": metadata}));
        Ok(json!({"channel": CHANNEL, "ts": ts(number), "message": {"text": text}}))
    }

    /// The newest first, in pages whose cursor counts what was shown.
    fn history(&self, asked: &Asked) -> Result<Value, &'static str> {
        if asked.parameter("channel") != Some(CHANNEL) {
            return Err("channel_not_found");
        }
        let with_metadata = asked.parameter("include_all_metadata") == Some("true");
        let limit = asked
            .parameter("limit")
            .and_then(|limit| limit.parse().ok())
            .unwrap_or(100_usize);
        let limit = limit.min(self.page.lock().unwrap().unwrap_or(999));
        let shown: usize = asked
            .parameter("cursor")
            .map_or(0, |cursor| cursor.parse().unwrap());
        let all = self.chat.messages();
        let newest_first = all.iter().enumerate().rev().skip(shown).take(limit);
        let messages: Vec<Value> = newest_first
            .map(|(index, message)| {
                let mut message = message.clone();
                message["ts"] = ts(index + 1).into();
                if !with_metadata {
                    message.as_object_mut().unwrap().remove("metadata");
                }
                message
            })
            .collect();
        let seen = shown + messages.len();
        let more = seen < all.len();
        let next = if more { seen.to_string() } else { String::new() };
        Ok(json!({"messages": messages, "has_more": more, "response_metadata": {"next_cursor": next}}))
    }
}

fn ts(number: usize) -> String {
    format!("1800000000.{number:06}")
}

impl Receiver for Slack {
    fn act(&self, request: &Received) -> Vec<u8> {
        let asked = match Asked::of(request) {
            Ok(asked) => asked,
            Err(answer) => return answer,
        };
        if asked.path.starts_with("/services/") {
            return if asked.is("POST", HOOK) {
                self.hook(&asked)
            } else {
                answer(404, &[], "no_service")
            };
        }
        let said = match self.call(&asked, request.headers.get("authorization")) {
            Ok(mut said) => {
                said["ok"] = true.into();
                said
            }
            Err(word) => json!({"ok": false, "error": word}),
        };
        let scopes = self
            .scopes
            .lock()
            .unwrap()
            .unwrap_or("chat:write,channels:history");
        let headers = [
            ("content-type", "application/json; charset=utf-8"),
            ("x-oauth-scopes", scopes),
        ];
        answer(200, &headers, &said.to_string())
    }
}

struct SlackRig {
    slack: Arc<Slack>,
    sink: Sink,
    bot: bool,
}

impl SlackRig {
    fn start(bot: bool) -> Self {
        let slack = Arc::<Slack>::default();
        let sink = Sink::start(Arc::<Slack>::clone(&slack));
        Self { slack, sink, bot }
    }

    fn bot_in(&self, id: &str, token: &str, timeout: &str) -> Box<dyn Publisher> {
        let endpoint = format!("{}/api", self.sink.url());
        let slack = json!({
            "secretRef": {"name": "slack"}, "channel": id, "endpoint": endpoint, "timeout": timeout,
        });
        made(&slack, ("token", token))
    }
}

fn made(slack: &Value, (key, value): (&str, &str)) -> Box<dyn Publisher> {
    let name: SecretKeyReference = serde_json::from_value(json!({"name": "slack", "key": key})).unwrap();
    channel(
        &json!({ "slack": slack }),
        &Secrets::from([(name, format!("{value}\n").into())]),
    )
}

impl Rig for SlackRig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        if self.bot {
            return self.bot_in(CHANNEL, TOKEN, timeout);
        }
        let slack = json!({"secretRef": {"name": "slack"}, "timeout": timeout});
        made(&slack, ("url", &format!("{}{HOOK}", self.sink.url())))
    }

    fn sink(&self) -> &Sink {
        &self.sink
    }

    fn effects(&self, publication: &Publication) -> usize {
        self.slack.chat.holds(publication, "text")
    }

    fn reads_its_answers(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn an_incoming_webhook_of_slack_conforms_as_class_d() {
    conforms(&SlackRig::start(false)).await;
}

#[tokio::test]
async fn a_bot_of_slack_conforms_as_class_c() {
    conforms(&SlackRig::start(true)).await;
}

#[tokio::test]
async fn slack_is_told_the_words_with_its_three_characters_as_entities() {
    for bot in [false, true] {
        let rig = SlackRig::start(bot);
        let mut asset = publication("words", AssetType::Post);
        asset.content.text.push_str(" <b> & <!channel>");
        publish(&*rig.publisher(PATIENT), &asset).await.unwrap();
        let escaped = asset
            .content
            .text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        assert_eq!(rig.slack.chat.messages()[0]["text"], escaped);
    }
}

#[tokio::test]
async fn a_message_is_found_by_its_metadata_behind_many_pages() {
    let rig = SlackRig::start(true);
    *rig.slack.page.lock().unwrap() = Some(2);
    let publisher = rig.publisher(PATIENT);
    publisher.preflight().await.unwrap();
    let first = publication("first", AssetType::Post);
    rig.sink.lose_reply_of(1);
    publish(&*publisher, &first).await.unwrap_err();
    for number in 0..7 {
        rig.slack.chat.say(json!({"text": first.content.text, "metadata": {"event_type": "other", "event_payload": {"key": number}}}));
    }
    let Found::Published(found) = publisher.resolve(&next_attempt(&first)).await.unwrap() else {
        panic!("it is there")
    };
    assert_eq!(found.remote_id.as_deref(), Some("C0123456789/1800000000.000001"));
    assert_eq!(
        found.url.as_deref(),
        Some("https://acme.slack.com/archives/C0123456789/p1800000000000001")
    );
    let other = publication("never-sent", AssetType::Post);
    assert_eq!(publisher.resolve(&other).await.unwrap(), Found::Absent);
}

#[tokio::test]
async fn a_history_too_long_to_read_is_no_absence() {
    let rig = SlackRig::start(true);
    *rig.slack.page.lock().unwrap() = Some(1);
    for number in 0..21 {
        rig.slack.chat.say(json!({"text": number.to_string()}));
    }
    let asset = publication("far-back", AssetType::Post);
    assert_eq!(
        rig.publisher(PATIENT).resolve(&asset).await.unwrap(),
        Found::CannotTell
    );
}

#[tokio::test]
async fn a_look_that_slack_refuses_is_no_absence() {
    let rig = SlackRig::start(true);
    let asset = publication("unread", AssetType::Post);
    let error = rig
        .bot_in("C0000000000", TOKEN, PATIENT)
        .resolve(&asset)
        .await
        .unwrap_err();
    assert_eq!(error.outcome, Outcome::Refused);
    for fault in [
        Fault::LoseReply,
        Fault::Say(says(200, &json!({"ok": false, "error": "internal_error"}))),
        Fault::Say(says(200, &json!({"ok": true}))),
        Fault::Say(answer(200, &[], "<html>")),
    ] {
        rig.sink.script([fault]);
        let error = rig.publisher(PATIENT).resolve(&asset).await.unwrap_err();
        assert_eq!(error.outcome, Outcome::NotSent { retry_after: None }, "{error:?}");
    }
}

#[tokio::test]
async fn what_slack_says_inside_a_200_has_its_meaning() {
    let rig = SlackRig::start(true);
    for (word, outcome) in [
        ("not_in_channel", Outcome::Refused),
        ("token_revoked", Outcome::Refused),
        ("msg_too_long", Outcome::Rejected),
        ("fatal_error", Outcome::Unknown),
        ("internal_error", Outcome::Unknown),
    ] {
        rig.sink
            .script([Fault::Say(says(200, &json!({"ok": false, "error": word})))]);
        let error = publish(&*rig.publisher(PATIENT), &publication(word, AssetType::Post))
            .await
            .unwrap_err();
        assert_eq!(error.outcome, outcome, "{word}");
        assert!(error.message.contains(word));
    }
    let headers = [("retry-after", "30")];
    let limited = answer(
        200,
        &headers,
        &json!({"ok": false, "error": "ratelimited"}).to_string(),
    );
    rig.sink.script([Fault::Say(limited)]);
    let retry_after = std::time::Duration::from_secs(30);
    let limited = publish(&*rig.publisher(PATIENT), &publication("limited", AssetType::Post)).await;
    assert_eq!(known(limited).0, Outcome::RateLimited { retry_after });
}

#[tokio::test]
async fn a_preflight_of_slack_says_what_is_wrong_and_posts_nothing() {
    let rig = SlackRig::start(true);
    rig.publisher(PATIENT).preflight().await.unwrap();
    for publisher in [
        rig.bot_in(CHANNEL, "xoxb-wrong", PATIENT),
        rig.bot_in("C0000000000", TOKEN, PATIENT),
    ] {
        let error = publisher.preflight().await.unwrap_err();
        assert_eq!(
            (error.outcome, error.reason),
            (Outcome::Refused, "AccountRefused")
        );
    }
    *rig.slack.scopes.lock().unwrap() = Some("channels:history");
    let error = rig.publisher(PATIENT).preflight().await.unwrap_err();
    assert_eq!(error.reason, "ScopeMissing");
    let hook = SlackRig::start(false);
    hook.publisher(PATIENT).preflight().await.unwrap();
    assert_eq!(
        rig.slack.chat.messages().len() + hook.slack.chat.messages().len(),
        0
    );
}

#[tokio::test]
async fn neither_the_token_nor_the_address_of_a_webhook_is_shown() {
    for bot in [false, true] {
        let rig = SlackRig::start(bot);
        let publisher = rig.publisher(PATIENT);
        rig.sink
            .script([Fault::Say(answer(400, &[], &format!("bad {TOKEN} at {HOOK}")))]);
        let error = publish(&*publisher, &publication("echo", AssetType::Post))
            .await
            .unwrap_err();
        let secret = if bot { "canary-token" } else { "canary-hook" };
        let shown = format!("{publisher:?} {error:?}");
        assert!(!shown.contains(secret), "{shown}");
    }
}

//! The Telegram channel, on a stand-in of the Bot API.

use std::sync::Arc;

use campanile::{
    api::{AssetType, SecretKeyReference},
    domain::publication::Publication,
    publish::{Outcome, Publisher, Secrets},
};
use serde_json::{Value, json};

use super::{
    PATIENT, Rig,
    cases::conforms,
    channel,
    chat::{Asked, Chat, says},
    known, publication, publish,
};
use crate::sink::{Fault, Received, Receiver, Sink};

const TOKEN: &str = "1234567890:canary-token-of-a-bot";

/// The Bot API for one bot in one channel: <https://core.telegram.org/bots/api>, as of its methods `getMe`, `getChat` and
/// `sendMessage`.
///
/// # What it cannot show
/// Limits per second and per group, entities, link previews, groups that become supergroups by themselves, and the
/// trimming of white space at the ends of a text.
#[derive(Default)]
struct BotApi {
    chat: Chat,
}

impl BotApi {
    fn answer(&self, asked: &Asked) -> Result<Value, (u16, &'static str)> {
        let method = asked
            .path
            .strip_prefix(&format!("/bot{TOKEN}/"))
            .ok_or((401, "Unauthorized"))?;
        match (asked.method.as_str(), method) {
            ("GET", "getMe") => Ok(json!({"id": 7, "is_bot": true, "username": "acme_bot"})),
            ("GET", "getChat") if asked.parameter("chat_id") == Some("@acme") => Ok(chat()),
            ("GET", "getChat") => Err((400, "Bad Request: chat not found")),
            ("POST", "sendMessage") => self.send(&asked.body, asked),
            _ => Err((404, "Not Found")),
        }
    }

    fn send(&self, body: &Value, asked: &Asked) -> Result<Value, (u16, &'static str)> {
        if asked.unknown_field(&["chat_id", "text"]).is_some() {
            return Err((400, "Bad Request: a field that this stand-in does not know"));
        }
        let text = body["text"]
            .as_str()
            .filter(|text| !text.trim().is_empty())
            .ok_or((400, "Bad Request: message text is empty"))?;
        if body["chat_id"] != "@acme" {
            return Err((400, "Bad Request: chat not found"));
        }
        if text.encode_utf16().count() > 4096 {
            return Err((400, "Bad Request: message is too long"));
        }
        let id = self.chat.say(json!({"text": text}));
        Ok(json!({"message_id": id, "date": 1_800_000_000, "chat": chat(), "text": text}))
    }
}

fn chat() -> Value {
    json!({"id": -1_001_234_567_890_i64, "type": "channel", "title": "Acme", "username": "acme"})
}

impl Receiver for BotApi {
    fn act(&self, request: &Received) -> Vec<u8> {
        match Asked::of(request).map(|asked| self.answer(&asked)) {
            Ok(Ok(result)) => says(200, &json!({"ok": true, "result": result})),
            Ok(Err((code, words))) => says(
                code,
                &json!({"ok": false, "error_code": code, "description": words}),
            ),
            Err(answer) => answer,
        }
    }
}

struct TelegramRig {
    api: Arc<BotApi>,
    sink: Sink,
}

impl TelegramRig {
    fn start() -> Self {
        let api = Arc::<BotApi>::default();
        let sink = Sink::start(Arc::<BotApi>::clone(&api));
        Self { api, sink }
    }

    fn in_chat(&self, chat: &str, token: &str, timeout: &str) -> Box<dyn Publisher> {
        let name: SecretKeyReference =
            serde_json::from_value(json!({"name": "bot", "key": "token"})).unwrap();
        let telegram = json!({
            "secretRef": {"name": "bot"}, "chat": chat, "endpoint": self.sink.url(), "timeout": timeout,
        });
        let secrets = Secrets::from([(name, format!("{token}\n").into())]);
        channel(&json!({ "telegram": telegram }), &secrets)
    }
}

impl Rig for TelegramRig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        self.in_chat("@acme", TOKEN, timeout)
    }

    fn sink(&self) -> &Sink {
        &self.sink
    }

    fn effects(&self, publication: &Publication) -> usize {
        self.api.chat.holds(publication, "text")
    }

    fn reads_its_answers(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn telegram_conforms_as_class_d() {
    conforms(&TelegramRig::start()).await;
}

#[tokio::test]
async fn hebrew_and_emoji_arrive_in_telegram_to_the_byte_and_the_link_is_known() {
    let rig = TelegramRig::start();
    let asset = publication("words", AssetType::Post);
    let published = publish(&*rig.publisher(PATIENT), &asset).await.unwrap();
    assert_eq!(rig.api.chat.messages()[0]["text"], asset.content.text);
    assert_eq!(published.remote_id.as_deref(), Some("-1001234567890/1"));
    assert_eq!(published.url.as_deref(), Some("https://t.me/acme/1"));
}

#[tokio::test]
async fn what_telegram_says_of_the_chat_blocks_the_channel_and_of_the_text_the_post() {
    let rig = TelegramRig::start();
    let asset = publication("chat", AssetType::Post);
    let elsewhere = rig.in_chat("@elsewhere", TOKEN, PATIENT);
    assert_eq!(
        known(publish(&*elsewhere, &asset).await),
        (Outcome::Refused, "AccountNotFound")
    );
    let stranger = rig.in_chat("@acme", "1:wrong", PATIENT);
    assert_eq!(
        known(publish(&*stranger, &asset).await),
        (Outcome::Refused, "CredentialsRefused")
    );
    let body = json!({"ok": false, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": -100_777}});
    rig.sink.script([Fault::Say(says(400, &body))]);
    let error = publish(&*rig.publisher(PATIENT), &asset).await.unwrap_err();
    assert_eq!(error.outcome, Outcome::Refused);
    assert!(
        error.message.ends_with("write -100777 into spec.telegram.chat"),
        "{}",
        error.message
    );
    assert_eq!(rig.api.chat.messages().len(), 0);
}

#[tokio::test]
async fn telegram_says_in_the_body_how_long_to_wait() {
    let rig = TelegramRig::start();
    let body = json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 17", "parameters": {"retry_after": 17}});
    rig.sink.script([Fault::Say(says(429, &body))]);
    let error = publish(&*rig.publisher(PATIENT), &publication("wait", AssetType::Post))
        .await
        .unwrap_err();
    let retry_after = std::time::Duration::from_secs(17);
    assert_eq!(error.outcome, Outcome::RateLimited { retry_after });
}

#[tokio::test]
async fn a_preflight_of_telegram_looks_at_the_token_and_the_chat_and_says_nothing() {
    let rig = TelegramRig::start();
    rig.publisher(PATIENT).preflight().await.unwrap();
    for (chat, token, reason) in [
        ("@elsewhere", TOKEN, "AccountNotFound"),
        ("@acme", "1:wrong", "CredentialsRefused"),
    ] {
        let error = rig.in_chat(chat, token, PATIENT).preflight().await.unwrap_err();
        assert_eq!((error.outcome, error.reason), (Outcome::Refused, reason));
    }
    assert_eq!(rig.api.chat.messages().len(), 0);
}

#[tokio::test]
async fn the_token_of_a_telegram_bot_is_never_shown() {
    let rig = TelegramRig::start();
    let publisher = rig.publisher(PATIENT);
    let body = json!({"ok": false, "error_code": 400, "description": format!("bad request to /bot{TOKEN}/")});
    rig.sink.script([Fault::Say(says(400, &body))]);
    let error = publish(&*publisher, &publication("echo", AssetType::Post))
        .await
        .unwrap_err();
    rig.sink.script([Fault::LoseReply]);
    let lost = publish(&*publisher, &publication("lost", AssetType::Post))
        .await
        .unwrap_err();
    let shown = format!("{publisher:?} {error:?} {lost:?} {}", error.message);
    assert!(!shown.contains("canary"), "{shown}");
}

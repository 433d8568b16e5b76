//! The webhook channel.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use campanile::{
    api::{AssetType, SecretKeyReference},
    domain::publication::Publication,
    publish::{Publisher, Secrets, webhook_schema},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{PATIENT, Rig, cases::conforms, channel, next_attempt, publication, publish};
use crate::sink::{Fault, Received, Sink, WebhookReceiver, answer};

const KEY: &str = "canary-signing-key-of-24-bytes";

struct WebhookRig {
    receiver: Arc<WebhookReceiver>,
    sink: Sink,
    idempotent: bool,
}

impl WebhookRig {
    fn start(idempotent: bool) -> Self {
        let receiver = if idempotent {
            WebhookReceiver::remembering()
        } else {
            WebhookReceiver::forgetful()
        };
        let sink = Sink::start(Arc::<WebhookReceiver>::clone(&receiver));
        Self {
            receiver,
            sink,
            idempotent,
        }
    }
}

impl Rig for WebhookRig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        let reference = json!({"name": "hook", "key": "signing"});
        let url = format!("{}/hooks/linkedin?token=canary-token", self.sink.url());
        let mut webhook = json!({"url": url, "secretKeyRef": reference, "timeout": timeout});
        if self.idempotent {
            webhook["idempotency"] = json!({"window": "24h"});
        }
        let name: SecretKeyReference = serde_json::from_value(reference).unwrap();
        let secret = format!("whsec_{}", STANDARD.encode(KEY));
        channel(
            &json!({ "webhook": webhook }),
            &Secrets::from([(name, secret.into())]),
        )
    }

    fn sink(&self) -> &Sink {
        &self.sink
    }

    fn effects(&self, publication: &Publication) -> usize {
        let key = publication.key();
        self.receiver
            .published()
            .iter()
            .filter(|(id, _)| *id == key)
            .count()
    }
}

#[tokio::test]
async fn a_webhook_whose_receiver_remembers_conforms_as_class_b() {
    conforms(&WebhookRig::start(true)).await;
}

#[tokio::test]
async fn a_webhook_whose_receiver_forgets_conforms_as_class_d() {
    conforms(&WebhookRig::start(false)).await;
}

#[tokio::test]
async fn a_request_sent_again_has_the_same_key_and_the_same_body_to_the_byte() {
    let rig = WebhookRig::start(true);
    let publisher = rig.publisher(PATIENT);
    rig.sink.lose_reply_of(1);
    let first = publication("lost", AssetType::Post);
    publish(&*publisher, &first).await.unwrap_err();
    let accepted = publish(&*publisher, &next_attempt(&first)).await.unwrap();
    let requests = rig.sink.wait_for_requests(2);
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(
        requests[0].headers["webhook-id"],
        requests[1].headers["webhook-id"]
    );
    assert_eq!(accepted.remote_id.as_deref(), Some("post-0"));
    assert_eq!(
        accepted.url.as_deref(),
        Some("https://platform.example.com/posts/0")
    );
}

#[tokio::test]
async fn a_look_whether_somebody_listens_asks_for_nothing() {
    let rig = WebhookRig::start(false);
    let publisher = rig.publisher(PATIENT);
    rig.sink.lose_reply_of(1);
    publisher.preflight().await.unwrap();
    let asset = publication("after-the-look", AssetType::Post);
    publish(&*publisher, &asset).await.unwrap_err();
    assert_eq!(rig.receiver.published().len(), 1);
}

#[tokio::test]
async fn a_request_is_signed_as_standard_webhooks_say() {
    let rig = WebhookRig::start(false);
    let asset = publication("signed", AssetType::Post);
    publish(&*rig.publisher(PATIENT), &asset).await.unwrap();
    let Received {
        line, headers, body, ..
    } = rig.sink.requests().remove(0);
    assert_eq!(line, "POST /hooks/linkedin?token=canary-token HTTP/1.1");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["webhook-id"], asset.key());
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(format!("{}.{}.", headers["webhook-id"], headers["webhook-timestamp"]).as_bytes());
    mac.update(&body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(headers["webhook-signature"], expected);
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let rig = WebhookRig::start(false);
    let publisher = channel(&json!({"webhook": {"url": rig.sink.url()}}), &Secrets::new());
    publish(&*publisher, &publication("unsigned", AssetType::Post))
        .await
        .unwrap();
    assert!(!rig.sink.requests()[0].headers.contains_key("webhook-signature"));
}

#[tokio::test]
async fn what_is_sent_follows_the_published_schema() {
    let rig = WebhookRig::start(false);
    let mut page = publication("page", AssetType::Page);
    page.content.title = Some("A title".into());
    page.content.excerpt = Some("An excerpt".into());
    page.content.tags = vec!["one".into()];
    page.content.date = Some("2026-11-22".into());
    let schema = serde_json::to_value(webhook_schema()).unwrap();
    for asset in [
        page,
        publication("post", AssetType::Post),
        publication("template", AssetType::Template),
    ] {
        publish(&*rig.publisher(PATIENT), &asset).await.unwrap();
        let body: Value = serde_json::from_slice(&rig.sink.requests().pop().unwrap().body).unwrap();
        assert_eq!(problems(&schema, &schema, &body), Vec::<String>::new());
        assert_eq!(body["type"], "asset.publish");
        assert_eq!(body["timestamp"], "2026-11-22T07:00:00Z");
        assert_eq!(body["data"]["text"], asset.content.text);
        assert_eq!(body["data"]["direction"], "rtl");
        assert_eq!(body["data"]["slot"]["postId"], asset.slot.fields().post_id);
    }
    let broken = json!({"type": "asset.delete", "timestamp": 7, "data": {}});
    assert!(
        problems(&schema, &schema, &broken).len() > 5,
        "the check itself sees nothing"
    );
}

/// What of the schema a value breaks, for the words that our schema uses; a member that the schema does not name is
/// a problem too.
fn problems(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return problems(
            root,
            root.pointer(reference.trim_start_matches('#')).unwrap(),
            value,
        );
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let known = choices.iter().any(|choice| choice["const"] == *value);
        return if known {
            Vec::new()
        } else {
            vec![format!("{value} is none of {choices:?}")]
        };
    }
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        _ => "other",
    };
    if !schema["type"].to_string().contains(&format!("\"{kind}\"")) {
        return vec![format!("{value} is not {}", schema["type"])];
    }
    let mut found = Vec::new();
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            found.push(format!("{name} is missing"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(schema) => found.extend(problems(root, schema, member)),
            None => found.push(format!("{name} is not in the schema")),
        }
    }
    for item in value.as_array().into_iter().flatten() {
        found.extend(problems(root, &schema["items"], item));
    }
    found
}

#[tokio::test]
async fn what_a_receiver_echoes_shows_no_secret_of_ours() {
    let rig = WebhookRig::start(false);
    let secret = STANDARD.encode(KEY);
    let echo = answer(422, &[], &format!("bad token canary-token, bad key {secret}"));
    rig.sink.script([Fault::Say(echo)]);
    let error = publish(&*rig.publisher(PATIENT), &publication("echo", AssetType::Post))
        .await
        .unwrap_err();
    assert_eq!(
        error.message,
        "the receiver answered 422 Unprocessable Entity: \"bad token [redacted], bad key [redacted]\""
    );
    assert!(!format!("{error:?}").contains("canary"));
}

#[tokio::test]
async fn a_preflight_connects_and_sends_nothing() {
    let rig = WebhookRig::start(false);
    let preflight = rig.publisher(PATIENT).preflight().await.unwrap();
    assert!(preflight.message.contains("nothing was sent") && !preflight.message.contains("canary"));
    assert!(
        rig.sink
            .requests()
            .iter()
            .all(|connection| connection.bytes.is_empty())
    );
}

#[tokio::test]
async fn an_answer_that_takes_its_time_is_waited_for() {
    let rig = WebhookRig::start(false);
    rig.receiver.take(std::time::Duration::from_millis(300));
    publish(&*rig.publisher(PATIENT), &publication("slow", AssetType::Post))
        .await
        .unwrap();
    assert_eq!(rig.receiver.published().len(), 1);
}

//! What a person sees through kubectl, and what a platform received.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::sink::Received;

/// The condition of an object.
pub(crate) fn condition(object: &Value, type_: &str) -> Option<Value> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions
        .iter()
        .find(|condition| condition["type"] == type_)
        .cloned()
}

/// What kubectl shows of an Asset.
#[derive(Clone, Debug)]
pub(crate) struct AssetSeen {
    /// `post platform/account`; with a template `post.locale platform/account`, with a further item `post#item platform/account`.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) phase: String,
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) json: Value,
}

impl AssetSeen {
    pub(super) fn of(json: &Value) -> Self {
        let text = |path: &str| {
            json.pointer(path)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            key: format!(
                "{}{}{} {}/{}",
                text("/spec/postId"),
                // One row stands as several items.
                match text("/spec/item").as_str() {
                    "" | "main" => String::new(),
                    item => format!("#{item}"),
                },
                // One template stands in several locales.
                if text("/spec/type") == "Template" {
                    format!(".{}", text("/spec/locale"))
                } else {
                    String::new()
                },
                text("/spec/target/platform"),
                text("/spec/target/account")
            ),
            name: text("/metadata/name"),
            phase: text("/status/phase"),
            reason: text("/status/reason"),
            message: text("/status/message"),
            json: json.clone(),
        }
    }

    /// `Phase Reason`.
    pub(crate) fn standing(&self) -> String {
        format!("{} {}", self.phase, self.reason)
    }

    /// A field of its status.
    pub(crate) fn status(&self, field: &str) -> &Value {
        &self.json["status"][field]
    }

    /// The name of its Receipt.
    pub(crate) fn receipt(&self) -> String {
        self.status("receipt")
            .as_str()
            .expect("it has a receipt")
            .to_owned()
    }
}

/// A webhook that the sink received.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    request: Received,
    pub(crate) body: Value,
}

impl Sent {
    pub(super) fn of(request: Received) -> Self {
        let body = serde_json::from_slice(&request.body).expect("a webhook carries JSON");
        Self { request, body }
    }

    pub(crate) fn post(&self) -> String {
        self.body["data"]["slot"]["postId"].as_str().unwrap().to_owned()
    }

    /// The path of its address, which is the name of the ChannelConfig.
    pub(crate) fn channel(&self) -> String {
        let path = self.request.line.split(' ').nth(1).unwrap_or_default();
        path.trim_start_matches('/').to_owned()
    }

    pub(crate) fn text(&self) -> String {
        self.body["data"]["text"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.request.headers.get(name).cloned().unwrap_or_default()
    }

    /// Whether a secret signed it, as Standard Webhooks has it.
    pub(crate) fn is_signed_by(&self, secret: &str) -> bool {
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let signed = [format!("{id}.{timestamp}.").as_bytes(), &self.request.body].concat();
        let code = STANDARD.encode(hmac_sha256(secret, &signed));
        self.header("webhook-signature") == format!("v1,{code}")
    }
}

/// HMAC-SHA-256.
pub(crate) fn hmac_sha256(secret: &str, body: &[u8]) -> Vec<u8> {
    use hmac::{KeyInit as _, Mac as _};
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

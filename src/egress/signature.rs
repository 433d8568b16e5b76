//! Standard Webhooks: the three headers that say who sent a body, when, and as which message.
//!
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use crate::secret::SecretString;

const SECRET_PREFIX: &str = "whsec_";

/// A key that requests are signed with.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// Reads `whsec_` and base64, or takes any other text as it is, without white space at its ends (Secrets made
    /// from files end in a line break).
    pub fn parse(secret: &SecretString) -> Option<Self> {
        let text = secret.expose().trim();
        let bytes = match text.strip_prefix(SECRET_PREFIX) {
            Some(encoded) => STANDARD.decode(encoded).ok()?,
            None => text.as_bytes().to_vec(),
        };
        if bytes.is_empty() {
            return None;
        }
        Hmac::new_from_slice(&bytes).ok().map(Self)
    }

    fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// The three headers of one request.
#[derive(Debug)]
pub struct Headers {
    id: String,
    timestamp: String,
    signature: Option<String>,
}

impl Headers {
    /// Signs a body as the message of an id, at an instant.
    pub fn new(id: &str, now: Timestamp, key: Option<&SigningKey>, body: &[u8]) -> Self {
        let timestamp = now.as_second().to_string();
        let signature = key.map(|key| key.sign(id, &timestamp, body));
        Self {
            id: id.to_owned(),
            timestamp,
            signature,
        }
    }

    /// Names and values; without a key there is no signature.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("webhook-id", self.id.as_str()),
            ("webhook-timestamp", self.timestamp.as_str()),
        ]
        .into_iter()
        .chain(
            self.signature
                .as_deref()
                .map(|signature| ("webhook-signature", signature)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks libraries, computed here a second time with openssl.
    #[test]
    fn the_signature_is_that_of_the_published_example() {
        let key = SigningKey::parse(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let signature = key.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_base64_behind_its_prefix_and_plain_text_otherwise() {
        let sign = |text: &str| SigningKey::parse(&text.into()).map(|key| key.sign("a", "1", b"b"));
        assert_eq!(sign("whsec_cGxhaW4="), sign("plain"));
        assert_eq!(sign("plain\n"), sign("plain"));
        assert_eq!(sign("whsec_not base64"), None);
        assert_eq!(sign("whsec_"), None);
        assert_eq!(sign(" \n"), None);
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(
            format!("{:?}", SigningKey::parse(&"canary".into())),
            "Some([redacted])"
        );
    }
}

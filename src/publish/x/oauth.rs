//! The signature of RFC 5849 (OAuth 1.0a), with HMAC-SHA1 as X asks for it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use url::Url;

use crate::secret::SecretString;

/// The unreserved characters of RFC 3986 stay as they are, all others are encoded (section 3.6).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What an app and an account sign with.
pub(super) struct Keys {
    pub(super) consumer_key: SecretString,
    pub(super) consumer_secret: SecretString,
    pub(super) access_token: SecretString,
    pub(super) access_token_secret: SecretString,
}

/// What makes a signature of one request good for that request alone.
pub(super) struct Moment {
    pub(super) nonce: String,
    /// Seconds since 1970.
    pub(super) timestamp: i64,
}

impl Keys {
    /// The value of the header Authorization for a request whose body is no form: such a body is not signed.
    pub(super) fn authorization(&self, method: &Method, url: &Url, moment: &Moment) -> String {
        let timestamp = moment.timestamp.to_string();
        let mut parameters = vec![
            ("oauth_consumer_key", self.consumer_key.expose()),
            ("oauth_nonce", &moment.nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &timestamp),
            ("oauth_token", self.access_token.expose()),
            ("oauth_version", "1.0"),
        ];
        let signature = self.signature(&base_string(method, url, &parameters));
        parameters.push(("oauth_signature", &signature));
        let written = parameters
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", encoded(value)));
        format!("OAuth {}", written.collect::<Vec<_>>().join(", "))
    }

    fn signature(&self, base: &str) -> String {
        let [consumer, token] =
            [&self.consumer_secret, &self.access_token_secret].map(|key| encoded(key.expose()));
        // HMAC takes a key of any length.
        let mac = Hmac::<Sha1>::new_from_slice(format!("{consumer}&{token}").as_bytes());
        let signed = mac.map(|mac| mac.chain_update(base.as_bytes()).finalize().into_bytes());
        signed.map_or_else(|_| String::new(), |bytes| STANDARD.encode(bytes))
    }
}

/// What is signed (section 3.4.1): the method, the address without its query, and every parameter in order.
fn base_string(method: &Method, url: &Url, parameters: &[(&str, &str)]) -> String {
    let mut address = url.clone();
    address.set_query(None);
    address.set_fragment(None);
    let query = url
        .query_pairs()
        .map(|(name, value)| (encoded(&name), encoded(&value)));
    let mut all: Vec<(String, String)> = query.collect();
    all.extend(
        parameters
            .iter()
            .map(|(name, value)| (encoded(name), encoded(value))),
    );
    all.sort();
    let all: Vec<String> = all
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!(
        "{method}&{}&{}",
        encoded(address.as_str()),
        encoded(&all.join("&"))
    )
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of <https://docs.x.com/fundamentals/authentication/oauth-1-0a/creating-a-signature>; its form's field
    /// stands in the query here, which is signed in the same way.
    fn signed(address: &str) -> String {
        let keys = Keys {
            consumer_key: "xvz1evFS4wEEPTGEFPHBog".into(),
            consumer_secret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw".into(),
            access_token: "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb".into(),
            access_token_secret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE".into(),
        };
        let moment = Moment {
            nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg".into(),
            timestamp: 1_318_622_958,
        };
        let mut url: Url = address.parse().unwrap();
        url.query_pairs_mut()
            .append_pair("include_entities", "true")
            .append_pair("status", "Hello Ladies + Gentlemen, a signed OAuth request!");
        keys.authorization(&Method::POST, &url, &moment)
    }

    #[test]
    fn the_signatures_are_those_that_x_has_published() {
        for (address, signature) in [
            (
                "https://api.x.com/1.1/statuses/update.json",
                "Ls93hJiZbQ3akF3HF3x1Bz8%2FzU4%3D",
            ),
            (
                "https://api.twitter.com/1.1/statuses/update.json",
                "hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D",
            ),
            (
                "https://api.twitter.com/1/statuses/update.json",
                "tnnArxj06cWHq44gCs1OSKk%2FjLY%3D",
            ),
        ] {
            let header = signed(address);
            assert!(
                header.contains(&format!("oauth_signature=\"{signature}\"")),
                "{header}"
            );
            assert!(
                header.starts_with("OAuth oauth_consumer_key=\"xvz1evFS4wEEPTGEFPHBog\", "),
                "{header}"
            );
            assert!(!header.contains("status"), "{header}");
        }
    }

    #[test]
    fn what_is_signed_is_that_of_the_standard() {
        // Section 3.4.1.1 of RFC 5849; its form's fields stand in the query here.
        let url = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2=&a3=2+q"
            .parse()
            .unwrap();
        let parameters = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ];
        assert_eq!(
            base_string(&Method::POST, &url, &parameters),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2\
             %3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1\
             %26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }
}

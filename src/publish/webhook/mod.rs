//! The webhook channel: one signed POST to an address of the team's own.

mod answer;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Uri,
    header::{ACCEPT, CONTENT_TYPE},
};
use jiff::Timestamp;
use serde_json::json;
use url::Url;

use super::{
    AssetPublish, Class, Found, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions,
    Secrets, SelectError,
    said::Redaction,
    select::secret_name,
    wire::{Bounds, Wire, innermost},
};
use crate::{
    api::{ChannelConfigSpec, WebhookChannel},
    domain::{digest, publication::Publication},
    egress::signature::{Headers, SigningKey},
    secret::{SafeUrl, SecretString},
};

/// An answer carries an id and an address; more than this is not read.
const MAX_ANSWER: usize = 64 * 1024;

/// A webhook channel: class B where the receiver remembers webhook-id, else class D.
pub(super) struct Webhook {
    url: Url,
    uri: Uri,
    key: Option<SigningKey>,
    window: Option<Duration>,
    timeout: Duration,
    endpoint_digest: String,
    redaction: Redaction,
    wire: Wire,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Webhook({})", SafeUrl(&self.url))
    }
}

impl Webhook {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &WebhookChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let invalid = || SelectError::invalid("spec.webhook.url", "is no http or https address with a host");
        let url: Url = channel.url.parse().map_err(|_| invalid())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(invalid());
        }
        let secret = channel
            .secret_key_ref
            .as_ref()
            .and_then(|key| Some((key, secrets.get(key)?)));
        let key = match secret {
            Some((name, secret)) => Some(SigningKey::parse(secret).ok_or_else(|| {
                SelectError::invalid(
                    secret_name(name),
                    "is no Standard Webhooks secret: whsec_ and base64, or any text",
                )
            })?),
            None => None,
        };
        Ok(Self {
            uri: url.as_str().parse().map_err(|_| invalid())?,
            key,
            window: channel
                .idempotency
                .as_ref()
                .map(|idempotency| idempotency.window.0),
            timeout: channel.timeout.0,
            endpoint_digest: endpoint_digest(spec, &url),
            redaction: Redaction::new(secrets_of(&url, secret.map(|(_, secret)| secret))),
            wire: options.wire(),
            url,
        })
    }

    fn request(&self, publication: &Publication, now: Timestamp) -> Result<Request<Bytes>, PublishError> {
        let invalid = |error: Box<dyn std::error::Error + Send + Sync>| {
            PublishError::rejected("InvalidRequest", "the request could not be written").because(error)
        };
        let body = AssetPublish::of(publication)
            .json()
            .map_err(|error| invalid(error.into()))?;
        let headers = Headers::new(&publication.key(), now, self.key.as_ref(), body.as_bytes());
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let entries = request.headers_mut();
        entries.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        entries.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in headers.entries() {
            entries.insert(
                name,
                value
                    .parse()
                    .map_err(|error: http::header::InvalidHeaderValue| invalid(error.into()))?,
            );
        }
        Ok(request)
    }
}

/// Digest of where a request goes. The query counts: it may say which account is meant.
fn endpoint_digest(spec: &ChannelConfigSpec, url: &Url) -> String {
    let mut place = url.clone();
    // Fails for addresses without a host only, and those were refused.
    let _ = (place.set_username(""), place.set_password(None));
    place.set_fragment(None);
    digest::of_json(&json!(["webhook", place.as_str(), spec.platform, spec.account]))
}

/// What a receiver might echo: values of the query, the password as it is written and as it is sent, the signing key.
fn secrets_of(url: &Url, signing: Option<&SecretString>) -> Vec<SecretString> {
    let query = url.query_pairs().map(|(_, value)| value.into_owned());
    let password = url.password().into_iter().flat_map(|password| {
        let sent = STANDARD.encode(format!("{}:{password}", url.username()));
        [password.to_owned(), sent]
    });
    let signing = signing.into_iter().flat_map(|secret| {
        let text = secret.expose().trim();
        [text, text.trim_start_matches("whsec_")].map(str::to_owned)
    });
    query
        .chain(password)
        .chain(signing)
        .map(SecretString::from)
        .collect()
}

#[async_trait]
impl Publisher for Webhook {
    fn channel_type(&self) -> &'static str {
        "webhook"
    }

    fn class(&self) -> Class {
        self.window
            .map_or(Class::Neither, |window| Class::IdempotencyKey { window })
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    fn send_timeout(&self) -> Duration {
        self.timeout
    }

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let reached = self.wire.reach(&self.url, self.timeout).await;
        reached.map_err(|cause| {
            PublishError::not_sent(
                "Unreachable",
                format!("the receiver cannot be reached: {}", innermost(&*cause)),
            )
            .because(cause)
        })?;
        let message = format!("{} can be reached; nothing was sent to it", SafeUrl(&self.url));
        Ok(Preflight { message })
    }

    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        Ok(Prepared {
            id: publication.key(),
        })
    }

    async fn commit(&self, publication: &Publication, prepared_id: &str) -> Result<Published, PublishError> {
        if prepared_id != publication.key() {
            return Err(PublishError::not_sent(
                "PreparedElsewhere",
                "what was prepared is not this publication",
            ));
        }
        let now = Timestamp::now();
        let request = self.request(publication, now)?;
        let bounds = Bounds {
            timeout: self.timeout,
            answer_bytes: MAX_ANSWER,
        };
        let answer = self.wire.exchange(request, bounds).await?;
        answer::read(&answer, self.window.is_some(), &self.redaction)
    }

    async fn resolve(&self, _: &Publication) -> Result<Found, PublishError> {
        Ok(Found::CannotTell)
    }
}

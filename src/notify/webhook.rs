//! A webhook of the team's own: CloudEvents, signed as Standard Webhooks.

use std::fmt;

use async_trait::async_trait;
use futures::TryFutureExt as _;
use jiff::Timestamp;
use serde_json::json;
use url::Url;

use super::{Notifier, NotifierOptions, NotifyError, TIMEOUT};
use crate::{
    domain::notify::Message,
    egress::signature::{Headers, SigningKey},
    secret::SafeUrl,
};

/// A webhook that takes CloudEvents.
pub(super) struct Webhook {
    url: Url,
    key: Option<SigningKey>,
    options: NotifierOptions,
}

impl Webhook {
    pub(super) fn new(url: Url, key: Option<SigningKey>, options: NotifierOptions) -> Self {
        Self { url, key, options }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut host = self.url.clone();
        host.set_path("");
        write!(formatter, "Webhook({})", SafeUrl(&host))
    }
}

/// The event, in the structured mode of CloudEvents 1.0.
fn event(message: &Message) -> String {
    json!({
        "specversion": "1.0",
        "id": message.id,
        "source": format!("/campanile/{}/{}", message.namespace, message.campaign),
        "type": format!("dev.campanile.notification.{:?}", message.event),
        "time": message.at.to_string(),
        "datacontenttype": "application/json",
        "data": message,
    })
    .to_string()
}

#[async_trait]
impl Notifier for Webhook {
    fn kind(&self) -> &'static str {
        "webhook"
    }

    async fn send(&self, message: &Message) -> Result<(), NotifyError> {
        let body = event(message);
        let signed = Headers::new(&message.id, Timestamp::now(), self.key.as_ref(), body.as_bytes());
        let mut headers = vec![("content-type", "application/cloudevents+json".to_owned())];
        headers.extend(signed.entries().map(|(name, value)| (name, value.to_owned())));
        post(&self.options, &self.url, body, &headers).await
    }
}

/// Posts a body; any 2xx is an acceptance, and nothing of an answer's body is read.
pub(super) async fn post(
    options: &NotifierOptions,
    url: &Url,
    body: String,
    headers: &[(&'static str, String)],
) -> Result<(), NotifyError> {
    let unreachable = |error: Box<dyn std::error::Error + Send + Sync>| NotifyError::Unreachable(error);
    options
        .egress
        .check_url(url)
        .map_err(|error| unreachable(error.into()))?;
    let mut request = options.client.post(url.clone()).timeout(TIMEOUT).body(body);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    // The address may be a password: it is not told.
    let answer = request
        .send()
        .map_err(|error| unreachable(error.without_url().into()))
        .await?;
    if answer.status().is_success() {
        Ok(())
    } else {
        Err(NotifyError::Refused(answer.status().to_string()))
    }
}

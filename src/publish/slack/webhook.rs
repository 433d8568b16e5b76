//! Slack by an incoming webhook: nothing can be asked afterwards.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use serde_json::json;
use url::Url;

use super::URL;
use crate::{
    api::{Channel, ChannelConfigSpec, SlackChannel},
    domain::{
        channels::{Fitting, fitting},
        digest,
        publication::Publication,
    },
    publish::{
        Class, Found, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions, Secrets,
        SelectError,
        platform::{Platform, fitted, is_prepared, key_of, secret_url},
        wire::End,
    },
    secret::SecretString,
};

/// An incoming webhook: class D.
pub(super) struct IncomingWebhook {
    platform: Platform,
    url: Url,
    fitting: Option<Fitting>,
    endpoint_digest: String,
}

impl fmt::Debug for IncomingWebhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address is the secret.
        formatter.write_str("SlackIncomingWebhook")
    }
}

impl IncomingWebhook {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &SlackChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let url = secret_url(secrets, &key_of(&channel.secret_ref, URL))?;
        let parts = url.path_segments().into_iter().flatten();
        let hidden: Vec<SecretString> = parts.map(SecretString::from).collect();
        Ok(Self {
            platform: Platform::new("Slack", channel.timeout.0, options).hiding(hidden),
            fitting: fitting(Channel::Slack(channel)),
            endpoint_digest: digest::of_json(&json!([
                "slack",
                "webhook",
                url.as_str(),
                spec.platform,
                spec.account
            ])),
            url,
        })
    }
}

#[async_trait]
impl Publisher for IncomingWebhook {
    fn channel_type(&self) -> &'static str {
        "slack"
    }

    fn class(&self) -> Class {
        Class::Neither
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    fn send_timeout(&self) -> Duration {
        self.platform.timeout()
    }

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        self.platform.reach(&self.url).await?;
        Ok(Preflight {
            message: "Slack can be reached; nothing was sent to it".to_owned(),
        })
    }

    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        fitted(self.fitting, publication)?;
        Ok(Prepared {
            id: publication.key(),
        })
    }

    async fn commit(&self, publication: &Publication, prepared_id: &str) -> Result<Published, PublishError> {
        is_prepared(publication, prepared_id)?;
        // Every character is shown as it is written.
        let message = json!({"text": fitted(self.fitting, publication)?, "mrkdwn": false});
        let answer = self.platform.publish(&self.url, &message).await?;
        if !answer.status.is_success() {
            return Err(self.platform.refusal(&answer));
        }
        if answer.end == End::Whole && answer.body.trim_ascii() == b"ok" {
            return Ok(Published::default());
        }
        Err(self.platform.unexpected(&answer))
    }

    async fn resolve(&self, _: &Publication) -> Result<Found, PublishError> {
        Ok(Found::CannotTell)
    }
}

//! Slack's incoming webhooks, and whatever takes messages as they do.

use std::fmt;

use async_trait::async_trait;
use serde_json::json;
use url::Url;

use super::{Notifier, NotifierOptions, NotifyError, webhook::post};
use crate::{domain::notify::Message, secret::SafeUrl};

/// A webhook that takes Slack's messages.
pub(super) struct Slack {
    url: Url,
    options: NotifierOptions,
}

impl Slack {
    pub(super) fn new(url: Url, options: NotifierOptions) -> Self {
        Self { url, options }
    }
}

/// The host alone: the path of such an address is its password.
impl fmt::Debug for Slack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut host = self.url.clone();
        host.set_path("");
        write!(formatter, "Slack({})", SafeUrl(&host))
    }
}

/// Words as Slack shows them, and not as marks that name people, channels or links.
fn escaped(words: &str) -> String {
    words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[async_trait]
impl Notifier for Slack {
    fn kind(&self) -> &'static str {
        "slack"
    }

    async fn send(&self, message: &Message) -> Result<(), NotifyError> {
        let body = json!({"text": escaped(&message.text()), "mrkdwn": false});
        let headers = [("content-type", "application/json".to_owned())];
        post(&self.options, &self.url, body.to_string(), &headers).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_branch_call_nobody() {
        assert_eq!(
            escaped("<!channel> & <@U1>"),
            "&lt;!channel&gt; &amp; &lt;@U1&gt;"
        );
    }
}

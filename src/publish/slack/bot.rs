//! Slack by an app's bot: each message carries the key of its publication, and the channel's history shows it.

use std::{fmt, sync::OnceLock, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json};
use url::Url;

use super::TOKEN;
use crate::{
    api::{Channel, ChannelConfigSpec, SlackChannel},
    domain::{
        channels::{Fitting, fitting},
        digest,
        publication::Publication,
    },
    publish::{
        Class, Found, Outcome, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions,
        Secrets, SelectError,
        platform::{Platform, api, at, below, earliest, fitted, is_prepared, key_of, token, whole_json},
        wire::Answer,
    },
};

const API: &str = "https://slack.com/api";
/// The type of the metadata that our messages carry.
const EVENT_TYPE: &str = "campanile_publication";
/// A page of a channel's history; the platform allows 999.
const PAGE: &str = "200";
/// Longer histories since the due instant are not read: whoever looks through them is a person.
const MAX_PAGES: usize = 20;

/// What Slack says of the token or the channel, and not of the message.
const REFUSALS: [&str; 24] = [
    "access_denied",
    "account_inactive",
    "accesslimited",
    "channel_not_found",
    "ekm_access_denied",
    "enterprise_is_restricted",
    "invalid_auth",
    "is_archived",
    "is_inactive",
    "messages_tab_disabled",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "not_authed",
    "not_in_channel",
    "org_login_required",
    "restricted_action",
    "restricted_action_non_threadable_channel",
    "restricted_action_read_only_channel",
    "team_access_not_granted",
    "team_not_found",
    "token_expired",
    "token_revoked",
    "two_factor_setup_required",
];
/// What Slack says of itself: the message may have been posted before it failed.
const FAILURES: [&str; 4] = [
    "fatal_error",
    "internal_error",
    "request_timeout",
    "service_unavailable",
];

/// A bot in one channel: class C, by the metadata of its messages.
pub(super) struct Bot {
    platform: Platform,
    channel: String,
    send: Url,
    history: Url,
    me: Url,
    /// The address of the workspace, once a preflight has asked for it.
    workspace: OnceLock<Url>,
    fitting: Option<Fitting>,
    endpoint_digest: String,
}

impl fmt::Debug for Bot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SlackBot({})", self.channel)
    }
}

impl Bot {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        (channel, id): (&SlackChannel, &str),
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let token = token(secrets, &key_of(&channel.secret_ref, TOKEN))?;
        let api = api(channel.endpoint.as_deref(), API, "spec.slack.endpoint")?;
        let mut history = below(&api, "conversations.history")?;
        history
            .query_pairs_mut()
            .append_pair("channel", id)
            .append_pair("include_all_metadata", "true");
        Ok(Self {
            platform: Platform::new("Slack", channel.timeout.0, options).with_token("Bearer", token),
            channel: id.to_owned(),
            send: below(&api, "chat.postMessage")?,
            history,
            me: below(&api, "auth.test")?,
            workspace: OnceLock::new(),
            fitting: fitting(Channel::Slack(channel)),
            endpoint_digest: digest::of_json(&json!(["slack", api, id, spec.platform, spec.account])),
        })
    }

    /// Asks a method that changes nothing: `ok: false` is an error here as well.
    async fn ask(&self, url: &Url) -> Result<(http::HeaderMap, Value), PublishError> {
        let (headers, body) = self.platform.read(url).await?;
        if at(&body, "/ok") == true {
            return Ok((headers, body));
        }
        let word = at(&body, "/error").as_str().unwrap_or_default();
        let said = self.platform.quoted(word);
        Err(if REFUSALS.contains(&word) {
            PublishError::refused("AccountRefused", said)
        } else {
            PublishError::not_sent("NoAnswer", said)
        })
    }

    fn outcome(&self, answer: &Answer) -> Result<Published, PublishError> {
        if !answer.status.is_success() {
            return Err(self.platform.refusal(answer));
        }
        let Some(body) = whole_json(answer) else {
            return Err(self.platform.unexpected(answer));
        };
        if let (true, Some(ts)) = (at(&body, "/ok") == true, at(&body, "/ts").as_str()) {
            return Ok(self.named(ts));
        }
        let word = at(&body, "/error").as_str().unwrap_or_default();
        let said = self.platform.quoted(word);
        Err(match word {
            "" => self.platform.unexpected(answer),
            "ratelimited" | "rate_limited" => self.platform.wait(answer),
            _ if REFUSALS.contains(&word) => PublishError::refused("AccountRefused", said),
            _ if FAILURES.contains(&word) => PublishError::unknown("PlatformFailed", said),
            _ => PublishError::rejected("RejectedByPlatform", said),
        })
    }

    fn named(&self, ts: &str) -> Published {
        let digits: String = ts.chars().filter(char::is_ascii_digit).collect();
        let link = self.workspace.get().and_then(|workspace| {
            workspace
                .join(&format!("archives/{}/p{digits}", self.channel))
                .ok()
        });
        Published::named(
            Some(format!("{}/{ts}", self.channel)),
            link.as_ref().map(Url::as_str),
        )
    }

    /// One page of the history, from `oldest` to now; the newest first.
    fn page(&self, oldest: i64, cursor: Option<&str>) -> Url {
        let mut url = self.history.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("limit", PAGE)
            .append_pair("oldest", &oldest.to_string());
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        drop(query);
        url
    }
}

/// The time stamp of the message that carries this key.
fn carrying(page: &Value, key: &str) -> Option<String> {
    let messages = at(page, "/messages").as_array()?;
    let ours = messages.iter().find(|message| {
        let metadata = at(message, "/metadata");
        at(metadata, "/event_type") == EVENT_TYPE && at(metadata, "/event_payload/key") == key
    })?;
    at(ours, "/ts").as_str().map(str::to_owned)
}

#[async_trait]
impl Publisher for Bot {
    fn channel_type(&self) -> &'static str {
        "slack"
    }

    fn class(&self) -> Class {
        Class::LookUp
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    fn send_timeout(&self) -> Duration {
        self.platform.timeout()
    }

    /// Asks who the token belongs to, for its scopes, and for the newest message of the channel: what a look-up needs.
    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let (headers, me) = self.ask(&self.me).await?;
        let scopes = headers
            .get("x-oauth-scopes")
            .and_then(|value| value.to_str().ok());
        let may_write = |scopes: &str| scopes.split(',').any(|scope| scope.trim() == "chat:write");
        if scopes.is_some_and(|scopes| !may_write(scopes)) {
            return Err(PublishError::refused(
                "ScopeMissing",
                "the token lacks the scope chat:write",
            ));
        }
        if let Some(workspace) = at(&me, "/url").as_str().and_then(|url| url.parse().ok()) {
            let _known = self.workspace.set(workspace);
        }
        let mut newest = self.history.clone();
        newest.query_pairs_mut().append_pair("limit", "1");
        self.ask(&newest).await?;
        let user = at(&me, "/user").as_str().unwrap_or("the bot");
        Ok(Preflight {
            message: format!("{user} reads the channel {}", self.channel),
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
        // Without mrkdwn every character is shown as it is written.
        let message = json!({
            "channel": self.channel,
            "text": fitted(self.fitting, publication)?,
            "mrkdwn": false,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": publication.key()}},
        });
        let answer = self.platform.publish(&self.send, &message).await?;
        self.outcome(&answer)
    }

    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        let key = publication.key();
        let oldest = earliest(publication).as_second().max(0);
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let (_, page) = self.ask(&self.page(oldest, cursor.as_deref())).await?;
            if let Some(ts) = carrying(&page, &key) {
                return Ok(Found::Published(self.named(&ts)));
            }
            let next = at(&page, "/response_metadata/next_cursor")
                .as_str()
                .unwrap_or_default();
            match (at(&page, "/messages").is_array(), next) {
                (false, _) => {
                    let outcome = Outcome::NotSent { retry_after: None };
                    let said = "Slack answered no list of messages";
                    return Err(PublishError::new(outcome, "UnexpectedAnswer", said));
                }
                (true, "") if at(&page, "/has_more") != true => return Ok(Found::Absent),
                (true, "") => return Ok(Found::CannotTell),
                (true, next) => cursor = Some(next.to_owned()),
            }
        }
        Ok(Found::CannotTell)
    }
}

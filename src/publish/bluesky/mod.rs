//! Bluesky, by the AT Protocol: one record under a key that we choose, written only where none stands.

mod record;
mod session;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use self::{
    record::{COLLECTION, record, record_key},
    session::{PATIENCE, Session, Sessions},
};
use super::{
    Class, Found, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions, Secrets,
    SelectError,
    platform::{Platform, api, at, below, fitted, is_prepared, key_of, token, whole_json},
    wire::Answer,
};
use crate::{
    api::{BlueskyChannel, Channel, ChannelConfigSpec, SecretKeyReference},
    domain::{
        channels::{Fitting, fitting},
        digest,
        publication::Publication,
    },
};

/// Where accounts are that have no server of their own.
const API: &str = "https://bsky.social";
const KEY: &str = "appPassword";
/// What a server says of the account and not of the record.
const REFUSALS: [&str; 4] = [
    "AccountDeactivated",
    "AccountSuspended",
    "AccountTakedown",
    "RepoTakendown",
];

/// One account: class A, the record's key is made from the slot.
pub(super) struct Bluesky {
    platform: Platform,
    sessions: Sessions,
    put: Url,
    get: Url,
    me: Url,
    fitting: Option<Fitting>,
    endpoint_digest: String,
}

impl fmt::Debug for Bluesky {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Bluesky({})", self.sessions.handle)
    }
}

pub(super) fn required_secrets(channel: &BlueskyChannel) -> Vec<SecretKeyReference> {
    vec![key_of(&channel.secret_ref, KEY)]
}

impl Bluesky {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &BlueskyChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let password = token(secrets, &key_of(&channel.secret_ref, KEY))?;
        let api = api(channel.endpoint.as_deref(), API, "spec.bluesky.endpoint")?;
        let method = |name: &str| below(&api, &format!("xrpc/com.atproto.{name}"));
        let platform = |timeout| Platform::new("Bluesky", timeout, options).hiding([password.clone()]);
        Ok(Self {
            platform: platform(channel.timeout.0),
            sessions: Sessions {
                platform: platform(channel.timeout.0.max(PATIENCE)),
                create: method("server.createSession")?,
                refresh: method("server.refreshSession")?,
                handle: channel.handle.clone(),
                password,
                current: Mutex::default(),
            },
            put: method("repo.putRecord")?,
            get: method("repo.getRecord")?,
            me: method("server.getSession")?,
            fitting: fitting(Channel::Bluesky(channel)),
            endpoint_digest: digest::of_json(&json!([
                "bluesky",
                api,
                channel.handle,
                spec.platform,
                spec.account
            ])),
        })
    }

    fn post(&self, publication: &Publication) -> Result<Post, PublishError> {
        let text = fitted(self.fitting, publication)?;
        Ok(Post {
            key: record_key(&publication.slot),
            record: record(&text, publication),
        })
    }

    /// What the answer to a record says; where one stands already, whether it is this one.
    async fn outcome(
        &self,
        answer: Answer,
        post: &Post,
        session: &Session,
    ) -> Result<Published, PublishError> {
        if answer.status.is_success() {
            let body = whole_json(&answer).unwrap_or_default();
            return if at(&body, "/uri") == post.uri(session).as_str() {
                Ok(self.published(post, session))
            } else {
                Err(self.platform.unexpected(&answer))
            };
        }
        if error_of(&answer) != "InvalidSwap" {
            return Err(self.refusal(answer, session).await);
        }
        match self.look(post, session).await {
            Ok(Found::Published(published)) => Ok(published),
            Ok(_) => Err(PublishError::not_sent(
                "RecordGone",
                "a post stood in the way and is gone",
            )),
            Err(error) => Err(error.after_a_write()),
        }
    }

    /// What an answer means that is no success; a session that is no longer taken is forgotten.
    async fn refusal(&self, answer: Answer, session: &Session) -> PublishError {
        let error = error_of(&answer);
        let answer = without_tokens(answer, session);
        if matches!(error.as_str(), "ExpiredToken" | "InvalidToken") {
            self.sessions.forget(session).await;
            let said = "the session is no longer taken: the next attempt makes a new one";
            return PublishError::not_sent("SessionExpired", said);
        }
        if answer.status.as_u16() == 401 {
            self.sessions.forget(session).await;
        }
        if REFUSALS.contains(&error.as_str()) {
            return PublishError::refused("AccountRefused", self.platform.quoted(&error));
        }
        self.platform.refusal(&answer)
    }

    async fn look(&self, post: &Post, session: &Session) -> Result<Found, PublishError> {
        let mut url = self.get.clone();
        url.query_pairs_mut()
            .append_pair("repo", &session.did)
            .append_pair("collection", COLLECTION)
            .append_pair("rkey", &post.key);
        let Some(body) = self.answered(&url, session).await? else {
            return Ok(Found::Absent);
        };
        if *at(&body, "/value") == post.record {
            return Ok(Found::Published(self.published(post, session)));
        }
        let message = format!(
            "{} is not what was sent: somebody changed it, or it is of an earlier release and was not taken down",
            post.uri(session)
        );
        Err(PublishError::drifted("RecordChanged", message))
    }

    /// The answer to a question; `None` where there certainly is no such record.
    async fn answered(&self, url: &Url, session: &Session) -> Result<Option<Value>, PublishError> {
        let answer = self.platform.get(url, [session.header()]).await?;
        match error_of(&answer).as_str() {
            "RecordNotFound" => return Ok(None),
            "ExpiredToken" | "InvalidToken" => return Err(self.refusal(answer, session).await),
            _ => {}
        }
        let (_, body) = self.platform.told(&without_tokens(answer, session))?;
        Ok(Some(body))
    }

    fn published(&self, post: &Post, session: &Session) -> Published {
        let url = format!(
            "https://bsky.app/profile/{}/post/{}",
            self.sessions.handle, post.key
        );
        Published::named(Some(post.uri(session)), Some(&url))
    }
}

/// A record and its key.
struct Post {
    key: String,
    record: Value,
}

impl Post {
    fn uri(&self, session: &Session) -> String {
        format!("at://{}/{COLLECTION}/{}", session.did, self.key)
    }
}

/// The name of an error, as <https://atproto.com/specs/xrpc> has it; empty for a success.
fn error_of(answer: &Answer) -> String {
    if answer.status.is_success() {
        return String::new();
    }
    let body = whole_json(answer).unwrap_or_default();
    at(&body, "/error").as_str().unwrap_or_default().to_owned()
}

/// Some servers say the request back.
fn without_tokens(mut answer: Answer, session: &Session) -> Answer {
    let mut said = String::from_utf8_lossy(&answer.body).into_owned();
    for secret in session.secrets() {
        said = said.replace(secret.expose(), "[redacted]");
    }
    answer.body = Bytes::from(said);
    answer
}

#[async_trait]
impl Publisher for Bluesky {
    fn channel_type(&self) -> &'static str {
        "bluesky"
    }

    fn class(&self) -> Class {
        Class::NaturalKey
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    /// A session that is refreshed in vain and made anew, the record, and the look at what stands in its way.
    fn send_timeout(&self) -> Duration {
        let session = self.sessions.platform.timeout().saturating_mul(2);
        session.saturating_add(self.platform.timeout().saturating_mul(2))
    }

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let session = self.sessions.session().await?;
        let me = self.answered(&self.me, &session).await?.unwrap_or_default();
        self.sessions.is_the_account(&me)?;
        Ok(Preflight {
            message: format!(
                "the app password is that of {}, {}",
                self.sessions.handle, session.did
            ),
        })
    }

    /// Makes the session as well, so that nothing but the record is left to send.
    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        self.post(publication)?;
        self.sessions.session().await?;
        Ok(Prepared {
            id: publication.key(),
        })
    }

    async fn commit(&self, publication: &Publication, prepared_id: &str) -> Result<Published, PublishError> {
        is_prepared(publication, prepared_id)?;
        let post = self.post(publication)?;
        let session = self.sessions.session().await?;
        let write = json!({
            "repo": session.did,
            "collection": COLLECTION,
            "rkey": post.key,
            // Only where no record stands.
            "swapRecord": null,
            "record": post.record,
        });
        let answer = self
            .platform
            .publish_with(&self.put, &write, [session.header()])
            .await?;
        self.outcome(answer, &post, &session).await
    }

    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        let post = self.post(publication)?;
        let session = self.sessions.session().await?;
        self.look(&post, &session).await
    }
}

//! The Facebook page channel: a post is made unpublished, published by its number, and read back by it.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use http::HeaderName;
use serde_json::{Value, json};
use url::Url;

use super::{
    Class, Found, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions, Secrets,
    SelectError,
    platform::{Platform, api, at, below, card, fitted, key_of, token, unanswered, whole_json},
    wire::Answer,
};
use crate::{
    api::{Channel, ChannelConfigSpec, FacebookPageChannel, SecretKeyReference},
    domain::{
        channels::{Fitting, fitting},
        digest,
        publication::Publication,
    },
};

const API: &str = "https://graph.facebook.com";
/// Which version answered: a later one than was asked, where that one is gone.
const ANSWERED_BY: HeaderName = HeaderName::from_static("facebook-api-version");
/// The reason for a post that is there no more.
const GONE: &str = "PostGone";

/// A Facebook page: class C, by the number of a post that nobody saw before it was published.
pub(super) struct FacebookPage {
    platform: Platform,
    /// With the version.
    api: String,
    version: String,
    page: String,
    feed: Url,
    me: Url,
    fitting: Option<Fitting>,
    endpoint_digest: String,
}

impl fmt::Debug for FacebookPage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FacebookPage({})", self.page)
    }
}

pub(super) fn required_secrets(channel: &FacebookPageChannel) -> Vec<SecretKeyReference> {
    vec![key_of(&channel.secret_ref, "token")]
}

impl FacebookPage {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &FacebookPageChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let token = token(secrets, &key_of(&channel.secret_ref, "token"))?;
        let graph = api(channel.endpoint.as_deref(), API, "spec.facebookPage.endpoint")?;
        let api = format!("{graph}/{}", channel.version);
        let mut me = below(&api, "me")?;
        me.query_pairs_mut().append_pair("fields", "id,name");
        Ok(Self {
            platform: Platform::new("Facebook", channel.timeout.0, options).with_token("Bearer", token),
            version: channel.version.clone(),
            page: channel.page.clone(),
            feed: below(&api, &format!("{}/feed", channel.page))?,
            me,
            fitting: fitting(Channel::FacebookPage(channel)),
            endpoint_digest: digest::of_json(&json!([
                "facebookPage",
                graph,
                channel.page,
                spec.platform,
                spec.account
            ])),
            api,
        })
    }

    /// The address of a post of this page.
    fn post(&self, id: &str) -> Result<Url, PublishError> {
        let number = id
            .strip_prefix(&self.page)
            .and_then(|rest| rest.strip_prefix('_'));
        let number = number.filter(|number| is_a_number(number));
        number.and_then(|_| below(&self.api, id).ok()).ok_or_else(|| {
            PublishError::not_sent("PreparedElsewhere", "what was prepared is no post of this page")
        })
    }

    /// A number of Facebook's, asked for without changing anything.
    async fn read(&self, url: &Url) -> Result<(http::HeaderMap, Value), PublishError> {
        let answer = self.platform.get(url, []).await?;
        if !answer.status.is_success() {
            return Err(unanswered(self.refusal(&answer)));
        }
        match whole_json(&answer) {
            Some(body) => Ok((answer.headers, body)),
            None => Err(unanswered(self.platform.unexpected(&answer))),
        }
    }

    /// What the codes of <https://developers.facebook.com/docs/graph-api/guides/error-handling> mean; else the status.
    fn refusal(&self, answer: &Answer) -> PublishError {
        let refusal = self.platform.refusal(answer);
        let body = whole_json(answer).unwrap_or_default();
        let code = at(&body, "/error/code").as_i64();
        // Whatever a 5xx says: it may have acted.
        let Some(code) = code.filter(|_| answer.status.is_client_error()) else {
            return refusal;
        };
        let said = refusal.message.clone();
        if at(&body, "/error/is_transient") == true {
            return PublishError::unknown("PlatformFailed", said);
        }
        match code {
            1 | 2 => PublishError::unknown("PlatformFailed", said),
            4 | 17 | 32 | 341 | 613 | 80_001 => self.platform.wait_for(answer, None),
            102 | 190 => PublishError::refused("CredentialsRefused", said),
            10 | 200..=299 => PublishError::refused("AccessRefused", said),
            368 => PublishError::refused("AccountRefused", said),
            506 => PublishError::rejected("DuplicatePost", said),
            100 if is_gone(&body) => PublishError::rejected(GONE, said),
            _ => refusal,
        }
    }
}

/// Facebook's words for an object that does not exist, or may not be seen.
fn is_gone(body: &Value) -> bool {
    at(body, "/error/error_subcode") == 33
}

fn named(id: &str) -> Published {
    let url = format!("https://www.facebook.com/{id}");
    Published::named(Some(id.to_owned()), Some(&url))
}

fn is_a_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 32 && text.chars().all(|c| c.is_ascii_digit())
}

#[async_trait]
impl Publisher for FacebookPage {
    fn channel_type(&self) -> &'static str {
        "facebookPage"
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

    /// Asks whose the token is: a page's own token is that of the page.
    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let (headers, me) = self.read(&self.me).await?;
        let id = at(&me, "/id").as_str().unwrap_or_default();
        if id != self.page {
            let whose = if is_a_number(id) { id } else { "somebody else" };
            let said = format!(
                "the token is that of {whose}, and spec.facebookPage.page is {}: it takes the token of the page, not of a person",
                self.page
            );
            return Err(PublishError::refused("AnotherAccount", said));
        }
        let answered_by = headers.get(ANSWERED_BY).and_then(|version| version.to_str().ok());
        if let Some(other) = answered_by.filter(|version| *version != self.version) {
            let said = format!(
                "version {} is gone: {}; write a newer one into spec.facebookPage.version",
                self.version,
                self.platform.quoted(other)
            );
            return Err(PublishError::refused("VersionSunset", said));
        }
        Ok(Preflight {
            message: format!("the token is that of the page {}", self.page),
        })
    }

    /// Makes the post, which nobody sees: one that is lost here stays unseen.
    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        let mut post = json!({"message": fitted(self.fitting, publication)?, "published": false});
        if let (Some(link), Some(fields)) = (card(publication), post.as_object_mut()) {
            fields.insert("link".to_owned(), link.into());
        }
        let answer = self
            .platform
            .publish(&self.feed, &post)
            .await
            .map_err(unanswered)?;
        if !answer.status.is_success() {
            return Err(unanswered(self.refusal(&answer)));
        }
        let body = whole_json(&answer).unwrap_or_default();
        let id = at(&body, "/id").as_str().unwrap_or_default();
        match self.post(id) {
            Ok(_) => Ok(Prepared { id: id.to_owned() }),
            Err(_) => Err(unanswered(self.platform.unexpected(&answer))),
        }
    }

    async fn commit(&self, _: &Publication, prepared_id: &str) -> Result<Published, PublishError> {
        let post = self.post(prepared_id)?;
        let answer = self
            .platform
            .publish(&post, &json!({"is_published": true}))
            .await?;
        if !answer.status.is_success() {
            return Err(self.refusal(&answer));
        }
        match whole_json(&answer) {
            Some(body) if at(&body, "/success") == true => Ok(named(prepared_id)),
            _ => Err(self.platform.unexpected(&answer)),
        }
    }

    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        let Some(id) = &publication.prepared_id else {
            return Ok(Found::CannotTell);
        };
        let mut post = self.post(id)?;
        post.query_pairs_mut().append_pair("fields", "is_published");
        match self.read(&post).await {
            Ok((_, body)) => match at(&body, "/is_published").as_bool() {
                Some(true) => Ok(Found::Published(named(id))),
                Some(false) => Ok(Found::Absent),
                None => Err(PublishError::not_sent(
                    "UnexpectedAnswer",
                    "Facebook does not say whether the post is published",
                )),
            },
            // It may have been published before somebody deleted it.
            Err(error) if error.reason == GONE => Ok(Found::CannotTell),
            Err(error) if error.outcome == super::Outcome::Rejected => {
                Err(PublishError::not_sent("NoAnswer", error.message))
            }
            Err(error) => Err(error),
        }
    }
}

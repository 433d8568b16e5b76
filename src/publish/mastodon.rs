//! The Mastodon channel: one status, looked up among the account's own.

use std::{fmt, sync::OnceLock, time::Duration};

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::{
    Class, Found, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions, Secrets,
    SelectError,
    platform::{
        Platform, api, at, below, fitted, is_marked, is_older, is_prepared, key_of, token, whole_json,
    },
};
use crate::{
    api::{Channel, ChannelConfigSpec, MastodonChannel, MastodonVisibility, SecretKeyReference},
    domain::{
        channels::{Fitting, fitting},
        digest,
        publication::Publication,
    },
};

/// Remembered for an hour where an instance honours it; some servers that speak this API ignore it.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Statuses of one page; the platform's most.
const PAGE: usize = 40;
/// More statuses since the due instant are not read: whoever looks through them is a person.
const MAX_PAGES: usize = 10;

/// A Mastodon channel: class C, by the account's own statuses.
pub(super) struct Mastodon {
    platform: Platform,
    api: String,
    send: Url,
    me: Url,
    instance: Url,
    visibility: &'static str,
    max_characters: u32,
    /// The account's number, once it was asked for.
    account: OnceLock<String>,
    fitting: Option<Fitting>,
    endpoint_digest: String,
}

impl fmt::Debug for Mastodon {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mastodon({})", self.api)
    }
}

pub(super) fn required_secrets(channel: &MastodonChannel) -> Vec<SecretKeyReference> {
    vec![key_of(&channel.secret_ref, "token")]
}

impl Mastodon {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &MastodonChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let token = token(secrets, &key_of(&channel.secret_ref, "token"))?;
        let api = api(Some(&channel.endpoint), "", "spec.mastodon.endpoint")?;
        Ok(Self {
            platform: Platform::new("Mastodon", channel.timeout.0, options).with_token("Bearer", token),
            send: below(&api, "api/v1/statuses")?,
            me: below(&api, "api/v1/accounts/verify_credentials")?,
            instance: below(&api, "api/v2/instance")?,
            visibility: match channel.visibility {
                MastodonVisibility::Public => "public",
                MastodonVisibility::Unlisted => "unlisted",
                MastodonVisibility::Private => "private",
            },
            max_characters: channel.max_characters,
            account: OnceLock::new(),
            fitting: fitting(Channel::Mastodon(channel)),
            endpoint_digest: digest::of_json(&json!(["mastodon", api, spec.platform, spec.account])),
            api,
        })
    }

    /// The number of the account behind the token.
    async fn account(&self) -> Result<String, PublishError> {
        if let Some(known) = self.account.get() {
            return Ok(known.clone());
        }
        let (_, me) = self.platform.read(&self.me).await?;
        let plain = |id: &&str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric());
        let id = at(&me, "/id").as_str().filter(plain).ok_or_else(|| {
            PublishError::not_sent("UnexpectedAnswer", "Mastodon does not say whose the token is")
        })?;
        Ok(self.account.get_or_init(|| id.to_owned()).clone())
    }

    /// The account's own statuses before `max_id`, the newest first.
    async fn page(&self, account: &str, max_id: Option<&str>) -> Result<Vec<Value>, PublishError> {
        let path = format!("api/v1/accounts/{account}/statuses");
        let unusable = |_| PublishError::not_sent("UnexpectedAnswer", "Mastodon named no usable account");
        let mut url = below(&self.api, &path).map_err(unusable)?;
        url.query_pairs_mut()
            .append_pair("limit", &PAGE.to_string())
            .append_pair("exclude_reblogs", "true");
        if let Some(max_id) = max_id {
            url.query_pairs_mut().append_pair("max_id", max_id);
        }
        match self.platform.read(&url).await? {
            (_, Value::Array(page)) => Ok(page),
            _ => Err(PublishError::not_sent(
                "UnexpectedAnswer",
                "Mastodon answered no list of statuses",
            )),
        }
    }
}

/// The language alone: the platform knows no regions.
fn language(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

fn named(status: &Value) -> Option<Published> {
    let id = at(status, "/id").as_str()?;
    Some(Published::named(Some(id.to_owned()), at(status, "/url").as_str()))
}

/// True where a status replies to what the publication replies to.
fn replies_alike(publication: &Publication, status: &Value) -> bool {
    let parent = publication.reply_to.as_deref();
    parent.is_some() && at(status, "/in_reply_to_id").as_str() == parent
}

fn is_ours(publication: &Publication, marked: bool, status: &Value) -> bool {
    let html = at(status, "/content").as_str().unwrap_or_default();
    if marked {
        return html.contains(&publication.slot.parameter());
    }
    replies_alike(publication, status) && words_of(html) == without_spaces(&publication.content.text)
}

/// The words of a status, without tags and spaces.
fn words_of(html: &str) -> String {
    let pieces = html.split('<').enumerate();
    let beside_tags = pieces.map(|(number, piece)| match piece.split_once('>') {
        Some((_, words)) if number > 0 => words,
        _ => piece,
    });
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    let words = entities
        .iter()
        .fold(beside_tags.collect::<String>(), |words, (entity, one)| {
            words.replace(entity, one)
        });
    without_spaces(&words)
}

fn without_spaces(words: &str) -> String {
    words.split_whitespace().collect()
}

#[async_trait]
impl Publisher for Mastodon {
    fn channel_type(&self) -> &'static str {
        "mastodon"
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

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let (_, instance) = self.platform.read(&self.instance).await?;
        let limit = instance.pointer("/configuration/statuses/max_characters");
        if let Some(limit) = limit
            .and_then(Value::as_u64)
            .filter(|limit| *limit < self.max_characters.into())
        {
            let said =
                format!("the instance allows {limit} characters: write it into spec.mastodon.maxCharacters");
            return Err(PublishError::refused("LimitTooHigh", said));
        }
        let account = self.account().await?;
        self.page(&account, None).await?;
        Ok(Preflight {
            message: format!("the token is that of account {account}, whose statuses can be read"),
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
        let mut status = json!({
            "status": fitted(self.fitting, publication)?,
            "visibility": self.visibility,
            "language": language(&publication.content.language),
        });
        if let (Some(parent), Some(fields)) = (&publication.reply_to, status.as_object_mut()) {
            fields.insert("in_reply_to_id".to_owned(), json!(parent));
        }
        let key = HeaderValue::from_str(&publication.key()).map_err(|error| {
            PublishError::rejected("InvalidRequest", "the key is no header").because(error)
        })?;
        let answer = self
            .platform
            .publish_with(&self.send, &status, [(IDEMPOTENCY_KEY, key)])
            .await?;
        if answer.status == StatusCode::NOT_FOUND && publication.reply_to.is_some() {
            let said = "Mastodon does not find the status that this replies to; is it deleted?";
            return Err(PublishError::rejected("RepliedToIsGone", said));
        }
        if !answer.status.is_success() {
            return Err(self.platform.refusal(&answer));
        }
        let published = whole_json(&answer).as_ref().and_then(named);
        published.ok_or_else(|| self.platform.unexpected(&answer))
    }

    /// A status of ours is known by the slot's parameter in its link, and a reply without one by what it replies to and its
    /// words: the instance rewrites words into HTML, so another reply to the same proves nothing.
    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        let marked = is_marked(publication);
        if !marked && publication.reply_to.is_none() {
            return Ok(Found::CannotTell);
        }
        let account = self.account().await?;
        let (mut max_id, mut doubtful): (Option<String>, bool) = (None, false);
        for _ in 0..MAX_PAGES {
            let page = self.page(&account, max_id.as_deref()).await?;
            let ours = page.iter().find(|status| is_ours(publication, marked, status));
            if let Some(published) = ours.and_then(named) {
                return Ok(Found::Published(published));
            }
            doubtful |= !marked && page.iter().any(|status| replies_alike(publication, status));
            match page.last() {
                Some(last) if !is_older(at(last, "/created_at"), publication) => {
                    max_id = at(last, "/id").as_str().map(str::to_owned);
                }
                _ if doubtful => return Ok(Found::CannotTell),
                _ => return Ok(Found::Absent),
            }
        }
        Ok(Found::CannotTell)
    }
}

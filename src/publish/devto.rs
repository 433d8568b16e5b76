//! DEV, dev.to, and other communities that run Forem: one article, known by its canonical URL.

use std::{fmt, sync::OnceLock, time::Duration};

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, header::ACCEPT};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::{
    Class, Found, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions, Secrets,
    SelectError,
    platform::{
        Platform, api, at, below, fitted, is_older, is_prepared, key_of, secret_header, token, whole_json,
    },
    wire::Answer,
};
use crate::{
    api::{Channel, ChannelConfigSpec, DevtoChannel, SecretKeyReference},
    domain::{
        channels::{Fitting, fitting},
        digest,
        publication::Publication,
    },
};

const API: &str = "https://dev.to/api";
const KEY: &str = "apiKey";
const API_KEY: HeaderName = HeaderName::from_static("api-key");
/// Version 1 of <https://developers.forem.com/api/v1>.
const V1: HeaderValue = HeaderValue::from_static("application/vnd.forem.api-v1+json");
/// Articles of one page: each brings its whole body, and a page must stay below the longest answer that is read.
const PAGE: usize = 30;
/// More articles since the due instant are not read: whoever looks through them is a person.
const MAX_PAGES: u32 = 10;
/// What Forem says where an article of this canonical URL, or of this title and body, is there.
const TAKEN: &str = "already been";

/// The articles of one author: class A, the canonical URL is the key.
pub(super) struct Devto {
    platform: Platform,
    username: String,
    /// Set once the key has been shown to be the author's.
    known: OnceLock<()>,
    articles: Url,
    own: Url,
    me: Url,
    fitting: Option<Fitting>,
    endpoint_digest: String,
}

impl fmt::Debug for Devto {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Devto({})", self.articles)
    }
}

pub(super) fn required_secrets(channel: &DevtoChannel) -> Vec<SecretKeyReference> {
    vec![key_of(&channel.secret_ref, KEY)]
}

impl Devto {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &DevtoChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let key = token(secrets, &key_of(&channel.secret_ref, KEY))?;
        let api = api(channel.endpoint.as_deref(), API, "spec.devto.endpoint")?;
        let platform = Platform::new("DEV", channel.timeout.0, options)
            .with_header(ACCEPT, V1)
            .with_header(API_KEY, secret_header(key.expose()))
            .hiding([key]);
        Ok(Self {
            platform,
            username: channel.username.clone(),
            known: OnceLock::new(),
            articles: below(&api, "articles")?,
            own: below(&api, "articles/me/all")?,
            me: below(&api, "users/me")?,
            fitting: fitting(Channel::Devto(channel)),
            endpoint_digest: digest::of_json(&json!([
                "devto",
                api,
                channel.username,
                spec.platform,
                spec.account
            ])),
        })
    }

    /// Asks whose the key is, which has to be the configured author.
    async fn is_the_author(&self) -> Result<(), PublishError> {
        let (_, me) = self.platform.read(&self.me).await?;
        let name = at(&me, "/username").as_str().unwrap_or_default();
        if !name.eq_ignore_ascii_case(&self.username) {
            let said = format!(
                "the key is not of {}: {}",
                self.username,
                self.platform.quoted(name)
            );
            return Err(PublishError::refused("AnotherAccount", said));
        }
        let _known = self.known.set(());
        Ok(())
    }

    fn article(&self, publication: &Publication) -> Result<Article, PublishError> {
        let content = &publication.content;
        Ok(Article {
            title: content.title.clone().unwrap_or_default(),
            body_markdown: fitted(self.fitting, publication)?,
            canonical_url: canonical_url(publication)?,
            published: true,
            description: content.excerpt.clone(),
            tags: content.tags.clone(),
        })
    }

    /// What the answer to a new article says; where it is taken, what stands there says whether it is this one.
    async fn outcome(
        &self,
        answer: &Answer,
        article: &Article,
        publication: &Publication,
    ) -> Result<Published, PublishError> {
        if answer.status.is_success() {
            let published = whole_json(answer).as_ref().and_then(named);
            return published.ok_or_else(|| self.platform.unexpected(answer));
        }
        if !is_taken(answer) {
            return Err(self.platform.refusal(answer));
        }
        match self.look(article, publication).await {
            Ok(Found::Published(published)) => Ok(published),
            // Another's, or another article of ours with the same words.
            Ok(Found::Absent) => Err(self.platform.refusal(answer)),
            Ok(Found::CannotTell | Found::Alike(_)) => Err(PublishError::unknown(
                "ArticleNotFound",
                "DEV says that the article is there, and it is not among the newest of the author",
            )),
            Err(error) => Err(error.after_a_write()),
        }
    }

    /// What an earlier attempt left. Its canonical URL may be another than that of the words by now, and then DEV would take
    /// the article once more.
    async fn already_there(
        &self,
        article: &Article,
        publication: &Publication,
    ) -> Result<Option<Published>, PublishError> {
        if publication.earlier_attempts.is_empty() {
            return Ok(None);
        }
        match self.look(article, publication).await? {
            Found::Published(published) => Ok(Some(published)),
            Found::Absent => Ok(None),
            _ => Err(PublishError::not_sent(
                "ArticleNotFound",
                "the author has more articles than a look reads, and an earlier attempt may have arrived",
            )),
        }
    }

    async fn look(&self, article: &Article, publication: &Publication) -> Result<Found, PublishError> {
        // Not by the whole address: the words may have been given another link since an earlier attempt.
        let parameter = publication.slot.parameter();
        for number in 1..=MAX_PAGES {
            let page = self.page(number).await?;
            let ours = |found: &&Value| has_parameter(at(found, "/canonical_url"), &parameter);
            if let Some(found) = page.iter().find(ours) {
                return article.standing(found).map(Found::Published);
            }
            // Drafts come first, and have no such time. DEV may leave articles out of a page: only an empty one is the end.
            match page.last() {
                Some(last) if !is_older(at(last, "/published_at"), publication) => {}
                _ => return Ok(Found::Absent),
            }
        }
        Ok(Found::CannotTell)
    }

    /// A page of the author's own articles: drafts, then the newest first.
    async fn page(&self, number: u32) -> Result<Vec<Value>, PublishError> {
        let mut url = self.own.clone();
        url.query_pairs_mut()
            .append_pair("per_page", &PAGE.to_string())
            .append_pair("page", &number.to_string());
        match self.platform.read(&url).await? {
            (_, Value::Array(page)) => Ok(page),
            _ => Err(PublishError::not_sent(
                "UnexpectedAnswer",
                "DEV answered no list of articles",
            )),
        }
    }
}

/// An article as it is sent.
#[derive(Serialize)]
struct Article {
    title: String,
    body_markdown: String,
    canonical_url: String,
    /// Drafts may share a canonical URL: it is the key from the first request on.
    published: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
}

impl Article {
    /// What stands under our canonical URL. The platform cleans titles up, so that only bodies can be compared.
    ///
    /// # Errors
    /// `Drifted` where it is no longer what we sent.
    fn standing(&self, found: &Value) -> Result<Published, PublishError> {
        let says = |what: &str| format!("the article {} {what}", self.canonical_url);
        if at(found, "/published") != true {
            let message = says("was taken back to a draft by somebody");
            return Err(PublishError::drifted("ArticleUnpublished", message));
        }
        let body = at(found, "/body_markdown").as_str().unwrap_or_default();
        if body.trim() != self.body_markdown.trim() {
            let message = says("was changed by somebody");
            return Err(PublishError::drifted("ArticleChanged", message));
        }
        named(found)
            .ok_or_else(|| PublishError::not_sent("UnexpectedAnswer", "DEV listed an article without an id"))
    }
}

/// The first link without its `utm_` parameters, which say where a reader came from and not where the original is.
///
/// # Errors
/// `Rejected` where it lacks the slot's parameter: then no other slot is kept from it.
fn canonical_url(publication: &Publication) -> Result<String, PublishError> {
    let link = publication.content.links.first().ok_or_else(|| {
        let said = "DEV knows an article by its canonical URL, and there is no link. Write one.";
        PublishError::rejected("LinkMissing", said)
    })?;
    let mut url: Url = link.url.parse().map_err(|error: url::ParseError| {
        PublishError::rejected("InvalidLink", "the link is no address").because(error)
    })?;
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let parameter = publication.slot.parameter();
    if !pairs.iter().any(|(_, value)| *value == parameter) {
        let said = "the link lacks the slot's parameter, by which DEV knows the article. Set spec.tracking.slotParameter of the Campaign.";
        return Err(PublishError::rejected("SlotParameterMissing", said));
    }
    let kept = pairs.iter().filter(|(name, _)| !name.starts_with("utm_"));
    url.query_pairs_mut().clear().extend_pairs(kept);
    Ok(url.into())
}

/// True where an address has the slot's parameter for one of its values.
fn has_parameter(canonical_url: &Value, parameter: &str) -> bool {
    let url = canonical_url.as_str().and_then(|url| url.parse::<Url>().ok());
    url.is_some_and(|url| url.query_pairs().any(|(_, value)| value == parameter))
}

fn is_taken(answer: &Answer) -> bool {
    let body = whole_json(answer).unwrap_or_default();
    let said = at(&body, "/error").as_str().unwrap_or_default();
    answer.status.as_u16() == 422 && said.contains(TAKEN)
}

fn named(article: &Value) -> Option<Published> {
    let id = at(article, "/id").as_u64()?;
    Some(Published::named(
        Some(id.to_string()),
        at(article, "/url").as_str(),
    ))
}

#[async_trait]
impl Publisher for Devto {
    fn channel_type(&self) -> &'static str {
        "devto"
    }

    fn class(&self) -> Class {
        Class::NaturalKey
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    /// A look at what an earlier attempt left, a new article, and where it is taken another look: every page of both.
    fn send_timeout(&self) -> Duration {
        self.platform.timeout().saturating_mul(1 + 2 * MAX_PAGES)
    }

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        self.is_the_author().await?;
        self.page(1).await?;
        Ok(Preflight {
            message: format!("the key is that of {}, whose articles can be read", self.username),
        })
    }

    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        self.article(publication)?;
        // A preflight may not have been answered yet, and a key publishes as whoever it belongs to.
        if self.known.get().is_none() {
            self.is_the_author().await?;
        }
        Ok(Prepared {
            id: publication.key(),
        })
    }

    async fn commit(&self, publication: &Publication, prepared_id: &str) -> Result<Published, PublishError> {
        is_prepared(publication, prepared_id)?;
        let article = self.article(publication)?;
        if let Some(published) = self.already_there(&article, publication).await? {
            return Ok(published);
        }
        let answer = self
            .platform
            .publish(&self.articles, &json!({ "article": article }))
            .await?;
        self.outcome(&answer, &article, publication).await
    }

    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        let article = self.article(publication)?;
        self.look(&article, publication).await
    }
}

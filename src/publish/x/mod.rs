//! The channel of X: one post, looked up on the account's own timeline.

mod oauth;

use std::{fmt, sync::OnceLock, time::Duration};

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use http::{HeaderName, HeaderValue, Method, StatusCode, header::AUTHORIZATION};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::Url;

use self::oauth::{Keys, Moment};
use super::{
    Class, Found, Outcome, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions,
    Secrets, SelectError,
    platform::{
        Platform, api, at, authorization, below, fitted, is_marked, is_prepared, key_of, sooner, token,
        whole_json,
    },
    wire::Answer,
};
use crate::{
    api::{Channel, ChannelConfigSpec, SecretKeyReference, XAuthentication, XChannel},
    domain::{
        channels::{Fitting, fitting},
        digest,
        publication::Publication,
    },
    secret::SecretString,
};

const API: &str = "https://api.x.com";
/// The keys of the Secret for OAuth 1.0a, as X names them.
const SIGNING_KEYS: [&str; 4] = [
    "consumer_key",
    "consumer_secret",
    "access_token",
    "access_token_secret",
];
/// Posts of one page of a timeline: the platform's most, and its least.
const PAGE: (&str, &str) = ("100", "5");
/// More posts since the due instant are not read: whoever looks through them is a person.
const MAX_PAGES: usize = 10;
/// What is asked of a post: X's published description names the parameter `post.fields`, its guides `tweet.fields`.
const FIELDS: [&str; 2] = ["post.fields", "tweet.fields"];
/// Every link in a post is written so; where it leads stands beside the text.
const SHORTENED: &str = "://t.co/";

/// A channel of X: class C, by the account's own timeline.
pub(super) struct X {
    platform: Platform,
    api: String,
    handle: String,
    credentials: Credentials,
    send: Url,
    me: Url,
    /// The account's number, once it was asked for.
    account: OnceLock<String>,
    /// Which of [`FIELDS`] the platform takes, once it has taken one.
    fields: OnceLock<&'static str>,
    fitting: Option<Fitting>,
    endpoint_digest: String,
}

enum Credentials {
    Signed(Keys),
    Token(SecretString),
}

impl fmt::Debug for X {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "X(@{})", self.handle)
    }
}

pub(super) fn required_secrets(channel: &XChannel) -> Vec<SecretKeyReference> {
    let keys: &[&str] = match channel.authentication {
        XAuthentication::OAuth1 => &SIGNING_KEYS,
        XAuthentication::OAuth2 => &["token"],
    };
    keys.iter().map(|key| key_of(&channel.secret_ref, key)).collect()
}

impl Credentials {
    fn new(channel: &XChannel, secrets: &Secrets) -> Result<Self, SelectError> {
        let token = |key: &str| token(secrets, &key_of(&channel.secret_ref, key));
        let [consumer_key, consumer_secret, access_token, access_token_secret] = SIGNING_KEYS;
        Ok(match channel.authentication {
            XAuthentication::OAuth1 => Self::Signed(Keys {
                consumer_key: token(consumer_key)?,
                consumer_secret: token(consumer_secret)?,
                access_token: token(access_token)?,
                access_token_secret: token(access_token_secret)?,
            }),
            XAuthentication::OAuth2 => Self::Token(token("token")?),
        })
    }

    fn secrets(&self) -> Vec<SecretString> {
        match self {
            Self::Signed(keys) => {
                let keys = [
                    &keys.consumer_key,
                    &keys.consumer_secret,
                    &keys.access_token,
                    &keys.access_token_secret,
                ];
                keys.map(Clone::clone).to_vec()
            }
            Self::Token(token) => vec![token.clone()],
        }
    }

    /// The header that proves whose a request is: a signature is good for this request alone.
    fn header(&self, method: &Method, url: &Url) -> Result<(HeaderName, HeaderValue), PublishError> {
        let keys = match self {
            Self::Token(token) => return Ok(authorization("Bearer", token)),
            Self::Signed(keys) => keys,
        };
        let unsigned = || PublishError::not_sent("NotSent", "the request could not be signed");
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| unsigned().because(error))?;
        let moment = Moment {
            nonce: HEXLOWER.encode(&nonce),
            timestamp: Timestamp::now().as_second(),
        };
        let signed = keys.authorization(method, url, &moment);
        let mut value = HeaderValue::from_str(&signed).map_err(|error| unsigned().because(error))?;
        value.set_sensitive(true);
        Ok((AUTHORIZATION, value))
    }
}

impl X {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &XChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let credentials = Credentials::new(channel, secrets)?;
        let api = api(channel.endpoint.as_deref(), API, "spec.x.endpoint")?;
        let handle = channel.handle.to_ascii_lowercase();
        let platform = Platform::new("X", channel.timeout.0, options);
        Ok(Self {
            platform: platform.hiding(credentials.secrets()),
            credentials,
            send: below(&api, "2/tweets")?,
            me: below(&api, "2/users/me")?,
            account: OnceLock::new(),
            fields: OnceLock::new(),
            fitting: fitting(Channel::X(channel)),
            endpoint_digest: digest::of_json(&json!(["x", api, handle, spec.platform, spec.account])),
            handle,
            api,
        })
    }

    async fn ask(&self, url: &Url) -> Result<Value, PublishError> {
        let header = self.credentials.header(&Method::GET, url)?;
        let (_, answer) = self.platform.read_with(url, [header]).await?;
        Ok(answer)
    }

    /// The number of the account that the credentials belong to, which has to be the configured one.
    async fn account(&self) -> Result<String, PublishError> {
        if let Some(known) = self.account.get() {
            return Ok(known.clone());
        }
        let me = self.ask(&self.me).await?;
        let (id, handle) = (at(&me, "/data/id"), at(&me, "/data/username"));
        let (Some(id), Some(handle)) = (id.as_str().filter(|id| is_number(id)), handle.as_str()) else {
            return Err(unexpected("X does not say whose the credentials are"));
        };
        if !handle.eq_ignore_ascii_case(&self.handle) {
            let said = format!(
                "{}; spec.x.handle is {}",
                self.platform.quoted(handle),
                self.handle
            );
            return Err(PublishError::refused("AnotherAccount", said));
        }
        Ok(self.account.get_or_init(|| id.to_owned()).clone())
    }

    /// A page of the account's own posts, replies among them.
    async fn page(&self, wanted: &Page<'_>) -> Result<Value, PublishError> {
        let known = self.fields.get().map(std::slice::from_ref);
        let mut refused = unexpected("X was asked nothing");
        for name in known.unwrap_or(&FIELDS) {
            match self.ask(&wanted.url(&self.api, name)?).await {
                Err(error) if error.outcome == Outcome::Rejected => refused = error,
                Err(error) => return Err(error),
                // The one thing that a whole answer always has: there may be no posts.
                Ok(page) if at(&page, "/meta/result_count").is_number() => {
                    let _known = self.fields.set(name);
                    return Ok(page);
                }
                Ok(_) => return Err(unexpected("X answered no page of a timeline")),
            }
        }
        // A question that was refused says nothing of what was published.
        refused.outcome = Outcome::NotSent { retry_after: None };
        Err(refused)
    }

    fn outcome(&self, publication: &Publication, answer: &Answer) -> Result<Published, PublishError> {
        if !answer.status.is_success() {
            return Err(self.refusal(publication, answer));
        }
        let said = whole_json(answer);
        let id = said.as_ref().and_then(|said| at(said, "/data/id").as_str());
        id.and_then(|id| self.named(id))
            .ok_or_else(|| self.platform.unexpected(answer))
    }

    /// A 403 is about the account, except where its words are about the post.
    fn refusal(&self, publication: &Publication, answer: &Answer) -> PublishError {
        let error = self.platform.refusal(answer);
        let body = whole_json(answer).unwrap_or_default();
        let detail = at(&body, "/detail").as_str().unwrap_or_default();
        if answer.status != StatusCode::FORBIDDEN {
            return error;
        }
        if detail.contains("duplicate content") {
            let said = format!(
                "{}; the account has these words, by whoever wrote them",
                error.message
            );
            // After an attempt that may have arrived, that is the best sign that it did.
            return if publication.earlier_attempts.is_empty() {
                PublishError::rejected("DuplicateContent", said)
            } else {
                PublishError::unknown("DuplicateContent", said)
            };
        }
        if publication.reply_to.is_some() && detail.to_lowercase().contains("reply to") {
            return PublishError::rejected("ReplyRefused", error.message);
        }
        error
    }

    /// The account's own posts since something was due, as far back as a look-up reads.
    async fn timeline(&self, due: Timestamp) -> Result<Timeline, PublishError> {
        let account = self.account().await?;
        // The platform refuses to be asked about the future.
        let since = sooner(due.min(Timestamp::now()));
        let mut timeline = Timeline::default();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let wanted = Page {
                account: &account,
                most: PAGE.0,
                since,
                token: token.as_deref(),
            };
            let page = self.page(&wanted).await?;
            let posts = at(&page, "/data").as_array();
            timeline.posts.extend(posts.into_iter().flatten().cloned());
            token = at(&page, "/meta/next_token").as_str().map(str::to_owned);
            if token.is_none() {
                timeline.is_whole = true;
                break;
            }
        }
        Ok(timeline)
    }

    fn by_link(&self, timeline: &Timeline, parameter: &str) -> Found {
        let holds = |post: &&Value| links(post).any(|link| link.contains(parameter));
        if let Some(post) = timeline.posts.iter().find(holds) {
            return self.of(post).map_or(Found::CannotTell, Found::Published);
        }
        if timeline.is_whole && !timeline.posts.iter().any(is_opaque) {
            return Found::Absent;
        }
        Found::CannotTell
    }

    /// Looks among what the account has said in the conversation since the post that is replied to. X may have changed our
    /// words a little, so only where it has said nothing more there is the reply absent.
    fn by_conversation(&self, timeline: &Timeline, parent: &str, text: &str) -> Found {
        let conversation = |post: &Value| at(post, "/conversation_id").as_str().map(str::to_owned);
        let replied_to = timeline.posts.iter().find(|post| at(post, "/id") == parent);
        let Some(ours) = replied_to.and_then(conversation).filter(|_| timeline.is_whole) else {
            return Found::CannotTell;
        };
        let later =
            |post: &&Value| number(post) > parent.parse().ok() && conversation(post).as_ref() == Some(&ours);
        let mut later = timeline.posts.iter().filter(later).peekable();
        if later.peek().is_none() {
            return Found::Absent;
        }
        let published = later
            .find(|post| words_of(post) == text)
            .and_then(|post| self.of(post));
        published.map_or(Found::CannotTell, Found::Alike)
    }

    fn of(&self, post: &Value) -> Option<Published> {
        self.named(at(post, "/id").as_str()?)
    }

    fn named(&self, id: &str) -> Option<Published> {
        let url = format!("https://x.com/{}/status/{id}", self.handle);
        is_number(id).then(|| Published::named(Some(id.to_owned()), Some(&url)))
    }
}

/// What an account has posted, the newest first.
#[derive(Default)]
struct Timeline {
    posts: Vec<Value>,
    /// False where there was more than a look-up reads.
    is_whole: bool,
}

/// Which posts of an account are asked for.
struct Page<'a> {
    account: &'a str,
    most: &'a str,
    since: Timestamp,
    token: Option<&'a str>,
}

impl Page<'_> {
    fn url(&self, api: &str, fields: &str) -> Result<Url, PublishError> {
        let url = below(api, &format!("2/users/{}/tweets", self.account));
        let mut url = url.map_err(|_| unexpected("X named no usable account"))?;
        let since = Timestamp::from_second(self.since.as_second()).unwrap_or_default();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("max_results", self.most)
            .append_pair("exclude", "retweets")
            .append_pair("start_time", &since.to_string())
            .append_pair(fields, "conversation_id,entities");
        if let Some(token) = self.token {
            query.append_pair("pagination_token", token);
        }
        drop(query);
        Ok(url)
    }
}

fn unexpected(said: &'static str) -> PublishError {
    PublishError::not_sent("UnexpectedAnswer", said)
}

/// As the ids of X are: at most 19 digits.
fn is_number(id: &str) -> bool {
    (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number of a post: a later one has a higher one.
fn number(post: &Value) -> Option<u64> {
    at(post, "/id").as_str()?.parse().ok()
}

/// The words of a post, of which X writes three characters as entities.
fn words_of(post: &Value) -> String {
    let text = at(post, "/text").as_str().unwrap_or_default();
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Where the links of a post lead.
fn links(post: &Value) -> impl Iterator<Item = &str> {
    let urls = at(post, "/entities/urls").as_array().into_iter().flatten();
    urls.flat_map(|url| [at(url, "/expanded_url"), at(url, "/unwound_url")])
        .filter_map(Value::as_str)
}

/// True where a post has a link of which the platform does not say where it leads.
fn is_opaque(post: &Value) -> bool {
    let shortened = at(post, "/text")
        .as_str()
        .is_some_and(|text| text.contains(SHORTENED));
    shortened && links(post).next().is_none()
}

#[async_trait]
impl Publisher for X {
    fn channel_type(&self) -> &'static str {
        "x"
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

    /// Whose the credentials are, and whether the timeline can be read: at most five posts, as reading costs money.
    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let account = self.account().await?;
        let an_hour_ago = Timestamp::now().checked_sub(SignedDuration::from_hours(1));
        self.page(&Page {
            account: &account,
            most: PAGE.1,
            since: an_hour_ago.unwrap_or_default(),
            token: None,
        })
        .await?;
        Ok(Preflight {
            message: format!(
                "the credentials are those of @{}, whose timeline can be read",
                self.handle
            ),
        })
    }

    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        fitted(self.fitting, publication)?;
        // A preflight may not have been answered yet, and credentials post as whoever they belong to.
        self.account().await?;
        Ok(Prepared {
            id: publication.key(),
        })
    }

    async fn commit(&self, publication: &Publication, prepared_id: &str) -> Result<Published, PublishError> {
        is_prepared(publication, prepared_id)?;
        let text = fitted(self.fitting, publication)?;
        let post = match &publication.reply_to {
            Some(parent) => json!({"text": text, "reply": {"in_reply_to_tweet_id": parent}}),
            None => json!({ "text": text }),
        };
        let header = self.credentials.header(&Method::POST, &self.send)?;
        let answer = self.platform.publish_with(&self.send, &post, [header]).await?;
        self.outcome(publication, &answer)
    }

    /// A post of ours is known by the slot's parameter in its link, as X says where the links that it shortens lead; a reply
    /// without one by its conversation and its words.
    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        let parent = publication.reply_to.as_deref();
        if is_marked(publication) {
            let timeline = self.timeline(publication.scheduled_for).await?;
            return Ok(self.by_link(&timeline, &publication.slot.parameter()));
        }
        let Some(parent) = parent else {
            return Ok(Found::CannotTell);
        };
        let timeline = self.timeline(publication.scheduled_for).await?;
        Ok(self.by_conversation(&timeline, parent, &publication.content.text))
    }
}

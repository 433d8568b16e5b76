//! The LinkedIn channel: one post of an organization, whose own posts can be read, or of a member, whose posts cannot.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use http::{HeaderName, HeaderValue};
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use url::Url;

use super::{
    Class, Found, Outcome, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions,
    Secrets, SelectError,
    platform::{Platform, api, at, below, card, earliest, fitted, is_marked, is_prepared, key_of, token},
    wire::Answer,
};
use crate::{
    api::{Channel, ChannelConfigSpec, LinkedInChannel, LinkedInVisibility, SecretKeyReference},
    domain::{
        channels::{Fitting, fitting, has_short_links_alone, same_words},
        digest,
        publication::Publication,
    },
};

const API: &str = "https://api.linkedin.com";
const VERSION: HeaderName = HeaderName::from_static("linkedin-version");
const PROTOCOL: HeaderName = HeaderName::from_static("x-restli-protocol-version");
/// Where a success names what it has made; its body is empty.
const ID: HeaderName = HeaderName::from_static("x-restli-id");
/// Posts of one page; the platform allows 100.
const PAGE: usize = 50;
/// More posts since the due instant are not read: whoever looks through them is a person.
const MAX_PAGES: usize = 10;

/// A LinkedIn channel: class C for an organization, by its own posts; class D for a member.
pub(super) struct LinkedIn {
    platform: Platform,
    author: String,
    is_organization: bool,
    visibility: &'static str,
    version: String,
    posts: Url,
    me: Url,
    fitting: Option<Fitting>,
    endpoint_digest: String,
}

impl fmt::Debug for LinkedIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LinkedIn({})", self.author)
    }
}

pub(super) fn required_secrets(channel: &LinkedInChannel) -> Vec<SecretKeyReference> {
    vec![key_of(&channel.secret_ref, "token")]
}

impl LinkedIn {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &LinkedInChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let token = token(secrets, &key_of(&channel.secret_ref, "token"))?;
        let api = api(channel.endpoint.as_deref(), API, "spec.linkedin.endpoint")?;
        let version = HeaderValue::from_str(&channel.version)
            .map_err(|_| SelectError::invalid("spec.linkedin.version", "is no year and month, as 202607"))?;
        let platform = Platform::new("LinkedIn", channel.timeout.0, options)
            .with_header(VERSION, version)
            .with_header(PROTOCOL, HeaderValue::from_static("2.0.0"))
            .with_token("Bearer", token);
        Ok(Self {
            platform,
            is_organization: channel.is_organization(),
            visibility: visibility(channel)?,
            version: channel.version.clone(),
            posts: below(&api, "rest/posts")?,
            me: below(&api, "v2/userinfo")?,
            fitting: fitting(Channel::LinkedIn(channel)),
            endpoint_digest: digest::of_json(&json!([
                "linkedin",
                api,
                channel.author,
                spec.platform,
                spec.account
            ])),
            author: channel.author.clone(),
        })
    }

    /// The author's posts from the `start`th on, the newest first.
    async fn page(&self, start: usize) -> Result<Vec<Value>, PublishError> {
        let mut url = self.posts.clone();
        url.query_pairs_mut()
            .append_pair("q", "author")
            .append_pair("author", &self.author)
            .append_pair("sortBy", "CREATED")
            .append_pair("start", &start.to_string())
            .append_pair("count", &PAGE.to_string());
        let (_, page) = self.platform.read(&url).await?;
        at(&page, "/elements")
            .as_array()
            .cloned()
            .ok_or_else(|| PublishError::not_sent("UnexpectedAnswer", "LinkedIn answered no list of posts"))
    }

    /// Whether the token is that of the member, where it may say so.
    async fn member(&self) -> Result<Preflight, PublishError> {
        let message = match self.platform.read(&self.me).await {
            Ok((_, me)) => {
                let sub = at(&me, "/sub").as_str().unwrap_or_default();
                if self.author != format!("urn:li:person:{sub}") {
                    let said = format!(
                        "the token is not that of {}, which is spec.linkedin.author; {}",
                        self.author,
                        self.platform.quoted(sub)
                    );
                    return Err(PublishError::refused("AnotherAccount", said));
                }
                format!("the token is that of {}", self.author)
            }
            // Alive, else it were 401; it lacks the scopes by which it could be asked.
            Err(error) if error.reason == "AccessRefused" => {
                "LinkedIn knows the token; whose it is cannot be read without the scopes openid and profile"
                    .to_owned()
            }
            Err(error) => return Err(error),
        };
        Ok(Preflight { message })
    }

    fn refusal(&self, answer: &Answer, resends: bool) -> PublishError {
        let mut error = self.platform.refusal(answer);
        let said = String::from_utf8_lossy(&answer.body);
        match answer.status.as_u16() {
            // Such a limit ends at midnight UTC, and no header says so.
            429 if said.contains("DAY limit") => self
                .platform
                .wait_for(answer, Some(until_midnight(Timestamp::now()))),
            422 if said.contains("DUPLICATE_POST") || said.contains("is a duplicate of urn:li:") => {
                error.reason = "DuplicatePost";
                // After an attempt that may have arrived, that is the best sign that it did.
                if resends {
                    error.outcome = Outcome::Unknown;
                }
                error
            }
            _ => error,
        }
    }
}

fn visibility(channel: &LinkedInChannel) -> Result<&'static str, SelectError> {
    match channel.visibility {
        LinkedInVisibility::Public => Ok("PUBLIC"),
        LinkedInVisibility::Connections if channel.is_organization() => Err(SelectError::invalid(
            "spec.linkedin.visibility",
            "is Connections, which an organization has none of: write Public",
        )),
        LinkedInVisibility::Connections => Ok("CONNECTIONS"),
    }
}

/// The day from which on a version is certainly gone: each is supported for a year, and ended in the middle of a month.
fn sunset(version: &str) -> Option<Date> {
    let (year, month) = version.split_at_checked(4)?;
    let released = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
    released.checked_add(13.months()).ok()
}

fn until_midnight(now: Timestamp) -> f64 {
    let now = now.to_zoned(TimeZone::UTC);
    let midnight = now.tomorrow().and_then(|day| day.start_of_day());
    midnight.map_or(0.0, |midnight| now.duration_until(&midnight).as_secs_f64())
}

fn named(urn: &str) -> Option<Published> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let id = urn.strip_prefix("urn:li:")?;
    let (kind, number) = id.split_once(':')?;
    let known = matches!(kind, "share" | "ugcPost") && !number.is_empty() && number.chars().all(plain);
    let url = format!("https://www.linkedin.com/feed/update/{urn}");
    known.then(|| Published::named(Some(urn.to_owned()), Some(&url)))
}

/// True where a post was made before anything of the publication can have left.
fn is_older(post: &Value, publication: &Publication) -> bool {
    let made = at(post, "/createdAt").as_i64();
    made.is_some_and(|made| made < earliest(publication).as_millisecond())
}

/// True where a post has our words and hides where a link of it leads: then nothing proves that ours is not there.
fn is_opaque(post: &Value, publication: &Publication) -> bool {
    let words = at(post, "/commentary").as_str().unwrap_or_default();
    let hides = words.contains("https://lnkd.in/") && same_words(&publication.content.text, words);
    hides && !is_older(post, publication)
}

/// The words of a post, and what its card leads to.
fn words_and_card(post: &Value) -> [&str; 2] {
    ["/commentary", "/content/article/source"].map(|pointer| at(post, pointer).as_str().unwrap_or_default())
}

fn is_ours(post: &Value, publication: &Publication) -> bool {
    let parameter = publication.slot.parameter();
    is_marked(publication) && words_and_card(post).iter().any(|said| said.contains(&parameter))
}

fn is_alike(post: &Value, publication: &Publication) -> bool {
    let [words, card] = words_and_card(post);
    // A link that is shown, and is not ours, is another post's.
    let unseen = has_short_links_alone(&format!("{words} {card}"));
    !is_older(post, publication)
        && (unseen || !is_marked(publication))
        && same_words(&publication.content.text, words)
}

#[async_trait]
impl Publisher for LinkedIn {
    fn channel_type(&self) -> &'static str {
        "linkedin"
    }

    fn class(&self) -> Class {
        if self.is_organization {
            Class::LookUp
        } else {
            Class::Neither
        }
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    fn send_timeout(&self) -> Duration {
        self.platform.timeout()
    }

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        if let Some(gone) = sunset(&self.version).filter(|gone| *gone <= today) {
            let said = format!(
                "LinkedIn supported version {} for a year, which ended before {gone}: write a newer one into spec.linkedin.version",
                self.version
            );
            return Err(PublishError::refused("VersionSunset", said));
        }
        if !self.is_organization {
            return self.member().await;
        }
        self.page(0).await?;
        Ok(Preflight {
            message: format!("the token reads the posts of {}; nothing was posted", self.author),
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
        let mut post = json!({
            "author": self.author,
            "commentary": fitted(self.fitting, publication)?,
            "visibility": self.visibility,
            "distribution": {
                "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": false,
        });
        if let (Some(link), Some(fields)) = (card(publication), post.as_object_mut()) {
            let article = json!({"source": link, "title": publication.content.title});
            fields.insert("content".to_owned(), json!({ "article": article }));
        }
        let answer = self.platform.publish(&self.posts, &post).await?;
        if !answer.status.is_success() {
            return Err(self.refusal(&answer, !publication.earlier_attempts.is_empty()));
        }
        let urn = answer.headers.get(ID).and_then(|id| id.to_str().ok());
        let published = urn.and_then(named);
        published.ok_or_else(|| self.platform.unexpected(&answer))
    }

    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        if !self.is_organization {
            return Ok(Found::CannotTell);
        }
        let mut opaque = false;
        for number in 0..MAX_PAGES {
            let page = self.page(number * PAGE).await?;
            let of = |post: &Value| at(post, "/id").as_str().and_then(named);
            if let Some(post) = page.iter().find(|post| is_ours(post, publication)) {
                return Ok(of(post).map_or(Found::CannotTell, Found::Published));
            }
            if let Some(post) = page.iter().find(|post| is_alike(post, publication)) {
                return Ok(of(post).map_or(Found::CannotTell, Found::Alike));
            }
            opaque |= page.iter().any(|post| is_opaque(post, publication));
            // LinkedIn leaves out of a page what it does not show: only an empty one, or an older post, is the end.
            match page.last() {
                Some(last) if !is_older(last, publication) => {}
                _ if is_marked(publication) && !opaque => return Ok(Found::Absent),
                _ => return Ok(Found::CannotTell),
            }
        }
        Ok(Found::CannotTell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_gone_when_the_month_after_its_year_begins() {
        assert_eq!(sunset("202411").unwrap().to_string(), "2025-12-01");
        assert_eq!(sunset("202512").unwrap().to_string(), "2027-01-01");
        assert_eq!(sunset("202513"), None);
    }

    #[test]
    fn a_daily_limit_ends_at_midnight_utc() {
        let seconds = until_midnight("2026-11-22T23:59:30Z".parse().unwrap());
        assert!((seconds - 30.0).abs() < f64::EPSILON, "{seconds}");
    }

    #[test]
    fn only_a_post_of_linkedin_is_a_name() {
        let published = named("urn:li:share:684").unwrap();
        assert_eq!(
            published.url.as_deref(),
            Some("https://www.linkedin.com/feed/update/urn:li:share:684")
        );
        for urn in [
            "",
            "684",
            "urn:li:share:",
            "urn:li:person:1",
            "urn:li:share:1/../x",
        ] {
            assert_eq!(named(urn), None, "{urn}");
        }
    }
}

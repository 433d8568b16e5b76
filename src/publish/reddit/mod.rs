//! The Reddit channel: one submission to one subreddit, known again among the user's own.

mod answer;
mod session;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};
use url::Url;

use self::{
    answer::{ALREADY_SUBMITTED, named, outcome},
    session::{App, Session, Sessions},
};
use super::{
    Class, Found, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions, Secrets,
    SelectError,
    platform::{api, at, below, card, earliest, fitted, is_marked, is_prepared, key_of, token},
};
use crate::{
    api::{Channel, ChannelConfigSpec, RedditChannel, SecretKeyReference},
    domain::{
        channels::{Fitting, fitting},
        digest,
        publication::Publication,
    },
};

const API: &str = "https://oauth.reddit.com";
/// The keys of the Secret: the app, and the user's consent to it.
const KEYS: [&str; 3] = ["clientId", "clientSecret", "refreshToken"];
/// Submissions of one page; the platform's most.
const PAGE: &str = "100";
/// Reddit lists no more than the newest thousand: what may be behind them is not absent.
const MAX_PAGES: usize = 9;
/// The longest name of a user, in characters.
const MAX_USER: usize = 20;
/// The longest name of a subreddit: 21, or u_ and a user's.
const MAX_SUBREDDIT: usize = 22;

/// A Reddit channel: class C, by the user's own submissions.
pub(super) struct Reddit {
    sessions: Sessions,
    user: String,
    subreddit: String,
    flair: Option<String>,
    /// Set once the token has been shown to be the user's.
    known: OnceLock<()>,
    timeout: Duration,
    submit: Url,
    me: Url,
    about: Url,
    submitted: Url,
    fitting: Option<Fitting>,
    endpoint_digest: String,
}

impl fmt::Debug for Reddit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Reddit(u/{} in r/{})", self.user, self.subreddit)
    }
}

pub(super) fn required_secrets(channel: &RedditChannel) -> Vec<SecretKeyReference> {
    KEYS.map(|key| key_of(&channel.secret_ref, key)).into()
}

impl Reddit {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &RedditChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let [client_id, client_secret, refresh_token] =
            KEYS.map(|key| token(secrets, &key_of(&channel.secret_ref, key)));
        let app = App {
            client_id: client_id?,
            client_secret: client_secret?,
            refresh_token: refresh_token?,
        };
        let api = api(channel.endpoint.as_deref(), API, "spec.reddit.endpoint")?;
        let subreddit = subreddit(&spec.account)?;
        let mut submitted = below(&api, &format!("user/{}/submitted", channel.user))?;
        submitted
            .query_pairs_mut()
            .append_pair("sort", "new")
            .append_pair("limit", PAGE)
            // What its own user has hidden is left out otherwise.
            .append_pair("show", "all")
            .append_pair("raw_json", "1");
        Ok(Self {
            sessions: Sessions::new(channel, app, options)?,
            user: channel.user.clone(),
            flair: channel.flair.clone(),
            known: OnceLock::new(),
            timeout: channel.timeout.0,
            submit: below(&api, "api/submit")?,
            me: below(&api, "api/v1/me")?,
            about: below(&api, &format!("r/{subreddit}/about"))?,
            submitted,
            fitting: fitting(Channel::Reddit(channel)),
            endpoint_digest: digest::of_json(&json!([
                "reddit",
                api,
                channel.user,
                spec.platform,
                spec.account
            ])),
            subreddit,
        })
    }

    async fn read(&self, url: &Url) -> Result<Value, PublishError> {
        let session = self.sessions.get().await?;
        match session.platform.read(url).await {
            Ok((_, body)) => Ok(body),
            Err(error) => Err(self.refused(&session, error).await),
        }
    }

    /// An access token that is refused is not used again.
    async fn refused(&self, session: &Arc<Session>, error: PublishError) -> PublishError {
        if error.reason == "CredentialsRefused" {
            self.sessions.forget(session).await;
        }
        error
    }

    /// Asks whose the token is, which has to be the configured user; answers what Reddit says of them.
    async fn is_the_user(&self) -> Result<Value, PublishError> {
        let me = self.read(&self.me).await?;
        let name = at(&me, "/name").as_str().unwrap_or_default();
        if !name.eq_ignore_ascii_case(&self.user) {
            let plain = name.len() <= MAX_USER && name.chars().all(is_of_a_name);
            let whose = if plain { name } else { "another user" };
            let said = format!(
                "the token is that of {whose}, and spec.reddit.user is {}",
                self.user
            );
            return Err(PublishError::refused("AnotherAccount", said));
        }
        let _known = self.known.set(());
        Ok(me)
    }

    /// A page of the user's own submissions, the newest first, and where the next begins.
    async fn page(&self, after: Option<&str>) -> Result<(Vec<Value>, Option<String>), PublishError> {
        let mut url = self.submitted.clone();
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after", after);
        }
        let page = self.read(&url).await?;
        let Some(children) = at(&page, "/data/children").as_array() else {
            let said = "Reddit answered no list of submissions";
            return Err(PublishError::not_sent("UnexpectedAnswer", said));
        };
        let submissions = children.iter().map(|child| at(child, "/data").clone()).collect();
        Ok((submissions, at(&page, "/data/after").as_str().map(str::to_owned)))
    }

    fn form<'a>(&'a self, publication: &'a Publication, text: &'a str) -> Vec<(&'static str, &'a str)> {
        let (kind, field, value) = match card(publication) {
            Some(link) => ("link", "url", link),
            None => ("self", "text", text),
        };
        let mut form = vec![
            ("api_type", "json"),
            ("sr", &self.subreddit),
            ("kind", kind),
            ("title", title(publication)),
            (field, value),
            // A link that stands there already is refused, and not submitted twice.
            ("resubmit", "false"),
            ("sendreplies", "true"),
        ];
        form.extend(self.flair.as_deref().map(|flair| ("flair_id", flair)));
        form
    }

    fn is_ours(&self, submission: &Value, publication: &Publication) -> bool {
        let is = |place: &str, name: &str| {
            let said = at(submission, place).as_str().unwrap_or_default();
            said.eq_ignore_ascii_case(name)
        };
        let says = |place: &str| at(submission, place).as_str().unwrap_or_default().trim();
        let parameter = publication.slot.parameter();
        let same = if is_marked(publication) {
            says("/selftext").contains(&parameter) || says("/url").contains(&parameter)
        } else {
            !is_older(submission, publication)
                && says("/title") == title(publication)
                && says("/selftext") == publication.content.text.trim()
        };
        same && is("/author", &self.user) && is("/subreddit", &self.subreddit)
    }

    /// By the slot's parameter, or by its words alone where it has none.
    fn found(&self, page: &[Value], publication: &Publication) -> Option<Found> {
        let mut ours = page.iter();
        let ours = ours.find(|submission| self.is_ours(submission, publication))?;
        Some(match published(ours) {
            Some(published) if is_marked(publication) => Found::Published(published),
            Some(published) => Found::Alike(published),
            None => Found::CannotTell,
        })
    }

    /// The subreddit has the link already: ours only if we submitted it, for this slot.
    async fn adopted(
        &self,
        publication: &Publication,
        refusal: PublishError,
    ) -> Result<Published, PublishError> {
        let unsure = |said| PublishError::unknown(ALREADY_SUBMITTED, said);
        let (page, _) = self.page(None).await.map_err(|cause| {
            unsure("Reddit has this link already, and could not be asked who submitted it").because(cause)
        })?;
        match self.found(&page, publication) {
            Some(Found::Published(published)) => Ok(published),
            Some(_) => Err(unsure(
                "Reddit has this link already, with these words by this user",
            )),
            None => Err(refusal),
        }
    }
}

/// A submission by its name and its own address.
fn published(submission: &Value) -> Option<Published> {
    let permalink = at(submission, "/permalink").as_str().unwrap_or_default();
    let mut submission = submission.clone();
    let url = format!("https://www.reddit.com{permalink}");
    submission.as_object_mut()?.insert("url".to_owned(), url.into());
    named(&submission, "/url")
}

/// The subreddit, which the account of the channel names: `resumes`, `r/resumes`.
fn subreddit(account: &str) -> Result<String, SelectError> {
    let name = account.trim().trim_start_matches('/');
    let name = name
        .strip_prefix("r/")
        .or_else(|| name.strip_prefix("R/"))
        .unwrap_or(name);
    if (2..=MAX_SUBREDDIT).contains(&name.len()) && name.chars().all(is_of_a_name) {
        return Ok(name.to_owned());
    }
    Err(SelectError::invalid(
        "spec.account",
        "names no subreddit, as r/resumes",
    ))
}

fn is_of_a_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-".contains(character)
}

fn title(publication: &Publication) -> &str {
    publication.content.title.as_deref().unwrap_or_default().trim()
}

/// True where a submission was made before anything of the publication can have left.
fn is_older(submission: &Value, publication: &Publication) -> bool {
    let made = at(submission, "/created_utc").as_f64();
    // Whole seconds since 1970 are exact in a float.
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
    let earliest = earliest(publication).as_second() as f64;
    made.is_some_and(|made| made < earliest)
}

#[async_trait]
impl Publisher for Reddit {
    fn channel_type(&self) -> &'static str {
        "reddit"
    }

    fn class(&self) -> Class {
        Class::LookUp
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    /// A token and the submission; then a token and who submitted a link that was there already.
    fn send_timeout(&self) -> Duration {
        4 * self.timeout
    }

    /// Fetches a token, asks whose it is, whether the subreddit admits them, and for what a look-up reads.
    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let me = self.is_the_user().await?;
        let about = self.read(&self.about).await?;
        if at(&me, "/is_suspended") == true || at(&about, "/data/user_is_banned") == true {
            let said = format!(
                "u/{} may not post in r/{}: banned or suspended",
                self.user, self.subreddit
            );
            return Err(PublishError::refused("AccountRefused", said));
        }
        self.page(None).await?;
        Ok(Preflight {
            message: format!(
                "the token is that of u/{}, who is not banned from r/{}",
                self.user, self.subreddit
            ),
        })
    }

    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        fitted(self.fitting, publication)?;
        // A preflight may not have been answered yet, and a token posts as whoever it belongs to.
        match self.known.get() {
            Some(()) => drop(self.sessions.get().await?),
            None => drop(self.is_the_user().await?),
        }
        Ok(Prepared {
            id: publication.key(),
        })
    }

    async fn commit(&self, publication: &Publication, prepared_id: &str) -> Result<Published, PublishError> {
        is_prepared(publication, prepared_id)?;
        let text = fitted(self.fitting, publication)?;
        let session = self.sessions.get().await?;
        let form = self.form(publication, &text);
        let answer = session.platform.publish_form(&self.submit, &form).await?;
        match outcome(&session.platform, &answer) {
            Err(refusal) if refusal.reason == ALREADY_SUBMITTED => self.adopted(publication, refusal).await,
            Err(error) => Err(self.refused(&session, error).await),
            published => published,
        }
    }

    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let (page, next) = self.page(after.as_deref()).await?;
            if let Some(found) = self.found(&page, publication) {
                return Ok(found);
            }
            let older = page.last().is_some_and(|last| is_older(last, publication));
            match next {
                Some(next) if !older => after = Some(next),
                _ if is_marked(publication) => return Ok(Found::Absent),
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
    fn the_account_names_the_subreddit() {
        for account in ["resumes", "r/resumes", "/r/resumes", " R/resumes"] {
            assert_eq!(subreddit(account).as_deref(), Ok("resumes"), "{account}");
        }
        for account in ["", "r/", "a", "r/two/three", "../about", "r/רזומה"] {
            assert!(subreddit(account).is_err(), "{account}");
        }
    }
}

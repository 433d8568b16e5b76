//! Reddit's access tokens: fetched with the refresh token, which does not change, and kept in memory until they end.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderValue, header::USER_AGENT};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use crate::{
    api::RedditChannel,
    publish::{
        PublishError, PublisherOptions, SelectError,
        platform::{Platform, api, at, authorization, below, is_token, unanswered, whole_json},
        wire::Answer,
    },
    secret::SecretString,
};

/// Where tokens are fetched; everything else is asked elsewhere.
const TOKENS: &str = "https://www.reddit.com";
/// What a token has to permit, as <https://www.reddit.com/api/v1/scopes> names it.
const SCOPES: [&str; 4] = ["history", "identity", "read", "submit"];
/// No token is believed to live longer; Reddit's live a day.
const MAX_LIFE: u64 = 24 * 60 * 60;
/// How long before its end a token is no longer used.
const MARGIN: u64 = 60;

/// What an app of Reddit is known by.
pub(super) struct App {
    pub(super) client_id: SecretString,
    pub(super) client_secret: SecretString,
    pub(super) refresh_token: SecretString,
}

/// The sessions of one user, one after the other.
pub(super) struct Sessions {
    tokens: Platform,
    url: Url,
    app: App,
    user_agent: HeaderValue,
    timeout: Duration,
    options: PublisherOptions,
    current: Mutex<Option<Arc<Session>>>,
}

/// Reddit as it is asked with one access token.
pub(super) struct Session {
    pub(super) platform: Platform,
    until: Instant,
}

impl Sessions {
    pub(super) fn new(
        channel: &RedditChannel,
        app: App,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let tokens = api(
            channel.token_endpoint.as_deref(),
            TOKENS,
            "spec.reddit.tokenEndpoint",
        )?;
        // As <https://github.com/reddit-archive/reddit/wiki/API#rules> asks: others are throttled.
        let user_agent = format!(
            "kubernetes:dev.campanile:v{} (by /u/{})",
            env!("CARGO_PKG_VERSION"),
            channel.user
        );
        let user_agent = HeaderValue::from_str(&user_agent)
            .map_err(|_| SelectError::invalid("spec.reddit.user", "is no name of a user"))?;
        let pair = format!("{}:{}", app.client_id.expose(), app.client_secret.expose());
        let basic = SecretString::from(BASE64_STANDARD.encode(pair));
        let (header, value) = authorization("Basic", &basic);
        Ok(Self {
            tokens: Platform::new("Reddit", channel.timeout.0, options)
                .with_header(USER_AGENT, user_agent.clone())
                .with_header(header, value)
                .hiding([basic, app.client_secret.clone(), app.refresh_token.clone()]),
            url: below(&tokens, "api/v1/access_token")?,
            app,
            user_agent,
            timeout: channel.timeout.0,
            options: options.clone(),
            current: Mutex::default(),
        })
    }

    /// The session that stands, else a new one; whoever asks meanwhile waits for it, in all no longer than an answer may take.
    ///
    /// # Errors
    /// `NotSent` or `Refused`: nothing was published by fetching a token.
    pub(super) async fn get(&self) -> Result<Arc<Session>, PublishError> {
        let got = tokio::time::timeout(self.timeout, self.current()).await;
        got.unwrap_or_else(|_| {
            Err(PublishError::not_sent(
                "NoAnswer",
                "no access token was given in time",
            ))
        })
    }

    async fn current(&self) -> Result<Arc<Session>, PublishError> {
        let mut current = self.current.lock().await;
        if let Some(session) = current.as_ref().filter(|session| Instant::now() < session.until) {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(self.fetch().await?);
        Ok(Arc::clone(current.insert(session)))
    }

    /// Forgets a session whose token was refused, unless it has been replaced.
    pub(super) async fn forget(&self, refused: &Arc<Session>) {
        let mut current = self.current.lock().await;
        current.take_if(|session| Arc::ptr_eq(session, refused));
    }

    async fn fetch(&self) -> Result<Session, PublishError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", self.app.refresh_token.expose()),
        ];
        let answer = self
            .tokens
            .publish_form(&self.url, &form)
            .await
            .map_err(unanswered)?;
        if !answer.status.is_success() {
            return Err(self.refusal(&answer));
        }
        let Some(body) = whole_json(&answer) else {
            return Err(unanswered(self.tokens.unexpected(&answer)));
        };
        if let Some(word) = at(&body, "/error").as_str() {
            return Err(PublishError::refused(
                "CredentialsRefused",
                self.tokens.quoted(word),
            ));
        }
        let token = at(&body, "/access_token").as_str().unwrap_or_default();
        if !is_token(token) {
            return Err(unanswered(self.tokens.unexpected(&answer)));
        }
        may_do_everything(&body)?;
        Ok(self.session(&SecretString::from(token), at(&body, "/expires_in")))
    }

    /// No refusal of a token is one of the publication.
    fn refusal(&self, answer: &Answer) -> PublishError {
        let mut error = self.tokens.refusal(answer);
        if answer.status.is_client_error() && error.reason == "RejectedByPlatform" {
            error = PublishError::refused("CredentialsRefused", error.message);
        }
        unanswered(error)
    }

    fn session(&self, token: &SecretString, lives: &Value) -> Session {
        let lives = lives.as_u64().unwrap_or_default().min(MAX_LIFE);
        let (header, value) = authorization("Bearer", token);
        let hidden = [&self.app.client_secret, &self.app.refresh_token, token].map(Clone::clone);
        Session {
            platform: Platform::new("Reddit", self.timeout, &self.options)
                .with_header(USER_AGENT, self.user_agent.clone())
                .with_header(header, value)
                .hiding(hidden),
            until: Instant::now() + Duration::from_secs(lives.saturating_sub(MARGIN)),
        }
    }
}

fn may_do_everything(body: &Value) -> Result<(), PublishError> {
    let granted = at(body, "/scope").as_str().unwrap_or_default();
    let granted: Vec<&str> = granted.split([' ', ',']).collect();
    let missing: Vec<&str> = SCOPES
        .into_iter()
        .filter(|scope| !granted.contains(scope) && !granted.contains(&"*"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let said = format!("the refresh token lacks the scopes {}", missing.join(", "));
    Err(PublishError::refused("ScopeMissing", said))
}

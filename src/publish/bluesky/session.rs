//! The session of an account: made with its app password, kept in memory, refreshed by one task at a time.

use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use crate::{
    publish::{
        PublishError,
        platform::{Platform, at, authorization, is_token},
    },
    secret::SecretString,
};

/// Access tokens of the reference server live for two hours: refreshed well before.
const FRESH: Duration = Duration::from_mins(30);
/// Servers hash app passwords slowly, on purpose, and nothing is published by it.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Makes sessions of one account.
pub(super) struct Sessions {
    pub(super) platform: Platform,
    pub(super) create: Url,
    pub(super) refresh: Url,
    pub(super) handle: String,
    pub(super) password: SecretString,
    pub(super) current: Mutex<Option<Session>>,
}

/// A session that was answered.
#[derive(Clone)]
pub(super) struct Session {
    /// The account's own name, which no change of handle changes.
    pub(super) did: String,
    access: SecretString,
    refresh: SecretString,
    made: Instant,
}

impl Session {
    pub(super) fn header(&self) -> (HeaderName, HeaderValue) {
        authorization("Bearer", &self.access)
    }

    /// What no message may hold.
    pub(super) fn secrets(&self) -> [&SecretString; 2] {
        [&self.access, &self.refresh]
    }
}

impl Sessions {
    /// The session of the account: the one in memory, else a new one; whoever asks meanwhile waits for it, in all no longer
    /// than a refresh and a login may take.
    ///
    /// # Errors
    /// `Refused` where the app password or the account is; whatever else failed, nothing was sent.
    pub(super) async fn session(&self) -> Result<Session, PublishError> {
        let got = tokio::time::timeout(2 * PATIENCE, self.made()).await;
        got.unwrap_or_else(|_| Err(PublishError::not_sent("NoAnswer", "no session was given in time")))
    }

    async fn made(&self) -> Result<Session, PublishError> {
        let mut current = self.current.lock().await;
        if let Some(session) = current.as_ref().filter(|session| session.made.elapsed() < FRESH) {
            return Ok(session.clone());
        }
        let refreshed = match current.take() {
            Some(session) => self.refreshed(&session).await.ok(),
            None => None,
        };
        let session = match refreshed {
            Some(session) => session,
            None => self.created().await?,
        };
        *current = Some(session.clone());
        Ok(session)
    }

    /// Forgets a session that the server no longer takes; a newer one is kept.
    pub(super) async fn forget(&self, refused: &Session) {
        let mut current = self.current.lock().await;
        if current
            .as_ref()
            .is_some_and(|session| session.access == refused.access)
        {
            *current = None;
        }
    }

    async fn created(&self) -> Result<Session, PublishError> {
        let account = json!({"identifier": self.handle, "password": self.password.expose()});
        let answer = self.platform.ask(&self.create, Some(&account), []).await?;
        self.of(&answer)
    }

    async fn refreshed(&self, session: &Session) -> Result<Session, PublishError> {
        let token = authorization("Bearer", &session.refresh);
        let answer = self.platform.ask(&self.refresh, None, [token]).await?;
        self.of(&answer)
    }

    fn of(&self, answer: &Value) -> Result<Session, PublishError> {
        self.is_the_account(answer)?;
        let text = |pointer| {
            let found = at(answer, pointer).as_str();
            found.filter(|text| is_token(text))
        };
        let session = || {
            Some(Session {
                did: text("/did")?.to_owned(),
                access: text("/accessJwt")?.into(),
                refresh: text("/refreshJwt")?.into(),
                made: Instant::now(),
            })
        };
        session().ok_or_else(no_session)
    }

    /// The account behind the session is the configured one, and it may post.
    pub(super) fn is_the_account(&self, answer: &Value) -> Result<(), PublishError> {
        let Some(handle) = at(answer, "/handle").as_str() else {
            return Err(no_session());
        };
        if !handle.eq_ignore_ascii_case(&self.handle) {
            let said = format!(
                "the session is not of {}: {}",
                self.handle,
                self.platform.quoted(handle)
            );
            return Err(PublishError::refused("AnotherAccount", said));
        }
        if at(answer, "/active") == false {
            let status = at(answer, "/status").as_str().unwrap_or_default();
            let said = format!(
                "the account {} is not active: {}",
                self.handle,
                self.platform.quoted(status)
            );
            return Err(PublishError::refused("AccountInactive", said));
        }
        Ok(())
    }
}

fn no_session() -> PublishError {
    PublishError::not_sent("UnexpectedAnswer", "Bluesky answered no session")
}

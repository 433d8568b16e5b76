//! Which notifier a route describes, and what it needs of its Secret.

use std::collections::BTreeMap;

use url::Url;

use super::{Notifier, NotifyError, email::Email, slack::Slack, webhook::Webhook};
use crate::{api::NotifyRoute, egress::EgressPolicy, secret::SecretString};

/// The values of the Secret of a route, by key.
pub type SinkSecrets = BTreeMap<String, SecretString>;

/// What notifiers share.
#[derive(Clone, Debug)]
pub struct NotifierOptions {
    /// The guarded HTTP client.
    pub client: reqwest::Client,
    /// The policy that it was made with.
    pub egress: EgressPolicy,
}

/// The notifier of a route.
///
/// # Errors
/// `Configuration` with exactly what is missing or cannot be used.
pub fn select(
    route: &NotifyRoute,
    secrets: &SinkSecrets,
    options: &NotifierOptions,
) -> Result<Box<dyn Notifier>, NotifyError> {
    let needs = Needs { route, secrets };
    match (&route.slack, &route.webhook, &route.email) {
        (Some(_), None, None) => Ok(Box::new(Slack::new(needs.url()?, options.clone()))),
        (None, Some(_), None) => Ok(Box::new(Webhook::new(
            needs.url()?,
            needs.signing_key()?,
            options.clone(),
        ))),
        (None, None, Some(email)) => Ok(Box::new(Email::new(email, &needs, options.egress.clone())?)),
        _ => Err(NotifyError::Configuration(format!(
            "route {} has not exactly one of slack, webhook and email",
            route.name
        ))),
    }
}

/// What a route needs of its Secret.
pub(super) struct Needs<'n> {
    route: &'n NotifyRoute,
    secrets: &'n SinkSecrets,
}

impl Needs<'_> {
    pub(super) fn get(&self, key: &str) -> Option<&SecretString> {
        self.secrets
            .get(key)
            .filter(|value| !value.expose().trim().is_empty())
    }

    pub(super) fn needed(&self, key: &str) -> Result<&SecretString, NotifyError> {
        self.get(key).ok_or_else(|| self.problem(key, "is missing"))
    }

    pub(super) fn problem(&self, key: &str, problem: &str) -> NotifyError {
        let (secret, route) = (&self.route.secret_ref.name, &self.route.name);
        NotifyError::Configuration(format!("Secret {secret} key {key} of route {route} {problem}"))
    }

    fn url(&self) -> Result<Url, NotifyError> {
        let text = self.needed("url")?.expose().trim();
        let url = text.parse::<Url>().ok();
        url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| self.problem("url", "is no http or https address with a host"))
    }

    fn signing_key(&self) -> Result<Option<crate::egress::signature::SigningKey>, NotifyError> {
        let Some(secret) = self.get("signingSecret") else {
            return Ok(None);
        };
        let key = crate::egress::signature::SigningKey::parse(secret);
        let problem = "is no Standard Webhooks secret: whsec_ and base64, or any text";
        key.map(Some)
            .ok_or_else(|| self.problem("signingSecret", problem))
    }
}

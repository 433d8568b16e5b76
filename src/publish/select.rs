//! Which publisher a ChannelConfig describes, and what it needs.

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

use super::{
    Branches, Publisher, bluesky, devto, discord, facebook_page, linkedin, manual, mastodon, object_store,
    reddit, slack, smtp, telegram, webhook, wire::Wire, wordpress, x,
};
use crate::{
    api::{CHANNEL_MEMBERS, Channel, ChannelConfigSpec, NotOneChannel, SecretKeyReference},
    egress::EgressPolicy,
    secret::SecretString,
};

/// Values of Secrets, by Secret and key.
pub type Secrets = BTreeMap<SecretKeyReference, SecretString>;

/// What publishers share.
#[derive(Clone, Debug)]
pub struct PublisherOptions {
    /// The guarded HTTP client (`egress::http_client`).
    pub client: reqwest::Client,
    /// The policy that it was made with.
    pub egress: EgressPolicy,
    /// Whether `file:///` is permitted.
    pub allow_local_paths: bool,
    /// Branches of git repositories; none where there is no git.
    pub branches: Option<Arc<dyn Branches>>,
}

impl PublisherOptions {
    pub(super) fn wire(&self) -> Wire {
        Wire::new(self.client.clone(), self.egress.clone())
    }
}

/// Makes the publisher that a ChannelConfig describes: for real from [`PublisherOptions`], in a simulation from the simulated
/// platforms.
pub trait Publishers: Debug + Send + Sync {
    /// The publisher of this ChannelConfig.
    ///
    /// # Errors
    /// As of [`select`].
    fn select(&self, spec: &ChannelConfigSpec, secrets: &Secrets) -> Result<Box<dyn Publisher>, SelectError>;
}

impl Publishers for PublisherOptions {
    fn select(&self, spec: &ChannelConfigSpec, secrets: &Secrets) -> Result<Box<dyn Publisher>, SelectError> {
        select(spec, secrets, self)
    }
}

/// Why a ChannelConfig makes no publisher.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// Something is not there.
    #[error("missing {}", names.join(", "))]
    MissingConfig {
        /// Exactly what: `Secret linkedin-hook key signingSecret`, `spec.objectStore.region`.
        names: Vec<String>,
    },
    /// Something is there and cannot be used.
    #[error("{field} {problem}")]
    InvalidConfig {
        /// Where: a field of the ChannelConfig, or a key of a Secret.
        field: String,
        /// What is wrong with it, and what to write instead.
        problem: String,
    },
    /// Something may be there, and may not be read.
    #[error("may not read {}: grant it, or name what may be read", names.join(", "))]
    Forbidden {
        /// Exactly what: `Secret linkedin-hook`.
        names: Vec<String>,
    },
}

impl SelectError {
    /// One CamelCase word.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::MissingConfig { .. } => "MissingConfig",
            Self::InvalidConfig { .. } => "InvalidConfig",
            Self::Forbidden { .. } => "SecretForbidden",
        }
    }

    /// The names of a `MissingConfig`, read back from the sentence that it was told in.
    pub fn missing_names(told: &str) -> Vec<String> {
        let names = told.trim_end_matches('.');
        let names = names.strip_prefix("missing ").unwrap_or(names);
        names.split(", ").map(str::to_owned).collect()
    }

    pub(crate) fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::InvalidConfig {
            field: field.into(),
            problem: problem.into(),
        }
    }
}

fn channel_of(spec: &ChannelConfigSpec) -> Result<Channel<'_>, SelectError> {
    spec.channel().map_err(|error| match error {
        NotOneChannel::None => {
            let fields: Vec<String> = CHANNEL_MEMBERS
                .iter()
                .map(|member| format!("spec.{member}"))
                .collect();
            SelectError::MissingConfig {
                names: vec![fields.join(" or ")],
            }
        }
        NotOneChannel::Several(_) => SelectError::invalid("spec", error.to_string()),
    })
}

/// The keys of Secrets that a channel needs, so that the caller reads these and no others.
pub fn required_secrets(spec: &ChannelConfigSpec) -> Vec<SecretKeyReference> {
    match channel_of(spec) {
        Ok(Channel::Webhook(channel)) => channel.secret_key_ref.iter().cloned().collect(),
        Ok(Channel::ObjectStore(channel)) => object_store::required_secrets(channel),
        Ok(Channel::Slack(channel)) => slack::required_secrets(channel),
        Ok(Channel::Discord(channel)) => discord::required_secrets(channel),
        Ok(Channel::Telegram(channel)) => telegram::required_secrets(channel),
        Ok(Channel::Mastodon(channel)) => mastodon::required_secrets(channel),
        Ok(Channel::LinkedIn(channel)) => linkedin::required_secrets(channel),
        Ok(Channel::X(channel)) => x::required_secrets(channel),
        Ok(Channel::Reddit(channel)) => reddit::required_secrets(channel),
        Ok(Channel::FacebookPage(channel)) => facebook_page::required_secrets(channel),
        Ok(Channel::GitPages(channel)) => object_store::required_secrets_of_pages(channel),
        Ok(Channel::Smtp(channel)) => smtp::required_secrets(channel),
        Ok(Channel::Devto(channel)) => devto::required_secrets(channel),
        Ok(Channel::Bluesky(channel)) => bluesky::required_secrets(channel),
        Ok(Channel::Wordpress(channel)) => wordpress::required_secrets(channel),
        Ok(Channel::Manual(_)) | Err(_) => Vec::new(),
    }
}

/// The publisher that a ChannelConfig describes.
///
/// # Errors
/// Names everything that is missing at once, else the first thing that cannot be used.
pub fn select(
    spec: &ChannelConfigSpec,
    secrets: &Secrets,
    options: &PublisherOptions,
) -> Result<Box<dyn Publisher>, SelectError> {
    let channel = channel_of(spec)?;
    let mut names: Vec<String> = match channel {
        Channel::ObjectStore(channel) => object_store::missing_fields(channel),
        Channel::Webhook(_)
        | Channel::Slack(_)
        | Channel::Discord(_)
        | Channel::Telegram(_)
        | Channel::Mastodon(_)
        | Channel::LinkedIn(_)
        | Channel::X(_)
        | Channel::Reddit(_)
        | Channel::FacebookPage(_)
        | Channel::GitPages(_)
        | Channel::Manual(_)
        | Channel::Smtp(_)
        | Channel::Devto(_)
        | Channel::Bluesky(_)
        | Channel::Wordpress(_) => Vec::new(),
    };
    let absent = |wanted: &SecretKeyReference| secrets.get(wanted).is_none_or(SecretString::is_empty);
    names.extend(
        required_secrets(spec)
            .iter()
            .filter(|wanted| absent(wanted))
            .map(secret_name),
    );
    if !names.is_empty() {
        return Err(SelectError::MissingConfig { names });
    }
    Ok(match channel {
        Channel::Webhook(channel) => Box::new(webhook::Webhook::new(spec, channel, secrets, options)?),
        Channel::ObjectStore(channel) => Box::new(object_store::ObjectStorePublisher::new(
            spec, channel, secrets, options,
        )?),
        Channel::Slack(channel) => slack::publisher(spec, channel, secrets, options)?,
        Channel::Discord(channel) => Box::new(discord::Discord::new(spec, channel, secrets, options)?),
        Channel::Mastodon(channel) => Box::new(mastodon::Mastodon::new(spec, channel, secrets, options)?),
        Channel::LinkedIn(channel) => Box::new(linkedin::LinkedIn::new(spec, channel, secrets, options)?),
        Channel::X(channel) => Box::new(x::X::new(spec, channel, secrets, options)?),
        Channel::Reddit(channel) => Box::new(reddit::Reddit::new(spec, channel, secrets, options)?),
        Channel::FacebookPage(channel) => {
            Box::new(facebook_page::FacebookPage::new(spec, channel, secrets, options)?)
        }
        Channel::Telegram(channel) => Box::new(telegram::Telegram::new(spec, channel, secrets, options)?),
        Channel::GitPages(channel) => Box::new(object_store::ObjectStorePublisher::pages(
            spec, channel, secrets, options,
        )?),
        Channel::Smtp(channel) => Box::new(smtp::Smtp::new(spec, channel, secrets, options)?),
        Channel::Devto(channel) => Box::new(devto::Devto::new(spec, channel, secrets, options)?),
        Channel::Bluesky(channel) => Box::new(bluesky::Bluesky::new(spec, channel, secrets, options)?),
        Channel::Wordpress(channel) => Box::new(wordpress::Wordpress::new(spec, channel, secrets, options)?),
        Channel::Manual(channel) => Box::new(manual::Manual::new(spec, channel)?),
    })
}

/// How a key of a Secret is named to people.
pub(super) fn secret_name(key: &SecretKeyReference) -> String {
    format!("Secret {} key {}", key.name, key.key)
}

#[cfg(test)]
mod tests;

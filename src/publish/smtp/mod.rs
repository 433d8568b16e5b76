//! The smtp channel: one letter in one transaction with a mail server.
//!
//! Class D: a server that took the final dot may have accepted the letter, and nobody can be asked. Whatever is lost before
//! the dot is not sent. The letter is equal to the byte in every attempt, Message-ID included, so that a receiver that drops
//! a repeated one can; none has to.

mod answer;
mod configuration;
mod connection;
mod letter;
mod transaction;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use serde_json::json;

use self::{configuration::Addresses, connection::Server, transaction::Transaction};
use super::{
    Class, Found, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions, Secrets,
    SelectError, platform::fitted, said::Redaction,
};
use crate::{
    api::{AssetType, Channel, ChannelConfigSpec, SecretKeyReference, SmtpChannel},
    domain::{
        channels::{Fitting, fitting},
        digest,
        publication::Publication,
    },
};

/// The keys of its Secret.
const USERNAME: &str = "username";
const PASSWORD: &str = "password";

/// A mail server, and who writes to whom.
pub(super) struct Smtp {
    server: Server,
    addresses: Addresses,
    fitting: Option<Fitting>,
    timeout: Duration,
    endpoint_digest: String,
    redaction: Redaction,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Smtp({})", self.server.name())
    }
}

/// The keys of the Secret, where the server is logged in to.
pub(super) fn required_secrets(channel: &SmtpChannel) -> Vec<SecretKeyReference> {
    let secret = channel.secret_ref.iter();
    let keys = secret.flat_map(|secret| {
        [USERNAME, PASSWORD].map(|key| SecretKeyReference {
            name: secret.name.clone(),
            key: key.to_owned(),
        })
    });
    keys.collect()
}

impl Smtp {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &SmtpChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let addresses = Addresses::of(channel)?;
        let values = required_secrets(channel);
        let values = values.iter().filter_map(|key| secrets.get(key));
        Ok(Self {
            server: Server::of(channel, &addresses, secrets, options.egress.clone())?,
            addresses,
            fitting: fitting(Channel::Smtp(channel)),
            timeout: channel.timeout.0,
            endpoint_digest: endpoint_digest(spec, channel),
            redaction: Redaction::new(values.cloned()),
        })
    }
}

/// Digest of where a letter goes, and of what stands on it beside its words.
fn endpoint_digest(spec: &ChannelConfigSpec, channel: &SmtpChannel) -> String {
    let place = SmtpChannel {
        // How it is reached may change while a letter is in doubt; whom it goes to may not.
        certificate_authority: None,
        secret_ref: None,
        timeout: crate::api::GoDuration::default(),
        ..channel.clone()
    };
    digest::of_json(&json!(["smtp", spec.platform, spec.account, place]))
}

#[async_trait]
impl Publisher for Smtp {
    fn channel_type(&self) -> &'static str {
        "smtp"
    }

    fn class(&self) -> Class {
        Class::Neither
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    fn send_timeout(&self) -> Duration {
        self.timeout
    }

    /// Says hello, encrypts, logs in, and writes no letter.
    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let transaction = Transaction::new(&self.server, &self.redaction);
        let greeted = tokio::time::timeout(self.timeout, transaction.greet()).await;
        greeted.map_err(|elapsed| {
            let message = format!("{} did not answer in time", self.server.name());
            PublishError::not_sent("Unreachable", message).because(elapsed)
        })??;
        let message = format!("{} greets us; no letter was written", self.server.name());
        Ok(Preflight { message })
    }

    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        if matches!(publication.type_, AssetType::Page | AssetType::Template) {
            let message =
                "a page or template is stored, and not sent as a letter: give it a channel that stores it";
            return Err(PublishError::rejected("NotALetter", message));
        }
        fitted(self.fitting, publication)?;
        letter::letter(&self.addresses, publication)?;
        Ok(Prepared {
            id: publication.key(),
        })
    }

    async fn commit(&self, publication: &Publication, prepared_id: &str) -> Result<Published, PublishError> {
        if prepared_id != publication.key() {
            return Err(PublishError::not_sent(
                "PreparedElsewhere",
                "what was prepared is not this publication",
            ));
        }
        let letter = letter::letter(&self.addresses, publication)?;
        let transaction = Transaction::new(&self.server, &self.redaction);
        let sent = tokio::time::timeout(self.timeout, transaction.send(&letter)).await;
        match sent {
            Ok(sent) => sent?,
            Err(elapsed) => return Err(transaction.timed_out().because(elapsed)),
        }
        Ok(Published::named(Some(letter.message_id), None))
    }

    async fn resolve(&self, _: &Publication) -> Result<Found, PublishError> {
        Ok(Found::CannotTell)
    }
}

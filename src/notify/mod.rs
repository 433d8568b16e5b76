//! Telling people what happened: a trait, and a file for each kind of place that messages go to.

mod email;
mod error;
mod select;
mod slack;
mod webhook;

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;

pub use self::{
    error::NotifyError,
    select::{NotifierOptions, SinkSecrets, select},
};
use crate::domain::notify::Message;

/// How long one delivery may take in all.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A place that messages go to.
#[async_trait]
pub trait Notifier: Debug + Send + Sync {
    /// Its kind, for metrics: slack, webhook, email.
    fn kind(&self) -> &'static str;

    /// Delivers a message once, within [`TIMEOUT`].
    ///
    /// # Errors
    /// Where it was not accepted, or nobody knows: whoever calls may deliver it again, under the same id.
    async fn send(&self, message: &Message) -> Result<(), NotifyError>;
}

#[cfg(test)]
mod tests;

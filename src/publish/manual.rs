//! The manual channel: a person publishes, so nothing ever leaves from here.
//!
//! The decision asks the person and never sends; this publisher says so to whoever would call it all the same.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{Class, Found, Preflight, Prepared, PublishError, Published, Publisher, SelectError};
use crate::{
    api::{ChannelConfigSpec, ManualChannel},
    domain::{digest, publication::Publication},
};

/// The shortest time in which anybody can be expected to publish by hand.
const SHORTEST: Duration = Duration::from_mins(1);

/// A person who publishes by hand: class D, because two people may do the same.
#[derive(Debug)]
pub(super) struct Manual {
    person: String,
    endpoint_digest: String,
}

impl Manual {
    pub(super) fn new(spec: &ChannelConfigSpec, channel: &ManualChannel) -> Result<Self, SelectError> {
        let person = channel.person.trim();
        if person.is_empty() || person.chars().any(char::is_control) {
            let problem = "names nobody: write who publishes, in one line";
            return Err(SelectError::invalid("spec.manual.person", problem));
        }
        if channel.within.0 < SHORTEST {
            let problem = "is less than a minute: nobody publishes by hand that fast";
            return Err(SelectError::invalid("spec.manual.within", problem));
        }
        Ok(Self {
            person: person.to_owned(),
            endpoint_digest: digest::of_json(&json!(["manual", spec.platform, spec.account])),
        })
    }

    fn needs_a_person(&self) -> PublishError {
        let message = format!(
            "nothing is sent on this channel: {} publishes by hand",
            self.person
        );
        PublishError::not_sent("NeedsAPerson", message)
    }
}

#[async_trait]
impl Publisher for Manual {
    fn channel_type(&self) -> &'static str {
        "manual"
    }

    fn class(&self) -> Class {
        Class::Neither
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    fn send_timeout(&self) -> Duration {
        Duration::ZERO
    }

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let message = format!("{} is asked; nothing is sent", self.person);
        Ok(Preflight { message })
    }

    async fn prepare(&self, _: &Publication) -> Result<Prepared, PublishError> {
        Err(self.needs_a_person())
    }

    async fn commit(&self, _: &Publication, _: &str) -> Result<Published, PublishError> {
        Err(self.needs_a_person())
    }

    async fn resolve(&self, _: &Publication) -> Result<Found, PublishError> {
        Ok(Found::CannotTell)
    }
}

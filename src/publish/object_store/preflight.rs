//! Whether a store can be trusted with class A: it keeps to conditions, and says what is there and what is not.

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    ObjectStorePublisher,
    marker::Form,
    store::{Body, Condition, Version, Write},
};
use crate::publish::PublishError;

/// What stands in the probe.
const PROBE: &[u8] = b"Campanile writes this file to see whether the store keeps to conditional writes.\n";

impl ObjectStorePublisher {
    /// Writes one small object, `.campanile/probe.txt`, again and again under conditions that must fail, and reads it.
    ///
    /// All writers write the same bytes, so that nobody is in another's way.
    pub(super) async fn probe(&self) -> Result<(), PublishError> {
        let path = self.place.own("probe.txt");
        let created = match self.try_probe(&path, Condition::Absent).await? {
            Write::Stored => self.try_probe(&path, Condition::Absent).await?,
            refused => refused,
        };
        held(created)?;
        let elsewhere = Version("\"00000000000000000000000000000000\"".to_owned());
        held(self.try_probe(&path, Condition::Unchanged(elsewhere)).await?)?;
        self.reads(&path).await
    }

    async fn try_probe(&self, path: &str, condition: Condition) -> Result<Write, PublishError> {
        let body = Body {
            bytes: Bytes::from_static(PROBE),
            content_type: Form::Text.content_type(),
            at: Timestamp::UNIX_EPOCH,
        };
        self.store.write(path, body, condition).await
    }

    /// Reading back is how an outcome is settled: what is there, and that nothing is there.
    async fn reads(&self, probe: &str) -> Result<(), PublishError> {
        let stored = self.store.read(probe).await?;
        if stored.is_none_or(|object| object.bytes != PROBE) {
            let message = format!("{probe} does not hold what was written");
            return Err(PublishError::refused("ReadBackFailed", message));
        }
        match self.store.read(&self.place.own("absent.txt")).await {
            Err(error) if error.reason == "AccessRefused" => Err(PublishError::refused(
                "ListRefused",
                "the store does not say whether an object exists: the account needs the right to list the bucket",
            )
            .because(error)),
            other => other.map(|_| ()),
        }
    }
}

/// Whether a condition that must fail did.
fn held(write: Write) -> Result<(), PublishError> {
    match write {
        Write::ConditionFailed => Ok(()),
        Write::Contended => Err(PublishError::not_sent("Conflict", "the probe is being written")),
        Write::Stored => Err(PublishError::refused(
            "ConditionsIgnored",
            "the store writes although the condition fails: it cannot be kept from publishing twice",
        )),
    }
}

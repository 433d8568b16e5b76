//! A branch of a git repository as a store: one commit for each object, pushed only over what was looked at.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::{
    s3::MAX_OBJECT,
    store::{Body, Condition, Object, Version, Write},
};
use crate::publish::{
    PublishError,
    branch::{Branch, BranchWrite, BranchWritten},
};

/// How often a write begins anew because somebody else pushed something to the branch.
const TRIES: usize = 5;

/// A branch, and how it is written.
#[derive(Debug)]
pub(super) struct BranchStore {
    pub(super) branch: Arc<dyn Branch>,
    /// Name and address of the author of its commits.
    pub(super) author: (String, String),
    /// The longest that one look or one write may take.
    pub(super) timeout: Duration,
}

impl BranchStore {
    pub(super) async fn read(&self, path: &str) -> Result<Option<Object>, PublishError> {
        let read = tokio::time::timeout(self.timeout, self.branch.read(path, MAX_OBJECT));
        let late = |_| PublishError::not_sent("TimedOut", "the git host did not answer in time");
        let file = read.await.map_err(late)??;
        Ok(file.map(|file| Object {
            bytes: Bytes::from(file.bytes),
            version: Version(file.version),
        }))
    }

    pub(super) async fn write(
        &self,
        path: &str,
        body: Body,
        condition: Condition,
    ) -> Result<Write, PublishError> {
        let write = BranchWrite {
            path: path.to_owned(),
            bytes: body.bytes.to_vec(),
            over: match condition {
                Condition::Absent => None,
                Condition::Unchanged(version) => Some(version.0),
            },
            at: body.at,
            author: self.author.clone(),
        };
        let late = |_| {
            PublishError::unknown(
                "TimedOut",
                "the git host did not say in time what became of the push",
            )
        };
        tokio::time::timeout(self.timeout, self.push(write))
            .await
            .map_err(late)?
    }

    async fn push(&self, write: BranchWrite) -> Result<Write, PublishError> {
        for _ in 0..TRIES {
            match self.branch.write(write.clone()).await? {
                BranchWritten::Stored => return Ok(Write::Stored),
                BranchWritten::ConditionFailed => return Ok(Write::ConditionFailed),
                BranchWritten::Moved => {}
                BranchWritten::Declined(said) => {
                    let message = format!("the git host declined the push: {said}");
                    return Err(PublishError::refused("PushDeclined", message));
                }
            }
        }
        let message = format!("the branch moved {TRIES} times while it was written");
        Err(PublishError::not_sent("BranchMoved", message))
    }
}

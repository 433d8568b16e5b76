//! Publishing a file on a branch: one commit over what stands there, pushed only while that stands.
//!
//! The other side compares before it moves the branch (`git-receive-pack`, protocol v0: `old new ref`), so that of two
//! who write at once one is told. What is written says when it was meant to be written, and nothing of this machine:
//! the same write over the same commit is the same commit.

mod commit;
mod push;

use std::sync::Arc;

use jiff::Timestamp;

use self::{commit::NewCommit, push::push};
use super::{
    error::{GitError, GitReason},
    poll::{Inner, Source, State},
    wire::Wire,
};

/// One file to write.
#[derive(Clone, Debug)]
pub struct FileWrite {
    /// Where, from the root of the tree, with single slashes.
    pub path: String,
    /// What; it must fit into one request of 16 MiB.
    pub bytes: Vec<u8>,
    /// Under which condition.
    pub condition: FileCondition,
    /// Who the commit says wrote it.
    pub author: CommitAuthor,
    /// When the commit says it was written; whole seconds.
    pub at: Timestamp,
    /// What the commit says.
    pub message: String,
}

/// Name and address of a commit's author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitAuthor {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
}

/// When to write a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileCondition {
    /// Only where no file stands.
    Absent,
    /// Only over the content with this git id, as of [`Blob::id`](super::Blob::id).
    Unchanged(String),
}

/// What became of a write that the other side answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileWritten {
    /// The branch has it.
    Stored,
    /// Something else stands in its place; nothing was sent.
    ConditionFailed,
    /// Somebody else moved the branch meanwhile; nothing was written, and another try may do.
    Moved,
    /// The other side has a rule against it: its own words, one line.
    Declined(String),
}

/// A write that has no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error}")]
pub struct WriteFailure {
    /// Why.
    #[source]
    pub error: GitError,
    /// Whether the other side may have moved the branch all the same.
    pub may_have_acted: bool,
}

impl WriteFailure {
    pub(super) const fn before(error: GitError) -> Self {
        Self {
            error,
            may_have_acted: false,
        }
    }

    pub(super) const fn after(error: GitError) -> Self {
        Self {
            error,
            may_have_acted: true,
        }
    }
}

impl Inner {
    /// Reads the branch as it is now, and writes one file over it.
    pub(super) fn write(
        &self,
        state: &mut State,
        write: &FileWrite,
        wire: &Arc<Wire>,
    ) -> Result<FileWritten, WriteFailure> {
        let Source::Remote { endpoint, .. } = &self.source else {
            let message = "a branch is written on a host: use an https or ssh URL";
            return Err(WriteFailure::before(GitError::new(
                GitReason::UrlRefused,
                message,
            )));
        };
        let snapshot = self.poll(state, wire).map_err(WriteFailure::before)?.snapshot;
        let repository = snapshot.generation().repository();
        let commit = NewCommit::over(&repository, snapshot.commit(), write).map_err(WriteFailure::before)?;
        match commit {
            Some(commit) => push(endpoint, &self.reference, &commit, wire),
            None => Ok(FileWritten::ConditionFailed),
        }
    }

    /// Asks whether these credentials may write to the repository; whether the branch has rules of its own only a write shows.
    pub(super) fn may_write(&self, wire: &Arc<Wire>) -> Result<(), GitError> {
        match &self.source {
            Source::Remote { endpoint, .. } => push::greet(endpoint, wire),
            Source::Local(_) => Err(GitError::new(
                GitReason::UrlRefused,
                "a branch is written on a host: use an https or ssh URL",
            )),
        }
    }
}

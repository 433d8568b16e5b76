//! Branches of git repositories, as a channel needs them: this module knows no git, whoever starts it brings that along.

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{PublishError, SelectError};
use crate::secret::SecretString;

/// Opens branches.
pub trait Branches: Debug + Send + Sync {
    /// The branch of a repository; `secret` is the data of the Secret that the ChannelConfig names. Nothing is read yet.
    ///
    /// # Errors
    /// What of URL, branch or Secret cannot be used.
    fn open(
        &self,
        url: &str,
        branch: &str,
        secret: &BTreeMap<String, SecretString>,
    ) -> Result<Arc<dyn Branch>, SelectError>;
}

/// One branch of one repository.
#[async_trait]
pub trait Branch: Debug + Send + Sync {
    /// A file as the branch has it now, at most so many bytes; none where there certainly is none.
    ///
    /// # Errors
    /// The look failed: nothing was changed.
    async fn read(&self, path: &str, limit: usize) -> Result<Option<BranchFile>, PublishError>;

    /// Writes a file by one commit, where its condition holds and nobody else is quicker.
    ///
    /// # Errors
    /// `Unknown` where the commit may be there all the same.
    async fn write(&self, write: BranchWrite) -> Result<BranchWritten, PublishError>;

    /// Proves that the branch is there, and that we may write to its repository.
    ///
    /// # Errors
    /// The outcome says what stands in the way.
    async fn preflight(&self) -> Result<(), PublishError>;
}

/// A file of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchFile {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Names them: equal for equal bytes.
    pub version: String,
}

/// One file to write.
#[derive(Clone, Debug)]
pub struct BranchWrite {
    /// Where, from the root.
    pub path: String,
    /// What.
    pub bytes: Vec<u8>,
    /// The version that must stand there; none where nothing may.
    pub over: Option<String>,
    /// When the commit says it was made.
    pub at: Timestamp,
    /// Whom it says it is from: name and address.
    pub author: (String, String),
}

/// What became of a write that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BranchWritten {
    /// The branch has it.
    Stored,
    /// Something else stands there; nothing was written.
    ConditionFailed,
    /// Somebody else moved the branch meanwhile; nothing was written.
    Moved,
    /// The host has a rule against it, in its own words; nothing was written.
    Declined(String),
}

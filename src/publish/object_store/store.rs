//! The kinds of store behind one set of conditional operations.

use bytes::Bytes;
use jiff::Timestamp;

use super::{branch::BranchStore, folder::Folder, s3::S3};
use crate::publish::PublishError;

/// A store of objects by path.
#[derive(Debug)]
pub(super) enum Store {
    /// A bucket.
    S3(S3),
    /// A folder of this machine.
    Folder(Folder),
    /// A branch of a git repository.
    Branch(BranchStore),
}

/// An object as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) bytes: Bytes,
    pub(super) version: Version,
}

/// Names the bytes of an object at one time: an entity tag or a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version(pub(super) String);

/// When to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Only where nothing stands.
    Absent,
    /// Only over exactly this version.
    Unchanged(Version),
}

/// What became of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// It was written.
    Stored,
    /// The condition did not hold, says the store; nothing was written by this request.
    ConditionFailed,
    /// The store says that another write is under way; it may be an earlier one of ours.
    Contended,
}

/// What to write.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) content_type: &'static str,
    /// When it was meant to be written: the same for every attempt.
    pub(super) at: Timestamp,
}

impl Store {
    /// The object at a path; `None` where there certainly is none.
    ///
    /// # Errors
    /// `NotSent` where the look failed: reading changes nothing.
    pub(super) async fn read(&self, path: &str) -> Result<Option<Object>, PublishError> {
        match self {
            Self::S3(store) => store.read(path).await,
            Self::Folder(store) => store.read(path).await,
            Self::Branch(store) => store.read(path).await,
        }
    }

    /// Writes an object under a condition, in one step that other writers see whole or not at all.
    pub(super) async fn write(
        &self,
        path: &str,
        body: Body,
        condition: Condition,
    ) -> Result<Write, PublishError> {
        match self {
            Self::S3(store) => store.write(path, body, condition).await,
            Self::Folder(store) => store.write(path, body, condition).await,
            Self::Branch(store) => store.write(path, body, condition).await,
        }
    }
}

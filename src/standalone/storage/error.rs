use std::sync::Arc;

use super::Stored;

/// Why a list or a watch cannot begin where it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The history has been compacted past the revision.
    #[error("read at revision {requested}: the history begins at {oldest}; list again without a revision")]
    Compacted {
        /// The revision that was asked for.
        requested: u64,
        /// The oldest revision that can be asked for.
        oldest: u64,
    },
    /// The revision has not been written yet.
    #[error("read at revision {requested}: the store is at {current}")]
    Future {
        /// The revision that was asked for.
        requested: u64,
        /// The revision of the last write.
        current: u64,
    },
}

/// Why a watch ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WatchError {
    /// It read more slowly than objects change, and the history has moved on.
    #[error("watch from revision {reached}: the history now begins at {oldest}; list again")]
    Slow {
        /// The revision up to which every change was handed out.
        reached: u64,
        /// The oldest revision that can be watched from.
        oldest: u64,
    },
}

/// Why nothing was written, or why that is not known.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WriteError {
    /// The key is not as the operation expected; with what stands there.
    #[error("write: the object was changed by somebody else")]
    Conflict(Option<Arc<Stored>>),
    /// The store refused or could not write.
    #[error("write")]
    Storage(#[from] StorageError),
}

/// What a caller does about a failure of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageClass {
    /// A bound was reached and nothing was written: write less, or delete first.
    Refused,
}

/// A failure of the store itself.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// One value is over its bound.
    #[error("the object has {bytes} bytes, more than the {limit} that are stored of one; make it smaller")]
    ValueTooLarge {
        /// Bytes of the value.
        bytes: usize,
        /// [`super::Limits::value_bytes`].
        limit: usize,
    },
    /// All values together would be over their bound.
    #[error("the store holds {live} of at most {limit} bytes; delete objects first")]
    QuotaExceeded {
        /// Bytes that are live.
        live: usize,
        /// [`super::Limits::live_bytes`].
        limit: usize,
    },
}

impl StorageError {
    /// What a caller does about it.
    pub fn class(&self) -> StorageClass {
        match self {
            Self::ValueTooLarge { .. } | Self::QuotaExceeded { .. } => StorageClass::Refused,
        }
    }

    /// The failure as one word.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::ValueTooLarge { .. } => "ValueTooLarge",
            Self::QuotaExceeded { .. } => "QuotaExceeded",
        }
    }
}

use std::{error::Error as StdError, io, path::PathBuf, sync::Arc};

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
    /// Nothing was written, and nothing will be before the store is opened again.
    Unavailable,
    /// It may have been written: read after the store was opened again.
    Unknown,
}

/// A foreign error, shared because one failed commit answers many writes.
pub(super) type Fault = Arc<dyn StdError + Send + Sync>;

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
    /// The file could not be written, and the write is not in it.
    #[error("prepare the commit; nothing was written, and nothing will be until the store is opened again")]
    Failed(#[source] Fault),
    /// The commit failed: whether it is in the file shows when it is opened again.
    #[error("commit; the write may or may not stand once the store is opened again")]
    InDoubt(#[source] Fault),
    /// An earlier write failed, or the store was closed.
    #[error("the store takes no more writes until it is opened again; look at its disk first")]
    Closed(#[source] Option<Fault>),
}

impl StorageError {
    pub(super) fn writer_died() -> Self {
        let what: Box<dyn StdError + Send + Sync> = "the thread that writes ended in a panic".into();
        Self::InDoubt(what.into())
    }

    /// What a write is told that comes after this failure.
    pub(super) fn for_those_after(&self) -> Self {
        match self {
            Self::Failed(fault) | Self::InDoubt(fault) => Self::Closed(Some(Arc::clone(fault))),
            Self::ValueTooLarge { .. } | Self::QuotaExceeded { .. } | Self::Closed(_) => self.clone(),
        }
    }

    /// What a caller does about it.
    pub fn class(&self) -> StorageClass {
        match self {
            Self::ValueTooLarge { .. } | Self::QuotaExceeded { .. } => StorageClass::Refused,
            Self::Failed(_) | Self::Closed(_) => StorageClass::Unavailable,
            Self::InDoubt(_) => StorageClass::Unknown,
        }
    }

    /// The failure as one word.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::ValueTooLarge { .. } => "ValueTooLarge",
            Self::QuotaExceeded { .. } => "QuotaExceeded",
            Self::Failed(_) => "WriteFailed",
            Self::InDoubt(_) => "CommitInDoubt",
            Self::Closed(_) => "StoreClosed",
        }
    }
}

/// What to do about a file that cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenClass {
    /// Another process has it: end that one, or use another file.
    InUse,
    /// The disk or its permissions are in the way.
    Disk,
    /// It is no store, or not one of this version, or damaged: restore a copy.
    Unreadable,
}

/// A store could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("open the store {}", path.display())]
pub struct OpenError {
    /// The file of the store.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub fault: OpenFault,
}

impl OpenError {
    /// What to do about it.
    pub fn class(&self) -> OpenClass {
        self.fault.class()
    }

    /// The failure as one word.
    pub fn reason(&self) -> &'static str {
        self.fault.reason()
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// Another store has it open, in this process or another.
    #[error("{} has it open; end it first, or use another file", holder(*pid))]
    InUse {
        /// The process, where it could be read.
        pid: Option<u32>,
    },
    /// The file could not be made, locked or read.
    #[error("{0} the file")]
    File(&'static str, #[source] io::Error),
    /// The thread that writes could not be started.
    #[error("start the thread that writes")]
    Thread(#[source] io::Error),
    /// The content of the file is not what a store writes.
    #[error("the file is damaged or no store; restore a copy, or move it away to begin anew")]
    Damaged(#[source] redb::Error),
    /// Objects are newer than the revision that the file says is the last.
    #[error("the file has objects newer than its revision {revision}; restore a copy")]
    Contradiction {
        /// The revision that the file says is the last.
        revision: u64,
    },
    /// The file was written by another version.
    #[error("the file has format {found}, and this version reads {known}; use the version that wrote it")]
    Format {
        /// The format of the file.
        found: u64,
        /// The one that is read.
        known: u64,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

impl OpenFault {
    fn class(&self) -> OpenClass {
        match self {
            Self::InUse { .. } => OpenClass::InUse,
            Self::File(..) | Self::Thread(_) => OpenClass::Disk,
            Self::Damaged(_) | Self::Contradiction { .. } | Self::Format { .. } => OpenClass::Unreadable,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "StoreInUse",
            Self::File(..) => "StoreFileFailed",
            Self::Thread(_) => "ThreadNotStarted",
            Self::Damaged(_) | Self::Contradiction { .. } => "StoreDamaged",
            Self::Format { .. } => "StoreFormatUnknown",
        }
    }
}

impl<E: Into<redb::Error>> From<E> for OpenFault {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen => Self::InUse { pid: None },
            redb::Error::Io(source) if !content_is_wrong(&source) => Self::File("read", source),
            damaged => Self::Damaged(damaged),
        }
    }
}

/// Whether the file could be read, and what was read is wrong.
fn content_is_wrong(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}

//! Objects as bytes under keys, with one revision for every write, on one file: durable before it answers.
//!
//! Everything that is alive is held in memory, each value once; readers and watchers never touch the disk and see only
//! what is durable. A list walks the ordered rows of its scope and copies references for its page alone. A list at an old
//! revision is the rows of today with the changes since then undone. A watch is a place in the one history: it buffers
//! nothing, so a slow watcher costs no memory; it ends when the history has moved past it.
//!
//! On disk one thread writes. It takes whatever waits, commits it once, makes it visible, and only then answers: many
//! writers share one sync of the disk. A commit that fails closes the store for writes, because nobody can know any more
//! what the disk holds; reads go on, and opening the file again finds the last state that was durable. Every revision is
//! in the same commit as its objects, so it never goes back, also not where the last writes were deletions.
//!
//! Why redb: it is pure Rust and one file; a commit is all or nothing, with a checksum over every page and the last good
//! commit beside it, so that a kill or a loss of power in the middle costs nothing that was acknowledged; its file format
//! is stable, and its backend is a trait, below which the tests tear writes, fail syncs and fill the disk. Reads come from
//! memory, so that a log-structured store with its many files and background threads would buy us nothing, and a log of
//! our own would be one more recovery to get right. Commits are of one phase, one sync each: whoever could forge a commit
//! by choosing what the disk loses in a crash, which two phases would prevent, already owns the machine.
//!
//! In memory a write is done when the call returns, without a thread or a timer: a simulation of one thread stays
//! deterministic, and watchers are woken in the order in which they wait.

mod disk;
mod error;
mod file;
mod history;
mod key;
mod lock;
mod shared;
mod state;
mod watch;
mod writer;

use std::{future, path::Path, sync::Arc};

pub use error::{
    OpenClass, OpenError, OpenFault, ReadError, StorageClass, StorageError, WatchError, WriteError,
};
pub use key::{Key, Place, Scope};
pub use state::{ListAt, Operation, Page};
pub use watch::Watch;

use bytes::Bytes;
use disk::Disk;
use lock::Lock;
use shared::Shared;
use state::{State, Write};
use writer::Writer;

/// The bounds of a store.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of one value. 1.5 MiB as etcd.
    pub value_bytes: usize,
    /// Bytes of all live keys and values: they are held in memory.
    pub live_bytes: usize,
    /// Changes that the history holds for watches and old lists.
    pub history_changes: usize,
    /// Bytes of values that only the history still holds.
    pub history_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            value_bytes: 3 << 19,
            live_bytes: 1 << 30,
            history_changes: 16_384,
            history_bytes: 16 << 20,
        }
    }
}

/// One object at one revision. Its value is never printed: it may be a Secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where it is.
    pub key: Key,
    /// What was written: for the API server JSON without `metadata.resourceVersion`.
    pub value: Bytes,
    /// The revision of the write that made this value.
    pub revision: u64,
}

impl Stored {
    fn bytes(&self) -> usize {
        self.key.bytes() + self.value.len()
    }
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{} ({} bytes)", self.key, self.revision, self.value.len())
    }
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// The key was absent before.
    Added,
    /// The key had another value before.
    Modified,
    /// The key is absent now.
    Deleted,
}

/// One write, as watchers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What the write did.
    pub kind: ChangeKind,
    /// The value from this write on; of a deletion the last value, at the revision of the deletion.
    pub stored: Arc<Stored>,
    /// What the key held before: none for an addition.
    pub previous: Option<Arc<Stored>>,
}

impl Change {
    /// The revision of the write.
    pub fn revision(&self) -> u64 {
        self.stored.revision
    }
}

/// A store of objects. Cheap to clone: all clones are one store.
#[derive(Debug, Clone)]
pub struct Store {
    shared: Arc<Shared>,
    /// None in memory.
    writer: Option<Writer>,
}

impl Store {
    /// An empty store that lives as long as its last clone, at revision 1.
    pub fn in_memory(limits: Limits) -> Self {
        Self {
            shared: Arc::new(Shared::new(State::empty(limits))),
            writer: None,
        }
    }

    /// The store in a file, which is made where there is none, for its owner alone (mode 0600).
    ///
    /// Blocks while it reads: all of the file once, in time linear in what is live. The history begins at the revision
    /// that is found. Beside the file lies `<path>.lock` with the id of the process that has it open.
    ///
    /// # Errors
    /// [`OpenFault::InUse`] while another store has the file open, in this process or another.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, OpenError> {
        let opened = || Self::open_on(Lock::take(path)?, disk::file(path)?, limits);
        opened().map_err(|fault| OpenError {
            path: path.to_owned(),
            fault,
        })
    }

    fn open_on(lock: Lock, backend: impl redb::StorageBackend, limits: Limits) -> Result<Self, OpenFault> {
        let (disk, restored) = Disk::open(backend)?;
        let state = State::restored(restored.revision, restored.objects, limits);
        let shared = Arc::new(Shared::new(state));
        let writer = Writer::start(Arc::clone(&shared), disk, lock).map_err(OpenFault::Thread)?;
        Ok(Self {
            shared,
            writer: Some(writer),
        })
    }

    /// Returns, with why, when the store takes no more writes; reads go on. Never in memory.
    pub async fn ended(&self) -> StorageError {
        match &self.writer {
            Some(writer) => writer.ended().await,
            None => future::pending().await,
        }
    }

    /// Writes what waits, then takes no more writes and lets go of the file. Nothing in memory.
    pub async fn close(&self) {
        if let Some(writer) = &self.writer {
            writer.close().await;
        }
    }

    /// The revision of the last write, 1 where nothing was ever written.
    pub fn revision(&self) -> u64 {
        self.shared.read().revision()
    }

    /// The object under the key.
    pub fn get(&self, key: &Key) -> Option<Arc<Stored>> {
        self.shared.read().get(key).cloned()
    }

    /// One page of the objects in the scope, in the order of their keys, all as of one revision.
    ///
    /// Costs a reference for each object of the page, and a step for each object behind it, which is counted.
    ///
    /// # Errors
    /// [`ReadError::Compacted`] where the history does not reach back to the revision that was asked for,
    /// [`ReadError::Future`] where that revision has not been written yet.
    pub fn list(&self, scope: &Scope, at: &ListAt) -> Result<Page, ReadError> {
        self.shared.read().page(scope, at)
    }

    /// Writes one object if the key is as the operation expects; the answer is the revision of the write.
    ///
    /// When it returns, the write is durable and visible. A call that is dropped may still be written.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] with what stands, where the key is not as expected. [`WriteError::Storage`] where the
    /// store refuses or cannot write: [`StorageError::class`] says whether it may have been written all the same.
    pub async fn write(&self, key: Key, operation: Operation) -> Result<u64, WriteError> {
        let write = Write { key, operation };
        match &self.writer {
            Some(writer) => writer.write(write).await,
            None => self.shared.write_now(write),
        }
    }

    /// The changes in the scope after a revision: those of the past first, then each as it becomes visible.
    ///
    /// A revision that is not reached yet is no error: nothing up to it will be handed out.
    ///
    /// # Errors
    /// [`ReadError::Compacted`] where the history does not reach back to that revision.
    pub fn watch(&self, scope: &Scope, after_revision: u64) -> Result<Watch, ReadError> {
        Watch::begin(Arc::clone(&self.shared), scope.clone(), after_revision)
    }

    /// Returns when that revision is visible. Without a time-out of its own: the caller has one.
    pub async fn wait_for(&self, revision: u64) {
        self.shared.wait_for(revision).await;
    }
}

#[cfg(test)]
mod tests;

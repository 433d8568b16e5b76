//! What one poll of a mirror does, step by step, on a thread that may block.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use gix::ObjectId;
use tokio::sync::{Mutex, OnceCell, Semaphore};
use tokio::time::Instant;

use super::GitSettings;
use super::error::{GitError, GitReason};
use super::fetch::{Endpoint, FetchRequest, fetch};
use super::generation::{Generation, Incoming, adopt, verify};
use super::history::{self, Walk};
use super::snapshot::Snapshot;
use super::wire::Wire;

/// The first clone needs the newest files and nothing else.
const CLONE_DEPTH: NonZeroU32 = NonZeroU32::MIN;
/// An update asks for this many commits from the tip, which covers an ordinary push and its authors in one answer.
/// It is bounded, unlike "all since the known tip": after a rewritten history that would be everything.
const UPDATE_DEPTH: u32 = 8;
/// If the known tip is further back, these are tried in turn; further back still, authors are inconclusive.
const DEEPER: [u32; 3] = [32, 256, 1024];
/// How many commits one poll looks at to tell whether history was rewritten.
const POLL_HISTORY_LIMIT: usize = 4096;

/// The state of one mirror.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) source: Source,
    pub(crate) reference: String,
    pub(crate) settings: GitSettings,
    pub(crate) conversations: Arc<Semaphore>,
    pub(crate) state: Arc<Mutex<State>>,
    /// Set when the disk was looked at for what an earlier process left.
    pub(crate) looked_on_disk: OnceCell<()>,
    /// What is readable at any time, also while a conversation holds the state.
    pub(crate) readable: RwLock<Option<Snapshot>>,
}

/// Where the files come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A repository on this disk, read in place.
    Local(PathBuf),
    /// A host, mirrored into a folder.
    Remote { endpoint: Endpoint, folder: PathBuf },
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// To which depth the history of which tip was asked for.
    deepened: Option<(ObjectId, u32)>,
    pub(crate) last: Option<(Instant, Result<PollOutcome, GitError>)>,
}

/// What a poll found.
#[derive(Debug, Clone)]
pub struct PollOutcome {
    /// The branch as it is now. A mirror is shared: compare the revision with the one that you applied last.
    pub snapshot: Snapshot,
    /// What this poll changed in the mirror.
    pub change: Change,
}

/// How the branch moved since the mirror last looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There was nothing to compare with.
    First,
    /// The branch points where it pointed.
    Unchanged,
    /// The branch points somewhere else.
    Moved {
        /// The revision before.
        from: String,
        /// The revision now.
        to: String,
        /// Whether history goes on or was rewritten.
        lineage: Lineage,
    },
}

/// How a new revision relates to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lineage {
    /// The new one came after the old one.
    Descends,
    /// The old one is not among the last 1,024 commits of the branch: somebody forced the push.
    Rewritten,
    /// The older commits could not be had now. The files of the new revision are here all the same.
    Unknown,
}

impl PollOutcome {
    pub(crate) fn seen_again(self) -> Self {
        Self {
            change: Change::Unchanged,
            ..self
        }
    }
}

/// Between which revisions history is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) old: Option<ObjectId>,
    pub(crate) new: ObjectId,
    pub(crate) limit: usize,
}

pub(crate) fn nothing_read() -> GitError {
    GitError::new(
        GitReason::HostUnreachable,
        "nothing of the repository has been read yet",
    )
}

impl Inner {
    pub(crate) fn current(&self) -> Option<Snapshot> {
        self.readable
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set_current(&self, snapshot: Snapshot) {
        *self.readable.write().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }

    pub(crate) fn generation(&self) -> Result<Arc<Generation>, GitError> {
        Ok(Arc::clone(self.current().ok_or_else(nothing_read)?.generation()))
    }

    /// Asks where the branch points, receives what is new, and says what changed.
    pub(crate) fn poll(&self, state: &mut State, wire: &Arc<Wire>) -> Result<PollOutcome, GitError> {
        let before = self.current();
        let snapshot = match &self.source {
            Source::Local(path) => self.open_local(path)?,
            Source::Remote { endpoint, folder } => match before.as_ref().map(Snapshot::generation) {
                Some(generation) if !generation.needs_replacement() => {
                    let known = before.as_ref().map(Snapshot::commit);
                    let tip = self.receive(generation, endpoint, (known, UPDATE_DEPTH), wire)?;
                    Snapshot::new(Arc::clone(generation), tip)
                }
                standing => self.remake(standing, endpoint, folder, wire)?,
            },
        };
        self.set_current(snapshot.clone());
        let change = self.compare(state, before.as_ref(), &snapshot, wire);
        Ok(PollOutcome { snapshot, change })
    }

    /// Once after a start: takes over what an earlier process left.
    pub(crate) fn look_on_disk(&self) -> Result<(), GitError> {
        if let Source::Remote { folder, .. } = &self.source
            && let Some((generation, tip)) = adopt(folder, &self.reference, self.settings.max_object_bytes)?
        {
            self.set_current(Snapshot::new(Arc::new(generation), tip));
        }
        Ok(())
    }

    fn open_local(&self, path: &Path) -> Result<Snapshot, GitError> {
        let generation = Generation::open_foreign(path)?;
        let tip = generation.tip(&self.reference)?.ok_or_else(|| {
            GitError::new(
                GitReason::BranchNotFound,
                format!("the local repository has no {}", self.reference),
            )
        })?;
        Ok(Snapshot::new(Arc::new(generation), tip))
    }

    /// Receives the branch into a generation. If that goes wrong and the wire is not to blame, the disk is.
    fn receive(
        &self,
        generation: &Generation,
        endpoint: &Endpoint,
        (unless, depth): (Option<ObjectId>, u32),
        wire: &Arc<Wire>,
    ) -> Result<ObjectId, GitError> {
        let depth = NonZeroU32::new(depth).unwrap_or(CLONE_DEPTH);
        let request = FetchRequest {
            reference: &self.reference,
            unless,
            depth,
        };
        let received = fetch(&generation.repository(), endpoint, request, wire).and_then(|tip| {
            verify(&generation.repository(), tip)?;
            Ok(tip)
        });
        if let Err(error) = &received
            && wire.fault().is_none()
            && matches!(
                error.git_reason(),
                GitReason::CorruptPack | GitReason::StorageFailed
            )
        {
            generation.mark_damaged();
        }
        received
    }

    /// Makes a new generation from zero beside the one that stands, which goes only when the new one is whole.
    fn remake(
        &self,
        standing: Option<&Arc<Generation>>,
        endpoint: &Endpoint,
        folder: &Path,
        wire: &Arc<Wire>,
    ) -> Result<Snapshot, GitError> {
        let number = standing.map_or(0, |generation| generation.number()) + 1;
        let incoming = Incoming::create(folder, number, self.settings.max_object_bytes)?;
        let request = FetchRequest {
            reference: &self.reference,
            unless: None,
            depth: CLONE_DEPTH,
        };
        let tip = fetch(&incoming.repository(), endpoint, request, wire)?;
        verify(&incoming.repository(), tip)?;
        let generation = Arc::new(incoming.finish()?);
        if let Some(standing) = standing {
            standing.retire();
        }
        Ok(Snapshot::new(generation, tip))
    }

    fn compare(
        &self,
        state: &mut State,
        before: Option<&Snapshot>,
        now: &Snapshot,
        wire: &Arc<Wire>,
    ) -> Change {
        let Some(before) = before else {
            return Change::First;
        };
        if before.commit() == now.commit() {
            return Change::Unchanged;
        }
        let span = Span {
            old: Some(before.commit()),
            new: now.commit(),
            limit: POLL_HISTORY_LIMIT,
        };
        let lineage = match self.walk(state, &span, wire) {
            Ok(walk) if walk.descends => Lineage::Descends,
            Ok(_) => Lineage::Rewritten,
            Err(_) => Lineage::Unknown,
        };
        Change::Moved {
            from: before.revision(),
            to: now.revision(),
            lineage,
        }
    }

    /// Walks the history, asking the host for older commits until it is complete.
    pub(crate) fn walk(&self, state: &mut State, span: &Span, wire: &Arc<Wire>) -> Result<Walk, GitError> {
        let generation = self.generation()?;
        let mut found = history::walk(&generation.repository(), span.old, span.new, span.limit)?;
        let Source::Remote { endpoint, .. } = &self.source else {
            return Ok(found);
        };
        for depth in DEEPER {
            let asked = state
                .deepened
                .is_some_and(|(tip, reached)| tip == span.new && reached >= depth);
            if found.complete || found.ids.len() >= span.limit || span.old.is_none() || asked {
                continue;
            }
            let tip = self.receive(&generation, endpoint, (None, depth), wire)?;
            self.set_current(Snapshot::new(Arc::clone(&generation), tip));
            state.deepened = Some((span.new, depth));
            found = history::walk(&generation.repository(), span.old, span.new, span.limit)?;
        }
        Ok(found)
    }
}

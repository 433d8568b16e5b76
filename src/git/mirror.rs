//! One branch of one repository: polled, kept, and remade when it is damaged.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gix::ObjectId;
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use tokio::task::JoinError;
use tokio::time::Instant;

use super::GitSettings;
use super::error::{GitError, GitReason};
use super::fetch::{Endpoint, FetchRequest, fetch};
use super::generation::{Generation, Incoming, adopt, verify};
use super::history::{History, Walk, describe, walk};
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

/// The files of one branch of one repository, shared by everybody who names the same URL, branch and credentials.
#[derive(Debug, Clone)]
pub struct Mirror {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) source: Source,
    pub(crate) reference: String,
    pub(crate) settings: GitSettings,
    pub(crate) conversations: Arc<Semaphore>,
    pub(crate) state: Arc<Mutex<State>>,
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
    looked_on_disk: bool,
    /// To which depth the history of which tip was asked for.
    deepened: Option<(ObjectId, u32)>,
    last: Option<(Instant, Result<PollOutcome, GitError>)>,
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
        /// Whether history was rewritten: the revision now does not descend from the one before, or so far back
        /// that it cannot be told.
        forced: bool,
    },
}

impl Mirror {
    pub(crate) fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn downgrade(&self) -> std::sync::Weak<Inner> {
        Arc::downgrade(&self.inner)
    }

    pub(crate) fn upgrade(weak: &std::sync::Weak<Inner>) -> Option<Self> {
        weak.upgrade().map(|inner| Self { inner })
    }

    /// Asks the host where the branch points now, and receives what is new.
    ///
    /// A poll that began at most `max_age` before this call answers it too, failed or not, so that everybody who
    /// shares the mirror costs one conversation; with zero only one that is still running does.
    ///
    /// # Errors
    /// See [`GitError::class`]. What was read before stays readable: [`Mirror::current`].
    pub async fn poll(&self, max_age: Duration) -> Result<PollOutcome, GitError> {
        let asked = Instant::now();
        let mut state = Arc::clone(&self.inner.state).lock_owned().await;
        if let Some((began, outcome)) = &state.last
            && *began + max_age >= asked
        {
            return outcome.clone().map(PollOutcome::seen_again);
        }
        let began = Instant::now();
        state.last = None;
        let (mut state, outcome) = self.converse(state, Inner::poll_blocking).await?;
        state.last = Some((began, outcome.clone()));
        outcome
    }

    /// The newest revision that was read, also while the host is down or slow. After a start this reads the disk.
    pub async fn current(&self) -> Result<Option<Snapshot>, GitError> {
        if let Some(snapshot) = self.inner.current() {
            return Ok(Some(snapshot));
        }
        let state = Arc::clone(&self.inner.state).lock_owned().await;
        self.converse(state, |mirror, state, _| mirror.look_on_disk(state))
            .await?
            .1?;
        Ok(self.inner.current())
    }

    /// The commits that `new` has and `old` has not, each after its parents, at most `limit`.
    ///
    /// Asks the host for older commits where they are needed, down to 1,024 from the tip. Without `old` it gives
    /// what is here.
    ///
    /// # Errors
    /// As for [`Mirror::poll`]; a `new` that is not here makes the history incomplete and empty.
    pub async fn history(&self, old: Option<&str>, new: &str, limit: usize) -> Result<History, GitError> {
        let span = Span {
            old: old.map(object_id).transpose()?,
            new: object_id(new)?,
            limit,
        };
        let generation = Arc::clone(self.standing().await?.generation());
        let here = blocking(move || {
            let repository = generation.repository();
            let walk = walk(&repository, span.old, span.new, span.limit)?;
            describe(&repository, &walk)
        })
        .await?;
        if here.complete || span.old.is_none() {
            return Ok(here);
        }
        let state = Arc::clone(&self.inner.state).lock_owned().await;
        let work = move |mirror: &Inner, state: &mut State, wire: &Arc<Wire>| {
            let walk = mirror.walk_deepening(state, &span, wire)?;
            describe(&mirror.generation()?.repository(), &walk)
        };
        self.converse(state, work).await?.1
    }

    /// The files as they were at a revision that the mirror has: the tip, or a commit from [`Mirror::history`].
    ///
    /// # Errors
    /// `CorruptPack` if the mirror has no such commit.
    pub async fn snapshot_at(&self, revision: &str) -> Result<Snapshot, GitError> {
        let id = object_id(revision)?;
        let generation = Arc::clone(self.standing().await?.generation());
        blocking(move || {
            verify(&generation.repository(), id)?;
            Ok(Snapshot::new(generation, id))
        })
        .await
    }

    async fn standing(&self) -> Result<Snapshot, GitError> {
        self.current().await?.ok_or_else(nothing_read)
    }

    /// Runs blocking work with the state held, within the time-outs. If the caller goes away the work is called off,
    /// and the state stays held until it has ended.
    async fn converse<T: Send + 'static>(
        &self,
        mut state: OwnedMutexGuard<State>,
        work: impl FnOnce(&Inner, &mut State, &Arc<Wire>) -> Result<T, GitError> + Send + 'static,
    ) -> Result<(OwnedMutexGuard<State>, Result<T, GitError>), GitError> {
        let inner = Arc::clone(&self.inner);
        let _permit = inner.conversations.acquire().await;
        let settings = &inner.settings;
        let wire = Arc::new(Wire::new(
            settings.total_timeout,
            settings.idle_timeout,
            settings.max_pack_bytes,
        ));
        let _interrupt = InterruptOnDrop(Arc::clone(&wire));
        let task = {
            let (inner, wire) = (Arc::clone(&inner), Arc::clone(&wire));
            tokio::task::spawn_blocking(move || {
                let outcome = work(&inner, &mut state, &wire);
                (state, outcome)
            })
        };
        let watched = async {
            tokio::time::sleep_until(wire.deadline()).await;
            wire.interrupt();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            joined = task => joined.map_err(|ended| {
                if let Some(snapshot) = self.inner.current() {
                    snapshot.generation().mark_damaged();
                }
                stopped(ended)
            }),
            () = watched => Err(GitError::new(GitReason::TimedOut, "reading from the git host took too long")),
        }
    }
}

impl PollOutcome {
    fn seen_again(self) -> Self {
        Self {
            change: Change::Unchanged,
            ..self
        }
    }
}

/// Ends the blocking work when the future that waits for it is dropped. After the work it does nothing.
struct InterruptOnDrop(Arc<Wire>);

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        self.0.interrupt();
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GitError> + Send + 'static,
) -> Result<T, GitError> {
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}

fn stopped(error: JoinError) -> GitError {
    GitError::new(
        GitReason::CorruptPack,
        "reading the repository stopped unexpectedly",
    )
    .caused_by(error)
}

fn nothing_read() -> GitError {
    GitError::new(
        GitReason::CorruptPack,
        "nothing of the repository has been read yet",
    )
}

#[derive(Clone, Copy)]
struct Span {
    old: Option<ObjectId>,
    new: ObjectId,
    limit: usize,
}

fn object_id(revision: &str) -> Result<ObjectId, GitError> {
    ObjectId::from_hex(revision.as_bytes()).map_err(|_| {
        let shown: String = revision.chars().take(64).collect();
        GitError::new(GitReason::CorruptPack, format!("{shown:?} is no revision"))
    })
}

impl Inner {
    fn current(&self) -> Option<Snapshot> {
        self.readable
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set_current(&self, snapshot: Snapshot) {
        *self.readable.write().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }

    fn generation(&self) -> Result<Arc<Generation>, GitError> {
        Ok(Arc::clone(self.current().ok_or_else(nothing_read)?.generation()))
    }

    fn poll_blocking(&self, state: &mut State, wire: &Arc<Wire>) -> Result<PollOutcome, GitError> {
        self.look_on_disk(state)?;
        let before = self.current();
        let snapshot = match &self.source {
            Source::Local(path) => self.open_local(path)?,
            Source::Remote { endpoint, folder } => match before.as_ref().map(Snapshot::generation) {
                Some(generation) if !generation.needs_replacement() => {
                    self.update(generation, endpoint, before.as_ref().map(Snapshot::commit), wire)?
                }
                standing => self.remake(standing, endpoint, folder, wire)?,
            },
        };
        self.set_current(snapshot.clone());
        let change = self.compare(state, before.as_ref(), &snapshot, wire);
        Ok(PollOutcome { snapshot, change })
    }

    /// Once after a start: takes over what an earlier process left.
    fn look_on_disk(&self, state: &mut State) -> Result<(), GitError> {
        if let Source::Remote { folder, .. } = &self.source
            && !state.looked_on_disk
        {
            if let Some((generation, tip)) = adopt(folder, &self.reference)? {
                self.set_current(Snapshot::new(Arc::new(generation), tip));
            }
            state.looked_on_disk = true;
        }
        Ok(())
    }

    fn open_local(&self, path: &std::path::Path) -> Result<Snapshot, GitError> {
        let generation = Generation::open_foreign(path)?;
        let tip = generation.tip(&self.reference)?.ok_or_else(|| {
            GitError::new(
                GitReason::BranchNotFound,
                format!("the local repository has no {}", self.reference),
            )
        })?;
        Ok(Snapshot::new(Arc::new(generation), tip))
    }

    fn update(
        &self,
        generation: &Arc<Generation>,
        endpoint: &Endpoint,
        known: Option<ObjectId>,
        wire: &Arc<Wire>,
    ) -> Result<Snapshot, GitError> {
        let depth = NonZeroU32::new(UPDATE_DEPTH).unwrap_or(CLONE_DEPTH);
        let repository = generation.repository();
        let request = FetchRequest {
            reference: &self.reference,
            unless: known,
            depth,
        };
        let fetched = fetch(&repository, endpoint, request, wire).and_then(|tip| {
            verify(&generation.repository(), tip)?;
            Ok(tip)
        });
        match fetched {
            Ok(tip) => Ok(Snapshot::new(Arc::clone(generation), tip)),
            Err(error) => {
                if wire.fault().is_none()
                    && matches!(
                        error.git_reason(),
                        GitReason::CorruptPack | GitReason::StorageFailed
                    )
                {
                    generation.mark_damaged();
                }
                Err(error)
            }
        }
    }

    /// Makes a new generation from zero beside the one that stands, which goes only when the new one is whole.
    fn remake(
        &self,
        standing: Option<&Arc<Generation>>,
        endpoint: &Endpoint,
        folder: &std::path::Path,
        wire: &Arc<Wire>,
    ) -> Result<Snapshot, GitError> {
        let number = standing.map_or(0, |generation| generation.number()) + 1;
        let incoming = Incoming::create(folder, number)?;
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
        // The new files are here and usable; if older commits cannot be had now, only the question whether history
        // was rewritten stays open.
        let forced = self
            .walk_deepening(state, &span, wire)
            .map_or(true, |walk| !walk.descends);
        Change::Moved {
            from: before.revision(),
            to: now.revision(),
            forced,
        }
    }

    /// Walks the history, asking the host for older commits until it is complete.
    fn walk_deepening(&self, state: &mut State, span: &Span, wire: &Arc<Wire>) -> Result<Walk, GitError> {
        self.look_on_disk(state)?;
        let generation = self.generation()?;
        let mut found = walk(&generation.repository(), span.old, span.new, span.limit)?;
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
            let request = FetchRequest {
                reference: &self.reference,
                unless: None,
                depth: NonZeroU32::new(depth).unwrap_or(CLONE_DEPTH),
            };
            let tip = fetch(&generation.repository(), endpoint, request, wire)?;
            self.set_current(Snapshot::new(Arc::clone(&generation), tip));
            state.deepened = Some((span.new, depth));
            found = walk(&generation.repository(), span.old, span.new, span.limit)?;
        }
        Ok(found)
    }
}

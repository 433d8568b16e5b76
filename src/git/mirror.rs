//! One branch of one repository: polled, kept, and remade when it is damaged.

use std::sync::{Arc, Weak};
use std::time::Duration;

use gix::ObjectId;
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinError;
use tokio::time::Instant;

use super::error::{GitError, GitReason};
use super::generation::verify;
use super::history::{self, History};
use super::poll::{Inner, PollOutcome, Span, State, nothing_read};
use super::snapshot::Snapshot;
use super::wire::Wire;
use super::write::{FileWrite, FileWritten, WriteFailure};

/// The files of one branch of one repository, shared by everybody who names the same URL, branch and credentials.
#[derive(Debug, Clone)]
pub struct Mirror {
    inner: Arc<Inner>,
}

impl Mirror {
    pub(crate) fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn downgrade(&self) -> Weak<Inner> {
        Arc::downgrade(&self.inner)
    }

    pub(crate) fn upgrade(weak: &Weak<Inner>) -> Option<Self> {
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
        self.look_on_disk().await?;
        let mut state = Arc::clone(&self.inner.state).lock_owned().await;
        if let Some((began, outcome)) = &state.last
            && *began + max_age >= asked
        {
            return outcome.clone().map(PollOutcome::seen_again);
        }
        let began = Instant::now();
        state.last = None;
        let (mut state, outcome) = self.converse(state, Inner::poll).await?;
        state.last = Some((began, outcome.clone()));
        outcome
    }

    /// Writes one file over the branch as it is now, where its condition holds and nobody else is quicker.
    ///
    /// # Errors
    /// The failure says whether the other side may have acted all the same.
    pub async fn write(&self, write: FileWrite) -> Result<FileWritten, WriteFailure> {
        self.look_on_disk().await.map_err(WriteFailure::before)?;
        let mut state = Arc::clone(&self.inner.state).lock_owned().await;
        // Whoever asks next is told what the branch says after this.
        state.last = None;
        let work =
            move |inner: &Inner, state: &mut State, wire: &Arc<Wire>| Ok(inner.write(state, &write, wire));
        let (_, outcome) = self.converse(state, work).await.map_err(WriteFailure::after)?;
        outcome.unwrap_or_else(|error| Err(WriteFailure::after(error)))
    }

    /// Asks whether these credentials may write at all.
    ///
    /// # Errors
    /// As for [`Mirror::poll`].
    pub async fn may_write(&self) -> Result<(), GitError> {
        let state = Arc::clone(&self.inner.state).lock_owned().await;
        self.converse(state, |inner, _, wire| inner.may_write(wire))
            .await?
            .1
    }

    /// The newest revision that was read, also while the host is down or slow. After a start this reads the disk.
    pub async fn current(&self) -> Result<Option<Snapshot>, GitError> {
        self.look_on_disk().await?;
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
            let walk = history::walk(&repository, span.old, span.new, span.limit)?;
            history::describe(&repository, &walk)
        })
        .await?;
        if here.complete || span.old.is_none() {
            return Ok(here);
        }
        let state = Arc::clone(&self.inner.state).lock_owned().await;
        let work = move |mirror: &Inner, state: &mut State, wire: &Arc<Wire>| {
            let walk = mirror.walk(state, &span, wire)?;
            history::describe(&mirror.generation()?.repository(), &walk)
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

    async fn look_on_disk(&self) -> Result<(), GitError> {
        let inner = Arc::clone(&self.inner);
        let looked = self
            .inner
            .looked_on_disk
            .get_or_try_init(|| blocking(move || inner.look_on_disk()));
        looked.await.copied()
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

fn object_id(revision: &str) -> Result<ObjectId, GitError> {
    ObjectId::from_hex(revision.as_bytes()).map_err(|_| {
        let shown: String = revision.chars().take(64).collect();
        GitError::new(GitReason::CorruptPack, format!("{shown:?} is no revision"))
    })
}

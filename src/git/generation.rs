//! One bare repository on disk. A mirror that is damaged or crowded gets a new one, made from zero beside it; the
//! old one goes when its last reader has gone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gix::odb::store::init::Slots;
use gix::{ObjectId, ThreadSafeRepository};

use super::error::{GitError, GitReason};
use super::fetch::failure;

/// Every fetch adds a pack. With this many the next poll makes a new generation, which has one.
const CROWDED_PACKS: usize = 128;
/// More packs than this cannot be read at once; it leaves room above `CROWDED_PACKS`.
const PACK_SLOTS: u16 = 512;
const GENERATION_PREFIX: &str = "generation-";
const INCOMING_PREFIX: &str = "incoming-";

/// A repository on disk and what is known about its health.
#[derive(Debug)]
pub(crate) struct Generation {
    path: PathBuf,
    number: u64,
    repository: ThreadSafeRepository,
    damaged: AtomicBool,
    retired: AtomicBool,
}

impl Generation {
    /// Opens a repository that belongs to somebody else; it is only read.
    pub(crate) fn open_foreign(path: &Path) -> Result<Self, GitError> {
        let repository = gix::open::Options::isolated().open(path).map_err(|error| {
            GitError::new(
                GitReason::RepositoryNotFound,
                "failed to open the local repository",
            )
            .caused_by(error)
        })?;
        Ok(Self::of(path.to_owned(), 0, repository))
    }

    fn open(path: PathBuf, number: u64, max_object_bytes: u64) -> Result<Self, GitError> {
        let repository = options(max_object_bytes)
            .open_path_as_is(true)
            .open(&path)
            .map_err(|error| failure("failed to open the mirror", error))?;
        Ok(Self::of(path, number, repository))
    }

    fn of(path: PathBuf, number: u64, repository: ThreadSafeRepository) -> Self {
        Self {
            path,
            number,
            repository,
            damaged: AtomicBool::new(false),
            retired: AtomicBool::new(false),
        }
    }

    pub(crate) fn repository(&self) -> gix::Repository {
        self.repository.to_thread_local()
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Says that an object could not be read, so that the next poll makes a new generation.
    pub(crate) fn mark_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Says that a newer generation stands: this one is removed when nobody reads it any more.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    pub(crate) fn needs_replacement(&self) -> bool {
        self.damaged.load(Ordering::Relaxed) || self.count_packs() >= CROWDED_PACKS
    }

    fn count_packs(&self) -> usize {
        let Ok(entries) = fs::read_dir(self.path.join("objects/pack")) else {
            return 0;
        };
        entries
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "pack"))
            .count()
    }

    /// What a reference points to, after making sure that the commit and its root folder can be read.
    pub(crate) fn tip(&self, reference: &str) -> Result<Option<ObjectId>, GitError> {
        let repository = self.repository();
        let unreadable = |error| failure("failed to read the branch from the repository", error);
        let Some(mut found) = repository.try_find_reference(reference).map_err(unreadable)? else {
            return Ok(None);
        };
        let id = found.peel_to_id().map_err(unreadable)?.detach();
        verify(&repository, id)?;
        Ok(Some(id))
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        if self.retired.load(Ordering::Relaxed) {
            // What stays behind is removed when the mirror is next opened.
            drop(fs::remove_dir_all(&self.path));
        }
    }
}

/// Makes sure that a commit and its root folder are here.
pub(crate) fn verify(repository: &gix::Repository, id: ObjectId) -> Result<(), GitError> {
    let incomplete = |error| failure("failed to read the newest commit", error);
    repository
        .find_commit(id)
        .map_err(incomplete)?
        .tree()
        .map_err(incomplete)?;
    Ok(())
}

fn options(max_object_bytes: u64) -> gix::open::Options {
    gix::open::Options::isolated()
        .config_overrides([format!("gitoxide.objects.allocLimit={max_object_bytes}")])
        .object_store_slots(Slots::Given(PACK_SLOTS))
}

/// A repository that is being filled. It becomes a generation when it is whole; dropped before, it is removed.
pub(crate) struct Incoming {
    path: PathBuf,
    target: PathBuf,
    number: u64,
    max_object_bytes: u64,
    repository: ThreadSafeRepository,
}

impl Incoming {
    pub(crate) fn create(folder: &Path, number: u64, max_object_bytes: u64) -> Result<Self, GitError> {
        let path = folder.join(format!("{INCOMING_PREFIX}{number}"));
        let target = folder.join(format!("{GENERATION_PREFIX}{number}"));
        let prepare = || -> io::Result<()> {
            remove_if_there(&path)?;
            remove_if_there(&target)?;
            fs::create_dir_all(&path)
        };
        prepare().map_err(|error| storage("failed to create the mirror", error))?;
        let repository = ThreadSafeRepository::init_opts(
            &path,
            gix::create::Kind::Bare,
            gix::create::Options::default(),
            options(max_object_bytes),
        )
        .map_err(|error| {
            GitError::new(GitReason::StorageFailed, "failed to create the mirror").caused_by(error)
        })?;
        Ok(Self {
            path,
            target,
            number,
            max_object_bytes,
            repository,
        })
    }

    pub(crate) fn repository(&self) -> gix::Repository {
        self.repository.to_thread_local()
    }

    /// Puts it in place under its final name: only a whole repository ever has one.
    pub(crate) fn finish(self) -> Result<Generation, GitError> {
        fs::rename(&self.path, &self.target)
            .map_err(|error| storage("failed to put the mirror in place", error))?;
        Generation::open(self.target.clone(), self.number, self.max_object_bytes)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // After `finish` nothing is there; what cannot be removed now is removed before the next attempt.
        drop(fs::remove_dir_all(&self.path));
    }
}

/// Finds the newest generation that can be read, and removes everything else in the folder of a mirror.
pub(crate) fn adopt(
    folder: &Path,
    reference: &str,
    max_object_bytes: u64,
) -> Result<Option<(Generation, ObjectId)>, GitError> {
    let unusable = |error| storage("failed to open the folder of the mirror", error);
    fs::create_dir_all(folder).map_err(unusable)?;
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(unusable)?.flatten() {
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(GENERATION_PREFIX))
            .and_then(|rest| rest.parse().ok());
        match number {
            Some(number) => numbers.push(number),
            None => remove_if_there(&entry.path()).map_err(unusable)?,
        }
    }
    numbers.sort_unstable_by(|left: &u64, right: &u64| right.cmp(left));
    let mut adopted = None;
    for number in numbers {
        let path = folder.join(format!("{GENERATION_PREFIX}{number}"));
        if adopted.is_none() {
            adopted = readable(&path, number, reference, max_object_bytes);
            if adopted.is_some() {
                continue;
            }
        }
        remove_if_there(&path).map_err(unusable)?;
    }
    Ok(adopted)
}

fn readable(
    path: &Path,
    number: u64,
    reference: &str,
    max_object_bytes: u64,
) -> Option<(Generation, ObjectId)> {
    // A process that was killed in the middle of a fetch leaves its locks behind, and nobody else has this folder.
    for lock in [
        "shallow.lock",
        "packed-refs.lock",
        "HEAD.lock",
        &format!("{reference}.lock"),
    ] {
        drop(fs::remove_file(path.join(lock)));
    }
    let generation = Generation::open(path.to_owned(), number, max_object_bytes).ok()?;
    let tip = generation.tip(reference).ok()??;
    Some((generation, tip))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

pub(crate) fn storage(doing: &str, error: io::Error) -> GitError {
    GitError::new(GitReason::StorageFailed, doing).caused_by(error)
}

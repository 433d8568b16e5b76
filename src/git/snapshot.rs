//! The files of one revision, read within bounds and without leaving the tree.

use std::{cell::RefCell, path::Path, sync::Arc};

use gix::ObjectId;

use super::error::{GitError, GitReason, SharedError};
use super::generation::Generation;
use super::tree::TreeReader;
use crate::domain::content::{FileProblem, Files};

/// What a caller should pass where it has no tighter bound: the largest sheet that is read.
pub const DEFAULT_BLOB_LIMIT: u64 = 32 * 1024 * 1024;

/// Why a file of a revision was not read. The reason of each is its name.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The path or pattern leaves the tree or cannot be one.
    #[error("the path {path:?} is refused: {why}")]
    PathRefused {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Nothing of that name is there.
    #[error("the file {path:?} is not in the branch")]
    FileMissing {
        /// The path as it was given.
        path: String,
    },
    /// A part of the path is a symbolic link, which is not followed.
    #[error("{path:?} is a symbolic link, and links are not followed")]
    SymlinkRefused {
        /// The path up to the link.
        path: String,
    },
    /// A part of the path is another repository, which is not read.
    #[error("{path:?} is a submodule, and submodules are not read")]
    SubmoduleRefused {
        /// The path up to the submodule.
        path: String,
    },
    /// The path names a folder where a file was wanted.
    #[error("{path:?} is a folder and not a file")]
    NotAFile {
        /// The path as it was given.
        path: String,
    },
    /// The file is larger than the caller wants to read.
    #[error("the file {path:?} has {size} bytes, more than the limit of {limit}")]
    FileTooLarge {
        /// The path as it was given.
        path: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The glob matches more, or looks at more, than the limit.
    #[error("the pattern {pattern:?} {what} more than {limit}")]
    TooManyFiles {
        /// The pattern as it was given.
        pattern: String,
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The stored objects are damaged; the mirror remakes itself at the next poll.
    #[error("failed to read {path:?} from the mirror")]
    Damaged {
        /// The path as it was given.
        path: String,
        /// What was found.
        #[source]
        source: SharedError,
    },
}

impl ReadError {
    /// The reason for a condition, as `CamelCase` text.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::PathRefused { .. } => "PathRefused",
            Self::FileMissing { .. } => "FileMissing",
            Self::SymlinkRefused { .. } => "SymlinkRefused",
            Self::SubmoduleRefused { .. } => "SubmoduleRefused",
            Self::NotAFile { .. } => "NotAFile",
            Self::FileTooLarge { .. } => "FileTooLarge",
            Self::TooManyFiles { .. } => "TooManyFiles",
            Self::Damaged { .. } => "CorruptPack",
        }
    }
}

/// A file of a revision.
#[derive(Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its path from the root of the tree, with single slashes.
    pub path: String,
    /// The git id of its content, 40 hexadecimal digits: equal ids are equal bytes.
    pub id: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Blob {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Blob")
            .field("path", &self.path)
            .field("id", &self.id)
            .field("size", &self.bytes.len())
            .finish()
    }
}

/// One revision of a repository. It stays readable while it is held, even if its mirror is remade meanwhile.
#[derive(Debug, Clone)]
pub struct Snapshot {
    generation: Arc<Generation>,
    commit: ObjectId,
}

impl Snapshot {
    pub(crate) fn new(generation: Arc<Generation>, commit: ObjectId) -> Self {
        Self { generation, commit }
    }

    /// A revision of a repository on this machine, whether a branch still has it or not; it is only read.
    ///
    /// # Errors
    /// `RepositoryNotFound` where there is no repository, `BranchNotFound` where it has no such commit.
    pub fn local(repository: &Path, revision: &str) -> Result<Self, GitError> {
        let generation = Generation::open_foreign(repository)?;
        let missing = || {
            let message = "the repository has no such commit: git fetch may get it";
            GitError::new(GitReason::BranchNotFound, message)
        };
        let commit = ObjectId::from_hex(revision.as_bytes()).map_err(|_| missing())?;
        generation
            .repository()
            .find_commit(commit)
            .map_err(|error| missing().caused_by(error))?;
        Ok(Self::new(Arc::new(generation), commit))
    }

    /// The revision before this one: the first parent of its commit; none where that is not there.
    pub fn parent(&self) -> Option<Self> {
        let repository = self.generation.repository();
        let commit = repository.find_commit(self.commit).ok()?;
        let parent = commit.parent_ids().next()?.detach();
        repository.find_commit(parent).ok()?;
        Some(Self::new(Arc::clone(&self.generation), parent))
    }

    /// The revision: 40 hexadecimal digits.
    pub fn revision(&self) -> String {
        self.commit.to_string()
    }

    pub(crate) fn commit(&self) -> ObjectId {
        self.commit
    }

    pub(crate) fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    /// Reads a file of at most `limit` bytes.
    pub async fn read(&self, path: &str, limit: u64) -> Result<Blob, ReadError> {
        let path = path.to_owned();
        self.blocking(path.clone(), move |tree| tree.read(&path, limit))
            .await
    }

    /// Lists the files that a glob matches, at most `limit`, sorted. `*` and `?` stay within a folder, `**` does
    /// not. A pattern without such characters is a path. Links and submodules are no files.
    pub async fn glob(&self, pattern: &str, limit: usize) -> Result<Vec<String>, ReadError> {
        let pattern = pattern.to_owned();
        self.blocking(pattern.clone(), move |tree| tree.glob(&pattern, limit))
            .await
    }

    /// Runs blocking work on the files of this revision, off the runtime's own threads.
    ///
    /// # Errors
    /// `CorruptPack` where the mirror turned out to be damaged: the work's answer is not to be trusted.
    pub async fn with_files<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Files) -> T + Send + 'static,
    ) -> Result<T, GitError> {
        let task = move |tree: &TreeReader| {
            let files = FilesOfTree {
                tree,
                damage: RefCell::new(None),
            };
            let answer = work(&files);
            files.damage.into_inner().map_or(Ok(answer), Err)
        };
        self.blocking(String::new(), task).await.map_err(|error| {
            GitError::new(GitReason::CorruptPack, "the mirror of the branch is damaged").caused_by(error)
        })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        path: String,
        work: impl FnOnce(&TreeReader) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let (generation, commit) = (Arc::clone(&self.generation), self.commit);
        let task = tokio::task::spawn_blocking(move || {
            let reader = TreeReader {
                repository: generation.repository(),
                commit,
            };
            let outcome = work(&reader);
            if matches!(outcome, Err(ReadError::Damaged { .. })) {
                generation.mark_damaged();
            }
            outcome
        });
        match task.await {
            Ok(outcome) => outcome,
            Err(stopped) => {
                self.generation.mark_damaged();
                Err(ReadError::Damaged {
                    path,
                    source: Arc::new(stopped),
                })
            }
        }
    }
}

/// The files of a revision, for code that knows no git; damage is kept for the caller.
struct FilesOfTree<'a> {
    tree: &'a TreeReader,
    damage: RefCell<Option<ReadError>>,
}

impl FilesOfTree<'_> {
    fn problem(&self, error: ReadError) -> FileProblem {
        match error {
            ReadError::FileMissing { .. } => FileProblem::Missing,
            ReadError::FileTooLarge { size, limit, .. } => FileProblem::TooLarge { size, limit },
            ReadError::Damaged { .. } => {
                let text = error.to_string();
                *self.damage.borrow_mut() = Some(error);
                FileProblem::Refused(text)
            }
            other => FileProblem::Refused(other.to_string()),
        }
    }
}

impl Files for FilesOfTree<'_> {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, FileProblem> {
        self.tree
            .read(path, limit)
            .map(|blob| blob.bytes)
            .map_err(|error| self.problem(error))
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        self.tree
            .glob(pattern, 1000)
            .map_err(|error| drop(self.problem(error)))
            .unwrap_or_default()
    }
}

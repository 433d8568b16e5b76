//! The files of one revision, read within bounds and without leaving the tree.

use std::sync::Arc;

use gix::ObjectId;
use gix::objs::tree::EntryKind;
use globset::{GlobBuilder, GlobMatcher};

use super::error::{GitError, SharedError};
use super::generation::Generation;

/// What a caller should pass where it has no tighter bound: the largest sheet that is read.
pub const DEFAULT_BLOB_LIMIT: u64 = 32 * 1024 * 1024;
/// How many entries of trees one glob looks at.
pub const MAX_WALKED_ENTRIES: usize = 100_000;
/// How many folders deep a glob looks, and a path may name.
pub const MAX_DEPTH: usize = 64;
const MAX_PATH_BYTES: usize = 4096;

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

struct TreeReader {
    repository: gix::Repository,
    commit: ObjectId,
}

struct Found {
    id: ObjectId,
    kind: EntryKind,
}

struct Listed {
    name: String,
    found: Found,
}

impl TreeReader {
    fn read(&self, path: &str, limit: u64) -> Result<Blob, ReadError> {
        let segments = confined(path)?;
        let found = self.find(path, &segments)?;
        if found.kind == EntryKind::Tree {
            return Err(ReadError::NotAFile {
                path: path.to_owned(),
            });
        }
        let header = self
            .repository
            .find_header(found.id)
            .map_err(|error| damaged(path, error))?;
        if header.size() > limit {
            return Err(ReadError::FileTooLarge {
                path: path.to_owned(),
                size: header.size(),
                limit,
            });
        }
        let mut object = self
            .repository
            .find_object(found.id)
            .map_err(|error| damaged(path, error))?;
        Ok(Blob {
            path: segments.join("/"),
            id: found.id.to_string(),
            bytes: std::mem::take(&mut object.data),
        })
    }

    /// Follows a path from the root; links and submodules on the way are errors.
    fn find(&self, path: &str, segments: &[&str]) -> Result<Found, ReadError> {
        let mut found = Found {
            id: self.root(path)?,
            kind: EntryKind::Tree,
        };
        for (depth, segment) in segments.iter().enumerate() {
            let missing = || ReadError::FileMissing {
                path: path.to_owned(),
            };
            if found.kind != EntryKind::Tree {
                return Err(missing());
            }
            let entries = self.entries(path, found.id)?;
            found = entries
                .into_iter()
                .find(|entry| entry.name == **segment)
                .ok_or_else(missing)?
                .found;
            let so_far = || segments.get(..=depth).unwrap_or_default().join("/");
            match found.kind {
                EntryKind::Link => return Err(ReadError::SymlinkRefused { path: so_far() }),
                EntryKind::Commit => return Err(ReadError::SubmoduleRefused { path: so_far() }),
                EntryKind::Tree | EntryKind::Blob | EntryKind::BlobExecutable => {}
            }
        }
        Ok(found)
    }

    fn glob(&self, pattern: &str, limit: usize) -> Result<Vec<String>, ReadError> {
        let segments = confined(pattern)?;
        let fixed = segments
            .iter()
            .take_while(|segment| !has_wildcard(segment))
            .count();
        let (prefix, rest) = segments.split_at(fixed);
        if rest.is_empty() {
            return match self.find(pattern, &segments) {
                Ok(found) if found.kind != EntryKind::Tree => Ok(vec![segments.join("/")]),
                Ok(_) | Err(ReadError::FileMissing { .. }) => Ok(Vec::new()),
                Err(error) => Err(error),
            };
        }
        let start = match self.find(pattern, prefix) {
            Ok(found) if found.kind == EntryKind::Tree => found.id,
            Ok(_) | Err(ReadError::FileMissing { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let matcher = compile(pattern, &segments.join("/"))?;
        self.walk(
            &GlobWalk {
                pattern,
                matcher,
                limit,
            },
            &prefix.join("/"),
            start,
        )
    }

    fn walk(&self, glob: &GlobWalk<'_>, prefix: &str, start: ObjectId) -> Result<Vec<String>, ReadError> {
        let mut matches = Vec::new();
        let mut walked = 0_usize;
        let mut folders = vec![(prefix.to_owned(), start, 0_usize)];
        while let Some((folder, id, depth)) = folders.pop() {
            for entry in self.entries(glob.pattern, id)? {
                walked += 1;
                if walked > MAX_WALKED_ENTRIES {
                    return Err(glob.too_many("looks at", MAX_WALKED_ENTRIES));
                }
                let path = if folder.is_empty() {
                    entry.name
                } else {
                    format!("{folder}/{}", entry.name)
                };
                match entry.found.kind {
                    EntryKind::Tree if depth + 1 >= MAX_DEPTH => {
                        return Err(glob.too_many("goes deeper than", MAX_DEPTH));
                    }
                    EntryKind::Tree => folders.push((path, entry.found.id, depth + 1)),
                    EntryKind::Blob | EntryKind::BlobExecutable if glob.matcher.is_match(&path) => {
                        matches.push(path);
                    }
                    _ => {}
                }
                if matches.len() > glob.limit {
                    return Err(glob.too_many("matches", glob.limit));
                }
            }
        }
        matches.sort_unstable();
        Ok(matches)
    }

    fn root(&self, path: &str) -> Result<ObjectId, ReadError> {
        let commit = self
            .repository
            .find_commit(self.commit)
            .map_err(|error| damaged(path, error))?;
        Ok(commit.tree_id().map_err(|error| damaged(path, error))?.detach())
    }

    /// The entries of one tree. Names that are not UTF-8 cannot be named in a Campaign and are left out.
    fn entries(&self, path: &str, id: ObjectId) -> Result<Vec<Listed>, ReadError> {
        let tree = self
            .repository
            .find_tree(id)
            .map_err(|error| damaged(path, error))?;
        let mut entries = Vec::new();
        for entry in tree.iter() {
            let entry = entry.map_err(|error| damaged(path, error))?;
            if let Ok(name) = std::str::from_utf8(entry.filename()) {
                let found = Found {
                    id: entry.object_id(),
                    kind: entry.mode().kind(),
                };
                entries.push(Listed {
                    name: name.to_owned(),
                    found,
                });
            }
        }
        Ok(entries)
    }
}

struct GlobWalk<'a> {
    pattern: &'a str,
    matcher: GlobMatcher,
    limit: usize,
}

impl GlobWalk<'_> {
    fn too_many(&self, what: &'static str, limit: usize) -> ReadError {
        ReadError::TooManyFiles {
            pattern: self.pattern.to_owned(),
            what,
            limit,
        }
    }
}

fn damaged(path: &str, error: gix::Error) -> ReadError {
    ReadError::Damaged {
        path: path.to_owned(),
        source: Arc::new(error),
    }
}

fn has_wildcard(segment: &str) -> bool {
    segment.contains(['*', '?', '[', '{', '\\'])
}

fn compile(given: &str, pattern: &str) -> Result<GlobMatcher, ReadError> {
    let refused = |_| ReadError::PathRefused {
        path: given.to_owned(),
        why: "the pattern cannot be read",
    };
    Ok(GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map_err(refused)?
        .compile_matcher())
}

/// Splits a path and refuses what would leave the tree.
fn confined(path: &str) -> Result<Vec<&str>, ReadError> {
    let refused = |why| {
        Err(ReadError::PathRefused {
            path: path.chars().take(200).collect(),
            why,
        })
    };
    if path.is_empty() {
        return refused("it is empty");
    }
    if path.len() > MAX_PATH_BYTES {
        return refused("it is too long");
    }
    if path.starts_with('/') {
        return refused("it is absolute; paths start at the root of the repository");
    }
    if path.chars().any(char::is_control) {
        return refused("it contains control characters");
    }
    let path = path.strip_prefix("./").unwrap_or(path);
    let segments: Vec<&str> = path.split('/').collect();
    if segments.len() > MAX_DEPTH {
        return refused("it is too deep");
    }
    for segment in &segments {
        match *segment {
            "" => return refused("it has an empty part"),
            "." | ".." => return refused("it has a part `.` or `..`"),
            _ => {}
        }
    }
    Ok(segments)
}

impl From<ReadError> for GitError {
    fn from(error: ReadError) -> Self {
        GitError::new(super::error::GitReason::CorruptPack, "failed to read the branch").caused_by(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_tree_are_refused() {
        for path in [
            "",
            "/etc/passwd",
            "../secret",
            "a/../../b",
            "a//b",
            "a/",
            "./",
            "a/./b",
            "a\0b",
            "a\nb",
        ] {
            assert_eq!(confined(path).unwrap_err().reason(), "PathRefused", "{path:?}");
        }
        assert_eq!(confined("./docs/gtm/a.csv").unwrap(), ["docs", "gtm", "a.csv"]);
        assert!(confined(&vec!["a"; MAX_DEPTH + 1].join("/")).is_err());
    }

    #[test]
    fn a_star_stays_within_its_folder() {
        let matcher = compile("", "docs/*.csv").unwrap();
        assert!(matcher.is_match("docs/a.csv") && !matcher.is_match("docs/deep/a.csv"));
        assert!(compile("", "docs/**/a.csv").unwrap().is_match("docs/x/y/a.csv"));
        assert!(compile("", "docs/[a").is_err());
    }
}

//! Finding files in a tree: confined, bounded, and following nothing.

use std::sync::Arc;

use gix::ObjectId;
use gix::objs::tree::EntryKind;
use globset::{GlobBuilder, GlobMatcher};

use super::snapshot::{Blob, ReadError};

/// How many entries of trees one glob looks at.
pub const MAX_WALKED_ENTRIES: usize = 100_000;
/// How many folders deep a glob looks, and a path may name.
pub const MAX_DEPTH: usize = 64;
const MAX_PATH_BYTES: usize = 4096;

/// Reads the tree of one commit.
pub(crate) struct TreeReader {
    pub(crate) repository: gix::Repository,
    pub(crate) commit: ObjectId,
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
    pub(crate) fn read(&self, path: &str, limit: u64) -> Result<Blob, ReadError> {
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

    pub(crate) fn glob(&self, pattern: &str, limit: usize) -> Result<Vec<String>, ReadError> {
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
pub(super) fn confined(path: &str) -> Result<Vec<&str>, ReadError> {
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

    proptest::proptest! {
        #[test]
        fn what_is_confined_has_only_plain_parts(path in "[a./\\\\\u{0}-\u{2f}é]{0,30}") {
            if let Ok(segments) = confined(&path) {
                for segment in segments {
                    proptest::prop_assert!(!matches!(segment, "" | "." | "..") && !segment.contains('/'));
                }
            }
        }
    }
}

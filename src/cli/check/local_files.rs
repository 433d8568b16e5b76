//! The files of a folder, read within bounds and without leaving it.

use std::{
    collections::BTreeMap,
    io::Read as _,
    path::{Component, Path, PathBuf},
};

use globset::GlobBuilder;

use super::{CheckError, unreadable};
use crate::domain::content::{FileProblem, Files};

/// As many files as a folder may hold to be looked at.
const MAX_FILES: usize = 50_000;
/// As many matches as a glob yields.
const MAX_MATCHES: usize = 1000;
/// Folders in which no team keeps its plans.
const LEFT_OUT: [&str; 3] = [".git", "node_modules", "target"];

/// A folder, and the files in it that are meant.
#[derive(Debug)]
pub(in super::super) struct LocalFiles {
    root: PathBuf,
    /// The files that are meant, sorted.
    pub(in super::super) names: Vec<String>,
    /// Every regular file in the folder, sorted; what globs are matched against.
    all: Vec<String>,
    /// True where the files were named one by one: then each of them must be something that we read.
    pub(in super::super) named: bool,
}

/// One for each folder that was given, and one for the files that were.
pub(in super::super) fn workspaces(paths: &[PathBuf]) -> Result<Vec<LocalFiles>, CheckError> {
    let mut workspaces = Vec::new();
    let mut named: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(|source| unreadable(path, source))?;
        if metadata.is_dir() {
            let all = walk(path)?;
            workspaces.push(LocalFiles {
                root: path.clone(),
                names: all.clone(),
                all,
                named: false,
            });
        } else {
            let (root, name) = within(path);
            named.entry(root).or_default().push(name);
        }
    }
    for (root, names) in named {
        let all = walk(&root)?;
        workspaces.push(LocalFiles {
            root,
            names,
            all,
            named: true,
        });
    }
    Ok(workspaces)
}

/// The folder that a file is read from, and its name in it: the working folder where the file is inside it.
fn within(path: &Path) -> (PathBuf, String) {
    let plain: Option<Vec<&str>> = path
        .components()
        .filter(|component| !matches!(component, Component::CurDir))
        .map(|component| match component {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    match plain {
        Some(names) => (PathBuf::from("."), names.join("/")),
        None => (
            path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned),
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        ),
    }
}

/// Every regular file under a folder, by its path in it; links are not followed.
fn walk(root: &Path) -> Result<Vec<String>, CheckError> {
    let mut names = Vec::new();
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|source| unreadable(&folder, source))?;
        for entry in entries {
            let entry = entry.map_err(|source| unreadable(&folder, source))?;
            let kind = entry.file_type().map_err(|source| unreadable(&folder, source))?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                continue;
            };
            let path = format!("{prefix}{name}");
            if kind.is_dir() && !LEFT_OUT.contains(&name.as_str()) {
                folders.push((entry.path(), format!("{path}/")));
            } else if kind.is_file() {
                names.push(path);
            }
            if names.len() > MAX_FILES {
                return Err(CheckError::TooManyFiles {
                    path: root.to_owned(),
                    limit: MAX_FILES,
                });
            }
        }
    }
    names.sort();
    Ok(names)
}

impl LocalFiles {
    /// A path as a person at the command line would write it.
    pub(in super::super) fn shown(&self, path: &str) -> String {
        let is_file = self.all.binary_search_by(|name| name.as_str().cmp(path)).is_ok();
        if self.root == Path::new(".") || !is_file {
            return path.to_owned();
        }
        self.root.join(path).to_string_lossy().into_owned()
    }

    /// The first bytes of a file, for telling what it is.
    pub(in super::super) fn start(&self, path: &str, limit: u64) -> Vec<u8> {
        let mut start = Vec::new();
        if let Ok(file) = std::fs::File::open(self.root.join(path)) {
            // What cannot be read is found out when it is read whole.
            file.take(limit).read_to_end(&mut start).ok();
        }
        start
    }

    /// A file inside the root that no link leads to.
    fn confined(&self, path: &str) -> Result<PathBuf, FileProblem> {
        let mut whole = self.root.clone();
        for component in Path::new(path).components() {
            let Component::Normal(name) = component else {
                return Err(FileProblem::Refused("its path leaves the folder".to_owned()));
            };
            whole.push(name);
            let metadata = std::fs::symlink_metadata(&whole).map_err(|_| FileProblem::Missing)?;
            if metadata.is_symlink() {
                return Err(FileProblem::Refused("it is a symbolic link".to_owned()));
            }
        }
        Ok(whole)
    }
}

impl Files for LocalFiles {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, FileProblem> {
        let whole = self.confined(path)?;
        let refused = |error: std::io::Error| FileProblem::Refused(error.to_string());
        let metadata = std::fs::metadata(&whole).map_err(refused)?;
        if !metadata.is_file() {
            return Err(FileProblem::Refused("it is no regular file".to_owned()));
        }
        let size = metadata.len();
        if size > limit {
            return Err(FileProblem::TooLarge { size, limit });
        }
        let file = std::fs::File::open(&whole).map_err(refused)?;
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes).map_err(refused)?;
        Ok(bytes)
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() else {
            return Vec::new();
        };
        let matcher = glob.compile_matcher();
        let found = self.all.iter().filter(|path| matcher.is_match(path));
        found.take(MAX_MATCHES).cloned().collect()
    }
}

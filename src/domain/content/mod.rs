//! Reading what a team writes: sheets, e-mail files, task queues and pages, with every problem at its place.

pub mod announcement;
pub mod diagnostic;
pub mod email;
pub mod html;
pub mod intent;
pub mod json;
pub mod newsletter;
pub mod page;
pub mod post;
pub mod queue;
pub mod rendering;
pub mod sheet;
pub mod target;
pub mod text;
pub mod thread;

/// Why a file of the branch could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileProblem {
    /// There is no such file.
    Missing,
    /// It is larger than the bound that the reader was given.
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The bound in bytes.
        limit: u64,
    },
    /// It is a symbolic link, a submodule or a folder, or its path leaves the tree; the text says which.
    Refused(String),
}

/// The files of one revision of a branch, or of a folder: a fixed view that never changes under the reader.
pub trait Files {
    /// The bytes of a file, at most `limit` of them.
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, FileProblem>;

    /// Paths of the regular files that match a glob, sorted, at most 1,000.
    fn matching(&self, pattern: &str) -> Vec<String>;
}

impl Files for std::collections::BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, FileProblem> {
        let bytes = self.get(path).ok_or(FileProblem::Missing)?;
        let size = bytes.len() as u64;
        if size > limit {
            Err(FileProblem::TooLarge { size, limit })
        } else {
            Ok(bytes.clone())
        }
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        let Ok(glob) = globset::GlobBuilder::new(pattern).literal_separator(true).build() else {
            return Vec::new();
        };
        let matcher = glob.compile_matcher();
        self.keys()
            .filter(|path| matcher.is_match(path))
            .take(1000)
            .cloned()
            .collect()
    }
}

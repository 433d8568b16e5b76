//! The data folder of `campanile up`.

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use super::UpError;

/// A data folder that stands. Whose process it is, the store's lock says.
#[derive(Debug)]
pub(super) struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder of this path, made for its owner alone where there is none.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub(super) fn at(path: &Path) -> Result<Self, UpError> {
        let failed = |source| UpError::File {
            doing: "make the data folder",
            path: path.to_owned(),
            source,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(failed)?;
        path.canonicalize().map(Self).map_err(failed)
    }

    /// A place in the folder.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The folder itself, absolute.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

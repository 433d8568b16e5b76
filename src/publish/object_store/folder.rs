//! A folder of this machine as a store, with the same conditions: `object_store`'s own has no conditional replace.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{
    s3::MAX_OBJECT,
    store::{Body, Condition, Object, Version, Write},
};
use crate::{domain::digest, publish::PublishError};

/// Where the lock and half-written files are.
const OWN: &str = ".campanile";

/// A folder that exists, by its absolute path.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn new(root: &str) -> Self {
        Self { root: root.into() }
    }

    pub(super) async fn read(&self, path: &str) -> Result<Option<Object>, PublishError> {
        let (folder, path) = (self.clone(), path.to_owned());
        blocking(move || folder.read_now(&path)).await
    }

    pub(super) async fn write(
        &self,
        path: &str,
        body: Body,
        condition: Condition,
    ) -> Result<Write, PublishError> {
        let (folder, path) = (self.clone(), path.to_owned());
        blocking(move || folder.write_now(&path, &body.bytes, &condition)).await
    }

    fn read_now(&self, path: &str) -> io::Result<Option<Object>> {
        self.exists()?;
        let target = self.root.join(path);
        match target.parent().map(|parent| self.confined(parent)) {
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Some(result) => result?,
            None => {}
        }
        current(&target)
    }

    /// Under the folder's lock, so that nobody writes between the look and the rename: a lock of the operating
    /// system, which a crash releases. A create needs no lock: the name itself decides.
    fn write_now(&self, path: &str, bytes: &[u8], condition: &Condition) -> io::Result<Write> {
        self.exists()?;
        let target = self.root.join(path);
        let parent = target.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent)?;
        self.confined(parent)?;
        let own = self.root.join(OWN);
        fs::create_dir_all(&own)?;
        let mut file = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o644))
            .tempfile_in(&own)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        let written = match condition {
            Condition::Absent => match file.persist_noclobber(&target) {
                Ok(_) => Write::Stored,
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Write::ConditionFailed,
                Err(error) => return Err(error.error),
            },
            Condition::Unchanged(version) => {
                let lock = OpenOptions::new()
                    .create(true)
                    .truncate(false)
                    .write(true)
                    .open(own.join("lock"))?;
                lock.lock()?;
                if current(&target)?.is_none_or(|object| object.version != *version) {
                    return Ok(Write::ConditionFailed);
                }
                file.persist(&target).map_err(|error| error.error)?;
                Write::Stored
            }
        };
        File::open(parent)?.sync_all()?;
        Ok(written)
    }

    fn exists(&self) -> io::Result<()> {
        if self.root.is_dir() {
            Ok(())
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    /// Links inside the folder must not lead out of it.
    fn confined(&self, parent: &Path) -> io::Result<()> {
        if parent.canonicalize()?.starts_with(self.root.canonicalize()?) {
            Ok(())
        } else {
            Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "a link leads out of the folder",
            ))
        }
    }
}

fn current(path: &Path) -> io::Result<Option<Object>> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "something that is no file stands in the way",
        ));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_OBJECT as u64 + 1)
        .read_to_end(&mut bytes)?;
    let version = Version(digest::of_bytes(&bytes));
    Ok(Some(Object {
        bytes: Bytes::from(bytes),
        version,
    }))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, PublishError> {
    let result = tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)
        .flatten();
    result.map_err(|error| match error.kind() {
        io::ErrorKind::NotADirectory => PublishError::refused(
            "FolderMissing",
            "the folder of spec.objectStore.url does not exist",
        )
        .because(error),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            PublishError::refused("AccessRefused", format!("the folder cannot be written: {error}"))
                .because(error)
        }
        // A rename that fails did not happen; nothing else here is seen by a reader.
        _ => PublishError::not_sent("StoreFailed", format!("the folder cannot be used: {error}"))
            .because(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "en/a.html";

    fn folder() -> (tempfile::TempDir, Folder) {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().to_str().unwrap());
        (root, folder)
    }

    fn version(folder: &Folder) -> Version {
        folder.read_now(PATH).unwrap().unwrap().version
    }

    #[test]
    fn a_file_is_created_once_and_replaced_only_unchanged() {
        let (_root, folder) = folder();
        assert_eq!(folder.read_now(PATH).unwrap(), None);
        assert_eq!(
            folder.write_now(PATH, b"one", &Condition::Absent).unwrap(),
            Write::Stored
        );
        assert_eq!(
            folder.write_now(PATH, b"two", &Condition::Absent).unwrap(),
            Write::ConditionFailed
        );
        let seen = version(&folder);
        assert_eq!(
            folder
                .write_now(PATH, b"three", &Condition::Unchanged(seen.clone()))
                .unwrap(),
            Write::Stored
        );
        assert_eq!(
            folder
                .write_now(PATH, b"four", &Condition::Unchanged(seen))
                .unwrap(),
            Write::ConditionFailed
        );
        assert_eq!(folder.read_now(PATH).unwrap().unwrap().bytes, "three");
    }

    #[test]
    fn of_many_that_replace_one_version_one_wins() {
        let (_root, folder) = folder();
        folder.write_now(PATH, b"first", &Condition::Absent).unwrap();
        let seen = version(&folder);
        let wins = std::thread::scope(|scope| {
            let write = |index: u8| {
                folder
                    .write_now(PATH, &[index], &Condition::Unchanged(seen.clone()))
                    .unwrap()
            };
            let threads: Vec<_> = (0..8).map(|index| scope.spawn(move || write(index))).collect();
            threads
                .into_iter()
                .filter(|_| true)
                .map(|thread| thread.join().unwrap())
                .filter(|won| *won == Write::Stored)
                .count()
        });
        assert_eq!(wins, 1);
    }

    #[test]
    fn no_link_leads_out_of_the_folder() {
        let (root, folder) = folder();
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("en")).unwrap();
        assert!(folder.write_now(PATH, b"one", &Condition::Absent).is_err());
        assert!(folder.read_now(PATH).is_err());
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_link_in_the_place_of_a_file_is_neither_read_nor_replaced() {
        let (root, folder) = folder();
        fs::create_dir(root.path().join("en")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", root.path().join(PATH)).unwrap();
        assert!(folder.read_now(PATH).is_err());
        assert_eq!(
            folder.write_now(PATH, b"one", &Condition::Absent).unwrap(),
            Write::ConditionFailed
        );
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_blocks_the_channel() {
        let (root, folder) = folder();
        drop(root);
        let body = Body {
            bytes: Bytes::from_static(b"one"),
            content_type: "text/plain",
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        let error = folder.write(PATH, body, Condition::Absent).await.unwrap_err();
        assert_eq!(
            (error.outcome, error.reason),
            (crate::publish::Outcome::Refused, "FolderMissing")
        );
    }

    #[test]
    fn what_is_stored_can_be_read_by_a_web_server() {
        let (root, folder) = folder();
        folder.write_now(PATH, b"one", &Condition::Absent).unwrap();
        let mode = fs::metadata(root.path().join(PATH)).unwrap().permissions().mode();
        assert_eq!(mode & 0o444, 0o444, "{mode:o}");
    }
}

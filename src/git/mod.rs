//! A branch of a git repository: polled cheaply, kept on disk, read within bounds; and written, one file at a time.
//!
//! [`Mirrors`] hands out one [`Mirror`] for each URL, branch and credentials. A mirror is polled and gives a
//! [`Snapshot`], from which files are read, and the [`History`] between two revisions. Nothing of the git library
//! shows in the signatures.

mod credentials;
mod error;
mod exchange;
mod fetch;
mod generation;
mod history;
mod http;
mod mirror;
mod poll;
mod snapshot;
mod ssh;
mod tree;
mod url;
mod wire;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock, Weak};
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore};

pub use self::credentials::Credentials;
pub use self::error::{GitError, GitErrorClass, GitReason, SharedError};
use self::fetch::Endpoint;
use self::generation::storage;
pub use self::history::{CommitInfo, History};
use self::http::{HttpContext, egress_failure};
pub use self::mirror::Mirror;
pub use self::poll::{Change, Lineage, PollOutcome};
use self::poll::{Inner, Source, State};
pub use self::snapshot::{Blob, DEFAULT_BLOB_LIMIT, ReadError, Snapshot};
use self::ssh::SshContext;
pub use self::tree::{MAX_DEPTH, MAX_WALKED_ENTRIES};
pub use self::url::GitUrl;
use self::url::Location;
pub use self::write::{CommitAuthor, FileCondition, FileWrite, FileWritten, WriteFailure};
use crate::egress::{EgressPolicy, HttpClientOptions, http_client};

/// More conversations than this do not run at once: each may hold a pack and its index in memory.
const MAX_CONVERSATIONS: usize = 16;
const SCRATCH_FOLDER: &str = "scratch";

/// What holds for every repository of this process.
#[derive(Debug, Clone)]
pub struct GitSettings {
    /// The folder of the mirrors. It belongs to one process.
    pub cache_folder: PathBuf,
    /// Where conversations may go.
    pub egress: EgressPolicy,
    /// Limit for resolving, connecting and the TLS handshake.
    pub connect_timeout: Duration,
    /// Limit for each wait for more bytes.
    pub idle_timeout: Duration,
    /// Limit for a poll with everything that it receives.
    pub total_timeout: Duration,
    /// Limit for what one poll may receive, in bytes.
    pub max_pack_bytes: u64,
    /// Limit for the memory that one object of a repository may need while it is received, in bytes.
    pub max_object_bytes: u64,
}

impl GitSettings {
    /// The defaults: 10 seconds to connect, 30 without a byte, 5 minutes in all, 512 MiB for a pack
    /// and for each object in it.
    pub fn new(cache_folder: impl Into<PathBuf>, egress: EgressPolicy) -> Self {
        Self {
            cache_folder: cache_folder.into(),
            egress,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_mins(5),
            max_pack_bytes: 512 * 1024 * 1024,
            max_object_bytes: 512 * 1024 * 1024,
        }
    }
}

/// The mirrors of this process: one for each URL, branch and credentials, however many campaigns name them.
#[derive(Debug)]
pub struct Mirrors {
    settings: GitSettings,
    conversations: Arc<Semaphore>,
    open: Mutex<BTreeMap<String, Weak<Inner>>>,
}

impl Mirrors {
    /// Prepares the folder of the mirrors.
    ///
    /// # Errors
    /// `StorageFailed` if the folder cannot be created.
    pub fn new(settings: GitSettings) -> Result<Self, GitError> {
        let scratch = settings.cache_folder.join(SCRATCH_FOLDER);
        // Keys of a process that was killed.
        drop(std::fs::remove_dir_all(&scratch));
        std::fs::create_dir_all(&scratch)
            .map_err(|error| storage("failed to create the cache folder", error))?;
        Ok(Self {
            settings,
            conversations: Arc::new(Semaphore::new(MAX_CONVERSATIONS)),
            open: Mutex::default(),
        })
    }

    /// The mirror of a branch. Nothing is read yet.
    ///
    /// # Errors
    /// `CredentialsIncomplete` where the credentials do not fit the URL, `BranchNotFound` for a name that no branch
    /// can have.
    pub fn open(&self, url: &GitUrl, branch: &str, credentials: &Credentials) -> Result<Mirror, GitError> {
        credentials.check_for(url)?;
        let reference = branch_reference(branch)?;
        let key = mirror_key(url, branch, credentials);
        let mut open = self
            .open
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(mirror) = open.get(&key).and_then(Mirror::upgrade) {
            return Ok(mirror);
        }
        let mirror = Mirror::new(Inner {
            source: self.source(url, &key, credentials)?,
            reference,
            settings: self.settings.clone(),
            conversations: Arc::clone(&self.conversations),
            state: Arc::new(tokio::sync::Mutex::new(State::default())),
            readable: RwLock::new(None),
            looked_on_disk: OnceCell::new(),
        });
        open.retain(|_, weak| weak.strong_count() > 0);
        open.insert(key, mirror.downgrade());
        Ok(mirror)
    }

    /// Removes from disk the mirrors that nobody has open, for instance those of deleted campaigns. Gives how many.
    ///
    /// # Errors
    /// `StorageFailed` if the folder cannot be read.
    pub fn remove_unused(&self) -> Result<usize, GitError> {
        let open = self
            .open
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let entries = std::fs::read_dir(&self.settings.cache_folder)
            .map_err(|error| storage("failed to read the cache folder", error))?;
        let mut removed = 0;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let used = open.get(&name).is_some_and(|weak| weak.strong_count() > 0);
            if is_mirror_key(&name) && !used && std::fs::remove_dir_all(entry.path()).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn source(&self, url: &GitUrl, key: &str, credentials: &Credentials) -> Result<Source, GitError> {
        let settings = &self.settings;
        let endpoint = match url.location() {
            Location::Local(path) => return Ok(Source::Local(path.clone())),
            Location::Http(address) => {
                let options = HttpClientOptions {
                    connect_timeout: settings.connect_timeout,
                    // The conversation bounds each wait and the whole by itself.
                    timeout: None,
                    extra_root_ca_pem: credentials.certificate_authority.clone(),
                };
                let client = http_client(&settings.egress, &options).map_err(egress_failure)?;
                let context = HttpContext::new(client, settings.egress.clone(), credentials)?;
                Endpoint::Http {
                    url: address.to_string(),
                    context,
                }
            }
            Location::Ssh(location) => {
                let context = SshContext::new(location.clone(), credentials, settings)?;
                Endpoint::Ssh {
                    url: url.to_string(),
                    context,
                }
            }
        };
        Ok(Source::Remote {
            endpoint,
            folder: settings.cache_folder.join(key),
        })
    }
}

pub(crate) fn scratch_folder(cache_folder: &Path) -> PathBuf {
    cache_folder.join(SCRATCH_FOLDER)
}

/// The full name of a branch, if it can be one. A name with a wildcard would name many.
fn branch_reference(branch: &str) -> Result<String, GitError> {
    let reference = format!("refs/heads/{branch}");
    let valid = !branch.starts_with('-')
        && branch.len() <= 255
        && !branch.contains(['*', ':', '^', '~', '?', '[', '\\'])
        && gix::refs::FullName::try_from(reference.as_str()).is_ok();
    if valid {
        return Ok(reference);
    }
    let shown: String = branch.chars().take(255).collect();
    Err(GitError::new(
        GitReason::BranchNotFound,
        format!("{shown:?} cannot be the name of a branch"),
    ))
}

/// The name of a mirror's folder: 64 hexadecimal digits.
fn mirror_key(url: &GitUrl, branch: &str, credentials: &Credentials) -> String {
    let mut hasher = Sha256::new();
    for field in [url.to_string().as_str(), branch, credentials.digest().as_str()] {
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    HEXLOWER.encode(&hasher.finalize())
}

fn is_mirror_key(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_branch_has_are_refused() {
        for branch in [
            "", "-x", "a..b", "a b", "a*", "a:b", "a.lock", "/a", "a/", "a//b", "a^", "a~1", "@{-1}", "a\n",
        ] {
            assert_eq!(
                branch_reference(branch).expect_err(branch).reason(),
                "BranchNotFound"
            );
        }
        assert_eq!(
            branch_reference("version-2-marketing").unwrap(),
            "refs/heads/version-2-marketing"
        );
        assert_eq!(branch_reference("team/week-1").unwrap(), "refs/heads/team/week-1");
    }

    #[test]
    fn one_mirror_serves_everybody_who_names_the_same_branch() {
        let folder = tempfile::tempdir().unwrap();
        let mirrors = Mirrors::new(GitSettings::new(folder.path(), EgressPolicy::default())).unwrap();
        let url = GitUrl::parse("https://git.example.com/team/gtm.git", false).unwrap();
        let keep = mirrors.open(&url, "main", &Credentials::anonymous()).unwrap();
        let same = mirrors.open(&url, "main", &Credentials::anonymous()).unwrap();
        let other = mirrors.open(&url, "next", &Credentials::anonymous()).unwrap();
        assert!(Weak::ptr_eq(&keep.downgrade(), &same.downgrade()));
        assert!(!Weak::ptr_eq(&keep.downgrade(), &other.downgrade()));
    }

    #[test]
    fn folders_of_mirrors_that_nobody_has_open_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mirrors = Mirrors::new(GitSettings::new(folder.path(), EgressPolicy::default())).unwrap();
        let url = GitUrl::parse("https://git.example.com/team/gtm.git", false).unwrap();
        let kept = mirrors.open(&url, "main", &Credentials::anonymous()).unwrap();
        for branch in ["main", "gone"] {
            std::fs::create_dir(
                folder
                    .path()
                    .join(mirror_key(&url, branch, &Credentials::anonymous())),
            )
            .unwrap();
        }
        std::fs::create_dir(folder.path().join("not-ours")).unwrap();
        assert_eq!(mirrors.remove_unused().unwrap(), 1);
        assert!(folder.path().join("not-ours").exists() && folder.path().join(SCRATCH_FOLDER).exists());
        drop(kept);
        assert_eq!(mirrors.remove_unused().unwrap(), 1);
    }
}

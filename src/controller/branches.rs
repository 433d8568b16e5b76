//! Branches of git repositories for channels that publish to one.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    git::{
        CommitAuthor, Credentials, FileCondition, FileWrite, FileWritten, GitError, GitErrorClass, GitUrl,
        Mirror, Mirrors, ReadError, WriteFailure,
    },
    publish::{Branch, BranchFile, BranchWrite, BranchWritten, Branches, PublishError, SelectError},
    secret::SecretString,
};

/// Opens branches with the git of this process.
#[derive(Debug)]
pub struct GitBranches {
    mirrors: Mirrors,
    allow_local_paths: bool,
}

impl GitBranches {
    /// Over mirrors of its own; local repositories are none that could be written.
    pub const fn new(mirrors: Mirrors, allow_local_paths: bool) -> Self {
        Self {
            mirrors,
            allow_local_paths,
        }
    }
}

impl Branches for GitBranches {
    fn open(
        &self,
        url: &str,
        branch: &str,
        secret: &BTreeMap<String, SecretString>,
    ) -> Result<Arc<dyn Branch>, SelectError> {
        let invalid = |field: &str, error: &GitError| SelectError::invalid(field, error.to_string());
        let url = GitUrl::parse(url, self.allow_local_paths)
            .map_err(|error| invalid("spec.gitPages.url", &error))?;
        let data = secret
            .iter()
            .map(|(key, value)| (key.clone(), value.expose().as_bytes().to_vec()))
            .collect();
        let credentials =
            Credentials::from_secret(&data).map_err(|error| invalid("spec.gitPages.secretRef", &error))?;
        let mirror = self
            .mirrors
            .open(&url, branch, &credentials)
            .map_err(|error| invalid("spec.gitPages", &error))?;
        Ok(Arc::new(GitBranch(mirror)))
    }
}

#[derive(Debug)]
struct GitBranch(Mirror);

#[async_trait]
impl Branch for GitBranch {
    async fn read(&self, path: &str, limit: usize) -> Result<Option<BranchFile>, PublishError> {
        let polled = self.0.poll(Duration::ZERO).await.map_err(|error| told(&error))?;
        match polled.snapshot.read(path, limit as u64).await {
            Ok(blob) => Ok(Some(BranchFile {
                bytes: blob.bytes,
                version: blob.id,
            })),
            Err(ReadError::FileMissing { .. }) => Ok(None),
            Err(error) => Err(PublishError::not_sent("ReadBackFailed", error.to_string())),
        }
    }

    async fn write(&self, write: BranchWrite) -> Result<BranchWritten, PublishError> {
        let (name, email) = write.author;
        let message = format!("Publish {}", write.path);
        let write = FileWrite {
            path: write.path,
            bytes: write.bytes,
            condition: write.over.map_or(FileCondition::Absent, FileCondition::Unchanged),
            author: CommitAuthor { name, email },
            at: write.at,
            message,
        };
        match self.0.write(write).await {
            Ok(FileWritten::Stored) => Ok(BranchWritten::Stored),
            Ok(FileWritten::ConditionFailed) => Ok(BranchWritten::ConditionFailed),
            Ok(FileWritten::Moved) => Ok(BranchWritten::Moved),
            Ok(FileWritten::Declined(said)) => Ok(BranchWritten::Declined(said)),
            Err(failure) => Err(failed(&failure)),
        }
    }

    async fn preflight(&self) -> Result<(), PublishError> {
        self.0.poll(Duration::ZERO).await.map_err(|error| told(&error))?;
        self.0.may_write().await.map_err(|error| told(&error))
    }
}

fn failed(failure: &WriteFailure) -> PublishError {
    if failure.may_have_acted {
        let error = &failure.error;
        PublishError::unknown(error.reason(), error.to_string()).because(error.clone())
    } else {
        told(&failure.error)
    }
}

/// A conversation that changed nothing.
fn told(error: &GitError) -> PublishError {
    let message = error.to_string();
    let told = match error.class() {
        GitErrorClass::Transient | GitErrorClass::Corrupt | GitErrorClass::Disk => {
            PublishError::not_sent(error.reason(), message)
        }
        GitErrorClass::Unauthorised
        | GitErrorClass::NotFound
        | GitErrorClass::BranchMissing
        | GitErrorClass::Refused
        | GitErrorClass::LimitExceeded
        | GitErrorClass::Configuration => PublishError::refused(error.reason(), message),
    };
    told.because(error.clone())
}

//! Where the files are: in a folder, or on a branch of the repository that the folder is in.

use std::path::{Path, PathBuf};

use super::ForecastError;
use crate::{
    cli::check::{CheckError, local_files},
    domain::content::Files,
    egress::EgressPolicy,
    git::{Credentials, GitSettings, GitUrl, Mirrors},
};

/// Where manifests are looked for on a branch.
const MANIFESTS: [&str; 4] = ["*.yaml", "*.yml", "**/*.yaml", "**/*.yml"];

/// Works on the files of a folder.
pub(super) fn of_folder<T>(
    folder: &Path,
    work: impl FnOnce(&[String], &dyn Files) -> Result<T, ForecastError>,
) -> Result<T, ForecastError> {
    let workspaces = local_files::workspaces(&[folder.to_owned()])?;
    let Some(workspace) = workspaces.first() else {
        return Err(CheckError::NothingToCheck.into());
    };
    work(&workspace.names, workspace)
}

/// Works on the files of the newest revision of a branch; nothing is checked out.
pub(super) async fn of_branch<T: Send + 'static>(
    folder: &Path,
    branch: &str,
    work: impl FnOnce(&[String], &dyn Files) -> Result<T, ForecastError> + Send + 'static,
) -> Result<T, ForecastError> {
    let repository = repository(folder).ok_or_else(|| ForecastError::NoRepository(folder.to_owned()))?;
    // What is read stays in the repository itself; the mirrors only need a folder of their own.
    let cache = tempfile::tempdir().map_err(ForecastError::Folder)?;
    let mirrors = Mirrors::new(GitSettings::new(cache.path(), EgressPolicy::new([])))?;
    let url = GitUrl::parse(&repository.to_string_lossy(), true)?;
    let mirror = mirrors.open(&url, branch, &Credentials::anonymous())?;
    let snapshot = mirror.poll(std::time::Duration::ZERO).await?.snapshot;
    snapshot
        .with_files(move |files| {
            let mut names: Vec<String> = MANIFESTS
                .iter()
                .flat_map(|pattern| files.matching(pattern))
                .collect();
            names.sort();
            names.dedup();
            work(&names, files)
        })
        .await?
}

/// The repository that a folder is in.
pub(in super::super) fn repository(folder: &Path) -> Option<PathBuf> {
    let whole = folder.canonicalize().ok()?;
    let is_repository = |folder: &&Path| folder.join(".git").exists() || folder.join("HEAD").is_file();
    whole.ancestors().find(is_repository).map(Path::to_owned)
}

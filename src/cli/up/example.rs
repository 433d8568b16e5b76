//! The example campaign: a git repository of its own, two accounts, and dates that follow from today.

use std::{fs, io, path::Path};

use gix::{
    ObjectId, actor,
    bstr::BString,
    date::Time,
    objs::{Commit, Tree, tree},
    refs::transaction::PreviousValue,
};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Client,
    api::{Api, DynamicObject, ObjectMeta, PostParams},
    core::{ApiResource, GroupVersionKind, TypeMeta},
};
use serde_json::Value;

use super::{UpError, folder::DataFolder};

/// Where everything of the example lies.
pub(super) const NAMESPACE: &str = "example";
/// The sheet on the branch.
const SHEET: &str = include_str!("../../../examples/first-campaign/sheet.csv");
/// The campaign and its accounts.
const MANIFESTS: &str = include_str!("../../../examples/first-campaign/manifests.yaml");
/// Who commits the first revision.
const AUTHOR: (&str, &str) = ("Campanile", "campanile@localhost");

/// Whether the accounts can publish into the folder: an object store is strict about the names of folders.
///
/// # Errors
/// Where the path has a name that it would refuse.
pub(super) fn can_publish_into(folder: &DataFolder) -> Result<(), UpError> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let fits = |name: &str| !name.starts_with('.') && name.chars().all(allowed);
    let path = folder.path();
    let names = path.iter().skip(1).map(|name| name.to_str());
    for name in names {
        if !name.is_some_and(fits) {
            return Err(UpError::UnpublishableFolder(path.to_owned()));
        }
    }
    Ok(())
}

/// Makes the repository where there is none: a bare one, for people to clone and push to.
///
/// # Errors
/// Where its files cannot be written.
pub(super) fn repository(folder: &DataFolder) -> Result<(), UpError> {
    let path = folder.join("example.git");
    if path.exists() {
        return Ok(());
    }
    // Made beside its place and moved there, so that a process that was killed leaves no half of one.
    let partial = folder.join("example.git.partial");
    let made = commit_first_revision(&partial).and_then(|()| Ok(fs::rename(&partial, &path)?));
    made.map_err(|source| UpError::Repository { path, source })
}

fn commit_first_revision(path: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let repository = gix::init_bare(path)?;
    fs::write(path.join("HEAD"), "ref: refs/heads/main\n")?;
    let now = Timestamp::now();
    let sheet = repository.write_blob(dated(SHEET, now))?.detach();
    let entry = tree::Entry {
        mode: tree::EntryKind::Blob.into(),
        filename: "sheet.csv".into(),
        oid: sheet,
    };
    let tree = repository.write_object(Tree { entries: vec![entry] })?.detach();
    let commit = repository.write_object(first_commit(tree, now))?.detach();
    let none = PreviousValue::MustNotExist;
    repository.reference("refs/heads/main", commit, none, "first revision")?;
    Ok(())
}

fn first_commit(tree: ObjectId, now: Timestamp) -> Commit {
    let (name, email) = AUTHOR;
    let signature = actor::Signature {
        name: name.into(),
        email: email.into(),
        time: Time::new(now.as_second(), 0),
    };
    Commit {
        tree,
        parents: Vec::new().into(),
        author: signature.clone(),
        committer: signature,
        encoding: None,
        message: BString::from("The first week\n"),
        extra_headers: Vec::new(),
    }
}

/// A text with its dates filled in, in UTC.
fn dated(text: &str, now: Timestamp) -> String {
    let now = now.to_zoned(TimeZone::UTC);
    let tomorrow = now.saturating_add(1.day());
    text.replace("{today}", &now.strftime("%Y-%m-%d").to_string())
        .replace("{now}", &now.strftime("%H:%M").to_string())
        .replace("{tomorrow}", &tomorrow.strftime("%Y-%m-%d").to_string())
}

/// Makes the folders that the accounts publish to, and applies the manifests; what stands is left as people changed it.
///
/// # Errors
/// Where a folder cannot be made or the control plane refuses an object.
pub(super) async fn apply(client: &Client, folder: &DataFolder) -> Result<(), UpError> {
    let published = folder.join("published");
    let manifests = MANIFESTS
        .replace("{namespace}", NAMESPACE)
        .replace("{repository}", &folder.join("example.git").to_string_lossy())
        .replace("{published}", &published.to_string_lossy());
    for account in ["linkedin-personal", "linkedin-company"] {
        let path = published.join(account);
        fs::create_dir_all(&path).map_err(|source| UpError::File {
            doing: "make",
            path,
            source,
        })?;
    }
    namespace(client).await?;
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(&manifests).map_err(|error| UpError::Manifest(Box::new(error)))?;
    for document in documents {
        create(client, document).await?;
    }
    Ok(())
}

async fn namespace(client: &Client) -> Result<(), UpError> {
    let namespace = Namespace {
        metadata: ObjectMeta {
            name: Some(NAMESPACE.to_owned()),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    let made = Api::all(client.clone())
        .create(&PostParams::default(), &namespace)
        .await;
    made.map(drop)
        .or_else(stands)
        .map_err(UpError::api("make the namespace of the example"))
}

async fn create(client: &Client, document: Value) -> Result<(), UpError> {
    let object: DynamicObject =
        serde_json::from_value(document).map_err(|error| UpError::Manifest(Box::new(error)))?;
    let types = object.types.clone().unwrap_or(TypeMeta {
        api_version: String::new(),
        kind: String::new(),
    });
    let (group, version) = types.api_version.split_once('/').unwrap_or_default();
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &types.kind));
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), NAMESPACE, &resource);
    let made = api.create(&PostParams::default(), &object).await;
    made.map(drop)
        .or_else(stands)
        .map_err(UpError::api(format!("make a {} of the example", types.kind)))
}

/// What stands is as good as made.
fn stands(error: kube::Error) -> Result<(), kube::Error> {
    match error {
        kube::Error::Api(status) if status.code == 409 => Ok(()),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_folder_is_refused_before_anything_starts() {
        let folder = tempfile::Builder::new()
            .prefix(".hidden-")
            .tempdir()
            .expect("a folder");
        let folder = DataFolder::at(folder.path()).expect("made");
        let error = can_publish_into(&folder).expect_err("hidden");
        assert!(error.to_string().contains("--data"), "{error}");
    }

    #[test]
    fn the_repository_holds_the_sheet_with_todays_dates_and_is_made_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = DataFolder::at(folder.path()).expect("a folder");
        repository(&folder).expect("made");
        repository(&folder).expect("left as it is");
        let repository = gix::open(folder.join("example.git")).expect("a repository");
        let head = repository.head_commit().expect("a commit");
        let tree = head.tree().expect("a tree");
        let entry = tree
            .lookup_entry_by_path("sheet.csv")
            .expect("readable")
            .expect("a sheet");
        let sheet = entry.object().expect("a blob").data.clone();
        let sheet = String::from_utf8(sheet).expect("text");
        assert!(!sheet.contains('{'), "{sheet}");
        assert_eq!(sheet.lines().count(), 5);
    }
}

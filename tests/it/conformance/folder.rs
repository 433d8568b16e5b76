//! The object store channel on a folder of this machine.

use std::fs;

use campanile::{
    api::AssetType,
    publish::{Outcome, Publisher, Secrets},
};
use serde_json::json;

use super::{
    channel, publication, publish,
    store::{Kept, Shelf, keeps_what_it_promises, of_two_that_publish_at_once_one_is_stored},
};

fn publisher(folder: &std::path::Path) -> Box<dyn Publisher> {
    let url = format!("file://{}/{{locale}}", folder.display());
    let channel_spec = json!({"objectStore": {"url": url, "publicUrl": "https://www.example.com/{locale}"}});
    channel(&channel_spec, &Secrets::new())
}

/// A temporary folder whose name an address can hold.
fn folder() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("campanile-folder-")
        .tempdir()
        .unwrap()
}

#[tokio::test]
async fn a_folder_keeps_what_class_a_promises() {
    let folder = folder();
    let shelf = Shelf {
        publisher: publisher(folder.path()),
        kept: Kept::Folder(folder.path().to_owned()),
    };
    keeps_what_it_promises(&shelf).await;
    of_two_that_publish_at_once_one_is_stored(&shelf).await;
}

#[tokio::test]
async fn a_page_stands_at_its_address() {
    let folder = folder();
    let published = publish(&*publisher(folder.path()), &publication("about", AssetType::Page))
        .await
        .unwrap();
    assert_eq!(published.remote_id.as_deref(), Some("he/about.html"));
    assert_eq!(
        published.url.as_deref(),
        Some("https://www.example.com/he/about.html")
    );
    assert!(folder.path().join("he/about.html").is_file());
}

#[tokio::test]
async fn a_folder_that_is_not_there_blocks_the_channel() {
    let folder = folder();
    let publisher = publisher(&folder.path().join("missing"));
    assert_eq!(publisher.preflight().await.unwrap_err().outcome, Outcome::Refused);
    let error = publish(&*publisher, &publication("about", AssetType::Page))
        .await
        .unwrap_err();
    assert_eq!((error.outcome, error.reason), (Outcome::Refused, "FolderMissing"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

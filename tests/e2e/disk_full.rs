//! The disk of the mirrors is full: it is said, what stands goes on, and it recovers by itself.

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    path::Path,
};

use crate::scene::{Cluster, Scene};

/// Writes until there is no room left, as whatever else lives on the disk may do.
fn fill(path: &Path) {
    let mut file = File::create(path).expect("make a file on the small disk");
    for size in [64 * 1024, 1] {
        let full = loop {
            if let Err(error) = file.write_all(&vec![b'x'; size]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_what_stands_goes_on_until_there_is_room() {
    let mut scene = Scene::prepare(Cluster::shared().await, "disk").await;
    scene.start_operator_on_a_small_disk("8m").await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    let first = scene.row("first", "Before.");
    let waiting = scene.row("waiting", "It waits for its channel.").to("personal");
    scene.push_sheet(&[first.clone(), waiting.clone()], "Week 1");
    scene.apply(&scene.campaign("week1", "")).await;
    scene
        .until_assets_are(&[
            ("first linkedin/company", "Posted Published"),
            ("waiting linkedin/personal", "Blocked NoChannel"),
        ])
        .await;

    let ballast = scene.small_disk().join("ballast");
    fill(&ballast);
    let next = scene.row("next", "Afterwards.");
    let revision = scene.push_sheet(&[first, waiting, next], "Next");
    let message = scene
        .until_condition("campaign/week1", "SourceFetched", "False StorageFailed")
        .await;
    assert!(message.contains("No space left"), "{message}");
    // The last revision that was read is still good.
    scene
        .apply(&scene.webhook("linkedin-personal", "linkedin", "personal", ""))
        .await;
    scene
        .until_assets_are(&[
            ("first linkedin/company", "Posted Published"),
            ("waiting linkedin/personal", "Posted Published"),
        ])
        .await;

    std::fs::remove_file(&ballast).expect("make room");
    scene.until_applied("week1", &revision).await;
    scene
        .until_asset("next linkedin/company", "Posted Published")
        .await;
    scene
        .until_condition("campaign/week1", "SourceFetched", "True Fetched")
        .await;
    assert_eq!(scene.sent().len(), 3);
    scene.end().await;
}

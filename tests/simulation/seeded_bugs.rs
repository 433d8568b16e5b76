//! The bugs that `tools/seeded-bugs` makes on purpose, each a patch under `bugs/`.

use std::{fs, path::PathBuf, process::Command};

fn patches() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/simulation/bugs");
    let entries = fs::read_dir(folder).expect("the folder of the bugs");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn every_seeded_bug_still_applies() {
    let patches = patches();
    assert!(patches.len() >= 8, "{patches:?}");
    for patch in patches {
        let applied = Command::new("git")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["apply", "--check"])
            .arg(&patch)
            .output()
            .expect("run git");
        let said = String::from_utf8_lossy(&applied.stderr);
        assert!(applied.status.success(), "{}: {said}", patch.display());
    }
}

//! Where the servers are.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the servers: `CAMPANILE_CONTROL_PLANE_BIN`, else the newest that was built.
pub(crate) fn folder() -> PathBuf {
    let named = std::env::var_os("CAMPANILE_CONTROL_PLANE_BIN").map(PathBuf::from);
    let folder = named
        .or_else(newest_built)
        .filter(|folder| folder.join("kubectl").exists());
    folder.unwrap_or_else(|| {
        panic!("the test control plane is not built: run tools/control-plane/build.sh (7 minutes, once)")
    })
}

fn newest_built() -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/control-plane/bin");
    let folders = fs::read_dir(built).ok()?.flatten().map(|entry| entry.path());
    let complete = folders.filter(|folder| folder.join("kubectl").exists());
    complete.max_by_key(|folder| fs::metadata(folder).and_then(|data| data.modified()).ok())
}

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
};

use super::{OpenFault, file};

/// Bytes that a process id can have, with room.
const PID_BYTES: u64 = 20;

/// The right to a file, for as long as it is held; it ends with the process, however that ends.
///
/// A file of its own beside the store's, because the store's file has no room for the process id.
#[derive(Debug)]
pub(super) struct Lock {
    _held: File,
}

impl Lock {
    pub(super) fn take(store: &Path) -> Result<Self, OpenFault> {
        let failed = |source| OpenFault::File("lock", source);
        let mut file = file::private()
            .open(file::beside(store, ".lock"))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(&file)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        name_ourselves(&mut file).map_err(failed)?;
        Ok(Self { _held: file })
    }
}

fn name_ourselves(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

/// The holder may not have written its id yet; then it is not named.
fn in_use(file: &File) -> OpenFault {
    let mut text = String::new();
    let read = file.take(PID_BYTES).read_to_string(&mut text);
    let pid = read.ok().and_then(|_| text.trim().parse().ok());
    OpenFault::InUse { pid }
}

//! A real mail server for tests: `smtp-sink` of postfix, on a free port, with every letter in a file of its own.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// How long it may take to listen; it takes some 10 ms.
const START: Duration = Duration::from_secs(20);

/// `smtp-sink`; it ends when it is dropped.
///
/// # What it cannot show
/// It encrypts nothing, believes any login, and judges neither addresses nor letters; what it refuses is what it was told
/// to refuse.
pub(crate) struct SmtpSink {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: TempDir,
}

impl SmtpSink {
    /// Starts it with further arguments and waits until it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the letters");
        let address = free_address();
        let mut command = Command::new(program());
        if fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
            // It does not run as root; its letters have to find their way into the folder all the same.
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("open the folder");
            command.args(["-u", "nobody"]);
        }
        let child = command
            .args(arguments)
            .arg("-d")
            .arg(folder.path().join("letter."))
            .args([&address.to_string(), "100"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("smtp-sink starts");
        let sink = Self {
            child,
            address,
            folder,
        };
        sink.wait();
        sink
    }

    /// Connecting is the only way to see that it listens; a port that is not open yet refuses at once.
    fn wait(&self) {
        let begin = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(begin.elapsed() < START, "smtp-sink does not listen");
            std::thread::yield_now();
        }
    }

    /// Every letter that it took, a transaction each: what it notes of the envelope, then the letter.
    pub(crate) fn letters(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path()).expect("list the letters");
        let mut letters: Vec<String> = files
            .map(|file| fs::read_to_string(file.expect("a letter").path()).expect("read a letter"))
            // A transaction that was begun and not ended leaves an empty file, or none.
            .filter(|letter| letter.contains("\n\n"))
            .collect();
        letters.sort();
        letters
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("the port has a number")
}

fn program() -> PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&on_path)
        .chain([Path::new("/usr/sbin").to_owned()])
        .map(|folder| folder.join("smtp-sink"))
        .find(|program| program.is_file())
        .expect("smtp-sink is not installed: run tools/setup")
}

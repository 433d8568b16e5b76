//! A real S3 server for tests: `s3s-fs`, on a free port, with one bucket in a folder of its own.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

pub(crate) const BUCKET: &str = "site";
pub(crate) const ACCESS_KEY: &str = "CANARYACCESS";
pub(crate) const SECRET_KEY: &str = "canary-secret-key";

/// How long it may take to listen; it takes some 5 ms.
const START: Duration = Duration::from_secs(20);

/// `s3s-fs`; it ends when it is dropped.
///
/// # What it cannot show
/// It keeps objects in files, looks first and writes then: of two conditional writes at the same instant both may
/// succeed, where a store that keeps its promise lets one. It has no permissions and makes a bucket that is not there:
/// nothing about what an account without the right to list is told, a missing bucket, or "slow down".
pub(crate) struct S3Server {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: TempDir,
}

impl S3Server {
    /// Starts it and waits until it listens.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the objects");
        fs::create_dir(folder.path().join(BUCKET)).expect("make the bucket");
        let address = free_address();
        let child = Command::new(program())
            .args(["--host", "127.0.0.1", "--port", &address.port().to_string()])
            .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("s3s-fs starts");
        let server = Self {
            child,
            address,
            folder,
        };
        server.wait();
        server
    }

    /// Connecting is the only way to see that it listens; a port that is not open yet refuses at once.
    fn wait(&self) {
        let begin = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(begin.elapsed() < START, "s3s-fs does not listen");
            std::thread::yield_now();
        }
    }

    /// The folder that holds the objects of the bucket.
    pub(crate) fn bucket(&self) -> PathBuf {
        self.folder.path().join(BUCKET)
    }
}

impl Drop for S3Server {
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
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cargo")));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&on_path)
        .chain(home.map(|home| home.join("bin")))
        .map(|folder| folder.join("s3s-fs"))
        .find(|program| program.is_file())
        .expect("s3s-fs is not installed: run tools/setup")
}

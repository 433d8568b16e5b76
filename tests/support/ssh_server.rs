//! A real `sshd` for tests, on a free port of this machine, with keys of its own.

#![expect(clippy::expect_used, reason = "tests end where they go wrong")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// An ssh server that lets one key in, as the user who runs the tests. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct SshServer {
    child: Child,
    pub(crate) port: u16,
    pub(crate) user: String,
    /// The private key that is let in.
    pub(crate) identity: String,
    /// The line for `known_hosts`.
    pub(crate) known_hosts: String,
    _folder: TempDir,
}

impl SshServer {
    /// Starts it and waits until it listens. Debian's package `openssh-server` must be installed.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the ssh server");
        let host_key = key_pair(folder.path(), "host");
        let user_key = key_pair(folder.path(), "user");
        let port = free_port();
        let config = write_config(folder.path(), port);
        // The folder for privilege separation is Debian's; without it the server does not start.
        drop(std::fs::create_dir_all("/run/sshd"));
        let mut child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sshd starts: install openssh-server");
        wait_until_it_listens(&mut child);
        let host_public = std::fs::read_to_string(host_key.with_extension("pub")).expect("the host key");
        Self {
            child,
            port,
            user: user(),
            identity: std::fs::read_to_string(user_key).expect("the key"),
            known_hosts: format!("[127.0.0.1]:{port} {host_public}"),
            _folder: folder,
        }
    }

    /// The URL of a repository on this machine.
    pub(crate) fn url(&self, path: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, path.display())
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("the port").port()
}

fn key_pair(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
        .arg(&path)
        .status()
        .expect("ssh-keygen starts");
    assert!(status.success());
    path
}

fn write_config(folder: &Path, port: u16) -> PathBuf {
    let config = folder.join("sshd_config");
    let mut file = std::fs::File::create(&config).expect("the configuration");
    let at = folder.display();
    write!(
        file,
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/host\nAuthorizedKeysFile {at}/user.pub\nPidFile none\n\
         StrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nAcceptEnv GIT_PROTOCOL\nLogLevel VERBOSE\n"
    )
    .expect("the configuration");
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("the folder is readable");
    config
}

/// Reads its log until it says that it listens, and goes on reading so that it never waits for us.
fn wait_until_it_listens(child: &mut Child) {
    let mut log = BufReader::new(child.stderr.take().expect("its log"));
    let mut so_far = String::new();
    while !so_far.contains("Server listening on") {
        let read = log.read_line(&mut so_far).expect("its log");
        assert!(read > 0, "sshd ended: {so_far}");
    }
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
}

fn user() -> String {
    let output = Command::new("id").arg("-un").output().expect("id starts");
    String::from_utf8(output.stdout)
        .expect("a user name")
        .trim()
        .to_owned()
}

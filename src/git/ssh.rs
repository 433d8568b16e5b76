//! Git over ssh: the `ssh` program with a key and known hosts of ours, dialling an address that we judged.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gix_transport::client::git::ConnectMode;
use gix_transport::client::git::blocking_io::Connection;
use gix_transport::{Protocol, Service};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::credentials::{Credentials, Method};
use super::error::{GitError, GitReason};
use super::http::egress_failure;
use super::url::SshLocation;
use super::wire::Wire;
use super::{GitSettings, scratch_folder};
use crate::egress::EgressPolicy;
use crate::secret::SecretString;

const DEFAULT_PORT: u16 = 22;
/// What is kept of the words of `ssh` when it gives up.
const MAX_STDERR_BYTES: usize = 4096;
const READ_BUFFER_BYTES: usize = 64 * 1024;

/// What is needed to talk to one repository over ssh.
#[derive(Debug, Clone)]
pub(crate) struct SshContext {
    location: SshLocation,
    identity: SecretString,
    known_hosts: SecretString,
    egress: EgressPolicy,
    connect_timeout: Duration,
    scratch: PathBuf,
}

impl SshContext {
    pub(crate) fn new(
        location: SshLocation,
        credentials: &Credentials,
        settings: &GitSettings,
    ) -> Result<Self, GitError> {
        let Method::Key {
            identity,
            known_hosts,
        } = credentials.method.clone()
        else {
            let message = "an ssh URL needs the keys `identity` and `known_hosts` in the Secret";
            return Err(GitError::new(GitReason::CredentialsIncomplete, message));
        };
        Ok(Self {
            location,
            identity,
            known_hosts,
            egress: settings.egress.clone(),
            connect_timeout: settings.connect_timeout,
            scratch: scratch_folder(&settings.cache_folder),
        })
    }

    /// Starts `ssh` and gives the two ends of the conversation.
    pub(crate) fn connect(
        &self,
        wire: &Arc<Wire>,
        service: Service,
    ) -> Result<Connection<SshReader, SshWriter>, GitError> {
        let address = self.permitted_address(wire)?;
        let files = KeyFiles::write(&self.scratch, &self.identity, &self.known_hosts)?;
        let mut child = wire
            .wait(async {
                self.command(address, &files, service)
                    .spawn()
                    .map_err(|error| spawn_failure(&error))
            })
            .map_err(|_| recorded(wire))?;
        let (Some(stdin), Some(stdout), stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(GitError::new(
                GitReason::HostUnreachable,
                "failed to talk to the ssh program",
            ));
        };
        let session = Arc::new(Mutex::new(Session {
            child,
            stderr,
            _files: files,
        }));
        Ok(Connection::new(
            SshReader {
                stdout,
                session: Arc::clone(&session),
                wire: Arc::clone(wire),
            },
            SshWriter {
                stdin,
                wire: Arc::clone(wire),
            },
            Protocol::V2,
            self.location.path.as_str(),
            None::<(&str, _)>,
            ConnectMode::Process,
            false,
        ))
    }

    /// The address to dial. IPv4 goes first: many clusters resolve IPv6 addresses that they cannot reach.
    fn permitted_address(&self, wire: &Wire) -> Result<SocketAddr, GitError> {
        let port = self.location.port.unwrap_or(DEFAULT_PORT);
        let addresses = wire
            .wait(async {
                self.egress
                    .resolve_permitted(&self.location.host, port)
                    .await
                    .map_err(egress_failure)
            })
            .map_err(|_| recorded(wire))?;
        let first = addresses
            .iter()
            .find(|address| address.is_ipv4())
            .or_else(|| addresses.first());
        first
            .copied()
            .ok_or_else(|| GitError::new(GitReason::HostUnreachable, "the git host has no address"))
    }

    fn command(&self, address: SocketAddr, files: &KeyFiles, service: Service) -> Command {
        let mut command = Command::new("ssh");
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("GIT_PROTOCOL", "version=2")
            .env("HOME", files.folder.path());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.args(["-F", "/dev/null", "-T"]);
        for option in self.options(address, files) {
            command.arg("-o").arg(option);
        }
        command.args(["-p", &address.port().to_string()]);
        if let Some(user) = &self.location.user {
            command.args(["-l", user]);
        }
        command
            .arg("--")
            .arg(&self.location.host)
            .arg(self.remote_command(service));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Nothing but the given key is offered, nothing but the given hosts are believed, nobody is asked, and the
    /// address that was judged is the one that is dialled, while the key is looked up under the host's name.
    fn options(&self, address: SocketAddr, files: &KeyFiles) -> Vec<String> {
        let name = match self.location.port.filter(|port| *port != DEFAULT_PORT) {
            Some(port) => format!("[{}]:{port}", self.location.host),
            None => self.location.host.clone(),
        };
        let mut options: Vec<String> = [
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            "UpdateHostKeys=no",
            "GlobalKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "PreferredAuthentications=publickey",
            "ClearAllForwardings=yes",
            "PermitLocalCommand=no",
            "ControlPath=none",
            "ProxyCommand=none",
            "CanonicalizeHostname=no",
            "ServerAliveInterval=15",
            "SendEnv=GIT_PROTOCOL",
            "LogLevel=ERROR",
        ]
        .map(ToOwned::to_owned)
        .into();
        options.push(format!("HostName={}", address.ip()));
        options.push(format!("HostKeyAlias={name}"));
        options.push(format!(
            "ConnectTimeout={}",
            self.connect_timeout.as_secs().max(1)
        ));
        options.push(format!("IdentityFile={}", files.identity.display()));
        options.push(format!("UserKnownHostsFile={}", files.known_hosts.display()));
        options
    }

    /// What the other side runs. The path was checked to be free of what a shell acts on; `~user/` stays outside of
    /// the quotes because the other side's shell must expand it.
    fn remote_command(&self, service: Service) -> String {
        let program = service.as_str();
        let path = self.location.path.as_str();
        let path = if path.starts_with("/~") {
            path.trim_start_matches('/')
        } else {
            path
        };
        match path.split_once('/') {
            Some((home, rest)) if home.starts_with('~') => format!("{program} {home}/'{rest}'"),
            _ => format!("{program} '{path}'"),
        }
    }
}

fn spawn_failure(error: &io::Error) -> GitError {
    let message = format!(
        "failed to start the ssh program, which an ssh URL needs: {}",
        error.kind()
    );
    GitError::new(GitReason::HostUnreachable, message)
}

fn recorded(wire: &Wire) -> GitError {
    wire.fault()
        .unwrap_or_else(|| GitError::new(GitReason::HostUnreachable, "failed to reach the git host"))
}

/// The key and the known hosts as files that only we can read, gone when the conversation ends.
#[derive(Debug)]
struct KeyFiles {
    folder: TempDir,
    identity: PathBuf,
    known_hosts: PathBuf,
}

impl KeyFiles {
    fn write(scratch: &Path, identity: &SecretString, known_hosts: &SecretString) -> Result<Self, GitError> {
        let write = || -> io::Result<Self> {
            let folder = tempfile::Builder::new()
                .prefix("ssh-")
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(scratch)?;
            let files = Self {
                identity: folder.path().join("identity"),
                known_hosts: folder.path().join("known_hosts"),
                folder,
            };
            write_private(&files.identity, identity.expose())?;
            write_private(&files.known_hosts, known_hosts.expose())?;
            Ok(files)
        };
        write().map_err(|error| {
            GitError::new(
                GitReason::StorageFailed,
                "failed to write the ssh key for the ssh program",
            )
            .caused_by(error)
        })
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?
        .write_all(text.as_bytes())
}

#[derive(Debug)]
struct Session {
    child: Child,
    stderr: Option<ChildStderr>,
    _files: KeyFiles,
}

/// What comes from the other side.
#[derive(Debug)]
pub(crate) struct SshReader {
    stdout: ChildStdout,
    session: Arc<Mutex<Session>>,
    wire: Arc<Wire>,
}

impl Read for SshReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = buffer.len().min(READ_BUFFER_BYTES);
        let Some(buffer) = buffer.get_mut(..end).filter(|part| !part.is_empty()) else {
            return Ok(0);
        };
        let stdout = &mut self.stdout;
        let amount = self
            .wire
            .wait(async { stdout.read(buffer).await.map_err(broken) })?;
        self.wire.count(amount)?;
        if amount == 0 {
            self.check_end()?;
        }
        Ok(amount)
    }
}

impl SshReader {
    /// The other side has closed: was that the end, or did `ssh` give up?
    fn check_end(&self) -> io::Result<()> {
        let Ok(mut session) = self.session.lock() else {
            return Ok(());
        };
        let mut stderr = session.stderr.take();
        let child = &mut session.child;
        self.wire.wait(async {
            let mut words = Vec::new();
            if let Some(stderr) = stderr.as_mut() {
                let mut limited = stderr.take(MAX_STDERR_BYTES as u64);
                limited.read_to_end(&mut words).await.map_err(broken)?;
            }
            let status = child.wait().await.map_err(broken)?;
            if status.success() {
                Ok(())
            } else {
                Err(ended_badly(&String::from_utf8_lossy(&words)))
            }
        })
    }
}

fn broken(error: io::Error) -> GitError {
    GitError::new(GitReason::HostUnreachable, "the connection to the git host broke").caused_by(error)
}

/// Reads the reason out of what `ssh` or the other side printed.
fn ended_badly(words: &str) -> GitError {
    let lower = words.to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
    let reason = if says(&[
        "permission denied",
        "host key verification failed",
        "no matching host key",
        "invalid format",
        "error in libcrypto",
    ]) {
        GitReason::AuthenticationFailed
    } else if says(&[
        "does not appear to be a git repository",
        "repository not found",
        "no such file",
        "not found",
    ]) {
        GitReason::RepositoryNotFound
    } else if says(&["timed out"]) {
        GitReason::TimedOut
    } else {
        GitReason::HostUnreachable
    };
    let last: String = words
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("it said nothing")
        .chars()
        .filter(|character| !character.is_control())
        .take(200)
        .collect();
    GitError::new(reason, "the ssh connection to the git host ended").caused_by(io::Error::other(last))
}

/// What goes to the other side.
#[derive(Debug)]
pub(crate) struct SshWriter {
    stdin: ChildStdin,
    wire: Arc<Wire>,
}

impl Write for SshWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let stdin = &mut self.stdin;
        // Nothing is recorded here: why the other side stopped listening is what the reader finds out.
        match self.wire.wait(async { Ok(stdin.write(bytes).await) })? {
            Ok(amount) => Ok(amount),
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let stdin = &mut self.stdin;
        self.wire.wait(async { Ok(stdin.flush().await) })?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::GitUrl;
    use crate::git::url::Location;

    fn context(url: &str) -> SshContext {
        let url = GitUrl::parse(url, false).unwrap();
        let Location::Ssh(location) = url.location().clone() else {
            panic!("an ssh URL")
        };
        SshContext {
            location,
            identity: "canary-key".into(),
            known_hosts: "hosts".into(),
            egress: EgressPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            scratch: std::env::temp_dir(),
        }
    }

    #[test]
    fn the_key_is_a_file_of_ours_alone_and_is_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let files = KeyFiles::write(scratch.path(), &"key".into(), &"hosts".into()).unwrap();
        let mode = std::fs::metadata(&files.identity).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let folder = files.folder.path().to_owned();
        drop(files);
        assert!(!folder.exists());
    }

    #[test]
    fn the_program_dials_the_judged_address_and_looks_the_key_up_by_name() {
        let context = context("ssh://git@git.example.com:2222/team/gtm.git");
        let files = KeyFiles::write(&context.scratch, &context.identity, &context.known_hosts).unwrap();
        let options = context.options("192.0.2.7:2222".parse().unwrap(), &files);
        assert!(options.contains(&"HostName=192.0.2.7".to_owned()));
        assert!(options.contains(&"HostKeyAlias=[git.example.com]:2222".to_owned()));
        assert!(options.contains(&"StrictHostKeyChecking=yes".to_owned()));
        let printed = format!(
            "{context:?} {:?}",
            context.command("192.0.2.7:22".parse().unwrap(), &files, Service::UploadPack)
        );
        assert!(!printed.contains("canary-key"));
    }

    #[test]
    fn paths_are_quoted_and_a_home_folder_is_not() {
        assert_eq!(
            context("git@h:team/gtm.git").remote_command(Service::UploadPack),
            "git-upload-pack 'team/gtm.git'"
        );
        assert_eq!(
            context("ssh://h/team/gtm.git").remote_command(Service::UploadPack),
            "git-upload-pack '/team/gtm.git'"
        );
        assert_eq!(
            context("ssh://h/~ada/gtm.git").remote_command(Service::UploadPack),
            "git-upload-pack ~ada/'gtm.git'"
        );
    }

    #[test]
    fn the_words_of_ssh_become_a_reason() {
        for (words, reason) in [
            ("git@h: Permission denied (publickey).", "AuthenticationFailed"),
            ("Host key verification failed.", "AuthenticationFailed"),
            (
                "fatal: '/x' does not appear to be a git repository",
                "RepositoryNotFound",
            ),
            ("ssh: connect to host h port 22: Connection timed out", "TimedOut"),
            (
                "ssh: connect to host h port 22: Connection refused",
                "HostUnreachable",
            ),
            ("", "HostUnreachable"),
        ] {
            assert_eq!(ended_badly(words).reason(), reason, "{words}");
        }
    }
}

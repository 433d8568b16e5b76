//! A real git server for tests: repositories made by the real git and served over HTTP by `git http-backend`,
//! with counters on the wire and faults that can be switched on.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does instead of answering as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Every connection is closed at once.
    Down,
    /// Every request is answered with this status.
    Status(u16),
    /// Answers with a pack end in the middle, as if that were all.
    ShortPack,
    /// Answers with a pack have a byte changed.
    DamagedPack,
    /// In every answer the byte at this place, counted around the end, is changed.
    DamagedByte(usize),
    /// The connection breaks in the middle of an answer with a pack.
    BreakOff,
    /// Requests are never answered.
    Stall,
    /// A push is not looked at, and its answer never comes.
    LosePush,
    /// A push does what it does, and its answer never comes.
    LoseAnswerToPush,
    /// Every request is redirected to this address, its path kept.
    RedirectTo(String),
}

#[derive(Debug, Default)]
struct Shared {
    root: PathBuf,
    fault: Mutex<Option<Fault>>,
    authorization: Mutex<Option<String>>,
    requests: AtomicUsize,
    received: AtomicU64,
    sent: AtomicU64,
}

/// A git server on a free port of this machine. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct GitServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _folder: TempDir,
    task: JoinHandle<()>,
}

impl GitServer {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the repositories");
        let shared = Arc::new(Shared {
            root: folder.path().to_owned(),
            ..Shared::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let counted = CountedListener {
            listener,
            shared: Arc::clone(&shared),
        };
        let task =
            tokio::spawn(async move { axum::serve(counted, router).await.expect("the git server serves") });
        Self {
            address,
            shared,
            _folder: folder,
            task,
        }
    }

    /// Makes an empty repository on the server.
    pub(crate) fn repository(&self, name: &str) -> TestRepository {
        TestRepository::create(&self.shared.root, name)
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}.git", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Switches a fault on, or all of them off.
    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        *self.shared.fault.lock().unwrap() = fault;
    }

    /// From now on requests need exactly this `Authorization` header.
    pub(crate) fn require_authorization(&self, value: &str) {
        *self.shared.authorization.lock().unwrap() = Some(value.to_owned());
    }

    /// How many requests arrived.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// How many bytes went over the wire in both directions, headers included.
    pub(crate) fn bytes(&self) -> u64 {
        self.shared.received.load(Ordering::SeqCst) + self.shared.sent.load(Ordering::SeqCst)
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    shared.requests.fetch_add(1, Ordering::SeqCst);
    let fault = shared.fault.lock().unwrap().clone();
    match &fault {
        Some(Fault::Stall) => std::future::pending().await,
        Some(Fault::Status(status)) => return StatusCode::from_u16(*status).unwrap().into_response(),
        Some(Fault::RedirectTo(base)) => {
            let tail = request.uri().path_and_query().map_or("", |tail| tail.as_str());
            return (
                StatusCode::MOVED_PERMANENTLY,
                [(header::LOCATION, format!("{base}{tail}"))],
            )
                .into_response();
        }
        _ => {}
    }
    let wanted = shared.authorization.lock().unwrap().clone();
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if wanted.is_some() && wanted.as_deref() != given {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    }
    let is_push = request.uri().path().ends_with("/git-receive-pack");
    if is_push && fault == Some(Fault::LosePush) {
        return no_answer();
    }
    let answered = http_backend(&shared.root, request).await;
    if is_push && fault == Some(Fault::LoseAnswerToPush) {
        return no_answer();
    }
    spoil(answered, fault.as_ref(), &shared)
}

/// An answer that breaks off before it says anything.
fn no_answer() -> Response {
    let broken = futures::stream::once(async { Err::<Bytes, _>(io::Error::other("broken off")) });
    let head = [(header::CONTENT_TYPE, "application/x-git-receive-pack-result")];
    (head, Body::from_stream(broken)).into_response()
}

/// Runs `git http-backend` as a CGI program.
async fn http_backend(root: &Path, request: Request) -> (StatusCode, HeaderMap, Bytes) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20)
        .await
        .expect("the body of the request");
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let mut command = tokio::process::Command::from(git_command(root));
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", text("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", text("content-encoding"))
        .env("GIT_PROTOCOL", text("git-protocol"))
        .env("REMOTE_USER", "test")
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn().expect("git http-backend starts");
    let mut stdin = child.stdin.take().expect("its input");
    let (written, output) = tokio::join!(
        async move {
            let outcome = stdin.write_all(&body).await;
            drop(stdin);
            outcome
        },
        child.wait_with_output()
    );
    drop(written);
    parse_cgi(&output.expect("git http-backend ends").stdout)
}

fn parse_cgi(output: &[u8]) -> (StatusCode, HeaderMap, Bytes) {
    let end = output
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("headers of a CGI answer");
    let mut status = StatusCode::OK;
    let mut headers = HeaderMap::new();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(':').expect("a header");
        if name.eq_ignore_ascii_case("status") {
            status = value.trim()[..3].parse().expect("a status");
        } else {
            let name: axum::http::HeaderName = name.parse().expect("a header name");
            headers.insert(name, value.trim().parse().expect("a header value"));
        }
    }
    (status, headers, Bytes::copy_from_slice(&output[end + 4..]))
}

fn spoil(
    (status, headers, body): (StatusCode, HeaderMap, Bytes),
    fault: Option<&Fault>,
    shared: &Arc<Shared>,
) -> Response {
    let is_pack = body.windows(4).any(|window| window == b"PACK");
    let half = body.len() / 2;
    let body = match fault {
        Some(Fault::ShortPack) if is_pack => Body::from(body.slice(..half)),
        Some(Fault::DamagedPack) if is_pack => {
            let mut bytes = body.to_vec();
            let middle = bytes.len() - bytes.len() / 4;
            bytes[middle] ^= 0xff;
            Body::from(bytes)
        }
        Some(Fault::DamagedByte(place)) if !body.is_empty() => {
            let mut bytes = body.to_vec();
            let place = place % bytes.len();
            bytes[place] ^= 0x15;
            Body::from(bytes)
        }
        Some(Fault::BreakOff) if is_pack => {
            let start = body.slice(..half);
            // Wait until the start has left, or the client would see no answer at all.
            let enough = shared.sent.load(Ordering::SeqCst) + half as u64;
            let shared = Arc::clone(shared);
            let rest = async move {
                while shared.sent.load(Ordering::SeqCst) < enough {
                    tokio::task::yield_now().await;
                }
                Err(io::Error::other("broken off"))
            };
            Body::from_stream(futures::stream::once(async { Ok(start) }).chain(futures::stream::once(rest)))
        }
        _ => Body::from(body),
    };
    (status, headers, body).into_response()
}

struct CountedListener {
    listener: TcpListener,
    shared: Arc<Shared>,
}

impl axum::serve::Listener for CountedListener {
    type Io = CountedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CountedStream, SocketAddr) {
        loop {
            if let Ok((stream, address)) = self.listener.accept().await {
                return (
                    CountedStream {
                        stream,
                        shared: Arc::clone(&self.shared),
                    },
                    address,
                );
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

struct CountedStream {
    stream: TcpStream,
    shared: Arc<Shared>,
}

impl CountedStream {
    fn is_down(&self) -> bool {
        *self.shared.fault.lock().unwrap() == Some(Fault::Down)
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_down() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.shared
            .received
            .fetch_add((buffer.filled().len() - before) as u64, Ordering::SeqCst);
        if self.is_down() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        polled
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = &polled {
            self.shared.sent.fetch_add(*written as u64, Ordering::SeqCst);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A bare repository, and a work tree in which commits for it are made.
#[derive(Debug)]
pub(crate) struct TestRepository {
    pub(crate) bare: PathBuf,
    work: PathBuf,
    commits: AtomicU64,
}

impl TestRepository {
    /// Makes `<root>/<name>.git` with the branch `main` checked out in a work tree beside it.
    pub(crate) fn create(root: &Path, name: &str) -> Self {
        let bare = root.join(format!("{name}.git"));
        let work = root.join(format!("{name}.work"));
        let path = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
        run_git(
            root,
            &["init", "--quiet", "--bare", "--initial-branch=main", &path(&bare)],
        );
        run_git(&bare, &["config", "http.receivepack", "true"]);
        run_git(&bare, &["config", "receive.denyDeleteCurrent", "ignore"]);
        run_git(root, &["init", "--quiet", "--initial-branch=main", &path(&work)]);
        run_git(&work, &["remote", "add", "origin", &path(&bare)]);
        Self {
            bare,
            work,
            commits: AtomicU64::new(0),
        }
    }

    /// The folder whose content the next commit takes.
    pub(crate) fn work_tree(&self) -> &Path {
        &self.work
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.work.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(path, content).expect("the file");
        self
    }

    /// Commits everything as Ada. Gives the revision.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.commit_as("Ada", "ada@example.com", message)
    }

    /// Commits everything. Each commit is a minute later than the one before it. Gives the revision.
    pub(crate) fn commit_as(&self, name: &str, email: &str, message: &str) -> String {
        let at = format!(
            "{} +0000",
            1_800_000_000 + 60 * self.commits.fetch_add(1, Ordering::SeqCst)
        );
        run_git(&self.work, &["add", "--all"]);
        let mut command = git_command(&self.work);
        command
            .args(["commit", "--quiet", "--allow-empty", "--message", message])
            .envs([("GIT_AUTHOR_NAME", name), ("GIT_AUTHOR_EMAIL", email)])
            .envs([("GIT_AUTHOR_DATE", &at), ("GIT_COMMITTER_DATE", &at)]);
        finished(&mut command);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git in the work tree and gives what it printed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        run_git(&self.work, arguments)
    }

    /// Brings the work tree to what the branch of the bare repository has.
    pub(crate) fn pull(&self) -> &Self {
        self.git(&["fetch", "--quiet", "origin", "main"]);
        self.git(&["checkout", "--quiet", "--force", "-B", "main", "FETCH_HEAD"]);
        self
    }

    pub(crate) fn push(&self) -> &Self {
        self.git(&["push", "--quiet", "--force", "origin", "HEAD"]);
        self
    }
}

/// Runs git, away from whatever the machine and its user have configured, and gives what it printed.
pub(crate) fn run_git(folder: &Path, arguments: &[&str]) -> String {
    finished(git_command(folder).args(arguments))
}

fn finished(command: &mut Command) -> String {
    let output = command.output().expect("git starts");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("git prints UTF-8")
        .trim()
        .to_owned()
}

fn git_command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env_remove("GIT_DIR")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .envs([
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.com"),
        ])
        .envs([
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "ada@example.com"),
        ]);
    command
}

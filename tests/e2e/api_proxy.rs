//! A proxy before the API server that does to requests what networks and busy servers do, and counts what arrives.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    response::Response,
};
use futures::{Stream, StreamExt as _};
use http::{HeaderValue, Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::json;
use tempfile::TempDir;
use tokio::{sync::watch, task::AbortHandle};

use super::{
    crash_process::kind_of_api,
    crash_scene::{Cluster, DRIVER},
};

/// What becomes of the watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watches {
    /// They pass.
    Pass,
    /// Nothing arrives on those that are open, and they are not closed; those that are asked for wait.
    Silent,
    /// Those that are open have come to an orderly end; those that are asked for wait.
    Ended,
    /// Each breaks off in the middle of the next event; those that are asked for wait.
    Broken,
}

/// A write that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    /// `METHOD plural/subresource`.
    pub(crate) kind: String,
    pub(crate) refused: bool,
}

/// A running proxy; its kubeconfig needs no credentials.
///
/// # What it cannot show
/// It speaks HTTP/1.1 in the clear, and hands on whole answers to all but watches.
pub(crate) struct ApiProxy {
    shared: Arc<Shared>,
    client: Client,
    folder: TempDir,
    serving: AbortHandle,
}

struct Shared {
    upstream: Client,
    state: Mutex<Tally>,
    watches: watch::Sender<Watches>,
    /// By how much the server's clock is said to be ahead, in seconds.
    ahead: AtomicI64,
}

#[derive(Default)]
struct Tally {
    writes: Vec<Write>,
    refusals: BTreeMap<(String, usize), StatusCode>,
    open_watches: usize,
    waiting_watches: usize,
    gone: usize,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, Tally> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ApiProxy {
    /// Starts a proxy before the API server of a cluster.
    pub(crate) fn before(cluster: &Cluster) -> Self {
        let shared = Arc::new(Shared {
            upstream: cluster.client.clone(),
            state: Mutex::default(),
            watches: watch::channel(Watches::Pass).0,
            ahead: AtomicI64::new(0),
        });
        let (address, serving) = DRIVER.block_on(serve(Arc::clone(&shared)));
        let folder = tempfile::tempdir().expect("make a folder");
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "nobody"}}],
            "clusters": [{"name": "proxy", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "nobody", "user": {}}],
        });
        fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string()).expect("write a kubeconfig");
        Self {
            shared,
            client: cluster.client.clone(),
            folder,
            serving,
        }
    }

    /// The cluster for operators, which go through the proxy; the test itself goes past it.
    pub(crate) fn cluster(&self) -> Cluster {
        Cluster {
            kubeconfig: self.folder.path().join("kubeconfig"),
            client: self.client.clone(),
        }
    }

    /// Answers the n-th write of a kind, counted from 1, with a status instead of handing it on.
    pub(crate) fn refuse(&self, kind: &str, ordinal: usize, status: StatusCode) {
        let mut state = self.shared.state();
        state.refusals.insert((kind.to_owned(), ordinal), status);
    }

    /// Every write so far, in order.
    pub(crate) fn writes(&self) -> Vec<Write> {
        self.shared.state().writes.clone()
    }

    /// How many writes were refused.
    pub(crate) fn refused(&self) -> usize {
        self.writes().iter().filter(|write| write.refused).count()
    }

    /// What becomes of the watches from now on.
    pub(crate) fn watches(&self, watches: Watches) {
        self.shared.watches.send_replace(watches);
    }

    /// How many watches are open.
    pub(crate) fn open_watches(&self) -> usize {
        self.shared.state().open_watches
    }

    /// How many watches wait to be handed on.
    pub(crate) fn waiting_watches(&self) -> usize {
        self.shared.state().waiting_watches
    }

    /// How many watches were answered that what they want to go on from is gone.
    pub(crate) fn gone(&self) -> usize {
        self.shared.state().gone
    }

    /// From now on the API server's clock is said to be that much ahead.
    pub(crate) fn set_ahead(&self, ahead: SignedDuration) {
        self.shared.ahead.store(ahead.as_secs(), Ordering::SeqCst);
    }
}

impl Drop for ApiProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(shared: Arc<Shared>) -> (SocketAddr, AbortHandle) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("listen on a free port");
    let address = listener.local_addr().expect("the port has a number");
    let router = axum::Router::new().fallback(pass).with_state(shared);
    let serving = tokio::spawn(async move {
        axum::serve(listener, router).await.expect("serve the proxy");
    });
    (address, serving.abort_handle())
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    if query.contains("watch=true") {
        return pass_watch(shared, request).await;
    }
    if let Some(status) = note_write(&shared, &request) {
        return refusal(status, request.method());
    }
    let answer = hand_on(&shared, request).await;
    let (head, body) = answer.into_parts();
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(bytes) => Response::from_parts(head, Body::from(bytes)),
        Err(_) => bad_gateway(),
    }
}

/// Notes a write; answers the status that it is to be refused with.
fn note_write(shared: &Shared, request: &Request) -> Option<StatusCode> {
    let kind = kind_of_api(request.method(), request.uri().path())?;
    if request.method() == Method::GET {
        return None;
    }
    let mut state = shared.state();
    let ordinal = state.writes.iter().filter(|write| write.kind == kind).count() + 1;
    let refusal = state.refusals.get(&(kind.clone(), ordinal)).copied();
    state.writes.push(Write {
        kind,
        refused: refusal.is_some(),
    });
    refusal
}

fn refusal(status: StatusCode, method: &Method) -> Response {
    let reason = match (status, method) {
        (StatusCode::CONFLICT, &Method::POST) => "AlreadyExists",
        (StatusCode::CONFLICT, _) => "Conflict",
        (StatusCode::TOO_MANY_REQUESTS, _) => "TooManyRequests",
        (StatusCode::SERVICE_UNAVAILABLE, _) => "ServiceUnavailable",
        _ => "InternalError",
    };
    let said = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "the proxy refuses this",
        "reason": reason, "code": status.as_u16(),
    });
    let mut answer = Response::new(Body::from(said.to_string()));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    if status == StatusCode::TOO_MANY_REQUESTS {
        let second = HeaderValue::from_static("1");
        answer.headers_mut().insert(header::RETRY_AFTER, second);
    }
    answer
}

async fn pass_watch(shared: Arc<Shared>, request: Request) -> Response {
    shared.state().waiting_watches += 1;
    let mut watches = shared.watches.subscribe();
    let passes = watches
        .wait_for(|watches| *watches == Watches::Pass)
        .await
        .is_ok();
    shared.state().waiting_watches -= 1;
    if !passes {
        return bad_gateway();
    }
    let answer = hand_on(&shared, request).await;
    if answer.status() == StatusCode::GONE {
        shared.state().gone += 1;
    }
    let (head, body) = answer.into_parts();
    let open = OpenWatch::of(shared);
    let events = Box::pin(body.into_data_stream());
    Response::from_parts(head, Body::from_stream(stream(events, watches, open)))
}

/// Counts a watch as open until it is dropped.
struct OpenWatch(Arc<Shared>);

impl OpenWatch {
    fn of(shared: Arc<Shared>) -> Self {
        shared.state().open_watches += 1;
        Self(shared)
    }
}

impl Drop for OpenWatch {
    fn drop(&mut self) {
        self.0.state().open_watches -= 1;
    }
}

/// The events of a watch, as far as its connection lets them through.
fn stream(
    events: impl Stream<Item = Result<Bytes, axum::Error>> + Send + Unpin + 'static,
    watches: watch::Receiver<Watches>,
    open: OpenWatch,
) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send + 'static {
    let broken = || Err(axum::Error::new(std::io::Error::other("the connection broke")));
    futures::stream::unfold(
        (events, watches, open, false),
        move |(mut events, mut watches, open, breaks)| async move {
            if breaks {
                return Some((broken(), (events, watches, open, true)));
            }
            loop {
                let now = *watches.borrow_and_update();
                let event = match now {
                    Watches::Ended => return None,
                    Watches::Silent => {
                        watches.changed().await.ok()?;
                        continue;
                    }
                    Watches::Pass | Watches::Broken => tokio::select! {
                        changed = watches.changed() => { changed.ok()?; continue }
                        event = events.next() => event?,
                    },
                };
                let Ok(bytes) = event else {
                    return Some((event, (events, watches, open, true)));
                };
                if bytes.windows(10).any(|window| window == b"\"code\":410") {
                    open.0.state().gone += 1;
                }
                let breaks = now == Watches::Broken;
                let half = if breaks { bytes.len() / 2 } else { bytes.len() };
                return Some((Ok(bytes.slice(..half)), (events, watches, open, breaks)));
            }
        },
    )
}

async fn hand_on(shared: &Shared, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    head.headers.remove(header::HOST);
    head.headers.remove(header::CONTENT_LENGTH);
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return bad_gateway();
    };
    head.uri = head
        .uri
        .path_and_query()
        .and_then(|path| path.as_str().parse().ok())
        .unwrap_or_default();
    let request = http::Request::from_parts(head, kube::client::Body::from(bytes));
    let Ok(answer) = shared.upstream.send(request).await else {
        return bad_gateway();
    };
    let mut answer = answer.map(Body::new);
    answer.headers_mut().remove(header::TRANSFER_ENCODING);
    answer.headers_mut().remove(header::CONTENT_LENGTH);
    let ahead = shared.ahead.load(Ordering::SeqCst);
    if ahead != 0 {
        let now = Timestamp::now() + SignedDuration::from_secs(ahead);
        let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let date = HeaderValue::from_str(&date).expect("a date is a header");
        answer.headers_mut().insert(header::DATE, date);
    }
    answer
}

/// The API server cannot be reached.
fn bad_gateway() -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::BAD_GATEWAY;
    answer
}

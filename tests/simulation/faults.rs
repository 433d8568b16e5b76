//! What lies between an operator and its API server: it loses, delays, refuses and cuts, and it watches what passes.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use campanile::controller::{ApiBody, ApiService};
use futures::{StreamExt as _, future::BoxFuture, stream};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body::Frame;
use http_body_util::{BodyExt as _, BodyStream, Full, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};
use tower::BoxError;

use crate::{
    record::{Record, short},
    script::{Intents, Script},
};

/// How long a slow intent is on its way.
const SLOW_INTENT: Duration = Duration::from_secs(5);

type Answer = BoxFuture<'static, Result<Response<ApiBody>, BoxError>>;

/// An API server in this process.
pub(crate) type Server = Arc<dyn Fn(Request<Body>) -> Answer + Send + Sync>;

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Arrives,
    NeverSent,
    AnswerLost,
    AppliedLate(Duration),
    Conflict,
    TooMany,
    ErrorBefore,
    ErrorAfter,
    Slow(Duration),
}

impl Fate {
    fn name(self) -> &'static str {
        match self {
            Self::Arrives => "none",
            Self::NeverSent => "api: request lost",
            Self::AnswerLost => "api: answer lost",
            Self::AppliedLate(_) => "api: applied late",
            Self::Conflict => "api: 409",
            Self::TooMany => "api: 429",
            Self::ErrorBefore => "api: 500, nothing done",
            Self::ErrorAfter => "api: 504, done",
            Self::Slow(_) => "api: slow",
        }
    }
}

/// What becomes of a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WatchFate {
    Flows,
    Cut(usize),
    Gone,
    Lags(Duration),
    Stalls(usize),
}

/// The line from one process to the API server.
pub(crate) struct Line {
    server: Server,
    record: Record,
    process: usize,
    chance: Mutex<fastrand::Rng>,
    disturbed: AtomicBool,
    cut: AtomicBool,
    intents: Intents,
    /// Receipts of which an intent was lost already.
    lost: Mutex<BTreeSet<String>>,
}

impl Line {
    pub(crate) fn new(
        server: Server,
        record: Record,
        process: usize,
        chance: fastrand::Rng,
        script: &Script,
    ) -> Arc<Self> {
        Arc::new(Self {
            server,
            record,
            process,
            chance: Mutex::new(chance),
            disturbed: AtomicBool::new(script.disturbed),
            cut: AtomicBool::new(false),
            intents: script.intents,
            lost: Mutex::default(),
        })
    }

    /// From now on everything arrives and is answered.
    pub(crate) fn calm(&self) {
        self.disturbed.store(false, Ordering::SeqCst);
        self.cut.store(false, Ordering::SeqCst);
    }

    /// Cuts the line, or mends it.
    pub(crate) fn set_cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }

    /// What an operator is given.
    pub(crate) fn service(self: &Arc<Self>) -> ApiService {
        let line = Arc::clone(self);
        ApiService::new(tower::service_fn(move |request| {
            let line = Arc::clone(&line);
            async move { line.carry(request).await }
        }))
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.chance.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn carry(self: &Arc<Self>, request: Request<Body>) -> Result<Response<ApiBody>, BoxError> {
        if self.cut.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(10)).await;
            return Err("the line to the API server is cut".into());
        }
        let query = request.uri().query().unwrap_or_default().to_owned();
        if query.contains("watch=true") {
            return self.watch(request).await;
        }
        let fate = match self.fate_of_an_intent(&request) {
            Some(fate) => fate,
            None => self.fate(&request),
        };
        if fate != Fate::Arrives {
            let where_ = format!("#{} {} {}", self.process, request.method(), request.uri().path());
            self.record.fault(fate.name(), &where_);
        }
        self.meet(fate, request).await
    }

    /// What befalls a receipt's first write of its status: that is an intent.
    fn fate_of_an_intent(&self, request: &Request<Body>) -> Option<Fate> {
        let path = request.uri().path();
        let writes = *request.method() == Method::PUT || *request.method() == Method::PATCH;
        if self.intents == Intents::Pass || !writes || !path.contains("/receipts/") {
            return None;
        }
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let first = lost.insert(path.to_owned());
        match self.intents {
            Intents::FirstLost if first => Some(Fate::NeverSent),
            Intents::Slow if first => Some(Fate::Slow(SLOW_INTENT)),
            _ => None,
        }
    }

    fn fate(&self, request: &Request<Body>) -> Fate {
        if !self.disturbed.load(Ordering::SeqCst) {
            return Fate::Arrives;
        }
        let method = request.method().clone();
        self.draw(|chance| match chance.u8(0..160) {
            0 => Fate::NeverSent,
            1 | 2 => Fate::AnswerLost,
            3 => Fate::AppliedLate(Duration::from_millis(chance.u64(1..40_000))),
            4 | 5 if method == Method::PUT || method == Method::PATCH => Fate::Conflict,
            6 => Fate::TooMany,
            7 => Fate::ErrorBefore,
            8 => Fate::ErrorAfter,
            9..=14 => Fate::Slow(Duration::from_millis(chance.u64(1..20_000))),
            _ => Fate::Arrives,
        })
    }

    async fn meet(
        self: &Arc<Self>,
        fate: Fate,
        request: Request<Body>,
    ) -> Result<Response<ApiBody>, BoxError> {
        match fate {
            Fate::NeverSent => Err("the connection was refused".into()),
            Fate::Conflict => Ok(refusal(StatusCode::CONFLICT, "Conflict")),
            Fate::TooMany => Ok(refusal(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests")),
            Fate::ErrorBefore => Ok(refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError")),
            Fate::AppliedLate(after) => {
                let line = Arc::clone(self);
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    drop(line.pass(request, false).await);
                });
                Err("no answer in time".into())
            }
            Fate::AnswerLost => {
                self.pass(request, false).await?;
                Err("the connection was reset".into())
            }
            Fate::ErrorAfter => {
                self.pass(request, false).await?;
                Ok(refusal(StatusCode::GATEWAY_TIMEOUT, "Timeout"))
            }
            Fate::Slow(after) => {
                tokio::time::sleep(after).await;
                self.pass(request, true).await
            }
            Fate::Arrives => self.pass(request, true).await,
        }
    }

    /// Hands a request over, and looks at what comes back; where the answer is lost nobody has learned from it.
    async fn pass(&self, request: Request<Body>, answered: bool) -> Result<Response<ApiBody>, BoxError> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let began = self.record.moment();
        let response = (self.server)(request).await?;
        let (mut head, body) = response.into_parts();
        let bytes = body.collect().await?.to_bytes();
        let passed = Passed {
            method,
            uri,
            began,
            bytes: &bytes,
            status: head.status,
        };
        self.look(&passed, answered);
        let date = jiff::fmt::rfc2822::to_string(&self.record.now().to_zoned(jiff::tz::TimeZone::UTC));
        if let Ok(date) = date.unwrap_or_default().parse() {
            head.headers.insert(http::header::DATE, date);
        }
        Ok(Response::from_parts(head, whole(bytes)))
    }

    fn look(&self, passed: &Passed<'_>, answered: bool) {
        let path = passed.uri.path();
        if passed.method == Method::GET {
            if answered && passed.status.is_success() && !passed.is_page() {
                self.record.was_read(self.process, path, passed.began);
            }
            return;
        }
        if !passed.counts() {
            return;
        }
        self.record.wrote();
        let what = passed.told();
        self.record.note(format!(
            "#{} {} {path} {} {what}",
            self.process,
            passed.method,
            passed.status.as_u16()
        ));
        if !passed.status.is_success() {
            return;
        }
        if path.contains("/receipts") {
            self.receipt(passed);
        } else if path.contains("/assets") && passed.method != Method::DELETE {
            self.record.permission(|known| known.took(&passed.object()));
        } else if path.ends_with("/halts") {
            let since = self.record.moment();
            self.record
                .permission(|known| known.halted(&passed.object(), since));
        }
    }

    fn receipt(&self, passed: &Passed<'_>) {
        let receipt = passed.object();
        let name = text(&receipt, "/metadata/name");
        self.record.took(self.process, &receipt);
        match text(&receipt, "/status/phase").as_str() {
            // A lost answer may still be found on record: reading it there is as good.
            "Sending" => self.record.locked(self.process, &name),
            "Published" => {
                let slot = |field: &str| text(&receipt, &format!("/spec/slot/{field}"));
                let seen = self
                    .record
                    .is_visible(&slot("postId"), &slot("platform"), &slot("account"));
                if !seen {
                    self.record.wrong(format!(
                        "{} is told as published, and nobody can see it",
                        slot("postId")
                    ));
                }
            }
            _ => {}
        }
    }

    async fn watch(&self, request: Request<Body>) -> Result<Response<ApiBody>, BoxError> {
        let fate = self.watch_fate();
        if fate != WatchFate::Flows {
            let where_ = format!("#{} {} {fate:?}", self.process, request.uri().path());
            self.record.fault(watch_fault(fate), &where_);
        }
        if fate == WatchFate::Gone {
            return Ok(refusal(StatusCode::GONE, "Expired"));
        }
        let response = (self.server)(request).await?;
        Ok(response.map(|body| hindered(body, fate)))
    }

    fn watch_fate(&self) -> WatchFate {
        if !self.disturbed.load(Ordering::SeqCst) {
            return WatchFate::Flows;
        }
        self.draw(|chance| match chance.u8(0..10) {
            0 | 1 => WatchFate::Cut(chance.usize(0..6)),
            2 => WatchFate::Gone,
            3 | 4 => WatchFate::Lags(Duration::from_millis(chance.u64(1..30_000))),
            5 => WatchFate::Stalls(chance.usize(0..6)),
            _ => WatchFate::Flows,
        })
    }
}

fn watch_fault(fate: WatchFate) -> &'static str {
    match fate {
        WatchFate::Flows => "none",
        WatchFate::Cut(_) => "watch: cut",
        WatchFate::Gone => "watch: 410",
        WatchFate::Lags(_) => "watch: lags",
        WatchFate::Stalls(_) => "watch: stalls",
    }
}

/// A request that was handed over, and its answer.
struct Passed<'a> {
    method: Method,
    uri: Uri,
    began: u64,
    bytes: &'a Bytes,
    status: StatusCode,
}

impl Passed<'_> {
    /// A page of a list that feeds a cache: no direct read.
    fn is_page(&self) -> bool {
        self.uri.query().unwrap_or_default().contains("limit=")
    }

    /// Whether it is a write that must not happen at rest.
    fn counts(&self) -> bool {
        let path = self.uri.path();
        !path.contains("/leases") && (self.status.is_success() || self.status == StatusCode::CONFLICT)
    }

    fn object(&self) -> Value {
        serde_json::from_slice(self.bytes).unwrap_or_default()
    }

    fn told(&self) -> String {
        let object = self.object();
        let attempt = text(&object, "/status/attempts/0/id");
        let parts = [
            text(&object, "/status/phase"),
            text(&object, "/status/reason"),
            short(&attempt).to_owned(),
        ];
        parts.join(" ")
    }
}

fn text(object: &Value, pointer: &str) -> String {
    let found = object.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

fn whole(bytes: Bytes) -> ApiBody {
    ApiBody::new(Full::new(bytes).map_err(|never| match never {}))
}

fn refusal(status: StatusCode, reason: &str) -> Response<ApiBody> {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": status.as_u16(),
        "message": "simulated", "metadata": {}, "details": {"retryAfterSeconds": 1},
    });
    let mut response = Response::new(whole(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
}

/// A watch whose events are cut off, late, or stop coming without a word.
fn hindered(body: ApiBody, fate: WatchFate) -> ApiBody {
    let frames = BodyStream::new(body).filter_map(|frame| async move {
        let frame = frame.ok()?;
        frame.into_data().ok()
    });
    let lines: VecDeque<Bytes> = VecDeque::new();
    let flow = stream::unfold(
        (Box::pin(frames), lines, 0_usize),
        move |(mut frames, lines, count)| async move {
            match fate {
                WatchFate::Cut(after) if count >= after => return None,
                WatchFate::Stalls(after) if count >= after => {
                    // The connection is dead and nobody says so: kube asks anew after its own time-out.
                    tokio::time::sleep(Duration::from_secs(295)).await;
                    return None;
                }
                _ => {}
            }
            let data = frames.next().await?;
            if let WatchFate::Lags(by) = fate {
                tokio::time::sleep(by).await;
            }
            Some((Ok::<_, BoxError>(Frame::data(data)), (frames, lines, count + 1)))
        },
    );
    ApiBody::new(StreamBody::new(flow))
}

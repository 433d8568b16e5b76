//! The service: from a request to an answer.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};

use super::{
    answer::{self, Body, Wishes},
    body,
    cache::Documents,
    caller, discovery, go_duration, health, negotiate,
    negotiate::Discovery,
    path::{self, Place},
};
use crate::standalone::{
    registry::{Caller, Registry, Sources},
    status::Refusal,
};

/// How long a request that is no watch may take: as kube-apiserver's own default.
const LONGEST_REQUEST: Duration = Duration::from_mins(1);

/// How much is served at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests that are no watches; kube-apiserver's default is 400 reads and 200 writes.
    pub requests: usize,
    /// Watches.
    pub watches: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 600,
            watches: 1000,
        }
    }
}

/// What a service is made from.
#[derive(Debug, Clone, Default)]
pub struct WireOptions {
    /// How much is served at once.
    pub limits: Limits,
    /// Where audit ids and lengths of watches are drawn.
    pub sources: Sources,
    /// What `/api` tells as the server's address: `127.0.0.1:6443`.
    pub address: String,
}

/// The HTTP face of a control plane; cheap to clone, one for each connection or client.
#[derive(Debug, Clone)]
pub struct Wire {
    pub(super) shared: Arc<Shared>,
    caller: Option<Arc<Caller>>,
}

/// What all clones have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub registry: Registry,
    pub documents: Documents,
    pub sources: Sources,
    pub watches: Arc<Semaphore>,
    requests: Semaphore,
    address: String,
    ending: watch::Sender<bool>,
}

impl Shared {
    /// Sees the end of the control plane.
    pub(super) fn ending(&self) -> watch::Receiver<bool> {
        self.ending.subscribe()
    }
}

impl Wire {
    /// A service over a registry. It knows no caller yet: everybody hears 401.
    pub fn new(registry: Registry, options: WireOptions) -> Self {
        let WireOptions {
            limits,
            sources,
            address,
        } = options;
        let shared = Shared {
            registry,
            documents: Documents::default(),
            sources,
            watches: Arc::new(Semaphore::new(limits.watches)),
            requests: Semaphore::new(limits.requests),
            address,
            ending: watch::Sender::new(false),
        };
        Self {
            shared: Arc::new(shared),
            caller: None,
        }
    }

    /// The same service for one caller: a connection whose certificate or token was judged, or a client in process.
    #[must_use]
    pub fn acting_as(&self, caller: Caller) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            caller: Some(Arc::new(caller)),
        }
    }

    /// Ends every watch, and says not ready from now on.
    pub fn end(&self) {
        self.shared.ending.send_replace(true);
    }

    async fn answer<B>(self, request: Request<B>) -> Response<Body>
    where
        B: hyper::body::Body + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let audit_id = self.audit_id(&parts);
        let head = parts.method == Method::HEAD;
        let wishes = wishes(&parts);
        let answered = Box::pin(self.answer_in_time(parts, body)).await;
        let mut response = answered.unwrap_or_else(|refusal| answer::refusal(&refusal, wishes));
        let headers = response.headers_mut();
        headers.insert("audit-id", audit_id);
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-cache, private"));
        if head {
            response = response.map(|_body| Body::default());
        }
        response
    }

    async fn answer_in_time<B>(&self, parts: Parts, body: B) -> Result<Response<Body>, Refusal>
    where
        B: hyper::body::Body + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let place = path::read(parts.uri.path());
        let caller = caller::caller(&parts.headers, self.caller.as_deref())?;
        if let Place::Health(which, check) = &place {
            let verbose = parts.uri.query().is_some_and(|query| query.contains("verbose"));
            let ending = *self.shared.ending.borrow();
            return Ok(health::answer(*which, check.as_deref(), verbose, ending));
        }
        let asked = Asked {
            query: query(&parts),
            caller,
            wishes: wishes(&parts),
            parts,
        };
        let Ok(_turn) = self.shared.requests.try_acquire() else {
            return Err(Refusal::too_many_requests(
                "Too many requests, please try again later.",
                1,
            ));
        };
        let time = asked.time()?;
        let answered = async {
            let body = body::collect(body).await?;
            self.dispatch(place, asked, body).await
        };
        match tokio::time::timeout(time, answered).await {
            Ok(answered) => answered,
            Err(_) => Err(Refusal::timeout(
                "request did not complete within requested timeout - context deadline exceeded",
                0,
            )),
        }
    }

    async fn dispatch(&self, place: Place, asked: Asked, body: Bytes) -> Result<Response<Body>, Refusal> {
        match place {
            Place::Address(address) => self.at(address, &asked, body).await,
            Place::OpenApiIndex => Ok(self.openapi_index(&asked)),
            Place::OpenApi(document) => Ok(self.openapi(&document, &asked)),
            Place::Unknown => Ok(answer::page_not_found()),
            place if asked.parts.method == Method::GET => self.document(place, &asked),
            _ => Err(Refusal::no_such_method()),
        }
    }

    /// What stands without asking the registry about objects.
    fn document(&self, place: Place, asked: &Asked) -> Result<Response<Body>, Refusal> {
        let documents = self.shared.documents.at(&self.shared.registry);
        let versions = documents.group_versions();
        let object = |value: &Value| Ok(answer::object(StatusCode::OK, value, asked.wishes));
        let of_the_core = matches!(&place, Place::Resources { group, .. } if group.is_empty());
        let found = match place {
            Place::Core if asked.discovery()? == Discovery::Aggregated => {
                return Ok(documents.core.answer(asked));
            }
            Place::Groups if asked.discovery()? == Discovery::Aggregated => {
                return Ok(documents.groups.answer(asked));
            }
            Place::Core => Some(discovery::core(&self.shared.address)),
            Place::Groups => Some(discovery::groups(&versions)),
            Place::Group(name) => discovery::group(&versions, &name),
            Place::Resources { group, version } => versions
                .iter()
                .find(|known| known.group == group && known.version == version)
                .map(discovery::resources),
            Place::Version => {
                let wishes = Wishes {
                    pretty: true,
                    ..asked.wishes
                };
                return Ok(answer::object(StatusCode::OK, &health::version(), wishes));
            }
            Place::Paths => Some(paths(&versions)),
            _ => None,
        };
        match found {
            Some(value) => object(&value),
            None if of_the_core => Err(Refusal::no_such_resource()),
            None => Ok(answer::page_not_found()),
        }
    }

    /// The client's own id of the request, or a new one.
    fn audit_id(&self, parts: &Parts) -> HeaderValue {
        let own = parts.headers.get("audit-id").filter(|id| id.len() <= 64);
        if let Some(own) = own {
            return own.clone();
        }
        let drawn = data_encoding::HEXLOWER.encode(&(self.shared.sources.draw)());
        let part = |from, to| drawn.get(from..to).unwrap_or_default();
        let id = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-");
        HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    }
}

/// A request whose path and caller are known.
pub(super) struct Asked {
    pub parts: Parts,
    pub query: Vec<(String, String)>,
    pub caller: Caller,
    pub wishes: Wishes,
}

impl Asked {
    /// A header as a text; empty where it is not there.
    pub(super) fn header(&self, name: header::HeaderName) -> &str {
        text(&self.parts, name)
    }

    /// The first value of a query parameter.
    pub(super) fn parameter(&self, key: &str) -> Option<&str> {
        let pair = self.query.iter().find(|(name, _)| name == key)?;
        Some(pair.1.as_str())
    }

    fn discovery(&self) -> Result<Discovery, Refusal> {
        negotiate::discovery(self.header(header::ACCEPT))
    }

    /// How long the request may take: as asked, and no longer than all.
    fn time(&self) -> Result<Duration, Refusal> {
        let Some(asked) = self.parameter("timeout").filter(|text| !text.is_empty()) else {
            return Ok(LONGEST_REQUEST);
        };
        let time = go_duration::read(asked).ok_or_else(|| {
            Refusal::bad_request(format!(
                "invalid timeout specified in the request URL - time: invalid duration {asked:?}"
            ))
        })?;
        match time {
            Duration::ZERO => Ok(LONGEST_REQUEST),
            time => Ok(time.min(LONGEST_REQUEST)),
        }
    }
}

fn text(parts: &Parts, name: header::HeaderName) -> &str {
    let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// The most parameters of a query that are read.
const PARAMETERS: usize = 256;

fn query(parts: &Parts) -> Vec<(String, String)> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes()).take(PARAMETERS);
    pairs
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect()
}

fn wishes(parts: &Parts) -> Wishes {
    Wishes {
        encoding: negotiate::encoding_of_a_refusal(text(parts, header::ACCEPT)),
        pretty: negotiate::is_for_people(&query(parts), text(parts, header::USER_AGENT)),
        gzip: negotiate::unpacks_gzip(text(parts, header::ACCEPT_ENCODING)),
    }
}

fn paths(versions: &[discovery::GroupVersion<'_>]) -> Value {
    let mut paths: Vec<String> = [
        "/api",
        "/apis",
        "/healthz",
        "/livez",
        "/openapi/v3",
        "/readyz",
        "/version",
    ]
    .map(str::to_owned)
    .to_vec();
    for version in versions {
        paths.push(format!("/{}", version.path()));
        if !version.group.is_empty() {
            paths.push(format!("/apis/{}", version.group));
        }
    }
    paths.sort();
    paths.dedup();
    json!({"paths": paths})
}

impl<B> tower::Service<Request<B>> for Wire
where
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let wire = self.clone();
        Box::pin(async move { Ok(wire.answer(request).await) })
    }
}

//! One HTTP request with its answer, and whether anything of it can have reached the platform.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::stream;
use http::{
    HeaderMap, HeaderValue, Request, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH},
};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::PublishError;
use crate::egress::EgressPolicy;

type Cause = Box<dyn Error + Send + Sync>;

/// How requests leave: the guarded client, and the policy for hosts that are written as addresses.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    client: reqwest::Client,
    egress: EgressPolicy,
}

/// How long an exchange may take in all, and how much of an answer is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) timeout: Duration,
    pub(crate) answer_bytes: usize,
}

/// An answer: its head, and as much of its body as the bounds allowed.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) end: End,
}

/// How the body of an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was read whole.
    Whole,
    /// It was longer than the bound, and is cut.
    TooLong,
    /// It broke off, or took too long.
    Broken,
}

/// No answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No byte of the request can have left.
    #[error("failed to send the request")]
    NotSent(#[source] Cause),
    /// The request, or a part of it, left; nobody knows what became of it.
    #[error("failed to receive an answer to the request")]
    NoAnswer(#[source] Cause),
}

impl Wire {
    pub(crate) fn new(client: reqwest::Client, egress: EgressPolicy) -> Self {
        Self { client, egress }
    }

    /// Proves that a connection can be made, and sends nothing.
    pub(crate) async fn reach(&self, url: &Url, timeout: Duration) -> Result<(), Cause> {
        self.egress.check_url(url)?;
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(443);
        let connect = async {
            let addresses = self.egress.resolve_permitted(host, port).await?;
            tokio::net::TcpStream::connect(addresses.as_slice()).await?;
            Ok::<(), Cause>(())
        };
        tokio::time::timeout(timeout, connect).await?
    }

    /// Sends one request once, on a connection of its own, and reads its answer.
    ///
    /// An idle connection that the other side is about to close would turn a request that could have been sent into
    /// one of which nobody knows: none is kept.
    pub(crate) async fn exchange(&self, request: Request<Bytes>, bounds: Bounds) -> Result<Answer, Failure> {
        let gate = Gate::default();
        let request = self.prepared(request, &gate).map_err(Failure::NotSent)?;
        let deadline = Instant::now() + bounds.timeout;
        // The future is gone when this returns: after that the gate cannot be asked by a request that goes on.
        let result = timeout_at(deadline, self.client.execute(request)).await;
        let cause: Cause = match result {
            Ok(Ok(response)) => return Ok(read(response, deadline, bounds.answer_bytes).await),
            Ok(Err(error)) => error.without_url().into(),
            Err(elapsed) => elapsed.into(),
        };
        Err(if gate.close() {
            Failure::NotSent(cause)
        } else {
            Failure::NoAnswer(cause)
        })
    }

    fn prepared(&self, request: Request<Bytes>, gate: &Gate) -> Result<reqwest::Request, Cause> {
        let (parts, body) = request.into_parts();
        let url: Url = parts.uri.to_string().parse()?;
        self.egress.check_url(&url)?;
        let mut prepared = reqwest::Request::new(parts.method, url);
        *prepared.headers_mut() = parts.headers;
        prepared
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
        if body.is_empty() {
            // A request without a body has no first byte to watch; such requests only read.
            gate.open();
        } else {
            prepared.headers_mut().insert(CONTENT_LENGTH, body.len().into());
            *prepared.body_mut() = Some(gate.watched(body));
        }
        Ok(prepared)
    }
}

/// Stands before the body of a request: once closed, no byte of the request leaves any more.
///
/// hyper asks for the body after it has put the head into its buffer and before it flushes that buffer
/// (`proto/h1/dispatch.rs`, `poll_write`), and an error of the body ends the connection without a flush. So a body
/// that was never asked for means that nothing was sent, and one that may not be had any more means that nothing
/// will be. This holds for HTTP/1; the guarded client negotiates no other.
#[derive(Clone, Debug, Default)]
struct Gate(Arc<AtomicU8>);

impl Gate {
    const UNTOUCHED: u8 = 0;
    const PASSED: u8 = 1;
    const CLOSED: u8 = 2;

    /// True where it is, or was, open.
    fn open(&self) -> bool {
        self.0
            .compare_exchange(Self::UNTOUCHED, Self::PASSED, Ordering::SeqCst, Ordering::SeqCst)
            .map_or_else(|state| state == Self::PASSED, |_| true)
    }

    /// True where nothing has passed, and nothing will.
    fn close(&self) -> bool {
        self.0
            .compare_exchange(Self::UNTOUCHED, Self::CLOSED, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }

    fn watched(&self, body: Bytes) -> reqwest::Body {
        let gate = self.clone();
        reqwest::Body::wrap_stream(stream::once(async move {
            if gate.open() {
                Ok(body)
            } else {
                Err(std::io::Error::from(std::io::ErrorKind::TimedOut))
            }
        }))
    }
}

async fn read(mut response: reqwest::Response, deadline: Instant, limit: usize) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = BytesMut::new();
    let end = loop {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() <= limit => body.extend_from_slice(&chunk),
            Ok(Ok(Some(_))) => break End::TooLong,
            Ok(Ok(None)) => break End::Whole,
            Ok(Err(_)) | Err(_) => break End::Broken,
        }
    };
    Answer {
        status,
        headers,
        body: body.freeze(),
        end,
    }
}

impl From<Failure> for PublishError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent(cause) => Self::not_sent(
                "NotSent",
                format!("the request could not be sent: {}", innermost(&*cause)),
            )
            .because(cause),
            Failure::NoAnswer(cause) => {
                Self::unknown("NoAnswer", "the request was sent and no answer came").because(cause)
            }
        }
    }
}

/// The first cause, which names the host or the address; bounded.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string().chars().take(200).collect()
}

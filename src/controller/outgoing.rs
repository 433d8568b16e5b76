//! Every request that leaves the operator passes here: counted, bounded in time, and its answer's date noted.

use std::{
    fmt::Debug,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{Method, Request, Response};
use jiff::Timestamp;
use kube::client::Body;
use tower::{BoxError, Layer, Service};

use super::clock::Clock;
use crate::telemetry::Metrics;

/// How long the API server may take to begin its answer; a watch is answered before its first event.
const API_TIMEOUT: Duration = Duration::from_secs(30);

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// A request to the API server.
    Api {
        /// Its method.
        method: Method,
        /// Its path, without the query.
        path: String,
    },
    /// A call of a channel: prepare, commit, resolve.
    Channel {
        /// Which call.
        call: &'static str,
    },
}

/// Sees every outgoing request before it leaves and after it was answered.
///
/// Production uses [`Unhindered`]; tests stop the world here, at any request, before or after it took effect.
pub trait Interceptor: Debug + Send + Sync {
    /// Called before a request leaves; the request waits for it.
    fn before(&self, outgoing: Outgoing) -> BoxFuture<'static, ()>;
    /// Called when the answer is there, before anybody sees it.
    fn after(&self, outgoing: Outgoing) -> BoxFuture<'static, ()>;
}

/// Calls a channel, where tests can stop the world.
pub(super) async fn call<T>(
    interceptor: &dyn Interceptor,
    call: &'static str,
    future: impl Future<Output = T>,
) -> T {
    interceptor.before(Outgoing::Channel { call }).await;
    let answer = future.await;
    interceptor.after(Outgoing::Channel { call }).await;
    answer
}

/// Lets every request pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unhindered;

impl Interceptor for Unhindered {
    fn before(&self, _: Outgoing) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn after(&self, _: Outgoing) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// How far the API server's clock is ahead of ours, in seconds; none before it has answered.
#[derive(Debug, Default)]
pub struct ServerClock(std::sync::Mutex<Option<i64>>);

impl ServerClock {
    /// The newest difference.
    pub fn offset_seconds(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn note(&self, response: &Response<impl Sized>, now: Timestamp) {
        let date = response
            .headers()
            .get(http::header::DATE)
            .and_then(|date| date.to_str().ok());
        let Some(server) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else {
            return;
        };
        let offset = server.timestamp().as_second() - now.as_second();
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(offset);
    }
}

/// What the layer needs.
#[derive(Clone, Debug)]
pub struct OutgoingLayer {
    /// Sees every request.
    pub interceptor: Arc<dyn Interceptor>,
    /// Counts them.
    pub metrics: Metrics,
    /// Notes the dates of answers.
    pub server_clock: Arc<ServerClock>,
    /// What the dates are compared with.
    pub clock: Arc<dyn Clock>,
}

impl<S> Layer<S> for OutgoingLayer {
    type Service = OutgoingService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        OutgoingService {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service that the layer makes.
#[derive(Clone, Debug)]
pub struct OutgoingService<S> {
    inner: S,
    layer: OutgoingLayer,
}

impl<S, B> Service<Request<Body>> for OutgoingService<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + 'static,
    B: Send + 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let outgoing = Outgoing::Api {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
        };
        let layer = self.layer.clone();
        let before = layer.interceptor.before(outgoing.clone());
        // The call is made only when it is first polled, so nothing leaves before `before` has passed.
        let answer = self.inner.call(request);
        Box::pin(async move {
            before.await;
            let result = match tokio::time::timeout(API_TIMEOUT, answer).await {
                Ok(answer) => answer.map_err(Into::into),
                Err(elapsed) => Err(elapsed.into()),
            };
            let code = result.as_ref().map_or(0, |response| response.status().as_u16());
            if let Outgoing::Api { method, .. } = &outgoing {
                layer.metrics.api_request(method, code);
            }
            if let Ok(response) = &result {
                layer.server_clock.note(response, layer.clock.now());
            }
            layer.interceptor.after(outgoing).await;
            result
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tower::ServiceExt as _;

    use super::*;
    use crate::controller::SystemClock;

    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_answers_is_given_up_by_watches_too() {
        let layer = OutgoingLayer {
            interceptor: Arc::new(Unhindered),
            metrics: Metrics::default(),
            server_clock: Arc::default(),
            clock: Arc::new(SystemClock),
        };
        let silent = tower::service_fn(|_: Request<Body>| pending::<Result<Response<Body>, BoxError>>());
        for path in ["/api/v1/events", "/api/v1/events?watch=true"] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answered = layer.layer(silent).oneshot(request);
            let answered = tokio::time::timeout(2 * API_TIMEOUT, answered).await;
            assert!(answered.unwrap().is_err(), "{path}");
        }
    }
}

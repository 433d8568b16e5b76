//! The HTTP server: health, metrics, and the webhook that wakes a campaign.

mod webhook;

use std::{future::Future, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::future::BoxFuture;

pub use webhook::{Push, Signature, push, signature};

/// How large the body of a webhook may be, in bytes; GitHub's own limit is 25 MiB.
const LARGEST_WEBHOOK: usize = 25 * 1024 * 1024;

/// What a webhook of a git host came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// That many campaigns were woken.
    Campaigns(usize),
    /// No campaign's secret signed it.
    NotSigned,
    /// It could not be passed on.
    Failed,
}

/// What the server shows of the process behind it.
pub trait Surface: Send + Sync + 'static {
    /// Whether every kind has been listed; else what is missing.
    fn ready(&self) -> BoxFuture<'_, Result<(), String>>;

    /// Everything in Prometheus' text format.
    fn metrics(&self) -> String;

    /// Wakes the campaigns that a signed push is for.
    fn pushed<'a>(&'a self, signature: Option<Signature>, body: &'a [u8]) -> BoxFuture<'a, Woken>;
}

/// The routes.
pub fn router(surface: Arc<dyn Surface>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/api/webhook/git", post(git_webhook))
        .layer(DefaultBodyLimit::max(LARGEST_WEBHOOK))
        .with_state(surface)
}

/// Serves until told to stop.
///
/// # Errors
/// Where the address cannot be listened on, or the listener fails.
pub async fn serve(
    listen: SocketAddr,
    surface: Arc<dyn Surface>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(listen).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    axum::serve(listener, router(surface))
        .with_graceful_shutdown(stop)
        .await
}

async fn ready(State(surface): State<Arc<dyn Surface>>) -> Response {
    match surface.ready().await {
        Ok(()) => "ok\n".into_response(),
        Err(missing) => (StatusCode::SERVICE_UNAVAILABLE, format!("{missing}\n")).into_response(),
    }
}

async fn metrics(State(surface): State<Arc<dyn Surface>>) -> Response {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, OPEN_METRICS)], surface.metrics()).into_response()
}

async fn git_webhook(State(surface): State<Arc<dyn Surface>>, headers: HeaderMap, body: Bytes) -> Response {
    match surface.pushed(signature(&headers), &body).await {
        Woken::Campaigns(count) => {
            (StatusCode::ACCEPTED, format!("{count} campaigns woken\n")).into_response()
        }
        Woken::NotSigned => (StatusCode::UNAUTHORIZED, "the signature is missing or wrong\n").into_response(),
        Woken::Failed => (StatusCode::BAD_GATEWAY, "the wake-up could not be passed on\n").into_response(),
    }
}

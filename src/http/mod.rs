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
use tokio::net::TcpListener;

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
    let listener = TcpListener::bind(listen).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    serve_on(listener, surface, stop).await
}

/// Serves whoever comes to a listener, until told to stop.
///
/// # Errors
/// Where the listener fails.
pub async fn serve_on(
    listener: TcpListener,
    surface: Arc<dyn Surface>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
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

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::{Method, Request};
    use tower::ServiceExt;

    use super::*;

    /// Answers what it was made with; a push is passed on where its body says who signed it.
    struct Told {
        ready: Result<(), String>,
        woken: Woken,
    }

    impl Surface for Told {
        fn ready(&self) -> BoxFuture<'_, Result<(), String>> {
            Box::pin(std::future::ready(self.ready.clone()))
        }

        fn metrics(&self) -> String {
            "# EOF\n".to_owned()
        }

        fn pushed<'a>(&'a self, signature: Option<Signature>, _: &'a [u8]) -> BoxFuture<'a, Woken> {
            let woken = if signature.is_some() {
                self.woken
            } else {
                Woken::NotSigned
            };
            Box::pin(std::future::ready(woken))
        }
    }

    async fn asked(told: Told, method: Method, path: &str, body: Vec<u8>) -> (u16, String) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-gitlab-token", "secret");
        let response = router(Arc::new(told))
            .oneshot(request.body(Body::from(body)).unwrap())
            .await
            .unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 4096).await.unwrap();
        (status, String::from_utf8_lossy(&body).trim().to_owned())
    }

    fn told(woken: Woken) -> Told {
        Told { ready: Ok(()), woken }
    }

    async fn got(told: Told, path: &str) -> (u16, String) {
        asked(told, Method::GET, path, Vec::new()).await
    }

    async fn pushed(woken: Woken, bytes: usize) -> u16 {
        asked(told(woken), Method::POST, "/api/webhook/git", vec![b'x'; bytes])
            .await
            .0
    }

    #[tokio::test]
    async fn it_lives_before_it_is_ready_and_says_what_is_missing() {
        let waiting = || Told {
            ready: Err("not listed yet".to_owned()),
            woken: Woken::NotSigned,
        };
        assert_eq!(got(waiting(), "/livez").await, (200, "ok".to_owned()));
        assert_eq!(
            got(waiting(), "/readyz").await,
            (503, "not listed yet".to_owned())
        );
        assert_eq!(
            got(told(Woken::NotSigned), "/readyz").await,
            (200, "ok".to_owned())
        );
        assert_eq!(
            got(told(Woken::NotSigned), "/metrics").await,
            (200, "# EOF".to_owned())
        );
    }

    #[tokio::test]
    async fn each_end_of_a_webhook_has_its_status() {
        assert_eq!(pushed(Woken::Campaigns(2), 10).await, 202);
        assert_eq!(pushed(Woken::NotSigned, 10).await, 401);
        assert_eq!(pushed(Woken::Failed, 10).await, 502);
    }

    #[tokio::test]
    async fn a_webhook_is_bounded_and_is_a_post() {
        assert_eq!(pushed(Woken::Campaigns(1), LARGEST_WEBHOOK + 1).await, 413);
        assert_eq!(got(told(Woken::Campaigns(1)), "/api/webhook/git").await.0, 405);
        assert_eq!(got(told(Woken::Campaigns(1)), "/").await.0, 404);
    }

    #[tokio::test]
    async fn a_webhook_without_a_signature_wakes_nobody() {
        let request = Request::post("/api/webhook/git").body(Body::empty()).unwrap();
        let response = router(Arc::new(told(Woken::Campaigns(1))))
            .oneshot(request)
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    }
}

//! A receiver of webhooks that answers each request after a while.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Json, Router, body::Bytes, extract::State};
use tokio::sync::watch;

struct Shared {
    delay: Duration,
    count: AtomicUsize,
    answered: watch::Sender<(usize, Instant)>,
}

/// Answers every request with an id; connections are kept open.
pub(crate) struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl Sink {
    /// Starts a sink that takes so long for an answer.
    pub(crate) async fn start(delay: Duration) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("the port");
        let shared = Arc::new(Shared {
            delay,
            count: AtomicUsize::new(0),
            answered: watch::channel((0, Instant::now())).0,
        });
        let router = Router::new().fallback(take).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("the sink serves") });
        Self {
            address,
            shared,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// How many requests were answered.
    pub(crate) fn count(&self) -> usize {
        self.shared.count.load(Ordering::SeqCst)
    }

    /// Waits until so many requests were answered; the instant of the last one.
    pub(crate) async fn answered(&self, count: usize) -> Instant {
        let mut answered = self.shared.answered.subscribe();
        let reached = answered.wait_for(|(so_far, _)| *so_far >= count);
        reached.await.expect("the sink lives").1
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(shared): State<Arc<Shared>>, _body: Bytes) -> Json<serde_json::Value> {
    if !shared.delay.is_zero() {
        tokio::time::sleep(shared.delay).await;
    }
    let number = shared.count.fetch_add(1, Ordering::SeqCst) + 1;
    shared.answered.send_modify(|answered| {
        if number > answered.0 {
            *answered = (number, Instant::now());
        }
    });
    Json(serde_json::json!({
        "id": format!("post-{number}"),
        "url": format!("https://platform.example.com/posts/{number}"),
    }))
}

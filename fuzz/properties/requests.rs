//! What holds for every request to the embedded control plane, however it is written.

use std::{cell::RefCell, time::Duration};

use campanile::standalone::{
    ControlPlane, Options,
    registry::Caller,
    wire::{Wire, WireOptions},
};
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower::Service as _;

/// After so many requests a new server is started: what they made would grow without end.
const REQUESTS: u32 = 5000;
/// How long an answer is waited for.
const LONGEST: Duration = Duration::from_secs(1);

thread_local! {
    static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
}

struct Server {
    runtime: Runtime,
    wire: Wire,
    /// Held: it ends when this goes.
    _plane: ControlPlane,
    left: u32,
}

impl Server {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime");
        let plane = runtime.block_on(ControlPlane::in_memory(Options::default()));
        let plane = plane.expect("a control plane");
        let caller = Caller {
            username: "anybody".to_owned(),
            ..Caller::default()
        };
        let wire = Wire::new(plane.registry().clone(), WireOptions::default()).acting_as(caller);
        Self {
            runtime,
            wire,
            _plane: plane,
            left: REQUESTS,
        }
    }

    fn answer(&mut self, request: Request<Full<bytes::Bytes>>) {
        let target = request.uri().to_string();
        let streams = target.contains("watch");
        let Ok(response) = self.runtime.block_on(self.wire.call(request));
        let (head, body) = response.into_parts();
        let media_type = head.headers.get(header::CONTENT_TYPE);
        let is_json = media_type.is_some_and(|value| value == "application/json");
        if streams || !is_json || head.headers.contains_key(header::CONTENT_ENCODING) {
            return;
        }
        // A watch whose name is written in escapes goes on, and is left.
        let body = self
            .runtime
            .block_on(async { tokio::time::timeout(LONGEST, body.collect()).await });
        let body = match body {
            Ok(Ok(body)) => body.to_bytes(),
            _ => return,
        };
        if body.is_empty() {
            return;
        }
        let answer: Value = serde_json::from_slice(&body).expect("JSON, as the header says");
        if !head.status.is_success() {
            assert_eq!(answer["kind"], "Status", "{target}: {answer}");
            assert_eq!(answer["code"], head.status.as_u16(), "{target}: {answer}");
        }
    }
}

/// A request as it stands on the wire: its line, headers, an empty line, and its body.
///
/// Every request is answered: a refusal is a Status with the same code, an answer that calls itself JSON is JSON.
pub(crate) fn request_paths(bytes: &[u8]) {
    let Some(request) = read(bytes) else {
        return;
    };
    SERVER.with_borrow_mut(|server| {
        if server.as_ref().is_some_and(|server| server.left == 0) {
            *server = None;
        }
        let server = server.get_or_insert_with(Server::start);
        server.left -= 1;
        server.answer(request);
    });
}

fn read(bytes: &[u8]) -> Option<Request<Full<bytes::Bytes>>> {
    let end = bytes
        .windows(2)
        .position(|two| two == b"\n\n")
        .unwrap_or(bytes.len());
    let (head, body) = bytes.split_at(end);
    let body = body.strip_prefix(b"\n\n").unwrap_or(body);
    let mut lines = std::str::from_utf8(head).ok()?.lines();
    let (method, target) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(target);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        request = request.header(name, value);
    }
    request.body(Full::new(bytes::Bytes::copy_from_slice(body))).ok()
}

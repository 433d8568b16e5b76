//! The frames of a watch on their way out: a JSON object a line, until the time is over.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    answer::{self, Body},
    form::Former,
};
use crate::standalone::registry::{Frames, WatchEvent};

/// The media type of a stream of frames in JSON.
const MEDIA_TYPE: &str = "application/json";

/// A watch that is served.
pub(super) struct Served {
    /// What happens.
    pub frames: Frames,
    /// In which form objects are told.
    pub former: Former,
    /// After which time the watch ends.
    pub ends_after: Duration,
    /// Ends every watch when the control plane ends.
    pub ending: tokio::sync::watch::Receiver<bool>,
    /// Counts this watch while it lasts.
    pub permit: OwnedSemaphorePermit,
}

/// The answer to a watch.
pub(super) fn answer(served: Served) -> Response<Body> {
    let frames = lines(served).map(|line| Ok::<_, Infallible>(Frame::data(line)));
    let mut response = answer::bytes(StatusCode::OK, MEDIA_TYPE, Bytes::new());
    *response.body_mut() = StreamBody::new(frames).boxed_unsync();
    response
}

fn lines(served: Served) -> impl Stream<Item = Bytes> + Send {
    let Served {
        frames,
        former,
        ends_after,
        mut ending,
        permit,
    } = served;
    let over = async move {
        tokio::select! {
            () = tokio::time::sleep(ends_after) => {}
            _ended = ending.wait_for(|ending| *ending) => {}
        }
    };
    let state = (frames, former, permit);
    let lines = stream::unfold(state, |(mut frames, mut former, permit)| async move {
        let event = frames.next().await?;
        let line = line(event, &mut former);
        Some((line, (frames, former, permit)))
    });
    lines.take_until(Box::pin(over))
}

fn line(event: WatchEvent, former: &mut Former) -> Bytes {
    let word = event.word();
    let object = match event {
        WatchEvent::Error(refusal) => refusal.body(),
        event => former.event(event.into_object()),
    };
    told(word, &object)
}

fn told(word: &str, object: &Value) -> Bytes {
    answer::json(&json!({"type": word, "object": object}), false).into()
}

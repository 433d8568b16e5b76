//! Streams of events, read until they have said enough.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use super::corpus::StreamEnd;

/// Longest wait for the events that a step names.
const PATIENCE: Duration = Duration::from_secs(20);

/// The events of a stream as a list; a stream that ended too early, or went on without saying
/// enough, has that as its last entry.
pub(crate) async fn events(mut response: Response, end: &StreamEnd) -> Value {
    let mut events = Vec::new();
    let read = tokio::time::timeout(PATIENCE, read_until(&mut response, end, &mut events)).await;
    let remark = match (read, end) {
        (Err(_), _) => Some("nothing more came"),
        (Ok(false), StreamEnd::Closed) | (Ok(true), _) => None,
        (Ok(false), _) => Some("the server ended the stream"),
    };
    events.extend(remark.map(|remark| json!(remark)));
    Value::Array(events)
}

/// Whether the stream said enough before it ended.
async fn read_until(response: &mut Response, end: &StreamEnd, events: &mut Vec<Value>) -> bool {
    let mut text = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        text.extend_from_slice(&bytes);
        while let Some(length) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=length).collect();
            events.push(super::answer::body(&line, &Value::Null));
            if said_enough(end, events) {
                return true;
            }
        }
    }
    if !text.is_empty() {
        events.push(super::answer::body(&text, &Value::Null));
    }
    false
}

fn said_enough(end: &StreamEnd, events: &[Value]) -> bool {
    match end {
        StreamEnd::Events(count) => events.len() >= *count,
        StreamEnd::Bookmark => events
            .last()
            .is_some_and(|event| event.pointer("/type") == Some(&json!("BOOKMARK"))),
        StreamEnd::Closed => false,
    }
}

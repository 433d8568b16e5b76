//! Events are forgotten an hour after they were last seen.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time;

use super::{Propagation, Registry, note, object};

/// How long an Event is kept; the API server's default.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);

const LOOK_EVERY: Duration = Duration::from_mins(1);

pub(super) async fn forget_old(registry: Registry) {
    loop {
        let now = (registry.inner.sources.now)();
        if let Some(resource) = registry.resource_in("events") {
            for event in registry.every(&resource, None) {
                if is_old(&event, now) {
                    let done = registry.collect(&resource, &event, Propagation::Background).await;
                    note("forget an old Event", done);
                }
            }
        }
        time::sleep(LOOK_EVERY).await;
    }
}

fn is_old(event: &Value, now: Timestamp) -> bool {
    let seen = [
        "/metadata/creationTimestamp",
        "/lastTimestamp",
        "/series/lastObservedTime",
    ];
    let last = seen
        .iter()
        .filter_map(|pointer| object::text(event, pointer).parse::<Timestamp>().ok())
        .max();
    last.is_some_and(|last| now.duration_since(last) > KEPT_FOR)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_old_an_hour_after_it_was_last_seen() {
        let event = json!({
            "metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}, "lastTimestamp": "2026-01-01T01:00:00Z",
        });
        let at = |text: &str| text.parse().unwrap();
        assert!(!is_old(&event, at("2026-01-01T01:59:00Z")));
        assert!(is_old(&event, at("2026-01-01T02:00:01Z")));
    }
}

//! The one place that logs outcomes and emits Events.

use std::{collections::BTreeSet, fmt::Debug, sync::Mutex};

use jiff::Timestamp;
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{Api, Client, api::PostParams, core::ObjectMeta};

use super::{
    error::{Error, chain},
    lock::lock,
};
use crate::domain::{digest, receipt::shortened};

/// Who emits.
const CONTROLLER: &str = "campanile.dev/operator";
/// How many Events are remembered as emitted.
const REMEMBERED: usize = 65_536;

/// Something that a person should find on an object.
#[derive(Clone, Debug)]
pub(crate) struct Notice<'a> {
    /// True for what needs a person.
    pub(crate) warns: bool,
    /// One word, as on the condition.
    pub(crate) reason: &'a str,
    /// What was being done: Publish, Read, Resolve.
    pub(crate) action: &'a str,
    /// A sentence.
    pub(crate) note: &'a str,
    /// What tells this occurrence from an earlier one; equal ones are emitted once.
    pub(crate) occurrence: &'a str,
}

/// Emits Events, each once.
pub(crate) struct Reporter {
    client: Client,
    instance: String,
    emitted: Mutex<BTreeSet<String>>,
}

impl Reporter {
    /// Emits in the name of a pod.
    pub(crate) fn new(client: Client, instance: &str) -> Self {
        Self {
            client,
            instance: instance.to_owned(),
            emitted: Mutex::default(),
        }
    }

    /// Emits a notice on an object, once; a failure to do so is logged and stops nothing.
    pub(crate) async fn emit(&self, regarding: ObjectReference, notice: Notice<'_>, now: Timestamp) {
        let object = regarding.name.clone().unwrap_or_default();
        let name = event_name(&regarding, &notice);
        if !self.remember(&name) {
            return;
        }
        if notice.warns {
            tracing::warn!(object, reason = notice.reason, "{}", notice.note);
        } else {
            tracing::info!(object, reason = notice.reason, "{}", notice.note);
        }
        let namespace = regarding.namespace.clone().unwrap_or_default();
        let event = self.event(name, regarding, &notice, now);
        let api: Api<Event> = Api::namespaced(self.client.clone(), &namespace);
        match api.create(&PostParams::default(), &event).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => tracing::warn!(object, "failed to emit an Event: {}", chain(&error)),
        }
    }

    fn remember(&self, name: &str) -> bool {
        let mut emitted = lock(&self.emitted);
        if emitted.len() >= REMEMBERED {
            emitted.clear();
        }
        emitted.insert(name.to_owned())
    }

    fn event(&self, name: String, regarding: ObjectReference, notice: &Notice<'_>, now: Timestamp) -> Event {
        Event {
            metadata: ObjectMeta {
                name: Some(name),
                namespace: regarding.namespace.clone(),
                ..ObjectMeta::default()
            },
            action: Some(shortened(notice.action, 120)),
            event_time: Some(MicroTime(now)),
            note: Some(shortened(notice.note, 1000)),
            reason: Some(shortened(notice.reason, 120)),
            regarding: Some(regarding),
            reporting_controller: Some(CONTROLLER.to_owned()),
            reporting_instance: Some(shortened(&self.instance, 120)),
            type_: Some(if notice.warns { "Warning" } else { "Normal" }.to_owned()),
            ..Event::default()
        }
    }
}

/// The same notice on the same object has the same name, so that no replica and no restart emits it twice.
fn event_name(regarding: &ObjectReference, notice: &Notice<'_>) -> String {
    let identity = (&regarding.uid, notice.reason, notice.occurrence);
    let digest = digest::of_json(&identity);
    let short: String = digest.chars().skip("sha256:".len()).take(16).collect();
    let object: String = regarding
        .name
        .as_deref()
        .unwrap_or("object")
        .chars()
        .take(200)
        .collect();
    format!("{object}.{short}")
}

/// Logs what became of a reconciliation: the only place that does.
pub(crate) fn reconciled(
    controller: &'static str,
    object: &str,
    result: Result<(), &Error>,
    metrics: &crate::telemetry::Metrics,
) {
    match result {
        Ok(()) => metrics.reconciled(controller, "success"),
        Err(error) => {
            metrics.reconciled(controller, error.reason());
            if error.class() == super::error::ErrorClass::Conflict {
                tracing::debug!(controller, object, "{}", chain(error));
            } else {
                tracing::warn!(controller, object, reason = error.reason(), "{}", chain(error));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(uid: &str) -> ObjectReference {
        ObjectReference {
            name: Some("launch".to_owned()),
            uid: Some(uid.to_owned()),
            ..ObjectReference::default()
        }
    }

    fn notice<'a>(reason: &'a str, note: &'a str, occurrence: &'a str) -> Notice<'a> {
        Notice {
            warns: true,
            reason,
            action: "Publish",
            note,
            occurrence,
        }
    }

    #[test]
    fn the_same_occurrence_has_one_name_whatever_it_says() {
        let first = event_name(&object("1"), &notice("Failed", "refused", "attempt-1"));
        assert_eq!(
            first,
            event_name(&object("1"), &notice("Failed", "reset", "attempt-1"))
        );
        for other in [
            event_name(&object("2"), &notice("Failed", "refused", "attempt-1")),
            event_name(&object("1"), &notice("Missed", "refused", "attempt-1")),
            event_name(&object("1"), &notice("Failed", "refused", "attempt-2")),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn a_long_name_leaves_room_for_what_tells_events_apart() {
        let long = ObjectReference {
            name: Some("a".repeat(253)),
            ..object("1")
        };
        let name = event_name(&long, &notice("Failed", "", ""));
        assert_eq!(name.len(), 217);
    }
}

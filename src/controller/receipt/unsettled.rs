//! Which receipts are not settled, and whose.

use std::{collections::BTreeMap, sync::Mutex};

use kube::{
    Resource,
    runtime::{
        reflector::{ObjectRef, Store},
        watcher::Event,
    },
};

use super::{
    super::{lock::lock, view::ReceiptView},
    asset_name,
};
use crate::{
    api::{ReceiptPhase, ReceiptStatus},
    domain::receipt::undecided,
};

/// The receipts that are not settled, by namespace and name of the Asset that their slot belongs to.
#[derive(Debug, Default)]
pub(crate) struct Unsettled(Mutex<BTreeMap<(String, String), Held>>);

/// One receipt.
#[derive(Debug)]
struct Held {
    name: String,
    /// Whether it says itself how it stands, because no Asset led to it.
    tells: bool,
}

impl Unsettled {
    /// The receipt of an Asset, where it is not settled, and either the Asset is gone or the receipt was without one.
    pub(crate) fn of_asset(&self, namespace: &str, asset: &str, gone: bool) -> Option<String> {
        let held = lock(&self.0);
        let held = held.get(&(namespace.to_owned(), asset.to_owned()))?;
        (gone || held.tells).then(|| held.name.clone())
    }

    /// All of a namespace.
    pub(crate) fn of_namespace(&self, namespace: &str) -> Vec<String> {
        let held = lock(&self.0);
        let from = (namespace.to_owned(), String::new());
        let ours = held.range(from..).take_while(|((of, _), _)| of == namespace);
        ours.map(|(_, held)| held.name.clone()).collect()
    }

    fn note(&self, view: &ReceiptView) {
        let Some(key) = key(view) else { return };
        let held = Held {
            name: view.meta().name.clone().unwrap_or_default(),
            tells: !view.status.conditions.is_empty(),
        };
        lock(&self.0).insert(key, held);
    }

    fn forget(&self, view: &ReceiptView) {
        if let Some(key) = key(view) {
            lock(&self.0).remove(&key);
        }
    }
}

fn key(view: &ReceiptView) -> Option<(String, String)> {
    Some((
        view.meta().namespace.clone().unwrap_or_default(),
        asset_name(view)?,
    ))
}

/// True where something is still to be done or to be said about a receipt.
fn is_unsettled(status: &ReceiptStatus) -> bool {
    let open = matches!(
        status.phase,
        ReceiptPhase::Claimed | ReceiptPhase::Sending | ReceiptPhase::Unknown
    );
    let tells = !status.conditions.is_empty();
    open || tells || status.release_requested.is_some() || undecided(status).next().is_some()
}

/// What the watch says, as far as it is about receipts that are not settled: only these are kept in the store.
pub(crate) fn unsettled_only(
    event: Event<ReceiptView>,
    store: &Store<ReceiptView>,
    unsettled: &Unsettled,
) -> Option<Event<ReceiptView>> {
    match event {
        Event::Init => {
            lock(&unsettled.0).clear();
            Some(Event::Init)
        }
        Event::InitDone => Some(Event::InitDone),
        Event::InitApply(view) if is_unsettled(&view.status) => {
            unsettled.note(&view);
            Some(Event::InitApply(view))
        }
        Event::InitApply(_) => None,
        Event::Apply(view) if is_unsettled(&view.status) => {
            unsettled.note(&view);
            Some(Event::Apply(view))
        }
        Event::Apply(view) | Event::Delete(view) => {
            unsettled.forget(&view);
            store
                .get(&ObjectRef::from_obj(&view))
                .map(|_| Event::Delete(view))
        }
    }
}

#[cfg(test)]
mod tests {
    use kube::runtime::reflector;
    use serde_json::json;

    use super::*;

    fn receipt(phase: &str, tells: bool) -> ReceiptView {
        let conditions = if tells {
            json!([{"type": "Ready", "status": "False", "reason": "AssetGone", "message": "",
                    "lastTransitionTime": "2026-03-02T07:00:00Z"}])
        } else {
            json!([])
        };
        serde_json::from_value(json!({
            "metadata": {"name": "r1-a", "namespace": "n", "resourceVersion": "1"},
            "spec": {"slot": {
                "environment": "Production", "campaign": "week1", "postId": "launch", "platform": "linkedin",
                "account": "company", "locale": "en", "item": "main", "occurrence": "",
            }},
            "status": {"phase": phase, "conditions": conditions},
        }))
        .unwrap()
    }

    #[test]
    fn only_what_is_not_settled_is_kept_and_found_by_its_asset() {
        let (store, mut writer) = reflector::store();
        let unsettled = Unsettled::default();
        let asset = asset_name(&receipt("Claimed", false)).unwrap();
        let mut watched = |event| {
            if let Some(event) = unsettled_only(event, &store, &unsettled) {
                writer.apply_watcher_event(&event);
            }
            (
                store.len(),
                unsettled.of_asset("n", &asset, true),
                unsettled.of_asset("n", &asset, false),
            )
        };
        let name = Some("r1-a".to_owned());
        assert_eq!(
            watched(Event::Apply(receipt("Published", false))),
            (0, None, None)
        );
        assert_eq!(
            watched(Event::Apply(receipt("Unknown", false))),
            (1, name.clone(), None)
        );
        assert_eq!(
            watched(Event::Apply(receipt("Published", true))),
            (1, name.clone(), name.clone())
        );
        assert_eq!(unsettled.of_namespace("n"), ["r1-a"]);
        assert!(unsettled.of_namespace("m").is_empty());
        let mut watched = |event| {
            if let Some(event) = unsettled_only(event, &store, &unsettled) {
                writer.apply_watcher_event(&event);
            }
            (store.len(), unsettled.of_asset("n", &asset, true))
        };
        assert_eq!(watched(Event::Apply(receipt("Published", false))), (0, None));
        watched(Event::Apply(receipt("Sending", false)));
        watched(Event::Init);
        assert_eq!(watched(Event::InitDone), (0, None));
    }
}

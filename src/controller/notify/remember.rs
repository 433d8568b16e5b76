//! What was told, in a bounded ConfigMap of the Campaign: whoever leads next tells nothing a second time.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, ResourceExt};

use super::{
    super::{config_map, context::Shared, error::Error, lock::lock},
    Key,
};
use crate::{
    api::{Campaign, Notify},
    domain::notify::{Memory, RouteMemory},
};

/// What was told, and the ConfigMap that it stands in.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub(super) memory: Memory,
    map: Option<ConfigMap>,
}

impl Kept {
    /// True where nothing stands in the API server yet.
    pub(super) fn is_new(&self) -> bool {
        self.map.is_none()
    }
}

fn name_of(campaign: &Campaign) -> String {
    format!("campanile-notified-{}", campaign.name_any())
}

/// What was told of a campaign: as this process remembers it, else as it was stored.
pub(super) async fn kept(campaign: &Campaign, key: &Key, shared: &Shared) -> Result<Kept, Error> {
    if let Some(kept) = lock(&shared.notifications.kept).get(key) {
        return Ok(kept.clone());
    }
    let api: Api<ConfigMap> = Api::namespaced(shared.client.clone(), &key.0);
    let map = api.get_opt(&name_of(campaign)).await;
    let map = map.map_err(Error::api("read what was told of a Campaign"))?;
    let data = map.iter().flat_map(|map| &map.data).flatten();
    // What cannot be read is told again: twice is better than never.
    let memory = data.filter_map(|(route, text)| Some((route.clone(), serde_json::from_str(text).ok()?)));
    let kept = Kept {
        memory: memory.collect(),
        map,
    };
    lock(&shared.notifications.kept).insert(key.clone(), kept.clone());
    Ok(kept)
}

/// Gives every route a memory, and forgets the routes that are gone.
pub(super) fn align(kept: &mut Kept, campaign: &Campaign, notify: &Notify, now: Timestamp) {
    let since = since(campaign, kept.is_new(), now);
    let memory = &mut kept.memory;
    memory.retain(|name, _| notify.routes.iter().any(|route| route.name == *name));
    for route in &notify.routes {
        memory
            .entry(route.name.clone())
            .or_insert_with(|| RouteMemory::since(since));
    }
}

/// Whoever makes a Campaign with its routes is told of everything it does, also of what went out before the first look; a
/// route that is added later is told from then on.
fn since(campaign: &Campaign, is_new: bool, now: Timestamp) -> Timestamp {
    let created = campaign.metadata.creation_timestamp.as_ref();
    // What is published within the second of its creation bears the same instant.
    let before = created.and_then(|time| time.0.checked_sub(SignedDuration::from_secs(1)).ok());
    let from_the_first = is_new && campaign.metadata.generation == Some(1);
    before
        .filter(|_| from_the_first)
        .map_or(now, |before| before.min(now))
}

/// Stores what was told, and answers it with the ConfigMap that it stands in by now.
///
/// # Errors
/// A conflict where another process wrote since it was read: it leads now.
pub(super) async fn store(
    campaign: &Campaign,
    key: &Key,
    kept: Kept,
    shared: &Shared,
) -> Result<Kept, Error> {
    let text = |memory: &RouteMemory| serde_json::to_string(memory).unwrap_or_default();
    let data = kept
        .memory
        .iter()
        .map(|(route, memory)| (route.clone(), text(memory)));
    let written = config_map::store(campaign, &name_of(campaign), kept.map, data.collect(), shared).await;
    let map = written.map_err(Error::api("write what was told of a Campaign"))?;
    let kept = Kept {
        memory: kept.memory,
        map: Some(map),
    };
    lock(&shared.notifications.kept).insert(key.clone(), kept.clone());
    Ok(kept)
}

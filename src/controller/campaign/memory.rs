//! What the branch approved of each slot: a bounded ConfigMap of the Campaign, written before the Assets are.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, ResourceExt};

use super::super::{config_map, context::Shared, error::Error};
use crate::{
    api::Campaign,
    domain::{
        materialise::{Memory, Remembered, without_memory},
        wanted::Wanted,
    },
};

/// What is remembered, and the ConfigMap that it stands in.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    /// What the branch approved so far.
    pub(super) memory: Memory,
    map: Option<ConfigMap>,
}

/// The ConfigMap of a campaign.
pub(in super::super) fn name_of(campaign: &Campaign) -> String {
    format!("campanile-approvals-{}", campaign.name_any())
}

/// Reads what is remembered; where somebody deleted it, what does not stand counts as approved by nobody.
pub(super) async fn read(
    campaign: &Campaign,
    namespace: &str,
    wanted: &Wanted,
    shared: &Shared,
) -> Result<Kept, Error> {
    let api: Api<ConfigMap> = Api::namespaced(shared.client.clone(), namespace);
    let map = api
        .get_opt(&name_of(campaign))
        .await
        .map_err(Error::api("read the approvals of a Campaign"))?;
    // The status names it only after it was written.
    let status = campaign.status.as_ref();
    let named = status.is_some_and(|status| status.approval_memory.is_some());
    let memory = match &map {
        Some(map) => remembered(map),
        None if named => without_memory(wanted),
        None => Memory::new(),
    };
    Ok(Kept { memory, map })
}

/// What stands in the ConfigMap of a campaign.
pub(in super::super) fn remembered(map: &ConfigMap) -> Memory {
    let data = map.data.iter().flatten();
    data.map(|(key, text)| (key.clone(), Remembered::read(text)))
        .collect()
}

/// Remembers, where that is not what is remembered already.
///
/// # Errors
/// A conflict where somebody else wrote since it was read: nothing may be made of it.
pub(super) async fn remember(
    campaign: &Campaign,
    kept: Kept,
    next: &Memory,
    shared: &Shared,
) -> Result<(), Error> {
    if kept.map.as_ref().is_some_and(|map| remembered(map) == *next) {
        return Ok(());
    }
    let data = next
        .iter()
        .map(|(key, remembered)| (key.clone(), remembered.text()))
        .collect();
    let written = config_map::store(campaign, &name_of(campaign), kept.map, data, shared).await;
    written
        .map(drop)
        .map_err(Error::api("write the approvals of a Campaign"))
}

//! What the branch approved of slots whose Assets are gone: a bounded ConfigMap of the Campaign.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Resource, ResourceExt, api::PostParams, core::ObjectMeta};

use super::super::{context::Shared, error::Error};
use crate::api::Campaign;

/// How many slots are remembered; the oldest names go first.
const REMEMBERED: usize = 5000;

/// What is remembered, and the ConfigMap that it stands in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// Digests by receipt name.
    pub(crate) digests: BTreeMap<String, Vec<String>>,
    map: Option<ConfigMap>,
}

/// The ConfigMap of a campaign.
pub(crate) fn name_of(campaign: &Campaign) -> String {
    format!("campanile-approvals-{}", campaign.name_any())
}

/// Reads what is remembered.
pub(crate) async fn read(campaign: &Campaign, namespace: &str, shared: &Shared) -> Result<Memory, Error> {
    let remembers = campaign
        .status
        .as_ref()
        .is_some_and(|status| status.approval_memory.is_some());
    if !remembers {
        return Ok(Memory::default());
    }
    load(campaign, namespace, shared).await
}

async fn load(campaign: &Campaign, namespace: &str, shared: &Shared) -> Result<Memory, Error> {
    let api: Api<ConfigMap> = Api::namespaced(shared.client.clone(), namespace);
    let map = api
        .get_opt(&name_of(campaign))
        .await
        .map_err(Error::api("read the approvals of a Campaign"))?;
    let data = map.as_ref().and_then(|map| map.data.clone()).unwrap_or_default();
    let digests = data
        .into_iter()
        .map(|(name, digests)| (name, digests.split(' ').map(str::to_owned).collect()));
    Ok(Memory {
        digests: digests.collect(),
        map,
    })
}

/// Remembers what the branch approved of some slots, before their Assets are deleted.
pub(crate) async fn remember(
    campaign: &Campaign,
    namespace: &str,
    approved: &[(String, Vec<String>)],
    shared: &Shared,
) -> Result<(), Error> {
    if approved.is_empty() {
        return Ok(());
    }
    let mut memory = load(campaign, namespace, shared).await?;
    memory.digests.extend(approved.iter().cloned());
    while memory.digests.len() > REMEMBERED {
        memory.digests.pop_first();
    }
    let data = memory
        .digests
        .iter()
        .map(|(name, digests)| (name.clone(), digests.join(" ")))
        .collect();
    let api: Api<ConfigMap> = Api::namespaced(shared.client.clone(), namespace);
    let doing = "write the approvals of a Campaign";
    if let Some(mut map) = memory.map {
        map.data = Some(data);
        api.replace(&name_of(campaign), &PostParams::default(), &map)
            .await
            .map_err(Error::api(doing))?;
    } else {
        let metadata = ObjectMeta {
            name: Some(name_of(campaign)),
            owner_references: Some(campaign.controller_owner_ref(&()).into_iter().collect()),
            ..ObjectMeta::default()
        };
        let map = ConfigMap {
            metadata,
            data: Some(data),
            ..ConfigMap::default()
        };
        api.create(&PostParams::default(), &map)
            .await
            .map_err(Error::api(doing))?;
    }
    Ok(())
}

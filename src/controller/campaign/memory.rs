//! What the branch approved of slots whose Assets are gone: a bounded ConfigMap of the Campaign.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Resource, ResourceExt, api::PostParams, core::ObjectMeta};

use super::super::{context::Shared, error::Error};
use crate::api::Campaign;

/// How many slots are remembered; more are forgotten by name.
const REMEMBERED: usize = 5000;
/// How many bytes names and digests may have together: an object of Kubernetes has room for 1 MiB.
const REMEMBERED_BYTES: usize = 900 * 1024;

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
    let data = memory
        .digests
        .iter()
        .map(|(name, digests)| (name.clone(), digests.join(" ")))
        .collect();
    let data = bounded(data);
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

/// As much as a ConfigMap has room for.
fn bounded(mut data: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let size = |(name, digests): (&String, &String)| name.len() + digests.len();
    let mut bytes: usize = data.iter().map(size).sum();
    while data.len() > REMEMBERED || bytes > REMEMBERED_BYTES {
        let Some((name, digests)) = data.pop_first() else {
            break;
        };
        bytes -= size((&name, &digests));
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approvals(slots: usize, digests: usize) -> BTreeMap<String, String> {
        let digest = format!("sha256:{} ", "a".repeat(64));
        (0..slots)
            .map(|slot| (format!("r1-{slot:052}"), digest.repeat(digests)))
            .collect()
    }

    #[test]
    fn what_is_remembered_fits_into_one_object() {
        let few = approvals(10, 8);
        assert_eq!(bounded(few.clone()), few);
        assert_eq!(bounded(approvals(6000, 1)).len(), REMEMBERED);
        let large = bounded(approvals(5000, 8));
        let bytes: usize = large
            .iter()
            .map(|(name, digests)| name.len() + digests.len())
            .sum();
        assert!(bytes <= REMEMBERED_BYTES && large.len() > 1000);
    }
}

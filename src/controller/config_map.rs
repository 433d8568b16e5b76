//! What is kept of a Campaign for whoever leads next: a ConfigMap that goes with the Campaign.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Resource, ResourceExt, api::PostParams, core::ObjectMeta};

use super::context::Shared;
use crate::api::Campaign;

/// Writes what is kept over what was read of it, or makes the ConfigMap where none was found.
///
/// # Errors
/// A conflict where somebody else wrote since it was read.
pub(crate) async fn store(
    campaign: &Campaign,
    name: &str,
    read: Option<ConfigMap>,
    data: BTreeMap<String, String>,
    shared: &Shared,
) -> Result<ConfigMap, kube::Error> {
    let namespace = campaign.namespace().unwrap_or_default();
    let api: Api<ConfigMap> = Api::namespaced(shared.client.clone(), &namespace);
    let parameters = PostParams::default();
    if let Some(mut map) = read {
        map.data = Some(data);
        map.metadata.managed_fields = None;
        return api.replace(name, &parameters, &map).await;
    }
    let metadata = ObjectMeta {
        name: Some(name.to_owned()),
        owner_references: Some(campaign.controller_owner_ref(&()).into_iter().collect()),
        ..ObjectMeta::default()
    };
    let map = ConfigMap {
        metadata,
        data: Some(data),
        ..ConfigMap::default()
    };
    api.create(&parameters, &map).await
}

//! Objects as the API server sends them: what is not kept is not read, and one bad object stops no other.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::core::ObjectMeta;
use serde::Deserialize;
use serde_json::Value;

use crate::api::{LABEL_CAMPAIGN, LABEL_LOCALE, LABEL_PLATFORM};

/// The fields of `metadata` that are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LiteMeta {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
    deletion_timestamp: Option<Time>,
    labels: Option<BTreeMap<String, String>>,
}

impl From<LiteMeta> for ObjectMeta {
    fn from(lite: LiteMeta) -> Self {
        Self {
            name: lite.name,
            namespace: lite.namespace,
            uid: lite.uid,
            resource_version: lite.resource_version,
            generation: lite.generation,
            deletion_timestamp: lite.deletion_timestamp,
            labels: lite.labels.and_then(others),
            ..Self::default()
        }
    }
}

/// The labels that are not our own: what those say stands in the spec.
pub(super) fn others(mut labels: BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    labels.retain(|key, _| ![LABEL_CAMPAIGN, LABEL_PLATFORM, LABEL_LOCALE].contains(&key.as_str()));
    (!labels.is_empty()).then_some(labels)
}

/// What may not be what it should: one bad object must not stop the others.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Lenient<T> {
    Fine(Box<T>),
    Other(Value),
}

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self::Other(Value::Null)
    }
}

impl<T: serde::de::DeserializeOwned> Lenient<T> {
    /// What was meant, or why it cannot be read.
    pub(super) fn read(self) -> Result<Box<T>, String> {
        match self {
            Self::Fine(value) => Ok(value),
            // Read again for the sake of the message.
            Self::Other(value) => serde_json::from_value(value)
                .map(Box::new)
                .map_err(|error| error.to_string()),
        }
    }
}

/// An object whose parts are read each for itself.
#[derive(Deserialize)]
#[serde(bound(deserialize = "S: serde::de::DeserializeOwned, T: serde::de::DeserializeOwned"))]
pub(super) struct Raw<S, T> {
    pub(super) metadata: LiteMeta,
    #[serde(default)]
    pub(super) spec: Lenient<S>,
    #[serde(default)]
    pub(super) status: Lenient<T>,
}

//! Making Halts, and writing how the breakers stand. The Halt comes first: a crash in between makes it once more, by the
//! same name.

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams, PostParams},
    core::ObjectMeta,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::{context::Shared, error::Error, report::Notice};
use crate::{
    api::{BreakerState, Halt, HaltSpec},
    domain::halts::HaltOrder,
};

/// Makes a Halt, where it does not stand yet, and tells of it on what it was made for.
pub(in super::super) async fn make<K>(
    order: &HaltOrder,
    object: &K,
    namespace: &str,
    shared: &Shared,
) -> Result<(), Error>
where
    K: Resource<DynamicType = ()>,
{
    let halt = Halt {
        metadata: ObjectMeta {
            name: Some(order.name.clone()),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        },
        spec: HaltSpec {
            selector: order.selector.clone(),
            reason: order.reason.clone(),
            owner: order.owner.clone(),
            until: order.until.map(Time),
            resume: order.resume.clone(),
        },
        status: None,
    };
    let api: Api<Halt> = Api::namespaced(shared.client.clone(), namespace);
    match api.create(&PostParams::default(), &halt).await {
        Ok(_) => {
            shared.metrics.breaker_opened(&order.owner);
            let notice = Notice {
                warns: true,
                reason: "BreakerOpened",
                action: "Halt",
                note: &format!("{} Halt {} stops it.", order.reason, order.name),
                occurrence: &order.name,
            };
            let regarding = object.object_ref(&());
            shared.reporter.emit(regarding, notice, shared.clock.now()).await;
            Ok(())
        }
        // It was made before the states could be written.
        Err(kube::Error::Api(answer)) if answer.code == 409 => Ok(()),
        Err(source) => Err(Error::api("create a Halt")(source)),
    }
}

/// Writes how the breakers stand.
pub(super) async fn summarise<K>(
    object: &K,
    namespace: &str,
    states: &[BreakerState],
    shared: &Shared,
) -> Result<(), Error>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(shared.client.clone(), namespace);
    let patch = json!({"status": {"breakers": states}});
    let written = api
        .patch_status(&object.name_any(), &PatchParams::default(), &Patch::Merge(&patch))
        .await;
    match written {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
        Err(source) => Err(Error::api("write how the breakers stand")(source)),
    }
}

//! Our kinds and policies, installed through the same door as by anybody.

use std::time::Duration;

use k8s_openapi::{
    api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, Resource, ResourceExt as _,
    api::PostParams,
    runtime::{conditions, wait::await_condition},
};
use serde::{Serialize, de::DeserializeOwned};

use super::UpError;
use crate::{api::custom_resource_definitions, controller::ADMISSION_POLICIES};

/// The policies that `manifests/` binds in the whole cluster: each file has a policy, and its binding.
const POLICIES: [&str; 2] = [
    ADMISSION_POLICIES,
    include_str!("../../../manifests/base/admission-halts.yaml"),
];
/// How long a definition may take until it is served.
const ESTABLISHED: Duration = Duration::from_secs(30);

/// Makes our definitions, or gives those that stand what this version says, and waits until they are served. Labels and
/// annotations of others stay: Helm knows its own by them.
///
/// # Errors
/// Where the control plane refuses one.
pub(super) async fn definitions(client: &Client) -> Result<(), UpError> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in custom_resource_definitions() {
        let name = definition.name_any();
        let doing = || UpError::api(format!("install {name}"));
        match api.get_opt(&name).await.map_err(doing())? {
            None => api.create(&PostParams::default(), &definition).await.map(drop),
            Some(standing) => replace(&api, standing, definition).await,
        }
        .map_err(doing())?;
        established(&api, &name).await?;
    }
    Ok(())
}

async fn replace(
    api: &Api<CustomResourceDefinition>,
    standing: CustomResourceDefinition,
    definition: CustomResourceDefinition,
) -> Result<(), kube::Error> {
    let name = definition.name_any();
    let replaced = CustomResourceDefinition {
        spec: definition.spec,
        ..standing
    };
    api.replace(&name, &PostParams::default(), &replaced)
        .await
        .map(drop)
}

async fn established(api: &Api<CustomResourceDefinition>, name: &str) -> Result<(), UpError> {
    let established = await_condition(api.clone(), name, conditions::is_crd_established());
    match tokio::time::timeout(ESTABLISHED, established).await {
        Ok(Ok(_)) => Ok(()),
        _ => Err(UpError::NotEstablished(name.to_owned(), ESTABLISHED.as_secs())),
    }
}

/// Makes our admission policies and binds them, or gives those that stand what this version says.
///
/// # Errors
/// Where the control plane refuses one.
pub(super) async fn policies(client: &Client) -> Result<(), UpError> {
    for file in POLICIES {
        for document in file.split("\n---\n") {
            let read = |error: serde_saphyr::Error| UpError::Manifest(Box::new(error));
            let kind: Kind = serde_saphyr::from_str(document).map_err(read)?;
            if kind.kind == "ValidatingAdmissionPolicy" {
                let policy: ValidatingAdmissionPolicy = serde_saphyr::from_str(document).map_err(read)?;
                stands(Api::all(client.clone()), policy).await?;
            } else {
                let binding: ValidatingAdmissionPolicyBinding =
                    serde_saphyr::from_str(document).map_err(read)?;
                stands(Api::all(client.clone()), binding).await?;
            }
        }
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct Kind {
    kind: String,
}

/// Makes an object, or gives the one that stands what this version says of it.
async fn stands<K>(api: Api<K>, mut object: K) -> Result<(), UpError>
where
    K: Resource + Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    let name = object.name_any();
    let doing = || UpError::api(format!("install the policy {name}"));
    match api.get_opt(&name).await.map_err(doing())? {
        None => api.create(&PostParams::default(), &object).await.map(drop),
        Some(standing) => {
            object
                .meta_mut()
                .resource_version
                .clone_from(&standing.meta().resource_version);
            api.replace(&name, &PostParams::default(), &object)
                .await
                .map(drop)
        }
    }
    .map_err(doing())
}

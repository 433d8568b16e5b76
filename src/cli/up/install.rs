//! Our kinds, installed through the same door as by anybody.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, ResourceExt as _,
    api::PostParams,
    runtime::{conditions, wait::await_condition},
};

use super::UpError;
use crate::api::custom_resource_definitions;

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

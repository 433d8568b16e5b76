//! The embedded control plane as the API server of a run.

use std::sync::{Arc, Mutex, PoisonError};

use campanile::{
    controller::{ApiBody, ApiService},
    standalone::{
        ControlPlane, Options,
        registry::{Caller, Sources},
        wire::{Wire, WireOptions},
    },
};
use fastrand::Rng;
use http_body_util::BodyExt as _;
use k8s_openapi::{
    api::core::v1::Namespace, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use tower::Service as _;

use crate::{clock::TrueTime, faults::Server, scene::NAMESPACE};

/// Whoever acts in a run, as the API server knows them.
pub(crate) const ADMINISTRATOR: &str = "administrator";

/// The API server of one run; it ends with this.
pub(crate) struct ApiServer {
    plane: ControlPlane,
    pub(crate) server: Server,
}

impl ApiServer {
    /// Starts one in memory, on the time and the dice of a run.
    pub(crate) async fn start(time: TrueTime, seed: u64) -> Self {
        let dice = Mutex::new(Rng::with_seed(seed ^ 0xd1ce));
        let sources = Sources {
            now: Arc::new(move || time.now()),
            draw: Arc::new(move || {
                let mut dice = dice.lock().unwrap_or_else(PoisonError::into_inner);
                dice.u128(..).to_be_bytes()
            }),
        };
        let options = Options {
            sources: sources.clone(),
            ..Options::default()
        };
        let plane = ControlPlane::in_memory(options).await.expect("a control plane");
        let options = WireOptions {
            sources,
            ..WireOptions::default()
        };
        let wire = Wire::new(plane.registry().clone(), options).acting_as(administrator());
        let server: Server = Arc::new(move |request| {
            let mut wire = wire.clone();
            Box::pin(async move {
                let response = wire.call(request).await?;
                Ok(response.map(|body| ApiBody::new(body.map_err(Into::into))))
            })
        });
        Self { plane, server }
    }

    /// An undisturbed line to it.
    pub(crate) fn service(&self) -> ApiService {
        let server = Arc::clone(&self.server);
        ApiService::new(tower::service_fn(move |request| server(request)))
    }

    /// Ends its tasks.
    pub(crate) async fn stop(self) {
        self.plane.stop().await;
    }
}

/// Makes the kinds and the namespace.
pub(crate) async fn install(client: &Client) {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in campanile::api::custom_resource_definitions() {
        let made = definitions.create(&PostParams::default(), &definition).await;
        made.expect("make a kind");
    }
    let namespace = Namespace {
        metadata: ObjectMeta {
            name: Some(NAMESPACE.to_owned()),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let made = namespaces.create(&PostParams::default(), &namespace).await;
    made.expect("make a namespace");
}

fn administrator() -> Caller {
    Caller {
        username: ADMINISTRATOR.to_owned(),
        uid: String::new(),
        groups: vec!["system:masters".to_owned(), "system:authenticated".to_owned()],
        extra: Vec::new(),
    }
}

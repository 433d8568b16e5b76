//! What a platform says while something is prepared, before anything is sent.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use campanile::api::ChannelConfigSpec;
use campanile::config::{ClusterOptions, LogFormat, OperatorOptions};
use campanile::controller::{Operator, OperatorSettings};
use campanile::domain::publication::Publication;
use campanile::publish::{
    Class, Found, Preflight, Prepared, PublishError, Published, Publisher, Publishers, Secrets, SelectError,
};

use crate::scene::{Cluster, Scene};

/// A platform that does not know the account, and says so when something is prepared.
#[derive(Debug)]
struct Stranger;

impl Publishers for Stranger {
    fn select(&self, _: &ChannelConfigSpec, _: &Secrets) -> Result<Box<dyn Publisher>, SelectError> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl Publisher for Stranger {
    fn channel_type(&self) -> &'static str {
        "stranger"
    }

    fn class(&self) -> Class {
        Class::LookUp
    }

    fn endpoint_digest(&self) -> String {
        "sha256:stranger".to_owned()
    }

    fn send_timeout(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        Ok(Preflight {
            message: "It is there.".to_owned(),
        })
    }

    async fn prepare(&self, _: &Publication) -> Result<Prepared, PublishError> {
        Err(PublishError::refused("Unauthorized", "nobody knows this account"))
    }

    async fn commit(&self, _: &Publication, _: &str) -> Result<Published, PublishError> {
        Err(PublishError::refused("Unprepared", "nothing was prepared"))
    }

    async fn resolve(&self, _: &Publication) -> Result<Found, PublishError> {
        Ok(Found::CannotTell)
    }
}

/// An operator in this process, which publishes by these.
pub(crate) async fn operator_on(scene: &Scene, publishers: Arc<dyn Publishers>) -> Operator {
    let options = OperatorOptions {
        cluster: ClusterOptions {
            kubeconfig: Some(scene.kubeconfig()),
            context: None,
            namespace: Some(scene.namespace.clone()),
        },
        listen: ([127, 0, 0, 1], 0).into(),
        allow_egress_to: vec!["127.0.0.0/8".parse().unwrap()],
        allow_local_paths: false,
        cache: Some(scene.folder("mirrors")),
        leader_elect: false,
        lease_namespace: None,
        pod_name: Some("operator".to_owned()),
        restored_at: None,
        log_format: LogFormat::Human,
        concurrency: 4,
    };
    let settings = OperatorSettings {
        publishers: Some(publishers),
        ..OperatorSettings::new(options)
    };
    Operator::new(settings).await.unwrap()
}

#[tokio::test]
async fn an_account_that_is_refused_while_preparing_holds_its_whole_channel() {
    let scene = Scene::prepare(Cluster::shared().await, "prepare").await;
    let operator = operator_on(&scene, Arc::new(Stranger)).await;
    let running = operator.run(std::future::pending());
    let played = async {
        scene
            .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
            .await;
        scene.push_sheet(&[scene.row("only", "Once.")], "Week 1");
        scene.apply(&scene.campaign("week1", "")).await;
        scene
            .until_condition("channelconfig/linkedin-company", "Ready", "False ChannelRefused")
            .await;
        let asset = scene
            .until_asset("only linkedin/company", "Blocked ChannelRefused")
            .await;
        assert!(
            asset.message.contains("nobody knows this account"),
            "{}",
            asset.message
        );
        let events = scene.events_of("linkedin-company").await;
        assert_eq!(events, ["Warning ChannelRefused"]);
    };
    tokio::select! {
        result = running => panic!("the operator ended: {result:?}"),
        () = played => {}
    }
    scene.end().await;
}

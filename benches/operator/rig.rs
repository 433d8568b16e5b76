//! A control plane, a git server, a sink, and a Campaign between them.

use std::time::{Duration, Instant};

use campanile::api::{Campaign, ChannelConfig};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    Options,
    counters::{self, Counts},
    git_http::{GitServer, TestRepository},
    process::Process,
    sheet,
    sink::Sink,
    support::{
        control_plane::{Content, ControlPlane},
        engine::Engine,
    },
};

/// The Campaign's name.
pub(crate) const CAMPAIGN: &str = "launch";
/// What webhooks of the git host are signed with.
pub(crate) const WEBHOOK_SECRET: &str = "a secret of the git host";
/// How often the branch is looked at, in seconds.
pub(crate) const INTERVAL: u64 = 10;

/// Everything that an operator needs.
pub(crate) struct Rig {
    pub(crate) plane: ControlPlane,
    pub(crate) git: GitServer,
    pub(crate) repository: TestRepository,
    pub(crate) sink: Sink,
    pub(crate) namespace: String,
    cache: TempDir,
    options: Options,
}

impl Rig {
    /// A rig whose branch has these rows.
    pub(crate) async fn start(options: &Options, delay: Duration, rows: &str) -> Self {
        let plane = ControlPlane::start(Content::Definitions).await;
        let namespace = plane.namespace("bench").await;
        let git = GitServer::start().await;
        let repository = git.repository("gtm");
        let rig = Self {
            plane,
            git,
            repository,
            sink: Sink::start(delay).await,
            namespace,
            cache: tempfile::tempdir().expect("a folder"),
            options: options.clone(),
        };
        rig.push(rows);
        rig.secrets().await;
        rig.channel("company", true).await;
        rig
    }

    /// Commits and pushes a sheet of these rows.
    pub(crate) fn push(&self, rows: &str) {
        self.repository.write(sheet::PATH, sheet::sheet(rows));
        self.repository.commit("plan");
        self.repository.push();
    }

    async fn secrets(&self) {
        let secrets: Api<Secret> = self.api().await;
        for (name, key, value) in [
            ("git-webhook", "secret", WEBHOOK_SECRET),
            ("hook", "signingSecret", "a secret of the receiver"),
        ] {
            let secret = json!({"metadata": {"name": name}, "stringData": {key: value}});
            let secret = serde_json::from_value(secret).expect("a Secret");
            secrets
                .create(&PostParams::default(), &secret)
                .await
                .expect("create a Secret");
        }
    }

    /// A channel for an account, to the sink.
    pub(crate) async fn channel(&self, account: &str, enabled: bool) {
        let channel = json!({
            "metadata": {"name": account},
            "spec": {
                "platform": "linkedin", "account": account, "publishEnabled": enabled,
                "webhook": {
                    "url": self.sink.url(),
                    "secretKeyRef": {"name": "hook", "key": "signingSecret"},
                    "idempotency": {"window": "24h"},
                },
            },
        });
        let channel: ChannelConfig = serde_json::from_value(channel).expect("a ChannelConfig");
        let api: Api<ChannelConfig> = self.api().await;
        api.create(&PostParams::default(), &channel)
            .await
            .expect("create a ChannelConfig");
    }

    /// The Campaign.
    pub(crate) async fn campaign(&self, enabled: bool) {
        let campaign = json!({
            "metadata": {"name": CAMPAIGN},
            "spec": {
                "source": {
                    "git": {
                        "url": self.git.url("gtm"), "branch": "main", "interval": format!("{INTERVAL}s"),
                        "webhookSecretRef": {"name": "git-webhook", "key": "secret"},
                    },
                    "sheets": [{"path": sheet::PATH}],
                },
                "timeZone": "UTC",
                "missed": {"policy": "Publish"},
                "publishEnabled": enabled,
            },
        });
        let campaign: Campaign = serde_json::from_value(campaign).expect("a Campaign");
        let api: Api<Campaign> = self.api().await;
        api.create(&PostParams::default(), &campaign)
            .await
            .expect("create a Campaign");
    }

    /// Lets an object publish.
    pub(crate) async fn enable<K>(&self, name: &str)
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        let patch = json!({"spec": {"publishEnabled": true}});
        let api: Api<K> = self.api().await;
        api.patch(name, &PatchParams::default(), &Patch::Merge(&patch))
            .await
            .expect("enable publishing");
    }

    pub(crate) async fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.plane.client().await, &self.namespace)
    }

    /// Starts the operator.
    pub(crate) fn operator(&self) -> Process {
        Process::start(&self.options, &self.plane.kubeconfig(), self.cache.path())
    }

    /// Waits until the Campaign counts so many assets in all, or so many posted.
    pub(crate) async fn wait_for_counts(&self, field: Option<&str>, count: usize) -> Instant {
        let api: Api<Campaign> = self.api().await;
        let began = Instant::now();
        loop {
            let campaign = api.get(CAMPAIGN).await.expect("read the Campaign");
            let counts = campaign.status.and_then(|status| status.counts);
            let counts = serde_json::to_value(counts).unwrap_or_default();
            let so_far: u64 = match field {
                Some(field) => counts.get(field).and_then(serde_json::Value::as_u64).unwrap_or(0),
                None => counts
                    .as_object()
                    .into_iter()
                    .flatten()
                    .filter_map(|(_, count)| count.as_u64())
                    .sum(),
            };
            if so_far >= count as u64 {
                return Instant::now();
            }
            assert!(
                began.elapsed() < Duration::from_mins(15),
                "{count} assets did not come: {counts}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// What the API server has answered so far; nothing on the embedded control plane, which counts no requests.
    pub(crate) async fn requests(&self) -> Counts {
        if Engine::chosen() == Engine::Embedded {
            return Counts::new();
        }
        let request = http::Request::get("/metrics")
            .body(Vec::new())
            .expect("a request");
        let text = self.plane.client().await.request_text(request).await;
        counters::requests(&text.expect("the metrics of the API server"))
    }
}

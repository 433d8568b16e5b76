//! What the operator shows to the HTTP server.

use std::{sync::Arc, time::Duration};

use kube::{Api, ResourceExt, runtime::reflector::ObjectRef};

use super::super::{context::Shared, error::Error};
use crate::{api::Campaign, secret::SecretString};

/// A campaign that a git host's webhook may wake.
#[derive(Clone, Debug)]
pub struct WebhookTarget {
    /// Namespace and name.
    pub campaign: (String, String),
    /// Host and path of its repository.
    pub repository: String,
    /// Its branch.
    pub branch: String,
    /// What its webhooks are signed with.
    pub secret: SecretString,
}

/// What the operator shows to the HTTP server.
#[derive(Clone)]
pub struct Surface {
    pub(super) shared: Arc<Shared>,
}

impl Surface {
    /// Everything in Prometheus' text format.
    pub fn metrics(&self) -> String {
        self.shared.metrics.text()
    }

    /// Ready once every kind has been listed.
    pub async fn ready(&self) -> Result<(), String> {
        match tokio::time::timeout(Duration::from_millis(200), self.shared.listed()).await {
            Ok(()) => Ok(()),
            Err(_) => Err("the API server has not been listed yet".to_owned()),
        }
    }

    /// The campaigns that a webhook may wake.
    pub async fn webhook_targets(&self) -> Vec<WebhookTarget> {
        let mut targets = Vec::new();
        for guarded in self.shared.campaigns.state() {
            let Ok(campaign) = &guarded.0 else { continue };
            targets.extend(self.webhook_target(campaign).await);
        }
        targets
    }

    async fn webhook_target(&self, campaign: &Campaign) -> Option<WebhookTarget> {
        let git = &campaign.spec.source.git;
        let reference = git.webhook_secret_ref.as_ref()?;
        let namespace = campaign.namespace()?;
        let data = self
            .shared
            .secrets
            .read(&namespace, &reference.name)
            .await
            .ok()??;
        let secret = String::from_utf8(data.0.get(&reference.key)?.clone()).ok()?;
        Some(WebhookTarget {
            campaign: (namespace, campaign.name_any()),
            repository: crate::domain::repository::repository_identity(&git.url),
            branch: git.branch.clone(),
            secret: SecretString::from(secret.trim().to_owned()),
        })
    }

    /// Wakes a campaign: here where this process leads, else through its status, which the leader watches.
    ///
    /// # Errors
    /// Where the status could not be written.
    pub async fn wake(&self, campaign: &(String, String)) -> Result<(), Error> {
        let (namespace, name) = campaign;
        if self.shared.leads().is_some() {
            self.shared.sources.wake(campaign);
            self.shared
                .campaign_wakes
                .wake(ObjectRef::new(name).within(namespace));
            return Ok(());
        }
        let api: Api<Campaign> = Api::namespaced(self.shared.client.clone(), namespace);
        let now = self.shared.clock.now().to_string();
        let patch = serde_json::json!({"status": {"wokenAt": now}});
        let written = api
            .patch_status(
                name,
                &kube::api::PatchParams::default(),
                &kube::api::Patch::Merge(&patch),
            )
            .await;
        written
            .map(drop)
            .map_err(Error::api("ask the leader to read a branch"))
    }
}

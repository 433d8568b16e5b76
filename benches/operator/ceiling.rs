//! How fast the API server can be: the same writes by a plain client that does nothing else.

use std::time::{Duration, Instant};

use campanile::api::{Asset, Receipt, ReceiptPhase};
use futures::{StreamExt as _, stream};
use k8s_openapi::api::events::v1::Event;
use kube::{
    Api, Client, ResourceExt as _,
    api::{ListParams, Patch, PatchParams, PostParams},
    core::ObjectMeta,
};
use serde_json::json;

use crate::rig::Rig;

/// How many writes are under way at once: as many assets as the operator works on.
const AT_ONCE: usize = 64;

/// The objects that an operator wrote: the plain client writes the same bytes again.
pub(crate) struct Pattern {
    receipts: Vec<Receipt>,
    assets: Vec<Asset>,
    event: Event,
}

impl Pattern {
    /// Reads what was written in the rig's namespace.
    pub(crate) async fn of(rig: &Rig) -> Self {
        let events: Api<Event> = rig.api().await;
        let all = events.list(&ListParams::default()).await.expect("list Events");
        let event = all
            .items
            .into_iter()
            .find(|event| event.reason.as_deref() == Some("Published"))
            .unwrap_or_default();
        Self {
            receipts: list(&rig.api().await).await,
            assets: list(&rig.api().await).await,
            event,
        }
    }

    /// Writes it all again in another namespace: create, two status writes, the status of the Asset, an Event.
    pub(crate) async fn write(&self, rig: &Rig) -> Duration {
        let namespace = rig.plane.namespace("ceiling").await;
        let client = rig.plane.client().await;
        let pairs = self.receipts.iter().zip(&self.assets);
        let assets: Api<Asset> = Api::namespaced(client.clone(), &namespace);
        stream::iter(&self.assets)
            .for_each_concurrent(AT_ONCE, |asset| create_bare(&assets, asset))
            .await;
        let began = Instant::now();
        stream::iter(pairs)
            .for_each_concurrent(AT_ONCE, |(receipt, asset)| {
                self.post(&client, &namespace, receipt, asset)
            })
            .await;
        began.elapsed()
    }

    async fn post(&self, client: &Client, namespace: &str, receipt: &Receipt, asset: &Asset) {
        let receipts: Api<Receipt> = Api::namespaced(client.clone(), namespace);
        let name = receipt.name_any();
        let bare = Receipt {
            metadata: bare(&receipt.metadata),
            spec: receipt.spec.clone(),
            status: None,
        };
        let post = PostParams::default();
        let mut standing = receipts.create(&post, &bare).await.expect("create a Receipt");
        for phase in [ReceiptPhase::Sending, ReceiptPhase::Published] {
            let mut status = receipt.status.clone().unwrap_or_default();
            status.phase = phase;
            standing.status = Some(status);
            standing.metadata.managed_fields = None;
            standing = receipts
                .replace_status(&name, &post, &standing)
                .await
                .expect("write the status of a Receipt");
        }
        let assets: Api<Asset> = Api::namespaced(client.clone(), namespace);
        let mut status = asset.status.clone().unwrap_or_default();
        (status.made, status.approval, status.source) = (None, None, None);
        assets
            .patch_status(
                &asset.name_any(),
                &PatchParams::default(),
                &Patch::Merge(&json!({"status": status})),
            )
            .await
            .expect("write the status of an Asset");
        self.event(client, namespace, &asset.name_any()).await;
    }

    async fn event(&self, client: &Client, namespace: &str, name: &str) {
        let mut event = self.event.clone();
        event.metadata = ObjectMeta {
            name: Some(format!("{name}.0123456789abcdef")),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        };
        if let Some(regarding) = &mut event.regarding {
            regarding.namespace = Some(namespace.to_owned());
        }
        let events: Api<Event> = Api::namespaced(client.clone(), namespace);
        events
            .create(&PostParams::default(), &event)
            .await
            .expect("create an Event");
    }
}

async fn list<K>(api: &Api<K>) -> Vec<K>
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let mut all = Vec::new();
    let mut next = ListParams::default().limit(500);
    loop {
        let page = api.list(&next).await.expect("list objects");
        all.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => next = next.continue_token(&token),
            None => return all,
        }
    }
}

fn bare(metadata: &ObjectMeta) -> ObjectMeta {
    ObjectMeta {
        name: metadata.name.clone(),
        labels: metadata.labels.clone(),
        ..ObjectMeta::default()
    }
}

async fn create_bare(assets: &Api<Asset>, asset: &Asset) {
    let bare = Asset {
        metadata: bare(&asset.metadata),
        spec: asset.spec.clone(),
        status: None,
    };
    assets
        .create(&PostParams::default(), &bare)
        .await
        .expect("create an Asset");
}

//! Making the Assets what the branch says.

use futures::{StreamExt, stream};
use kube::{
    Api, Resource, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams},
    core::ObjectMeta,
};
use serde_json::json;

use super::{
    super::{
        asset::labels,
        context::Shared,
        error::{Error, ErrorClass},
        report::Notice,
        view::version_of,
    },
    observe::Applicable,
};
use crate::{
    api::{Asset, BranchApprovalRecord, Campaign, Made},
    domain::{
        materialise::{Change, Changes, MadeStatus},
        wanted::WantedAsset,
    },
};

/// How many Assets are written at once.
const AT_ONCE: usize = 16;

/// Writes every change: one that fails stops no other. Answers what the API server refused for good.
///
/// # Errors
/// The first failure that may go away by itself: everything is tried again.
pub(crate) async fn run(
    campaign: &Campaign,
    namespace: &str,
    applicable: &Applicable,
    changes: Changes,
    shared: &Shared,
) -> Result<Option<Error>, Error> {
    let writer = Writer {
        campaign,
        namespace,
        wanted: &applicable.wanted.assets,
        shared,
    };
    let failures: Vec<Error> = stream::iter(changes.changes)
        .map(|change| writer.write(change))
        .buffer_unordered(AT_ONCE)
        .filter_map(|result| std::future::ready(result.err()))
        .collect()
        .await;
    let (refused, failed): (Vec<Error>, Vec<Error>) = failures
        .into_iter()
        .partition(|error| error.class() == ErrorClass::Permanent);
    if let Some(error) = failed.into_iter().next() {
        return Err(error);
    }
    if !changes.withdrawn.is_empty() {
        withdrawn(
            campaign,
            applicable,
            changes.withdrawn.into_iter().collect(),
            shared,
        )
        .await;
    }
    Ok(refused.into_iter().next())
}

async fn withdrawn(campaign: &Campaign, applicable: &Applicable, posts: Vec<String>, shared: &Shared) {
    let note = format!(
        "Approved rows vanished from the branch before they were published: {}.",
        posts.join(", ")
    );
    let notice = Notice {
        warns: true,
        reason: "RowsWithdrawn",
        action: "Read",
        note: &note,
        occurrence: &applicable.revision,
    };
    shared
        .reporter
        .emit(campaign.object_ref(&()), notice, shared.clock.now())
        .await;
    super::super::notify::rows_withdrawn(campaign, &applicable.revision, &note, shared);
}

struct Writer<'a> {
    campaign: &'a Campaign,
    namespace: &'a str,
    wanted: &'a [WantedAsset],
    shared: &'a Shared,
}

impl Writer<'_> {
    async fn write(&self, change: Change) -> Result<(), Error> {
        match change {
            Change::Create { wanted, status } => match self.wanted.get(wanted) {
                Some(asset) => self.made(&asset.name, self.create(asset, &status)).await,
                None => Ok(()),
            },
            Change::Update { wanted, status, spec } => match self.wanted.get(wanted) {
                Some(asset) => self.made(&asset.name, self.update(asset, &status, spec)).await,
                None => Ok(()),
            },
            Change::Withdraw { name, status } => self.made(&name, self.status(&name, &status)).await,
            Change::Delete { name } => self.delete(&name).await,
        }
    }

    fn api(&self) -> Api<Asset> {
        Api::namespaced(self.shared.client.clone(), self.namespace)
    }

    /// Nothing that the cache shows of an asset is judged while it is being written.
    async fn made(
        &self,
        name: &str,
        write: impl Future<Output = Result<Option<Asset>, Error>>,
    ) -> Result<(), Error> {
        let writing = self.shared.begin_write(self.namespace, name);
        let result = write.await;
        let version = result
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map(|asset| version_of(&asset.metadata));
        writing.answered(version);
        result.map(drop)
    }

    async fn create(&self, asset: &WantedAsset, status: &MadeStatus) -> Result<Option<Asset>, Error> {
        let object = Asset {
            metadata: ObjectMeta {
                name: Some(asset.name.clone()),
                namespace: Some(self.namespace.to_owned()),
                labels: Some(labels(&asset.spec)),
                owner_references: Some(self.campaign.controller_owner_ref(&()).into_iter().collect()),
                ..ObjectMeta::default()
            },
            spec: asset.spec.clone(),
            status: None,
        };
        match self.api().create(&PostParams::default(), &object).await {
            Ok(_) => {}
            // It stands already, and the cache does not show it yet: the next look compares it.
            Err(kube::Error::Api(answer)) if answer.code == 409 => return Ok(None),
            Err(source) => return Err(Error::api("create an Asset")(source)),
        }
        self.status(&asset.name, status).await
    }

    /// The status first: a status that turns to approved must not be lost between the two writes.
    async fn update(
        &self,
        asset: &WantedAsset,
        status: &MadeStatus,
        spec: bool,
    ) -> Result<Option<Asset>, Error> {
        let written = self.status(&asset.name, status).await?;
        let (Some(mut standing), true) = (written.clone(), spec) else {
            return Ok(written);
        };
        standing.spec = asset.spec.clone();
        standing.metadata.managed_fields = None;
        standing.labels_mut().extend(labels(&asset.spec));
        let result = self
            .api()
            .replace(&asset.name, &PostParams::default(), &standing)
            .await;
        result.map(Some).map_err(Error::api("write an Asset"))
    }

    async fn status(&self, name: &str, status: &MadeStatus) -> Result<Option<Asset>, Error> {
        let patch =
            json!({"status": {"made": made(status), "approval": approval(status), "source": status.source}});
        match self
            .api()
            .patch_status(name, &PatchParams::default(), &Patch::Merge(&patch))
            .await
        {
            Ok(asset) => Ok(Some(asset)),
            Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(None),
            Err(source) => Err(Error::api("write the status of an Asset")(source)),
        }
    }

    async fn delete(&self, name: &str) -> Result<(), Error> {
        match self.api().delete(name, &DeleteParams::background()).await {
            Ok(_) => self.shared.written.forget(self.namespace, name),
            Err(kube::Error::Api(answer)) if answer.code == 404 => {}
            Err(source) => return Err(Error::api("delete an Asset")(source)),
        }
        Ok(())
    }
}

/// A merge patch keeps what it does not name: whatever may be left out has to be named.
fn made(status: &MadeStatus) -> serde_json::Value {
    let Made {
        spec_digest,
        withdrawn,
        intent_at,
    } = &status.made;
    let withdrawn = Some(withdrawn).filter(|reason| !reason.is_empty());
    json!({"specDigest": spec_digest, "withdrawn": withdrawn, "intentAt": intent_at})
}

fn approval(status: &MadeStatus) -> Option<serde_json::Value> {
    let BranchApprovalRecord {
        digests,
        by,
        revision,
        at,
        publish_at,
    } = status.approval.as_ref()?;
    Some(json!({"digests": digests, "by": by, "revision": revision, "at": at, "publishAt": publish_at}))
}

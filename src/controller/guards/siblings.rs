//! Reading other posts: what an account has published and is to publish.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::{Api, api::ListParams};

use super::super::{
    context::{Guarded, Shared},
    error::Error,
    fresh::selector,
};
use crate::{
    api::{Asset, Receipt, Target},
    domain::{
        guarding::{sibling_of_receipt, sibling_of_spec},
        policy::Sibling,
    },
};

/// How many objects a list page has.
const PAGE: u32 = 500;
/// How many pages are read: more posts than anybody repeats unknowingly.
const MOST_PAGES: usize = 10;

/// What was published within a window around now; of one account, or of all.
pub(crate) async fn sent(
    shared: &Shared,
    namespace: &str,
    window: Duration,
    target: Option<&Target>,
) -> Result<Vec<Sibling>, Error> {
    let window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
    let since = shared.clock.now().checked_sub(window).unwrap_or(Timestamp::MIN);
    let mut fields = vec![("status.phase", "Published")];
    if let Some(target) = target {
        fields.push(("spec.slot.platform", &target.platform));
        fields.push(("spec.slot.account", &target.account));
    }
    let api: Api<Guarded<Receipt>> = Api::namespaced(shared.client.clone(), namespace);
    let receipts = pages(&api, &selector(&fields), "list the Receipts").await?;
    let siblings = receipts.iter().filter_map(|receipt| {
        let status = receipt.status.as_ref()?;
        sibling_of_receipt(&receipt.spec.slot, status)
    });
    Ok(siblings
        .filter(|post| post.at.is_some_and(|at| at >= since))
        .collect())
}

/// What stands to be published on one account.
pub(crate) async fn planned(
    shared: &Shared,
    namespace: &str,
    target: &Target,
) -> Result<Vec<Sibling>, Error> {
    let fields = selector(&[
        ("spec.target.platform", &target.platform),
        ("spec.target.account", &target.account),
    ]);
    let api: Api<Guarded<Asset>> = Api::namespaced(shared.client.clone(), namespace);
    let assets = pages(&api, &fields, "list the Assets").await?;
    Ok(assets
        .iter()
        .filter_map(|asset| sibling_of_spec(&asset.spec))
        .collect())
}

/// The objects of a list that can be read, page by page.
async fn pages<K>(api: &Api<Guarded<K>>, fields: &str, doing: &'static str) -> Result<Vec<K>, Error>
where
    K: kube::Resource + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    Guarded<K>: kube::Resource,
{
    let mut parameters = ListParams::default().limit(PAGE).fields(fields);
    let mut found = Vec::new();
    for _ in 0..MOST_PAGES {
        let page = api.list(&parameters).await.map_err(Error::api(doing))?;
        found.extend(page.items.into_iter().filter_map(|guarded| guarded.0.ok()));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters.continue_token = Some(token),
            None => break,
        }
    }
    Ok(found)
}

//! Judging one asset: its words are read directly, and what is said of them is remembered.

use kube::{Api, ResourceExt};

use super::{
    Asked, Named, NamedPacks, Words, channel_type, in_memory, is_unjudged, judged, named, pending, recalled,
    siblings,
};
use crate::{
    api::{Asset, AssetSpec, Campaign},
    controller::{context::Shared, error::Error, view::AssetView},
    domain::{
        guarding::{Beside, Siblings, links_due_at, links_of},
        observed::GuardFacts,
        policy::Places,
    },
};

/// What is read directly: the packs as they stand now, and the words where no verdict is remembered for them.
pub(crate) async fn directly(
    shared: &Shared,
    campaign: Option<&Campaign>,
    asset: &Asset,
    asked: Asked<'_>,
) -> Result<GuardFacts, Error> {
    let Some(campaign) = campaign.filter(|campaign| !campaign.spec.suspend) else {
        return Ok(GuardFacts::default());
    };
    let packs = match named::directly(shared, asked.namespace, &campaign.spec).await? {
        Named::Nobody(facts) => return Ok(facts),
        Named::Packs(packs) => packs,
    };
    let known = recalled(shared, &packs, asked);
    if !is_unjudged(&known) {
        return Ok(known);
    }
    let spec = match with_words(shared, campaign, asset).await {
        Ok(spec) => spec,
        Err(problem) => {
            let message = format!("Its words cannot be read from the branch: {problem}.");
            return Ok(pending(&known, "ContentMissing", &message));
        }
    };
    let near = near(shared, &packs, asked).await?;
    judge(shared, &packs, asset, &spec, (asked, &near));
    Ok(recalled(shared, &packs, asked))
}

/// What the account of an asset has published and is to publish, where a rule compares.
async fn near(shared: &Shared, packs: &NamedPacks, asked: Asked<'_>) -> Result<Siblings, Error> {
    let Some(window) = packs.needs.window else {
        return Ok(Siblings::default());
    };
    let target = &asked.asset.target;
    let mut posts = siblings::planned(shared, asked.namespace, target).await?;
    posts.extend(siblings::sent(shared, asked.namespace, window, Some(target)).await?);
    Ok(Siblings::of(posts))
}

/// Judges the words of an asset, and remembers what is said of them.
fn judge(
    shared: &Shared,
    packs: &NamedPacks,
    asset: &Asset,
    spec: &AssetSpec,
    (asked, near): (Asked<'_>, &Siblings),
) {
    let (key, now) = (asked.key(), shared.clock.now());
    let claims = shared.verdicts.claims(&key);
    let places = asset
        .status
        .as_ref()
        .and_then(|status| status.source.as_ref())
        .map(Places::of);
    let due = packs.needs.links && !asked.is_published() && now >= links_due_at(asked.asset.publish_at);
    let found = due
        .then(|| {
            let named = (asked.namespace, asked.asset.name.as_str());
            shared.links.found(&links_of(spec), named, shared.clock.steady())
        })
        .flatten();
    let beside = Beside {
        channel_type: channel_type(shared, asked),
        places: places.as_ref(),
        links: found.as_ref(),
        siblings: near.near(&asked.asset.target, asked.asset.publish_at),
    };
    let words = Words {
        spec,
        spec_digest: &asked.asset.spec_digest,
    };
    let judged = judged(packs, &claims, words, beside, now);
    shared.verdicts.remember(&key, &asked.asset.name, judged);
}

/// The spec of an asset with the words that are too long to stand in it.
async fn with_words(shared: &Shared, campaign: &Campaign, asset: &Asset) -> Result<AssetSpec, String> {
    let Some(stored) = &asset.spec.content.stored else {
        return Ok(asset.spec.clone());
    };
    let content = shared
        .sources
        .stored(shared, Some(campaign), asset, stored)
        .await?;
    let mut spec = asset.spec.clone();
    spec.content.text = content.text;
    spec.content.html = content.html;
    spec.content.stored = None;
    Ok(spec)
}

/// Judges an asset that nobody has judged yet: reads its words, unless its whole campaign is about to be judged.
pub(crate) async fn judge_by_name(shared: &Shared, view: &AssetView) -> Result<(), Error> {
    let namespace = view.namespace();
    let campaign = view.campaign().and_then(|name| shared.campaign(namespace, name));
    let campaign = campaign.as_ref().and_then(|campaign| campaign.0.as_ref().ok());
    if let Some(campaign) = campaign
        && let Named::Packs(packs) = in_memory(shared, namespace, &campaign.spec)
    {
        let key = (namespace.to_owned(), campaign.name_any());
        if shared
            .verdicts
            .is_being_learned(&key, &packs.digest, shared.clock.steady())
        {
            return Ok(());
        }
    }
    let assets: Api<Asset> = Api::namespaced(shared.client.clone(), namespace);
    let found = assets
        .get_opt(view.name())
        .await
        .map_err(Error::api("read an Asset"))?;
    let Some(asset) = found else { return Ok(()) };
    let view = AssetView::of(&asset);
    let Some(facts) = view.facts() else { return Ok(()) };
    let asked = Asked {
        namespace,
        asset: &facts,
        receipt: None,
    };
    directly(shared, campaign, &asset, asked).await.map(drop)
}

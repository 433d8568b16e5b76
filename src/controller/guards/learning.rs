//! Judging a whole revision, when the Campaign controller has every word of it in hand.

use std::collections::BTreeMap;

use kube::runtime::reflector::ObjectRef;

use super::{Judged, Named, NamedPacks, Words, judged, siblings};
use crate::{
    api::{AssetSpec, CampaignSpec},
    controller::{context::Shared, error::Error},
    domain::{
        digest,
        guarding::{self, Beside, Claims, Siblings, sibling_of_spec},
        policy::Sibling,
        schedule,
        wanted::{Inputs, Wanted},
    },
};

/// What was judged when a revision was read.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    /// Digest of the packs.
    pub(crate) by: String,
    /// The claims of the revision.
    pub(crate) claims: Claims,
    /// What is said of each asset, by its name.
    pub(crate) judged: BTreeMap<String, Judged>,
    /// True where assets were compared with each other.
    pub(crate) compared: bool,
}

/// Compiles the packs that a campaign names, as far as nobody has done so yet.
pub(crate) async fn compile(shared: &Shared, namespace: &str, spec: &CampaignSpec) -> Result<(), Error> {
    for policy in spec.policies.iter().flatten() {
        let reference = ObjectRef::new(&policy.name).within(namespace);
        let guarded = shared.policy_packs.get(&reference);
        if let Some(pack) = guarded.as_ref().and_then(|guarded| guarded.0.as_ref().ok()) {
            shared.packs.of(pack).await?;
        }
    }
    Ok(())
}

/// What all accounts of a namespace have published, where a rule of the packs compares.
pub(crate) async fn published(
    shared: &Shared,
    namespace: &str,
    judges: &Named,
) -> Result<Vec<Sibling>, Error> {
    match judges {
        Named::Packs(packs) => match packs.needs.window {
            Some(window) => siblings::sent(shared, namespace, window, None).await,
            None => Ok(Vec::new()),
        },
        Named::Nobody(_) => Ok(Vec::new()),
    }
}

/// Reads the claims of a revision and judges everything that it asks for; problems of the claims join those of the files.
pub(crate) fn learned(
    packs: &NamedPacks,
    published: Vec<Sibling>,
    inputs: &Inputs<'_>,
    wanted: &mut Wanted,
) -> Learned {
    let compared = packs.needs.window.is_some();
    let planned = wanted.assets.iter().filter(|_| compared);
    let planned = planned.filter_map(|asset| sibling_of_spec(&asset.spec));
    let siblings = Siblings::of(planned.chain(published));
    let (claims, problems) = guarding::claims(inputs.files, &packs.needs);
    let (mut said, mut types) = (BTreeMap::new(), BTreeMap::new());
    for asset in &wanted.assets {
        let with_words = wanted.large.get(&asset.name).map(|content| AssetSpec {
            content: content.clone(),
            ..asset.spec.clone()
        });
        let spec_digest = digest::of_spec(&asset.spec);
        let words = Words {
            spec: with_words.as_ref().unwrap_or(&asset.spec),
            spec_digest: &spec_digest,
        };
        let target = &asset.spec.target;
        let channel_type = types.entry(target).or_insert_with(|| inputs.channel_type(target));
        let beside = Beside {
            channel_type: *channel_type,
            places: Some(&asset.places()),
            links: None,
            siblings: siblings.near(target, schedule::instant(&asset.spec.schedule).ok()),
        };
        let verdict = judged(packs, &claims, words, beside, inputs.now);
        said.insert(asset.name.clone(), verdict);
    }
    wanted.find(problems);
    Learned {
        by: packs.digest.clone(),
        claims,
        judged: said,
        compared,
    }
}

//! The packs that a campaign names: all of them ready, or why nobody can judge.

use std::sync::Arc;

use kube::{Api, Resource, runtime::reflector::ObjectRef};

use super::super::{
    context::{Guarded, Shared},
    error::Error,
    policy_pack::PackState,
};
use crate::{
    api::{CampaignSpec, PolicyPack},
    domain::{
        digest,
        guarding::Needs,
        observed::{GUARDS_NOT_RUN, GuardFacts},
        policy::CompiledPack,
    },
};

/// Who is to judge what a campaign publishes.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    /// Nobody, or nobody can: a campaign without packs, packs that are missing or not Ready.
    Nobody(GuardFacts),
    /// These packs.
    Packs(NamedPacks),
}

/// Packs that are ready, in the order in which a campaign names them.
#[derive(Debug, Clone, Default)]
pub(crate) struct NamedPacks {
    /// The packs.
    pub(crate) packs: Vec<Arc<CompiledPack>>,
    /// Their names and digests.
    pub(crate) policies: Vec<(String, String)>,
    /// What they need beside the words.
    pub(crate) needs: Needs,
    /// Digest of all of them.
    pub(crate) digest: String,
}

/// A pack as it was found.
enum Found {
    Missing,
    Unreadable(String),
    /// Nobody has compiled it yet.
    NotLookedAt,
    Compiled(PackState),
}

impl Named {
    /// What was found, as far as it concerns a campaign.
    pub(crate) fn digest(&self) -> String {
        match self {
            Self::Nobody(facts) => format!("{:?}", facts.pending),
            Self::Packs(packs) => packs.digest.clone(),
        }
    }
}

/// The packs that a campaign names, as memory knows them.
pub(crate) fn in_memory(shared: &Shared, namespace: &str, spec: &CampaignSpec) -> Named {
    named(spec, |name| {
        let reference = ObjectRef::new(name).within(namespace);
        let Some(guarded) = shared.policy_packs.get(&reference) else {
            return Found::Missing;
        };
        match &guarded.0 {
            Err(invalid) => Found::Unreadable(invalid.error.clone()),
            Ok(pack) => match shared.packs.known(pack) {
                Some(state) => Found::Compiled(state),
                None => Found::NotLookedAt,
            },
        }
    })
}

/// The packs that a campaign names, listed directly and compiled now where that was not done before.
pub(super) async fn directly(shared: &Shared, namespace: &str, spec: &CampaignSpec) -> Result<Named, Error> {
    let names = spec.policies.iter().flatten().map(|policy| policy.name.as_str());
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return Ok(named(spec, |_| Found::Missing));
    }
    let api: Api<Guarded<PolicyPack>> = Api::namespaced(shared.client.clone(), namespace);
    let listed = shared.fresh.list(&api, "list the PolicyPacks").await?;
    let mut found = Vec::new();
    for name in names {
        let standing = listed
            .iter()
            .find(|guarded| guarded.meta().name.as_deref() == Some(name));
        found.push(match standing.map(|guarded| &guarded.0) {
            None => Found::Missing,
            Some(Err(invalid)) => Found::Unreadable(invalid.error.clone()),
            Some(Ok(pack)) => {
                let state = shared.packs.of(pack).await?;
                Found::Compiled(state)
            }
        });
    }
    let mut found = found.into_iter();
    Ok(named(spec, |_| found.next().unwrap_or(Found::Missing)))
}

fn named(spec: &CampaignSpec, mut find: impl FnMut(&str) -> Found) -> Named {
    let Some(policies) = &spec.policies else {
        return Named::Nobody(GuardFacts::default());
    };
    if policies.is_empty() {
        return Named::Nobody(GuardFacts {
            silenced: true,
            ..GuardFacts::default()
        });
    }
    let (mut named, mut needs) = (NamedPacks::default(), Vec::new());
    for policy in policies {
        match usable(&policy.name, find(&policy.name)) {
            Ok((needed, pack)) => {
                named.policies.push((policy.name.clone(), pack.digest.clone()));
                named.packs.push(pack);
                needs.push(needed);
            }
            Err(pending) => {
                return Named::Nobody(GuardFacts {
                    guarded: true,
                    pending: Some(pending),
                    ..GuardFacts::default()
                });
            }
        }
    }
    named.needs = Needs::together(&needs);
    named.digest = digest::of_json(&named.policies);
    Named::Packs(named)
}

fn usable(name: &str, found: Found) -> Result<(Needs, Arc<CompiledPack>), (String, String)> {
    let not_ready = |why: &str| {
        (
            "PolicyNotReady".to_owned(),
            format!("PolicyPack {name} cannot judge: {why}"),
        )
    };
    match found {
        Found::Missing => Err((
            "PolicyMissing".to_owned(),
            format!(
                "There is no PolicyPack {name} in this namespace, and the Campaign names it in spec.policies. Create it."
            ),
        )),
        Found::Unreadable(problem) => Err(not_ready(&format!("its spec cannot be read: {problem}."))),
        Found::NotLookedAt => Err((
            GUARDS_NOT_RUN.to_owned(),
            format!("PolicyPack {name} has not been looked at yet."),
        )),
        Found::Compiled(state) => match state.not_ready() {
            Some((_, message)) => Err(not_ready(&message)),
            None => state
                .pack
                .map(|pack| (state.needs, pack))
                .map_err(|_| not_ready("it is not Ready.")),
        },
    }
}

//! What the guards of a Campaign say of what the files would publish.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    api::{AssetSpec, CampaignSpec, PolicyPackSpec},
    domain::{
        content::{Files, diagnostic::Diagnostic},
        guarding::{self, Beside, Claims, Guards, Needs, Siblings, sibling_of_spec},
        observed::GuardFacts,
        policy::{self, CompiledPack, run_tests},
        schedule,
        wanted::{Wanted, WantedAsset},
    },
};

/// A PolicyPack that is known, by its name.
pub(super) type KnownPack = (String, PolicyPackSpec);

/// Who judges what a Campaign publishes.
#[derive(Default)]
pub(super) struct Judges {
    /// What holds for every asset, where nobody can judge.
    facts: GuardFacts,
    packs: Vec<Arc<CompiledPack>>,
    claims: Claims,
    siblings: Siblings,
    /// What was found in the file of claims.
    pub(super) problems: Vec<Diagnostic>,
    /// Packs that the Campaign names and nobody here knows.
    pub(super) unknown: Vec<String>,
}

impl Judges {
    /// Those that a Campaign names; `complete` where every pack of the namespace is known.
    pub(super) fn of(
        spec: &CampaignSpec,
        (known, complete): (&[KnownPack], bool),
        (files, wanted): (&dyn Files, &Wanted),
    ) -> Self {
        let mut judges = Self {
            facts: guarding::recorded(spec.policies.as_deref(), None),
            ..Self::default()
        };
        let mut needs = Vec::new();
        for policy in spec.policies.iter().flatten() {
            match known.iter().find(|(name, _)| *name == policy.name) {
                None if complete => judges.cannot(
                    "PolicyMissing",
                    format!("There is no PolicyPack {}.", policy.name),
                ),
                None => judges.unknown.push(policy.name.clone()),
                Some((name, spec)) => match usable(name, spec) {
                    Ok(pack) => {
                        needs.push(Needs::of(spec));
                        judges.facts.policies.push((name.clone(), pack.digest.clone()));
                        judges.packs.push(Arc::new(pack));
                    }
                    Err(why) => {
                        judges.cannot("PolicyNotReady", format!("PolicyPack {name} cannot judge: {why}"));
                    }
                },
            }
        }
        let needs = Needs::together(&needs);
        (judges.claims, judges.problems) = guarding::claims(files, &needs);
        if needs.window.is_some() {
            let planned = wanted.assets.iter();
            judges.siblings = Siblings::of(planned.filter_map(|asset| sibling_of_spec(&asset.spec)));
        }
        judges
    }

    fn cannot(&mut self, reason: &str, message: String) {
        self.facts.guarded = true;
        self.facts.pending.get_or_insert((reason.to_owned(), message));
    }

    /// What they say of one asset; its links count as answering.
    pub(super) fn facts(
        &self,
        asset: &WantedAsset,
        (wanted, channel_type): (&Wanted, Option<&str>),
        now: Timestamp,
    ) -> GuardFacts {
        let mut facts = self.facts.clone();
        if facts.pending.is_some() || self.packs.is_empty() {
            return facts;
        }
        let mut spec: AssetSpec = asset.spec.clone();
        if let Some(content) = wanted.large.get(&asset.name) {
            spec.content = content.clone();
        }
        let guards = Guards {
            packs: &self.packs,
            registries: self.claims.registries(),
            now,
        };
        let places = asset.places();
        let beside = Beside {
            channel_type,
            places: Some(&places),
            links: None,
            siblings: self
                .siblings
                .near(&spec.target, schedule::instant(&spec.schedule).ok()),
        };
        facts.guarded = true;
        facts.verdict = Some(guarding::abridged(guards.judge(&spec, beside)));
        facts
    }
}

/// A pack that can judge, or why it cannot.
fn usable(name: &str, spec: &PolicyPackSpec) -> Result<CompiledPack, String> {
    let pack = policy::compile(name, spec)
        .map_err(|problems| problems.first().map(ToString::to_string).unwrap_or_default())?;
    match run_tests(&pack).into_iter().find(|test| !test.passed) {
        Some(test) => Err(format!("its test {} fails: {}", test.name, test.message)),
        None => Ok(pack),
    }
}

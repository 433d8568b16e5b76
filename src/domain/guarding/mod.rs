//! Guarding: what the packs of a campaign say of one asset, and what they need to say it.

mod siblings;
mod told;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    content::{Files, diagnostic::Diagnostic},
    digest,
    policy::{
        self, CompiledPack, Evidence, GuardFinding, LinkFinding, Places, Registries, Sibling, Subject,
        Verdict, claims::Registry,
    },
    wanted::unread,
};
use crate::api::{AssetSpec, PolicyPackSpec, PolicyRule};
pub use siblings::{Siblings, of_receipt as sibling_of_receipt, of_spec as sibling_of_spec};
pub use told::{MAX_TOLD, foremost, of_asset, of_receipt, recorded};

/// The largest file of claims.
const MAX_REGISTRY: u64 = 1024 * 1024;

/// How long before it is due the links of an asset have to be looked at.
pub const LINKS_BEFORE_DUE: SignedDuration = SignedDuration::from_hours(24);

/// What a pack needs to know beside the words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// True where links have to be asked whether they answer.
    pub links: bool,
    /// Files of claims, by their paths on the branch.
    pub registries: Vec<String>,
    /// How far back and ahead other posts are compared, where they are.
    pub window: Option<Duration>,
}

impl Needs {
    /// What the rules of a pack need.
    pub fn of(spec: &PolicyPackSpec) -> Self {
        let overlaid = spec.overlays.iter().flat_map(|overlay| &overlay.rules);
        let rules = || spec.rules.iter().chain(overlaid.clone());
        Self {
            links: rules().any(asks_links),
            registries: rules().filter_map(registry_path).collect(),
            window: rules()
                .filter_map(|rule| Some(rule.kind.duplicate.as_ref()?.window.0))
                .max(),
        }
    }

    /// What several packs need together, each file once.
    pub fn together<'n>(all: impl IntoIterator<Item = &'n Self>) -> Self {
        let mut together = Self::default();
        for needs in all {
            together.links |= needs.links;
            together.registries.extend(needs.registries.iter().cloned());
            together.window = together.window.max(needs.window);
        }
        together.registries.sort();
        together.registries.dedup();
        together
    }
}

fn asks_links(rule: &PolicyRule) -> bool {
    rule.kind.links.as_ref().is_some_and(|links| links.check)
}

fn registry_path(rule: &PolicyRule) -> Option<String> {
    let claims = rule.kind.numeric_claims.as_ref()?;
    Some(claims.registry.path.clone())
}

/// The packs of a campaign and its evidence.
#[derive(Clone, Debug)]
pub struct Guards<'a> {
    /// The packs, in the order in which the campaign names them.
    pub packs: &'a [Arc<CompiledPack>],
    /// The claims of the branch.
    pub registries: Registries<'a>,
    /// The clock.
    pub now: Timestamp,
}

/// What is known of one asset beside its words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The type of the channel that it goes through.
    pub channel_type: Option<&'a str>,
    /// Where its fields stand.
    pub places: Option<&'a Places>,
    /// What its links answered; none while it is too early to ask.
    pub links: Option<&'a BTreeMap<String, LinkFinding>>,
    /// Other posts that it could repeat.
    pub siblings: &'a [Sibling],
}

impl Guards<'_> {
    /// What the packs say of an asset, with every finding.
    pub fn judge(&self, spec: &AssetSpec, beside: Beside<'_>) -> Verdict {
        let mut subject = Subject::of_asset(spec);
        subject.channel_type = beside.channel_type.map(str::to_owned);
        if let Some(places) = beside.places {
            subject.places = places.clone();
        }
        let assumed = assumed_to_answer(&subject.links);
        let evidence = Evidence {
            registries: self.registries,
            links: beside.links.unwrap_or(&assumed),
            siblings: beside.siblings,
        };
        policy::evaluate(self.packs, &subject, &evidence, self.now)
    }
}

/// While it is too early to ask, links count as answering; they are judged anew before the asset is due.
fn assumed_to_answer(links: &[String]) -> BTreeMap<String, LinkFinding> {
    let assumed = links.iter().map(|link| (link.clone(), LinkFinding::Status(200)));
    assumed.collect()
}

/// A verdict of which only the foremost findings are kept.
pub fn abridged(mut verdict: Verdict) -> Verdict {
    if verdict.findings.len() <= MAX_TOLD {
        return verdict;
    }
    let kept: Vec<GuardFinding> = foremost(&verdict).into_iter().cloned().collect();
    let dropped = u32::try_from(verdict.findings.len() - kept.len()).unwrap_or(u32::MAX);
    verdict.left_out = verdict.left_out.saturating_add(dropped);
    verdict.findings = kept;
    verdict
}

/// The links whose answers matter for an asset.
pub fn links_of(spec: &AssetSpec) -> Vec<String> {
    let mut links = Subject::of_asset(spec).links;
    links.sort();
    links.dedup();
    links
}

/// When the links of an asset have to be looked at: a day before it is due; at any time where it has no instant.
pub fn links_due_at(publish_at: Option<Timestamp>) -> Timestamp {
    let day_before = |at: Timestamp| at.checked_sub(LINKS_BEFORE_DUE).unwrap_or(Timestamp::MIN);
    publish_at.map_or(Timestamp::MIN, day_before)
}

/// The claims of a branch as they were read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims {
    /// What each file says that a rule needs and that can be read, by its path.
    registries: BTreeMap<String, Arc<Registry>>,
    /// Digest of paths and bytes: verdicts are remembered under it.
    pub digest: String,
}

impl Claims {
    /// What the files say.
    pub fn registries(&self) -> Registries<'_> {
        Registries::ByPath(&self.registries)
    }
}

/// Reads the files of claims that packs need, with every problem at its place. None of them is fatal: a broken file of
/// claims stops what needs it, not the campaign.
pub fn claims(files: &dyn Files, needs: &Needs) -> (Claims, Vec<Diagnostic>) {
    let mut claims = Claims::default();
    let mut diagnostics = Vec::new();
    let mut digests = Vec::new();
    for path in &needs.registries {
        let bytes = match files.read(path, MAX_REGISTRY) {
            Ok(bytes) => bytes,
            Err(problem) => {
                digests.push((path, format!("{problem:?}")));
                diagnostics.push(unread(path, &problem, false));
                continue;
            }
        };
        let (registry, problems) = Registry::read(path, &bytes);
        digests.push((path, digest::of_bytes(&bytes)));
        diagnostics.extend(problems.into_iter().map(Diagnostic::not_fatal));
        claims.registries.insert(path.clone(), Arc::new(registry));
    }
    if !digests.is_empty() {
        claims.digest = digest::of_json(&digests);
    }
    (claims, diagnostics)
}

#[cfg(test)]
mod tests;

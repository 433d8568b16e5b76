//! What guards said of every asset, remembered by what they were told, so that planning needs no words.

mod judging;
mod learning;
mod named;
mod siblings;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;

pub(crate) use self::{
    judging::{directly, judge_by_name},
    learning::{Learned, compile, learned, published},
    named::{Named, NamedPacks, in_memory},
};
use super::{
    campaign::{self, Key},
    context::Shared,
    lock::lock,
    view::ReceiptView,
};
use crate::{
    api::{AssetSpec, Campaign, ReceiptPhase},
    domain::{
        digest,
        guarding::{self, Beside, Claims, Guards, links_due_at, links_of},
        observed::{AssetFacts, GUARDS_NOT_RUN, GuardFacts, LINKS_UNCHECKED},
        policy::{LinkFinding, Verdict},
    },
};

/// For how long a campaign is expected to judge everything that it asks for, after its packs have changed.
const LEARNING: Duration = Duration::from_secs(5);
/// How many verdicts a campaign's memory holds: twice what a campaign has Assets.
const MOST_VERDICTS: usize = 20_000;

/// What was said of one asset.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judged {
    /// Digest of the words, the packs, the claims and the type of the channel.
    told: String,
    /// Digest of what the links answered; none where it was too early to ask.
    answers: Option<String>,
    /// Its links, where a rule asks whether they answer.
    links: Arc<[String]>,
    verdict: Verdict,
}

/// What is known of one campaign.
#[derive(Debug, Default)]
struct OfCampaign {
    claims: Claims,
    judged: BTreeMap<String, Judged>,
    /// Digest of the packs by which the newest revision was judged.
    learned_by: String,
    /// On the steady clock: since when somebody waits for what these packs say.
    awaited: Option<(String, Duration)>,
}

/// What guards said of every asset.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(Mutex<BTreeMap<Key, OfCampaign>>);

impl Verdicts {
    fn with<T>(&self, key: &Key, work: impl FnOnce(&mut OfCampaign) -> T) -> T {
        let mut all = lock(&self.0);
        work(all.entry(key.clone()).or_default())
    }

    /// The claims of a campaign's branch, as of the revision that was read last.
    fn claims(&self, key: &Key) -> Claims {
        self.with(key, |known| known.claims.clone())
    }

    fn recall(&self, key: &Key, asset: &str) -> Option<Judged> {
        self.with(key, |known| known.judged.get(asset).cloned())
    }

    fn remember(&self, key: &Key, asset: &str, judged: Judged) {
        self.with(key, |known| {
            if known.judged.len() < MOST_VERDICTS || known.judged.contains_key(asset) {
                known.judged.insert(asset.to_owned(), judged);
            }
        });
    }

    /// Takes up what was judged when a revision was read; answers the assets of which something else is said now.
    ///
    /// What was said of assets that the revision does not name is kept while they stand.
    pub(crate) fn learn(
        &self,
        key: &Key,
        learned: Learned,
        stands: impl Fn(&str) -> bool,
    ) -> BTreeSet<String> {
        self.with(key, |known| {
            known.claims = learned.claims;
            known.learned_by = learned.by;
            known
                .judged
                .retain(|name, _| learned.judged.contains_key(name) || stands(name));
            let mut changed = BTreeSet::new();
            for (name, judged) in learned.judged {
                match known.judged.get(&name) {
                    // What was said with the answers of its links counts for more, as long as nothing else matters.
                    Some(before)
                        if before.told == judged.told && before.answers.is_some() && !learned.compared => {}
                    Some(before) if *before == judged => {}
                    _ => {
                        changed.insert(name.clone());
                        known.judged.insert(name, judged);
                    }
                }
            }
            changed
        })
    }

    /// Whether the whole campaign is about to be judged by these packs: then nobody has to read its assets one by one.
    fn is_being_learned(&self, key: &Key, packs: &str, now: Duration) -> bool {
        self.with(key, |known| {
            if known.learned_by == packs {
                return false;
            }
            match &known.awaited {
                Some((awaited, since)) if awaited == packs => now.saturating_sub(*since) < LEARNING,
                _ => {
                    known.awaited = Some((packs.to_owned(), now));
                    true
                }
            }
        })
    }

    /// Forgets a campaign that is gone.
    pub(crate) fn forget(&self, key: &Key) {
        lock(&self.0).remove(key);
    }
}

/// The words of an asset, long ones included.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    /// The spec with its words.
    pub(crate) spec: &'a AssetSpec,
    /// Digest of the spec as it stands on record.
    pub(crate) spec_digest: &'a str,
}

/// Judges one asset; without answers its links count as answering.
pub(crate) fn judged(
    packs: &NamedPacks,
    claims: &Claims,
    words: Words<'_>,
    beside: Beside<'_>,
    now: Timestamp,
) -> Judged {
    let spec = words.spec;
    let guards = Guards {
        packs: &packs.packs,
        registries: claims.registries(),
        now,
    };
    let links = if packs.needs.links {
        links_of(spec)
    } else {
        Vec::new()
    };
    Judged {
        told: told(packs, claims, words.spec_digest, beside.channel_type),
        answers: beside.links.map(answers),
        links: links.into(),
        verdict: guarding::abridged(guards.judge(spec, beside)),
    }
}

fn told(packs: &NamedPacks, claims: &Claims, spec_digest: &str, channel_type: Option<&str>) -> String {
    digest::of_json(&(spec_digest, &packs.digest, &claims.digest, channel_type))
}

fn answers(links: &BTreeMap<String, LinkFinding>) -> String {
    let answers: Vec<(&String, String)> = links
        .iter()
        .map(|(link, found)| (link, format!("{found:?}")))
        .collect();
    digest::of_json(&answers)
}

/// One asset that guards are asked about.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Its namespace.
    pub(crate) namespace: &'a str,
    /// What is known of it.
    pub(crate) asset: &'a AssetFacts,
    /// Its receipt.
    pub(crate) receipt: Option<&'a ReceiptView>,
}

impl Asked<'_> {
    fn key(&self) -> Key {
        (self.namespace.to_owned(), self.asset.campaign.clone())
    }

    /// True where exactly these words are published: nobody has to look at their links any more.
    fn is_published(&self) -> bool {
        self.receipt.is_some_and(|receipt| {
            receipt.status.phase == ReceiptPhase::Published
                && receipt.status.content_digest.as_ref() == Some(&self.asset.content_digest)
        })
    }
}

/// What memory knows: the verdict, or why there is none yet.
pub(crate) fn from_memory(shared: &Shared, campaign: Option<&Campaign>, asked: Asked<'_>) -> GuardFacts {
    // Of a suspended campaign nothing is sent, and its branch is not read.
    let Some(campaign) = campaign.filter(|campaign| !campaign.spec.suspend) else {
        return GuardFacts::default();
    };
    match in_memory(shared, asked.namespace, &campaign.spec) {
        Named::Nobody(facts) => facts,
        Named::Packs(packs) => recalled(shared, &packs, asked),
    }
}

/// What is remembered of these words under these packs, or that they have to be judged.
fn recalled(shared: &Shared, packs: &NamedPacks, asked: Asked<'_>) -> GuardFacts {
    let Asked { asset, namespace, .. } = asked;
    let (key, now) = (asked.key(), shared.clock.now());
    let facts = GuardFacts {
        guarded: true,
        policies: packs.policies.clone(),
        ..GuardFacts::default()
    };
    let unjudged = pending(
        &facts,
        GUARDS_NOT_RUN,
        "The guards have not judged these words yet.",
    );
    let channel_type = channel_type(shared, asked);
    let told = told(
        packs,
        &shared.verdicts.claims(&key),
        &asset.spec_digest,
        channel_type,
    );
    let Some(judged) = shared
        .verdicts
        .recall(&key, &asset.name)
        .filter(|judged| judged.told == told)
    else {
        return unjudged;
    };
    let mut verdict = judged.verdict;
    if verdict.again_at.is_some_and(|at| at <= now) {
        return unjudged;
    }
    if packs.needs.links && !judged.links.is_empty() && !asked.is_published() {
        let due_at = links_due_at(asset.publish_at);
        if now < due_at {
            verdict.again_at = Some(verdict.again_at.map_or(due_at, |at| at.min(due_at)));
        } else {
            let steady = shared.clock.steady();
            let found = shared
                .links
                .found(&judged.links, (namespace, &asset.name), steady);
            match found.as_ref().map(answers) {
                None => return pending(&facts, LINKS_UNCHECKED, "Its links are being looked at."),
                found if found != judged.answers => return unjudged,
                Some(_) => {}
            }
        }
    }
    GuardFacts {
        verdict: Some(verdict),
        ..facts
    }
}

fn pending(facts: &GuardFacts, reason: &str, message: &str) -> GuardFacts {
    GuardFacts {
        pending: Some((reason.to_owned(), message.to_owned())),
        ..facts.clone()
    }
}

fn channel_type(shared: &Shared, asked: Asked<'_>) -> Option<&'static str> {
    campaign::channel_type(shared, asked.namespace, &asked.asset.target)
}

/// Whether nobody has judged these words yet.
pub(crate) fn is_unjudged(facts: &GuardFacts) -> bool {
    let reason = facts.pending.as_ref().map(|(reason, _)| reason.as_str());
    reason == Some(GUARDS_NOT_RUN)
}

#[cfg(test)]
mod tests;

//! The packs among the files: whether they can judge, and what they say of what a campaign publishes.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    local_files::LocalFiles,
    manifest::{CheckedCampaign, CheckedPack, Manifests},
};
use crate::{
    api::{RuleMode, RuleResult, Severity},
    domain::{
        content::{
            Files as _,
            diagnostic::{Diagnostic, Position},
            text::{Span, Text},
        },
        gates::is_stopping,
        guarding::{self, Beside, Guards, Needs, Siblings, sibling_of_spec},
        policy::{self, CompiledPack, GuardFinding},
        schedule,
        wanted::{Inputs, Wanted},
    },
};

/// The parsers' own bound of what a finding stands in.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// A pack that can judge, and what it needs beside the words.
type Usable = (Needs, Arc<CompiledPack>);

/// The packs among the files, by namespace and name.
#[derive(Default)]
pub(super) struct Packs {
    /// Those that can judge; none for those that cannot.
    packs: BTreeMap<(String, String), Option<Usable>>,
    /// What is wrong with them.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Packs {
    /// Compiles the packs, and runs their own tests.
    pub(super) fn of(manifests: &Manifests) -> Self {
        let mut packs = Self::default();
        for pack in &manifests.packs {
            let usable = match usable(pack) {
                Ok(compiled) => Some((Needs::of(&pack.spec), Arc::new(compiled))),
                Err(problems) => {
                    packs.diagnostics.extend(problems);
                    None
                }
            };
            packs
                .packs
                .insert((pack.namespace.clone(), pack.name.clone()), usable);
        }
        packs
    }

    /// What the packs that a campaign names say of everything that it publishes.
    pub(super) fn judge(
        &self,
        campaign: &CheckedCampaign,
        inputs: &Inputs<'_>,
        wanted: &Wanted,
        workspace: &LocalFiles,
    ) -> Vec<Diagnostic> {
        let (compiled, needs, mut found) = self.named(campaign);
        if compiled.is_empty() {
            return found;
        }
        let (claims, problems) = guarding::claims(workspace, &Needs::together(&needs));
        found.extend(problems);
        let guards = Guards {
            packs: &compiled,
            registries: claims.registries(),
            now: inputs.now,
        };
        let siblings = Siblings::of(
            wanted
                .assets
                .iter()
                .filter_map(|asset| sibling_of_spec(&asset.spec)),
        );
        let mut excerpts = Excerpts::of(workspace);
        for asset in &wanted.assets {
            let mut spec = asset.spec.clone();
            if let Some(content) = wanted.large.get(&asset.name) {
                spec.content = content.clone();
            }
            let beside = Beside {
                channel_type: inputs.channel_type(&spec.target),
                places: Some(&asset.places()),
                links: None,
                siblings: siblings.near(&spec.target, schedule::instant(&spec.schedule).ok()),
            };
            let verdict = guards.judge(&spec, beside);
            found.extend(
                verdict
                    .findings
                    .iter()
                    .map(|finding| excerpts.diagnostic(finding)),
            );
        }
        found
    }

    /// The packs of a campaign that can judge, and what is to be said of the others.
    fn named(&self, campaign: &CheckedCampaign) -> (Vec<Arc<CompiledPack>>, Vec<Needs>, Vec<Diagnostic>) {
        let (mut compiled, mut needs, mut found) = (Vec::new(), Vec::new(), Vec::new());
        let Some(policies) = &campaign.spec.policies else {
            found.extend(campaign.place.as_ref().map(not_guarded));
            return (compiled, needs, found);
        };
        for policy in policies {
            let key = (campaign.namespace.clone(), policy.name.clone());
            match self.packs.get(&key) {
                Some(Some((needed, pack))) => {
                    needs.push(needed.clone());
                    compiled.push(Arc::clone(pack));
                }
                // What is wrong with it is said already.
                Some(None) => {}
                None => found.extend(campaign.place.as_ref().map(|place| not_here(place, &policy.name))),
            }
        }
        (compiled, needs, found)
    }
}

/// A pack that can judge, or why it cannot.
pub(super) fn usable(pack: &CheckedPack) -> Result<CompiledPack, Vec<Diagnostic>> {
    let compiled = policy::compile(&pack.name, &pack.spec).map_err(|problems| {
        let told = problems.iter().map(|problem| {
            let message = format!("PolicyPack {}: {problem}", pack.name);
            let help = "kubectl explain policypack.spec.rules shows every kind of rule.";
            at(&pack.place, (Severity::Error, "PolicyUnusable"), (message, help))
        });
        told.collect::<Vec<_>>()
    })?;
    let failing: Vec<Diagnostic> = policy::run_tests(&compiled)
        .iter()
        .filter(|test| !test.passed)
        .map(|test| {
            let message = format!("PolicyPack {}, test `{}`: {}", pack.name, test.name, test.message);
            let help = "A pack whose tests fail is not Ready, and what relies on it waits.";
            at(&pack.place, (Severity::Error, "PolicyTestFails"), (message, help))
        })
        .collect();
    if failing.is_empty() {
        Ok(compiled)
    } else {
        Err(failing)
    }
}

fn not_guarded(place: &(String, u32)) -> Diagnostic {
    let message = "The Campaign names no PolicyPack: nobody judges what it publishes.".to_owned();
    let help = "Name one in spec.policies, or write policies: [] to say that none is wanted.";
    at(place, (Severity::Warning, "NotGuarded"), (message, help))
}

fn not_here(place: &(String, u32), name: &str) -> Diagnostic {
    let message = format!(
        "PolicyPack {name}, which the Campaign names, is not among the files: what it says is not checked here."
    );
    let help = "Check its manifest together with the Campaign. In the cluster nothing is sent before the pack is there and Ready.";
    at(place, (Severity::Warning, "PolicyNotHere"), (message, help))
}

/// A problem of a manifest: what is meant begins at that line.
fn at((path, line): &(String, u32), code: (Severity, &'static str), said: (String, &str)) -> Diagnostic {
    Diagnostic::at(path, Span::of(*line, 1, ""), code, said)
}

/// The files in which findings stand, for the lines that are meant.
struct Excerpts<'w> {
    workspace: &'w LocalFiles,
    files: BTreeMap<String, Vec<u8>>,
}

impl<'w> Excerpts<'w> {
    fn of(workspace: &'w LocalFiles) -> Self {
        Self {
            workspace,
            files: BTreeMap::new(),
        }
    }

    fn diagnostic(&mut self, finding: &GuardFinding) -> Diagnostic {
        let GuardFinding {
            rule,
            pack,
            message,
            path,
            line,
            column,
            ..
        } = finding;
        let (severity, code) = weight(finding);
        let message = format!("Rule {rule} of PolicyPack {pack}: {message}");
        let length = finding.excerpt.chars().count();
        let span = Span::new(
            Position {
                line: *line,
                column: *column,
            },
            length,
        );
        let workspace = self.workspace;
        let bytes = self
            .files
            .entry(path.clone())
            .or_insert_with(|| workspace.read(path, MAX_BYTES).unwrap_or_default());
        let Ok(text) = Text::decode(path, bytes, bytes.len()) else {
            return Diagnostic::at(path, Span::of(*line, 1, ""), (severity, code), (message, ""));
        };
        match severity {
            Severity::Error => text.error(span, code, message, ""),
            Severity::Warning => text.warning(span, code, message, ""),
        }
    }
}

/// How much a finding weighs, and its code.
fn weight(finding: &GuardFinding) -> (Severity, &'static str) {
    match finding.result {
        _ if finding.mode == RuleMode::Audit => (Severity::Warning, "GuardAudit"),
        RuleResult::Fail if is_stopping(finding) => (Severity::Error, "GuardFailed"),
        _ if is_stopping(finding) => (Severity::Error, "GuardInconclusive"),
        _ if finding.counts() => (Severity::Warning, "ApprovalNeeded"),
        _ => (Severity::Warning, "GuardWarning"),
    }
}

#[cfg(test)]
mod tests;

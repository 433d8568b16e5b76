//! The PolicyPack controller: can the rules be applied, do the pack's own tests come out, what is its digest?

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
    runtime::{controller::Action, reflector::ObjectRef},
};
use serde_json::json;

use super::{
    context::{Guarded, Shared},
    error::Error,
    lock::lock,
    report::{self, Notice},
};
use crate::{
    api::{
        FailedTest, PolicyPack, PolicyPackCounts, PolicyPackSpec, PolicyPackStatus, RuleMode,
        condition_type::{COMPILED, TESTS_PASSED},
    },
    domain::{
        digest,
        guarding::Needs,
        policy::{self, CompiledPack, PackProblem, TestOutcome},
        receipt::shortened,
        status::{Standing, Statement, absent, conditions, standing, statement},
    },
};

/// How many compiled packs are kept; those that nobody uses make room first.
const MOST_PACKS: usize = 256;
/// How many failing tests a status names.
const FAILED_TESTS: usize = 20;

/// A pack, ready to judge or not.
#[derive(Debug, Clone)]
pub(crate) struct PackState {
    /// The pack, where it can judge; else why not.
    pub(crate) pack: Result<Arc<CompiledPack>, NotReady>,
    /// What it needs to know beside the words.
    pub(crate) needs: Needs,
    /// What its own tests came to; empty where the rules cannot be applied.
    tests: Arc<[TestOutcome]>,
}

/// Why a pack cannot judge.
#[derive(Debug, Clone)]
pub(crate) enum NotReady {
    /// Its rules cannot be applied.
    Problems(Arc<[PackProblem]>),
    /// Tests of its own fail.
    TestsFail,
}

impl PackState {
    /// Compiles a pack and runs its tests: work of milliseconds, to be done off the runtime's own threads.
    fn of(name: &str, spec: &PolicyPackSpec) -> Self {
        let pack = match policy::compile(name, spec) {
            Ok(pack) => Arc::new(pack),
            Err(problems) => {
                return Self {
                    pack: Err(NotReady::Problems(problems.into())),
                    needs: Needs::default(),
                    tests: Arc::default(),
                };
            }
        };
        let tests: Arc<[TestOutcome]> = policy::run_tests(&pack).into();
        let fails = tests.iter().any(|test| !test.passed);
        Self {
            pack: if fails { Err(NotReady::TestsFail) } else { Ok(pack) },
            needs: Needs::of(spec),
            tests,
        }
    }

    /// Why it cannot judge, as reason and sentence.
    pub(crate) fn not_ready(&self) -> Option<(&'static str, String)> {
        match self.pack.as_ref().err()? {
            NotReady::Problems(problems) => Some(("RulesUnusable", told_problems(problems))),
            NotReady::TestsFail => Some(("TestsFail", told_failures(&self.tests))),
        }
    }

    fn failures(&self) -> impl Iterator<Item = &TestOutcome> {
        self.tests.iter().filter(|test| !test.passed)
    }
}

fn told_problems(problems: &[PackProblem]) -> String {
    let first = problems.first().map(ToString::to_string).unwrap_or_default();
    match problems.len() {
        0 | 1 => first,
        more => format!("{first} ({} more problems.)", more - 1),
    }
}

fn told_failures(tests: &[TestOutcome]) -> String {
    let failed: Vec<String> = tests
        .iter()
        .filter(|test| !test.passed)
        .take(3)
        .map(|test| format!("{}: {}", test.name, test.message))
        .collect();
    let number = tests.iter().filter(|test| !test.passed).count();
    format!(
        "{number} of {} tests of the pack fail. {}",
        tests.len(),
        failed.join(" ")
    )
}

/// Namespace and name.
type Key = (String, String);
/// Uid and generation.
type Version = (Option<String>, Option<i64>);
/// Uid, generation and resource version.
type Written = (Option<String>, Option<i64>, Option<String>);

/// Compiled packs: the same rules are compiled once, whoever reads them.
#[derive(Debug, Default)]
pub(crate) struct Packs {
    /// By the digest of what they say.
    compiled: Mutex<BTreeMap<String, PackState>>,
    /// The version of each PolicyPack that was looked at last.
    looked_at: Mutex<BTreeMap<Key, Version>>,
    /// The digest of each PolicyPack as it was read last: planning asks for it with every asset.
    digests: Mutex<BTreeMap<Key, (Written, String)>>,
}

impl Packs {
    /// A pack that was compiled before.
    pub(crate) fn known(&self, pack: &PolicyPack) -> Option<PackState> {
        lock(&self.compiled).get(&self.digest(pack)).cloned()
    }

    /// A pack, compiled now unless it was before.
    pub(crate) async fn of(&self, pack: &PolicyPack) -> Result<PackState, Error> {
        if let Some(known) = self.known(pack) {
            return Ok(known);
        }
        let (name, spec) = (pack.name_any(), pack.spec.clone());
        let compiled = tokio::task::spawn_blocking(move || PackState::of(&name, &spec))
            .await
            .map_err(|_| Error::Ended("the compilation of a PolicyPack"))?;
        let digest = self.digest(pack);
        let mut packs = lock(&self.compiled);
        if packs.len() >= MOST_PACKS {
            packs.retain(|_, state| {
                let used = state.pack.as_ref().map(Arc::strong_count);
                used.is_ok_and(|holders| holders > 1)
            });
        }
        packs.insert(digest, compiled.clone());
        Ok(compiled)
    }

    /// The digest of name and spec, computed once for each version that is read.
    fn digest(&self, pack: &PolicyPack) -> String {
        let meta = &pack.metadata;
        let key = (meta.namespace.clone().unwrap_or_default(), pack.name_any());
        let written = (meta.uid.clone(), meta.generation, meta.resource_version.clone());
        let mut digests = lock(&self.digests);
        if let Some((read, digest)) = digests.get(&key)
            && *read == written
            && meta.uid.is_some()
        {
            return digest.clone();
        }
        let digest = digest::of_json(&(&key.1, &pack.spec));
        digests.insert(key, (written, digest.clone()));
        digest
    }

    /// Notes which version of a PolicyPack was looked at; true where it is another one than before.
    fn looked_at(&self, namespace: &str, pack: &PolicyPack) -> bool {
        let key = (namespace.to_owned(), pack.name_any());
        let version = (pack.metadata.uid.clone(), pack.metadata.generation);
        lock(&self.looked_at).insert(key, version.clone()) != Some(version)
    }

    /// Forgets a PolicyPack that is gone.
    pub(crate) fn forget(&self, namespace: &str, name: &str) {
        let key = (namespace.to_owned(), name.to_owned());
        lock(&self.looked_at).remove(&key);
        lock(&self.digests).remove(&key);
    }
}

/// Looks at one PolicyPack.
pub(crate) async fn reconcile(
    guarded: Arc<Guarded<PolicyPack>>,
    shared: Arc<Shared>,
) -> Result<Action, Error> {
    let namespace = guarded.meta().namespace.clone().unwrap_or_default();
    let Ok(pack) = &guarded.0 else {
        wake_campaigns(&namespace, &guarded.name_any(), &shared);
        return Ok(Action::await_change());
    };
    let state = shared.packs.of(pack).await?;
    if shared.packs.looked_at(&namespace, pack) {
        wake_campaigns(&namespace, &pack.name_any(), &shared);
    }
    let pause = match shared.leads() {
        Some(_) => summarise(pack, &namespace, &state, &shared).await?,
        None => None,
    };
    Ok(pause.map_or_else(Action::await_change, Action::requeue))
}

/// Wakes the campaigns that name a pack: each judges anew, and wakes its assets.
pub(crate) fn wake_campaigns(namespace: &str, pack: &str, shared: &Shared) {
    for guarded in shared.campaigns.state() {
        let Ok(campaign) = &guarded.0 else { continue };
        let mut named = campaign.spec.policies.iter().flatten();
        if campaign.namespace().as_deref() == Some(namespace) && named.any(|policy| policy.name == pack) {
            shared.campaign_wakes.wake(ObjectRef::from_obj(guarded.as_ref()));
        }
    }
}

async fn summarise(
    pack: &PolicyPack,
    namespace: &str,
    state: &PackState,
    shared: &Shared,
) -> Result<Option<Duration>, Error> {
    let before = pack.status.clone().unwrap_or_default();
    let next = status(pack, &before, state, shared);
    if next == before {
        return Ok(None);
    }
    let (uid, steady) = (pack.uid().unwrap_or_default(), shared.clock.steady());
    let telling = match shared.repeats.telling(&uid, &next, steady) {
        Ok(telling) => telling,
        Err(pause) => return Ok(Some(pause)),
    };
    let mut value = serde_json::to_value(&next).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        // A merge patch keeps what it does not name.
        for field in ["digest", "counts", "testsPassed", "failedTests"] {
            fields.entry(field).or_insert(serde_json::Value::Null);
        }
    }
    let api: Api<PolicyPack> = Api::namespaced(shared.client.clone(), namespace);
    let patch = json!({"status": value});
    let written = api
        .patch_status(&pack.name_any(), &PatchParams::default(), &Patch::Merge(&patch))
        .await;
    match written {
        Ok(_) => {}
        // It was deleted meanwhile: there is nobody to tell.
        Err(kube::Error::Api(answer)) if answer.code == 404 => return Ok(None),
        Err(source) => return Err(Error::api("write the status of a PolicyPack")(source)),
    }
    telling.told();
    notice(pack, state, shared).await;
    Ok(None)
}

fn status(
    pack: &PolicyPack,
    before: &PolicyPackStatus,
    state: &PackState,
    shared: &Shared,
) -> PolicyPackStatus {
    let generation = pack.metadata.generation.unwrap_or(0);
    let compiled = state.pack.as_ref().ok();
    let passed = state.tests.iter().filter(|test| test.passed).count();
    let is_compiled = !matches!(state.pack, Err(NotReady::Problems(_)));
    PolicyPackStatus {
        observed_generation: generation,
        conditions: conditions(
            &before.conditions,
            &statements(state),
            generation,
            shared.clock.now(),
        ),
        digest: compiled.map(|pack| pack.digest.clone()),
        counts: Some(counts(&pack.spec)),
        tests_passed: is_compiled.then(|| format!("{passed}/{}", state.tests.len())),
        failed_tests: state.failures().take(FAILED_TESTS).map(failed).collect(),
    }
}

fn failed(test: &TestOutcome) -> FailedTest {
    FailedTest {
        name: shortened(&test.name, 250),
        message: shortened(&test.message, 500),
    }
}

fn counts(spec: &PolicyPackSpec) -> PolicyPackCounts {
    let rules = || {
        let overlaid = spec.overlays.iter().flat_map(|overlay| &overlay.rules);
        spec.rules.iter().chain(overlaid)
    };
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let enforced = rules().filter(|rule| rule.mode == RuleMode::Enforce).count();
    PolicyPackCounts {
        rules: number(rules().count()),
        enforced: number(enforced),
        audit: number(rules().count() - enforced),
        tests: number(spec.tests.len()),
    }
}

fn statements(state: &PackState) -> Vec<Statement> {
    let not_ready = state.not_ready();
    let (compiled, tested) = match (&state.pack, &not_ready) {
        (Err(NotReady::Problems(_)), Some((reason, message))) => {
            (statement(COMPILED, false, reason, message), absent(TESTS_PASSED))
        }
        (_, Some((reason, message))) => (usable(), statement(TESTS_PASSED, false, reason, message)),
        (_, None) => (
            usable(),
            statement(
                TESTS_PASSED,
                true,
                "Passed",
                "Every test of the pack comes out as it expects.",
            ),
        ),
    };
    let (stands, reason, message) = match not_ready {
        Some((reason, message)) => (Standing::Stuck, reason, message),
        None => (
            Standing::InOrder,
            "Ready",
            "Campaigns that name it are judged by it.".to_owned(),
        ),
    };
    let mut said = vec![compiled, tested];
    said.extend(standing(stands, reason, &message));
    said
}

fn usable() -> Statement {
    statement(COMPILED, true, "Compiled", "Every rule can be applied.")
}

/// An Event where a person would look for it: campaigns wait for a pack that cannot judge.
async fn notice(pack: &PolicyPack, state: &PackState, shared: &Shared) {
    let Some((reason, message)) = state.not_ready() else {
        return;
    };
    let occurrence = format!("{}/{reason}", pack.metadata.generation.unwrap_or(0));
    let notice = Notice {
        warns: true,
        reason,
        action: "Compile",
        note: &message,
        occurrence: &occurrence,
    };
    shared
        .reporter
        .emit(pack.object_ref(&()), notice, shared.clock.now())
        .await;
}

#[expect(clippy::needless_pass_by_value, reason = "the controller of kube calls it so")]
/// After how long a PolicyPack that could not be looked at is looked at again.
pub(crate) fn error_policy(guarded: Arc<Guarded<PolicyPack>>, error: &Error, shared: Arc<Shared>) -> Action {
    let name = guarded.meta().name.clone().unwrap_or_default();
    report::reconciled("policypack", &name, Err(error), &shared.metrics);
    Action::requeue(error.retry_after())
}

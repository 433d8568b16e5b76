//! The ChannelConfig controller: is everything there, does the platform answer, what can it promise?

use std::{
    collections::{BTreeMap, BTreeSet},
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
    receipt, report,
};
use crate::{
    api::{
        Channel, ChannelConfig, ChannelConfigSpec, ChannelConfigStatus, SecretKeyReference,
        condition_type::{self, CREDENTIALS_READY, REACHABLE},
    },
    domain::{
        channels::{self, Replies, replies},
        digest,
        lanes::Sharing,
        limits::{AccountKey, Bucket, Limits, LimitsError},
        observed::{ChannelClass, ChannelFacts},
        slot::{compared, compared_platform},
        status::{Standing, Statement, absent, conditions, standing, statement},
    },
    publish::{self, Class, Publisher, Publishers, SelectError},
    secret::SecretString,
};

/// How often a channel's Secrets are looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How often the platform is asked although nothing changed.
const PREFLIGHT_EVERY: Duration = Duration::from_hours(6);
/// How soon the platform is asked again after it did not answer.
const PREFLIGHT_RETRY: Duration = Duration::from_mins(1);

/// Why nothing is sent before the first look at a channel as it stands now.
pub(crate) const CHANNEL_NOT_READY: &str = "ChannelNotReady";

/// A channel, ready to publish or not.
#[derive(Debug, Clone)]
pub(crate) struct ChannelState {
    /// Generation of the spec that it was made from.
    pub(crate) generation: i64,
    /// Uid of the ChannelConfig.
    pub(crate) uid: String,
    /// Digest of spec and Secrets.
    pub(crate) configuration_digest: String,
    /// Publishes; or why it cannot.
    pub(crate) publisher: Result<Arc<dyn Publisher>, SelectError>,
    /// The last preflight: when, and what it said where it failed.
    preflight: Option<(Duration, Option<(&'static str, String)>)>,
}

/// Namespace and name.
type Key = (String, String);

/// The publishers of every ChannelConfig.
#[derive(Debug)]
pub(crate) struct Channels {
    publishers: Arc<dyn Publishers>,
    states: Mutex<BTreeMap<Key, ChannelState>>,
}

impl Channels {
    /// None yet.
    pub(crate) fn new(publishers: Arc<dyn Publishers>) -> Self {
        Self {
            publishers,
            states: Mutex::default(),
        }
    }

    /// The state of a ChannelConfig, if it has been looked at.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<ChannelState> {
        lock(&self.states)
            .get(&(namespace.to_owned(), name.to_owned()))
            .cloned()
    }

    fn put(&self, namespace: &str, name: &str, state: ChannelState) {
        lock(&self.states).insert((namespace.to_owned(), name.to_owned()), state);
    }

    /// Forgets a ChannelConfig that is gone.
    pub(crate) fn forget(&self, namespace: &str, name: &str) {
        lock(&self.states).remove(&(namespace.to_owned(), name.to_owned()));
    }
}

/// What decisions need of a ChannelConfig; a channel that nobody has looked at yet is unusable.
pub(crate) fn facts(config: &ChannelConfig, state: Option<&ChannelState>) -> ChannelFacts {
    let mut facts = facts_of_object(config);
    let current = state.filter(|state| {
        Some(state.generation) == config.metadata.generation
            && Some(&state.uid) == config.metadata.uid.as_ref()
    });
    match current.map(|state| (state, &state.publisher)) {
        None => facts.unusable = Some(not_looked_at()),
        Some((_, Err(SelectError::MissingConfig { names }))) => facts.missing.clone_from(names),
        Some((_, Err(error))) => {
            facts.unusable = Some((error.reason().to_owned(), format!("ChannelConfig: {error}.")));
        }
        Some((state, Ok(publisher))) => {
            facts.class = class(publisher.class());
            facts.endpoint_digest = publisher.endpoint_digest();
            facts.send_timeout = publisher.send_timeout();
            facts.refused = refusal(config, &state.configuration_digest);
        }
    }
    without_readable_limits(config, &mut facts);
    facts
}

/// Whoever cannot tell what limits it sends nothing.
fn without_readable_limits(config: &ChannelConfig, facts: &mut ChannelFacts) {
    if let Err((reason, message)) = limits(config) {
        facts.unusable.get_or_insert((reason.to_owned(), message));
    }
}

/// What a ChannelConfig says of itself, whether it can publish or not.
fn facts_of_object(config: &ChannelConfig) -> ChannelFacts {
    ChannelFacts {
        limits: limits(config).unwrap_or_default(),
        name: config.name_any(),
        environment: config.spec.environment,
        publish_enabled: config.spec.publish_enabled && config.spec.other_publish_enabled != Some(false),
        approvers: config.spec.approvers.clone(),
        missing: Vec::new(),
        unusable: None,
        class: ChannelClass::Neither,
        endpoint_digest: String::new(),
        send_timeout: Duration::ZERO,
        refused: None,
        rate_limited_until: config
            .status
            .as_ref()
            .and_then(|s| s.rate_limited_until.as_ref())
            .map(|time| time.0),
        manual: config.spec.manual.clone(),
        replies: config.spec.channel().map_or(Replies::No, replies),
    }
}

fn not_looked_at() -> (String, String) {
    (
        CHANNEL_NOT_READY.to_owned(),
        "The ChannelConfig has not been looked at yet.".to_owned(),
    )
}

/// What a ChannelConfig and its status say, for whoever may not read its Secrets: where it sends remains unknown.
pub(crate) fn facts_on_record(config: &ChannelConfig) -> ChannelFacts {
    let mut facts = facts_of_object(config);
    let spec = &config.spec;
    facts.send_timeout = spec.channel().map_or(Duration::ZERO, Channel::timeout);
    let status = config.status.clone().unwrap_or_default();
    let ready = status
        .conditions
        .iter()
        .find(|condition| condition.type_ == condition_type::READY);
    let Some(ready) = ready.filter(|_| Some(status.observed_generation) == config.metadata.generation) else {
        facts.unusable = Some(not_looked_at());
        return facts;
    };
    facts.class = class_on_record(spec, status.class.as_deref());
    facts.refused = status.refused.map(|refused| refused.message);
    match ready.reason.as_str() {
        "MissingConfig" => facts.missing = SelectError::missing_names(&ready.message),
        "InvalidConfig" | "SecretForbidden" => {
            facts.unusable = Some((ready.reason.clone(), format!("ChannelConfig: {}", ready.message)));
        }
        _ => {}
    }
    without_readable_limits(config, &mut facts);
    facts
}

fn class_on_record(spec: &ChannelConfigSpec, named: Option<&str>) -> ChannelClass {
    // The status names the class alone; a window stands in the spec.
    let configured = spec.channel().map_or(ChannelClass::Neither, channels::class);
    match named {
        Some("NaturalKey") => ChannelClass::NaturalKey,
        Some("LookUp") => ChannelClass::LookUp,
        Some(name) if name == configured.name() => configured,
        _ => ChannelClass::Neither,
    }
}

/// The limits of a ChannelConfig; reason and sentence where they cannot be read.
fn limits(config: &ChannelConfig) -> Result<Limits, (&'static str, String)> {
    let spec = &config.spec;
    Limits::read(spec.limits.as_ref(), spec.other_max_publishes_per_day).map_err(|error| {
        let name = config.name_any();
        (LimitsError::REASON, format!("ChannelConfig {name}: {error}."))
    })
}

/// What a ChannelConfig says that others depend on.
#[derive(Clone, Debug)]
pub(crate) struct LimitsOnRecord {
    /// Whether its account is judged in a lane.
    pub(crate) need_a_lane: bool,
    /// The bucket that it shares.
    pub(crate) bucket: Option<Bucket>,
}

/// What a ChannelConfig says that others depend on; limits that cannot be read count as none, and send nothing.
pub(crate) fn limits_on_record(config: &ChannelConfig) -> LimitsOnRecord {
    let limits = limits(config).unwrap_or_default();
    LimitsOnRecord {
        need_a_lane: limits.need_a_lane(),
        bucket: limits.bucket,
    }
}

/// The bucket that a channel draws on, if it names one.
pub(crate) fn sharing(config: &ChannelConfig) -> Option<Sharing> {
    let status = config.status.as_ref();
    let waits = status.and_then(|status| status.rate_limited_until.as_ref());
    Some(Sharing {
        account: AccountKey::of(&config.spec.platform, &config.spec.account),
        bucket: limits_on_record(config).bucket?,
        waits_until: waits.map(|time| time.0),
    })
}

fn refusal(config: &ChannelConfig, configuration_digest: &str) -> Option<String> {
    let refused = config.status.as_ref()?.refused.as_ref()?;
    (refused.configuration_digest == configuration_digest).then(|| refused.message.clone())
}

fn class(class: Class) -> ChannelClass {
    match class {
        Class::NaturalKey => ChannelClass::NaturalKey,
        Class::IdempotencyKey { window } => ChannelClass::IdempotencyKey { window },
        Class::LookUp => ChannelClass::LookUp,
        Class::Neither => ChannelClass::Neither,
    }
}

/// True where a ChannelConfig is for that platform and account.
pub(crate) fn is_for(config: &ChannelConfig, platform: &str, account: &str) -> bool {
    compared_platform(&config.spec.platform) == compared_platform(platform)
        && compared(&config.spec.account) == compared(account)
}

/// Looks at one ChannelConfig.
pub(crate) async fn reconcile(
    guarded: Arc<Guarded<ChannelConfig>>,
    shared: Arc<Shared>,
) -> Result<Action, Error> {
    let Ok(config) = &guarded.0 else {
        return Ok(Action::await_change());
    };
    if shared.leads().is_none() {
        return Ok(Action::requeue(LOOK_AGAIN));
    }
    let (namespace, name) = (config.namespace().unwrap_or_default(), config.name_any());
    let before = shared.channels.get(&namespace, &name);
    let mut state = observe(config, &namespace, before.as_ref(), &shared).await?;
    let changed = before.as_ref().is_none_or(|before| {
        before.configuration_digest != state.configuration_digest
            || before.generation != state.generation
            || before.uid != state.uid
    });
    shared.channels.put(&namespace, &name, state.clone());
    // A platform that answers slowly holds nobody up: whether it answers is no gate.
    if changed {
        wake(config, &namespace, &shared);
    }
    preflight(&mut state, &shared).await;
    shared.channels.put(&namespace, &name, state.clone());
    summarise(config, &namespace, &state, &shared).await?;
    let unreachable = state
        .preflight
        .as_ref()
        .is_some_and(|(_, failure)| failure.is_some());
    Ok(Action::requeue(if unreachable {
        LOOK_AGAIN.min(PREFLIGHT_RETRY)
    } else {
        LOOK_AGAIN
    }))
}

async fn observe(
    config: &ChannelConfig,
    namespace: &str,
    before: Option<&ChannelState>,
    shared: &Shared,
) -> Result<ChannelState, Error> {
    let (secrets, forbidden) = read_secrets(config, namespace, shared).await?;
    let configuration_digest = configuration_digest(config, &secrets, &forbidden);
    let generation = config.metadata.generation.unwrap_or(0);
    let same = before.filter(|before| {
        before.configuration_digest == configuration_digest
            && before.generation == generation
            && Some(&before.uid) == config.metadata.uid.as_ref()
    });
    Ok(same.cloned().unwrap_or_else(|| ChannelState {
        generation,
        uid: config.uid().unwrap_or_default(),
        configuration_digest,
        publisher: if forbidden.is_empty() {
            let publishers = &shared.channels.publishers;
            publishers.select(&config.spec, &secrets).map(Arc::from)
        } else {
            Err(SelectError::Forbidden {
                names: forbidden.into_iter().collect(),
            })
        },
        preflight: None,
    }))
}

async fn preflight(state: &mut ChannelState, shared: &Shared) {
    let Ok(publisher) = &state.publisher else { return };
    let now = shared.clock.steady();
    let due = state.preflight.as_ref().is_none_or(|(at, failure)| {
        now.saturating_sub(*at)
            >= if failure.is_some() {
                PREFLIGHT_RETRY
            } else {
                PREFLIGHT_EVERY
            }
    });
    if due {
        let failure = publisher
            .preflight()
            .await
            .err()
            .map(|error| (error.reason(), error.to_string()));
        state.preflight = Some((now, failure));
    }
}

/// What the channel's Secrets say, and the names of those that the operator may not read.
async fn read_secrets(
    config: &ChannelConfig,
    namespace: &str,
    shared: &Shared,
) -> Result<(publish::Secrets, BTreeSet<String>), Error> {
    let mut secrets = publish::Secrets::new();
    let mut forbidden = BTreeSet::new();
    for wanted in publish::required_secrets(&config.spec) {
        let data = match shared.secrets.read(namespace, &wanted.name).await {
            Err(error) if error.is_forbidden() => {
                forbidden.insert(format!("Secret {}", wanted.name));
                continue;
            }
            data => data?,
        };
        let value = data.and_then(|data| data.0.get(&wanted.key).cloned());
        if let Some(text) = value.and_then(|value| String::from_utf8(value).ok()) {
            secrets.insert(wanted, SecretString::from(text));
        }
    }
    Ok((secrets, forbidden))
}

/// A digest that changes with the spec and with every Secret value; the values cannot be had back from it.
fn configuration_digest(
    config: &ChannelConfig,
    secrets: &publish::Secrets,
    forbidden: &BTreeSet<String>,
) -> String {
    let values: Vec<(&SecretKeyReference, String)> = secrets
        .iter()
        .map(|(key, value)| (key, digest::of_bytes(value.expose().as_bytes())))
        .collect();
    if forbidden.is_empty() {
        digest::of_json(&(&config.spec, values, &config.metadata.uid))
    } else {
        digest::of_json(&(&config.spec, values, &config.metadata.uid, forbidden))
    }
}

async fn summarise(
    config: &ChannelConfig,
    namespace: &str,
    state: &ChannelState,
    shared: &Shared,
) -> Result<(), Error> {
    let before = config.status.clone().unwrap_or_default();
    let generation = config.metadata.generation.unwrap_or(0);
    let statements = statements(config, state, shared);
    let mut next = ChannelConfigStatus {
        observed_generation: generation,
        conditions: conditions(&before.conditions, &statements, generation, shared.clock.now()),
        type_: state
            .publisher
            .as_ref()
            .ok()
            .map(|publisher| publisher.channel_type().to_owned()),
        class: state
            .publisher
            .as_ref()
            .ok()
            .map(|publisher| publisher.class().name().to_owned()),
        refused: before.refused.clone(),
        breakers: before.breakers.clone(),
        rate_limited_until: before.rate_limited_until.clone(),
    };
    if next
        .refused
        .as_ref()
        .is_some_and(|refused| refused.configuration_digest != state.configuration_digest)
    {
        next.refused = None;
    }
    if next == before {
        return Ok(());
    }
    // It is looked at again soon in any case.
    let (uid, steady) = (config.uid().unwrap_or_default(), shared.clock.steady());
    let Ok(telling) = shared.repeats.telling(&uid, &next, steady) else {
        return Ok(());
    };
    let api: Api<ChannelConfig> = Api::namespaced(shared.client.clone(), namespace);
    let mut status = json!({
        "observedGeneration": next.observed_generation, "conditions": next.conditions, "type": next.type_,
        "class": next.class,
    });
    // Only taken back: a refusal that was written since this was read must stay.
    let taken_back = before.refused.is_some() && next.refused.is_none();
    if let Some(fields) = status.as_object_mut().filter(|_| taken_back) {
        fields.insert("refused".to_owned(), serde_json::Value::Null);
    }
    let patch = json!({"status": status});
    api.patch_status(&config.name_any(), &PatchParams::default(), &Patch::Merge(&patch))
        .await
        .map_err(Error::api("write the status of a ChannelConfig"))?;
    telling.told();
    Ok(())
}

fn statements(config: &ChannelConfig, state: &ChannelState, shared: &Shared) -> Vec<Statement> {
    let missing = matches!(
        &state.publisher,
        Err(SelectError::MissingConfig { .. } | SelectError::Forbidden { .. })
    );
    let mut said = Vec::new();
    let verdict = match &state.publisher {
        Err(error) => Some((error.reason(), format!("{error}."))),
        Ok(_) => None,
    };
    said.push(match &verdict {
        Some((reason, message)) if missing => statement(CREDENTIALS_READY, false, reason, message),
        _ => statement(
            CREDENTIALS_READY,
            true,
            "Present",
            "Every key that the channel needs is there.",
        ),
    });
    let failure = state.preflight.as_ref().and_then(|(_, failure)| failure.clone());
    said.push(match (&state.preflight, &failure) {
        // A person has no address that could be asked.
        _ if config.spec.manual.is_some() => absent(REACHABLE),
        (None, _) => absent(REACHABLE),
        (Some(_), None) => statement(
            REACHABLE,
            true,
            "Answered",
            "The platform answered the preflight.",
        ),
        (Some(_), Some((reason, message))) => statement(REACHABLE, false, reason, message),
    });
    let verdict = verdict.or_else(|| limits(config).err());
    let ambiguous = ambiguous_with(config, shared);
    let refused = refusal(config, &state.configuration_digest);
    let (stands, reason, message) = match (verdict, ambiguous, refused, failure) {
        (Some((reason, message)), ..) => (Standing::Stuck, reason.to_owned(), message),
        (_, Some(message), ..) => (Standing::Stuck, "AmbiguousChannel".to_owned(), message),
        (_, _, Some(message), _) => (Standing::Stuck, "ChannelRefused".to_owned(), message),
        (.., Some((reason, message))) => (Standing::UnderWay, reason.to_owned(), message),
        _ => (Standing::InOrder, "Ready".to_owned(), in_order(config)),
    };
    said.extend(standing(stands, &reason, &message));
    said
}

fn in_order(config: &ChannelConfig) -> String {
    match &config.spec.manual {
        Some(manual) => format!("{} is asked to publish by hand.", manual.person),
        None => "The channel can publish.".to_owned(),
    }
}

/// Another ChannelConfig for the same platform and account.
fn ambiguous_with(config: &ChannelConfig, shared: &Shared) -> Option<String> {
    let others = shared.channel_configs.state();
    let other = others
        .iter()
        .filter_map(|guarded| guarded.0.as_ref().ok())
        .find(|other| {
            other.namespace() == config.namespace()
                && other.metadata.uid != config.metadata.uid
                && is_for(other, &config.spec.platform, &config.spec.account)
        })?;
    Some(format!(
        "ChannelConfig {} is for the same platform and account. Delete one.",
        other.name_any()
    ))
}

/// Wakes the assets that go through a channel, the campaigns whose slots depend on it, and channels beside it.
pub(super) fn wake(config: &ChannelConfig, namespace: &str, shared: &Shared) {
    shared.wake_assets(|view| {
        view.namespace() == namespace
            && view
                .target()
                .is_some_and(|(platform, account)| is_for(config, platform, account))
    });
    receipt::wake(namespace, shared);
    for campaign in shared.campaigns.state() {
        if campaign.meta().namespace.as_deref() == Some(namespace) {
            shared.campaign_wakes.wake(ObjectRef::from_obj(campaign.as_ref()));
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the controller of kube calls it so")]
/// After how long a ChannelConfig that could not be looked at is looked at again.
pub(crate) fn error_policy(
    guarded: Arc<Guarded<ChannelConfig>>,
    error: &Error,
    shared: Arc<Shared>,
) -> Action {
    let name = guarded.meta().name.clone().unwrap_or_default();
    report::reconciled("channelconfig", &name, Err(error), &shared.metrics);
    Action::requeue(error.retry_after())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_may_not_be_read_holds_the_channel_and_is_named() {
        let config: ChannelConfig = serde_json::from_value(json!({
            "apiVersion": "campanile.dev/v1alpha1", "kind": "ChannelConfig",
            "metadata": {"name": "linkedin-company", "uid": "u", "generation": 1},
            "spec": {"platform": "linkedin", "account": "company", "webhook": {"url": "https://hooks.example.com/"}},
        }))
        .unwrap();
        let state = ChannelState {
            generation: 1,
            uid: "u".to_owned(),
            configuration_digest: String::new(),
            publisher: Err(SelectError::Forbidden {
                names: vec!["Secret linkedin-hook".to_owned()],
            }),
            preflight: None,
        };
        let (reason, message) = facts(&config, Some(&state)).unusable.unwrap();
        assert_eq!(reason, "SecretForbidden");
        assert!(message.contains("may not read Secret linkedin-hook"), "{message}");
    }
}

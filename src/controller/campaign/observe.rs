//! Reading the branch: who may, when, and what it says.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use kube::{ResourceExt, runtime::reflector::ObjectRef};

use super::{
    super::{
        channel_config,
        context::Shared,
        error::Error,
        guards::{self, Learned, Named},
        view::AssetView,
    },
    authors,
    sources::{Key, Look, SourceState},
};
use crate::{
    api::{ANNOTATION_REQUESTED_AT, Asset, AssetContent, Campaign, CampaignSpec, ChannelConfig, Target},
    domain::{
        channels::fitting,
        digest,
        observed::{self, campaign_id},
        schedule,
        wanted::{ChannelFacts, Inputs, Wanted, wanted},
    },
    git::{Credentials, GitError, GitUrl, Mirror, Snapshot},
};

/// What was seen of a campaign's branch.
#[derive(Debug, Default)]
pub(crate) struct Observation {
    /// Why nothing will change without a person, as reason and sentence.
    pub(crate) stalled: Option<(String, String)>,
    /// Why the branch could not be read this time, as reason and sentence.
    pub(crate) unfetched: Option<(String, String)>,
    /// What the API server refused to take, as reason and sentence.
    pub(crate) refused: Option<(String, String)>,
    /// What is to be applied, where that is not done yet.
    pub(crate) wanted: Option<Applicable>,
    /// True where an elder campaign has to be looked at first: it may own what this one reads.
    pub(crate) waits_for_elder: bool,
}

/// What is to be applied.
#[derive(Debug)]
pub(crate) struct Applicable {
    /// What it was computed from: equal bases need no second computation.
    pub(crate) basis: String,
    /// The commit.
    pub(crate) revision: String,
    /// The wanted set.
    pub(crate) wanted: Wanted,
    /// What the guards say of it; none where nobody is to judge.
    pub(crate) learned: Option<Learned>,
    /// Who last changed the content of each asset, as far as the history tells.
    pub(crate) authors: BTreeMap<String, String>,
    /// Who last changed anything of each asset's row, as far as the history tells.
    pub(crate) changed_by: BTreeMap<String, String>,
    /// Post ids that a commit approves by its trailer.
    pub(crate) approved_by_trailer: BTreeSet<String>,
}

/// Looks at the branch, where that is due, and computes what it asks for, where that may have changed.
pub(crate) async fn observe(
    campaign: &Campaign,
    namespace: &str,
    state: &mut SourceState,
    shared: &Shared,
) -> Result<Observation, Error> {
    let mut observation = Observation::default();
    if campaign.spec.suspend {
        return Ok(observation);
    }
    observation.stalled = refusal(campaign, namespace, shared);
    if observation.stalled.is_some() {
        return Ok(observation);
    }
    poll(campaign, namespace, state, shared).await?;
    observation.unfetched.clone_from(&state.failure);
    let Some(snapshot) = state.snapshot.clone() else {
        return Ok(observation);
    };
    guards::compile(shared, namespace, &campaign.spec).await?;
    let key = (namespace.to_owned(), campaign.name_any());
    let basis = basis(campaign, namespace, &snapshot, shared);
    let intact = state
        .applied
        .as_ref()
        .is_some_and(|applied| applied.basis == basis && is_intact(&key, &applied.made, shared));
    if intact {
        return Ok(observation);
    }
    let (wanted, learned) = {
        let judges = guards::in_memory(shared, namespace, &campaign.spec);
        compute(&campaign.spec, &key, &snapshot, judges, shared).await?
    };
    match ownership(campaign, namespace, &wanted, &snapshot, shared).await? {
        Ownership::Ours => {}
        Ownership::NotKnownYet => {
            observation.waits_for_elder = true;
            return Ok(observation);
        }
        Ownership::Taken(reason, message) => {
            observation.stalled = Some((reason.to_owned(), message));
            return Ok(observation);
        }
    }
    let told = authors::since(campaign, &key, state, &snapshot, shared).await;
    observation.wanted = Some(Applicable {
        basis,
        revision: snapshot.revision(),
        wanted,
        learned,
        authors: told.authors,
        changed_by: told.changed_by,
        approved_by_trailer: told.approved_by_trailer,
    });
    Ok(observation)
}

/// What stands in the way of reading the branch at all.
fn refusal(campaign: &Campaign, namespace: &str, shared: &Shared) -> Option<(String, String)> {
    let spec = &campaign.spec;
    if let Err(error) = schedule::time_zone(&spec.time_zone) {
        return Some((
            "TimeZoneUnknown".to_owned(),
            format!("spec.timeZone: {error}. Use an IANA name such as Europe/Paris."),
        ));
    }
    let id = campaign_id(campaign.metadata.name.as_deref().unwrap_or_default(), spec).to_owned();
    let elder = elders(campaign, namespace, shared)
        .into_iter()
        .find(|elder| campaign_id(&elder.name_any(), &elder.spec) == id)?;
    let name = elder.name_any();
    Some((
        "CampaignIdTaken".to_owned(),
        format!("Campaign {name} is older and has the campaignId {id} already. Give this one its own."),
    ))
}

/// The other campaigns of the namespace that are older.
fn elders(campaign: &Campaign, namespace: &str, shared: &Shared) -> Vec<Campaign> {
    let age = |campaign: &Campaign| {
        let created = campaign.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (created, campaign.metadata.uid.clone())
    };
    let others = shared.campaigns.state();
    let others = others.iter().filter_map(|guarded| guarded.0.as_ref().ok());
    others
        .filter(|other| {
            other.namespace().as_deref() == Some(namespace) && other.metadata.uid != campaign.metadata.uid
        })
        .filter(|other| other.metadata.deletion_timestamp.is_none() && age(other) < age(campaign))
        .cloned()
        .collect()
}

/// Repository and branch, as host/path#branch.
pub(in super::super) fn place_text(spec: &CampaignSpec) -> String {
    let (repository, branch) = place(spec);
    format!("{repository}#{branch}")
}

fn place(spec: &CampaignSpec) -> (String, String) {
    (
        crate::domain::repository::repository_identity(&spec.source.git.url),
        spec.source.git.branch.clone(),
    )
}

/// Whose the files are that a campaign reads.
enum Ownership {
    /// Its own.
    Ours,
    /// An elder campaign has not been looked at since the start, and only that look tells which pages its queues name.
    NotKnownYet,
    /// An elder campaign's; reason and sentence.
    Taken(&'static str, String),
}

/// Whether an older campaign reads one of the files already, unless every row of it names its campaign.
async fn ownership(
    campaign: &Campaign,
    namespace: &str,
    wanted: &Wanted,
    snapshot: &Snapshot,
    shared: &Shared,
) -> Result<Ownership, Error> {
    let place = place(&campaign.spec);
    let key = (namespace.to_owned(), campaign.name_any());
    shared.sources.reads(&key, place.clone(), wanted.files.clone());
    let mut known = true;
    for elder in elders(campaign, namespace, shared) {
        if self::place(&elder.spec) != place {
            continue;
        }
        let name = elder.name_any();
        let mut theirs = named_by(&elder.spec, snapshot).await?;
        theirs.extend(
            shared
                .sources
                .files_of(&(namespace.to_owned(), name.clone()), &place),
        );
        let shared_file = wanted
            .files
            .iter()
            .find(|file| !file.names_its_campaigns && theirs.contains(&file.path));
        if let Some(file) = shared_file {
            let message = format!(
                "Campaign {name} is older and reads {} already. Make a Campaign for each week with a file of its own, or \
                 name the campaign in every row of the sheet, or repeat rows with occurrence.",
                file.path
            );
            return Ok(Ownership::Taken("SourceAlreadyOwned", message));
        }
        let names_pages = !elder.spec.suspend && !elder.spec.source.queues.is_empty();
        let now = shared.clock.steady();
        known &= !names_pages || shared.sources.look(namespace, &name, now) != Look::Never;
    }
    Ok(if known {
        Ownership::Ours
    } else {
        Ownership::NotKnownYet
    })
}

/// The files that a campaign's own paths and globs name at a revision, whether it has read them yet or not.
async fn named_by(spec: &CampaignSpec, snapshot: &Snapshot) -> Result<BTreeSet<String>, Error> {
    let source = &spec.source;
    let patterns = source.sheets.iter().map(|file| file.path.clone());
    let patterns = patterns
        .chain(source.emails.iter().map(|file| file.path.clone()))
        .chain(source.queues.iter().map(|file| file.path.clone()))
        .chain(
            source
                .emails
                .iter()
                .flat_map(|file| &file.html)
                .map(|html| html.path.clone()),
        );
    let patterns: Vec<String> = patterns.collect();
    let named = snapshot.with_files(move |files| {
        let matched = patterns.iter().flat_map(|pattern| files.matching(pattern));
        matched.chain(patterns.iter().cloned()).collect()
    });
    named.await.map_err(|error| Error::Git(Box::new(error)))
}

/// Asks the git host, where that is due; a failure is noted, and what was read before stays.
async fn poll(
    campaign: &Campaign,
    namespace: &str,
    state: &mut SourceState,
    shared: &Shared,
) -> Result<(), Error> {
    let key = (namespace.to_owned(), campaign.name_any());
    let requested = campaign.annotations().get(ANNOTATION_REQUESTED_AT).cloned();
    let handled = state.handled_request.clone().or_else(|| {
        campaign
            .status
            .as_ref()
            .and_then(|status| status.last_handled_requested_at.clone())
    });
    let asked = requested.is_some() && requested != handled;
    let woken_at = campaign
        .status
        .as_ref()
        .and_then(|status| status.woken_at.clone());
    let standby = woken_at.is_some() && woken_at != state.handled_wake;
    let woken = shared.sources.take_wake(&key) || asked || standby;
    let now = shared.clock.steady();
    let interval = campaign.spec.source.git.interval.0.max(Duration::from_secs(1));
    let mirror = match open(campaign, namespace, state, shared).await? {
        Ok(mirror) => mirror,
        Err(failure) => {
            state.failure = Some(failure);
            state.next_poll = now + interval;
            return Ok(());
        }
    };
    if state.snapshot.is_some() && now < state.next_poll && !woken {
        return Ok(());
    }
    let max_age = if woken || state.snapshot.is_none() {
        Duration::ZERO
    } else {
        interval / 2
    };
    let asked_at = shared.clock.now();
    match mirror.poll(max_age).await {
        Ok(outcome) => {
            state.snapshot = Some(outcome.snapshot);
            // The answer may be one that another campaign was given.
            state.answered_at = asked_at.checked_sub(max_age).ok();
            state.failure = None;
        }
        Err(error) => {
            state.failure = Some(told(&error));
            if state.snapshot.is_none() {
                state.snapshot = mirror.current().await.ok().flatten();
            }
        }
    }
    state.handled_wake = woken_at;
    state.handled_request = requested.or(handled);
    state.next_poll = shared.clock.steady() + interval;
    Ok(())
}

fn told(error: &GitError) -> (String, String) {
    let message = super::super::error::chain(error);
    (
        error.reason().to_owned(),
        crate::domain::receipt::shortened(&format!("{message}."), 900),
    )
}

/// The mirror of the branch, opened anew where its address or its credentials changed.
async fn open(
    campaign: &Campaign,
    namespace: &str,
    state: &mut SourceState,
    shared: &Shared,
) -> Result<Result<Mirror, (String, String)>, Error> {
    let git = &campaign.spec.source.git;
    let credentials = match &git.secret_ref {
        None => Ok(Credentials::anonymous()),
        Some(reference) => match shared.secrets.read(namespace, &reference.name).await {
            Ok(Some(data)) => Credentials::from_secret(&data.0),
            Ok(None) => {
                let message = format!(
                    "Missing: Secret {}, which spec.source.git.secretRef names.",
                    reference.name
                );
                return Ok(Err(("MissingConfig".to_owned(), message)));
            }
            Err(error) if error.is_forbidden() => {
                let message = format!(
                    "The operator may not read Secret {}, which spec.source.git.secretRef names. Grant it, or name \
                     one that it may read.",
                    reference.name
                );
                return Ok(Err(("SecretForbidden".to_owned(), message)));
            }
            Err(error) => return Err(error),
        },
    };
    let credentials = match credentials {
        Ok(credentials) => credentials,
        Err(error) => return Ok(Err(told(&error))),
    };
    let of = digest::of_json(&(&git.url, &git.branch, credentials.digest()));
    if let (Some(mirror), true) = (&state.mirror, state.mirror_of == of) {
        return Ok(Ok(mirror.clone()));
    }
    let opened = GitUrl::parse(&git.url, shared.allow_local_paths)
        .and_then(|url| shared.mirrors.open(&url, &git.branch, &credentials));
    match opened {
        Ok(mirror) => {
            state.mirror = Some(mirror.clone());
            state.mirror_of = of;
            state.next_poll = Duration::ZERO;
            Ok(Ok(mirror))
        }
        Err(error) => Ok(Err(told(&error))),
    }
}

/// What the wanted set depends on: the revision, the spec, the channels, the packs, and the hour for the horizon.
fn basis(campaign: &Campaign, namespace: &str, snapshot: &Snapshot, shared: &Shared) -> String {
    let channels: Vec<(String, String, crate::api::Environment)> = channels(namespace, shared)
        .into_iter()
        .map(|c| (c.platform, c.account, c.environment))
        .collect();
    let hour = shared.clock.now().as_second() / 3600;
    let spec = (&campaign.metadata.uid, campaign.metadata.generation);
    let packs = guards::in_memory(shared, namespace, &campaign.spec).digest();
    digest::of_json(&(snapshot.revision(), spec, channels, hour, packs))
}

/// Whether every asset stands as it was made.
fn is_intact(key: &Key, made: &BTreeMap<String, String>, shared: &Shared) -> bool {
    let (namespace, campaign) = key;
    let views = shared.assets.state_filter(|view| view.is_of(namespace, campaign));
    let mut standing = 0;
    for view in views {
        if shared.written.is_ahead_of(&view) {
            standing += usize::from(made.contains_key(view.name()));
            continue;
        }
        match made.get(view.name()) {
            Some(digest) if view.is_made_as(digest) => standing += 1,
            Some(_) => return false,
            None => {}
        }
    }
    if standing == made.len() {
        return true;
    }
    let awaited = made.keys().filter(|name| {
        let asset = ObjectRef::<AssetView>::new(name).within(namespace);
        shared.assets.get(&asset).is_none() && shared.written.awaits(namespace, name)
    });
    standing + awaited.count() == made.len()
}

/// The channels of a namespace, as the wanted set takes them.
fn channels(namespace: &str, shared: &Shared) -> Vec<ChannelFacts> {
    let configs = shared.channel_configs.state();
    let configs = configs
        .iter()
        .filter_map(|guarded| guarded.0.as_ref().ok())
        .filter(|config| config.metadata.namespace.as_deref() == Some(namespace));
    channels_of(configs)
}

/// ChannelConfigs, as the wanted set takes them.
pub(in super::super) fn channels_of<'a>(
    configs: impl Iterator<Item = &'a ChannelConfig>,
) -> Vec<ChannelFacts> {
    let mut channels: Vec<ChannelFacts> = configs
        .map(|config| ChannelFacts {
            platform: config.spec.platform.clone(),
            account: config.spec.account.clone(),
            environment: config.spec.environment,
            type_: observed::channel_type(&config.spec),
            fitting: config.spec.channel().ok().and_then(fitting),
        })
        .collect();
    channels.sort_by(|a, b| (&a.platform, &a.account).cmp(&(&b.platform, &b.account)));
    channels
}

/// The type of the channel for a target, where there is one.
pub(crate) fn channel_type(shared: &Shared, namespace: &str, target: &Target) -> Option<&'static str> {
    let configs = shared.channel_configs.state();
    let configs = configs.iter().filter_map(|guarded| guarded.0.as_ref().ok());
    let mut ours = configs.filter(|config| {
        config.metadata.namespace.as_deref() == Some(namespace)
            && channel_config::is_for(config, &target.platform, &target.account)
    });
    ours.next().map(|config| observed::channel_type(&config.spec))
}

/// The wanted set of a revision and what the guards say of it, computed off the runtime's own threads.
pub(super) async fn compute(
    spec: &CampaignSpec,
    key: &Key,
    snapshot: &Snapshot,
    judges: Named,
    shared: &Shared,
) -> Result<(Wanted, Option<Learned>), Error> {
    let (spec, name, revision) = (spec.clone(), key.1.clone(), snapshot.revision());
    let (channels, now) = (channels(&key.0, shared), shared.clock.now());
    let published = guards::published(shared, &key.0, &judges).await?;
    let computed = snapshot
        .with_files(move |files| {
            let inputs = Inputs {
                campaign: &spec,
                campaign_name: &name,
                files,
                revision: &revision,
                channels: &channels,
                now,
            };
            let mut wanted = wanted(&inputs);
            let learned = match judges {
                Named::Packs(packs) => Some(guards::learned(&packs, published, &inputs, &mut wanted)),
                Named::Nobody(_) => None,
            };
            (wanted, learned)
        })
        .await;
    computed.map_err(|error| Error::Git(Box::new(error)))
}

/// The content that a revision has for an asset, with everything that is too long to stand in it.
pub(super) async fn content_at(
    campaign: &Campaign,
    namespace: &str,
    snapshot: &Snapshot,
    asset: &Asset,
    shared: &Shared,
) -> Option<AssetContent> {
    let key = (namespace.to_owned(), campaign.name_any());
    let (spec, name, revision) = (campaign.spec.clone(), key.1, snapshot.revision());
    let (channels, now, wanted_name) = (channels(namespace, shared), shared.clock.now(), asset.name_any());
    let found = snapshot
        .with_files(move |files| {
            let inputs = Inputs {
                campaign: &spec,
                campaign_name: &name,
                files,
                revision: &revision,
                channels: &channels,
                now,
            };
            wanted(&inputs).large.remove(&wanted_name)
        })
        .await;
    found.ok().flatten()
}

//! `campanile policy replay`: what a pack would say of everything that stands in a namespace.

use std::{
    collections::BTreeSet,
    fmt::Debug,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Args;
use jiff::Timestamp;
use kube::{Api, Client, Resource, ResourceExt, api::ListParams, core::DeserializeGuard};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::{
    api::{Asset, AssetSpec, Campaign, Intent, PolicyPack, PolicyPackSpec, Receipt, Schedule, Target},
    cli::check::{self, CheckError},
    config::ClusterOptions,
    controller::connect,
    domain::{
        gates::is_stopping,
        guarding::{Beside, Guards, Siblings, sibling_of_receipt, sibling_of_spec},
        policy::{self, CompiledPack, GuardFinding, Places, Registries, Verdict, claims::Registry},
        schedule,
    },
};

/// The largest file of claims.
const MAX_CLAIMS: u64 = 1024 * 1024;
/// How many objects a list page has.
const PAGE: u32 = 500;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    cluster: ClusterOptions,
    /// The pack: a manifest, or the name of a PolicyPack of the namespace
    #[arg(long, value_name = "FILE|NAME")]
    pack: String,
    /// The file of claims that numbers are judged by, as it stands on the branch
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,
}

#[derive(Debug, Error)]
enum Failure {
    #[error("failed to reach the cluster")]
    Connect(#[from] crate::controller::Error),
    #[error("failed to {doing}")]
    Read {
        doing: &'static str,
        #[source]
        source: Box<kube::Error>,
    },
    #[error("failed to read the pack")]
    Files(#[from] CheckError),
    #[error("found no PolicyPack in {0}")]
    NoPack(String),
    #[error("PolicyPack {name} cannot be applied: {problem}")]
    Unusable { name: String, problem: String },
    #[error("failed to read the claims from {}", path.display())]
    Claims {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("failed to start")]
    Start(#[from] std::io::Error),
}

pub(super) fn run(options: &Options) -> ExitCode {
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(replay(options)));
    match result {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => crate::cli::failed(&error),
    }
}

async fn replay(options: &Options) -> Result<String, Failure> {
    let client = connect(&options.cluster, None).await?;
    let namespace = options
        .cluster
        .namespace
        .clone()
        .unwrap_or_else(|| client.default_namespace().to_owned());
    let packs: Vec<PolicyPack> = list(&client, &namespace, "list the PolicyPacks").await?;
    let tried = tried(&options.pack, &packs)?;
    let assets: Vec<Asset> = list(&client, &namespace, "list the Assets").await?;
    let receipts: Vec<Receipt> = list(&client, &namespace, "list the Receipts").await?;
    let planned = assets.iter().filter_map(|asset| sibling_of_spec(&asset.spec));
    let published = receipts
        .iter()
        .filter_map(|receipt| sibling_of_receipt(&receipt.spec.slot, receipt.status.as_ref()?));
    let standing = packs
        .iter()
        .filter_map(|pack| compiled(&pack.name_any(), &pack.spec).ok());
    let trial = Trial {
        tried: Arc::new(tried),
        standing: standing.map(Arc::new).collect(),
        campaigns: list(&client, &namespace, "list the Campaigns").await?,
        registry: options.claims.as_deref().map(registry).transpose()?,
        siblings: Siblings::of(planned.chain(published)),
        now: Timestamp::now(),
    };
    let mut report = Report::default();
    for asset in &assets {
        report.asset(asset, &trial);
    }
    for receipt in &receipts {
        report.receipt(receipt, &trial);
    }
    Ok(report.finish())
}

/// Every object of a kind that can be read, page by page.
async fn list<K>(client: &Client, namespace: &str, doing: &'static str) -> Result<Vec<K>, Failure>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned,
{
    let api: Api<DeserializeGuard<K>> = Api::namespaced(client.clone(), namespace);
    let mut parameters = ListParams::default().limit(PAGE);
    let mut objects = Vec::new();
    loop {
        let page = api.list(&parameters).await.map_err(|source| Failure::Read {
            doing,
            source: Box::new(source),
        })?;
        objects.extend(page.items.into_iter().filter_map(|guarded| guarded.0.ok()));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters.continue_token = Some(token),
            None => return Ok(objects),
        }
    }
}

/// The pack that is tried: from a manifest where there is a file of that name, else from the namespace.
fn tried(named: &str, packs: &[PolicyPack]) -> Result<CompiledPack, Failure> {
    let path = PathBuf::from(named);
    if path.exists() {
        let (found, _) = check::packs(&[path])?;
        let pack = found.first().ok_or_else(|| Failure::NoPack(named.to_owned()))?;
        return compiled(&pack.name, &pack.spec);
    }
    let pack = packs.iter().find(|pack| pack.name_any() == named);
    let pack = pack
        .ok_or_else(|| Failure::NoPack(format!("{named}, neither among the files nor in the namespace")))?;
    compiled(named, &pack.spec)
}

fn compiled(name: &str, spec: &PolicyPackSpec) -> Result<CompiledPack, Failure> {
    policy::compile(name, spec).map_err(|problems| Failure::Unusable {
        name: name.to_owned(),
        problem: problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" "),
    })
}

fn registry(path: &Path) -> Result<Registry, Failure> {
    let failure = |source| Failure::Claims {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failure)?;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, MAX_CLAIMS), &mut bytes).map_err(failure)?;
    let (registry, problems) = Registry::read(&path.to_string_lossy(), &bytes);
    for problem in problems {
        eprintln!("{problem}");
    }
    Ok(registry)
}

/// A pack that is tried beside those that stand.
struct Trial {
    tried: Arc<CompiledPack>,
    standing: Vec<Arc<CompiledPack>>,
    campaigns: Vec<Campaign>,
    registry: Option<Registry>,
    siblings: Siblings,
    now: Timestamp,
}

impl Trial {
    fn judge(
        &self,
        packs: &[Arc<CompiledPack>],
        spec: &AssetSpec,
        places: Option<&Places>,
        now: Timestamp,
    ) -> Verdict {
        let guards = Guards {
            packs,
            registries: self.registry.as_ref().map_or(Registries::NONE, Registries::Each),
            now,
        };
        let at = schedule::instant(&spec.schedule).unwrap_or(now);
        let beside = Beside {
            places,
            siblings: self.siblings.near(&spec.target, Some(at)),
            ..Beside::default()
        };
        guards.judge(spec, beside)
    }

    /// The packs of an asset's campaign as they stand, and as they would be with the one that is tried.
    fn packs(&self, campaign: &str) -> (Vec<Arc<CompiledPack>>, Vec<Arc<CompiledPack>>) {
        let campaign = self
            .campaigns
            .iter()
            .find(|standing| standing.name_any() == campaign);
        let names = campaign.and_then(|campaign| campaign.spec.policies.as_ref());
        let now: Vec<Arc<CompiledPack>> = names
            .into_iter()
            .flatten()
            .filter_map(|policy| {
                self.standing
                    .iter()
                    .find(|pack| pack.name == policy.name)
                    .cloned()
            })
            .collect();
        let mut then: Vec<Arc<CompiledPack>> = now
            .iter()
            .filter(|pack| pack.name != self.tried.name)
            .cloned()
            .collect();
        then.push(Arc::clone(&self.tried));
        (now, then)
    }
}

/// What is listed.
#[derive(Default)]
struct Report {
    lines: Vec<String>,
    assets: usize,
    receipts: usize,
    changed: usize,
    unread: usize,
}

impl Report {
    fn asset(&mut self, asset: &Asset, trial: &Trial) {
        self.assets += 1;
        if asset.spec.content.stored.is_some() {
            self.unread += 1;
            return;
        }
        let places = asset
            .status
            .as_ref()
            .and_then(|status| status.source.as_ref())
            .map(Places::of);
        let (now, then) = trial.packs(&asset.spec.campaign);
        let before = trial.judge(&now, &asset.spec, places.as_ref(), trial.now);
        let after = trial.judge(&then, &asset.spec, places.as_ref(), trial.now);
        let (before, after) = (Stopping::of(&before), Stopping::of(&after));
        let name = format!("asset/{}", asset.name_any());
        self.changed += usize::from(before.rules != after.rules);
        for line in after.lines.iter().filter(|line| !before.lines.contains(line)) {
            self.lines.push(format!("{name}  would be stopped: {line}"));
        }
        for line in before.lines.iter().filter(|line| !after.lines.contains(line)) {
            self.lines
                .push(format!("{name}  would no longer be stopped: {line}"));
        }
    }

    /// What went out already is judged by the pack alone, as of the instant at which it went out.
    fn receipt(&mut self, receipt: &Receipt, trial: &Trial) {
        let Some(published_at) = receipt
            .status
            .as_ref()
            .and_then(|status| status.published_at.as_ref())
        else {
            return;
        };
        self.receipts += 1;
        let Some(spec) = sent(receipt) else {
            self.unread += 1;
            return;
        };
        let source = receipt.status.as_ref().and_then(|status| status.source.as_ref());
        let places = source.map(Places::of);
        let packs = [Arc::clone(&trial.tried)];
        let said = Stopping::of(&trial.judge(&packs, &spec, places.as_ref(), published_at.0));
        self.changed += usize::from(!said.rules.is_empty());
        for line in said.lines {
            self.lines.push(format!(
                "receipt/{}  would not have gone out: {line}",
                receipt.name_any()
            ));
        }
    }

    fn finish(self) -> String {
        let Self {
            mut lines,
            assets,
            receipts,
            changed,
            unread,
        } = self;
        lines.push(format!(
            "{changed} of {assets} assets and {receipts} published receipts would change."
        ));
        if unread > 0 {
            lines.push(format!(
                "{unread} of them keep their words on the branch alone: campanile check judges those."
            ));
        }
        // Foreign text steers no terminal.
        let plain = |line: String| line.chars().filter(|one| !one.is_control()).collect::<String>() + "\n";
        lines.into_iter().map(plain).collect()
    }
}

/// What stops an asset, or asks a person.
struct Stopping {
    rules: BTreeSet<String>,
    lines: Vec<String>,
}

impl Stopping {
    fn of(verdict: &Verdict) -> Self {
        let found = || {
            verdict
                .findings
                .iter()
                .filter(|finding| is_stopping(finding) || finding.counts())
        };
        Self {
            rules: found()
                .map(|finding| format!("{}/{}", finding.pack, finding.rule))
                .collect(),
            lines: found().map(line).collect(),
        }
    }
}

fn line(finding: &GuardFinding) -> String {
    let GuardFinding {
        pack,
        rule,
        action,
        result,
        path,
        line,
        column,
        message,
        excerpt,
        ..
    } = finding;
    format!("{path}:{line}:{column}: {pack}/{rule} ({result:?}, {action:?}): {message} {excerpt}")
}

/// What a receipt proves to have been sent, as the asset that it was; none where it was too long to be kept.
fn sent(receipt: &Receipt) -> Option<AssetSpec> {
    let (slot, status) = (&receipt.spec.slot, receipt.status.as_ref()?);
    Some(AssetSpec {
        campaign: slot.campaign.clone(),
        post_id: slot.post_id.clone(),
        target: Target {
            platform: slot.platform.clone(),
            account: slot.account.clone(),
        },
        locale: slot.locale.clone(),
        item: slot.item.clone(),
        occurrence: slot.occurrence.clone(),
        type_: status.type_?,
        intent: Intent::Approved,
        schedule: Schedule {
            date: None,
            time: "00:00".to_owned(),
            time_zone: "UTC".to_owned(),
        },
        after: None,
        content: serde_json::from_str(status.sent.as_deref()?).ok()?,
        claims: Vec::new(),
        findings: Vec::new(),
    })
}

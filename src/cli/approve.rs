//! `campanile approve` and `campanile deny`: an Approval with digest, time and approver filled in.

mod selection;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use jiff::Timestamp;
use k8s_openapi::{
    api::authentication::v1::{SelfSubjectReview, UserInfo},
    apimachinery::pkg::apis::meta::v1::Time,
};
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, PostParams},
    core::ObjectMeta,
};
use thiserror::Error;

use self::selection::{Chosen, Selection, choose};
use super::review::Archive;
use crate::{
    api::{
        Approval, ApprovalSpec, ApprovalTarget, Asset, BreakGlass, Campaign, ChannelConfig, ConditionStatus,
        Decision, Receipt, condition_type::APPROVALS_HONOURED,
    },
    config::ClusterOptions,
    controller::{Recorded, connect},
    domain::schedule,
};

/// How many assets one Approval is about: what a page of them has on a screen, and far from the bound of its size.
const TARGETS: usize = 100;
/// How many groups one Approval names at most.
const GROUPS: usize = 32;
/// How many objects a list page has.
const PAGE: u32 = 500;

/// What both commands take.
#[derive(Debug, Args)]
#[group(id = "what", required = true, multiple = true)]
struct What {
    /// Names of Assets
    #[arg(value_name = "NAME", conflicts_with_all = ["all", "post", "channel"])]
    names: Vec<String>,
    /// Whatever waits for an approval; without drafts and e-mail
    #[arg(long)]
    all: bool,
    /// Every asset of one row, a draft too
    #[arg(long, value_name = "POST_ID")]
    post: Option<String>,
    /// What waits on one ChannelConfig; without drafts and e-mail
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ApproveOptions {
    #[command(flatten)]
    cluster: ClusterOptions,
    #[command(flatten)]
    what: What,
    /// Only those of this Campaign
    #[arg(long, value_name = "NAME")]
    campaign: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    comment: String,
    /// In an emergency: this approval alone is enough. The reason is kept on the Receipt
    #[arg(long, value_name = "REASON")]
    break_glass: Option<String>,
    /// From then on it approves nothing more, as in 2026-02-16T09:00:00Z
    #[arg(long, value_name = "INSTANT")]
    expires_at: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(super) struct DenyOptions {
    #[command(flatten)]
    cluster: ClusterOptions,
    #[command(flatten)]
    what: What,
    /// Only those of this Campaign
    #[arg(long, value_name = "NAME")]
    campaign: Option<String>,
    /// Why; whoever wrote it reads this
    #[arg(long, visible_alias = "reason", value_name = "TEXT")]
    comment: String,
}

#[derive(Debug, Error)]
pub(super) enum Failure {
    #[error("failed to reach the cluster")]
    Connect(#[from] crate::controller::Error),
    #[error("failed to {doing}")]
    Api {
        doing: &'static str,
        #[source]
        source: kube::Error,
    },
    #[error("the API server does not say who you are")]
    Nobody,
    #[error("there is no Asset {0}: see kubectl get assets")]
    NoAsset(String),
    #[error("there is no ChannelConfig {0}: see kubectl get channelconfigs")]
    NoChannel(String),
    #[error("nothing waits for a decision there{0}")]
    NothingWaits(String),
    #[error("failed to use the terminal")]
    Terminal(#[from] std::io::Error),
}

fn api(doing: &'static str) -> impl FnOnce(kube::Error) -> Failure {
    move |source| Failure::Api { doing, source }
}

/// What is decided, and why.
pub(super) struct Verdict<'a> {
    pub(super) decision: Decision,
    pub(super) comment: &'a str,
    pub(super) break_glass: Option<&'a str>,
    pub(super) expires_at: Option<Timestamp>,
}

/// A decision as it was asked for.
struct Order<'a> {
    cluster: &'a ClusterOptions,
    what: &'a What,
    campaign: Option<&'a str>,
    verdict: Verdict<'a>,
}

pub(super) fn approve(options: &ApproveOptions) -> ExitCode {
    run(&Order {
        cluster: &options.cluster,
        what: &options.what,
        campaign: options.campaign.as_deref(),
        verdict: Verdict {
            decision: Decision::Approve,
            comment: &options.comment,
            break_glass: options.break_glass.as_deref(),
            expires_at: options.expires_at,
        },
    })
}

pub(super) fn deny(options: &DenyOptions) -> ExitCode {
    run(&Order {
        cluster: &options.cluster,
        what: &options.what,
        campaign: options.campaign.as_deref(),
        verdict: Verdict {
            decision: Decision::Deny,
            comment: &options.comment,
            break_glass: None,
            expires_at: None,
        },
    })
}

fn run(order: &Order<'_>) -> ExitCode {
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(work(order)));
    match result {
        Ok(done) => {
            print!("{}", done.said);
            for warning in done.warnings {
                eprintln!("warning: {warning}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => super::failed(&error),
    }
}

/// What was done, and what a person should know about it.
struct Done {
    said: String,
    warnings: Vec<String>,
}

async fn work(order: &Order<'_>) -> Result<Done, Failure> {
    let desk = Desk::at(order.cluster).await?;
    let selection = desk.selection(order).await?;
    let chosen = choose(desk.assets().await?, &selection).map_err(Failure::NoAsset)?;
    if chosen.assets.is_empty() {
        return Err(Failure::NothingWaits(chosen.left_out_sentence()));
    }
    let mut said = desk.decided(&order.verdict, &chosen.assets).await?.join("\n");
    said.push('\n');
    let mut warnings = unheeded(order, &chosen, &desk.campaigns().await?);
    let left_out = chosen.left_out_sentence();
    let left_out = Some(left_out.trim_start_matches("; ")).filter(|left_out| !left_out.is_empty());
    warnings.extend(left_out.map(str::to_owned));
    Ok(Done { said, warnings })
}

/// One line that says what was decided about which asset.
fn line(decision: Decision, asset: &Asset, approval: &str) -> String {
    let verb = match decision {
        Decision::Approve => "approved",
        Decision::Deny => "denied",
    };
    let spec = &asset.spec;
    let at = schedule::instant(&spec.schedule)
        .ok()
        .and_then(|at| schedule::local_text(at, &spec.schedule.time_zone).ok())
        .unwrap_or_else(|| "at no time yet".to_owned());
    let line = format!(
        "{verb}   {}   {}/{} {}   {at}   {}   by {approval}",
        spec.post_id,
        spec.target.platform,
        spec.target.account,
        spec.locale,
        asset.name_any()
    );
    line.chars().filter(|letter| !letter.is_control()).collect()
}

/// Why the decision may count for nothing.
fn unheeded(order: &Order<'_>, chosen: &Chosen, campaigns: &BTreeMap<String, Campaign>) -> Vec<String> {
    if order.verdict.decision == Decision::Deny {
        return Vec::new();
    }
    let names: BTreeSet<&str> = chosen
        .assets
        .iter()
        .map(|asset| asset.spec.campaign.as_str())
        .collect();
    names
        .into_iter()
        .filter_map(|name| campaigns.get(name)?.status.as_ref())
        .filter_map(|status| {
            let mut conditions = status.conditions.iter();
            conditions.find(|condition| {
                condition.type_ == APPROVALS_HONOURED && condition.status == ConditionStatus::False
            })
        })
        .map(|condition| condition.message.clone())
        .collect()
}

/// The namespace in which is decided.
pub(super) struct Desk {
    client: Client,
    namespace: String,
}

impl Desk {
    pub(super) async fn at(cluster: &ClusterOptions) -> Result<Self, Failure> {
        let client: Client = connect(cluster, None).await?;
        let namespace = cluster
            .namespace
            .clone()
            .unwrap_or_else(|| client.default_namespace().to_owned());
        Ok(Self { client, namespace })
    }

    /// Decides about the very words that these assets have; answers a line for each of them.
    pub(super) async fn decided(
        &self,
        verdict: &Verdict<'_>,
        assets: &[Asset],
    ) -> Result<Vec<String>, Failure> {
        let (campaigns, user) = (self.campaigns().await?, self.user().await?);
        let mut lines = Vec::new();
        for page in assets.chunks(TARGETS) {
            let name = self.decide(verdict, page, &user, &campaigns).await?;
            lines.extend(page.iter().map(|asset| line(verdict.decision, asset, &name)));
        }
        Ok(lines)
    }

    async fn list<K>(&self, doing: &'static str) -> Result<Vec<K>, Failure>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        let api_of_kind: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut parameters = ListParams::default().limit(PAGE);
        let mut found = Vec::new();
        loop {
            let page = api_of_kind.list(&parameters).await.map_err(api(doing))?;
            found.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters.continue_token = Some(token),
                None => return Ok(found),
            }
        }
    }

    pub(super) async fn assets(&self) -> Result<Vec<Asset>, Failure> {
        self.list("list the Assets").await
    }

    /// What earlier words may be found by.
    pub(super) async fn archive(&self, repository: Option<PathBuf>) -> Result<Archive, Failure> {
        let configs: Vec<ChannelConfig> = self.list("list the ChannelConfigs").await?;
        Ok(Archive {
            repository,
            campaigns: self.campaigns().await?,
            approvals: self.list("list the Approvals").await?,
            channels: Recorded::of_objects(&self.namespace, Vec::new(), configs).channels(),
        })
    }

    /// The Receipt that an asset remembers, where there is one.
    pub(super) async fn receipt(&self, asset: &Asset) -> Result<Option<Receipt>, Failure> {
        let status = asset.status.as_ref();
        let Some(name) = status.and_then(|status| status.receipt.as_ref()) else {
            return Ok(None);
        };
        let receipts: Api<Receipt> = Api::namespaced(self.client.clone(), &self.namespace);
        receipts.get_opt(name).await.map_err(api("read a Receipt"))
    }

    async fn campaigns(&self) -> Result<BTreeMap<String, Campaign>, Failure> {
        let campaigns: Vec<Campaign> = self.list("list the Campaigns").await?;
        Ok(campaigns
            .into_iter()
            .map(|campaign| (campaign.name_any(), campaign))
            .collect())
    }

    /// What the order names, with the target of the channel that it names.
    async fn selection(&self, order: &Order<'_>) -> Result<Selection, Failure> {
        let channel = match &order.what.channel {
            None => None,
            Some(name) => {
                let channels: Api<ChannelConfig> = Api::namespaced(self.client.clone(), &self.namespace);
                let found = channels
                    .get_opt(name)
                    .await
                    .map_err(api("read the ChannelConfig"))?;
                let config = found.ok_or_else(|| Failure::NoChannel(name.clone()))?;
                Some((config.spec.platform, config.spec.account))
            }
        };
        Ok(Selection {
            names: order.what.names.clone(),
            post: order.what.post.clone(),
            channel,
            campaign: order.campaign.map(str::to_owned),
            decision: order.verdict.decision,
        })
    }

    pub(super) async fn user(&self) -> Result<UserInfo, Failure> {
        let reviews: Api<SelfSubjectReview> = Api::all(self.client.clone());
        let answer = reviews
            .create(&PostParams::default(), &SelfSubjectReview::default())
            .await
            .map_err(api("ask the API server who you are"))?;
        let user = answer.status.and_then(|status| status.user_info);
        user.ok_or(Failure::Nobody)
    }

    /// Makes one Approval; answers its name.
    async fn decide(
        &self,
        verdict: &Verdict<'_>,
        assets: &[Asset],
        user: &UserInfo,
        campaigns: &BTreeMap<String, Campaign>,
    ) -> Result<String, Failure> {
        let approval = Approval {
            metadata: ObjectMeta {
                generate_name: Some("review-".to_owned()),
                ..ObjectMeta::default()
            },
            spec: ApprovalSpec {
                approver: user.username.clone().ok_or(Failure::Nobody)?,
                groups: groups(user, assets, campaigns),
                targets: assets.iter().map(target).collect(),
                decision: verdict.decision,
                comment: verdict.comment.to_owned(),
                break_glass: verdict.break_glass.map(|reason| BreakGlass {
                    reason: reason.to_owned(),
                }),
                expires_at: verdict.expires_at.map(Time),
            },
            status: None,
        };
        let approvals: Api<Approval> = Api::namespaced(self.client.clone(), &self.namespace);
        let made = approvals.create(&PostParams::default(), &approval).await;
        Ok(made.map_err(api("make the Approval"))?.name_any())
    }
}

/// The words that stand, and the time that they stand for.
fn target(asset: &Asset) -> ApprovalTarget {
    ApprovalTarget {
        asset: asset.name_any(),
        content_digest: crate::domain::digest::of_content(&asset.spec),
        publish_at: schedule::instant(&asset.spec.schedule).ok().map(Time),
    }
}

/// Those groups of the user that the campaigns of these assets ask for: the others are nobody's business here.
fn groups(user: &UserInfo, assets: &[Asset], campaigns: &BTreeMap<String, Campaign>) -> Vec<String> {
    let asked: BTreeSet<&String> = assets
        .iter()
        .filter_map(|asset| campaigns.get(&asset.spec.campaign))
        .flat_map(|campaign| &campaign.spec.approval.approvers.groups)
        .collect();
    let theirs = user.groups.iter().flatten();
    theirs
        .filter(|group| asked.contains(group))
        .take(GROUPS)
        .cloned()
        .collect()
}

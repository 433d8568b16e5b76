//! What files would publish: those of a folder or of a branch, alone or beside what stands in a cluster.

mod ground;
mod guards;
mod played;
mod source;

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use jiff::Timestamp;
use thiserror::Error;

use super::{
    check::{CheckError, manifest::Manifests},
    cluster::{Unreached, patiently, reach},
};
use crate::{
    api::{Asset, CampaignSpec, GoDuration},
    config::ClusterOptions,
    controller::{Asked, Recorded},
    domain::{
        content::{Files, diagnostic::Diagnostic},
        lanes::{Surroundings, judge_lanes},
        observed::Observed,
        schedule::ScheduleError,
        wanted::Wanted,
        why::Origin,
    },
    git::GitError,
};
pub(super) use ground::Difference;
use ground::grounds;
pub(super) use played::{Played, played};
pub(super) use source::repository;

/// Which files, and what they are compared with.
#[derive(Debug, Args)]
pub(super) struct Reading {
    /// A folder with sheets, e-mails and queues, and the manifests of Campaigns and ChannelConfigs
    #[arg(default_value = ".", value_name = "DIR")]
    pub(super) folder: PathBuf,
    /// A branch of the git repository in DIR, instead of the files as they lie there
    #[arg(long, value_name = "NAME")]
    pub(super) branch: Option<String>,
    /// Only this Campaign; without one among the files, the Campaign of the cluster that reads them
    #[arg(long, value_name = "NAME")]
    pub(super) campaign: Option<String>,
    /// Compare with the Assets and receipts of a cluster; --kubeconfig, --context and --namespace ask for that as well
    #[arg(long)]
    pub(super) compare: bool,
    #[command(flatten)]
    pub(super) cluster: ClusterOptions,
}

impl Reading {
    fn compares(&self) -> bool {
        let ClusterOptions {
            kubeconfig,
            context,
            namespace,
        } = &self.cluster;
        self.compare || kubeconfig.is_some() || context.is_some() || namespace.is_some()
    }
}

/// Why nothing could be foretold.
#[derive(Debug, Error)]
pub(super) enum ForecastError {
    /// The files cannot be read.
    #[error(transparent)]
    Files(#[from] CheckError),
    /// There is no repository.
    #[error("{} is in no git repository: leave out --branch to read the files as they lie there", .0.display())]
    NoRepository(PathBuf),
    /// The branch cannot be read.
    #[error("failed to read the branch")]
    Branch(#[from] GitError),
    /// A folder for what is read cannot be made.
    #[error("failed to make a temporary folder")]
    Folder(#[source] std::io::Error),
    /// The cluster is not there.
    #[error(transparent)]
    Unreached(#[from] Unreached),
    /// The cluster cannot be read.
    #[error("failed to read what stands")]
    Read(#[from] crate::controller::Error),
    /// Nothing says which files are meant for what.
    #[error(
        "found no Campaign: put its manifest among the files, or name a cluster whose Campaign reads them (--namespace NAME)"
    )]
    NoCampaign,
    /// There are several in the cluster, and each reads other files.
    #[error("say with --campaign which of the cluster's Campaigns reads these files: {}", .0.join(", "))]
    SeveralCampaigns(Vec<String>),
    /// The zone of a calendar is none.
    #[error("failed to find the time zone of the calendar")]
    TimeZone(#[from] ScheduleError),
    /// The answer has no such form.
    #[error("failed to write the answer as JSON")]
    Json(#[from] serde_json::Error),
    /// There is none of that name.
    #[error("there is no Campaign {0} among the files, nor in the cluster where one was named")]
    NoSuchCampaign(String),
}

/// What is to be foretold.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    /// The instant that it is foretold at.
    pub(super) now: Timestamp,
    /// Only this Campaign.
    pub(super) campaign: Option<String>,
    /// Rows so far ahead count, whatever the horizon of the Campaign.
    pub(super) ahead: Option<GoDuration>,
}

/// What files would publish.
pub(super) struct Forecast {
    /// By namespace and name.
    pub(super) campaigns: Vec<Forecasted>,
    /// Problems of the manifests.
    pub(super) problems: Vec<Diagnostic>,
    /// What was taken for granted, in sentences.
    pub(super) assumptions: Vec<String>,
    /// True where it was compared with a cluster.
    pub(super) compared: bool,
    /// What takes room beside the rows, by namespace.
    pub(super) crowds: BTreeMap<String, Crowd>,
}

/// What takes room of accounts in a namespace beside what is foretold.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd {
    /// The Assets of other Campaigns.
    pub(super) beside: Vec<Observed>,
    /// What receipts and channels leave.
    pub(super) surroundings: Surroundings,
}

impl Forecast {
    /// Tells each row what its lanes leave it at an instant: by all rows of its namespace, whichever Campaign they are of.
    fn judge_lanes(&mut self, now: Timestamp) {
        for (namespace, crowd) in &self.crowds {
            let campaigns = self.campaigns.iter_mut();
            let ours = campaigns.filter(|campaign| campaign.namespace == *namespace);
            let rows: Vec<&mut Row> = ours.flat_map(|campaign| &mut campaign.rows).collect();
            let mut all: Vec<Observed> = rows.iter().map(|row| row.observed.clone()).collect();
            all.extend(crowd.beside.iter().cloned());
            judge_lanes(&mut all, crowd.surroundings.clone(), now);
            for (row, observed) in rows.into_iter().zip(all) {
                row.observed = observed;
            }
        }
    }
}

/// What one Campaign would publish.
pub(super) struct Forecasted {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) spec: CampaignSpec,
    pub(super) wanted: Wanted,
    /// Post ids of approved rows that the files no longer name.
    pub(super) withdrawn: Vec<String>,
    /// In the order in which they go out.
    pub(super) rows: Vec<Row>,
}

/// One Asset as it would stand.
pub(super) struct Row {
    pub(super) asset: Asset,
    pub(super) origin: Origin,
    pub(super) observed: Observed,
    pub(super) changed: Difference,
}

/// Reads the files, and the cluster where one is named, and foretells what they would publish.
pub(super) fn forecast(options: &Reading, wishes: &Wishes) -> Result<Forecast, ForecastError> {
    patiently(async {
        let recorded = if options.compares() {
            let (client, namespace) = reach(&options.cluster).await?;
            let mut recorded = Recorded::read(&client, &namespace, Asked::All).await?;
            recorded.read_memories(&client).await?;
            Some((namespace, recorded))
        } else {
            None
        };
        let wishes = wishes.clone();
        match &options.branch {
            None => source::of_folder(&options.folder, |names, files| {
                of_files(names, files, recorded, &wishes)
            }),
            Some(branch) => {
                source::of_branch(&options.folder, branch, move |names, files| {
                    of_files(names, files, recorded, &wishes)
                })
                .await
            }
        }
    })
}

/// The same over files and objects that are at hand.
pub(super) fn of_files(
    names: &[String],
    files: &dyn Files,
    recorded: Option<(String, Recorded)>,
    wishes: &Wishes,
) -> Result<Forecast, ForecastError> {
    let manifests = Manifests::read(names, files);
    let compared = recorded.is_some();
    let mut forecast = Forecast {
        campaigns: Vec::new(),
        problems: manifests.diagnostics.clone(),
        assumptions: Vec::new(),
        compared,
        crowds: BTreeMap::new(),
    };
    let grounds = grounds(manifests, recorded, wishes.campaign.as_deref())?;
    for ground in grounds {
        ground.foretell(files, wishes, &mut forecast);
    }
    forecast.judge_lanes(wishes.now);
    if !compared {
        forecast.assumptions.push(
            "No cluster was compared: what was published before is planned again, and no Secret was looked for.".to_owned(),
        );
    }
    Ok(forecast)
}

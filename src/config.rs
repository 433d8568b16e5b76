//! Every flag and environment variable of the operator, in one place.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use jiff::Timestamp;

/// Which cluster, as every command that talks to one takes it.
#[derive(Clone, Debug, Default, Args)]
pub struct ClusterOptions {
    /// The kubeconfig file; in the cluster its own configuration is used, elsewhere KUBECONFIG or ~/.kube/config
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// The namespace
    #[arg(short, long, global = true, value_name = "NAME")]
    pub namespace: Option<String>,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// What `campanile operator` takes.
#[derive(Clone, Debug, Args)]
pub struct OperatorOptions {
    /// Which cluster; with a namespace, only that one is served
    #[command(flatten)]
    pub cluster: ClusterOptions,
    /// Where /livez, /readyz, /metrics and the git webhook are served
    #[arg(
        long,
        env = "CAMPANILE_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
    /// Addresses that outgoing requests may go to although they are loopback, private or link-local
    #[arg(
        long,
        env = "CAMPANILE_ALLOW_EGRESS_TO",
        value_delimiter = ',',
        value_name = "CIDR"
    )]
    pub allow_egress_to: Vec<IpNet>,
    /// Allow file:// in objectStore.url and as git repository
    #[arg(long, env = "CAMPANILE_ALLOW_LOCAL_PATHS")]
    pub allow_local_paths: bool,
    /// Where mirrors of git branches are kept; they are made anew when lost. One process at a time [default: campanile in the temporary folder]
    #[arg(long, env = "CAMPANILE_CACHE", value_name = "FOLDER")]
    pub cache: Option<PathBuf>,
    /// Elect a leader through a Lease; false for a single replica
    #[arg(long, env = "CAMPANILE_LEADER_ELECT", default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub leader_elect: bool,
    /// The namespace of the Lease; the operator's own if left out
    #[arg(long, env = "CAMPANILE_LEASE_NAMESPACE", value_name = "NAME")]
    pub lease_namespace: Option<String>,
    /// The name of this pod, as it stands on receipts
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pub pod_name: Option<String>,
    /// The store was restored to this moment: slots due before it whose receipt is missing are held as Unknown
    #[arg(long, value_name = "RFC3339")]
    pub restored_at: Option<Timestamp>,
    /// How log lines are written
    #[arg(long, env = "CAMPANILE_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// How many assets are worked on at once
    #[arg(
        long,
        env = "CAMPANILE_CONCURRENCY",
        default_value_t = 64,
        value_name = "COUNT"
    )]
    pub concurrency: u16,
}

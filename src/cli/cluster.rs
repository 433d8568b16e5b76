//! What every command that talks to a cluster begins with.

use std::{future::Future, io, time::Duration};

use kube::Client;

use crate::{config::ClusterOptions, controller};

/// How long a command waits for a cluster before it says so.
const PATIENCE: Duration = Duration::from_mins(2);

/// Why a cluster was not reached.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreached {
    /// Nothing runs here.
    #[error("failed to start")]
    Start(#[from] io::Error),
    /// There is none, or it cannot be told which.
    #[error("failed to reach the cluster")]
    Connect(#[from] controller::Error),
    /// It did not answer.
    #[error("the cluster did not answer within {} seconds", PATIENCE.as_secs())]
    Silent,
}

/// Runs work that waits for a cluster, and for no longer than a person would.
pub(super) fn patiently<T, E: From<Unreached>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Unreached::from)?;
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await });
    answer.map_err(|_| Unreached::Silent)?
}

/// A client, and the namespace that is meant.
pub(super) async fn reach(options: &ClusterOptions) -> Result<(Client, String), Unreached> {
    let client = controller::connect(options, None).await?;
    let namespace = options
        .namespace
        .clone()
        .unwrap_or_else(|| client.default_namespace().to_owned());
    Ok((client, namespace))
}

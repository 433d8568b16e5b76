//! Why `campanile up` could not start or ended.

use std::{io, net::SocketAddr, path::PathBuf};

use crate::{
    controller,
    standalone::{Failure, StartError, listen::ListenError},
};

/// Why `campanile up` could not start or ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum UpError {
    #[error("failed to start in {}; another folder is given with --data", .folder.display())]
    Start {
        folder: PathBuf,
        source: Box<StartError>,
    },
    #[error("failed to {doing} {}", .path.display())]
    File {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("the control plane failed")]
    Failed(#[source] Failure),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("failed to {doing}")]
    Api { doing: String, source: Box<kube::Error> },
    #[error("failed to find the control plane by its kubeconfig")]
    Connect(#[source] Box<controller::Error>),
    #[error("failed to serve the operator's metrics and webhook at {address}")]
    Surface { address: SocketAddr, source: io::Error },
    #[error("the operator failed")]
    Operator(#[source] Box<controller::Error>),
    #[error("{0} ended before it was told to")]
    Ended(&'static str),
    #[error("failed to make the repository of the example in {}", .path.display())]
    Repository {
        path: PathBuf,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error(
        "the example publishes into {}: the names of its folders may have letters, digits, dots inside, dashes and \
         underscores; give another folder with --data",
        .0.display()
    )]
    UnpublishableFolder(PathBuf),
    #[error("a manifest of ours cannot be read")]
    Manifest(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("{0} was not established within {1} seconds")]
    NotEstablished(String, u64),
}

impl UpError {
    pub(super) fn api(doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Api {
            doing,
            source: Box::new(source),
        }
    }
}

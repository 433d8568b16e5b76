//! Why the listener could not start or ended.

use std::{io, net::SocketAddr, path::PathBuf};

/// Why the listener could not start or ended.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// A file of the authority, of a kubeconfig or of tokens.
    #[error("failed to {doing} {}", .path.display())]
    File {
        /// `read`, `write`.
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} cannot be used: {why}", .path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// A sentence, with what to do.
        why: String,
    },
    /// A certificate could not be made.
    #[error("failed to make a certificate for {whom}")]
    Certificate {
        /// Whose.
        whom: String,
        /// Why.
        source: rcgen::Error,
    },
    /// TLS could not be set up.
    #[error("failed to set up TLS")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The address could not be bound.
    #[error("failed to listen on {address}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl ListenError {
    /// The machine word.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::File { .. } => "FileFailed",
            Self::Unusable { .. } => "FileUnusable",
            Self::Certificate { .. } => "CertificateFailed",
            Self::Tls(_) => "TlsFailed",
            Self::Bind { .. } => "ListenFailed",
        }
    }

    pub(super) fn file(doing: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }
}

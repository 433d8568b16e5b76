//! Which control plane a test is played on, and who signs its certificates.

use std::path::Path;

use campanile::standalone::listen;

use super::certificates::{Authority, Identity};

/// Names the control plane of the end-to-end suite: `embedded` or `kube-apiserver`, which is the default.
const PARAMETER: &str = "CAMPANILE_E2E_CONTROL_PLANE";

/// What serves the API.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// etcd, kube-apiserver and kube-controller-manager.
    KubeApiServer,
    /// `campanile up --no-operator`, one process.
    Embedded,
}

impl Engine {
    /// The one that the parameter names. Only the end-to-end suite and the benchmark are played on either: the other tests
    /// compare the two.
    pub(crate) fn chosen() -> Self {
        let named = std::env::var(PARAMETER).ok();
        match named
            .filter(|_| ["e2e", "operator"].contains(&env!("CARGO_CRATE_NAME")))
            .as_deref()
        {
            None | Some("kube-apiserver") => Self::KubeApiServer,
            Some("embedded") => Self::Embedded,
            Some(other) => panic!("{PARAMETER} is {other:?}: it is embedded or kube-apiserver"),
        }
    }
}

/// What etcd is spared in tests; a benchmark compares stores that both keep what they have acknowledged.
pub(crate) fn etcd_durability() -> Option<String> {
    (env!("CARGO_CRATE_NAME") != "operator").then(|| "--unsafe-no-fsync".to_owned())
}

/// Signs the certificates of a control plane.
pub(crate) enum Signer {
    /// Made for the test.
    Ours(Box<Authority>),
    /// That of the embedded control plane's own folder.
    Embedded(Box<listen::Authority>),
}

impl Signer {
    /// The one of a control plane that keeps its data in `data`.
    pub(crate) fn of(engine: Engine, data: &Path) -> Self {
        match engine {
            Engine::KubeApiServer => Self::Ours(Box::new(Authority::new())),
            Engine::Embedded => {
                std::fs::create_dir(data).expect("make the data folder");
                let authority = listen::Authority::open(&data.join("authority"));
                Self::Embedded(Box::new(authority.expect("make the authority")))
            }
        }
    }

    /// The authority's own certificate as PEM.
    pub(crate) fn pem(&self) -> String {
        match self {
            Self::Ours(authority) => authority.pem(),
            Self::Embedded(authority) => authority.certificate().to_owned(),
        }
    }

    /// A fresh certificate of a user and one group.
    pub(crate) fn client(&self, user: &str, group: &str) -> Identity {
        match self {
            Self::Ours(authority) => authority.client(user, group),
            Self::Embedded(authority) => {
                let made = authority
                    .user(user, &[group.to_owned()])
                    .expect("sign a certificate");
                Identity {
                    certificate: made.certificate,
                    key: made.key,
                }
            }
        }
    }

    /// The certificate to serve with; the embedded control plane makes its own.
    pub(crate) fn serving(&self) -> Option<Identity> {
        match self {
            Self::Ours(authority) => {
                Some(authority.serving(&["127.0.0.1", "localhost", "kubernetes.default.svc"]))
            }
            Self::Embedded(_) => None,
        }
    }
}

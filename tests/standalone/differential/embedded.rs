//! The embedded server behind its own listener, as `campanile up` starts it.

use std::net::SocketAddr;

use campanile::standalone::listen::{Authority, Listener, ListenerOptions, Tokens};
use campanile::standalone::wire::{Wire, WireOptions};
use campanile::standalone::{ControlPlane, Options};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::support::certificates;

use super::endpoint::Endpoint;

/// A running embedded control plane on a port of the loopback; it ends with the value.
pub(crate) struct Embedded {
    address: SocketAddr,
    authority: Authority,
    serving: JoinHandle<()>,
    _plane: ControlPlane,
    _folder: TempDir,
}

impl Embedded {
    /// Starts one that keeps its objects in memory.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("make a folder");
        let authority = Authority::open(folder.path()).expect("make an authority");
        let plane = ControlPlane::in_memory(Options::default()).await.expect("start");
        let options = ListenerOptions {
            address: ([127, 0, 0, 1], 0).into(),
            hosts: &[],
            authority: &authority,
            tokens: Tokens::default(),
        };
        let listener = Listener::bind(options).await.expect("listen");
        let address = listener.address().expect("an address");
        let wire = Wire::new(
            plane.registry().clone(),
            WireOptions {
                address: address.to_string(),
                ..WireOptions::default()
            },
        );
        let serving = tokio::spawn(listener.serve(wire, std::future::pending()));
        Self {
            address,
            authority,
            serving,
            _plane: plane,
            _folder: folder,
        }
    }

    /// Where it is reached, by whom.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.url(), self.authority(), |user| self.identity(user))
    }

    /// A certificate of a user in the group of those who may do everything.
    pub(crate) fn identity(&self, user: &str) -> certificates::Identity {
        let masters = ["system:masters".to_owned()];
        let identity = self.authority.user(user, &masters).expect("sign a certificate");
        certificates::Identity {
            certificate: identity.certificate,
            key: identity.key,
        }
    }

    /// The authority's own certificate as PEM.
    pub(crate) fn authority(&self) -> &str {
        self.authority.certificate()
    }

    /// The address.
    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

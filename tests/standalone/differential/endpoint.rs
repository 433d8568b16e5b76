//! How a server is reached, whoever started it.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Certificate, Client, Identity};

use crate::support::certificates;
use crate::support::control_plane::ControlPlane;

/// Longest wait for an answer's head or for the next bytes of its body.
const PATIENCE: Duration = Duration::from_secs(40);

/// The users of the corpus, all of whom may do everything; `nobody` shows no certificate.
pub(crate) const USERS: [&str; 3] = ["admin", "alice", "bob"];

/// A server with one client for each user.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    clients: BTreeMap<String, Client>,
}

impl Endpoint {
    /// Takes the address, the authority's certificate as PEM, and who signs the users' certificates.
    pub(crate) fn new(url: String, authority: &str, sign: impl Fn(&str) -> certificates::Identity) -> Self {
        let mut clients: BTreeMap<String, Client> = USERS
            .into_iter()
            .map(|user| (user.to_owned(), client(authority, Some(sign(user)))))
            .collect();
        clients.insert("nobody".to_owned(), client(authority, None));
        Self { url, clients }
    }

    /// A real control plane, where the group of every user may do everything.
    pub(crate) fn of(plane: &ControlPlane) -> Self {
        Self::new(plane.url(), &plane.authority(), |user| {
            plane.identity(user, "system:masters")
        })
    }

    /// The client that shows the certificate of `user`.
    pub(crate) fn client(&self, user: &str) -> &Client {
        self.clients
            .get(user)
            .unwrap_or_else(|| panic!("no user {user:?} among {USERS:?}"))
    }
}

fn client(authority: &str, identity: Option<certificates::Identity>) -> Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    let authority = Certificate::from_pem(authority.as_bytes()).expect("the authority's certificate");
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .read_timeout(PATIENCE)
        .tls_certs_only([authority]);
    if let Some(identity) = identity {
        let pem = identity.certificate + &identity.key;
        builder = builder.identity(Identity::from_pem(pem.as_bytes()).expect("a client certificate"));
    }
    builder.build().expect("make a client")
}

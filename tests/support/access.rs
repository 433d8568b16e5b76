//! Kubeconfigs, and the clients made from them.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kube::config::{KubeConfigOptions, Kubeconfig};

use super::certificates::Identity;

/// The lines of a kubeconfig's user that make it act as somebody else.
pub(crate) fn impersonation(user: &str, groups: &[&str]) -> String {
    let groups = if groups.is_empty() {
        String::new()
    } else {
        format!("\n    as-groups: {groups:?}")
    };
    format!("\n    as: {user:?}{groups}")
}

/// The text of a kubeconfig that needs no other file.
pub(crate) fn kubeconfig(url: &str, authority: &str, identity: &Identity, impersonation: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
current-context: test
contexts:
- name: test
  context: {{cluster: test, user: test}}
clusters:
- name: test
  cluster:
    server: {}
    certificate-authority-data: {}
users:
- name: test
  user:
    client-certificate-data: {}
    client-key-data: {}{impersonation}
",
        url,
        BASE64.encode(authority),
        BASE64.encode(&identity.certificate),
        BASE64.encode(&identity.key),
    )
}

/// Makes a client that hides nothing: no retries, and a bound on every wait but watches.
pub(crate) async fn client_from(kubeconfig: &Path) -> kube::Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("read a kubeconfig");
    let options = KubeConfigOptions::default();
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .expect("use a kubeconfig");
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(5));
    kube::Client::try_from(config).expect("make a client")
}

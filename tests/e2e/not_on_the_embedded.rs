//! What the suite does not ask of the embedded control plane, each with its reason. It says so itself, in
//! `docs/control-plane.md`; whatever is not here has to pass on both.

use std::io::Write as _;

use crate::support::engine::Engine;

/// One test, or the part of one, that is played on kube-apiserver alone.
#[derive(Debug)]
pub(crate) struct Exception {
    test: &'static str,
    because: &'static str,
}

pub(crate) const GRANTED: Exception = Exception {
    test: "control_plane::somebody_else_may_do_only_what_is_granted",
    because: "it enforces no roles: whoever has a certificate may do everything",
};

pub(crate) const WITHOUT_ETCD: Exception = Exception {
    test: "control_plane::an_api_server_without_its_etcd_is_not_ready",
    because: "its store is in the same process: one cannot end without the other",
};

pub(crate) const MANIFESTS: Exception = Exception {
    test: "manifests::the_manifests_apply_to_an_empty_cluster_and_grant_the_least",
    because: "it serves no Deployments, Pods or roles, and aggregates and enforces none",
};

pub(crate) const HEALTH_CHECKS: Exception = Exception {
    test: "argocd::the_health_checks_join_the_configuration_that_argo_cd_has",
    because: "it refuses server-side apply with 415, which is how they join",
};

impl Exception {
    /// Whether the test has to end here; then it has said why, also where the output of passing tests is hidden.
    pub(crate) fn holds(&self) -> bool {
        let embedded = Engine::chosen() == Engine::Embedded;
        if embedded {
            let Self { test, because } = self;
            writeln!(
                std::io::stderr(),
                "NOT ON THE EMBEDDED CONTROL PLANE: {test}: {because}"
            )
            .expect("say so");
        }
        embedded
    }
}

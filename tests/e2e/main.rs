//! Everything that needs a real API server. Build it once with `tools/control-plane/build.sh`.
//!
//! One binary, so that its tests share one control plane: each takes a namespace of its own.

#[cfg(test)]
mod argocd;
#[cfg(test)]
mod control_plane;
#[cfg(test)]
mod manifests;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

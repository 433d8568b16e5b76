#!/usr/bin/env bash
# Starts the test control plane (etcd, kube-apiserver, kube-controller-manager) with the kinds of
# crds/ in it, on free ports and in a temporary folder, and ends it with everything that it stored.
#
#   tools/control-plane/start.sh                    prints the exports for another shell; Ctrl-C ends it
#   tools/control-plane/start.sh kubectl get crds   runs a command with KUBECONFIG and PATH set
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/build.sh" >/dev/null
cd "$here/../.."
cargo build --quiet --example control-plane
exec "${CARGO_TARGET_DIR:-target}/debug/examples/control-plane" "$@"

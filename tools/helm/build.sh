#!/usr/bin/env bash
# Builds Helm from the Go module proxy into bin/<version>/ beside this script, and prints where it is. Does nothing
# where it already stands. Needs Go 1.26.8 or newer; measured with its modules fetched and nothing compiled: 4 minutes
# of processor time.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$(sed -n 's/^.*helm\.sh\/helm\/v4 v\([0-9.]*\).*$/\1/p' "$here/go.mod")
bin="$here/bin/helm-$version"
export GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS=-mod=readonly
mkdir -p "$bin"
if [ ! -x "$bin/helm" ]; then
  echo "building helm" >&2
  (cd "$here" && go build -trimpath -ldflags "-s -w" -o "$bin/.helm.partial" helm.sh/helm/v4/cmd/helm)
  mv "$bin/.helm.partial" "$bin/helm"
fi
echo "$bin"

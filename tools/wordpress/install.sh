#!/usr/bin/env bash
# Puts a WordPress that stores into SQLite into bin/<version>/ beside this script and prints where it is: the release and the
# plugin that the WordPress project ships for its playground. Does nothing where it already stands. Needs tar, unzip by
# python3, and PHP to run it; takes the npm that tools/pds/install.sh brings. Measured on two cores with nothing cached: 15 s,
# 20 MB, of 158 MB that are fetched.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wordpress=6.5
builds=0.9.19
digest=765aaf87f3090e91395baf2f80f3ca523a62a7acccb81879f4bdc3d7c657fa9770bab0b8ab8c9dad3c30ff7b13315ebd0417281fa905f7762d02dba3342e4ca7
bin="$here/bin/wordpress-$wordpress-builds-$builds"
ours=(site.php wp-config.php router.php)
if [ ! -e "$bin/wp-load.php" ]; then
  echo "installing WordPress $wordpress" >&2
  mkdir -p "$here/bin"
  work=$(mktemp -d "$here/bin/.partial.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  node=$("$here/../pds/install.sh")
  (cd "$work" && PATH="$node:$PATH" node "$node/npm/bin/npm-cli.js" pack --silent "@wp-playground/wordpress-builds@$builds" >&2)
  echo "$digest  $(echo "$work"/*.tgz)" | sha512sum --check --quiet >&2
  tar -xzf "$work"/*.tgz -C "$work" --strip-components=2 \
    "package/src/wordpress/wp-$wordpress.zip" package/src/sqlite-database-integration/sqlite-database-integration.zip
  python3 - "$work" "$wordpress" <<'PYTHON'
import pathlib, shutil, sys, zipfile

work, version = pathlib.Path(sys.argv[1]), sys.argv[2]
site = work / "site"
zipfile.ZipFile(work / f"wordpress/wp-{version}.zip").extractall(site)
# The database of the site that is in there: ours are made for each run.
shutil.rmtree(site / "wp-content/database")
plugins = site / "wp-content/plugins"
zipfile.ZipFile(work / "sqlite-database-integration/sqlite-database-integration.zip").extractall(plugins)
(plugins / "sqlite-database-integration-main").rename(plugins / "sqlite-database-integration")
shutil.copy(plugins / "sqlite-database-integration/db.copy", site / "wp-content/db.php")
dropin = site / "wp-content/db.php"
text = dropin.read_text()
text = text.replace("'{SQLITE_IMPLEMENTATION_FOLDER_PATH}'", "__DIR__ . '/plugins/sqlite-database-integration'")
dropin.write_text(text.replace("{SQLITE_PLUGIN}", "sqlite-database-integration/load.php"))
PYTHON
  rm -rf "$bin"
  mv "$work/site" "$bin"
fi
for file in "${ours[@]}"; do
  cmp -s "$here/$file" "$bin/$file" || cp "$here/$file" "$bin/$file"
done
echo "$bin"

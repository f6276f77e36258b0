#!/bin/sh
# Installs zjk_gis from the wheels beside this file, without any network: sh install.sh [FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-$here/venv}
python=${PYTHON:-python3}
"$python" -m venv "$target"
"$target/bin/python" -m pip --disable-pip-version-check install --quiet --no-index --find-links "$here/wheels" "zjk_gis[all]"
"$target/bin/zjk-gis" --version
echo "Try it:        $target/bin/zjk-gis demo"
echo "Documentation: $here/docs/index.html"

#!/usr/bin/env bash
# Writes requirements.lock and requirements-dev.lock from pyproject.toml, with what pip resolves today.
set -euo pipefail
cd "$(dirname "$0")"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
pip=("$scratch/venv/bin/python" -m pip --disable-pip-version-check)
# setuptools 82 has no pkg_resources any more, which the reference packages of the tests import.
"${pip[@]}" install --quiet --upgrade pip "setuptools<82" wheel

pins() { "${pip[@]}" freeze --all --exclude lands-between | sed 's/+cpu$//' | grep -v '^wheel==' | LC_ALL=C sort; }
head="# Written by lock.sh from pyproject.toml; do not edit."

dependencies() {
    "$scratch/venv/bin/python" - "$1" <<'PY'
import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extras = project["optional-dependencies"]
of_demo = ("analysis", "publish", "ratings", "survey")  # what `make demo` and `make survey` run
needed = project["dependencies"] + [each for extra in of_demo for each in extras[extra]]
listed = needed if sys.argv[1] == "runtime" else [each for extra in extras.values() for each in extra]
print("\n".join(each for each in listed if not each.startswith(project["name"])))
PY
}

dependencies runtime > "$scratch/runtime.txt"
"${pip[@]}" install --quiet --requirement "$scratch/runtime.txt" "setuptools<82"
{ echo "$head"; pins; } > "$scratch/requirements.lock"
dependencies dev > "$scratch/dev.txt"
"${pip[@]}" install --quiet --requirement "$scratch/dev.txt" "setuptools<82"
{ echo "$head"; pins | grep -vxFf "$scratch/requirements.lock"; } > "$scratch/requirements-dev.lock"
mv "$scratch/requirements.lock" "$scratch/requirements-dev.lock" .

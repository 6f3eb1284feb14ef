#!/usr/bin/env bash
# Writes the lock files from pyproject.toml, with what pip resolves today and the hashes of all files of each release.
# `./lock.sh hashes` keeps the versions and writes only the hashes anew, as after a line was added by hand.
set -euo pipefail
cd "$(dirname "$0")"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
pip=("$scratch/venv/bin/python" -m pip --disable-pip-version-check)
# setuptools 82 has no pkg_resources any more, which the reference packages of the tests import.
"${pip[@]}" install --quiet --upgrade pip "setuptools<82" wheel

head="# Written by lock.sh from pyproject.toml; do not edit."
# Which build of these an index serves, for the CPU or for CUDA, is the machine's choice: each has hashes of its own.
by_machine='^(torch|torchvision)=='
pins() { "${pip[@]}" freeze --all --exclude lands-between | sed 's/+cpu$//' | grep -v '^wheel==' | LC_ALL=C sort; }
pinned_in() { sed -nE 's/^([A-Za-z0-9][^ ;#]*==[^ ;]+).*/\1/p' "$1"; }

dependencies() {
    "$scratch/venv/bin/python" - "$1" <<'PY'
import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extras = project["optional-dependencies"]
of_demo = ("analysis", "explainers", "publish", "ratings", "survey")  # what `make demo` and `make survey` run
needed = project["dependencies"] + [each for extra in of_demo for each in extras[extra]]
apart = set(extras["signal"]) - set(extras["dev"])  # 200 MB of compilers, which neither the demo nor the tests need
everything = [each for extra in extras.values() for each in extra if each not in apart]
listed = {"runtime": needed, "dev": everything, "signal": sorted(apart)}[sys.argv[1]]
print("\n".join(each for each in listed if not each.startswith(project["name"])))
PY
}

if [ "${1:-}" = hashes ]; then
    pinned_in requirements.lock > "$scratch/runtime.pins"
    pinned_in requirements-dev.lock > "$scratch/dev.pins"
    pinned_in requirements-signal.lock > "$scratch/signal.pins"
else
    dependencies runtime > "$scratch/runtime.txt"
    "${pip[@]}" install --quiet --requirement "$scratch/runtime.txt" "setuptools<82"
    pins > "$scratch/all.pins"
    grep -vE "$by_machine" "$scratch/all.pins" > "$scratch/runtime.pins"
    { echo "$head"; grep -E "$by_machine" "$scratch/all.pins"; } > "$scratch/requirements-torch.lock"
    dependencies dev > "$scratch/dev.txt"
    "${pip[@]}" install --quiet --requirement "$scratch/dev.txt" "setuptools<82"
    pins > "$scratch/both.pins"
    grep -vxFf "$scratch/all.pins" "$scratch/both.pins" > "$scratch/dev.pins"
    dependencies signal > "$scratch/signal.txt"
    "${pip[@]}" install --quiet --requirement "$scratch/signal.txt" "setuptools<82"
    pins | grep -vxFf "$scratch/both.pins" > "$scratch/signal.pins"
    mv "$scratch/requirements-torch.lock" .
fi

# In an environment of its own: it is no part of what is pinned. It reads UV_DEFAULT_INDEX, not pip's configuration.
python3 -m venv "$scratch/uv"
"$scratch/uv/bin/python" -m pip --disable-pip-version-check install --quiet uv
hashed() {
    echo "$head"
    "$scratch/uv/bin/uv" pip compile --quiet --no-deps --generate-hashes --no-annotate --no-header \
        --python "$scratch/venv/bin/python" "$1"
}
hashed "$scratch/runtime.pins" > "$scratch/requirements.lock"
hashed "$scratch/dev.pins" > "$scratch/requirements-dev.lock"
hashed "$scratch/signal.pins" > "$scratch/requirements-signal.lock"
mv "$scratch/requirements.lock" "$scratch/requirements-dev.lock" "$scratch/requirements-signal.lock" .

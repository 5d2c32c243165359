#!/bin/sh
# Writes the pinned requirements: versions and hashes for every platform, and no word of where they came from.
set -eu
cd "$(dirname "$0")/.."

lock() {
    .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' "$@"
}

lock pyproject.toml requirements/build.in --all-extras --output-file requirements/all.txt
# A part of all.txt, at the same versions.
lock pyproject.toml --extra server --constraints requirements/all.txt --output-file requirements/run.txt
lock requirements/uv.in --output-file requirements/uv.txt

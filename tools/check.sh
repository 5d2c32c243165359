#!/bin/sh
# Runs every check, goes on after a failure, and says at the end which ones failed.
set -u
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
failed=

check() {
    name=$1
    shift
    printf '== %s\n' "$name"
    "$@" || failed="$failed, $name"
}

# Slow, and for one processor: it runs beside all the others.
beside=$(mktemp)
trap 'rm -f "$beside"' EXIT
pyright --pythonpath .venv/bin/python >"$beside" 2>&1 &
pyright=$!

ended() {
    wait "$pyright"
    result=$?
    cat "$beside"
    return "$result"
}

check format ruff format --check .
check lint ruff check .
check types-mypy mypy
check floors lint-imports --no-logo
check tree python tools/check_tree.py
check manual python tools/configuration_reference.py --check
check commands python tools/command_line_reference.py --check
check decision-table python tools/decision_table_reference.py --check
check codes python tools/codes_reference.py --check
check client-actions python tools/client_actions_reference.py --check
check schema python tools/schema_of_revisions.py --check
check catalogue python tools/coverage_of_catalogue.py --brief --require docs/catalogue-required.txt
check types-pyright ended

if [ -n "$failed" ]; then
    printf '\nFailed: %s\n' "${failed#, }"
    exit 1
fi
printf '\nAll checks passed.\n'

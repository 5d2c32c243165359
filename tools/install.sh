#!/bin/sh
# Puts Watchword, and all that its tests and checks need, into .venv/ at the versions pinned in requirements/.
#
# Quick when nothing has changed since the last time. PYTHON=... names the interpreter to use.
set -eu
cd "$(dirname "$0")/.."

stop() {
    printf 'make install: %s\n' "$1" >&2
    exit 1
}

# What the environment depends on. The folder is part of it: an environment that was copied or moved does not work.
fingerprint() {
    { pwd && cat requirements/*.txt pyproject.toml tools/install.sh; } | { sha256sum 2>/dev/null || shasum -a 256; }
}

# Prints the first interpreter that is new enough.
find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        "$candidate" -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1); print(sys.executable)' 2>/dev/null &&
            return 0
    done
    return 1
}

# Debian and Ubuntu keep the part of Python that makes environments in a package of its own.
can_make_environments() {
    "$1" -m ensurepip --version >/dev/null 2>&1
}

add_venv_package() {
    package=$("$1" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")')
    printf 'Installing %s ...\n' "$package"
    tools/apt_install.sh "$package" && can_make_environments "$1" ||
        stop "$1 cannot make environments; install its venv module first (Debian, Ubuntu: apt-get install $package)."
}

make_environment() {
    python=$(find_python) ||
        stop "Python 3.11 or newer is needed; install it (Debian, Ubuntu: apt-get install python3 python3-venv) or name it with PYTHON=..."
    can_make_environments "$python" || add_venv_package "$python"
    printf 'Making .venv with %s ...\n' "$("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
}

pip() {
    .venv/bin/python -m pip --disable-pip-version-check "$@"
}

# What pip has been told, by the environment or by a file: pip_setting index-url
pip_setting() {
    pip config list 2>/dev/null | sed -n -e "s/^:env:\.$1='\(.*\)'$/\1/p" -e "s/^global\.$1='\(.*\)'$/\1/p" | head -n 1
}

# uv does not read pip's settings: where the machine has set an index or certificates for pip alone, hand them on.
hand_on_pip_settings() {
    index=$(pip_setting index-url)
    if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        export UV_DEFAULT_INDEX="$index"
    fi
    certificates=$(pip_setting cert)
    if [ -n "$certificates" ] && [ -z "${SSL_CERT_FILE:-}" ]; then
        export SSL_CERT_FILE="$certificates"
    fi
}

# niquests brings a fork of urllib3 whose wheel puts itself in urllib3's place, under requests too; its source does not.
export URLLIB3_NO_OVERRIDE=1
apart="--no-binary urllib3-future"

# Bytecode now, once: where PYTHONDONTWRITEBYTECODE is set, every start of every program would compile it all again.
install_with_uv() {
    pip install -qq --only-binary :all: --require-hashes -r requirements/uv.txt || return 1
    hand_on_pip_settings
    export VIRTUAL_ENV="$PWD/.venv"
    .venv/bin/uv pip sync --quiet --compile-bytecode $apart --require-hashes requirements/uv.txt requirements/all.txt &&
        .venv/bin/uv pip install --quiet --no-deps --no-build-isolation --editable .
}

install_with_pip() {
    pip install -qq $apart --require-hashes -r requirements/all.txt &&
        pip install -qq --no-deps --no-build-isolation --editable .
}

stamp=.venv/installed
wanted=$(fingerprint)
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

[ -x .venv/bin/python ] && [ "$(cat .venv/made-in 2>/dev/null)" = "$PWD" ] || make_environment
printf '%s\n' "$PWD" >.venv/made-in
printf 'Installing the packages pinned in requirements/ ...\n'
if ! install_with_uv; then
    printf 'uv did not manage; trying again with pip ...\n' >&2
    install_with_pip || stop "the packages could not be installed; what went wrong stands above."
fi
printf '%s\n' "$wanted" >"$stamp"
printf 'Done: .venv/bin/watchword\n'

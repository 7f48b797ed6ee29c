# Sourced by .ci/gate, .ci/incident and .ci/test with the name of a tox environment: a virtual environment with tox, that
# environment with the harness in it, and a container engine that answers. Does only what is missing, so that a second
# call costs seconds. Leaves the command in $harness.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf -- '-- %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 3
}
may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ "${HARNESS_INSTALL:-}" != never ]; }
install() { # packages, by apt
    say "$*: by apt"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >&2
}

python=${PYTHON:-python3}
command -v "$python" >/dev/null || die "no $python here; install Python 3.11 or later"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "$python is $("$python" -V 2>&1); Python 3.11 or later is needed (set PYTHON=/path/to/python3.11)"

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    say "a virtual environment: .venv"
    rm -rf .venv
    if ! "$python" -m venv .venv >/dev/null 2>&1; then
        # Debian ships venv apart from Python.
        may_install && install python3-venv
        rm -rf .venv
        "$python" -m venv .venv || die "'$python -m venv .venv' fails; on Debian and Ubuntu: apt install python3-venv"
    fi
fi
if ! .venv/bin/tox --version >/dev/null 2>&1; then
    say "tox: into .venv"
    .venv/bin/python -m pip install --quiet 'tox>=4.22' || die "tox cannot be installed into .venv; see above"
fi
say "the harness: into .tox/$1"
.venv/bin/tox run -q -e "$1" --notest >&2 || die "the harness cannot be installed; see above"
harness=.tox/$1/bin/harness
"$harness" engine ensure >/dev/null || exit $?

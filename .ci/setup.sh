# Sourced by .ci/gate and .ci/test: a virtual environment with tox and the harness, and a container engine that answers.
# Does only what is missing, so that a second call costs seconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\033[2m%s\033[0m\n' "-- $*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 3; }

python=${PYTHON:-python3}
command -v "$python" >/dev/null || die "no $python here; install Python 3.11 or later"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "$python is $("$python" -V 2>&1); Python 3.11 or later is needed (set PYTHON=/path/to/python3.11)"

make_venv() { "$python" -m venv .venv >/dev/null 2>&1; }
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    say "virtual environment: .venv"
    rm -rf .venv
    if ! make_venv; then
        # Debian ships venv apart from Python.
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            say "python3-venv: by apt"
            { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; } >&2
            rm -rf .venv
        fi
        make_venv || die "'$python -m venv .venv' fails; on Debian and Ubuntu: apt install python3-venv"
    fi
fi
if ! .venv/bin/tox --version >/dev/null 2>&1; then
    say "tox: into .venv"
    .venv/bin/python -m pip install --quiet 'tox>=4.22' || die "tox could not be installed into .venv; the reason stands above"
fi
say "the harness and what it needs: into .tox"
.venv/bin/tox run -q -e gate --notest >&2 || die "the harness could not be installed; the reason stands above"
harness=.tox/py/bin/harness
"$harness" engine ensure >&2 || exit $?

# Sourced by the two commands of the README: finds or makes a Python environment with
# everything in requirements.txt, and sets PYTHON to its interpreter. Costs nothing when
# it was done before.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '[setup] %s\n' "$*"; }
fail() { printf '[setup] error: %s\n' "$*" >&2; exit 1; }

version_fits() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' \
        >/dev/null 2>&1
}

# A Python that can make an environment: Debian's lacks ensurepip without python3-venv.
find_python() {
    local name
    for name in python3.11 python3.12 python3.10 python3 python; do
        if version_fits "$name" && "$name" -c 'import ensurepip, venv' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# What is installed and what should be, as one hash: changes when either does.
fingerprint() {
    "$PYTHON" - "$ROOT/requirements.txt" <<'PY'
import hashlib
import sys
from importlib.metadata import distributions

found = sorted(f"{d.metadata['Name']}={d.version}" for d in distributions())
text = sys.version + open(sys.argv[1]).read() + '\n'.join(found)
print(hashlib.sha256(text.encode()).hexdigest())
PY
}

pip_install() { "$PYTHON" -m pip install --disable-pip-version-check "$@"; }

# Prints the version of the full mmcv, or nothing.
full_mmcv() {
    "$PYTHON" -c 'from importlib.metadata import version; print(version("mmcv"))' \
        2>/dev/null || true
}

install_requirements() {
    local wanted=$ROOT/requirements.txt mmcv
    mmcv=$(full_mmcv)
    case $mmcv in
    '') ;;
    2.0.* | 2.1.*)
        # mmcv-lite has the same module: beside the full one it would overwrite it.
        say "using the installed mmcv $mmcv in the place of mmcv-lite"
        wanted=$(mktemp)
        grep -v '^mmcv-lite' "$ROOT/requirements.txt" >"$wanted"
        ;;
    *)
        fail "mmcv $mmcv is installed, and mmpretrain and mmaction2 take 2.0 or 2.1: run 'pip uninstall mmcv', or use another environment"
        ;;
    esac
    pip_install --progress-bar on -r "$wanted" ||
        fail "pip could not install requirements.txt; its message is above"
}

# A torch of one build under a torchvision of another fails on import, with a message
# about operators or symbols that names neither.
torch_fits() { "$PYTHON" -c 'import torch, torchvision.ops' >/dev/null 2>&1; }

mend_torch() {
    torch_fits && return
    say "torch and torchvision are of different builds; installing a matching pair"
    # Without their dependencies, or those would be installed anew too.
    pip_install --progress-bar on --force-reinstall --no-deps torch torchvision &&
        pip_install --progress-bar on -c "$ROOT/requirements.txt" torch torchvision ||
        fail "no matching torch and torchvision found; its message is above"
    torch_fits ||
        fail "torch and torchvision do not fit together: $("$PYTHON" -c 'import torch, torchvision.ops' 2>&1 | tail -n 1)"
}

# An environment the user has activated, conda's base left alone; else our own.
choose_python() {
    local active=${VIRTUAL_ENV:-}
    if [ -z "$active" ] && [ "${CONDA_DEFAULT_ENV:-base}" != base ]; then
        active=${CONDA_PREFIX:-}
    fi
    if [ -n "$active" ] && version_fits "$active/bin/python"; then
        PYTHON=$active/bin/python
        say "active environment $active"
        return
    fi
    [ -z "$active" ] || say "the active environment $active is not of Python 3.10 to 3.12"
    PYTHON=$ROOT/.venv/bin/python
    if ! version_fits "$PYTHON" || ! "$PYTHON" -m pip --version >/dev/null 2>&1; then
        local base
        base=$(find_python) ||
            fail "no Python 3.10, 3.11 or 3.12 with venv found; install one (Debian, Ubuntu: also python3-venv), or activate an environment that has it"
        say "making $ROOT/.venv with $("$base" --version)"
        rm -rf "$ROOT/.venv"
        "$base" -m venv "$ROOT/.venv" || fail "'$base -m venv' failed; its message is above"
    fi
    say "environment $ROOT/.venv"
}

set_up() {
    local start=$SECONDS stamp
    choose_python
    stamp=$("$PYTHON" -c 'import sys; print(sys.prefix)')/.mmadapt-setup
    if [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint)" ]; then
        say "everything is installed"
    else
        say "installing requirements.txt"
        install_requirements
        mend_torch
        fingerprint >"$stamp" || say "cannot write $stamp: the next run checks again"
        say "set up in $((SECONDS - start)) s"
    fi
    PATH=$(dirname "$PYTHON"):$PATH
    export PATH PYTHON
}

set_up

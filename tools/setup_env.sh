# Sourced by the two commands of the README: finds or makes a Python environment with
# everything in requirements.txt, and sets PYTHON to its interpreter. Costs nothing when
# it was done before.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '[setup] %s\n' "$*"; }
fail() { printf '[setup] error: %s\n' "$*" >&2; exit 1; }

version_fits() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null
}

find_python() {
    local name
    for name in python3.11 python3.12 python3.10 python3 python; do
        if command -v "$name" >/dev/null 2>&1 && version_fits "$name"; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# What is installed, in one line: changes when requirements, version or packages change.
fingerprint() {
    "$PYTHON" - "$ROOT/requirements.txt" <<'PY'
import hashlib, sys
from importlib.metadata import distributions
found = sorted(f'{d.metadata["Name"]}={d.version}' for d in distributions())
text = sys.version + open(sys.argv[1]).read() + '\n'.join(found)
print(hashlib.sha256(text.encode()).hexdigest())
PY
}

# A torch of one build under a torchvision of another fails on import, with a message
# about operators or symbols that names neither.
torch_fits() {
    "$PYTHON" -c 'import torch, torchvision.ops' >/dev/null 2>&1
}

mend_torch() {
    torch_fits && return
    say "torch and torchvision are of different builds; installing a matching pair"
    "$PYTHON" -m pip install --progress-bar on --upgrade --force-reinstall torch torchvision ||
        fail "no matching torch and torchvision: run 'pip install --force-reinstall torch torchvision' and look at what it says"
    torch_fits ||
        fail "torch and torchvision do not fit together: $("$PYTHON" -c 'import torch, torchvision.ops' 2>&1 | tail -n 1)"
}

install_requirements() {
    local wanted="$ROOT/requirements.txt" list
    list=$(mktemp)
    # An installed full mmcv below 2.2 serves; mmcv-lite beside it would overwrite it.
    if "$PYTHON" -c 'from importlib.metadata import version as v; p = v("mmcv").split("."); raise SystemExit(not (p[0] == "2" and int(p[1]) < 2))' 2>/dev/null; then
        say "using the installed mmcv $("$PYTHON" -c 'from importlib.metadata import version; print(version("mmcv"))')"
        grep -v '^mmcv-lite' "$wanted" >"$list"
    else
        cat "$wanted" >"$list"
    fi
    "$PYTHON" -m pip install --progress-bar on --disable-pip-version-check -r "$list" ||
        fail "pip could not install requirements.txt; its message stands above"
    rm -f "$list"
}

set_up() {
    local start=$SECONDS marker
    if [ -n "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && version_fits python; then
        PYTHON=$(command -v python)
        say "active environment ${VIRTUAL_ENV:-$CONDA_PREFIX}"
    else
        PYTHON="$ROOT/.venv/bin/python"
        if ! version_fits "$PYTHON"; then
            local base
            base=$(find_python) || fail "no Python 3.10, 3.11 or 3.12 found; install one, or activate an environment that has it"
            say "making $ROOT/.venv with $("$base" --version)"
            rm -rf "$ROOT/.venv"
            "$base" -m venv "$ROOT/.venv" ||
                fail "'$base -m venv' failed; on Debian and Ubuntu install the package python3-venv"
            "$PYTHON" -m pip install --quiet --disable-pip-version-check --upgrade pip
        fi
        say "environment $ROOT/.venv"
    fi
    marker="$("$PYTHON" -c 'import sys; print(sys.prefix)')/.mmadapt-setup"
    if [ -f "$marker" ] && [ "$(cat "$marker")" = "$(fingerprint)" ]; then
        say "everything is installed"
    else
        install_requirements
        mend_torch
        fingerprint >"$marker" 2>/dev/null || true
        say "set up in $((SECONDS - start)) s"
    fi
    export PATH="$(dirname "$PYTHON"):$PATH" PYTHON
}

set_up

#!/usr/bin/env bash
# For who makes a release: which packages printers get, and whether they are known bad.
#
#   installer/release.sh pin     pin anew what requirements.txt allows, with hashes
#   installer/release.sh audit   ask whether what is pinned has known vulnerabilities
#
# Both need the network. docs/release.md says when.
set -euo pipefail
shopt -s inherit_errexit

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
pins=$root/installer/pins
python=${PYTHON:-python3}
readonly uv=uv==0.13.9 pip_audit=pip-audit==2.10.1

# tool PACKAGE: an environment with it alone; prints the folder of its programs.
tool() {
    "$python" -m venv "$work/tool"
    "$work/tool/bin/python" -m pip install --quiet --disable-pip-version-check "$1" >&2
    echo "$work/tool/bin"
}

# resolve [OPTIONS]: the names on standard input, in versions for all Pythons at once.
resolve() {
    "$bin/uv" pip compile - --universal --python-version 3.10 --no-header \
        --no-annotate --quiet "$@"
}

pin() {
    local bin
    bin=$(tool "$uv")
    grep -v '^--' "$root/installer/requirements.txt" | resolve --generate-hashes \
        >"$work/packages.txt"
    printf '%s\n' setuptools wheel | resolve --generate-hashes >"$work/build.txt"
    # pip takes hashes in no constraint, and the update manager gives pip no option.
    sed -n 's/ *\\$//; /^[a-z]/p' "$work/packages.txt" >"$work/versions.txt"
    mv "$work"/{packages,build,versions}.txt "$pins/"
    git -C "$root" --no-pager diff --stat -- installer/pins
}

audit() {
    local bin result=0
    bin=$(tool "$pip_audit")
    for list in packages build; do
        echo "== what printers get: $list.txt"
        # Strict: what could not be looked up is no good news.
        "$bin/pip-audit" --strict --disable-pip --require-hashes \
            --requirement "$pins/$list.txt" || result=1
    done
    echo "== what checks the page: package-lock.json"
    npm --prefix "$root" audit || result=1
    if ((result)); then
        echo "error: the audit is not clean, or could not be made: see above" >&2
    fi
    return "$result"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${1:-} in
pin | audit) "$1" ;;
*)
    echo "usage: installer/release.sh pin|audit" >&2
    exit 2
    ;;
esac

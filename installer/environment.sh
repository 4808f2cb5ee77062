# shellcheck shell=bash
# The environment of the demo and the tests: .venv in this checkout.

environment=$root/.venv
python=${PYTHON:-python3}
versions=$root/installer/pins/versions.txt # the tests test what printers get

# Names of Debian packages that the machine lacks, for the given extra.
missing_packages() {
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        echo python3-venv
    fi
    if ! echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1; then
        echo gcc
        echo libc6-dev
    fi
    if ! "$python" -c 'import ctypes.util as u; assert u.find_library("sodium")' \
        2>/dev/null; then
        echo libsodium23
    fi
    if [[ $1 != test ]]; then
        return
    fi
    local tool
    for tool in shellcheck bats git chromium; do
        if ! command -v "$tool" >/dev/null; then
            echo "$tool"
        fi
    done
    if ! command -v npm >/dev/null; then
        echo nodejs
        echo npm
    fi
    if ! command -v ip >/dev/null; then
        echo iproute2
    fi
    if ! compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null; then
        echo libfaketime
    fi
}

install_packages() {
    local -a missing as_root=()
    mapfile -t missing < <(missing_packages "$1")
    if ((${#missing[@]} == 0)); then
        return
    fi
    if ! command -v apt-get >/dev/null; then
        fail "this machine lacks what Debian calls ${missing[*]}: install that, and" \
            "run this again"
    fi
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            fail "packages are missing. As root, run: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    echo "installing ${missing[*]}"
    local -a install=("${as_root[@]}" apt-get install -y --no-install-recommends)
    if ! "${install[@]}" "${missing[@]}" >/dev/null 2>&1; then
        "${as_root[@]}" apt-get update -q || true # one dead source need not matter
        "${install[@]}" "${missing[@]}"
    fi
}

# What the environment was made of; it has to be made anew when that changes.
place() {
    "$python" -c 'import sys; print(sys.argv[1], sys.base_prefix, sys.version)' \
        "$environment"
}

make_environment() {
    local stamp=$environment/netqueue-place
    if [[ $(cat "$stamp" 2>/dev/null) == "$(place)" ]] &&
        "$environment/bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        fail "$python is $("$python" --version), at least 3.10 is needed: name" \
            "another one in the variable PYTHON"
    echo "making $environment"
    rm -rf "$environment"
    "$python" -m venv "$environment"
    place >"$stamp"
}

# Installs the package and what the given extra needs into the environment.
install_package() {
    local stamp=$environment/netqueue-extra-$1 wanted
    wanted=$(cat "$root/setup.cfg" "$versions" | sha256sum)
    if [[ $(cat "$stamp" 2>/dev/null) == "$wanted" ]]; then
        return
    fi
    echo "installing Python packages for: $1"
    rm -f "$stamp" # an install that breaks off leaves none
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        --root-user-action ignore --constraint "$versions" --editable "${root}[$1]"
    echo "$wanted" >"$stamp"
}

# What the checks of the page need, as package-lock.json names it.
install_page_tools() {
    local stamp=$root/node_modules/netqueue-lock wanted
    wanted=$(sha256sum <"$root/package-lock.json")
    if [[ $(cat "$stamp" 2>/dev/null) == "$wanted" ]]; then
        return
    fi
    echo "installing npm packages"
    (cd "$root" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
    echo "$wanted" >"$stamp"
}

prepare() {
    if [[ -n ${PYTHON:-} ]] && ! command -v "$PYTHON" >/dev/null; then
        fail "variable PYTHON names '$PYTHON', which is no program: correct or unset it"
    fi
    install_packages "$1"
    exec {lock}<"$root"
    flock "$lock" # another one may be at it
    make_environment
    install_package "$1"
    if [[ $1 == test ]]; then
        install_page_tools
    fi
    exec {lock}<&-
    "$environment/bin/python" -m moonraker_netqueue.virtual_printer install
}

# shellcheck shell=bash
# Python packages in Moonraker's environment: added under its pins, or not at all.

readonly requirements=$root/installer/requirements.txt pins=$root/installer/pins

# package_tool NUMBER COMMAND [FILE]: what installer/packages.py says.
package_tool() {
    local i=$1
    shift
    "${pythons[i]}" "$root/installer/packages.py" "$@"
}

# packages_record NUMBER: where the names of added packages are kept.
packages_record() {
    "${pythons[$1]}" -c 'import sys; print(sys.prefix + "/netqueue-packages")'
}

# wanted_packages NUMBER: the pinned packages to install, with hashes where there are.
wanted_packages() {
    if [[ -n $(package_tool "$1" missing "$requirements") ]]; then
        package_tool "$1" wanted "$requirements" "$pins/packages.txt" \
            "$(packages_record "$1")"
    fi
}

describe_packages() {
    local wanted
    "${pythons[$1]}" -m pip --version >/dev/null 2>&1 || fail "${names[$1]}: there is" \
        "no pip in Moonraker's environment. Run: ${pythons[$1]} -m ensurepip"
    wanted=$(wanted_packages "$1" | sed 's/[ ;].*//')
    if [[ -n $wanted ]]; then
        echo "packages for ${pythons[$1]}: ${wanted//$'\n'/, }"
    fi
}

# pip_install PYTHON ARGUMENTS...
pip_install() {
    local python=$1
    shift
    "$python" -m pip install --quiet --disable-pip-version-check --no-input \
        --root-user-action ignore "$@"
}

# add_packages PYTHON WORK: those in WORK/wanted; what is in WORK/kept stays as it is.
# Where hashes are known, also what builds a package is checked: pip itself would take
# the newest, unchecked.
add_packages() {
    local -a checked=()
    if grep -q -e ' --hash=' "$2/wanted"; then
        pip_install "$1" --target "$2/tools" --require-hashes \
            --requirement "$pins/build.txt" || return
        checked=(--require-hashes --use-pep517 --no-build-isolation)
    fi
    PYTHONPATH=$2/tools pip_install "$1" --prefer-binary --constraint "$2/kept" \
        --requirement "$2/wanted" "${checked[@]}"
}

# Adds what is missing. Everything that is there and that we did not add is a
# constraint, in the version that is there: Moonraker's own packages stay as they are.
# If pip fails, what it had added until then goes again.
apply_packages() {
    local python=${pythons[$1]} work record result=0
    if [[ -z $(describe_packages "$1") ]]; then
        return
    fi
    record=$(packages_record "$1")
    work=$(mktemp -d)
    package_tool "$1" list | sed 's/==.*//' >"$work/before"
    package_tool "$1" kept "$record" >"$work/kept"
    wanted_packages "$1" >"$work/wanted"
    echo "installing Python packages; the first time on a small board takes minutes"
    trap : INT TERM # pip ends by itself on Ctrl-C, and then it is undone
    add_packages "$python" "$work" >"$work/log" 2>&1 || result=$?
    package_tool "$1" list | sed 's/==.*//' >"$work/after"
    LC_ALL=C comm -13 <(LC_ALL=C sort "$work/before") <(LC_ALL=C sort "$work/after") \
        >"$work/added"
    if ((result)); then
        remove_packages "$python" "$work/added"
    else
        cat "$work/added" >>"$record"
        echo "packages installed: $(sed 's/[ ;].*//' "$work/wanted" | paste -sd ' ')"
    fi
    trap - INT TERM
    if ((result)); then
        tail -n 20 "$work/log" >&2
        rm -r "$work"
        fail "pip could not add what netqueue needs to $python (see above)." \
            "What it had added is removed again, nothing else was changed." \
            "Mend that (network? disk full?) and run this again"
    fi
    rm -r "$work"
}

# remove_packages PYTHON FILE: those whose names are in FILE.
remove_packages() {
    if [[ -s $2 ]]; then
        "$1" -m pip uninstall --quiet --yes --disable-pip-version-check \
            --root-user-action ignore --requirement "$2" >/dev/null 2>&1 ||
            echo "these could not be removed: $(paste -sd ' ' "$2")" >&2
    fi
}

describe_purged_packages() {
    local record names
    record=$(packages_record "$1")
    if [[ -f $record ]]; then
        names=$(package_tool "$1" unneeded "$record")
        echo "packages removed from ${pythons[$1]}: ${names//$'\n'/, }"
    fi
}

apply_purged_packages() {
    local record
    record=$(packages_record "$1")
    if [[ -f $record ]]; then
        package_tool "$1" unneeded "$record" >"$record.unneeded"
        remove_packages "${pythons[$1]}" "$record.unneeded"
        rm "$record" "$record.unneeded"
    fi
}

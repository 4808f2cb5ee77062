# shellcheck shell=bash
# Python packages in Moonraker's environment: added under its pins, or not at all.

readonly requirements=$root/installer/requirements.txt

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

describe_packages() {
    local missing
    "${pythons[$1]}" -m pip --version >/dev/null 2>&1 || fail "${names[$1]}: there is" \
        "no pip in Moonraker's environment. Run: ${pythons[$1]} -m ensurepip"
    missing=$(package_tool "$1" missing "$requirements")
    if [[ -n $missing ]]; then
        echo "packages for ${pythons[$1]}: ${missing//$'\n'/, }"
    fi
}

# Adds what is missing. Everything that is there is a constraint, in the version that
# is there: Moonraker's own packages stay as they are. If pip fails, what it had added
# until then goes again.
apply_packages() {
    local python=${pythons[$1]} work record result=0
    if [[ -z $(describe_packages "$1") ]]; then
        return
    fi
    record=$(packages_record "$1")
    work=$(mktemp -d)
    package_tool "$1" list >"$work/before"
    echo "installing Python packages; the first time on a small board takes minutes"
    trap : INT TERM # pip ends by itself on Ctrl-C, and then it is undone
    "$python" -m pip install --quiet --disable-pip-version-check --no-input \
        --root-user-action ignore --prefer-binary --constraint "$work/before" \
        --requirement "$requirements" >"$work/log" 2>&1 || result=$?
    package_tool "$1" list >"$work/after"
    LC_ALL=C comm -13 <(LC_ALL=C sort "$work/before") <(LC_ALL=C sort "$work/after") |
        sed 's/==.*//' >"$work/added"
    if ((result)); then
        remove_packages "$python" "$work/added"
    else
        cat "$work/added" >>"$record"
        echo "packages added: $(paste -sd ' ' "$work/added")"
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

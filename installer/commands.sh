# shellcheck shell=bash
# install and uninstall: first all that would change, one question, then the change.

# is_chosen NUMBER: whether this instance is worked on.
is_chosen() {
    local i
    for i in "${chosen[@]}"; do
        if ((i == $1)); then
            return 0
        fi
    done
    return 1
}

# plan: all that would change, for people. Instances that share a Moonraker would say
# the same twice.
plan() {
    local i
    for i in "${chosen[@]}"; do
        "plan_$command" "$i"
    done | awk '/^[-+ @]/ || !seen[$0]++'
    for i in "${chosen[@]}"; do
        if needs_restart "$i" 2>/dev/null; then
            echo "restart Moonraker of printer '${names[i]}'"
        fi
    done
}

plan_install() {
    describe_packages "$1"
    describe_links "$1"
    install_config "$1" --show
}

plan_uninstall() {
    local -a options=()
    if $purge; then
        options=(--purge)
    fi
    describe_losses "$1"
    config_tool "$1" uninstall --show "${options[@]}"
    entries_tool "$1" --show || true # told when it is tried: no reason to keep all else
    describe_unlinks "$1"
    if $purge; then
        describe_purged_data "$1"
        describe_purged_packages "$1"
    fi
}

# describe_losses NUMBER: what only this printer has of its queues.
describe_losses() {
    local data="${data_paths[$1]}/netqueue"
    if ! ask_moonraker "$1" losses 2>/dev/null && $purge && [[ -d $data/queues ]]; then
        echo "netqueue does not run: whether other printers have all that is in $data is" \
            "not known. Install it again to see, or keep that folder"
    fi
}

# agree: shows the plan; ends here if there is nothing to do, or nobody says yes.
agree() {
    local changes reason i result=0
    changes=$(plan)
    if [[ -z $changes ]]; then
        echo "nothing to change: ${command}ed already"
        for i in "${chosen[@]}"; do
            if [[ $(ask_moonraker "$i" state) != not-running ]]; then
                report "$i" || result=1
            fi
        done
        exit "$result"
    fi
    printf '%s\n' "$changes"
    reason=$(busy_reason)
    if $dry_run; then
        echo "this was a dry run: nothing was changed.${reason:+ Now, $reason}"
        exit 0
    fi
    [[ -z $reason ]] || fail "nothing was changed: $reason"
    if $assume_yes; then
        return
    fi
    [[ -t 0 ]] || fail "nothing was changed: there is no terminal to ask at. If the" \
        "above is what you want, run this again with --yes"
    ask "Do this?" || fail "nothing was changed"
}

# What can fail comes first, and the one line that makes it count comes last.
command_install() {
    local i result=0
    agree
    for i in "${chosen[@]}"; do
        apply_packages "$i"
    done
    for i in "${chosen[@]}"; do
        apply_links "$i"
        install_config "$i"
    done
    for i in "${chosen[@]}"; do
        restart "$i" || result=1
        addresses "$i"
    done
    cat <<'TEXT'
Printers that name the same queue in netqueue.conf find each other by themselves: on the
next printer, get moonraker_netqueue and run ./install.sh there. A printer of the queue
then asks on its dashboard whether to let it in.
TEXT
    return "$result"
}

command_uninstall() {
    local i result=0 left=0
    agree
    for i in "${chosen[@]}"; do
        config_tool "$i" uninstall
        entries_tool "$i" || left=1
        apply_unlinks "$i"
    done
    for i in "${chosen[@]}"; do
        restart "$i" || result=1
    done
    if $purge; then
        ((result == 0)) || fail "data was not removed, Moonraker may still use it: see" \
            "above, then run this again"
        for i in "${chosen[@]}"; do
            apply_purge "$i"
        done
    else
        echo "kept: netqueue.conf, the queue's data and the Python packages; --purge" \
            "removes them"
    fi
    return "$((result | left))"
}

apply_purge() {
    local i
    config_tool "$1" uninstall --purge
    apply_purged_data "$1"
    for i in "${!names[@]}"; do
        if [[ ${pythons[i]} == "${pythons[$1]}" ]] && config_tool "$i" included; then
            return # another printer's Moonraker needs the packages
        fi
    done
    apply_purged_packages "$1"
}

# shellcheck shell=bash
# Moonraker restarts to load or drop the component: never while something prints.

# ask_moonraker NUMBER COMMAND: what installer/ask_moonraker.py says.
ask_moonraker() {
    "$tool_python" "$root/installer/ask_moonraker.py" "${data_paths[$1]}" \
        "${configs[$1]}" "$2"
}

# busy_reason: why now is a bad time; nothing if it is not. Also a printer that is not
# worked on counts: pip's load on a small board can end its print.
busy_reason() {
    local i state
    for i in "${!names[@]}"; do
        [[ -f ${configs[i]} ]] || continue
        state=$(ask_moonraker "$i" state)
        if [[ $state == busy* ]]; then
            echo "printer '${names[i]}' is ${state#busy }. Run this again when that" \
                "has ended"
        elif [[ $state == unknown* ]] && is_chosen "$i"; then
            echo "whether printer '${names[i]}' prints cannot be told" \
                "(${state#unknown }). Stop its Moonraker while nothing prints, and" \
                "run this again"
        fi
    done | head -n 1
}

# needs_restart NUMBER: whether it runs, with another set of components or no token yet.
needs_restart() {
    if [[ $(ask_moonraker "$1" state) == not-running ]]; then
        return 1
    fi
    if ask_moonraker "$1" loaded; then
        [[ $command == uninstall || -n $token ]]
    else
        [[ $command == install ]]
    fi
}

restart_words() {
    if [[ -n ${units[$1]} ]]; then
        echo "sudo systemctl restart ${units[$1]}"
    else
        echo "stop the Moonraker of ${data_paths[$1]} and start it again"
    fi
}

# restart NUMBER: fails if Moonraker does not come back as it should.
restart() {
    local state
    state=$(ask_moonraker "$1" state)
    case $state in
    not-running)
        echo "${names[$1]}: Moonraker does not run; the change counts from its next" \
            "start"
        return
        ;;
    idle) ;;
    *)
        echo "${names[$1]}: not restarted, it is ${state#busy }. When that has ended:" \
            "$(restart_words "$1")"
        return 1
        ;;
    esac
    echo "${names[$1]}: restarting Moonraker"
    if ! restart_somehow "$1"; then
        echo "${names[$1]}: Moonraker could not be restarted from here. Do it yourself:" \
            "$(restart_words "$1")"
        return 1
    fi
    report "$1"
}

# report NUMBER: how its running Moonraker does; fails if not as it should.
report() {
    if [[ $command == install ]]; then
        ask_moonraker "$1" here
    else
        ask_moonraker "$1" gone
    fi
}

# Moonraker restarts its own service; where it may not, sudo does; and one that no
# service starts begins anew in its process.
restart_somehow() {
    local -a quiet=()
    if ask_moonraker "$1" restart-service 2>/dev/null; then
        return
    fi
    if [[ -n ${units[$1]} ]] && systemctl cat "${units[$1]}" >/dev/null 2>&1; then
        [[ -t 0 ]] || quiet=(-n)
        sudo "${quiet[@]}" systemctl restart "${units[$1]}"
        return
    fi
    ask_moonraker "$1" restart-server 2>/dev/null
}

# addresses NUMBER: where people find this printer.
addresses() {
    local address
    address=$(hostname -I 2>/dev/null | cut -d ' ' -f 1) || true
    address=${address:-localhost}
    if (: </dev/tcp/127.0.0.1/80) 2>/dev/null; then
        echo "${names[$1]}: the dashboard is at http://$address/"
    fi
    echo "${names[$1]}: the queue answers at" \
        "http://$address:$(ask_moonraker "$1" port)/server/netqueue/status"
}

#!/usr/bin/env bats
# A home as KIAUH makes it: two printers that share one Moonraker checkout and its venv.

# shellcheck source=tests/install/helpers.bash
source "$BATS_TEST_DIRNAME/helpers.bash"

setup() {
    make_home
    cheap_venv "$HOME/moonraker-env"
    moonraker_checkout "$HOME/moonraker"
    for k in 1 2; do
        data=$HOME/printer_${k}_data
        ports[k]=$(free_port)
        data_path "$data" "${ports[k]}"
        echo "MOONRAKER_ARGS=\"$HOME/moonraker/moonraker/moonraker.py -d $data\"" \
            >"$data/systemd/moonraker.env"
        unit "moonraker-$k" "$data"
        quiet_queue "$data/config" "queue-$k"
        cp "$data/config/moonraker.conf" "$BATS_TEST_TMPDIR/before-$k.conf"
    done
    # Programs whose units look like Moonraker's.
    printf '[Service]\nExecStart=/x/python -m moonraker_obico.app -c /y\n' \
        >"$NETQUEUE_SYSTEMD_DIR/moonraker-obico.service"
    printf '[Service]\nUser=somebody\nExecStart=/x/python -m moonraker -d /y\n' \
        >"$NETQUEUE_SYSTEMD_DIR/moonraker-other.service"
    link=$HOME/moonraker/moonraker/components/netqueue
}

teardown() {
    end_processes
}

@test "two printers are installed and serve their queues; they go one by one" {
    install_sh --all --yes
    for k in 1 2; do
        start "$HOME/moonraker-env/bin/python" \
            "$HOME/moonraker/moonraker/moonraker.py" -d "$HOME/printer_${k}_data"
    done
    for k in 1 2; do
        has "$(get "${ports[k]}" /server/netqueue/status)" "\"queue-$k\""
        has "$(get "${ports[k]}" /server/info)" '"failed_components":[]' '"warnings":[]'
    done

    install_sh uninstall --instance moonraker-1 --yes
    cmp "$HOME/printer_1_data/config/moonraker.conf" "$BATS_TEST_TMPDIR/before-1.conf"
    [[ -L $link ]]
    run ! get "${ports[1]}" /server/netqueue/status
    has "$(get "${ports[2]}" /server/netqueue/status)" '"queue-2"'

    install_sh uninstall --instance 2 --yes
    cmp "$HOME/printer_2_data/config/moonraker.conf" "$BATS_TEST_TMPDIR/before-2.conf"
    [[ ! -L $link ]]
}

@test "with several printers one has to be named, and the names are told" {
    run ! install_sh --yes
    has "$output" "printer_1 printer_2" "--instance printer_1" "--all"
    [[ $output != *obico* && $output != *other* ]]
    run ! install_sh --yes --instance printer_9
    has "$output" "no instance 'printer_9'" "printer_1 printer_2"
    cmp "$HOME/printer_1_data/config/moonraker.conf" "$BATS_TEST_TMPDIR/before-1.conf"
}

@test "a print on the other printer of the machine counts, too" {
    start "$root/.venv/bin/python" "$BATS_TEST_DIRNAME/fake_moonraker.py" \
        "${ports[2]}" printing
    get "${ports[2]}" /
    snapshot "$HOME" >"$BATS_TEST_TMPDIR/before"
    run ! install_sh --yes --instance printer_1
    has "$output" "printer 'printer_2' is printing benchy.gcode" "nothing was changed"
    snapshot "$HOME" | diff "$BATS_TEST_TMPDIR/before" -
}

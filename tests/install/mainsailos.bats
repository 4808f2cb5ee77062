#!/usr/bin/env bats
# A home as MainsailOS has it: one printer, its unit, Moonraker as a git checkout.

# shellcheck source=tests/install/helpers.bash
source "$BATS_TEST_DIRNAME/helpers.bash"

setup() {
    make_home
    data=$HOME/printer_data
    config=$data/config/moonraker.conf
    port=$(free_port)
    cheap_venv "$HOME/moonraker-env"
    moonraker_checkout "$HOME/moonraker"
    data_path "$data" "$port" "[loaded_modules]
folder: $root/moonraker_netqueue"
    printf '%s\n' "MOONRAKER_DATA_PATH=\"$data\"" 'MOONRAKER_ARGS="-m moonraker"' \
        "PYTHONPATH=\"$HOME/moonraker\"" >"$data/systemd/moonraker.env"
    unit moonraker "$data"
    quiet_queue "$data/config" workshop
}

teardown() {
    end_processes
}

start_moonraker() {
    PYTHONPATH=$HOME/moonraker start "$HOME/moonraker-env/bin/python" -m moonraker \
        -d "$data"
}

@test "a running Moonraker serves the queue, and after uninstall is as before" {
    start_moonraker
    get "$port" /server/info >/dev/null
    cp "$config" "$BATS_TEST_TMPDIR/before.conf"
    chmod 640 "$config"
    mkdir "$data/config/.theme"
    echo '[ {"title":"Shop", "href":"/shop"} ]' >"$data/config/.theme/navi.json"
    cp "$data/config/.theme/navi.json" "$BATS_TEST_TMPDIR/navi.json"

    output=$(install_sh --yes)
    has "$output" "+[include netqueue.conf]" "netqueue runs and serves: workshop"
    has "$(get "$port" /server/netqueue/status)" '"workshop"'
    has "$(get "$port" /server/info)" '"failed_components":[]' '"warnings":[]'
    [[ $(stat -c %a "$config") == 640 ]]
    [[ -z $(git -C "$HOME/moonraker" status --porcelain) ]]

    # No file of ours is loaded twice, as netqueue and under another name.
    get "$port" /server/loaded_modules | "$root/.venv/bin/python" -c '
import json, sys
modules = json.load(sys.stdin)["result"]["modules"]
assert len(modules) > 50, modules
for file, names in modules.items():
    assert len(names) == 1, (file, names)
    assert names[0].startswith("moonraker.components.netqueue"), (file, names)'

    for _ in {1..600}; do # they are made last
        [[ ! -f $data/netqueue/entries.json ]] || break
        sleep 0.1
    done
    has "$(get "$port" /server/webcams/list)" "/server/netqueue/panel?embed=1"
    has "$(cat "$data/config/.theme/navi.json")" "/shop" "/server/netqueue/panel"
    snapshot "$data/config" >"$BATS_TEST_TMPDIR/installed"
    output=$(install_sh)
    has "$output" "nothing to change" "netqueue runs and serves: workshop"
    snapshot "$data/config" | diff "$BATS_TEST_TMPDIR/installed" -

    output=$(install_sh uninstall --dry-run)
    has "$output" "remove the card 'Print queue'" "remove the announcement" "sidebar"
    [[ $output != *lost* ]] # no job is in it yet
    snapshot "$data/config" | diff "$BATS_TEST_TMPDIR/installed" -
    output=$(install_sh uninstall --yes)
    cmp "$config" "$BATS_TEST_TMPDIR/before.conf"
    cmp "$data/config/.theme/navi.json" "$BATS_TEST_TMPDIR/navi.json"
    has "$(get "$port" /server/webcams/list)" '"webcams":[]'
    [[ $(get "$port" /server/announcements/list) != *netqueue* ]]
    [[ ! -L $HOME/moonraker/moonraker/components/netqueue ]]
    [[ -f $data/config/netqueue.conf && -d $data/netqueue ]]
    has "$(get "$port" /server/info)" '"failed_components":[]'
    run -1 get "$port" /server/netqueue/status
    run ! grep -q netqueue "$HOME/moonraker/.git/info/exclude"

    output=$(install_sh uninstall)
    has "$output" "nothing to change"
    mkdir "$data/gcodes/.netqueue-thumbs" # pictures of files that other hosts have
    output=$(install_sh uninstall --purge --yes)
    has "$output" "whether other printers have all that is in"
    [[ ! -e $data/config/netqueue.conf && ! -e $data/netqueue ]]
    [[ -z $(find "$data/gcodes" -name '*netqueue*') ]]
    [[ $(ls "$data/config") == moonraker.conf ]]
}

@test "where Moonraker may not restart itself, sudo restarts that one service" {
    start_moonraker
    get "$port" /server/info >/dev/null
    mkdir "$HOME/bin"
    printf '#!/bin/sh\n[ "$*" = "cat moonraker" ]\n' >"$HOME/bin/systemctl"
    cat >"$HOME/bin/sudo" <<STUB
#!/bin/sh
echo "\$*" >>"$HOME/sudo"
kill $last
while [ -e /proc/$last/exe ]; do sleep 0.05; done
STUB
    chmod +x "$HOME/bin/systemctl" "$HOME/bin/sudo"
    (
        while [[ -e /proc/$last/exe ]]; do sleep 0.05; done
        PYTHONPATH=$HOME/moonraker exec setpriv --pdeathsig KILL \
            "$HOME/moonraker-env/bin/python" -m moonraker -d "$data"
    ) >/dev/null 2>&1 3>&- &
    pids+=($!)
    output=$(PATH=$HOME/bin:$PATH install_sh --yes)
    has "$output" "netqueue runs and serves: workshop"
    [[ $(cat "$HOME/sudo") == "-n systemctl restart moonraker" ]]
}

@test "a dry run shows what would change and changes nothing" {
    rm "$data/config/netqueue.conf"
    snapshot "$HOME" >"$BATS_TEST_TMPDIR/before"
    output=$(install_sh --dry-run)
    has "$output" "link $HOME/moonraker/moonraker/components/netqueue" "+[netqueue]" \
        "+[include netqueue.conf]" "nothing was changed"
    snapshot "$HOME" | diff "$BATS_TEST_TMPDIR/before" -
}

@test "the configuration that is made is one that Moonraker starts with" {
    rm "$data/config/netqueue.conf"
    install_sh --yes
    printf 'bind: 127.0.0.1\ndiscovery: False\n' >>"$data/config/netqueue.conf"
    start_moonraker
    has "$(get "$port" /server/netqueue/status)" '"default"'
    has "$(get "$port" /server/info)" '"failed_components":[]' '"warnings":[]'
}

@test "a change since the install survives the uninstall" {
    install_sh --yes
    printf '[history]\n' >>"$config"
    install_sh uninstall --yes
    run ! grep -F "[include" "$config"
    [[ $(tail -n 1 "$config") == "[history]" ]]
}

@test "a checkout with an origin gets an update section that Moonraker accepts" {
    git clone -q --no-local "file://$root" "$HOME/checkout" 2>/dev/null ||
        skip "this checkout cannot be cloned"
    git -C "$HOME/checkout" rev-parse -q --verify HEAD || skip "nothing is committed"
    cp -r "$root"/{installer,install.sh,moonraker_netqueue} "$HOME/checkout/"
    git -C "$HOME/checkout" checkout -q -B main
    rm "$data/config/netqueue.conf"
    printf '[update_manager]\nenable_system_updates: False\n' >>"$config"
    "$HOME/checkout/install.sh" --yes --as "$user"
    has "$(cat "$data/config/netqueue.conf")" "[update_manager netqueue]" \
        "path: $HOME/checkout" "origin: file://$root" "primary_branch: main"
    sed -i 's/^\[netqueue\]/&\nbind: 127.0.0.1\ndiscovery: False/' \
        "$data/config/netqueue.conf"
    start_moonraker
    has "$(get "$port" /server/info)" '"failed_components":[]' '"warnings":[]'
    has "$(get "$port" /machine/update/status)" '"netqueue":{'
}

@test "a component that cannot work is told, also by a second run" {
    start_moonraker
    get "$port" /server/info >/dev/null
    echo 'quues: x' >>"$data/config/netqueue.conf"
    run ! install_sh --yes
    has "$output" "Moonraker warns: netqueue:" "quues" "error: netqueue does not work"
    run ! install_sh --yes
    has "$output" "nothing to change" "quues" "error: netqueue does not work"
}

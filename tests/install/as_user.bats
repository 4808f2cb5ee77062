#!/usr/bin/env bats
# Root installs for the user that Moonraker runs as: from the first line to the last.

# shellcheck source=tests/install/helpers.bash
source "$BATS_TEST_DIRNAME/helpers.bash"

setup() {
    ((EUID == 0)) || skip "this is not root"
    runuser -u nobody -- test -r "$site_packages/moonraker/server.py" ||
        skip "nobody can read it here"
    local wanted
    wanted=$("$root/.venv/bin/python" -c 'import sys; print(sys.version_info[:2])')
    [[ $(runuser -u nobody -- /usr/bin/python3 -c \
        'import sys; print(sys.version_info[:2])') == "$wanted" ]] ||
        skip "the system's Python is not $wanted"
    make_home
    folder=$(mktemp -d /tmp/netqueue-as-user-XXXXXX) # bats' own folders are closed
    chmod 755 "$folder"
    export MOONRAKER_VENV=$folder/venv MOONRAKER_DIR=$folder/moonraker \
        MOONRAKER_DATA_PATH=$folder/data KLIPPER_DIR=$folder/klipper
    /usr/bin/python3 -m venv --without-pip "$MOONRAKER_VENV"
    echo "$site_packages" >"$(echo "$MOONRAKER_VENV"/lib/python3*/site-packages)/x.pth"
    moonraker_checkout "$MOONRAKER_DIR"
    mkdir -p "$KLIPPER_DIR/klippy/extras"
    port=$(free_port)
    data_path "$MOONRAKER_DATA_PATH" "$port"
    quiet_queue "$MOONRAKER_DATA_PATH/config" workshop
    config=$MOONRAKER_DATA_PATH/config/moonraker.conf
    cp "$config" "$BATS_TEST_TMPDIR/before.conf"
    chown -R nobody "$folder"
}

teardown() {
    end_processes
    [[ -z ${folder:-} ]] || rm -rf "$folder"
}

@test "all that root installs --as a user is that user's, and works" {
    local as_nobody=(setpriv --reuid nobody --clear-groups --pdeathsig KILL)
    output=$("$root/install.sh" --yes --as nobody </dev/null 3>&-)
    has "$output" "+[include netqueue.conf]" "linked $KLIPPER_DIR/klippy/extras"
    [[ -z $(find "$folder" ! -user nobody) ]]
    PYTHONPATH=$MOONRAKER_DIR start "${as_nobody[@]}" "$MOONRAKER_VENV/bin/python" \
        -m moonraker -d "$MOONRAKER_DATA_PATH"
    has "$(get "$port" /server/netqueue/status)" '"workshop"'
    has "$(get "$port" /server/info)" '"failed_components":[]' '"warnings":[]'

    output=$("$root/install.sh" --yes --as nobody </dev/null 3>&-)
    has "$output" "nothing to change" "netqueue runs and serves: workshop"
    "$root/install.sh" uninstall --purge --yes --as nobody </dev/null 3>&-
    run -1 get "$port" /server/netqueue/status
    cmp "$config" "$BATS_TEST_TMPDIR/before.conf"
    [[ -z $(find "$folder" -mindepth 1 -name '*netqueue*') ]]
    [[ -z $(find "$folder" ! -user nobody) ]]
}

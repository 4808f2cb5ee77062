#!/usr/bin/env bats
# Moonraker installed by pip into a bare environment, no unit: all named by variables.
# Here pip really installs.

# shellcheck source=tests/install/helpers.bash
source "$BATS_TEST_DIRNAME/helpers.bash"

setup_file() {
    # One environment for all tests of this file: pip takes its time.
    export venv=$BATS_FILE_TMPDIR/venv
    "$BATS_TEST_DIRNAME/../../.venv/bin/python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --root-user-action ignore moonraker==0.11.0 2>"$BATS_FILE_TMPDIR/pip"
}

setup() {
    make_home
    export MOONRAKER_VENV=$venv MOONRAKER_DATA_PATH=$HOME/anywhere
    port=$(free_port)
    data_path "$MOONRAKER_DATA_PATH" "$port"
    quiet_queue "$MOONRAKER_DATA_PATH/config" workshop
    config=$MOONRAKER_DATA_PATH/config/moonraker.conf
    cp "$config" "$BATS_TEST_TMPDIR/before.conf"
}

teardown() {
    end_processes
}

versions() {
    "$venv/bin/python" "$root/installer/packages.py" list | LC_ALL=C sort
}

@test "if pip fails half-way, what it had added goes again" {
    mkdir -p "$HOME/broken/bin"
    # As pip would after a first package: it is in, and then the disk is full.
    cat >"$HOME/broken/bin/python" <<STUB
#!/bin/bash
if [[ " \$* " == *"/wanted "* ]]; then
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --root-user-action ignore --no-deps pysyncobj==0.3.17
    echo "No space left on device" >&2
    exit 1
fi
exec "$venv/bin/python" "\$@"
STUB
    chmod +x "$HOME/broken/bin/python"
    versions >"$BATS_TEST_TMPDIR/versions"
    snapshot "$MOONRAKER_DATA_PATH" >"$BATS_TEST_TMPDIR/before"
    MOONRAKER_VENV=$HOME/broken run ! install_sh --yes
    has "$output" "No space left on device" "removed again" "run this again"
    versions | diff "$BATS_TEST_TMPDIR/versions" -
    snapshot "$MOONRAKER_DATA_PATH" | diff "$BATS_TEST_TMPDIR/before" -
}

@test "a package whose bytes are not those of the pin is refused, and nothing stays" {
    mkdir "$HOME/checkout"
    cp -r "$root"/{installer,install.sh,moonraker_netqueue} "$HOME/checkout/"
    # Each hash gets another first digit.
    sed -i -E '/^pulp==/,/^pycparser/ s/sha256:./sha256:x/; s/sha256:x/sha256:0/' \
        "$HOME/checkout/installer/pins/packages.txt"
    versions >"$BATS_TEST_TMPDIR/versions"
    run ! "$HOME/checkout/install.sh" --yes --as "$user"
    has "$output" "DO NOT MATCH THE HASHES" "removed again"
    versions | diff "$BATS_TEST_TMPDIR/versions" -
    cmp "$config" "$BATS_TEST_TMPDIR/before.conf"
}

@test "pip adds what is missing and changes nothing of Moonraker's; purge removes it" {
    versions >"$BATS_TEST_TMPDIR/versions"
    run install_sh --yes
    has "$output" "pysyncobj==0.3.17" "packages installed:"
    # Every package of Moonraker's is there in the same version.
    [[ -z $(LC_ALL=C comm -23 "$BATS_TEST_TMPDIR/versions" <(versions)) ]]
    start "$venv/bin/python" -m moonraker -d "$MOONRAKER_DATA_PATH"
    has "$(get "$port" /server/netqueue/status)" '"workshop"'
    has "$(get "$port" /server/info)" '"failed_components":[]' '"warnings":[]'

    run install_sh --yes
    has "$output" "nothing to change"

    # An earlier version had pinned another one, and this one needs a newer.
    end_processes
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --root-user-action ignore pulp==3.3.0
    mkdir "$HOME/checkout"
    cp -r "$root"/{installer,install.sh,moonraker_netqueue} "$HOME/checkout/"
    sed -i 's/^pulp>=.*/pulp>=3.3.1/' "$HOME/checkout/installer/requirements.txt"
    run "$HOME/checkout/install.sh" --yes --as "$user"
    has "$output" "packages installed: pulp==" "link"
    [[ $output != *cryptography* ]]
    [[ -z $(LC_ALL=C comm -23 "$BATS_TEST_TMPDIR/versions" <(versions)) ]]

    run install_sh uninstall --purge --yes
    cmp "$config" "$BATS_TEST_TMPDIR/before.conf"
    [[ $(ls "${config%/*}") == moonraker.conf ]]
    versions | diff "$BATS_TEST_TMPDIR/versions" -
    [[ ! -e $venv/netqueue-packages && ! -e $MOONRAKER_DATA_PATH/netqueue ]]
}

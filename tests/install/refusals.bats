#!/usr/bin/env bats
# What the installer refuses, and that then nothing is changed.

# shellcheck source=tests/install/helpers.bash
source "$BATS_TEST_DIRNAME/helpers.bash"

setup() {
    make_home
    port=$(free_port)
    data_path "$HOME/printer_data" "$port"
    export MOONRAKER_VENV=$HOME/venv MOONRAKER_DIR=$HOME/moonraker
    mkdir -p "$MOONRAKER_DIR/moonraker/components"
    touch "$MOONRAKER_DIR/moonraker/server.py"
    cheap_venv "$HOME/venv"
    snapshot "$HOME" >"$BATS_TEST_TMPDIR/before"
}

teardown() {
    end_processes
}

# refused PART... -- ARGUMENTS...: it fails, says all parts, and changes nothing.
refused() {
    local -a parts=()
    while [[ $1 != -- ]]; do
        parts+=("$1")
        shift
    done
    shift
    run ! "$@"
    has "$output" error: "${parts[@]}"
    snapshot "$HOME" | diff "$BATS_TEST_TMPDIR/before" -
}

# The Python that the environment of the tests was made with.
real_python() {
    "$root/.venv/bin/python" -c 'import sys; print(sys._base_executable)'
}

busy() {
    start "$root/.venv/bin/python" "$BATS_TEST_DIRNAME/fake_moonraker.py" "$port" "$1"
    get "$port" /
}

@test "while it prints" {
    busy printing
    refused "is printing benchy.gcode" "nothing was changed" "when that has ended" \
        -- install_sh --yes
    run install_sh --dry-run
    has "$output" "Now, printer 'printer' is printing benchy.gcode"
}

@test "while a print is paused" {
    busy paused
    refused "is paused benchy.gcode" "nothing was changed" -- install_sh --yes
}

@test "uninstalling while it prints" {
    install_sh --yes
    snapshot "$HOME" >"$BATS_TEST_TMPDIR/before"
    busy printing
    refused "is printing benchy.gcode" "nothing was changed" -- \
        install_sh uninstall --yes
}

@test "when Moonraker does not tell whether it prints" {
    busy locked
    refused "cannot be told" "Unauthorized" "Stop its Moonraker" -- install_sh --yes
}

@test "without a terminal to ask at" {
    refused "no terminal" "--yes" -- install_sh
}

@test "when the person says no" {
    command -v script >/dev/null || skip "needs the program script"
    run ! script -qec "$root/install.sh --as $user" /dev/null <<<n
    has "$output" "Do this? [y/N]" "nothing was changed"
    snapshot "$HOME" | diff "$BATS_TEST_TMPDIR/before" -
}

@test "options and commands that there are not" {
    refused "'--frce'" "--help" -- install_sh --frce
    refused "'instal'" "uninstall" -- install_sh instal
    refused "--instance" "name" -- install_sh --instance ''
    refused "--purge" "uninstall" -- install_sh --purge
    refused "--all and --instance" -- install_sh --all --instance x
}

@test "to be root unless a user is named" {
    ((EUID == 0)) || skip "this is not root"
    refused "root" "--as USER" -- "$root/install.sh" --yes
    refused "nobody-of-that-name" "no such user" -- \
        "$root/install.sh" --as nobody-of-that-name
}

@test "root works as the named user, in that user's home" {
    ((EUID == 0)) || skip "this is not root"
    runuser -u nobody -- test -r "$root/install.sh" || skip "nobody can read it here"
    refused "no Moonraker of user nobody" "/nonexistent/printer_data" -- \
        "$root/install.sh" --yes --as nobody
}

@test "to be another user unless this is root" {
    ((EUID != 0)) || skip "this is root"
    refused "only root" -- "$root/install.sh" --as root
}

@test "to run what lies in the folder that it is run from" {
    cd "$BATS_TEST_TMPDIR"
    mkdir pip
    echo 'open("stranger", "w")' | tee pip/__init__.py >importlib.py
    output=$(MOONRAKER_VENV=home/venv install_sh --dry-run)
    has "$output" "+[include netqueue.conf]"
    [[ ! -e stranger ]]
}

@test "where there is no Moonraker" {
    rm -r "$HOME/printer_data"
    snapshot "$HOME" >"$BATS_TEST_TMPDIR/before"
    refused "no Moonraker" "MOONRAKER_DATA_PATH" -- install_sh --yes
}

@test "a Moonraker without Python, with the system's, an old one, or without code" {
    MOONRAKER_VENV=/nowhere refused "/nowhere/bin/python" "MOONRAKER_VENV" -- \
        install_sh --yes
    MOONRAKER_DIR=/nowhere refused "/nowhere/moonraker" "MOONRAKER_DIR" -- \
        install_sh --yes
    MOONRAKER_VENV=$BATS_TEST_TMPDIR/no-venv
    mkdir -p "$MOONRAKER_VENV/bin"
    printf '#!/bin/sh\nexec %q "$@"\n' "$(real_python)" >"$MOONRAKER_VENV/bin/python"
    chmod +x "$MOONRAKER_VENV/bin/python"
    refused "virtual environment" "MOONRAKER_VENV" -- install_sh --yes
    mkdir -p "$BATS_TEST_TMPDIR/old/bin"
    cat >"$BATS_TEST_TMPDIR/old/bin/python" <<STUB
#!/bin/sh
[ "\$1" != --version ] || echo Python 3.7
[ "\$2" = "" ] # it runs, and fails the check of its version
STUB
    chmod +x "$BATS_TEST_TMPDIR/old/bin/python"
    MOONRAKER_VENV=$BATS_TEST_TMPDIR/old refused "Python 3.7" "3.10" -- \
        install_sh --yes
}

@test "to overwrite what it has not made" {
    mkdir "$MOONRAKER_DIR/moonraker/components/netqueue"
    snapshot "$HOME" >"$BATS_TEST_TMPDIR/before"
    refused "components/netqueue" "move it away" -- install_sh --yes
}

@test "it does not restart what has begun to print meanwhile, and says so" {
    start "$root/.venv/bin/python" "$BATS_TEST_DIRNAME/fake_moonraker.py" "$port" \
        printing "$HOME/printer_data/config/netqueue.conf"
    get "$port" /
    run ! install_sh --yes
    has "$output" "not restarted, it is printing benchy.gcode" "When that has ended"
    has "$(cat "$HOME/printer_data/config/moonraker.conf")" "[include netqueue.conf]"
}

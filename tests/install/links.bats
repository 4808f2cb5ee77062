#!/usr/bin/env bats
# The links into the checkouts of Moonraker and Klipper, from a small copy of ours.

# shellcheck source=tests/install/helpers.bash
source "$BATS_TEST_DIRNAME/helpers.bash"

setup() {
    make_home
    export MOONRAKER_VENV=$HOME/venv
    data_path "$HOME/printer_data" "$(free_port)"
    mkdir -p "$HOME"/ours/{moonraker_netqueue/api,klippy_extras} \
        "$HOME"/{moonraker/moonraker/components,klipper/klippy/extras}
    cheap_venv "$HOME/venv"
    cp -r "$root/install.sh" "$root/installer" "$HOME/ours/"
    (cd "$root/moonraker_netqueue" && # what the installer reads of it
        cp --parents {,api/,border/}__init__.py border/sidebar.py api/routes.py \
            "$HOME/ours/moonraker_netqueue/")
    touch "$HOME/ours/klippy_extras/netqueue.py" "$HOME/moonraker/moonraker/server.py"
    git -C "$HOME/klipper" init -q
    git -C "$HOME/moonraker" init -q
    exclude=$HOME/klipper/.git/info/exclude
    module=$HOME/klipper/klippy/extras/netqueue.py
    component=$HOME/moonraker/moonraker/components/netqueue
    root=$HOME/ours
    export MOONRAKER_DIR=$HOME/moonraker
}

@test "both are linked, the checkouts stay clean, and uninstall undoes it" {
    cp "$exclude" "$BATS_TEST_TMPDIR/exclude"
    install_sh --yes
    [[ $(readlink "$module") == "$HOME/ours/klippy_extras/netqueue.py" ]]
    [[ $(readlink "$component") == "$HOME/ours/moonraker_netqueue" ]]
    [[ -z $(git -C "$HOME/klipper" status --porcelain) ]]
    run git -C "$HOME/moonraker" status --porcelain --untracked-files=all
    [[ $output != *netqueue* ]]
    install_sh uninstall --yes
    [[ ! -L $module && ! -L $component ]]
    cmp "$exclude" "$BATS_TEST_TMPDIR/exclude"
}

@test "a link to a checkout that was moved is mended" {
    ln -s /gone/moonraker_netqueue "$component"
    install_sh --yes
    [[ $(readlink "$component") == "$HOME/ours/moonraker_netqueue" ]]
}

@test "an exclude file whose last line is not ended keeps that line" {
    printf '*.log' >"$exclude"
    install_sh --yes
    [[ $(cat "$exclude") == $'*.log\n/klippy/extras/netqueue.py' ]]
}

@test "a home without Klipper gets the component only" {
    rm -r "$HOME/klipper"
    install_sh --yes
    [[ -L $component && ! -e $HOME/klipper ]]
}

@test "uninstalling leaves all as it is while Klipper's configuration needs the module" {
    local config=$HOME/printer_data/config
    install_sh --yes
    mkdir "$config/extra"
    printf '[printer]\n[include extra/*.cfg]\n[include gone.cfg]\n' >"$config/printer.cfg"
    printf '[include ../printer.cfg]\n[netqueue]\n' >"$config/extra/queue.cfg"
    snapshot "$HOME" >"$BATS_TEST_TMPDIR/before"
    run ! install_sh uninstall --yes
    has "$output" "extra/queue.cfg has a section [netqueue]" "run this again"
    snapshot "$HOME" | diff "$BATS_TEST_TMPDIR/before" -

    printf '[include extra/*.cfg]\n#[netqueue]\n' >"$config/printer.cfg"
    rm "$config/extra/queue.cfg"
    # What Mainsail keeps of earlier days is no part of it.
    echo '[netqueue]' >"$config/printer-20260101_120000.cfg"
    install_sh uninstall --yes
    [[ ! -L $module && ! -L $component ]]
}

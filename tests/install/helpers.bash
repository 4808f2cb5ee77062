# shellcheck shell=bash
# Throwaway homes with a Moonraker as people have it; the processes of a test end with it.

bats_require_minimum_version 1.5.0

root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
site_packages=$(echo "$root"/.venv/lib/python3*/site-packages)
user=$(id -un)
pids=()

# A home of its own and no unit but its own: nothing of this machine is found.
make_home() {
    export HOME=$BATS_TEST_TMPDIR/home NETQUEUE_SYSTEMD_DIR=$BATS_TEST_TMPDIR/units
    unset MOONRAKER_DIR MOONRAKER_VENV MOONRAKER_DATA_PATH KLIPPER_DIR PYTHONPATH
    mkdir -p "$HOME" "$NETQUEUE_SYSTEMD_DIR"
}

# Also where the tests run as root, the installer runs as the user of the home.
install_sh() {
    "$root/install.sh" "$@" --as "$user" </dev/null 3>&-
}

free_port() {
    "$root/.venv/bin/python" -c 'import socket
probe = socket.socket()
probe.bind(("127.0.0.1", 0))
print(probe.getsockname()[1])'
}

# cheap_venv FOLDER: an environment that shares the packages of the tests' own.
cheap_venv() {
    "$root/.venv/bin/python" -m venv --without-pip "$1"
    echo "$site_packages" >"$(echo "$1"/lib/python3*/site-packages)/shared.pth"
}

# moonraker_checkout FOLDER: Moonraker as git clones it, and the tests' own component
# that tells which modules are loaded.
moonraker_checkout() {
    mkdir -p "$1"
    cp -r "$site_packages/moonraker" "$1/moonraker"
    rm -f "$1/moonraker/components/netqueue"
    mv "$1/moonraker/scripts" "$1/scripts"
    cp "$BATS_TEST_DIRNAME/loaded_modules.py" "$1/moonraker/components/"
    printf '%s\n' 'import pathlib, sys' \
        'sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))' \
        'from moonraker.server import main' 'main(False)' >"$1/moonraker/moonraker.py"
    git -C "$1" init -q
    echo '__pycache__/' >"$1/.gitignore"
    git -C "$1" add -A
    git -C "$1" -c user.name=test -c user.email=test@localhost commit -qm test
}

# data_path FOLDER PORT [TEXT]: what Moonraker needs to start, and more configuration.
data_path() {
    mkdir -p "$1"/{config,logs,gcodes,comms,misc,systemd,tmp}
    touch "$1/misc/usb.ids" # else Moonraker downloads it
    cat >"$1/config/moonraker.conf" <<CONF
[server]
host: 127.0.0.1
port: $2
klippy_uds_address: $1/comms/klippy.sock

[machine]
provider: none
validate_service: False
validate_config: False

[authorization]
force_logins: False
trusted_clients:
    127.0.0.1

[announcements]
enable_moonlight: False
${3:-}
CONF
}

# unit NAME DATA_PATH: what systemd has for it, in the way of MainsailOS and KIAUH.
unit() {
    cat >"$NETQUEUE_SYSTEMD_DIR/$1.service" <<UNIT
[Unit]
Description=API Server for Klipper SV1

[Service]
Type=simple
User=$user
WorkingDirectory=$HOME/moonraker
EnvironmentFile=$2/systemd/moonraker.env
ExecStart=$HOME/moonraker-env/bin/python \$MOONRAKER_ARGS
Restart=always
UNIT
}

# quiet_queue CONFIG_FOLDER QUEUE: the section on loopback only, as no test may leave it.
quiet_queue() {
    printf '%s\n' '[netqueue]' "queues: $2" 'bind: 127.0.0.1' 'discovery: False' \
        >"$1/netqueue.conf"
}

# start PYTHON ARGUMENTS...: a Moonraker in the background; its id is in $last.
start() {
    TMPDIR=$HOME setpriv --pdeathsig KILL "$@" >>"$BATS_TEST_TMPDIR/output" 2>&1 \
        3>&- 4>&- </dev/null &
    last=$!
    pids+=("$last")
}

# get PORT PATH: the answer to a request, repeated for a minute until there is one.
get() {
    "$root/.venv/bin/python" "$BATS_TEST_DIRNAME/get.py" "http://127.0.0.1:$1$2"
}

end_processes() {
    local pid
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in "${pids[@]}"; do
        # As systemd does: a Moonraker may hang that is ended while its update manager
        # starts.
        for _ in {1..150}; do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    pids=()
}

# has TEXT PART...: whether the text has all the parts; tells the one it lacks.
has() {
    local text=$1 part
    shift
    for part; do
        if [[ $text != *"$part"* ]]; then
            printf 'not found: %s\nin: %s\n' "$part" "$text"
            return 1
        fi
    done
}

# snapshot FOLDER: names, kinds, links and contents of all that is in it.
snapshot() {
    (cd "$1" && find . -name __pycache__ -prune -o -printf '%p %y %m %l\n' | sort &&
        find . -name __pycache__ -prune -o -type f -print0 | sort -z | xargs -0 sha256sum)
}

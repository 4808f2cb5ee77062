# shellcheck shell=bash
# What people read: errors name the thing, the reason and the remedy.

fail() {
    echo "error: $*" >&2
    exit 1
}

usage() {
    cat <<'TEXT'
usage: ./install.sh [install] [OPTIONS]     set up this printer's Moonraker
       ./install.sh uninstall [OPTIONS]     give back the configuration as it was
       ./install.sh demo [--printers N] [--dir DIR] [--base-port P] [--check]

  --instance NAME  the Moonraker to work on, where there are several; may be repeated
  --all            all Moonrakers of this user
  --dry-run        show what would change, and change nothing
  --yes            do not ask
  --as USER        (as root) work as USER, whom Moonraker runs as
  --token TOKEN    let this printer into its queue without a question, by a token from
                   'netqueue token' on one that is in
  --purge          (uninstall) also remove netqueue.conf, its backups, the queue's data
                   and the Python packages that were added

Variables, where something is not in its usual place: MOONRAKER_DATA_PATH,
MOONRAKER_VENV, MOONRAKER_DIR, KLIPPER_DIR. docs/install.md tells more.

demo starts N virtual printers (3), each a real Moonraker and a real Klipper host, that
share a print queue; Ctrl-C stops them. --check prints sample jobs on them and then
stops.
TEXT
}

# ask QUESTION: whether a person says yes.
ask() {
    local answer
    read -r -p "$1 [y/N] " answer || return 1
    [[ $answer == [yY] || $answer == [yY][eE][sS] ]]
}

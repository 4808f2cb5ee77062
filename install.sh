#!/usr/bin/env bash
# Sets up moonraker_netqueue: on a printer, or as a demo on virtual printers.
set -euo pipefail
shopt -s inherit_errexit

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=installer/messages.sh
source "$root/installer/messages.sh"

# shellcheck source-path=SCRIPTDIR
printer_command() {
    source "$root/installer/options.sh"
    source "$root/installer/instances.sh"
    source "$root/installer/packages.sh"
    source "$root/installer/links.sh"
    source "$root/installer/config.sh"
    source "$root/installer/restart.sh"
    source "$root/installer/commands.sh"
    parse_options "$@"
    become_user "$@"
    enter_checkout
    find_instances
    choose_instances
    check_instances
    tool_python=${pythons[${chosen[0]}]} # good for all that is asked
    "command_$command"
}

# shellcheck source-path=SCRIPTDIR
main() {
    case ${1:-} in
    demo)
        shift
        source "$root/installer/environment.sh"
        prepare demo
        exec "$environment/bin/python" -m moonraker_netqueue.virtual_printer demo "$@"
        ;;
    prepare) # what tests/run needs; extra "test" holds all of "demo"
        source "$root/installer/environment.sh"
        prepare test
        ;;
    -h | --help)
        usage
        ;;
    *)
        printer_command "$@"
        ;;
    esac
}

main "$@"

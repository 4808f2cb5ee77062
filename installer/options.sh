# shellcheck shell=bash
# The command line of install and uninstall, and the user that it works as.

command=install
instance_names=()
all_instances=false
dry_run=false
assume_yes=false
purge=false
as_user=
token=

parse_options() {
    case ${1:-} in
    install | uninstall)
        command=$1
        shift
        ;;
    esac
    while (($#)); do
        case $1 in
        --instance | --as | --token)
            [[ -n ${2:-} ]] || fail "$1 needs a name after it: see ./install.sh --help"
            if [[ $1 == --as ]]; then
                as_user=$2
            elif [[ $1 == --token ]]; then
                token=$2
            else
                instance_names+=("$2")
            fi
            shift
            ;;
        --all) all_instances=true ;;
        --dry-run) dry_run=true ;;
        --yes) assume_yes=true ;;
        --purge) purge=true ;;
        -*) fail "option '$1' is not known: see ./install.sh --help" ;;
        *) fail "'$1' is no command: it is install, uninstall or demo" ;;
        esac
        shift
    done
    if $purge && [[ $command != uninstall ]]; then
        fail "--purge removes things: it goes with uninstall only"
    fi
    if [[ -n $token && $command != install ]]; then
        fail "--token lets a printer into a queue: it goes with install only"
    fi
    if [[ -n $token && ! $token =~ ^nq-[a-z2-7]{52}$ ]]; then
        fail "--token: that is no token. Copy all of it, from nq- on, as" \
            "'netqueue token' on a printer of the queue shows it"
    fi
    if $all_instances && ((${#instance_names[@]})); then
        fail "--all and --instance exclude each other: leave one out"
    fi
}

# Moonraker's files belong to its user: made as root, they would lock it out.
become_user() {
    local home
    if ((EUID == 0)) && [[ -z $as_user ]]; then
        fail "this is root. Run it as the user that Moonraker runs as, or name that" \
            "user: ./install.sh $command --as USER"
    fi
    if [[ -z $as_user || $as_user == "$(id -un)" ]]; then
        return
    fi
    ((EUID == 0)) || fail "only root can work --as $as_user: log in as $as_user instead"
    home=$(getent passwd "$as_user" | cut -d: -f6) || true
    [[ -n $home ]] || fail "--as $as_user: this machine has no such user"
    runuser -u "$as_user" -- test -r "$root/installer/options.sh" ||
        fail "$as_user cannot read $root: put this checkout into $home"
    exec runuser -u "$as_user" -- env HOME="$home" "$root/install.sh" "$@"
}

# Python looks for its modules first where it is run: in a folder that others can write
# to, /tmp above all, they could put theirs. What is named from here is still meant.
enter_checkout() {
    local name
    for name in MOONRAKER_DATA_PATH MOONRAKER_VENV MOONRAKER_DIR KLIPPER_DIR; do
        if [[ -n ${!name:-} ]]; then
            printf -v "$name" %s "$(realpath -ms "${!name}")"
        fi
    done
    cd "$root" || exit
}

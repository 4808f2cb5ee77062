# shellcheck shell=bash
# Finds the Moonrakers of this user: systemd units first, then data folders that no
# unit names. What is known of number i is in the arrays below.

names=()      # what people call it: printer, printer_1, ...
units=()      # its systemd unit, or nothing
data_paths=() # Moonraker's data path
configs=()    # moonraker.conf
pythons=()    # the Python it runs with
sources=()    # the folder of its package `moonraker`
chosen=()     # the numbers of those to work on
foreign_units=()

# value FILE KEY: the last value of KEY in a unit or environment file.
value() {
    sed -n "s/^[[:space:]]*$2=//p" "$1" | tail -n 1 |
        sed -e 's/[[:space:]]*$//' -e 's/^"\(.*\)"$/\1/' -e "s/^'\(.*\)'\$/\1/" \
            -e "s|%h|$HOME|g"
}

# option COMMAND SHORT LONG: what follows an option in Moonraker's command line.
option() {
    local -a words
    local k
    read -r -a words <<<"$1"
    for k in "${!words[@]}"; do
        case ${words[k]} in
        "$2" | "$3") printf '%s' "${words[k + 1]:-}" ;;
        "$3="*) printf '%s' "${words[k]#*=}" ;;
        esac
    done
}

find_instances() {
    local file
    for file in "${NETQUEUE_SYSTEMD_DIR:-/etc/systemd/system}"/moonraker*.service; do
        if [[ -f $file ]]; then
            add_unit "$file"
        fi
    done
    for file in "$HOME"/printer_data "$HOME"/printer_*_data; do
        if [[ -f $file/config/moonraker.conf ]] && ! is_known "$file"; then
            add_data_path "$file"
        fi
    done
    if [[ -n ${MOONRAKER_DATA_PATH:-} ]] && ! is_known "$MOONRAKER_DATA_PATH"; then
        add_data_path "$MOONRAKER_DATA_PATH"
    fi
}

# is_known DATA_PATH: whether an instance has it already.
is_known() {
    local path
    for path in "${data_paths[@]}"; do
        if [[ $(realpath -m "$path") == "$(realpath -m "$1")" ]]; then
            return 0
        fi
    done
    return 1
}

# add_unit FILE: an instance, if the unit starts a Moonraker of this user. Units of
# other programs have like names: moonraker-obico, moonraker-telegram-bot.
add_unit() {
    local unit start environment='' user
    unit=$(basename "$1" .service)
    start=$(value "$1" ExecStart)
    user=$(value "$1" User)
    environment=$(value "$1" EnvironmentFile)
    environment=${environment#-}
    if [[ -f $environment ]]; then
        local arguments
        arguments=$(value "$environment" MOONRAKER_ARGS)
        start=${start//\$MOONRAKER_ARGS/$arguments}
        start=${start//\$\{MOONRAKER_ARGS\}/$arguments}
    else
        environment=/dev/null
    fi
    [[ "$start " =~ (/moonraker\.py|\ -m\ moonraker|/bin/moonraker)\  ]] || return 0
    if [[ -n $user && $user != "$(id -un)" ]]; then
        foreign_units+=("$unit (user $user)")
        return
    fi
    add_instance "$unit" "$start" "$environment" "$(value "$1" WorkingDirectory)"
}

# add_data_path PATH: an instance that no unit starts.
add_data_path() {
    local environment=$1/systemd/moonraker.env
    local venv=${MOONRAKER_VENV:-$HOME/moonraker-env}
    [[ -f $environment ]] || environment=/dev/null
    add_instance '' "$venv/bin/python $(value "$environment" MOONRAKER_ARGS) -d $1" \
        "$environment" "$HOME/moonraker"
}

# add_instance UNIT COMMAND ENVIRONMENT_FILE WORKING_DIRECTORY
add_instance() {
    local data config program name
    data=$(option "$2" -d --datapath)
    data=${data:-$(value "$3" MOONRAKER_DATA_PATH)}
    data=${data:-$HOME/printer_data}
    config=$(option "$2" -c --configfile)
    config=${config:-$(value "$3" MOONRAKER_CONFIG_PATH)}
    program=${2%% *}
    if [[ -n ${MOONRAKER_VENV:-} ]]; then
        program=$MOONRAKER_VENV/bin/python
    elif [[ $program == */bin/moonraker ]]; then
        program=${program%/*}/python
    fi
    name=$(basename "$data")
    names+=("${name%_data}")
    units+=("$1")
    data_paths+=("$data")
    configs+=("${config:-$data/config/moonraker.conf}")
    pythons+=("$program")
    sources+=("$(find_source "$program" "$2" "$3" "$4")")
}

# find_source PYTHON COMMAND ENVIRONMENT_FILE WORKING_DIRECTORY: the folder of the
# package `moonraker` that this command runs; nothing if there is none.
find_source() {
    local script folder=$4
    if [[ -n ${MOONRAKER_DIR:-} ]]; then
        echo "$MOONRAKER_DIR/moonraker"
        return
    fi
    script=$(grep -oE '[^ ]+/moonraker\.py' <<<"$2") || true
    if [[ -n $script ]]; then
        dirname "$script"
        return
    fi
    [[ -d $folder ]] || folder=/
    (
        cd "$folder"
        PYTHONPATH=$(value "$3" PYTHONPATH) "$1" -c 'import importlib.util as u
found = u.find_spec("moonraker")
print(*(found and found.submodule_search_locations or [])[:1])' 2>/dev/null
    ) || true
}

# number_of NAME: the instance that a person means by it.
number_of() {
    local i folder
    for i in "${!names[@]}"; do
        folder=$(basename "${data_paths[i]}")
        case $1 in
        "${names[i]}" | "$folder" | "${folder#printer_}" | "${names[i]#printer_}" | \
            "${units[i]:-?}" | "${units[i]:-?}.service" | "${data_paths[i]}")
            echo "$i"
            return
            ;;
        esac
    done
}

choose_instances() {
    local name i
    ((${#names[@]})) || fail "no Moonraker of user $(id -un) was found: there is no" \
        "unit moonraker*.service and no $HOME/printer_data/config/moonraker.conf." \
        "${foreign_units[*]:+Others have one: ${foreign_units[*]}.}" \
        "If it is elsewhere, name its data path in the variable MOONRAKER_DATA_PATH"
    if [[ -n ${MOONRAKER_DATA_PATH:-} ]] && ((${#instance_names[@]} == 0)); then
        for i in "${!names[@]}"; do
            if [[ ${data_paths[i]} -ef $MOONRAKER_DATA_PATH ]]; then
                chosen+=("$i")
            fi
        done
        ((${#chosen[@]})) ||
            fail "MOONRAKER_DATA_PATH: there is no folder $MOONRAKER_DATA_PATH"
        return
    fi
    for name in "${instance_names[@]}"; do
        i=$(number_of "$name")
        [[ -n $i ]] || fail "there is no instance '$name'; there are: ${names[*]}"
        chosen+=("$i")
    done
    if $all_instances || ((${#names[@]} == 1)); then
        chosen=("${!names[@]}")
    fi
    ((${#chosen[@]})) || fail "there are several Moonrakers: ${names[*]}. Name one with" \
        "--instance ${names[0]}, or take --all"
}

check_instances() {
    local i
    for i in "${chosen[@]}"; do
        check_instance "$i"
    done
}

check_instance() {
    local python=${pythons[$1]} source=${sources[$1]} config=${configs[$1]}
    [[ -f $config ]] || fail "${names[$1]}: there is no $config. Start Moonraker once," \
        "or name its data path in the variable MOONRAKER_DATA_PATH"
    [[ -w $config && -w ${config%/*} ]] || fail "${names[$1]}: $(id -un) may not write" \
        "$config: log in as the user that Moonraker runs as"
    "$python" -c '' 2>/dev/null || fail "${names[$1]}: Moonraker's Python $python does" \
        "not run. Name its environment in the variable MOONRAKER_VENV"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        fail "${names[$1]}: $python is $("$python" --version), netqueue needs 3.10 or" \
            "later. Update the system and Moonraker's environment first"
    # Packages are added to it: that is nothing to do to the system's own Python.
    "$python" -c 'import sys; sys.exit(sys.prefix == sys.base_prefix)' ||
        fail "${names[$1]}: $python is of no virtual environment. Name Moonraker's own" \
            "in the variable MOONRAKER_VENV"
    [[ -f $source/server.py && -d $source/components ]] ||
        fail "${names[$1]}: Moonraker's code was not found ('$source'). Name its" \
            "folder in the variable MOONRAKER_DIR"
}

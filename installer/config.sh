# shellcheck shell=bash
# Moonraker's configuration and the queue's data. The edits are in config_file.py.

# config_tool NUMBER COMMAND [OPTIONS]
config_tool() {
    local i=$1 action=$2
    shift 2
    "$tool_python" "$root/installer/config_file.py" "$action" "${configs[i]}" "$@"
}

# install_config NUMBER [--show]
install_config() {
    local i=$1 origin='' branch=''
    shift
    # Where updates come from, if this is a checkout that has them.
    if [[ -e $root/.git ]] && origin=$(git -C "$root" remote get-url origin \
        2>/dev/null); then
        branch=$(git -C "$root" symbolic-ref --short HEAD 2>/dev/null) || origin=
    fi
    "${pythons[i]}" "$root/installer/config_file.py" install "${configs[i]}" \
        --checkout "$root" --origin "$origin" --branch "$branch" --token "$token" "$@"
}

# entries_tool NUMBER [--show]: the ways to the page that the dashboards have.
entries_tool() {
    local i=$1
    shift
    "${pythons[i]}" "$root/installer/dashboard_entries.py" "${data_paths[i]}" "$@"
}

# data_folders NUMBER: what the queue has on this printer's disk.
data_folders() {
    local folder
    for folder in netqueue gcodes/{.netqueue,.netqueue-thumbs,netqueue}; do
        if [[ -d ${data_paths[$1]}/$folder ]]; then
            echo "${data_paths[$1]}/$folder"
        fi
    done
}

describe_purged_data() {
    local folder hot=${data_paths[$1]}/gcodes/netqueue-in
    while read -r folder; do
        echo "remove $folder with all that is in it"
    done < <(data_folders "$1")
    if [[ -d $hot ]]; then
        echo "remove $hot, but no file in it"
    fi
}

apply_purged_data() {
    local folder hot=${data_paths[$1]}/gcodes/netqueue-in
    while read -r folder; do
        rm -r "$folder"
        echo "removed $folder"
    done < <(data_folders "$1")
    # The files in the hot folders are people's, and no longer looked at.
    if [[ -d $hot ]]; then
        find "$hot" -depth -type d -empty -delete
        [[ ! -d $hot ]] || echo "kept: files of yours in $hot"
    fi
}

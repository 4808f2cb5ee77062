# shellcheck shell=bash
# The links by which Moonraker and Klipper find our code, each with a line in
# .git/info/exclude: else the update manager calls those checkouts dirty.

# links_of NUMBER: lines "LINK TARGET", tab between.
links_of() {
    local extras=${KLIPPER_DIR:-$HOME/klipper}/klippy/extras
    printf '%s\t%s\n' "${sources[$1]}/components/netqueue" "$root/moonraker_netqueue"
    if [[ -d $extras && -f $root/klippy_extras/netqueue.py ]]; then
        printf '%s\t%s\n' "$extras/netqueue.py" "$root/klippy_extras/netqueue.py"
    fi
}

# describe_links NUMBER: what would be linked, or is in the way.
describe_links() {
    local link target
    while IFS=$'\t' read -r link target; do
        if [[ -e $link && ! -L $link ]]; then
            fail "$link is there and is no link of ours: move it away first"
        fi
        if [[ $(readlink "$link") != "$target" ]]; then
            echo "link $link -> $target"
        fi
    done < <(links_of "$1")
}

apply_links() {
    local link target
    while IFS=$'\t' read -r link target; do
        if [[ $(readlink "$link") != "$target" ]]; then
            ln -s "$target" "$link.$$"
            mv -T "$link.$$" "$link"
            echo "linked $link"
        fi
        hide_from_git "$link"
    done < <(links_of "$1")
}

describe_unlinks() {
    local link
    while read -r link; do
        if [[ $link == */klippy/extras/* ]]; then
            refuse_to_break_klipper "$link"
        fi
        echo "remove link $link"
    done < <(unneeded_links "$1")
}

# refuse_to_break_klipper LINK: Klipper starts with no section that has no module.
refuse_to_break_klipper() {
    local i file
    for i in "${!names[@]}"; do
        file=$(config_tool "$i" klipper)
        if [[ -n $file ]] && links_of "$i" | grep -qF "$1"$'\t'; then
            fail "nothing was changed: $file has a section [netqueue], and without our" \
                "module Klipper would not start. Remove that section, and macros that" \
                "use NETQUEUE_... commands, then run this again"
        fi
    done
}

apply_unlinks() {
    local link
    while read -r link; do
        rm "$link"
        unhide_from_git "$link"
        echo "removed $link"
    done < <(unneeded_links "$1")
}

# unneeded_links NUMBER: its links that are there, if no instance that keeps netqueue
# needs them. Several instances share one Moonraker under KIAUH, and always one Klipper.
unneeded_links() {
    local link target i
    while IFS=$'\t' read -r link target; do
        if [[ $(readlink "$link") != "$target" ]]; then
            continue
        fi
        for i in "${!names[@]}"; do
            if ! is_chosen "$i" && config_tool "$i" included &&
                links_of "$i" | grep -qF "$link"$'\t'; then
                continue 2
            fi
        done
        echo "$link"
    done < <(links_of "$1")
}

# exclude_file LINK: two lines, the exclude file of the checkout that LINK is in, and
# how LINK is called there. Nothing if it is in none.
exclude_file() {
    local folder name top
    folder=$(dirname "$1")
    name=$(basename "$1")
    top=$(git -C "$folder" rev-parse --show-toplevel 2>/dev/null) || return 0
    (
        cd "$folder"
        realpath -m "$(git rev-parse --git-path info/exclude)"
        echo "/$(realpath --relative-to "$top" "$folder")/$name"
    )
}

hide_from_git() {
    local -a found
    mapfile -t found < <(exclude_file "$1")
    if ((${#found[@]} == 0)) || grep -qxF "${found[1]}" "${found[0]}" 2>/dev/null; then
        return
    fi
    mkdir -p "$(dirname "${found[0]}")"
    if [[ -s ${found[0]} && -n $(tail -c 1 "${found[0]}") ]]; then
        echo >>"${found[0]}" # its last line was not ended
    fi
    echo "${found[1]}" >>"${found[0]}"
}

unhide_from_git() {
    local -a found
    mapfile -t found < <(exclude_file "$1")
    if ((${#found[@]})) && [[ -f ${found[0]} ]]; then
        grep -vxF "${found[1]}" "${found[0]}" >"${found[0]}.$$" || true
        mv "${found[0]}.$$" "${found[0]}"
    fi
}

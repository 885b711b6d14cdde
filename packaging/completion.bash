# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of pharos in bash.  The program itself knows what may follow; names contain colons, at which bash ends a word.
_pharos() {
	local line=${COMP_LINE:0:COMP_POINT} words candidate cut
	read -ra words <<<"$line"
	case $line in *[[:space:]]) words+=('') ;; esac
	cut=${words[-1]}
	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		if [ "$candidate" = :files ]; then
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "${cut#*=}")
			return
		fi
		case $cut in --*=*) candidate=${cut%%=*}=$candidate ;; esac
		# what bash takes for earlier words is on the line already
		COMPREPLY+=("${candidate#"${cut%"${cut##*[:=]}"}"}")
	done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
}
complete -F _pharos pharos

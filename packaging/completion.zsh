#compdef pharos
# SPDX-License-Identifier: Apache-2.0
# Completion of pharos in zsh.  The program itself knows what may follow.
_pharos() {
	local line candidate meaning prefix=
	local -a found
	for line in ${(f)"$(${words[1]} __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)"}; do
		if [[ $line == :files ]]; then
			[[ $PREFIX == --*=* ]] && compset -P '*='
			_files
			return
		fi
		candidate=${line%%$'\t'*} meaning=${line#*$'\t'}
		found+=("${candidate//:/\\:}${meaning:+:$meaning}")
	done
	[[ $PREFIX == --*=* ]] && compset -P '*='
	_describe pharos found
}
_pharos "$@"

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# packaging/packages.sh - sourced by ./quickstart and ./check: installs the packages of packaging/debian-packages that
# the machine lacks.  Nothing is asked of apt where nothing is missing.

# packages_missing LIST GROUP... - prints the packages of the groups whose probe finds nothing.
packages_missing() {
	local list=$1 group='' package probe want
	want=" ${*:2} "
	# sbin: a user's PATH lacks it, and Debian keeps daemons there
	local PATH=$PATH:/usr/sbin:/sbin
	while read -r package probe; do
		case $package in
		'' | \#*) continue ;;
		\[*) group=${package//[\[\]]/} && continue ;;
		esac
		[[ $want == *" $group "* ]] || continue
		packages_probe "$probe" || echo "$package"
	done <"$list"
}

packages_probe() {
	case $1 in
	cmd:*) command -v "${1#cmd:}" >/dev/null 2>&1 ;;
	pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
	path:*) compgen -G "${1#path:}" >/dev/null ;;
	h:*) compgen -G "/usr/include/${1#h:}" >/dev/null || compgen -G "/usr/include/*-linux-gnu/${1#h:}" >/dev/null ;;
	*) return 1 ;;
	esac
}

# packages_install LOG PACKAGE... - 0 when they are there now; says in one line why not.
packages_install() {
	local log=$1 apt
	shift
	[ $# -gt 0 ] || return 0
	if ! command -v apt-get >/dev/null; then
		echo "${0##*/}: missing packages and no apt-get to install them: $*" >&2
		return 1
	fi
	if [ "$(id -u)" -ne 0 ]; then
		echo "${0##*/}: missing packages; as root: apt-get install $*" >&2
		return 1
	fi
	apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=120)
	echo "installing: $*" >&2
	if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
		# a mirror that can't be reached is but a warning of update: then install finds no package
		echo "${0##*/}: apt-get could not install them: $(grep -m1 -E '^(E:|W: Failed to fetch)' "$log" || tail -n 1 "$log") ($log)" >&2
		return 1
	fi
}

# SPDX-License-Identifier: Apache-2.0
# Sourced by the jobs that run in the guest: results as TAP lines, and two-way markers in /mnt/job with the driver outside.
target=10.78.0.1
failed=0
n=0

ok() { n=$((n + 1)); echo "ok $n - $*"; }
not_ok() { n=$((n + 1)); failed=$((failed + 1)); echo "not ok $n - $*"; }
# check NAME COMMAND...: a test case
check() {
	local name=$1
	shift
	if "$@" >/tmp/check.out 2>&1; then ok "$name"; else not_ok "$name"; sed 's/^/# /' /tmp/check.out | tail -n 30; fi
}
# eventually SECONDS COMMAND...: true as soon as the command is
eventually() {
	local limit=$1
	shift
	for _ in $(seq $((limit * 10))); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done
	return 1
}
# watch_uevents: into /tmp/uevents from now on; it says which once it listens
watch_uevents() {
	udevadm monitor --kernel --property >/tmp/uevents 2>&1 &
	monitor=$!
	eventually 30 grep -q KERNEL /tmp/uevents
}
tell() { : >"/mnt/job/guest.$1"; }
await() { eventually "${2:-60}" test -e "/mnt/job/host.$1" || { not_ok "the driver answered: $1"; exit 1; }; }
# ask NAME: tell the driver, wait until it has done it
ask() { tell "$1"; await "$1" "${2:-60}"; }
finish() { echo "1..$n"; exit $((failed > 0)); }

# the controllers of a subsystem: names under /sys/class/nvme
ctrls() { grep -lx "$1" /sys/class/nvme/*/subsysnqn 2>/dev/null | xargs -r -n1 dirname | xargs -r -n1 basename; }
# the block device of namespace $2 of subsystem $1 (multipath head)
disk() {
	local d
	for d in /sys/class/nvme-subsystem/*/; do
		[ "$(cat "$d/subsysnqn")" = "$1" ] || continue
		for b in "$d"nvme*n*; do
			[ -e "$b" ] && [ "$(cat "$b/nsid" 2>/dev/null)" = "$2" ] && { echo "/dev/$(basename "$b")"; return 0; }
		done
	done
	return 1
}
no_disk() { ! disk "$@" >/dev/null; }

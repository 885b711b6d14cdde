# SPDX-License-Identifier: Apache-2.0
# Sourced by the jobs of a fabric with several hosts, after lib.sh.
# who we are: the driver says so
. /mnt/job/who
hostname "$HOST_NAME"
mkdir -p /etc/nvme
echo "$HOST_NQN" >/etc/nvme/hostnqn
echo "$HOST_ID" >/etc/nvme/hostid
# the services that nvme-stas needs, without a service manager
services() {
	/usr/lib/systemd/systemd-udevd --daemon
	udevadm trigger
	udevadm settle
	mkdir -p /run/dbus /run/avahi-daemon /run/stafd /run/stacd /var/cache/stafd /var/cache/stacd
	dbus-daemon --system --fork
	avahi-daemon -D --no-chroot --no-drop-root --no-rlimits
}
# stas stafd|stacd: with the configuration on stdin
stas() {
	cat >"/tmp/$1.conf"
	RUNTIME_DIRECTORY=/run/$1 CACHE_DIRECTORY=/var/cache/$1 python3 -u "/usr/sbin/$1" --tron -f "/tmp/$1.conf" >"/mnt/job/$1.log" 2>&1 &
}
# live SUBSYSTEM: one of its controllers is; none SUBSYSTEM: it has none
live() {
	local c
	for c in $(ctrls "$1"); do [ "$(cat "/sys/class/nvme/$c/state")" = live ] && return 0; done
	return 1
}
none() { [ -z "$(ctrls "$1")" ]; }
# what tells a controller from one that was made anew
identity() { local c; for c in $(ctrls "$1"); do echo "$c $(cat "/sys/class/nvme/$c/cntlid")"; done; }

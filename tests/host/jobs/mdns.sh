# SPDX-License-Identifier: Apache-2.0
# nvme-stas finds Pharos by mDNS and connects to it: stafd to the discovery controller, stacd to what its log names.
. /mnt/job/lib.sh
nqn=nqn.2026-11.example:demo
hostname linux-host
/usr/lib/systemd/systemd-udevd --daemon
udevadm trigger
udevadm settle
mkdir -p /run/dbus /run/avahi-daemon /run/stafd /run/stacd /var/cache/stafd /var/cache/stacd
dbus-daemon --system --fork
avahi-daemon -D --no-chroot --no-drop-root --no-rlimits
cat >/tmp/stafd.conf <<C
[Global]
tron=true
[Service Discovery]
zeroconf=enabled
C
printf '[Global]\ntron=true\n' >/tmp/stacd.conf
check "avahi-browse finds the service with its TXT record" \
	eventually 20 sh -c 'avahi-browse -rpt _nvme-disc._tcp | grep "^=.*10.78.0.1.*8009" | grep -q "p=tcp"'
RUNTIME_DIRECTORY=/run/stafd CACHE_DIRECTORY=/var/cache/stafd python3 -u /usr/sbin/stafd --tron -f /tmp/stafd.conf >/mnt/job/stafd.log 2>&1 &
RUNTIME_DIRECTORY=/run/stacd CACHE_DIRECTORY=/var/cache/stacd python3 -u /usr/sbin/stacd --tron -f /tmp/stacd.conf >/mnt/job/stacd.log 2>&1 &
check "stafd is connected to the discovery controller" eventually 40 sh -c 'stafctl ls | grep -q 10.78.0.1'
live() { grep -q live "/sys/class/nvme/$(ctrls $nqn | head -n1)/state"; }
check "stacd is connected to the subsystem" eventually 40 live
nvme list-subsys
finish

# SPDX-License-Identifier: Apache-2.0
# A Linux host registers with a discovery controller that says it is a CDC: by nvme-cli, which takes it back, and by stafd.
. /mnt/job/lib.sh
hostname linux-host
mkdir -p /etc/nvme /run/dbus /run/stafd /var/cache/stafd
echo nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555 >/etc/nvme/hostnqn
echo 11111111-2222-4333-8444-555555555555 >/etc/nvme/hostid
check "a persistent discovery connection" nvme discover -t tcp -a $target -s 8009 --persistent
dev=$(basename "$(grep -lx discovery /sys/class/nvme/*/cntrltype | head -n1 | xargs dirname)")
check "it is known by its own NQN" grep -q nqn.2014-08.org.nvmexpress:uuid: "/sys/class/nvme/$dev/subsysnqn"
check "nvme dim registers" nvme dim --task=register --device="$dev"
ask registered
check "nvme dim registers again" nvme dim --task=register --device="$dev"
ask registered_again
check "nvme dim takes it back" nvme dim --task=deregister --device="$dev"
ask taken_back
check "the discovery log is as ever" sh -c "nvme discover -d $dev | grep -q nqn.2026-11.example:demo"
nvme disconnect -d "$dev"
/usr/lib/systemd/systemd-udevd --daemon
udevadm trigger
udevadm settle
dbus-daemon --system --fork
cat >/tmp/stafd.conf <<C
[Global]
tron=true
[Service Discovery]
zeroconf=disabled
[Controllers]
controller=transport=tcp;traddr=$target;trsvcid=8009
C
RUNTIME_DIRECTORY=/run/stafd CACHE_DIRECTORY=/var/cache/stafd python3 -u /usr/sbin/stafd --tron -f /tmp/stafd.conf >/mnt/job/stafd.log 2>&1 &
check "stafd is connected to the discovery controller" eventually 40 sh -c 'stafctl ls | grep -q 10.78.0.1'
ask registered_by_stafd
dlp() {
	stafctl dlp --transport tcp --traddr $target --trsvcid 8009 --host-traddr '' --host-iface '' --nqn nqn.2014-08.org.nvmexpress.discovery
}
has_demo() { dlp | grep -q nqn.2026-11.example:demo; }
check "stafd has read the log after it" eventually 20 has_demo
finish

# SPDX-License-Identifier: Apache-2.0
# DH-HMAC-CHAP from a real host: at a subsystem with all its queues, both ways, with keys of nvme-cli's and of ours; wrong ones refused; for discovery too.
. /mnt/job/lib.sh
nqn=nqn.2026-11.example:demo
host=nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555
disc=nqn.2014-08.org.nvmexpress.discovery
modprobe nvme-core 2>/dev/null

connect() { nvme connect -t tcp -a $target -s 4420 -n $nqn -q $host -I 11111111-2222-4333-8444-555555555555 -k 30 --nr-io-queues=2 "$@"; }
# libnvme 1.13 gives the kernel no key for a discovery controller; the kernel would take one
for_discovery() { echo "transport=tcp,traddr=$target,trsvcid=8009,nqn=$disc,hostnqn=$host,hostid=11111111-2222-4333-8444-555555555555,keep_alive_tmo=30$1" >/dev/nvme-fabrics; }
discovery() { basename "$(dirname "$(grep -lx discovery /sys/class/nvme/*/cntrltype)")"; }
log() { nvme get-log "/dev/$(discovery)" --log-id=0x70 --log-len=3072 --raw-binary | grep -qa $nqn; }
gone() { nvme disconnect -n $nqn; }
refused() { ! "$@"; }
said() { dmesg | grep -q "$1"; }

ask make_keys
key=$(cat /mnt/job/key) ctrl=$(cat /mnt/job/ctrl)
other=$(nvme gen-dhchap-key -m 1 -n $host)

check "a host without its key is refused" refused connect
check "one with another key is refused" refused connect --dhchap-secret="$other"
check "it connects with its key" connect --dhchap-secret="$key"
check "the kernel says how" said 'authenticated with hash hmac(sha512) dhgroup ffdhe2048'
check "its disk is there" eventually 10 disk $nqn 1
check "and read from" dd if="$(disk $nqn 1)" of=/dev/null bs=1M count=8 iflag=direct
gone
check "it connects, and the controller authenticates too" connect --dhchap-secret="$key" --dhchap-ctrl-secret="$ctrl"
gone
check "a controller with another key is left" refused connect --dhchap-secret="$key" --dhchap-ctrl-secret="$other"
ask null_group
check "it connects without Diffie-Hellman, where that is allowed alone" connect --dhchap-secret="$key" --dhchap-ctrl-secret="$ctrl"
check "the kernel says so" said 'dhgroup null'
gone
check "discovery without the key is refused" refused for_discovery
check "it connects for discovery with it, both ways" for_discovery ",dhchap_secret=$key,dhchap_ctrl_secret=$ctrl"
check "and reads the log" log
nvme disconnect -d "$(discovery)"
nvme gen-dhchap-key -m 3 -n $host >/mnt/job/theirs
ask take_theirs
check "the old key is refused" refused connect --dhchap-secret="$key"
check "one that nvme-cli made connects" connect --dhchap-secret="$(cat /mnt/job/theirs)"
gone
dmesg | grep -i 'auth\|dhchap\|dhgroup' | tail -n 20 | sed 's/^/# /'
finish

# SPDX-License-Identifier: Apache-2.0
# What a Linux host does on its first day: discover, connect, file system, verified I/O, changes under it, disconnect.
. /mnt/job/lib.sh
nqn=nqn.2026-11.example:demo
other=nqn.2026-11.example:other
second_host=nqn.2014-08.org.nvmexpress:uuid:22222222-2222-4333-8444-555555555555
second_id=22222222-2222-4333-8444-555555555555

discover() { nvme discover -t tcp -a $target -s 8009 -o json >/tmp/log.json && jq -e "$1" /tmp/log.json; }
check "discover: the log names the subsystem at the address we came by" \
	discover "[.records[] | select(.subnqn == \"$nqn\" and .traddr == \"$target\" and .trsvcid == \"4420\")] | length == 1"
check "discover: one entry for the discovery controller itself" \
	discover '[.records[] | select(.subtype == "current discovery subsystem")] | length == 1'
cp /tmp/log.json /mnt/job/log.json
ask compare_discover
check "discover on the I/O port works too" nvme discover -t tcp -a $target -s 4420

connect_all() { nvme connect-all -t tcp -a $target -s 8009 --nr-io-queues=4 "$@"; }
check "connect-all" connect_all
check "a disk for each namespace" eventually 10 disk $nqn 2
ctrl=$(ctrls $nqn)
check "4 I/O queues: queue_count is 5 with the admin queue" test "$(cat /sys/class/nvme/$ctrl/queue_count)" = 5
check "the state is live" test "$(cat /sys/class/nvme/$ctrl/state)" = live
check "identifiers are told" test -n "$(cat /sys/block/$(basename $(disk $nqn 1))/uuid)"
check "SMART log" nvme smart-log /dev/$ctrl
check "error log" nvme error-log /dev/$ctrl
check "effects log" nvme effects-log /dev/$ctrl -c 0
check "supported log pages" nvme supported-log-pages /dev/$ctrl
check "feature: number of queues" nvme get-feature /dev/$ctrl -f 7
unsupported() {
	nvme admin-passthru "/dev/$ctrl" --opcode=0x7e --namespace-id=0 --data-len=0 2>&1 | tee /dev/stderr | grep -qi 'opcode' && nvme id-ctrl "/dev/$ctrl"
}
check "an unsupported admin command is Invalid Opcode, the connection goes on" unsupported

files() {
	mkfs.ext4 -q -F "$1" && mount "$1" /mnt && mkdir /mnt/d && cp -r /usr/bin /mnt/d/ &&
		(cd /mnt/d && find . -type f -print0 | sort -z | xargs -0 sha1sum) >/tmp/sums && umount /mnt &&
		echo 3 >/proc/sys/vm/drop_caches && mount "$1" /mnt && (cd /mnt/d && sha1sum -c --quiet /tmp/sums)
	local rc=$?
	umount /mnt
	return $rc
}
check "mkfs.ext4, files, remount, checksums (ram)" files "$(disk $nqn 1)"
check "mkfs.ext4, files, remount, checksums (file)" files "$(disk $nqn 2)"
check "fstrim by blkdiscard" blkdiscard -f "$(disk $nqn 2)"
check "write zeroes" blkdiscard -f -z -l 16M "$(disk $nqn 1)"
zeroes() { cmp -n 16777216 "$(disk $nqn 1)" /dev/zero; }
check "what was zeroed reads as zeroes" zeroes

verify() {
	fio --name=v --filename="$1" --rw=randrw --bs=4k --bsrange=512-64k --size=48m --offset="${2:-0}" --ioengine=libaio --iodepth=16 --direct=1 \
		--verify=crc32c --do_verify=1 --verify_fatal=1 --verify_backlog=256 --group_reporting --minimal
}
for digests in "" "--hdr-digest --data-digest"; do
	nvme disconnect -n $nqn >/dev/null
	check "connect-all ${digests:-without digests}" connect_all $digests
	eventually 10 disk $nqn 2
	check "fio randrw verify, ram, ${digests:-no digests}" verify "$(disk $nqn 1)"
	check "fio randrw verify, file, ${digests:-no digests}" verify "$(disk $nqn 2)"
done

# changes while connected
connected_at=$(cat /sys/class/nvme/"$(ctrls $nqn)"/cntlid)
ask add_namespace
check "a namespace added over REST appears without a reconnect" eventually 10 disk $nqn 3
before=$(blockdev --getsz "$(disk $nqn 3)")
ask grow_namespace
grown() { [ "$(blockdev --getsz "$(disk $nqn 3)")" -gt "$before" ]; }
check "a resized one grows" eventually 10 grown
ask remove_namespace
check "one removed goes" eventually 10 no_disk $nqn 3
check "all that on the same controller" test "$(cat /sys/class/nvme/"$(ctrls $nqn)"/cntlid)" = "$connected_at"

# hosts: only we are allowed on `other`, until we aren't
ask make_other
check "connect to a subsystem that names us" nvme connect -t tcp -a $target -s 4420 -n $other --reconnect-delay=1
check "the second host is connected to it as well" \
	nvme connect -t tcp -a $target -s 4420 -n $other --hostnqn=$second_host --hostid=$second_id --reconnect-delay=1
eventually 5 sh -c "[ \$(grep -lx $other /sys/class/nvme/*/subsysnqn | wc -l) = 2 ]"
ours=""
for c in $(ctrls $other); do grep -q 11111111 /sys/class/nvme/$c/hostnqn && ours=$c || theirs=$c; done
nvme discover -t tcp -a $target -s 8009 -p >/dev/null 2>&1 # a persistent discovery controller, for the AEN
udevadm --version >/dev/null 2>&1 && { /usr/lib/systemd/systemd-udevd --daemon; watch_uevents; }
ask deny_us
down() { [ ! -e /sys/class/nvme/$ours ] || [ "$(cat /sys/class/nvme/$ours/state)" != live ]; }
check "a host that isn't allowed any more loses its controller within 1 s" eventually 1 down
check "its reconnect is refused for good (Connect Invalid Host, DNR)" eventually 15 test ! -e /sys/class/nvme/$ours
check "the kernel says why" sh -c "dmesg | grep -q 'Connect for subsystem .*other is not allowed'"
check "its log has lost the entry" discover "[.records[] | select(.subnqn == \"$other\")] | length == 0"
check "a discovery AEN told it" eventually 5 grep -q 'NVME_AEN=0x70f002' /tmp/uevents
check "the other host is unaffected" sh -c "[ \$(cat /sys/class/nvme/$theirs/state) = live ] && nvme id-ctrl /dev/$theirs"
kill ${monitor:-} 2>/dev/null

ask make_a_thousand 200
check "nvme-cli reads a log of 1,000 subsystems" discover "[.records[] | select(.subnqn | startswith(\"nqn.2026-11.example:many-\"))] | length == 1000"

check "disconnect" nvme disconnect -n $nqn
check "nothing of it is left" eventually 5 no_disk $nqn 1
nvme disconnect-all
finish

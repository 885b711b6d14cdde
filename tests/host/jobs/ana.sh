# SPDX-License-Identifier: Apache-2.0
# Two paths to one namespace (native multipath): ANA states by portal come and go live, and I/O goes where they say.
. /mnt/job/lib.sh
nqn=nqn.2026-11.example:demo
modprobe nvme-core 2>/dev/null

ask second_portal
for port in 4420 4421; do
	check "connect by port $port" nvme connect -t tcp -a $target -s $port -n $nqn -k 30 --nr-io-queues=2
done
check "one disk" eventually 10 disk $nqn 1
dev=$(disk $nqn 1)
# by PORT: the path's folder, such as /sys/class/nvme/nvme1/nvme0c1n1
by() {
	local c
	for c in $(ctrls $nqn); do
		grep -q "trsvcid=$1" /sys/class/nvme/"$c"/address && echo /sys/class/nvme/"$c"/nvme*c*n1
	done
}
is() { [ "$(cat "$(by "$1")/ana_state")" = "$2" ]; }
# bytes both ways by PORT; the admin queue's few are nothing beside I/O
bytes() { ss -tinH "dport = :$1" | grep -o 'bytes_[a-z]*:[0-9]*' | awk -F: '{ sum += $2 } END { print sum + 0 }'; }
moved() { local before; before=$(bytes "$1"); sleep 1; echo $(($(bytes "$1") - before)); }
busy() { [ "$(moved "$1")" -gt 40960 ]; }
idle() { [ "$(moved "$1")" -lt 8192 ]; }
cntlids() { local c; for c in $(ctrls $nqn); do cat /sys/class/nvme/"$c"/cntlid; done; }

check "both paths are optimized" sh -c "[ \$(cat $(by 4420)/ana_state) = optimized ] && [ \$(cat $(by 4421)/ana_state) = optimized ]"
connected=$(cntlids)
ask second_non_optimized
check "the second turns non-optimized, without a reconnect" eventually 5 is 4421 non-optimized
fio --name=v --filename="$dev" --rw=randrw --bs=4k --size=16m --ioengine=libaio --iodepth=4 --direct=1 --rate_iops=100,100 --verify=crc32c \
	--verify_backlog=64 --verify_fatal=1 --time_based --runtime=45 --output=/tmp/fio.log &
fio=$!
sleep 3
check "I/O takes the optimized path" busy 4420
check "and not the other" idle 4421
ask first_inaccessible
check "the first turns inaccessible" eventually 5 is 4420 inaccessible
check "I/O goes on by the second" busy 4421
check "and the first is left alone" idle 4420
ask first_optimized
check "the first comes back" eventually 5 is 4420 optimized
check "I/O returns to it" busy 4420
check "fio verified all of it, without an error" wait $fio
ask all_inaccessible
check "no path is left" eventually 5 is 4421 inaccessible
dd if=/dev/zero of="$dev" bs=4k count=1 oflag=direct 2>/tmp/dd.log &
dd=$!
sleep 2
check "a write waits" kill -0 $dd
ask all_optimized
check "and is done once there is a path again" wait $dd
check "all on the same controllers" test "$(cntlids)" = "$connected"
check "no I/O error in the kernel log" sh -c "! dmesg | grep -E 'I/O error|Buffer I/O'"
nvme disconnect -n $nqn >/dev/null
finish

# SPDX-License-Identifier: Apache-2.0
# fio verifies what it wrote while the driver kills the worker three times and discoveryd three times.
. /mnt/job/lib.sh
nqn=nqn.2026-11.example:demo
modprobe nvme-core 2>/dev/null

round() { # NAME CONNECT-OPTIONS
	local name=$1 dev pid
	shift
	nvme connect -t tcp -a $target -s 4420 -n $nqn "$@" || { not_ok "connect ($name)"; return; }
	eventually 10 disk $nqn 2
	dev=$(disk $nqn 1):$(disk $nqn 2)
	fio --name=v --filename="$dev" --rw=randrw --bs=4k --size=32m --ioengine=libaio --iodepth=8 --direct=1 --verify=crc32c --rate_iops=150,150 \
		--verify_backlog=64 --verify_fatal=1 --time_based --runtime="${RUNTIME:-110}" --output=/mnt/job/fio.$name.log &
	pid=$!
	ask "kill.$name" 200
	check "fio verify through crashes of worker and daemon ($name)" wait $pid
	check "no I/O error in the kernel log ($name)" sh -c "! dmesg | grep -E 'I/O error|Buffer I/O|critical (medium|target|nexus)'"
	nvme disconnect -n $nqn
}
# completed I/O, for the driver to see that it goes on between the kills
( while sleep 0.5; do awk '$3 ~ /^nvme[0-9]+n[12]$/ { r += $4 + $8 } END { print r + 0 }' /proc/diskstats >/mnt/job/.progress && mv /mnt/job/.progress /mnt/job/progress; done ) &
progress=$!
round c1 -c 1
round defaults
kill $progress
finish

# SPDX-License-Identifier: Apache-2.0
# The second of two hosts in one fabric, by nvme-stas at its hardest setting: stafd finds the discovery controller by mDNS, registers, hears of
# changes; stacd connects what the log names and disconnects whatever it doesn't.
. /mnt/job/lib.sh
. /mnt/job/fabric.sh
services
p=nqn.2026-11.example
ask ready
check "avahi-browse finds the service with its TXT record" \
	eventually 30 sh -c 'avahi-browse -rpt _nvme-disc._tcp | grep "^=.*10.78.0.1.*8009" | grep -q "p=tcp"'
stas stafd <<C
[Global]
tron=true
[Service Discovery]
zeroconf=enabled
C
check "a connection made by hand, to what no log of ours names" nvme connect -t tcp -a $target -s 4421 -n $p:far --nr-io-queues=1
stas stacd <<C
[Global]
tron=true
[I/O controller connection management]
disconnect-scope=all-connections-matching-disconnect-trtypes
disconnect-trtypes=tcp
C
check "stafd is connected to the discovery controller" eventually 60 sh -c 'stafctl ls | grep -q 10.78.0.1'
ask registered_by_stafd
both_live() { live $p:b && live $p:both; }
check "stacd is connected to what the log names" eventually 60 both_live
check "not to the other host's" none $p:a
check "and has disconnected what was connected by hand" eventually 30 none $p:far
before=$(identity $p:b; identity $p:both)
ask restart_discoveryd
discovering() { for d in /sys/class/nvme/*/; do [ "$(cat "$d/cntrltype")" = discovery ] && [ "$(cat "$d/state")" = live ] && return 0; done; return 1; }
check "the discovery controller that was killed and started again is connected again" eventually 60 discovering
steady() { for _ in $(seq 20); do [ "$(identity $p:b; identity $p:both)" = "$before" ] || return 1; sleep 0.5; done; }
check "nothing was disconnected" steady
ask hide_both # and by that an event
check "a subsystem that isn't ours any more is disconnected" eventually 20 none $p:both
check "the other one stays" test "$(identity $p:b)" = "$(echo "$before" | head -n1)"
ask show_both
check "and connected again when it is ours again" eventually 40 live $p:both
await nvmet_is_followed 100
check "what the other host's kernel serves is connected, by way of the discovery controller that follows it" eventually 40 live $p:nvmet
check "its disk is there" eventually 10 disk $p:nvmet 1
check "and takes what is written" sh -c "head -c 65536 /dev/urandom >/tmp/data && dd if=/tmp/data of=$(disk $p:nvmet 1) oflag=direct bs=64k &&
	dd if=$(disk $p:nvmet 1) iflag=direct bs=64k count=1 | cmp - /tmp/data"
check "the others stay" both_live
nvme list-subsys
tell done
finish

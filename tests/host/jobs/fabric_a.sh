# SPDX-License-Identifier: Apache-2.0
# The first of two hosts in one fabric, by nvme-cli: it sees its own subsystems and not the other's, follows the referral, registers, keeps a
# persistent discovery controller, and is left alone by what happens to the other host.  The kernel's target here is a discovery controller of its
# own, which the one outside follows for the other host.
. /mnt/job/lib.sh
. /mnt/job/fabric.sh
services
p=nqn.2026-11.example
ask ready
nvmet=/sys/kernel/config/nvmet
serve_by_kernel() { # SUBSYSTEM
	modprobe nvmet-tcp && mount -t configfs none /sys/kernel/config
	truncate -s 16M /tmp/nvmet.img
	mkdir -p "$nvmet/subsystems/$1/namespaces/1" $nvmet/ports/1
	echo 1 >"$nvmet/subsystems/$1/attr_allow_any_host"
	echo -n /tmp/nvmet.img >"$nvmet/subsystems/$1/namespaces/1/device_path"
	echo 1 >"$nvmet/subsystems/$1/namespaces/1/buffered_io"
	echo 1 >"$nvmet/subsystems/$1/namespaces/1/enable"
	echo tcp >$nvmet/ports/1/addr_trtype
	echo ipv4 >$nvmet/ports/1/addr_adrfam
	echo 10.78.0.2 >$nvmet/ports/1/addr_traddr
	echo 4430 >$nvmet/ports/1/addr_trsvcid
	mkdir "$nvmet/subsystems/$1-other" # a port without any subsystem is closed
	ln -s "$nvmet/subsystems/$1" "$nvmet/subsystems/$1-other" "$nvmet/ports/1/subsystems/" || return 1
	nvme discover -t tcp -a 10.78.0.2 -s 4430 | grep -q "$1"
}
log() { nvme discover -t tcp -a $target -s 8009 -o json >/tmp/log.json && jq -e "$1" /tmp/log.json; }
subsystems='[.records[] | select(.subtype == "nvme subsystem") | .subnqn] | sort'
check "its log names what it may use and nothing else" log "$subsystems == [\"$p:a\", \"$p:both\"]"
check "and refers to the other discovery controller" \
	log "[.records[] | select(.subtype == \"discovery subsystem referral\" and .traddr == \"$target\" and .trsvcid == \"8010\")] | length == 1"
check "connect-all" nvme connect-all -t tcp -a $target -s 8009 --nr-io-queues=1
both_live() { live $p:a && live $p:both; }
check "it is connected to its subsystems" eventually 20 both_live
check "and, by the referral, to that of the other discovery controller" eventually 20 live $p:far
check "not to the other host's" none $p:b

check "a persistent discovery connection" nvme discover -t tcp -a $target -s 8009 --persistent
dev=$(basename "$(grep -lx discovery /sys/class/nvme/*/cntrltype | head -n1 | xargs dirname)")
check "it is known by its own NQN" grep -q nqn.2014-08.org.nvmexpress:uuid: "/sys/class/nvme/$dev/subsysnqn"
check "nvme dim registers" nvme dim --task=register --device="$dev"
ask registered
check "nvme dim registers again" nvme dim --task=register --device="$dev"
ask registered_again
check "nvme dim takes it back" nvme dim --task=deregister --device="$dev"
ask taken_back
check "the discovery log is as ever" sh -c "nvme discover -d $dev | grep -q $p:a"
watch_uevents
events() { grep -c 'NVME_AEN=0x70f002' /tmp/uevents; }
ask show_us
check "a subsystem more is told by an event" eventually 30 grep -q 'NVME_AEN=0x70f002' /tmp/uevents
check "the log that it announces has it" sh -c "nvme discover -d $dev | grep -q $p:more"
heard=$(events)
before=$(identity $p:a; identity $p:both)
check "the kernel's target serves a subsystem, and says so in its own log" serve_by_kernel $p:nvmet
ask nvmet_is_up
await other_is_done 300
check "of changes that concern the other host it heard nothing" test "$(events)" = "$heard"
check "its controllers are the ones it had" test "$(identity $p:a; identity $p:both)" = "$before"
check "and live" live $p:both
nvme disconnect-all
finish

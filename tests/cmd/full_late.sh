#!/bin/sh
# Tasks that expire on a full disk: their ends wait for room, which is not that
# of the ends of running tasks; everything can be looked at and freed meanwhile.

. "${0%/*}/../lib/tap.sh"

if [ "$(id -u)" -ne 0 ] || ! mkdir disk ||
    ! mount -t tmpfs -o size=4M none disk 2>/dev/null; then
	skip 'full disks' 'needs root and a tmpfs'
	exit
fi

# nothing may use it any more; before the files are removed
leave_disk()
{
	lose_table
	umount disk
}
trap 'leave_disk; finish' EXIT

late()
{
	[ "$(date +%s)" -gt "$until" ]
}

TQ_DIR=$T/disk/spool
TQ_SEGMENT=65536
export TQ_SEGMENT
tqctl set floor=0
put runs true
run tqget -L 1h
is 'one is claimed' "$status" 0
claim=${out%%"$TAB"*}
put waits --hold true
until=$(($(date +%s) + 3))
seq 1500 | tqput -m --hold -x 3 -I{} true {} >/dev/null
is 'others are put' "$(tqstat | wc -l)" 1502
dd if=/dev/zero of=disk/fill bs=4k 2>/dev/null
wait_for late
# each of these would write their ends
check 'all can be looked at' 0 '*' '' tqstat
check 'and one' 0 'held' '' tqstat -o state waits
check "and queues" 0 "*" "" tqstat -O
check 'and be waited for' 124 '*' '*' tqresult -t 0.1 waits
check 'gc runs' 0 '' '' tqctl gc
check 'what runs can end' 0 '' '' tqctl done "$claim"
check 'and be told of' 0 '' '' tqresult runs
rm disk/fill
check 'with room again they have expired' 0 '' '' tqctl gc
is 'all of them' "$(tqstat -s expired | wc -l)" 1500
check 'no damage' 0 '*' '' tqctl check

#!/bin/sh
# A full disk refuses puts; what is in the spool can still be claimed, ended,
# revoked and forgotten, whoever filled it.

. "${0%/*}/../lib/tap.sh"

if [ "$(id -u)" -ne 0 ] || ! truncate -s 40M image ||
    ! mkfs.ext4 -q -m 0 image 2>/dev/null || ! mkdir disk ||
    ! mount -o loop image disk 2>/dev/null; then
	skip 'full disks' 'needs root and a loop device'
	exit
fi

# nothing may use it any more; before the files are removed
leave_disk()
{
	lose_table
	umount disk
}

states()
{
	tqstat -s all -o state | sort | uniq -c | tr -s ' \n' '  '
}

# what has no room for a thousand may have it for a few
put_singly()
{
	status=0
	while [ "$status" -eq 0 ]; do
		run tqput -Q true
	done
}

# ---- filled by puts, with no floor to speak of

TQ_DIR=$T/disk/spool
tqctl set floor=1
like 'a small disk has small segments' "$(cat "$TQ_DIR/format")" \
    '*segment 2097152*'
while seq 5000 | tqput -m -I{} true {} >/dev/null 2>err; do
	:
done
like 'it fills until a put is refused' "$(cat err)" '*may take*'
put_singly
like 'with 75' "$status $err" '75 *may take*'
put=$(tqstat | wc -l)
ok 'tasks run' tqrun -n 200
check 'all others are revoked' 0 "$((put - 200))" '' \
    tqctl -v purge default
check 'and forgotten' 0 "$put" '' tqctl -v -s success,revoked forget
ok 'what they took is given back' tqctl gc
ok 'but for what a new spool has' test "$(ls disk/spool/ledger | wc -l)" -le 3
check 'then a put is taken' 0 "$ID" '' tqput true
ok 'and runs' tqrun -E
check 'no damage' 0 '*' '' tqctl check
lose_table
rm -rf disk/spool

# ---- changed until nothing more may be changed

long=$(printf %01000d 1)

# fill n: so many thousand tasks of a thousand bytes, or until one is refused
fill()
{
	tqctl set floor=1
	n=$1
	while [ "$n" -gt 0 ] && seq 1000 |
	    tqput -m -I{} true {} "$long" >/dev/null 2>err; do
		n=$((n - 1))
	done
	put=$(tqstat | wc -l)
}

# Change all of them, n times; the statuses.
storm()
{
	n=$1 statuses=
	while [ "$n" -gt 0 ]; do
		for verb in "pri $((n % 2))" hold release; do
			timeout -k 5 60 tqctl -q default $verb 2>>err
			statuses="$statuses$?${NL}"
		done
		n=$((n - 1))
	done
	printf %s "$statuses" | sort -u | tr '\n' ' '
}

# The disk is full, but what is here can be ended and given up.
nothing_is_stuck()
{
	ok "$1: tasks run" timeout -k 5 100 tqrun -n 100
	run timeout -k 5 100 tqget -t 0 -n 3000
	is "$1: or are taken" "$status" 0
	tqctl -q default -s success --force retry 2>>err
	ok "$1: also when they are reopened" tqrun -n 100
	ok "$1: all others are revoked" tqctl purge default
	is "$1: all have ended" "$(tqstat | wc -l)" 0
	check "$1: and are forgotten" 0 "$put" '' \
	    tqctl -v -s success,revoked forget
	ok "$1: what they took is given back" tqctl gc
	check "$1: a put is taken" 0 "$ID" '' tqput true
	check "$1: no damage" 0 '*' '' tqctl check
	lose_table
	check "$1: nor without the table" 0 '*' '' tqctl check
	lose_table
	rm -rf disk/spool
}

TQ_DIR=$T/disk/spool
fill 6
is 'with room, changes give back what they took' "$(storm 12)" '0 '
nothing_is_stuck 'changed often'

fill 14
like 'without, they are refused with 75' "$(storm 4)" '* 75 '
like 'which is said' "$(tail -n 1 err)" '*: the disk is full: *may take'
nothing_is_stuck 'changed to the last'

fill 100
check 'a queue that was paused' 0 '' '' tqctl pause default
check 'is resumed on a full disk' 0 '' '' tqctl resume default
storm 2 >/dev/null
nothing_is_stuck 'put to the last'

# What tasks print takes no room from those that are to come.  Each has 3,000
# bytes that it does not print, or there were 48,000 to be run.
TQ_DIR=$T/disk/spool
tqctl set floor=1
while seq 1000 | tqput -m -I{} printf %0400d%.0s {} "$long$long$long" \
    >/dev/null 2>err; do
	:
done
put_singly
put=$(tqstat | wc -l)
ok 'printing much: all run' timeout -k 5 200 tqrun -E
is 'printing much: and succeed' "$(tqstat -s success | wc -l)" "$put"
tqstat -s success -o id | tqresult - >outs
ok 'printing much: what is too much is cut' \
    grep -qF '[tq: cut, the disk is full]' outs
ok 'printing much: the rest is not' grep -q '0000000001' outs
check 'printing much: no damage' 0 '*' '' tqctl check
lose_table
check 'printing much: all are forgotten' 0 "$put" '' \
    tqctl -v -s success forget
ok 'printing much: which gives room' tqctl gc
check 'printing much: for a put' 0 "$ID" '' tqput true
lose_table
rm -rf disk/spool

# ---- filled by others, but for what output of a task takes

TQ_DIR=$T/disk/other
TQ_SEGMENT=1M
export TQ_SEGMENT
tqctl set floor=1
seq 2000 | tqput -m -I{} true {} >/dev/null
dd if=/dev/zero of=disk/fill bs=64k 2>/dev/null
truncate -s -512k disk/fill
put_singly
is 'a put is refused' "$status" 75
left=$(($(tqstat | wc -l) - 500))
ok 'tasks run all the same' tqrun -n 500
check 'or are revoked' 0 "$left" '' tqctl -v purge default
ok 'gc has nothing to say' tqctl gc
is 'each has ended' "$(states)" " $left revoked 500 success "
lose_table
check 'without the table, too' 0 '*' '' tqctl check
is 'they have' "$(states)" " $left revoked 500 success "
rm disk/fill
check 'with room again a put is taken' 0 "$ID" '' tqput true

# ---- filled by others to the last

dd if=/dev/zero of=disk/fill bs=64k 2>/dev/null
check 'tqget takes nothing' 75 '' '*the disk is full, no task is claimed' \
    tqget true
check '-E leaves when there is nothing to run' 0 '' '*the disk is full*' \
    timeout -k 5 100 tqrun -E -q idle
tqrun -E 2>"$T/idle" &
worker=$!
pids="$pids $worker"
wait_for grep -q 'the disk is full, no task is claimed' "$T/idle"
is 'a worker stays' "$(tqstat -W | wc -l)" 1
rm disk/fill
wait $worker
is 'and goes on when there is room' "$?" 0
is 'what it said it said once' "$(grep -c full "$T/idle")" 1
lose_table
rm -rf disk/other

# ---- transferred, and refused there

TQ_DIR=$T/disk/away
TQ_SEGMENT=65536
tqctl set floor=1
fallocate -l 24M disk/fill
while seq 1000 | tqput -m -q away -I{} true {} >/dev/null 2>&1; do
	:
done
status=0
while [ "$status" -eq 0 ]; do
	run tqput -Q -q away true
done
unset TQ_SEGMENT
long=$T/$(printf %0200d 1)
TQ_DIR=$long tqput -Q -q away true
TQ_DIR=$long tqctl close away
many=$(tqstat -q away | wc -l)
n=0
while [ $n -lt 40 ]; do
	n=$((n + 1))
	run tqctl -q away transfer "spool:$long"
	[ "$status" -eq 75 ] || break
done
is 'it is refused time and again' "$n $status" '40 75'
is 'one of them is held' "$(tqstat -q away -o state | grep -vc ready)" 1
TQ_DIR=$long tqctl open away
check 'all of a full disk can go' 0 "$many" '' \
    tqctl -v -q away transfer "spool:$long"
is 'what is not said then is where to' "$(tqstat -q away -s revoked -o why |
    sort -u | sed "s,spool:$long,PLACE,")" "transferred${NL}transferred to PLACE"
check 'and all be forgotten' 0 "$many" '' tqctl -v -q away -s revoked forget
leave_disk

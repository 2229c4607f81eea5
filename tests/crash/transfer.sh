#!/bin/sh
# tqctl transfer killed at the n-th call of each kind, and each call failing:
# the first few of each, under TQ_CRASH=long every one.  Every time each task is
# here or there, workers at both ends run what they may, the same transfer is
# done again, and in the end each has run once.

. "${0%/*}/../lib/tap.sh"

most=4
TQ_SEGMENT=65536
export TQ_SEGMENT
OTHER=$T/other

if [ -n "$SAN" ] || ! strace -qq -o /dev/null true 2>/dev/null; then
	skip 'transfers killed at each call' 'no strace here'
	exit
fi

calls='openat pwrite64 fdatasync fsync renameat unlinkat linkat ftruncate
fallocate fcntl futex mmap write close mq_timedsend pread64 read flock'

there()
{
	TQ_DIR=$OTHER "$@"
}

mkdir runs
head -c 30000 /dev/zero >body
fill()
{
	set=$((set + 1))
	tqput -Q -q s --id "a$set" -i -c 'wc -c >>runs/$TQ_ID' <body
	tqput -Q -q s --id "b$set" -k "k$set" -c 'echo 30000 >>runs/$TQ_ID'
	tqput -Q -q s --id "c$set" -c 'echo 30000 >>runs/$TQ_ID'
}

# Of an id: it waits here, or is known there, or has run.
is_somewhere()
{
	case $(state "$1" 2>/dev/null) in
	held|ready|success)	return 0 ;;
	esac
	[ -n "$(there state "$1" 2>/dev/null)" ]
}

# everywhere call:n: what must hold after it
verify()
{
	for id in "a$set" "b$set" "c$set"; do
		is_somewhere "$id" || lost="$lost $1:$id"
	done
	timeout 60 tqrun -E -q s 2>/dev/null || hung="$hung $1:here"
	timeout 60 tqrun -b "spool:$OTHER" -E -q s 2>/dev/null ||
	    hung="$hung $1:there"
	timeout 60 tqctl -q s transfer "spool:$OTHER" 2>>err
	[ $? -le 1 ] || failed="$failed $1"
	timeout 60 tqrun -b "spool:$OTHER" -E -q s 2>/dev/null ||
	    hung="$hung $1:again"
	for id in "a$set" "b$set" "c$set"; do
		[ "$(cat "runs/$id" 2>/dev/null)" = 30000 ] ||
		    twice="$twice $1:$id"
	done
}

# every_call name injection: one run a point, until one lives through it
every_call()
{
	what=$1 lost= hung= failed= twice= points=0
	for call in $calls; do
		n=1
		while [ "$n" -le "$most" ] || more_time "$what, $call $n"; do
			fill
			timeout 60 strace -qq -f -o log \
			    -e inject="$call:$2:when=$n" tqctl -q s transfer \
			    "spool:$OTHER" >out 2>&1
			status=$?
			[ "$status" -ne 124 ] || hung="$hung $call:$n"
			verify "$call:$n"
			grep -Eq "INJECTED|killed" log || break
			points=$((points + 1))
			n=$((n + 1))
		done
	done
	ok "$what at some points" test "$points" -gt 20
	is "$what at $points points: all are somewhere" "$lost" ''
	is "$what: nothing hangs" "$hung" ''
	is "$what: the same again finishes it" "$failed" ''
	is "$what: each has run once" "$twice" ''
}

set=0
there tqput -Q -q s --id first true
every_call killed signal=KILL
every_call EIO error=EIO
every_call ENOSPC error=ENOSPC
check 'no damage here' 0 '' '*' tqctl check
check 'nor there' 0 '' '*' there tqctl check

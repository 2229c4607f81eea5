#!/bin/sh
# Real commands killed at the n-th call of each kind, by strace: the first few
# of each, under TQ_CRASH=long every one while there is time.  After each death
# another process finds no damage; at the end all that was accepted has run.

. "${0%/*}/../lib/tap.sh"

most=3
TQ_SEGMENT=65536
export TQ_SEGMENT

if [ -n "$SAN" ] || ! strace -qq -o /dev/null true 2>/dev/null; then
	skip 'commands killed at each call' 'no strace here'
	exit
fi

# The kinds of calls by which tq changes anything, or waits.
calls='openat pwrite64 fdatasync fsync renameat unlinkat linkat ftruncate
fallocate fcntl futex mmap write close mq_timedsend execve wait4'

# killed call n cmd ...: 1 when it lived, for it makes fewer such calls
killed()
{
	call=$1 n=$2
	shift 2
	timeout 60 strace -qq -f -o /dev/null \
	    -e inject="$call:signal=KILL:when=$n" "$@" >>"$T/out" 2>/dev/null
	status=$?
	[ "$status" -ne 124 ] || hung="$hung $call:$n"
	[ "$status" -ne 0 ]
}

# every_call name cmd ...
every_call()
{
	name=$1 hung= damaged= points=0
	shift
	for call in $calls; do
		n=1
		while [ "$n" -le "$most" ] || more_time "$name, $call $n"; do
			tqput -q s -- true >>"$T/out"
			killed "$call" "$n" "$@" || break
			points=$((points + 1))
			timeout 60 tqctl check >"$T/check" 2>&1 ||
			    damaged="$damaged $call:$n"
			n=$((n + 1))
		done
	done
	is "$name, killed at $points points: no damage" "$damaged" ''
	is "$name: nothing hangs" "$hung" ''
}

every_call tqput tqput -q s -- true
every_call 'tqput of many' sh -c \
    'printf "%s\n" true true true true true | exec tqput -q s -m'
every_call tqget tqget -q s -- cat
every_call tqrun tqrun -q s -n 1
every_call 'tqctl gc' tqctl gc
every_call 'tqput of a chord' sh -c \
    'seq 3 | exec tqput -q s -m --chord cat true'
every_call 'tqput of a key that replaces' tqput -q s -k key -K replace true
every_call 'a failure, and all after it' sh -c '
	a=$(tqput -q t false) && b=$(tqput -q t -A "$a" true) &&
	    tqput -q t -A "$b" true && exec tqget -q t -t 0 false'

# A schedule, a tick a second: long, for each death waits for ticks.
if [ "$TQ_CRASH" = long ]; then
	# ticks file: those that it tells of, in seconds since 1970
	ticks()
	{
		sed -n 's/.*: put .* for //p' "$1" | while read -r tick; do
			date -d "$tick" +%s
		done
	}
	echo '@every 1s [-q beat missed=all] true' >"$T/tab"
	tqbeat -v "$T/tab" 2>"$T/first" &
	wait_for grep -q ': put ' "$T/first"
	kill -KILL $!
	wait $! 2>/dev/null
	for call in $calls timerfd_settime poll; do
		for n in 1 2 3 5 8; do
			[ $n -eq 1 ] || more_time "ticks, $call $n" || break
			timeout 3 strace -qq -f -o /dev/null -e \
			    inject="$call:signal=KILL:when=$n" \
			    tqbeat "$T/tab" 2>/dev/null
		done
	done
	tqbeat -v "$T/tab" 2>"$T/last" &
	wait_for grep -q ': put ' "$T/last"
	kill -TERM $!
	wait $!
	is 'tqbeat, killed at each call: every tick is put once' \
	    "$(tqstat -q beat | wc -l)" \
	    $(($(ticks "$T/last" | tail -n 1) - \
	    $(ticks "$T/first" | head -n 1) + 1))
fi

# A task whose worker died three times is a failure, and counts as told.
ok 'what is left runs' timeout 100 tqrun -E -q s
ok 'or fails' sh -c 'timeout 100 tqrun -E -q t; test $? -le 1'
is 'nothing is blocked for ever' "$(tqstat -s blocked)" ''
grep -E '^[0-9a-f-]{36}$' "$T/out" | sort >"$T/accepted"
tqstat -s success,failure,revoked -o id | sort >"$T/ended"
ok 'some were accepted' test -s "$T/accepted"
is 'everything accepted has ended' \
    "$(comm -23 "$T/accepted" "$T/ended" | wc -l)" 0
lose_table
check 'no damage without the table' 0 '' '*' tqctl check

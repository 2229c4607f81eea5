#!/bin/sh
# A worker is killed at each of its writes in turn, to the server or anywhere,
# while it runs a chord.  Whatever it had begun, the canvas
# completes and each task ends once; with results on another server, too.
#
# Every third write (apart: sixth) in make check, every one (second) in make
# crash.

. "${0%/*}/../lib/canvas.sh"
. "${0%/*}/../lib/redis.sh"
need_celery
# LeakSanitizer does not work under a tracer
if [ -n "$SAN" ] || ! strace -qq -o /dev/null true 2>/dev/null; then
	skip 'killing at each write' 'no strace here'
	exit
fi
redis_start
celery_app
canvas_handlers
TQ_BROKER="$TQ_BROKER?lease=1"

# [1, 2] + 10 each, and the sum
put()
{
	printf '1\n2\n' | tqput -m -J --chord proj.tsum -N proj.add 10
}

# Tasks that were told to have ended more than once.
told_twice()
{
	grep SUCCESS "$1" | cut -d, -f3 | sort | uniq -c | awk '$1 != 1' |
	    wc -l
}

nothing_left()
{
	[ "$(rcli -p "$first" llen celery) $(rcli -p "$first" hlen unacked)" = '0 0' ]
}

step=3
[ "${TQ_CRASH:-}" != long ] || step=1

# walk NAME: results are at $REDIS_PORT
walk()
{
	redis-cli -p "$REDIS_PORT" --csv psubscribe 'celery-task-meta-*' \
	    >"$1.ends" &
	pids="$pids $!"
	wait_for grep -q psubscribe "$1.ends"
	n=1 killed=1 bad=
	while [ "$killed" -eq 1 ] && [ "$n" -lt 200 ]; do
		id=$(put) || bad="$bad put-$n"
		strace -qq -o /dev/null \
		    -e trace=write,writev,sendto,sendmsg,pwrite64 \
		    -e "inject=write,writev,sendto,sendmsg,pwrite64:signal=KILL:when=$n" \
		    tqrun -E -q celery -j 1 handlers >>log 2>&1
		[ $? -gt 128 ] || killed=0
		timeout 100 tqrun -q celery -j 1 handlers >>log 2>&1 &
		worker=$!
		[ "$(tqresult -w -t 60 "$id" 2>&1)" = 23 ] ||
		    bad="$bad result-$n"
		# a member that had not ended runs again by its lease
		wait_for nothing_left || bad="$bad left-$n"
		kill -TERM "$worker"
		wait "$worker" 2>/dev/null
		n=$((n + step))
	done
	is "the canvas completes wherever its worker was killed: $1" "$bad" ''
	is 'each task ended once' "$(told_twice "$1.ends")" 0
	ok 'it was killed at many places' [ "$n" -gt 15 ]
	ok 'and in the end at none' [ "$killed" -eq 0 ]
}

first=$REDIS_PORT
walk here
broker=$TQ_BROKER
redis_start results
TQ_RESULTS=$TQ_BROKER TQ_BROKER=$broker
export TQ_RESULTS
step=$((step * 2))
walk apart

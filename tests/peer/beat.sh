#!/bin/sh
# tqbeat on Redis: the schedule is kept where the tasks are put.

. "${0%/*}/../lib/redis.sh"
redis_start
TQ_BROKER="$TQ_BROKER?workers=tq"
TZ=UTC0
export TZ

beat()
{
	tqbeat -v "$1" 2>>"$2" &
	beat_pid=$!
	pids="$pids $beat_pid"
}
# tasks queue n: at least so many
tasks()
{
	[ "$(rcli LLEN "$1")" -ge "$2" ]
}
# Where the only schedule began: the second of its last tick less the tasks
# that were put, looked at as one.
origin()
{
	both=$(rcli EVAL "return redis.call('GET',
	    redis.call('KEYS', 'tq.last.*')[1])..' '..
	    redis.call('LLEN', 'a')" 0)
	echo $((${both% *} / 1000000000 - ${both#* }))
}

# ---- what it puts -----------------------------------------------------------

mkdir work
echo '@every 1s [-q a -r 2 -l "two words"] echo hello' >tab
beat tab log
ok 'a line is put' wait_for tasks a 2
kill -TERM $beat_pid
wait_gone $beat_pid
check 'with its options' 0 "two words${TAB}2$NL*" '' \
    tqstat -q a -o label,retries
tqrun -q a -E --allow-commands work
id=$(sed -n 's/.*: put \([^ ]*\) for .*/\1/p' log | head -1)
check 'and runs' 0 "hello$NL" '' tqresult "$id"
rcli FLUSHALL >/dev/null

# ---- its place in time -------------------------------------------------------

# The first tick known is where it began; a period of 1 s and missed=all give
# one task for each second from there on, whoever puts it and dies when.
echo '@every 1s [-q a missed=all] true' >tab
beat tab log
known()
{
	[ -n "$(rcli KEYS 'tq.last.*')" ]
}
wait_for known
begin=$(origin)
keep()
{
	while [ ! -e stop ]; do
		tqbeat tab 2>>errs &
		k=$!
		perl -e 'select undef, undef, undef, rand(0.4)'
		kill -KILL $k
		wait $k 2>/dev/null
		echo x >>kills
	done
}
: >errs
: >kills
kill -KILL $beat_pid
keep &
one=$!
keep &
two=$!
far()
{
	[ $(($(date +%s) - begin)) -ge 10 ]
}
wait_long far
: >stop
wait $one
wait $two
is 'of two that die again and again one puts each tick' \
    "$(origin)" "$begin"
ok 'and they go on' test "$(rcli LLEN a)" -ge 6
ok 'for as many times as they were killed' test "$(wc -l <kills)" -ge 10
is 'without a word' "$(cat errs)" ''

# Another machine's clock is behind: it is the broker that knows.
n=$(rcli LLEN a)
rcli SET "$(rcli KEYS 'tq.last.*')" $((($(date +%s) + 3600) * 1000000000)) \
    >/dev/null
beat tab log2
put_any()
{
	grep -q 'lines' log2
}
wait_for put_any
is 'what was put ahead of its time is not put again' "$(rcli LLEN a)" "$n"
kill -TERM $beat_pid
wait_gone $beat_pid

# A server that goes away delays a tick and loses none.
rcli FLUSHALL >/dev/null
rm -f log
beat tab log
wait_for tasks a 1
begin=$(origin)
redis_kill
failed()
{
	grep -q 'the tick is not lost' log
}
ok 'a lost server is told once' wait_for failed
redis_again
n=$(rcli LLEN a)
more()
{
	tasks a $((n + 3))
}
ok 'ticks go on' wait_long more
kill -TERM $beat_pid
wait_gone $beat_pid
is 'and none is missing' "$(origin)" "$begin"

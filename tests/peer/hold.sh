#!/bin/sh
# tqrun --local-hold: what may not start yet waits in the spool of the worker's
# machine, and the broker says which copy counts.

. "${0%/*}/../lib/redis.sh"
redis_start

mkdir h
cat >h/note <<SH
#!/bin/sh
echo "\$TQ_ID \$TQ_ATTEMPT \$(date +%s.%N)" >>'$T/notes'
[ "\$TQ_ATTEMPT" -ge "\${1:-1}" ]
SH
chmod +x h/note
: >notes

# What is kept in the spool here: its queue, how much
kept()
{
	here tqstat -O -o queue 2>/dev/null | grep '^redis_'
}
nkept()
{
	here tqstat -q "$(kept)" -o id 2>/dev/null | wc -l | tr -d ' '
}

# where everything stands: lists, held, delayed, kept by workers
stands()
{
	echo "$(rcli LLEN celery) $(rcli HLEN unacked) $(rcli ZCARD tq.delayed) $(rcli HLEN tq.local)"
}
stands_so()
{
	[ "$(stands)" = "$1" ]
}
noted()
{
	[ "$(cut -d ' ' -f 1 notes | sort -u | wc -l)" -ge "$1" ]
}
worker()
{
	tqrun --local-hold "$@" h >>w.log 2>&1 &
	W=$!
	pids="$pids $W"
}
stop()
{
	kill -TERM "$W"
	wait "$W"
}

# ---- without it

for i in 1 2 3; do tqput -d 1 -N note; done >ids
tqrun -E h 2>/dev/null
is 'without it they wait on the broker' "$(stands)" '0 0 3 0'
not_ok 'and no spool is made' test -d "$TQ_DIR"
wait_for sh -c 'tqrun -E h 2>/dev/null; [ "$(wc -l <notes)" -eq 3 ]'

# ---- an ETA

: >notes
due=$(($(date +%s) + 6))
for i in 1 2 3 4 5; do tqput -a "@$due" -N note; done >ids
worker
ok '--local-hold keeps them here' wait_for stands_so '0 0 0 5'
is 'a task for each' "$(nkept)" 5
like 'which name their broker' "$(kept)" "redis_*_127.0.0.1_${REDIS_PORT}_0.????????"
is 'the broker knows who keeps what' "$(rcli HVALS tq.local | sort | sed 's/ .*//')" \
    "$(sort ids)"
ok 'they run' wait_for noted 5
is 'not before their time' "$(awk -v due="$due" '$3 < due' notes)" ''
tqresult -w $(cat ids) >/dev/null
is 'each once' "$(wc -l <notes)" 5
ok 'nothing is left' wait_for stands_so '0 0 0 0'
is 'here either' "$(nkept)" 0

# ---- a retry

: >notes
stop
tqput -Q -b "$TQ_BROKER?workers=tq" -r 1 --backoff 10h -N note 9
worker
ok 'a retry is kept here too' wait_for stands_so '0 0 0 1'
is 'as one' "$(here tqstat -q "$(kept)" -o label)" retry
stop
here tqctl -Q -q "$(kept)" revoke
rcli flushall >out
: >notes
id=$(tqput -N note 2)
worker -r 3
is 'and runs' "$(tqresult -w -o state,attempt "$id")" "success	2"
is 'it was tried twice' "$(cut -d ' ' -f 2 notes | tr '\n' ' ')" '1 2 '
stop
: >notes
id=$(tqput -N note 2)
tqrun --local-hold -E -r 1 h 2>/dev/null
is '-E waits for it' "$(tqresult -o state "$id")" success
tqput -Q -d 1000 -N note
check '-E does not wait for what is delayed' 0 '' 'tqrun: 1 task delayed or held' \
    tqrun --local-hold -E h
rcli flushall >out

# ---- which copy counts

queue=$(kept)
here tqctl -q "$queue" revoke
: >notes
worker
printf 'celery\n{}' | here tqput -Q -q "$queue" -i --id void.1
void()
{
	! here tqstat -q "$queue" -o id | grep -qxF "$1"
}
ok 'a copy that the broker never let go of is void' wait_for void void.1
is 'and not sent' "$(stands)" '0 0 0 0'
stop
rcli HSET unacked void.2 '[{}, "", "celery"]' >out
printf 'celery\n{}' | here tqput -Q -q "$queue" -i --id void.2
worker
again()
{
	[ "$(here tqstat -o state "$1")" = retry ]
}
ok 'one that is still held waits' wait_for again void.2
rcli HDEL unacked void.2 >out
ok 'and is void when it is not any more' wait_for void void.2
stop

# ---- killed

: >notes
due=$(($(date +%s) + 10))
seq 1 60 | tqput -m -a "@$due" -N note >ids
for i in 1 2 3 4 5 6; do
	worker
	# somewhere in the middle of taking them
	wait_for sh -c "[ \$(redis-cli -p $REDIS_PORT HLEN tq.local) -ge $((i * 8)) ]"
	kill -KILL "$W"
	wait "$W" 2>/dev/null
done
TQ_BROKER="$TQ_BROKER?lease=2"
worker
wait_long noted 60
ok 'killed again and again: all of them run' noted 60
tqresult -w $(cat ids) >/dev/null
is 'none of them twice' "$(cut -d ' ' -f 1 notes | sort | uniq -d)" ''
is 'nor before its time' "$(awk -v due="$due" '$3 < due' notes)" ''
ok 'nothing is left' wait_for stands_so '0 0 0 0'
stop

# ---- the spool takes nothing, is lost

here tqctl close "$queue"
tqput -Q -d 1000 -N note
worker
ok 'a spool that takes nothing: the broker keeps it' wait_for stands_so '0 0 1 0'
ok 'which is said' grep -q 'local-hold: .* left with the broker' w.log
stop
here tqctl open "$queue"
rcli flushall >out
id=$(tqput -d 1000 -N note)
worker
wait_for stands_so '0 0 0 1'
stop
like 'of a lost disk the broker still knows the ids' "$(rcli HVALS tq.local)" \
    "$id until * on *"

check 'with a spool as broker it changes nothing' 0 '' '' \
    env TQ_BROKER= tqrun --local-hold -q nothing -E

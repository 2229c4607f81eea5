#!/bin/sh
# What tqstat(1) says on Redis of tasks that wait, alone and in lists.

. "${0%/*}/../lib/redis.sh"
redis_start
plain=$TQ_BROKER
TQ_BROKER="$plain?workers=tq"

mkdir h
printf '#!/bin/sh\nexit 0\n' >h/note
chmod +x h/note

# whys ID: the reason alone and in the list, if they are the same
whys()
{
	alone=$(tqstat -o why "$1")
	listed=$(tqstat -o id,why | sed -n "s/^$1$TAB//p")
	[ "$alone" = "$listed" ] || echo "alone: $alone, in the list: $listed"
	echo "$alone"
}

id=$(tqput -q a -N note)
is 'a queue that nobody serves' "$(whys "$id")" 'no worker'
tqctl pause a
is 'one that is paused' "$(whys "$id")" paused
tqctl resume a
tqget -q a -t 0 -L 60s >out
is 'what runs has no reason' "$(whys "$id")" -
is 'nor is it known how long it has waited' "$(tqstat -o wait "$id")" -

first=$(tqput -q l -S lane -N note)
tqget -q l -t 0 -L 60s >out
second=$(tqput -q l -S lane -N note)
third=$(tqput -q l -S lane -N note)
is 'a lane says whose it is' "$(whys "$second")" "lane busy: $first"
check 'also when somebody has come by' 1 '' '' tqget -q l -t 0
is 'to all that wait' "$(whys "$second")$NL$(whys "$third")" \
    "lane busy: $first${NL}lane busy: $first"
is 'and not to who has it' "$(whys "$first")" -
tqctl pause l
is 'a pause counts more' "$(whys "$third")" paused
tqctl resume l

one=$(tqput -q k -k key -N note)
tqget -q k -t 0 -L 60s >out
two=$(tqput -q k -k key -K follow -N note)
is 'who follows says whom' "$(tqstat -s all -o state,why "$two")" \
    "blocked${TAB}after $one"
tqget -q k -t 0 >out
is 'in the list, too, once it was come by' "$(whys "$two")" "after $one"

# ---- of others

rcli LPUSH celery '{"body": "W1tdLCB7fSwge31d", "content-type":
    "application/json", "headers": {"task": "note", "id": "some-id"},
    "properties": {"delivery_tag": "t", "delivery_info": {"exchange": "",
    "routing_key": "celery"}, "body_encoding": "base64"}}' >out
rcli SADD _kombu.binding.celery "$(printf 'celery\006\026\006\026celery')" >out
is 'when one was put is not always known' \
    "$(tqstat -q celery -o id,put,wait)" "some-id$TAB-$TAB-"
is 'which is null' "$(tqstat -J -q celery | grep -o '"wait":null')" '"wait":null'
rcli flushall >out

# ---- kept by a worker

date=$(($(date +%s) + 5000))
eta=$(tqput -b "$plain" -q h -a "@$date" -N note)
bg tqrun --local-hold -q h h
W=$!
kept()
{
	[ "$(rcli HLEN tq.local)" -eq 1 ]
}
ok 'one is kept' wait_for kept
like 'the broker shows it' "$(whys "$eta")" "delayed until 20*, kept on $(uname -n)"
is 'in its queue' "$(tqstat -q h -o id,state,queue)" \
    "$eta${TAB}delayed${TAB}h"
is 'and not in others' "$(tqstat -q other -o id 2>/dev/null)" ''
is 'it is counted' "$(tqstat -O -q h -o delayed)" 1
check 'a queue is not done with one' 124 '' '*not finished' tqresult -w -t 0.1 -q h
kill -TERM $W
wait_gone $W

# A score is a number of the server's, whoever wrote it.
far=$(tqput -q far -d 1h -N note x)
tag=$(rcli ZREVRANGE tq.delayed 0 0)
rcli ZADD tq.delayed inf "$tag" >/dev/null
is 'what is never due is due as late as can be' \
    "$(tqstat -q far -o id,state,why)" \
    "$far${TAB}delayed${TAB}delayed until 2262-04-11T23:47:16.854Z"

#!/bin/sh
# tqget, tqctl and tqstat on a Redis broker.

. "${0%/*}/../lib/redis.sh"
redis_start
plain=$TQ_BROKER
TQ_BROKER="$plain?workers=tq&lease=1"

mkdir h
printf '#!/bin/sh\necho "$1" >>%s\n' "$T/ran" >h/note
chmod +x h/*
: >ran

# A command of tqget runs for longer than the lease while a worker looks.
tqput -Q -N note slow
bg tqget sh -c "echo got >>'$T/got'; until [ -e '$T/go' ]; do sleep 0.1; done"
getter=$!
got()
{
	[ -s got ]
}
wait_for got
bg tqrun -j 1 h
worker=$!
tqput -Q -N note first
first()
{
	grep -q first ran
}
wait_for first
# the worker has looked for lapsed leases by now, again and again
begin=$(date +%s)
later()
{
	[ $(($(date +%s) - begin)) -ge 3 ]
}
wait_for later
is 'what tqget runs is nobody else'"'"'s' "$(cat got) $(grep -c slow ran)" \
    'got 0'
: >go
wait_gone $getter
is 'nor is it afterwards' "$(rcli HLEN unacked) $(grep -c slow ran)" '0 0'
kill -TERM $worker
wait_gone $worker

# A lease goes from process to process.
id=$(tqput -q l -N note leased)
check 'a task is leased' 0 "$id/1${TAB}note*leased*$NL" '' \
    tqget -q l -t 0 -L 60s
check 'and nobody else gets it' 1 '' '' tqget -q l -t 0
check 'it shows as started' 0 "started$NL" '' tqstat -o state "$id"
check 'the lease is prolonged' 0 '' '' tqctl touch 1m "$id/1"
echo '"all well"' | tqctl -i done "$id/1"
check 'done by another process' 0 "success$NL" '' tqstat -o state "$id"
check 'and once only' 75 '' '*' tqctl done "$id/1"
id=$(tqput -q l -N note lapsing)
tqget -q l -t 0 -L 0.2s >claim
again()
{
	tqget -q l -t 0 -L 60s >claim2 && grep -q "$id/2" claim2
}
ok 'a lapsed lease is given again, as another attempt' wait_for again
check 'the first holder has lost it' 75 '' '*' tqctl done "$id/1"
check 'the second has not' 0 '' '' tqctl fail 3 "$id/2"
check 'its status is kept' 3 '' '' tqresult "$id"

# What waits can be seen and changed.
a=$(tqput -q v -N note a)
b=$(tqput -q v -d 1h -N note b)
check 'tqstat lists it' 0 "$a${TAB}v${TAB}ready${NL}$b${TAB}v${TAB}delayed$NL" \
    '' tqstat -q v -o id,queue,state
like 'tqstat -O counts it' "$(tqstat -O -o queue,ready,delayed -q v)" \
    "v${TAB}1${TAB}1"
check 'a queue is paused' 0 '' '' tqctl pause v
check 'nothing is claimed' 1 '' '' tqget -q v -t 0
check 'and resumed' 0 '' '' tqctl resume v
check 'a task is moved' 0 '' '' tqctl move w "$a"
check 'to there' 0 "w$NL" '' tqstat -o queue "$a"
check 'an id that nobody knows is in no queue' 66 '' '*no such id*' \
    tqstat -q w unknown
check 'one is revoked' 0 '' '' tqctl revoke "$b"
check 'and says so' 125 '' '*revoked*' tqresult "$b"
check 'a queue is closed' 0 '' '' tqctl close w
check 'and refuses' 75 '' '*w: queue is closed*' tqput -q w -N note c
check 'and opened' 0 '' '' tqctl open w
check 'and purged' 0 '' '' tqctl purge w
check 'its task is revoked' 0 "revoked$NL" '' tqstat -o state "$a"
# More ids than are looked for one by one.
for i in 1 2 3 4 5 6 7 8 9; do
	tqput -q many -N note $i
	tqput -q many -d 1h -N note 1$i
	tqput -q many -p 9 -N note 2$i
done >ids
sort -r ids >order
check 'one of them unknown' 66 '' '*unknown*' tqctl move w $(cat order) unknown
is 'moves none' "$(rcli LLEN w)" 0
check 'many are moved' 0 '' '' tqctl move w $(cat order)
is 'all of them' "$(tqstat -q w -o id | sort -r)" "$(cat order)"
check 'many are revoked' 0 '' '' tqctl revoke $(cat ids)
is 'every one' "$(tqstat -o state $(cat ids) | sort | uniq -c | tr -d ' ')" \
    27revoked
check 'an unknown queue' 66 '' '*nowhere*' tqctl pause nowhere
check 'what cannot be had' 78 '' '*' tqctl hold "$a"
check 'nor this' 78 '' '*' tqctl set w limit=3
check 'nor a task put so' 78 '' 'tqput: *--hold*' tqput --hold -N note x
check 'a key is taken once' 0 "$ID" '' tqput -q k -k key -N note x
check 'and no second time' 1 "${out%"$NL"}$NL" '*' tqput -q k -k key -N note y
bg tqrun -q k -j 1 h
once=${out%"$NL"}
check 'until it has ended' 0 '' '' tqresult -t 60 "$once"
check 'then again' 0 "$ID" '' tqput -q k -k key -N note z
check 'what a queue has' 0 "open${TAB}0${TAB}-${TAB}-$NL" '' \
    tqstat -O -q k -o state,ready,success,put_total
tqstat --prometheus -q k >metrics
is 'what nobody counts is no metric' \
    "$(grep -c '^tq_queue_tasks{queue="k",state="ready"} 0$' metrics) $(grep -c \
    'state="success"\|_bytes\|_total{queue\|_workers{' metrics)" '1 0'
check 'tqresult waits for a queue' 0 '' '' tqresult -w -t 60 -q k

# A group is waited for by its id, like a task.
cat >h/echo <<'SH'
#!/bin/sh
[ "$1" != bad ] || { echo no >&2; exit 5; }
echo "it is $1"
SH
chmod +x h/echo
bg tqrun -q g -j 2 h
gid=$(printf '1\n2\n3\n' | tqput -m --group -q g -N echo)
check 'outputs of a group in order' 0 "it is 1${NL}it is 2${NL}it is 3$NL" '' \
    tqresult -w -t 60 "$gid"
gid=$(printf '1\nbad\n3\n' | tqput -m --group -q g -N echo)
check 'the first that is not 0' 5 "it is 1${NL}it is 3$NL" "no$NL" \
    tqresult -w -t 60 "$gid"
check 'and its state' 0 "failure$NL" '' tqstat -o state "$gid"

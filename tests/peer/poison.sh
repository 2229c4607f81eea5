#!/bin/sh
# Messages that kill a Celery worker, and worse ones: each is set aside with
# its reason, the worker stays up and small, and the next task runs.
#
# Of mutants (mutants.py) there are 3,000, always the same; under TQ_CRASH=long
# 100,000, others each time.  A seed that failed can be given again in TQ_SEED.

top=$PWD
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app

celery_handlers h
tqrun -j 2 h 2>w.err &
W=$!
pids="$pids $W"
# kB of memory that the worker has (VmRSS), or had at most (VmHWM)
size()
{
	sed -n "s/^$1:[^0-9]*\([0-9]*\).*/\1/p" /proc/$W/status
}
small()
{
	if [ -n "${SAN:-}" ]; then
		skip "$1" 'sanitizers keep memory'
	else
		ok "$1" test "$2" -lt "$3"
	fi
}

n=$(/usr/bin/python3 "$top/tests/peer/poison.py")
dead()
{
	[ "$(rcli LLEN tq.dead)" -ge "$1" ]
}
seen()
{
	[ "$(rcli LLEN celery) $(rcli HLEN unacked)" = '0 0' ]
}
ok 'they are all seen to' wait_long seen
is 'and set aside, all of them' "$(rcli LLEN tq.dead)" "$n"
rcli LRANGE tq.dead 0 -1 | cut -c 1-300 >dead
ok 'each with a reason and its queue' test \
    "$(grep -c '^{"why": "..*", "queue": "celery", "worker"' dead)" -eq "$n"
is 'long ones are cut and say how long they were' "$(py <<'PY'
import json, redis
r = redis.Redis.from_url(os.environ['TQ_BROKER'])
dead = [json.loads(m) for m in r.lrange('tq.dead', 0, -1)]
cut = [d for d in dead if 'cut' in d]
print(len(cut), all(len(d['message']) == 16384 < d['cut'] for d in cut),
    max(d['cut'] for d in cut) > 50000000,
    max(r.strlen(k) if r.type(k) == b'string' else 0 for k in r.keys()) < 1e6,
    any(d['message'] == 'hello' for d in dead if 'cut' not in d))
PY
)" '2 True True True True'
ok 'the worker is up' kill -0 $W
is 'and runs the next task' "$(py <<PY
print(add.delay(20, 3).get(timeout=60))
PY
)" 23
small 'it gives back what the long ones took' "$(size VmRSS)" 16384
is 'the reason is told' "$(py <<'PY'
for id in ('deep', 'long'):
    app.AsyncResult(id).get(timeout=60, propagate=False)
    print(repr(app.AsyncResult(id).result))
PY
)" "BadMessage('body: JSON deeper than 100')
BadMessage('JSON of 66667214 bytes, over 25165824')"
check 'too much for a program is told' 1 '' \
    '*CommandFailed*Argument list too long*' py <<'PY'
add.delay('x' * 2000000, 1).get(timeout=60)
PY

# What a worker took and died with, before it could look at it.
rcli HSET unacked tq.gone.1 '[hello, "", "celery"]' >out
rcli ZADD tq.lease 1 tq.gone.1 >out
buried()
{
	rcli LINDEX tq.dead 0 | grep -q '"message": "hello"'
}
ok 'what a dead worker took is set aside, too' wait_for buried
is 'and nobody holds it' "$(rcli ZCARD tq.lease)" 0
kill -TERM $W
wait_gone $W

# A handler for every name: what is no poison runs, and is counted.
cat >all <<'PL'
#!/usr/bin/perl
use IO::Handle;
$| = 1;
open(my $runs, '>>', 'runs') or die;
$runs->autoflush(1);
while (<STDIN>) {
	/"id": ?("(?:[^"\\]|\\.)*")/ or die $_;
	my $id = $1;
	print $runs "$id\n";
	print "{\"id\": $id, \"result\": 1}\n";
}
PL
chmod +x all
cat >ran.py <<'PY'
# What has run, in `runs` by its name in tq (lib/message/celery_id.c).
import json, uuid
runs = {json.loads(line) for line in open('runs')}

def mix(x):
    x = (x ^ x >> 33) * 0xff51afd7ed558ccd % 2 ** 64
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53 % 2 ** 64
    return x ^ x >> 33

def name(id):
    a, b = 0xcbf29ce484222325, 0x6a09e667f3bcc908
    for c in b'name/' + id.encode():
        a = (a ^ c) * 0x100000001b3 % 2 ** 64
        b = (b + c) * 0x9e3779b97f4a7c15 % 2 ** 64
        b ^= b >> 29
    id = bytearray()
    for x in (a + b, b ^ (a << 32 | a >> 32)):
        id += mix(x % 2 ** 64).to_bytes(8, 'little')
    id[6], id[8] = id[6] & 15 | 128, id[8] & 63 | 128
    return 'tq-%s' % uuid.UUID(bytes=bytes(id))

def ran(id):
    return id in runs or name(id) in runs
PY
cat >ends.py <<'PY'
# How many ended without a run and without being set aside.
from proj import *
from ran import ran
import json, redis
r = redis.Redis.from_url(os.environ['TQ_BROKER'])
whys = {json.loads(d)['why'] for d in r.lrange('tq.dead', 0, -1)}
n = 0
for key in r.scan_iter('celery-task-meta-*', count=1000):
    meta = json.loads(r.get(key))
    exc = meta['result'].get('exc_type') if type(meta['result']) is dict else ''
    buried = exc == 'BadMessage' and meta['result']['exc_message'][0] in whys
    n += not buried and not ran(key.decode()[17:])
print(n)
PY
cat >untold.py <<'PY'
# The ids for whose end somebody would wait for ever.
from proj import *
from ran import ran
import json, redis
r = redis.Redis.from_url(os.environ['TQ_BROKER'])
for id in json.load(open('ids')):
    meta = json.loads(r.get('celery-task-meta-' + id) or '{}')
    if meta.get('status') not in ('SUCCESS', 'FAILURE', 'REVOKED') and \
            not ran(id):
        print(repr(id), meta)
PY
many=3000 seed=${TQ_SEED:-1}
[ "${TQ_CRASH:-}" = long ] && many=100000 seed=${TQ_SEED:-$$}
VECTORS=$top/tests/vectors/celery/redis-msg
export VECTORS
tqrun -j 2 -U ./all 2>w.err &
W=$!
pids="$pids $W"
# each value of a message with another type, then mutants
for what in types "$many $seed"; do
	rcli FLUSHALL >out
	: >runs
	n=$(/usr/bin/python3 "$top/tests/peer/mutants.py" $what)
	ok "$what: $n messages are seen to" wait_long seen
	dead=$(rcli LLEN tq.dead) runs=$(wc -l <runs)
	ends=$(/usr/bin/python3 ends.py)
	echo "# $what: $n = $dead set aside + $runs run + $ends others"
	is 'each was set aside, or ran, or ended' $((dead + runs + ends)) "$n"
	is 'nobody who knows the id of one waits for ever' \
	    "$(/usr/bin/python3 untold.py)" ''
	ok 'some were set aside' test "$dead" -gt $((n / 2))
	ok 'some ran' test "$runs" -gt $((n / 20))
	is 'each that was set aside has its reason' \
	    "$(rcli LRANGE tq.dead 0 -1 | grep -c '^{"why": "[^"]')" "$dead"
	small 'the worker is small' "$(size VmHWM)" 32768
	is 'it is up and runs the next task' "$(py <<PY
print(add.delay(20, 4).get(timeout=60))
PY
)" 1
done

# Twins: messages with one id, as Celery's restore may make them.
: >runs
: >w.err
py <<'PY' >out
with app.connection_for_write() as c:
    for n in range(40):
        add.apply_async((1, 2), task_id='twin', connection=c)
PY
# those whose twin runs wait a second
all_run()
{
	[ "$(wc -l <runs)" -ge 40 ]
}
ok 'messages with one id are run' wait_long all_run
ok 'and seen to' wait_long seen
is 'each of them once, and none waits' \
    "$(wc -l <runs) $(rcli ZCARD tq.delayed)" '40 0'
is 'without a word' "$(cat w.err)" ''
kill -TERM $W
wait_gone $W
tqrun -j 2 h 2>w.err &
pids="$pids $!"

# Names that lead out of the handlers' directory are nobody's.
is 'no name of a handler' "$(py <<'PY'
for name in ('../../bin/sh', '/bin/sh', 'a b', '', '-x'):
    try:
        app.send_task(name or 'é').get(timeout=60)
    except Exception as e:
        print(type(e).__name__, end=' ')
PY
)" 'NotRegistered NotRegistered NotRegistered NotRegistered NotRegistered '

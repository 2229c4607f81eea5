#!/bin/sh
# A site with result_chord_ordered: False, which counts the members of a chord
# in a list: workers of both kinds go on in what the first one began.

. "${0%/*}/../lib/canvas.sh"
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
canvas_handlers
cat >>proj.py <<'PY'
app.conf.result_backend_transport_options = {'result_chord_ordered': False}
ident = app.signature('celery.accumulate', kwargs={'index': 0})
PY
plain=$TQ_BROKER
list="$plain?chord-ordered=no"

# begin NAME: two members for tq, two for Celery's worker, and a body for either
begin()
{
	id=$(py <<PY
c = [add.s(i, 1).set(queue=q) for i, q in enumerate(['tq', 'py'] * 2)]
print(chord(c)(ident.clone().set(queue='$1')).id)
PY
)
}

# counted N: so many parts are in a list
counted()
{
	n=$(rcli --scan --pattern '*.j' | while read -r k; do rcli llen "$k"; done)
	[ "${n:-0}" = "$1" ]
}

sorted()
{
	echo "print(sorted(app.AsyncResult('$id').get(timeout=60)))" | py
}

begin py
tqrun -b "$list" -E -q tq handlers
ok 'tq begins a list where the URL says so' counted 2
celery_worker -Q py
is "a Celery worker goes on in it" "$(sorted)" '[1, 2, 3, 4]'
begin tq
wait_long counted 2
tqrun -E -q tq handlers
is 'tq goes on in what Celery began, whatever its URL says' "$(sorted)" \
    '[1, 2, 3, 4]'
is 'nothing is left of them' "$(rcli keys 'celery-taskset*' | tr -d '\n')" ''

# What Celery's worker had counted when it died, and tq takes over.
begin tq
wait_long counted 2
py <<'PY'
import json, re, redis
r = redis.Redis.from_url(os.environ['TQ_BROKER'])
m = json.loads(r.lindex('tq', -1))
j = r.keys('*.j')[0]
# before the others, with another result
r.lpush(j, json.dumps([1, m['headers']['id'], 'SUCCESS', 1000]))
m['headers']['redelivered'] = True
r.lset('tq', -1, json.dumps(m))
PY
tqrun -E -q tq handlers
is 'a member that was counted before counts once' "$(sorted)" '[1, 2, 3, 4]'

# who does what is chance
bg tqrun -b "$list" -q py -q tq -j 2 handlers
got "[(0, 45)]" 'many chords, by workers of both kinds' <<'PY'
rs = [chord([add.si(i, 0).set(queue='py') for i in range(10)])(
    tsum.s().set(queue='py')) for k in range(20)]
print(sorted({(r.get(timeout=60) - 45, 45) for r in rs}))
PY
is 'none is left behind' "$(rcli keys '*.j' | tr -d '\n')" ''
got ChordError 'a member that fails fails its chord' <<'PY'
rs = [chord([add.si(i, 0).set(queue='py') for i in range(3)] +
    [boom.si().set(queue='py')])(tsum.s().set(queue='py')) for k in range(9)]
print(*{type(r.get(timeout=60, propagate=False)).__name__ for r in rs})
PY
got '[1, 2, [3, 4]]' 'a group in it gets its place' <<'PY'
def q(s): return s.set(queue='py')
r = chord([q(add.s(0, 1)), q(add.s(0, 2)),
    chain(q(add.s(0, 0)), group(q(add.s(3)), q(add.s(4))))])(q(ident.clone()))
print(r.get(timeout=60))
PY
ok 'both kinds worked' grep -q succeeded "$T/celery.log"

# the results are on another server: a part may be counted twice
broker=$plain
redis_start results
TQ_RESULTS="$TQ_BROKER?chord-ordered=no" TQ_BROKER=$broker
export TQ_RESULTS
id=$(printf '1\n2\n3\n' | tqput -q apart -m -J --chord proj.tsum -N proj.add 10)
tqrun -E -q apart handlers
check 'a chord on two servers' 0 "36$NL" '' tqresult -w -t 60 "$id"
check 'a word that is no answer is quoted' 64 '' \
    "*chord-ordered='x': want yes or no" \
    tqput -b "$plain?chord-ordered=x" -N proj.add -J 1 2

#!/bin/sh
# What tqput asks of a task, a Celery worker sees in its request.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
cat >>proj.py <<'PY'

@app.task(name='proj.request', bind=True)
def request(self):
    r = self.request
    return {'label': r.get('label'), 'limits': r.timelimit,
        'expires': bool(r.expires), 'eta': bool(r.eta),
        'queue': r.delivery_info['routing_key'],
        'priority': r.delivery_info['priority'],
        'ignored': r.ignore_result, 'lang': r.lang}

@app.task(name='proj.told')
def told(id):
    note(id)
PY

# What Python sees of a task put so, one member: seen NAME PUT-OPTION...
seen()
{
	seen=$1
	shift
	id=$(tqput "$@" -N proj.request) || return
	py <<PY
print(app.AsyncResult('$id').get(timeout=60)['$seen'])
PY
}

lists()
{
	for list in celery "$(printf 'celery\006\0263')" \
	    "$(printf 'celery\006\0266')" "$(printf 'celery\006\0269')"; do
		printf '%s ' "$(rcli llen "$list")"
	done
}

tqput -Q -p 9 -N proj.note
tqput -Q -p 3 -N proj.note
tqput -Q -p 0 -N proj.note
tqput -Q -p 4 -N proj.note
tqput -Q -N proj.note
is 'priorities go to their lists, none to the first' "$(lists)" '2 1 1 1 '
rcli flushall >/dev/null

# Default tasks of both kinds stand in one line: fill, then who runs them.
fill()
{
	: >"$NOTES"
	seq 1 100 | tqput -m -Q -J -N proj.note
	py <<'PY'
for i in range(101, 201):
    note.delay(i)
PY
	seq 201 300 | tqput -m -Q -J -N proj.note
}

all_noted()
{
	[ "$(wc -l <"$NOTES")" -ge 300 ]
}

in_order()
{
	tr -dc '0-9\n' <"$NOTES" | sort -c -n
}

mkdir handlers
cat >handlers/proj.note <<SH
#!/bin/sh
echo "\$1" >>'$NOTES'
SH
chmod +x handlers/proj.note
fill
tqrun -E -q celery -j 1 handlers 2>/dev/null
ok 'a tq worker runs all' all_noted
ok 'in order of arrival, whoever put them' in_order
fill
celery_worker -Q celery,images,bulk
wait_long all_noted
ok 'so does a Celery worker' in_order
is 'a label is a header' "$(seen label -l noon)" noon
is 'limits, the hard one first' "$(seen limits -T 20,30)" '[30, 20]'
is 'an expiry' "$(seen expires -x 1h)" True
is 'an ETA' "$(seen eta -d 0.2)" True
is 'a queue' "$(seen queue -q images)" images
is 'without -p the priority is 0' "$(seen priority)" 0
is 'the most urgent is 0 too' "$(seen priority -p 9)" 0

TQ_ROUTES="proj.r*	images$NL*	bulk"
export TQ_ROUTES
is 'a route' "$(seen queue)" images
is 'but -q wins' "$(seen queue -q celery)" celery
TQ_ROUTES='one'
check 'a line that is no route is named' 64 '' "*TQ_ROUTES:1: 'one'*" \
    tqput -N proj.request
unset TQ_ROUTES

id=$(tqput --no-result -N proj.add -J 2 3)
tqput -Q -N proj.note done
wait_long grep -q done "$NOTES"
is 'no result is kept that nobody wants' \
    "$(rcli exists "celery-task-meta-$id")" 0

for o in '-r 3' '-k key' '-S lane' '-R gpu' '--once' '--keep 1h' \
    '--limit mem=1G' '--backoff 1,2,60' '-e A=b' '-C /'; do
	check "${o%% *} is refused, by name" 78 '' "*${o%% *}: no*" \
	    tqput -b "$TQ_BROKER" $o -N proj.add -J 1 2
done
is 'and nothing was put' "$(lists)" '0 0 0 0 '
check 'unless all workers are ours' 0 "$ID" '' \
    tqput -b "$TQ_BROKER?workers=tq" -r 3 -N proj.none

# ---- canvases ----------------------------------------------------------------

# What the Python program sees of a put: result ID
result()
{
	py <<PY
print(app.AsyncResult('$1').get(timeout=60))
PY
}

id=$(printf '1\n2\n3\n' | tqput -m -J --chord proj.tsum -N proj.add 10)
is 'a chord: its callback gets the list' "$(result "$id")" 36

id=$(printf '1\n2\n' | tqput -m -J --group -N proj.add 10)
is 'a group, which a client restores' "$(py <<PY
from celery.result import GroupResult
print(GroupResult.restore('$id', app=app).get(timeout=60))
PY
)" '[11, 12]'

: >"$NOTES"
id=$(printf '1\n2\n3\n' | tqput -m -J --chain -N proj.note)
is 'a chain: the last one' "$(result "$id")" '[3]'
is 'runs after those before' "$(cat "$NOTES")" "py (1,) []${NL}py (2,) []${NL}py (3,) []"

: >"$NOTES"
tqput -Q --link 'proj.note "a" x' --link-error proj.told -N proj.add -J 2 3
wait_long grep -q . "$NOTES"
is '--link: a call with the result before' "$(cat "$NOTES")" "py (5, 'a', 'x') []"

: >"$NOTES"
id=$(tqput --link proj.note --link-error proj.told -N proj.boom bad)
wait_long grep -q . "$NOTES"
is '--link-error: the id of what failed' "$(cat "$NOTES")" "py ('$id',) []"

check '--link of what is no name' 64 '' "*'./run' follows a named task*" \
    tqput --link './run it' -N proj.add -J 2 3
check 'a task of another put is not waited for' 78 '' '*-A: Celery cannot*' \
    tqput -A "$id" -N proj.add -J 2 3

# Canvases that a Celery client sends, and what it must get, whoever works:
# sourced before redis.sh.
#
#	canvas_handlers		make the directory handlers, all tasks of
#				celery_app for tqrun
#	canvases		the tests
#	canvases_of_tq		those of what a Celery worker does not do

canvas_handlers()
{
	celery_handlers handlers
	cat >handlers/proj.boom <<'SH'
#!/bin/sh
echo "!fail ValueError ${1:-no good}" >&"$TQ_STATUS_FD"
exit 1
SH
	cat >handlers/proj.note <<SH
#!/bin/sh
echo "tq \$*" >>'$NOTES'
SH
	cp handlers/proj.note handlers/proj.told
	cat >handlers/proj.nap <<'SH'
#!/bin/sh
exec sleep "$1"
SH
	chmod +x handlers/*
	cat >>proj.py <<'PY'

@app.task(name='proj.told')
def told(id):
    note(id)
PY
}

# got TEXT NAME: run the Python text, which prints, and compare.
got()
{
	py >got 2>&1
	is "$2" "$(cat got)" "$1"
}

# Arguments of proj.note as a line, whichever worker wrote it.
note_args()
{
	sed -e 's/^[pt][yq] //' -e 's/ \[.*//' -e "s/[(),']//g" "$NOTES"
}

canvases()
{
	got '113 13 3' 'a chain, each task with the result before' <<'PY'
r = chain(add.s(1, 2), add.s(10), add.s(100))()
print(r.get(timeout=60), r.parent.get(timeout=60), r.parent.parent.get(timeout=60))
PY

	got '[0, 2, 4]' 'a group' <<'PY'
print(group(add.s(i, i) for i in range(3))().get(timeout=60))
PY

	got '6' 'a chord' <<'PY'
print(chord([add.s(i, i) for i in range(3)], tsum.s())().get(timeout=60))
PY

	got '0' 'a chord leaves nothing behind' <<'PY'
print(len([k for k in app.backend.client.keys('celery-taskset-meta-*')]))
PY

	got '9' 'a chain into a group into a task' <<'PY'
print(chain(add.s(1, 2), group(add.s(1), add.s(2)), tsum.s())().get(timeout=60))
PY

	got '136' 'two chords in a chain' <<'PY'
r = chain(group(add.s(0, 1), add.s(0, 2)), tsum.s(),
    group(add.s(10), add.s(20)), tsum.s(), add.s(100))()
print(r.get(timeout=60))
PY

	got '16' 'a chord in a chord' <<'PY'
print(chord([chord([add.s(1, 1), add.s(2, 2)], tsum.s()), add.s(5, 5)],
    tsum.s())().get(timeout=60))
PY

	got '[4, 2, 6]' 'groups in a chord, flattened as Celery does' <<'PY'
ident = app.signature('celery.accumulate', kwargs={'index': 0})
r = chord([group(add.s(1, 1), add.s(2, 2)), add.s(3, 3)], ident)()
print(r.get(timeout=60))
PY

	got '[3, 7] [3, 7]' 'map and starmap' <<'PY'
print(tsum.map([[1, 2], [3, 4]]).delay().get(timeout=60),
    add.starmap([(1, 2), (3, 4)]).delay().get(timeout=60))
PY

	got '[[0, 2], [4]]' 'chunks' <<'PY'
print(add.chunks([(i, i) for i in range(3)], 2)().get(timeout=60))
PY

	: >"$NOTES"
	got '5 1' 'link: the callback gets the result' <<'PY'
r = add.apply_async((2, 3), link=note.s('x'))
r.get(timeout=60)
print(r.get(), len(r.children))
PY
	wait_long grep -q . "$NOTES"
	is 'and its own arguments behind' "$(note_args)" '5 x'

	: >"$NOTES"
	got "ValueError('bad')" 'a failure is raised as itself' <<'PY'
r = boom.apply_async(('bad',), task_id='failing', link_error=told.s())
print(repr(r.get(timeout=60, propagate=False)))
PY
	wait_long grep -q . "$NOTES"
	is 'link_error: the errback gets the id' "$(note_args)" failing

	got "3 FAILURE 1" 'the rest of a chain fails with it' <<'PY'
r = chain(add.s(1, 2), boom.s(), add.s(1))()
print(r.get(timeout=60, propagate=False), r.state, r.parent.parent.get() - 2)
PY

	got "ChordError(\"Dependency m raised ValueError('x')\")" \
	    'a member that fails fails the chord' <<'PY'
r = chord([add.s(1, 1), boom.s('x').set(task_id='m')], tsum.s())()
print(repr(r.get(timeout=60, propagate=False)))
PY

	got 'REVOKED expired' 'a task that expired' <<'PY'
from celery.exceptions import TaskRevokedError
r = add.apply_async((1, 1), countdown=1.5, expires=1)
try:
    r.get(timeout=60)
except TaskRevokedError as e:
    print(r.state, e)
PY

	got 'PENDING 7' 'ignore_result keeps nothing, and calls back' <<'PY'
r = add.apply_async((2, 3), ignore_result=True, link=add.s(2).set(task_id='cb'))
print(app.AsyncResult('cb').get(timeout=60) and r.state, app.AsyncResult('cb').get())
PY

}

# Where Celery 5.2 itself gives less.
canvases_of_tq()
{
	got '[[11, 21], 5]' 'a chain that ends in a group, in a chord' <<'PY'
ident = app.signature('celery.accumulate', kwargs={'index': 0})
print(chord([chain(add.s(0, 1), group(add.s(10), add.s(20))), add.s(5, 0)],
    ident)().get(timeout=60))
PY

	got 'pong' "Celery's own tasks" <<'PY'
print(app.send_task('celery.ping').get(timeout=60))
PY

	got '[1, 2] True' 'a chord that somebody has celery.chord_unlock watch' <<'PY'
rs = [add.delay(0, 1), add.apply_async((0, 2), countdown=1)]
body = app.signature('celery.accumulate', kwargs={'index': 0}, task_id='watched')
u = app.send_task('celery.chord_unlock', ('gid', dict(body)),
    {'result': [r.as_tuple() for r in rs], 'interval': 0.2})
print(app.AsyncResult('watched').get(timeout=60), u.state == 'PENDING')
PY

	got 'SoftTimeLimitExceeded TimeLimitExceeded' 'time limits' <<'PY'
rs = [nap.apply_async((30,), soft_time_limit=1, time_limit=20),
    nap.apply_async((30,), time_limit=1)]
print(*[type(r.get(timeout=60, propagate=False)).__name__ for r in rs])
PY
}

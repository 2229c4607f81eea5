#!/bin/sh
# Long results, and long arguments: what a message can carry arrives, and what
# it cannot ends what waits for it, with a sentence.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
mkdir h
printf '#!/bin/sh\nhead -c "$1" /dev/zero | tr "\\0" x\n' >h/blob
printf '#!/bin/sh\necho 7\n' >h/seven
printf '#!/bin/sh\nexec wc -c\n' >h/read
echo 'operands no' >h/read.conf
printf '#!/bin/sh\necho $#\n' >h/argc
chmod +x h/blob h/seven h/read h/argc
# resident: how long all that it was given is
cat >sizes.py <<'PY'
import json, sys
for line in sys.stdin:
    t = json.loads(line)
    n = sum(len(x) for a in t['args'] for x in (a if isinstance(a, list) else [a]))
    print(json.dumps({'id': t['id'], 'result': n}), flush=True)
PY
printf '#!/bin/sh\nexec /usr/bin/python3 %s\n' "$T/sizes.py" >sizes
chmod 755 sizes
bg tqrun -j 2 -U sizes="$T/sizes" h 2>w.err
W=$!

# A chord of tasks that return so many bytes, and what its body ends with.
chord()
{
	py <<PY
def s(name, *args):
    return app.signature(name, args=args, immutable=name in ('blob', 'seven'))
try:
    print(chord([$1], $2).apply_async().get(timeout=200))
except Exception as e:
    print(repr(e))
PY
}

is 'a body that takes nothing runs behind any results' \
    "$(chord "s('blob', 15000000), s('blob', 9000000)" "s('seven')")" 7
is 'one that takes them is given as much as a message carries' \
    "$(chord "s('blob', 7000000), s('blob', 9000000)" "s('sizes')")" 16000000
is 'of many, too' \
    "$(chord "*[s('blob', 2048) for i in range(1000)]" "s('sizes')")" 2048000
like 'more ends the chord, and says so' \
    "$(chord "s('blob', 9000000), s('blob', 9000000)" "s('sizes')")" \
    "ChordError('sizes: a message of 180000?? bytes with what it is given,*')"
like 'nor is a link sent more' "$(py <<'PY'
r = chain(app.signature('blob', args=(16777000,)), app.signature('sizes'),
    app.signature('seven', immutable=True)).apply_async()
for x in (r.parent.parent, r):
    try:
        print(len(x.get(timeout=60)))
    except Exception as e:
        print(repr(e))
PY
)" "InvalidTaskError('sizes: a message of 1677???? bytes with what it is given,*
InvalidTaskError('sizes: a message of 1677???? bytes with what it is given,*"

# ---- arguments ---------------------------------------------------------------

call()
{
	py <<PY
try:
    print(app.send_task('$1', args=['x' * $2]).get(timeout=60))
except Exception as e:
    print(repr(e))
PY
}

is 'a resident handler gets all of a long argument' "$(call sizes 9000000)" \
    9000000
like 'no program is given one over 128 KiB' "$(call argc 140000)" \
    'CommandFailed(*Argument list too long*'
n=$(call read 3000000)
ok 'a handler reads it that wants no operands' [ "$n" -gt 3000000 ]
is 'nothing was set aside' "$(rcli LLEN tq.dead)" 0
kill -TERM $W
wait_gone $W

#!/bin/sh
# The server loses what it has while tasks run: a task that was taken before ends
# as if nothing had been, and what follows from it is sent.  Only what is held
# no more by a server that has its data is somebody else's.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app

# One that runs until its gate is opened.
celery_handlers h
cat >h/proj.wait <<SH
#!/bin/sh
echo "\$1" >>'$T/running'
cat '$T/gate.'"\$1"
SH
chmod +x h/proj.wait
runs()
{
	grep -qx "$1" running
}
open_gate()
{
	echo "$2" >"gate.$1"
}

: >running
bg tqrun -j 4 -v h 2>run.err
mkfifo gate.flushed gate.link gate.again gate.lost
cat >put.py <<'PY'
from proj import *
wait = app.signature('proj.wait', app=app)
wait.clone(('flushed',)).set(task_id='flushed').apply_async()
chain(wait.clone(('link',)).set(task_id='link'),
    add.s(5).set(task_id='linked')).apply_async()
PY
/usr/bin/python3 put.py
wait_for runs flushed
wait_for runs link
rcli FLUSHALL >/dev/null
open_gate flushed 7
open_gate link 1
check 'a task ends on a server that was emptied' 0 "7$NL" '' \
    tqresult -w -t 60 flushed
check 'what follows it is sent' 0 "6$NL" '' tqresult -w -t 60 linked

# started again without its file
tqput -Q --id again -N proj.wait again
wait_for runs again
redis_kill
rm -rf "$T/redis/appendonlydir" "$T/redis/"*.aof
redis_again
open_gate again 11
check 'or that came back empty' 0 "11$NL" '' tqresult -w -t 60 again
is 'nobody was told that it is not his any more' \
    "$(grep -c 'not ours' run.err)" 0

# but with its data there, an entry that is gone is somebody else's
tqput -Q --id lost -N proj.wait lost
wait_for runs lost
rcli DEL unacked unacked_index >/dev/null
open_gate lost 13
ended()
{
	grep -q 'lost: success\|lost: .*not ours' run.err
}
wait_for ended
check 'the worker goes on' 0 "5$NL" '' \
    tqresult -w -t 60 "$(tqput -N proj.add 2 3)"
is 'and what is held no more has no result' \
    "$(rcli EXISTS celery-task-meta-lost)" 0

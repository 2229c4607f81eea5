#!/bin/sh
# Shapes of more tasks than one put takes: they are there whole or not at all,
# and count as Celery's do.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
celery_handlers h
# resident, for there are thousands
cat >resident.py <<'PY'
import json, sys
for line in sys.stdin:
    t = json.loads(line)
    a = t['args']
    r = a[0] + 1 if t['name'] == 'proj.add' else sum(a[0])
    print(json.dumps({'id': t['id'], 'result': r}), flush=True)
PY

# All that was written to the pipe has been read (FIONREAD).
mkfifo in
taken()
{
	[ "$(perl -e 'open(F, "+<", "in"); ioctl(F, 0x541B, $n = pack("i", 0));
	    print unpack("i", $n)')" = 0 ]
}

# Keys but for those
nkeys()
{
	rcli --scan | grep -c -v -e "$1"
}

gid=$(seq 1 2500 | tqput -m -q g --group -J -N proj.add)
is 'a group of 2500' "$(rcli LLEN g)" 2500
is 'is one to Python' "$(py <<PY
r = app.GroupResult.restore('$gid')
print(len(r.results), r.completed_count())
PY
)" '2500 0'
is 'its members are those' "$(rcli LRANGE g 0 -1 | sed 's/.*"id": *"\([^"]*\)".*/\1/' |
    sort | uniq | wc -l)" 2500
is 'what was laid down is gone' "$(nkeys '^_kombu\|^g$\|^celery-taskset')" 0
rcli flushall >out

id=$(seq 1 1500 | tqput -m --chord proj.tsum --kw y=1 -J -N proj.add)
gid=$(rcli --scan | sed -n 's/^celery-taskset-meta-\(.*\)\.s$/\1/p')
is 'a chord has the size that Celery gives it' \
    "$(rcli GET "celery-taskset-meta-$gid.s")" 1500
celery_worker
wait_long tqresult -t 5 -w "$id" >out
is 'and a Celery worker ends it' "$(tqresult "$id")" 1127250
is 'nothing is left of the chord' "$(rcli --scan | grep -c taskset)" 0
kill -TERM "$CELERY_PID"
wait_gone "$CELERY_PID"
rcli flushall >out

id=$(seq 1 1500 | tqput -m --chord proj.tsum -J -N proj.add)
printf '#!/bin/sh\nexec /usr/bin/python3 %s\n' "$T/resident.py" >resident
chmod 755 resident
tqrun -E -U "$T/resident" 2>run.err
is 'tqrun too' "$(tqresult "$id")" 1127250
rcli flushall >out

id=$(seq 1 1200 | tqput -m --chain -J -N proj.add)
is 'a chain of 1200 is one message' "$(rcli LLEN celery)" 1
is 'whose last is the one that is told' "$(rcli LINDEX celery 0 | perl -MMIME::Base64 -ne '
    /"body": *"([^"]*)"/ and print decode_base64($1)' | grep -c "$id")" 1
rcli flushall >out
tqput -m -Q --chain -J -N proj.add <in &
exec 9>in
echo 1 >&9
wait_for taken
echo 2 >&9
exec 9>&-
wait $!
is 'a chain that comes slowly is one too' "$(rcli LLEN celery)" 1
rcli flushall >out

awk 'BEGIN { for (i = 0; i < 1500; i++) print "l" i "\techo " i }' >flow
tqput -Q -F flow
is 'a flow of 1500 lines' "$(rcli LLEN celery)" 1500
rcli flushall >out

# ---- whole or not at all

tqput -m --group -J -N proj.add <in >out 2>&1 &
P=$!
exec 9>in
seq 1 3000 >&9
wait_for taken
is 'while members come nothing is there' "$(rcli DBSIZE)" 0
kill -KILL $P
wait $P 2>/dev/null
exec 9>&-
is 'nor when it is killed' "$(rcli DBSIZE)" 0

# Killed at each of its messages to the server: nobody sees a part.
seq 1 3500 >records
bad= whole=0
for n in 1 2 3 4 5 6 7 8 9 10; do
	if command -v strace >/dev/null; then
		strace -f -qq -o trace -e trace=sendto \
		    -e inject=sendto:signal=KILL:when=$n \
		    tqput -m -Q --group -J -N proj.add <records >out 2>&1
	fi
	len=$(rcli LLEN celery)
	case $len in
	0)	;;
	3500)	whole=1 ;;
	*)	bad="$bad $n:$len" ;;
	esac
	for k in $(rcli --scan --pattern 'tq.stage.*'); do
		[ "$(rcli TTL "$k")" -gt 0 ] || bad="$bad $n:$k"
	done
	[ "$len" = 0 ] && [ "$(nkeys '^tq\.stage\.')" != 0 ] && bad="$bad $n:keys"
	rcli flushall >/dev/null
	[ "$whole" = 0 ] || break
done
if command -v strace >/dev/null; then
	is 'killed anywhere it is whole or not there' "$bad" ''
	is 'and at last it is whole' "$whole" 1
else
	skip 'killed anywhere' 'no strace'
fi

# from a file: what comes through a pipe after a pause is another put
check 'what is chosen twice is found among thousands' 1 '*' '*twice*' sh -c '
    { seq 1 1500 | sed "s/.*/{\"id\":\"i&\",\"name\":\"x\",\"group\":\"g\"}/"; } >r
    { echo "{\"id\":\"g\",\"kind\":\"group\"}"; head -n 600 r; sed -n 5p r; } >all
    tqput -mJ <all'
is 'and nothing is put' "$(rcli DBSIZE)" 0
# a script over all of them may take longer than the 5 s of an answer
usual=$TQ_BROKER
TQ_BROKER="$usual?timeout=100"
for shape in group chain 'chord x'; do
	seq 1 100000 | tqput -m -Q --$shape -N x
	is "100000 are put as one $shape" $? 0
done
is 'and are there' "$(rcli LLEN celery)" 200001
rcli flushall >out
TQ_BROKER=$usual
check 'too many for one step are refused' 65 '' 'tqput: *over 100000 tasks*' sh -c \
    'seq 1 100001 | tqput -m --group -N x'
is 'and none of them is there' "$(rcli DBSIZE)" 0

#!/bin/sh
# A script that meets a key of another type, or one that its user may not use,
# does all or nothing: puts leave nothing behind, ends and what follows them
# wait until it is mended, and then everything happens once.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
base=127.0.0.1:$REDIS_PORT
TQ_BROKER=redis://$base/0?workers=tq
every=$TQ_BROKER
NOTES=$T/notes

mkdir handlers
cat >handlers/proj.add <<SH
#!/bin/sh
echo "\$*" >>'$NOTES'
echo \$((\$1 + \$2))
SH
cat >handlers/proj.note <<SH
#!/bin/sh
echo "\$*" >>'$NOTES'
echo "\$1"
SH
chmod +x handlers/*

# what a put may change, of each list the length
there()
{
	rcli --scan | grep -v '^tq\.stage\.\|^tq.watch' | sort | while read -r k
	do
		case $(rcli TYPE "$k") in
		list)	echo "$k $(rcli LLEN "$k")" ;;
		hash)	echo "$k $(rcli HGETALL "$k" | tr '\n' ' ')" ;;
		*)	echo "$k" ;;
		esac
	done
}

# same NAME STATUS WORDS cmd ...: it is refused, and nothing has changed
same()
{
	name=$1 want=$2 words=$3
	shift 3
	there >before
	check "$name" "$want" '' "$words" "$@"
	there >after
	is "$name: nothing is left of it" "$(cat after)" "$(cat before)"
}

# puts STATUS WORDS: into bulk, which is none
puts()
{
	same "an id of one's own: $1" "$1" "$2" \
	    tqput --id "job$1" -q bulk -N proj.note x
	check "it is not known: $1" 0 "job$1$NL" '' \
	    tqput --id "job$1" -N proj.note x
	printf 'a -q celery\techo 1\nb -q bulk\techo 2\n' >flow
	same "a flow: $1" "$1" "$2" tqput -F flow
	a=$(tqput -k kk -N proj.note a)
	same "a key replaced: $1" "$1" "$2" \
	    tqput -k kk -K replace -q bulk -N proj.note b
	check "it is whose it was: $1" 1 "$a$NL" '*' \
	    tqput -k kk -N proj.note c
	seq 2000 >lines
	same "a large group: $1" "$1" "$2" \
	    tqput -m --group -q bulk -N proj.note <lines
	sed 's/.*/t&\techo &/; 1500s/\t/ -q bulk&/' lines >flow
	same "a large flow: $1" "$1" "$2" tqput -F flow
	tqctl purge celery >out
}

rcli HSET bulk a b >out
puts 78 '*: a key has another type: bulk is a hash, no list*'
rcli DEL bulk >out
rcli ACL SETUSER some on '>pw' '~celery*' '~tq.*' '~unacked*' '~_kombu*' \
    '~*.pidbox' '&*' +@all >out
some=redis://some:pw@$base/0?workers=tq
TQ_BROKER=$some
puts 77 '*access*'
TQ_BROKER=$every
rcli FLUSHALL >out

# ---- ends --------------------------------------------------------------------

# ends NAME BREAK MEND RAN URL REASON: a chain and a chord go on into bulk
waits()
{
	[ "$(rcli HLEN unacked) $(rcli LLEN celery)" = '2 0' ]
}

ends()
{
	: >"$NOTES"
	eval "$2"
	TQ_BROKER=${every%\?*} py >ids <<'PY'
def s(n, *a, **k): return app.signature(n, args=a, **k)
r = chain(add.s(1, 2), add.s(5).set(queue='bulk'))()
c = chord([add.si(1, 1), add.si(2, 2)],
    note.s().set(queue='bulk'))()
print(r.parent.id, r.id, c.id)
PY
	read -r first second body <ids
	(TQ_BROKER=$5; exec tqrun -q celery -j 2 handlers 2>w.err) &
	W=$!
	pids="$pids $W"
	ok "two ends wait: $1" wait_for waits
	is "the first is not told: $1" "$(rcli EXISTS celery-task-meta-"$first")" 0
	not_ok "no chord is closed: $1" test \
	    "$(rcli KEYS 'celery-taskset-meta-*.s')" = ''
	# more than one try
	tries=$(rcli INFO commandstats | sed -n 's/.*evalsha:calls=\([0-9]*\).*/\1/p')
	tried()
	{
		[ "$(rcli INFO commandstats |
		    sed -n 's/.*evalsha:calls=\([0-9]*\).*/\1/p')" -ge \
		    $((tries + 4)) ]
	}
	ok "it is tried again: $1" wait_for tried
	is "it is said once, with task, queue and reason: $1" \
	    "$(grep -c "^tqrun: $first of queue celery: not told .*: $6" w.err)" 1
	is "and once of the member of a chord: $1" \
	    "$(grep -c ": $6" w.err)" 2
	is "who looks sees it: $1" "$(tqstat -W -o status)" \
	    '1 running, 2 done, 0 failed, 1 ends refused'
	ok "and nothing went: $1" waits
	eval "$3"
	check "the first: $1" 0 "3$NL" '' tqresult -t 60 "$first"
	# nobody has served that queue, or put into it
	check "what follows it is found: $1" 1 "ready$NL" '' \
	    tqresult -o state "$second"
	bg tqrun -q bulk handlers
	check "what follows it: $1" 0 "8$NL" '' tqresult -t 60 "$second"
	check "the body: $1" 0 '*2*4*' '' tqresult -t 60 "$body"
	is "each ran once: $1" "$(tr -d "[] " <"$NOTES" | sort -n | tr "\n" " ")" "$4"
	is "nothing is left: $1" "$(rcli HLEN unacked) $(rcli LLEN bulk)" '0 0'
	kill -TERM "$W" "$!"
	wait "$W" "$!"
}
ran='2,4 11 12 22 35 '
ends 'another type' 'rcli HSET bulk a b >out' 'rcli DEL bulk >out' "$ran" \
    "$every" 'a key has another type: bulk is a hash, no list'
ends 'no access' : "rcli ACL SETUSER some '~bulk' >out" "$ran" "$some" \
    '.*access'

# Who stops says what keeps him, and stops when it is told.
rcli HSET bulk a b >out
TQ_BROKER=${every%\?*} py >ids <<'PY'
print(chain(add.s(1, 2), add.s(5).set(queue='bulk'))().id)
PY
tqrun -q celery handlers 2>w.err &
W=$!
pids="$pids $W"
waits()
{
	[ "$(rcli HLEN unacked) $(rcli LLEN celery) $(wc -l <"$NOTES")" = \
	    '1 0 1' ]
}
: >"$NOTES"
ok 'an end waits' wait_for waits
kill -TERM "$W"
ok 'it is said, and why' wait_for grep -q \
    ': a key has another type: bulk is a hash, no list: 1 outcomes' w.err
rcli DEL bulk >out
wait "$W"
is 'it stops when it is told' "$? $(rcli LLEN bulk)" '0 1'

# ---- takes -------------------------------------------------------------------

rcli FLUSHALL >out
rcli HSET bulk a b >out
id=$(tqput -d 0.1 -q bulk -N proj.add 3 4)
other=$(tqput -N proj.add 5 6)
bg tqrun -q celery -q bulk -j 2 handlers
# not with tqresult, which looks into every queue
ended()
{
	[ "$(rcli EXISTS celery-task-meta-"$other")" = 1 ]
}
ok 'it has ended' wait_for ended
check 'beside a queue that is none tasks run' 0 "11$NL" '' \
    tqresult -t 60 "$other"
later()
{
	[ "$(rcli ZRANGEBYSCORE tq.delayed "($(($(date +%s) + 2))" inf |
	    wc -l)" = 1 ]
}
ok 'what is due for it waits' wait_for later
rcli DEL bulk >out
check 'and runs when it is one' 0 "7$NL" '' tqresult -t 60 "$id"

#!/bin/sh
# Lanes and resources on Redis, over several workers that are killed.

. "${0%/*}/../lib/redis.sh"
redis_start
plain=$TQ_BROKER
TQ_BROKER="$plain?workers=tq&lease=1&crashes=100"

mkdir h
# "lane number": tell, and see that nobody else of the lane is there
cat >h/step <<SH
#!/bin/sh
echo "\$1 \$2" >>'$T/starts'
mkdir '$T/busy.'\$1 2>/dev/null || echo "\$1 \$2" >>'$T/overlaps'
sleep 0.02
[ ! -e '$T/slow' ] || sleep 0.15
rmdir '$T/busy.'\$1
[ \$2 != 5 ] || [ -e '$T/failed.'\$1 ] || { : >'$T/failed.'\$1; exit 1; }
echo "\$1 \$2" >>'$T/ends'
SH
cat >h/units <<SH
#!/bin/sh
echo "\$1 \$TQ_R_gpu" >>'$T/ran'
until [ -e '$T/go' ]; do sleep 0.05; done
SH
chmod +x h/*

put_lanes()
{
	n=1
	while [ $n -le "$1" ]; do
		for lane in a b c; do
			echo "tqput -Q -q s -S $lane -r 3 --backoff 0.05 \
			    -N step $lane $n"
		done
		n=$((n + 1))
	done | sh
}
# How often each lane's numbers, at their first mention, come in order.
in_order()
{
	awk '!seen[$0]++ && $2 != ++n[$1] { print "out of order:", $0 }' "$1"
}

# ---- lanes ------------------------------------------------------------------

: >starts; : >ends; : >overlaps
put_lanes 10
bg tqrun -q s -j 4 h
one=$!
bg tqrun -q s -j 4 h
two=$!
check 'lanes come to their end' 0 '' '' tqresult -w -t 60 -q s
is 'no two of a lane at once' "$(cat overlaps)" ''
is 'each in its order' "$(in_order starts)" ''
is 'what failed kept its lane until it succeeded' "$(in_order ends)" ''
is 'all of them' "$(sort ends | uniq | wc -l)" 30
is 'and nothing is left' "$(rcli KEYS 'tq.l[ai]*')$(rcli KEYS 'tq.park*')" ''
kill -TERM $one $two
wait_gone $one
wait_gone $two

# Killed all the time.
: >starts; : >ends; : >slow; rm -f failed.*
put_lanes 12
mortals -q s -j 2 h
ok 'the same while workers are killed' tqresult -w -t 120 -q s
mortals_end
is 'each in its order again' "$(in_order starts)" ''
is 'every one has ended well' \
    "$(tqstat -s all -q s -o state 2>/dev/null)$(sort -u ends | wc -l)" 36
is 'and no lane is left' "$(rcli KEYS 'tq.l[ai]*')$(rcli HLEN unacked)" 0
ok 'with as many deaths' test "$(wc -l <kills)" -ge 3

rm slow
# A lane's task that is gone without an end.
a=$(tqput -q l -S x -N step x 1)
tqget -q l -t 0 -L 60s >/dev/null
tqput -Q -q l -S x -N step x 2
b=$(tqput -q l -S x -N step x 3)
check 'the next one waits' 1 '' '' tqget -q l -t 0
check 'for the first' 0 "lane busy: $a$NL" '' tqstat -o why "$b"
rcli DEL unacked >/dev/null
rcli ZADD tq.watch 1 lx >/dev/null
freed()
{
	tqget -q l -t 0 -L 60s >got
}
ok 'until somebody looks where it is' wait_long freed
like 'then it comes' "$(cat got)" '*step*x*2*'

# ---- resources --------------------------------------------------------------

: >ran
a=$(tqput -q g -R gpu=2 -N units a)
b=$(tqput -q g -N units b)
bg tqrun -q g -j 4 h
none=$!
ran()
{
	grep -q "^$1 " ran
}
ok 'who needs nothing passes' wait_for ran b
parked()
{
	[ "$(tqstat -o why "$a")" = 'waits for gpu=2' ]
}
ok 'who needs something waits' wait_for parked
bg tqrun -q g -j 4 -R gpu:3,5,7 h
gpu=$!
ok 'for a worker that has it' wait_for ran a
is 'and is told what' "$(grep '^a' ran)" 'a 3,5'
c=$(tqput -q g -R gpu=2 -N units c)
d=$(tqput -q g -R gpu=1 -N units d)
second()
{
	[ "$(tqstat -o why "$c")" = 'waits for gpu=2' ] &&
	    [ "$(tqstat -o why "$d")" = 'waits for gpu=1' ]
}
ok 'the rest is kept for the first of those that wait' wait_for second
kill -KILL $gpu
wait_gone $gpu
bg tqrun -q g -j 4 -R gpu:1,2 h
gpu=$!
: >go
check 'what a dead one had goes on elsewhere' 0 '' '' tqresult -t 60 "$a"
check 'and all come to their end' 0 '' '' tqresult -w -t 60 -q g
is 'in their turn' "$(sed 's/ .*//' ran | sort -u | tr '\n' ' ')" 'a b c d '
kill -TERM $none $gpu
wait_gone $none
wait_gone $gpu

# A task of weight waits for places, and no small one overtakes it for ever.
rm -f go
: >ran
bg tqrun -q w -j 2 h
w=$!
first=$(tqput -q w -N units first)
wait_for ran first
big=$(tqput -q w -R slot=2 -N units big)
small=$(tqput -q w -N units small)
check 'a weight waits for its places' 0 "ready${NL}ready$NL" '' \
    tqstat -o state "$big" "$small"
# the small one stands in its list all the while
scripts()
{
	rcli INFO commandstats | sed -n 's/^cmdstat_evalsha:calls=\([0-9]*\).*/\1/p'
}
n=$(scripts)
begin=$(date +%s)
later()
{
	[ $(($(date +%s) - begin)) -ge 2 ]
}
wait_for later
ok 'and does not ask all the time' test $(($(scripts) - n)) -lt 40
: >go
check 'and comes before the small one' 0 '' '' tqresult -t 60 "$small"
is 'in order' "$(tr '\n' ' ' <ran)" 'first  big  small  '

# A Python program may say it in a header.
if /usr/bin/python3 -c 'import celery, redis' 2>/dev/null; then
	(TQ_BROKER=$plain; celery_app; py <<PY
for i in (1, 2):
    app.send_task('units', ['p%d' % i], queue='p',
	headers={'tq': {'lane': 'py', 'needs': ['gpu=1']}})
PY
	)
	is 'a header of a Python program says the same' "$(
	    tqget -q p -t 0 -L 60s; tqstat -q p -o lane)" "py${NL}py"
fi

# Without workers=tq nobody promises to keep any of it.
for o in '-S x' '-R gpu=1' '-k x'; do
	check "$o is refused where Celery may work" 78 '' "*${o% *}*" \
	    tqput -b "$plain" $o -N units z
done

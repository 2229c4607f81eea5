#!/bin/sh
# Keys on Redis: skip, replace and follow, and whom a key is taken from.

. "${0%/*}/../lib/redis.sh"
redis_start
plain=$TQ_BROKER
TQ_BROKER="$plain?workers=tq&lease=1"

mkdir h
cat >h/note <<SH
#!/bin/sh
for last; do :; done
echo "\$last" >>'$T/ran'
SH
# one that runs until it is told to end
cat >h/long <<SH
#!/bin/sh
echo "\$1" >>'$T/ran'
: >'$T/began'
until [ -e '$T/go' ]; do sleep 0.05; done
SH
# no two of a key at once
cat >h/alone <<SH
#!/bin/sh
mkdir '$T/alone' || echo overlap >>'$T/ran'
sleep 0.01
rmdir '$T/alone'
SH
chmod +x h/*
: >ran

began()
{
	[ -e began ]
}

# ---- what stands there ------------------------------------------------------

a=$(tqput -q q -k k -N note a)
check 'skip tells who has the key' 1 "$a$NL" "*key 'k' is taken by $a$NL" \
    tqput -q q -k k -N note b
check 'follow does, while it waits' 1 "$a$NL" '*' \
    tqput -q q -k k -K follow -N note b
b=$(tqput -q q -k k -K replace -N note b)
check 'replaced, it is revoked' 125 '' "*replaced by $b*" tqresult "$a"
check 'and is nowhere' 0 "$b$NL" '' tqstat -q q -o id
tqrun -q q -E h
is 'the new one runs' "$(cat ran)" b
check 'then the key is free' 0 "$ID" '' tqput -q q -k k -N note c
tqctl purge q
check 'a purge frees it' 0 "$ID" '' tqput -q q -k k -N note d
tqctl rmq --force q
check 'and so does an end of the queue' 0 "$ID" '' tqput -q q -k k -N note e
tqrun -q q -E h
: >ran

# What waits for the one waits for the other.
tqput -q q -Q -k k --link 'note linked' --link-error 'note no' -N note a
b=$(tqput -q q -k k -K replace --link 'note mine' -N note b)
tqrun -q q -E h
is 'links are taken over' "$(sort ran | tr '\n' ' ')" 'b linked mine '
: >ran
tqput -q q -Q -k k --link-error 'note failed' -N note a
tqput -q q -Q -k k -K replace -N missing
tqrun -q q -E h
is 'links of a failure too' "$(cat ran)" failed
: >ran
printf 'a -k k\techo a\nb\techo b\n' >flow
tqput -Q -q q -F flow
check 'a member of a group is not replaced' 78 '' \
    'tqput: *-K replace: *is a member of a group*' \
    tqput -q q -k k -K replace -N note two
tqctl purge q

printf 'a\techo a\nb -k k: a\techo b\n' >flow
check 'a line that waits can have no key' 78 '' 'tqput: *-k: *waits*' \
    tqput -Q -q q -F flow
is 'and nothing is put' "$(rcli LLEN q)$(rcli KEYS 'tq.key*')" 0

# ---- what runs --------------------------------------------------------------

bg tqrun -q q -j 2 h
worker=$!
a=$(tqput -q q -k k -N long a)
wait_for began
b=$(tqput -q q -k k -K replace -N note b)
check 'what runs is followed' 0 "blocked${TAB}after $a$NL" '' \
    tqstat -o state,why "$b"
check 'by one' 1 "$b$NL" '*' tqput -q q -k k -K follow -N note c
c=$(tqput -q q -k k -K replace -N note c)
check 'which can be replaced' 125 '' "*replaced by $c*" tqresult "$b"

# Killed, it has its key until it has ended, and the follower its place.
rm -f began
kill -KILL $worker
wait_gone $worker
check 'a dead one has its key' 1 "$c$NL" '*' tqput -q q -k k -N note d
bg tqrun -q q -j 2 h
worker=$!
wait_for began
check 'when it runs again, too' 0 "blocked$NL" '' tqstat -o state "$c"
: >go
check 'then comes who follows' 0 '' '' tqresult -t 60 "$c"
is 'each in its turn' "$(tr '\n' ' ' <ran)" 'a a c '
is 'and nothing is left of the key' "$(rcli KEYS 'tq.key.*')" ''
kill -TERM $worker
wait_gone $worker
rm -f go began
: >ran

# ---- who is gone without an end ---------------------------------------------

a=$(tqput -q q -k k -N note a)
rcli DEL q >/dev/null
check 'a holder is believed for a while' 1 "$a$NL" '*' \
    tqput -q q -k k -N note b
rcli HSET tq.key.k at 1 >/dev/null
check 'and then looked for' 0 "$ID" '' tqput -q q -k k -N note b
rcli HSET tq.key.k at 1 >/dev/null
check 'one that is there is not robbed' 1 "${out%"$NL"}$NL" '*' \
    tqput -q q -k k -N note c
like 'and believed again' "$(rcli HGET tq.key.k at)" '??????????'
tqctl purge q

# ---- all at once ------------------------------------------------------------

bg tqrun -q s -j 3 h
worker=$!
bg tqrun -q s -j 3 h
other=$!
putter()
{
	n=0
	while [ $n -lt 25 ]; do
		for how in skip replace follow; do
			tqput -q s -k k -K $how -N alone $n 2>>errs >>ids
			echo $? >>statuses
		done
		n=$((n + 1))
	done
}
: >errs
: >ids
: >statuses
putters=
for i in 1 2 3; do
	putter &
	putters="$putters $!"
done
for p in $putters; do
	wait "$p"
done
check 'the queue gets empty' 0 '' '' tqresult -w -t 60 -q s
is 'no two of a key ran at once' "$(cat ran)" ''
is 'a put is one or none' "$(sort -u statuses | tr '\n' ' ')" '0 1 '
is 'and says why' "$(grep -cv "key 'k' is taken by" errs)" 0
ended=$(sort -u ids | tqstat -o state - 2>&1 | sort -u | tr '\n' ' ')
is 'all of them have ended' "$ended" 'revoked success '
is 'and no key is left' "$(rcli KEYS 'tq.key.*')" ''
is 'nor a task' "$(rcli HLEN tq.waiting)$(rcli HLEN unacked)" 00

#!/bin/sh
# Caps and rates on Redis: over all workers, and over their deaths.

. "${0%/*}/../lib/redis.sh"
redis_start
plain=$TQ_BROKER
TQ_BROKER="$plain?workers=tq&lease=1&crashes=100"

mkdir h
# how many are there at once: a directory each
cat >h/send <<SH
#!/bin/sh
mkdir '$T/in/'\$\$
ls '$T/in' | wc -l >>'$T/most'
sleep 0.05
rmdir '$T/in/'\$\$
echo done >>'$T/ended'
SH
printf '#!/bin/sh\n' >h/tick
chmod +x h/*
mkdir in
: >most; : >ended

# ---- caps -------------------------------------------------------------------

put_sends()
{
	i=0
	while [ $i -lt "$1" ]; do
		echo $i
		i=$((i + 1))
	done | tqput -m -Q -q c -N send
}
check 'cap of a name' 0 '' '' tqctl cap name:send 2
is 'is a setting' "$(tqctl get cap.name:send)" 2
put_sends 12
tqrun -q c -j 4 -E h &
first=$!
run tqrun -q c -j 4 -E h
wait $first
is 'a cap holds over two workers' "$(sort -n most | tail -1 | tr -d ' ')" 2
is 'and all ran' "$(wc -l <ended)" 12
check 'a cap goes' 0 '' '' tqctl cap name:send 0
check 'and is no setting any more' 78 '' '*' tqctl get cap.name:send

# A handler's own settings.
: >most; : >ended
echo 'concurrency 1' >h/send.conf
put_sends 6
tqrun -q c -j 4 -E h &
first=$!
run tqrun -q c -j 4 -E h
wait $first
is 'a handler says it of itself' "$(sort -n most | tail -1 | tr -d ' ')" 1
is 'and is told no lies' "$err" ''
rm h/send.conf
tqctl cap name:send 0
put_sends 1
check 'where Celery may work it says that it is not kept' 0 '' \
    '*send: cap 1 is not kept: *workers=tq*' sh -c \
    "echo 'concurrency 1' >h/send.conf; tqrun -b '$plain' -q c -E h"
rm h/send.conf
check 'and so is it said here' 78 '' '*workers=tq*' \
    tqctl -b "$plain" cap name:send 1

# A queue; and a worker that dies with what it runs gives its place.
printf '#!/bin/sh\n: >"%s/began.$1"\nuntil [ -e "%s/go" ]; do sleep 0.05; done\n' \
    "$T" "$T" >h/long
chmod +x h/long
tqput -Q -q d -N tick
tqrun -q d -E h
check 'cap of a queue' 0 '' '' tqctl cap d 1
is 'is one of its settings' "$(tqctl get d cap)" 1
bg tqrun -q d -j 2 h
worker=$!
a=$(tqput -q d -N long a)
b=$(tqput -q d -N long b)
is_there()
{
	[ -e "began.$1" ]
}
ok 'one starts' wait_for is_there a
check 'the next says why not' 0 "cap 1$NL" '' tqstat -o why "$b"
kill -KILL $worker
wait_gone $worker
bg tqrun -q d -j 2 h
worker=$!
rm -f began.a
ok 'it starts again elsewhere' wait_for is_there a
not_ok 'and still nobody else' is_there b
check 'raised' 0 '' '' tqctl -q d cap 2
ok 'a sleeper goes on' wait_for is_there b
: >go
check 'and all end' 0 '' '' tqresult -w -t 60 -q d
kill -TERM $worker
wait_gone $worker

# ---- rates ------------------------------------------------------------------

check 'rate of a name' 0 '' '' tqctl rate name:tick 10/2s
is 'is a setting, too' "$(tqctl get rate.name:tick)" 10/2s
i=0
while [ $i -lt 30 ]; do
	echo $i
	i=$((i + 1))
done | tqput -m -q r -N tick >ids
bg tqrun -q r -j 2 h; one=$!
bg tqrun -q r -j 2 h; two=$!
some()
{
	[ "$(tqstat -q r -o id 2>/dev/null | wc -l)" -le 22 ]
}
ok 'some run' wait_for some
like 'the others say what they wait for' "$(tqstat -o why "$(tail -1 ids)")" \
    'rate 10/2s'
kill -KILL $one $two
wait_gone $one
wait_gone $two
bg tqrun -q r -j 2 h; one=$!
bg tqrun -q r -j 2 h; two=$!
check 'all run in the end' 0 '' '' tqresult -w -t 60 -q r
kill -TERM $one $two
# the most starts in any 1.8 s, as their results tell them
most=$(tqstat -J -o start $(cat ids) | sed 's/.*T\([0-9:.]*\).*/\1/' |
    sort | awk -F : '{ s = $1 * 3600 + $2 * 60 + $3; t[++n] = s
	while (t[n] - t[j + 1] > 1.8) j++
	if (n - j > m) m = n - j }
    END { print m + 0 }')
ok "no window has more than 10 and one: $most" test "$most" -le 11 -a \
    "$most" -ge 5
tqput -Q -q slow -N tick
tqrun -q slow -E h
check 'rate of a queue' 0 '' '' tqctl rate queue:slow 1/h
for i in 1 2 3; do
	tqput -Q -q slow -N other
done
tqget -q slow -t 0 >/dev/null
tqget -q slow -t 0 >/dev/null
check 'a queue gives no more than its rate' 1 '' '' tqget -q slow -t 0
like 'and says so' "$(tqstat -q slow -o id | head -1 | xargs tqstat -o why)" \
    'rate 1/h'
check 'a rate that is none' 64 '' "*'10/x'*" tqctl rate name:tick 10/x
check 'what is not kept is refused by name' 78 '' '*cap.lane:x*' \
    tqctl cap lane:x 2

#!/bin/sh
# Lanes, caps, rates, needs and ageing: what a ready task waits for besides its
# turn, seen by tasks of real workers.
. "${0%/*}/../lib/tap.sh"

# A task that notes when another of its kind ($1) runs at the same time: n of
# them at most (n directories that can be made).
cat >alone <<'EOS'
#!/bin/sh
kind=$1 n=$2
i=1
until mkdir "$kind.$i" 2>/dev/null; do
	if [ "$i" -eq "$n" ]; then
		echo "$TQ_ID" >>"$kind.overlap"
		exit 0
	fi
	i=$((i + 1))
done
echo "$TQ_ID" >>"$kind.order"
sleep 0.02
rmdir "$kind.$i"
[ ! -e "$kind.fail" ] || { rm "$kind.fail"; exit 1; }
EOS
chmod +x alone

# ---- lanes

tqctl set backoff=0
for i in 01 02 03 04 05 06 07 08 09 10; do
	put "a$i" -S one ./alone one 1
	put "b$i" -S two -r 1 ./alone two 1
done
: >two.fail
tqrun -j 4 -E &
first=$!
run tqrun -j 4 -E
wait "$first"
not_ok 'no two of a lane overlap' test -e one.overlap
is 'they start in order of put' "$(tr -d '\n' <one.order)" \
    a01a02a03a04a05a06a07a08a09a10
not_ok 'nor do they where one is tried again' test -e two.overlap
is 'and it keeps its place' "$(tr -d '\n' <two.order)" \
    b01b01b02b03b04b05b06b07b08b09b10
seen_lane=$(column a01 lane)
is '-S is the lane' "$seen_lane" one
like 'and in JSON' "$(put j1 -q json -S x true; tqget -J -q json -t 0)" \
    '*"lane":"x"*'

put w1 -q why -S w sleep 100
put w2 -q why -S w true
tqrun -q why -j 2 &
worker=$!
pids="$pids $worker"
ok 'the first of a lane runs' wait_for sh -c \
    'test "$(tqstat -o state w1)" = started'
is 'the next says who keeps it' "$(column w2 why)" 'lane busy: w1'
not_ok 'and has an age in its queue' test "$(tqstat -O -q why -o oldest)" = -
tqctl -Q kill w1
ok 'a killed one makes way' wait_for sh -c \
    'test "$(tqstat -s all -o state w2)" = success'
kill "$worker"
wait "$worker"
check 'an empty lane' 64 '' '*lane*' tqput -S '' true

for i in 1 2 3 4 5 6; do
	put "x$i" -q wide -S wide ./alone wide 2
done
check 'cap of a lane' 0 '' '' tqctl cap lane:wide 2
run tqrun -q wide -j 4 -E
not_ok 'a lane is as wide as is said' test -e wide.overlap

# ---- caps

mkdir h
cat >h/send <<EOS
#!/bin/sh
cd "$T" && exec ./alone name 2
EOS
chmod 755 h h/send
for i in 1 2 3 4 5 6 7 8; do
	put "n$i" -q named -N send
done
check 'cap of a name' 0 '' '' tqctl cap send 2
is 'is a setting' "$(tqctl get cap.name:send)" 2
tqrun -q named -j 4 -E h &
first=$!
run tqrun -q named -j 4 -E h
wait "$first"
not_ok 'a cap holds over two workers' test -e name.overlap
is 'and all ran' "$(wc -l <name.order)" 8
check 'a cap goes' 0 '' '' tqctl cap name:send 0
check 'and is no setting any more' 78 '' '*' tqctl get cap.name:send

for i in 1 2 3 4 5 6; do
	put "q$i" -q capped ./alone queue 1
done
check 'cap of a queue' 0 '' '' tqctl cap capped 1
is 'is one of its settings' "$(tqctl get capped cap)" 1
run tqrun -q capped -j 4 -E
not_ok 'a cap of a queue holds' test -e queue.overlap
is 'to the last task' "$(wc -l <queue.order)" 6
put cw1 -q capped sleep 100
put cw2 -q capped true
tqrun -q capped -j 2 &
worker=$!
pids="$pids $worker"
ok 'one fills the cap' wait_for sh -c \
    'test "$(tqstat -o state cw1)" = started'
is 'the next says so' "$(column cw2 why)" 'cap 1'
check 'raised by -q' 0 '' '' tqctl -q capped cap 2
ok 'a sleeper goes on at once' wait_for sh -c \
    'test "$(tqstat -s all -o state cw2)" = success'
tqctl -Q kill cw1
kill "$worker"
wait "$worker"
check 'cap of a key' 0 '' '' tqctl -k feeds cap 1
is 'by its name' "$(tqctl get cap.key:feeds)" 1
check 'a cap that is no number' 64 '' "*'x'*" tqctl cap send x
check 'a cap of nothing' 64 '' '*cap*' tqctl cap send

# ---- rates

# The greatest number of claims in any window of 2 s, as the events tell them,
# to the millisecond below.
most()
{
	awk -F '\t' '$2 == "claim" && $4 == "rated" {
		split(substr($1, 12), c, ":")
		s = c[1] * 3600 + c[2] * 60 + c[3]
		t[++n] = s < t[n - 1] ? s + 86400 : s
		while (t[n] - t[j + 1] > 1.998) j++
		if (n - j > m) m = n - j }
	    END { print m + 0 }' events
}
printf '#!/bin/sh\n' >h/tick
chmod 755 h/tick
tqstat -f >events &
pids="$pids $!"
check 'rate of a name' 0 '' '' tqctl rate tick 10/2s
is 'is a setting, too' "$(tqctl get rate.name:tick)" 10/2s
tqput -Q -q rated -N tick x
i=0
while [ $i -lt 30 ]; do
	echo "$i"
	i=$((i + 1))
done | tqput -m -Q -q rated -N tick
for i in 1 2 3 4; do
	tqrun -q rated -j 2 h &
	eval "w$i=\$!"
	pids="$pids $!"
done
count()
{
	[ "$(grep -c "success" events)" -ge "$1" ]
}
ok 'some run' wait_for count 8
like 'the others say what they wait for' "$(tqstat -q rated -s ready -o why)" \
    '*rate 10/2s*'
kill -9 "$w1" "$w2" "$w3" "$w4"
wait "$w1" "$w2" "$w3" "$w4" 2>/dev/null
lose_table
for i in 1 2 3 4; do
	tqrun -q rated -j 2 -E h &
	pids="$pids $!"
done
run tqrun -q rated -E h
ok 'all run in the end' wait_for count 31
ok 'in no window of 2 s more than 10 and one, over four workers that were killed' \
    test "$(most)" -le 11
check 'rate of a queue' 0 '' '' tqctl rate queue:slow 1/h
put r1 -q slow true
put r2 -q slow true
put r3 -q slow true
run tqget -q slow -t 0 true
run tqget -q slow -t 0 true
check 'a queue gives no more than its rate' 1 '' '' tqget -q slow -t 0 true
is 'and says so' "$(column r3 why)" 'rate 1/h'
check 'a rate that is none' 64 '' "*'10/x'*" tqctl rate tick 10/x
check 'set, as the other settings' 0 '' '' tqctl set slow rate=
run tqget -q slow -t 0 true
is 'an empty one is none' "$status" 0

# ---- needs

put g1 -q needy -R gpu=8 true
put g2 -q needy true
tqrun -q needy -j 1 &
worker=$!
pids="$pids $worker"
ok 'a task that needs nothing passes one that does' wait_for sh -c \
    'test "$(tqstat -s all -o state g2)" = success'
is 'which says what nobody has' "$(column g1 why)" 'no worker offers gpu=8'
check 'shared by all workers' 0 '' '' tqctl set resource.gpu=8
ok 'it starts' wait_for sh -c \
    'test "$(tqstat -s all -o state g1)" = success'
kill "$worker"
wait "$worker"

# what a worker has of its own: two of three are for one, then for the next
tqctl set resource.gpu=
echo 'echo "$TQ_R_gpu" >>units; wait_for_it() { until [ -e go ]; do sleep 0.01
done; }; wait_for_it' >use
put u1 -q own -R gpu=2 -R disk sh ./use
put u2 -q own -R gpu sh ./use
put u3 -q own -R gpu=3 sh ./use
put u4 -q own sh ./use
tqrun -q own -j 4 -E -R gpu:7,5,3 -R disk &
worker=$!
pids="$pids $worker"
ok 'as many run as there are units' wait_for sh -c \
    'test "$(tqstat -s started -q own -o id | tr -d "\n")" = u1u2u4'
is 'the one that waits has no other reason than its turn' "$(column u3 why)" -
: >go
wait "$worker"
is 'each is told its own' "$(grep . units | sort)" "3${NL}7,5${NL}7,5,3"
rm go units

tqctl -Q set resource.gpu=2
for i in 1 2 3 4 5 6; do
	put "v$i" -q share -R gpu ./alone gpu 2
done
cat >which <<'EOS'
#!/bin/sh
mkdir "unit.$TQ_R_gpu" || echo "$TQ_R_gpu" >>unit.twice
sleep 0.02
rmdir "unit.$TQ_R_gpu"
EOS
chmod +x which
for i in 1 2 3 4 5 6; do
	put "s$i" -q share -R gpu ./which
done
tqrun -q share -j 4 -E &
first=$!
run tqrun -q share -j 4 -E
wait "$first"
not_ok 'shared units bound two workers' test -e gpu.overlap
not_ok 'and no unit is given twice' test -e unit.twice
is 'all ran' "$(tqstat -s success -q share -o id | wc -l)" 12
tqctl -Q set resource.gpu=2
put t1 -q tell -R gpu=2 sh -c 'echo "$TQ_R_gpu"'
check 'tqget tells them, too' 0 0,1 '' tqget -q tell -t 0 sh -c '"$@"' x

# slot is the weight of a task
for i in 1 2 3 4; do
	put "p$i" -q wide2 -R slot=2 ./alone weight 2
done
run tqrun -q wide2 -j 4 -E
not_ok 'two tasks of two places fill four' test -e weight.overlap
put p5 -q wide2 -R slot=5 true
tqrun -q wide2 -j 4 &
worker=$!
pids="$pids $worker"
ok 'one that is too wide is told so' wait_for sh -c \
    'test "$(tqstat -o why p5)" = "no worker offers slot=5"'
kill "$worker"
wait "$worker"
tqctl -Q revoke p5

# ---- settings of a handler

cat >h/bounded <<EOS
#!/bin/sh
cd "$T" && exec ./alone bounded 1
EOS
chmod 755 h/bounded
printf 'concurrency 1\nrate 100/s\n' >h/bounded.conf
chmod 644 h/bounded.conf
for i in 1 2 3 4; do
	put "c$i" -q conf -N bounded
done
tqrun -q conf -j 3 -E h &
first=$!
run tqrun -q conf -j 3 -E h
wait "$first"
not_ok 'concurrency of name.conf holds over two workers' \
    test -e bounded.overlap
is 'as a cap' "$(tqctl get cap.name:bounded)" 1
is 'and a rate' "$(tqctl get rate.name:bounded)" 100/s
for bad in '' =2 gpu= gpu=0 gpu=x; do
	check "-R '$bad' is refused" 64 '' '*resource*' tqput -R "$bad" true
done

# ---- ageing

check 'ageing' 0 '' '' tqctl set old ageing=0.05
put o1 -q old -p 0 true
ok 'a task waits' wait_for sh -c \
    'tqstat -o wait o1 | awk "{ exit \$1 < 0.6 }"'
put o2 -q old -p 9 true
tqrun -q old -n 1
is 'what waited long enough goes first' "$(column o1 state)" success

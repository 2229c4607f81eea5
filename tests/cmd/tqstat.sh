#!/bin/sh
# tqstat: tasks, queues, workers, events and metrics as others left them.

. "${0%/*}/../lib/tap.sh"

# ---- nothing there

check 'an empty spool has no tasks' 0 '' '' tqstat
check 'and is idle' 0 '' '' tqstat -Q
check '-H of nothing' 0 "id${TAB}state" '' tqstat -H -o id,state

# ---- the list

id=$(tqput -q mail echo "it's" 'two  blanks' '')
check 'default columns: tail queue state put cmd' 0 \
    "$(printf '%s' "$id" | tail -c 8)${TAB}mail${TAB}ready${TAB}20??-*Z${TAB}echo *" \
    '' tqstat
eval "set -- $(tqstat -o cmd "$id")"
is 'cmd can be pasted into a shell' "$#|$2|$3|$4" "4|it's|two  blanks|"
check 'a tail is an id' 0 "$id" '' tqstat -o id \
    "$(printf '%s' "$id" | tail -c 8)"
put a -q one -p 2 -l red true
put b -q one -p 9 -l blue true
put c -q two -p 5 -l red --hold true
put d -q two true
tqctl -Q revoke d
check 'only what has not ended, in order of the put' 0 \
    "$id${NL}a${NL}b${NL}c" '' tqstat -o id
check '-s all shows the ended' 0 "$id${NL}a${NL}b${NL}c${NL}d" '' \
    tqstat -s all -o id
check '-s selects states' 0 "c${NL}d" '' tqstat -s held,revoked -o id
check '-q selects a queue' 0 "a${NL}b" '' tqstat -q one -o id
check '-q several' 0 "a${NL}b${NL}c" '' tqstat -q one -q two -o id
check '-l selects a label' 0 "a${NL}c" '' tqstat -l red -o id
check '-k of a key that nobody has' 0 '' '' tqstat -k none -o id
check 'ids are shown ended or not' 0 revoked '' tqstat -o state d
check 'an unknown id is named' 66 '' '*nosuch*' tqstat nosuch
run tqstat -o id - <<IDS
b	rest
a
IDS
is 'ids from stdin, in their order' "$status $out" "0 b${NL}a$NL"
check '-n bounds it' 0 "$id${NL}a" '' tqstat -n 2 -o id
check '--sort orders by number' 0 "2${NL}4${NL}5${NL}9" '' \
    tqstat --sort pri -o pri
check '--sort downwards, then -n' 0 "b${NL}c" '' \
    tqstat --sort -pri -n 2 -o id
check '--sort orders by word' 0 "mail${NL}one${NL}one${NL}two" '' \
    tqstat --sort queue -o queue
check '-H names the columns' 0 "id${TAB}pri${NL}a${TAB}2" '' \
    tqstat -H -o id,pri a
check '-J is an object a line' 0 '{"id":"a","pri":2,"label":"red"}' '' \
    tqstat -J -o id,pri,label a
tqstat -0 -o id,label a b >got
printf 'a\0red\0b\0blue\0' >want
ok '-0 ends each field in NUL' cmp got want
check '-v is every column, one a line' 0 \
    "id${TAB}a$NL*pri${TAB}2$NL*why$TAB*" '' tqstat -v a
is '-v of two has an empty line between' \
    "$(tqstat -v a b | grep -c '^$')" 1
check 'why: held' 0 '*' '' tqstat -o why c
not_ok 'it is said' test "$(tqstat -o why c)" = -
check 'why: no worker' 0 '*no worker*' '' tqstat -o why a

# ---- a task cannot write to the terminal of who looks

evil=$(printf '\033]0;owned\007\302\233\n\377\342\200\256')
put evil -q esc printf "$evil"
tqstat -o id,cmd evil >got
is 'control bytes, C1, bidi and bad UTF-8 are shown as \xNN' \
    "$(tr -d '\t\n -~' <got | wc -c)" 0
tqstat -J -o cmd evil >got
is 'JSON has no control bytes' "$(tr -d '\n -~\200-\377' <got | wc -c)" 0

# ---- idle and busy

check 'ready is busy' 1 '' '' tqstat -Q -q one
check 'held is idle' 0 '' '' tqstat -Q -q two
check 'of a state' 1 '' '' tqstat -Q -q two -s held
check 'of an id' 0 '' '' tqstat -Q d

# ---- queues

check '-O: a record a queue' 0 "one${TAB}open${TAB}2${TAB}0*" '' \
    tqstat -O -q one
check '-O -o' 0 "two${TAB}1${TAB}1" '' \
    tqstat -O -o queue,held,revoked -q two
check '-O has every queue' 0 "esc${NL}mail${NL}one${NL}two" '' sh -c \
    'tqstat -O -o queue | sort'
check '-O -H' 0 "queue${TAB}ready${NL}one${TAB}2" '' \
    tqstat -OH -o queue,ready -q one
check '-O -J has numbers' 0 '{"queue":"one",*"ready":2,*' '' \
    tqstat -OJ -q one
check '-O oldest is an age' 0 '[0-9]*.[0-9][0-9][0-9]' '' \
    tqstat -O -o oldest -q one
check '-O rates' 0 '0.000' '' tqstat -O -o put_rate -q one
check '-O of a wrong column' 64 '' "*'nonsense'*" tqstat -O -o nonsense

# ---- metrics

tqstat --prometheus >metrics
is '--prometheus exits 0' $? 0
ok 'a sample is there' grep -q \
    '^tq_queue_tasks{queue="one",state="ready"} 2$' metrics
# The text format, strictly: HELP, TYPE, then only samples of that name, each
# series once, counters and only they named _total, one newline at the end.
ok 'the format holds' awk '
	function bad(why) { print why ": " $0; wrong = 1; exit }
	/^# HELP / { if (want != "") bad("HELP"); name = $3; want = "TYPE"
		if (seen[name]++) bad("twice"); if (NF < 4) bad("no help")
		next }
	/^# TYPE / { if (want != "TYPE" || $3 != name) bad("TYPE")
		if ($4 != "gauge" && $4 != "counter") bad("type")
		if (($4 == "counter") != (name ~ /_total$/)) bad("suffix")
		want = ""; next }
	/^[a-z_]+\{[a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*\} [0-9.e+]+$/ {
		split($0, part, "{"); if (part[1] != name) bad("order")
		if (want != "") bad("sample"); if (series[$1]++) bad("again")
		n++; next }
	{ bad("line") }
	END { exit wrong || n == 0 || want != "" }' metrics
if command -v promtool >/dev/null; then
	ok 'promtool is content' sh -c 'promtool check metrics <metrics'
else
	skip 'promtool is content' 'no promtool'
fi
check '--prometheus of one queue' 0 \
    '*tq_queue_workers{queue="two"} 0*' '' tqstat --prometheus -q two

# ---- workers

bg tqrun -q live -j 3
worker=$!
there()
{
	tqstat -W -o jobs,limits | grep -q '^3.*limit'
}
ok 'a worker is listed' wait_for there
check '-W: a record a worker' 0 "*.$worker.*${TAB}live${TAB}3${TAB}0*" '' \
    tqstat -W
like '-W shows memory, uptime and limits' \
    "$(tqstat -W -o rss,uptime,limits)" "[1-9]*${TAB}[0-9]*.[0-9]*${TAB}*limit*"
check '-W -o' 0 "$worker${TAB}live" '' tqstat -W -o pid,queues
check '-W -q of its queue' 0 "$worker" '' tqstat -W -q live -o pid
check '-W -q of another queue' 0 '' '' tqstat -W -q one -o pid
check '-W -J' 0 "{\"pid\":$worker,\"ids\":[[]]}" '' tqstat -WJ -o pid,ids
check '-O counts workers' 0 1 '' tqstat -O -q live -o workers
put running -q live sleep 100
is_running()
{
	[ "$(tqstat -W -o ids)" = running ]
}
ok '-W shows what it runs' wait_for is_running
check 'the task shows who runs it' 0 "started${TAB}$worker" '' \
    tqstat -o state,pid running
tqctl -Q kill -w running

# ---- events

tqstat -f -q watch -o event,id,state >events 2>events.err &
follower=$!
pids="$pids $follower"
followed()
{
	tqput -Q -q watch true
	grep -q put events
}
ok '-f prints events' wait_for followed
tqput -Q -q other true
put seen -q watch true
while tqget -q watch -t 0; do
	:
done
ended()
{
	grep -q "^end${TAB}seen${TAB}success" events
}
ok 'to the end of a task' wait_for ended
check 'in their order' 0 \
    "put${TAB}seen${TAB}ready${NL}claim${TAB}seen${TAB}started${NL}end*" '' \
    grep seen events
kill "$follower"
tqstat -f -n 1 -s revoked -o id >events 2>&1 &
follower=$!
revoked()
{
	tqput -Q -q watch --id "e$((tries))" true
	tqctl -Q revoke "e$tries"
	gone "$follower"
}
ok '-f -n ends after that many' wait_for revoked
like '-f -s selects the state after it' "$(cat events)" 'e[0-9]*'

# ---- a spool that is not there

home=$TQ_DIR
TQ_DIR=$T/none/spool
check 'a missing spool has no tasks' 0 '' '' tqstat -s all
check 'it is idle' 0 '' '' tqstat -Q
check 'it has no queues' 0 '' '' tqstat -O
check 'nor workers' 0 '' '' tqstat -W
check 'nor any task' 66 '' '*no such id' tqstat 01234567
check 'nor its result' 125 '' '*no such id' tqresult 01234567
check 'nor a queue to wait for' 125 '' '*there is no spool' tqresult -w -q nix
check 'and nothing to check' 66 '' '*there is no spool' tqctl check
not_ok 'looking makes none' test -e "$T/none"
tqstat -f -n 1 -s ready -o id >events 2>&1 &
follower=$!
pids="$pids $follower"
looked()
{
	read -r name <"/proc/$follower/comm" && [ "$name" = tqstat ] &&
	    awk '/^voluntary/ { exit $2 < 3 }' "/proc/$follower/status"
}
wait_for looked
put first true
ok '-f waits for it' wait_gone "$follower"
is 'and shows all of it' "$(cat events)" first
mkdir "$T/other"
echo text >"$T/other/file"
check 'another directory is no spool' 78 '' '*not a spool, and not empty' \
    tqstat -b "$T/other"

if [ -z "$SAN" ] && strace -qq -o /dev/null true 2>/dev/null; then
	timeout 1 strace -qq -e trace=futex -o calls tqstat -f
	ok '-f sleeps while nothing happens' \
	    test "$(wc -l <calls)" -lt 50
else
	skip '-f sleeps while nothing happens' 'no strace here'
fi
TQ_DIR=$home

# ---- from the ledger alone

tqctl -Q stop -w -t 60
tqstat -s all -o id,queue,state,pri,label,put,cmd >before
lose_table
tqstat -s all -o id,queue,state,pri,label,put,cmd >after
ok 'the list is the same from the ledger' cmp before after

# ---- what -J prints can be put again, into another spool

TQ_DIR=$T/there
export TQ_DIR
tqput -Q --id words -d 1h -e A=1 -l red -r 3 -S lane -R gpu -T 5 -k key \
    printf '%s|' 'a b' "two${NL}lines" "$(printf '\001')"
echo hi | tqput -Q --id body -p 2 -i cat
tqput -Q --id then -A body -D any -P words cat
tqput -Q --id named -N add -J --kw 'x={"y":[1]}' 2 '"3"'
tqput -Q --id strings -N add 2 3
tqput -Q --id shell -c 'echo "$1"' foo
seq 2 | tqput -mQ --group echo
listed()
{
	tqstat -J | sed 's/"put":"[^"]*"//; s/"wait":[^,]*//'
}
tqstat -J >tasks
listed >want
TQ_DIR=$T/elsewhere
tqput -mJQ <tasks
listed >got
ok 'tqput -mJ takes what -J prints, and it is the same' cmp got want
ok 'all of it' test "$(wc -l <got)" -eq 9
head -c 1100000 /dev/zero | tqput -Q --id big -i cat
check 'a body over 1 MiB is only counted, and that is no body' 65 '' \
    'tqput: record 1: *body is only its size, 1100000 bytes' \
    sh -c 'tqstat -J big | tqput -mJ'
TQ_DIR=$T/spool

# ---- usage

check 'a wrong state is quoted' 64 '' "*'nonsense'*" tqstat -s nonsense
check 'a wrong column is quoted' 64 '' "*'nonsense'*" tqstat -o nonsense
check 'a wrong sort is quoted' 64 '' "*'nonsense'*" tqstat --sort nonsense
check 'two columns to sort by' 64 '' "*'id,pri'*" tqstat --sort id,pri
check 'a misspelt queue' 66 '' 'tqstat: typo: no such queue' tqstat -q typo
check 'a wrong count is quoted' 64 '' "*'-1'*" tqstat -n -1
check 'two modes' 64 '' 'tqstat: *exclude each other*usage: tqstat *' tqstat -O -W
check '-O with a selector' 64 '' '*usage: tqstat *' tqstat -O -s ready
check 'an unknown option' 64 '' "*unknown option '-Z'*" tqstat -Z
check '--help' 0 'usage: tqstat *--prometheus*' '' tqstat --help
tqstat -s all >/dev/full 2>full.err
is 'a list that cannot be written' $? 74
tqstat --prometheus >/dev/full 2>full.err
is 'metrics that cannot be written' $? 74

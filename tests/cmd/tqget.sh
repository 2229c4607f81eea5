#!/bin/sh
# tqget: both forms, each option and each refusal.
. "${0%/*}/../lib/tap.sh"

# ---- running a command

check "nothing to get is 1" 1 "" "" tqget -t 0 true
check "nor within the time of -t" 1 "" "" tqget -t 0.2 true
tqput -Q -q run a 'b c'
check "the operands stand behind the command's own" 0 "x|a|b c|" "" \
    tqget -q run printf '%s|' x
is "status 0 is success" "$(in_queue run state,status)" "success${TAB}0"
tqput -Q -q shell -c 'echo $0 $1' x
check "of a -c task they are a shell's" 0 "sh x" "" tqget -q shell env
tqput -Q -q named -N send -J '"a b"' '{"x":1}'
check "of a named task JSON is plain" 0 'a b|{"x":1}|' "" \
    tqget -q named printf '%s|'
echo some words | tqput -Q -i -q body
check "the body is stdin" 0 "some words" "" tqget -q body cat
tqput -Q -q none x
check "without a body stdin is empty" 0 "0" "" tqget -q none sh -c 'wc -c'
head -c 300000 /dev/urandom >big
tqput -Q -i -q large <big
tqget -q large cat >got
ok "a large body too" cmp big got
tqput -Q -q env --id e1 x
check "TQ_* tell of the task" 0 "e1 e1/1 env" "" \
    tqget -q env sh -c 'echo $TQ_ID $TQ_CLAIM $TQ_QUEUE'
tqput -Q -q here -C / x
check "it runs in our directory" 0 "$T" "" tqget -q here sh -c 'pwd'
tqput -Q -q fail x
check "a failure is not ours" 0 "" "" tqget -q fail sh -c 'exit 3'
is "it is the task's" "$(in_queue fail state,status)" "failure${TAB}3"
tqput -Q -q later --backoff 1h,1,1h x
check "75 means later" 0 "" "" tqget -q later sh -c 'exit 75'
is "and later is a retry" "$(in_queue later state)" retry
tqput -Q -q again -r 1 --backoff 1h,1,1h x
check "a failure with -r" 0 "" "" tqget -q again sh -c 'exit 1'
is "is a retry" "$(in_queue again state)" retry
tqput -Q -q gone x
check "a command that is not there is 66" 66 "" "tqget: *no-such*" \
    tqget -q gone no-such-command
is "the task waits on" "$(in_queue gone state,crashes)" "ready${TAB}0"
tqput -Q -q slow x
check "-T ends it" 0 "" "" tqget -q slow -T 0.2 sh -c 'exec sleep 20'
is "with TERM" "$(in_queue slow state,status,signal)" "failure${TAB}143${TAB}15"
tqput -Q -q hard x
# by then it has its trap
check "-T with a hard limit" 0 "" "" \
    tqget -q hard -T 1,1.3 sh -c 'trap "" TERM; sleep 20 & sleep 20 & wait; wait'
is "ends it with KILL" "$(in_queue hard status)" 137
tqput -Q -q files --limit nofile=40 x
check "what the task may use is kept" 0 40 "" \
    tqget -q files sh -c 'ulimit -n'
tqput -Q -q own -T 0.2 x
check "the task's own limit counts too" 0 "" "" tqget -q own sh -c 'exec sleep 20'
is "for it" "$(in_queue own status)" 143
check "-v says which" 0 "" "tqget: e2/1${NL}tqget: e2/1: success, status 0" \
    sh -c 'tqput -Q --id e2 -q v x; tqget -v -q v true'

tqput -Q -q killed x
tqget -q killed sh -c 'echo $$ >child; exec sleep 20' &
pid=$!
wait_for test -s child
kill -KILL $pid
wait $pid 2>/dev/null
ok "killed, its command is killed too" wait_for gone "$(cat child)"
check "and the task is there for another" 0 "" "" tqget -q killed -t 60 true
rm -f child
tqput -Q -q term x
tqget -q term sh -c 'echo $$ >child; exec sleep 20' &
pid=$!
wait_for test -s child
kill -TERM $pid
wait $pid
is "TERM ends it by TERM" $? 143
is "and hands the task back, as no crash" "$(in_queue term state,crashes)" \
    "ready${TAB}0"

# ---- printing

check "nothing to print is 1" 1 "" "" tqget -t 0
tqput -Q -q p1 echo 'a b'
check "a task is its command line" 0 "echo 'a b'" "" tqget -q p1
is "and has succeeded then" "$(in_queue p1 state,status)" "success${TAB}0"
seq 5 | tqput -m -Q -q n echo
check "-n prints as many" 0 "echo 1${NL}echo 2" "" tqget -q n -n 2
check "or what there is in time" 0 "echo 3${NL}echo 4${NL}echo 5" "" \
    tqget -q n -n 9 -t 0
check "-n takes numbers" 64 "" "tqget: -n: 'x' is not a number *" tqget -n x
tqput -Q -q cols --id c1 -p 7 true
check "-o chooses, -H names the columns" 0 "id${TAB}pri${NL}c1${TAB}7" "" \
    tqget -q cols -H -o id,pri
check "-o knows its columns" 64 "" "tqget: -o: 'foo' is not a column" tqget -o foo
tqput -Q -q json --id j1 true
check "-J is an object" 0 '{"id":"j1",*"argv":\["true"\]*}' "" tqget -q json -J
tqput -Q -q json --id j2 true
check "-J -o has these members" 0 '{"id":"j2","pri":4}' "" tqget -q json -J -o id,pri
tqput -Q -q json --id j3 -p 2 -l lab -- a 'b c'
tqget -q json -J | sed 's/"j3"/"j4"/' | tqput -mJQ
is "tqput -mJ takes it back" "$(in_queue json id,pri,label,cmd | tail -n 1)" \
    "j4${TAB}2${TAB}lab${TAB}a 'b c'"
tqput -Q -q null --id z1 true
is "-0 ends each field in NUL" "$(tqget -q null -0 -o id,cmd | tr '\0' '|')" "z1|true|"
printf 'a\033[1m\\\n' | tqput -Q -i -q esc
is "a task cannot write to a terminal" "$(tqget -q esc -o body)" 'a\x1b[1m\\\n'
printf 'x\0y' | tqput -Q -i -q raw
is "-B is the body as it is" "$(tqget -q raw -B | od -An -c | tr -d ' \n')" 'x\0y'
check "-B excludes -J" 64 "" "tqget: -B prints *" tqget -BJ

echo body | tqput -Q -i -q full --id f1 x
for how in '' -B '-L 5m' -J; do
	check "what cannot be written is 74 ${how:-plain}" 74 '' \
	    'tqget: stdout: No space left *' sh -c "tqget -q full $how >/dev/full"
	is 'and its task as good as before' "$(in_queue full state,crashes)" \
	    "ready${TAB}0"
done
mkfifo pipe
exec 3<>pipe 4>pipe 3<&-
tqget -q full >&4
is 'without a reader it ends by SIGPIPE' "$?" 141
exec 4>&-
is 'and hands the task back' "$(in_queue full state,crashes)" "ready${TAB}0"

# ---- leases

tqput -Q -q lease --id l1 http://example.org/
check "-L prints the claim first" 0 "l1/1${TAB}http://example.org/" "" \
    tqget -q lease -L 5m
is "which outlives it" "$(in_queue lease state)" started
check "tqctl done takes it" 0 "" "" tqctl done l1/1
is "and ends the task" "$(in_queue lease state)" success
check "only once" 75 "" "tqctl: *" tqctl done l1/1
tqput -Q -q short --id s1 true
check "a lease ends" 0 "s1/1${TAB}true" "" tqget -q short -L 0.2
check "and the next one gets the task" 0 "s1/2${TAB}true" "" tqget -q short -t 60 -L 1m
check "the first changes nothing then" 75 "" "tqctl: *" tqctl done s1/1
tqput -Q -q late --id late true
check "a lease may pass unseen" 0 "late/1${TAB}true" "" tqget -q late -L 0.1
# whole seconds since the boot: the clock of leases
now=$(cut -d. -f1 /proc/uptime)
ok "time goes by" wait_for sh -c 'test $(cut -d. -f1 /proc/uptime) -ge '$((now + 2))
# of these the first alone finds it as it was: fail looks at the task
for verb in done 'fail 1' 'later 1s' 'touch 1m'; do
	check "tqctl $verb is too late" 75 "" "tqctl: *no longer yours" \
	    tqctl $verb late/1
done
is "which changes nothing" "$(in_queue late state,attempt)" "ready${TAB}1"
check "and it is there for the next" 0 "late/2${TAB}true" "" \
    tqget -q late -t 60 -L 1m
check "-L 0 would be over at once" 64 "" "tqget: -L: a lease of '0' *" tqget -L 0

# ---- queues, brokers

tqput -Q -q qa a
tqput -Q -q qb b
check "-q twice: the first that has a task" 0 "b${NL}a" "" tqget -q qb -q qa -n 2
check "weights are numbers" 64 "" "tqget: -q: 'x' is not a number *" tqget -q a=x
tqput -Q -q w1 a
check "with weights it is served too" 0 "a" "" tqget -q w1=3 -q w2=1
tqput -b "$T/other" -Q there
check "-b names a spool" 0 "there" "" tqget -b "$T/other"
tqctl set autocreate=no
check "a misspelt queue is 66 where none comes into being" 66 "" \
    "tqget: misspelt: no such queue" tqget -q misspelt true
check "printed, too" 66 "" "tqget: misspelt: no such queue" \
    tqget -t 0 -q misspelt
tqctl set autocreate=yes
check "elsewhere it has nothing yet" 1 "" "" tqget -t 0 -q misspelt
check "no module is 69" 69 "" "tqget: nosuch: no module: *" tqget -b nosuch://h

# ---- refusals

check "-T is for a command" 64 "" "tqget: -T is for a command" tqget -T 5
check "-n is not" 64 "" "tqget: *not for a command${NL}usage: tqget *" tqget -n 2 true
check "an unknown option" 64 "" "tqget: unknown option '-Z'${NL}usage: *" tqget -Z
check "-h explains" 0 "usage: tqget *--version*" "" tqget -h
check "-V names the version" 0 "tqget [0-9]*.[0-9]*.[0-9]*" "" tqget -V

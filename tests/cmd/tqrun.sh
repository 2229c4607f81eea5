#!/bin/sh
# tqrun: tasks are run, and what becomes of them is seen from outside.

. "${0%/*}/../lib/tap.sh"

# The state of a task, and its columns
state()
{
	tqstat -o state "$1"
}

in_state()
{
	[ "$(state "$1")" = "$2" ]
}

# A script that is run many times below
# Sleeps of this run alone, which pgrep(1) tells from all others: each process
# number has as many digits, or that of 12 would be the beginning of 124's
long=3000.$(printf %07d $$)

# ---- usage

check 'a spool has no names of workers' 78 '' \
    "tqrun: --node: spool: this broker cannot be told a worker's node" \
    tqrun -E --node a
check 'an unknown option' 64 '' '*usage: tqrun *' tqrun -Z
check 'no number of jobs' 64 '' '*-j*none*' tqrun -j none
check 'no jobs' 64 '' '*-j*0*' tqrun -j 0
check 'bad retries' 64 '' '*-r*-1*' tqrun -r -1
check 'bad count' 64 '' '*-n*0*' tqrun -n 0
check 'bad limit' 64 '' '*-T*soon*' tqrun -T soon
check 'bad grace' 64 '' '*-g*x*' tqrun -g x
check 'bad queue' 64 '' '*-q*a b*' tqrun -q 'a b'
check 'a range of jobs with its ends changed' 64 '' '*-j*2*' tqrun -j 3,2
check 'a resource without units' 64 '' '*-R*gpu=0*' tqrun -R gpu=0
check 'a handler directory that is not there' 66 '' '*/no/such*' \
    tqrun -E /no/such
mkdir open && chmod 777 open
check 'a handler directory others may write to' 78 '' '*open*' tqrun -E open
check '-E on an empty spool leaves at once' 0 '' '' tqrun -E

# ---- a task goes in, its result comes out

put hello sh -c 'echo out; echo err >&2'
check '-E runs what is there' 0 '' '' tqrun -E
check 'its output and status are kept' 0 out err tqresult hello
put three sh -c 'exit 3'
check '-E is 1 when a task failed' 1 '' '' tqrun -E
check 'its status is the result' 3 '' '' tqresult three
check 'it is a dead letter' 0 failure '' tqstat -o state three
put bytes printf '<%s>' '' ';id' '$(id)' '-rf' "a${NL}b"
tqrun -E
check 'arguments arrive byte for byte' 0 "<><;id><\$(id)><-rf><a${NL}b>" '' \
    tqresult bytes
put string -c 'echo "$0-$1-$2"' one 'two  words'
tqrun -E
check '-c: sh with operands' 0 'sh-one-two  words' '' tqresult string
printf 'a body' | put body -i cat
seq 300000 >numbers
put large -i cat <numbers
tqrun -E
check 'the body is on stdin' 0 'a body' '' tqresult body
tqresult large >got
ok 'a large body and a large result' cmp -s numbers got
printf x | tqput -i --id nothing >/dev/null
tqrun -E
check 'a body alone is no command' 126 '' '*no command to run*' \
    tqresult nothing

# ---- where and how it runs

mkdir place
(cd place && umask 027 && put where -e COLOUR=red \
    sh -c 'pwd; umask; echo $COLOUR; cat')
tqrun -E
check "directory, umask, environment are the submitter's" 0 \
    "$T/place${NL}0027${NL}red" '' tqresult where
put gone -C place true
rmdir place
tqrun -E
check 'a directory that is gone is 126 and named' 126 '' "*$T/place*" \
    tqresult gone
put missing no-such-program
tqrun -E
check 'a missing program is 127' 127 '' '*no-such-program*' tqresult missing
printf data >data
put data ./data
tqrun -E
check 'no program is 126' 126 '' '*data*' tqresult data
put vars -q vars -l 'a label' sh -c \
    'echo "$TQ_ID $TQ_CLAIM $TQ_QUEUE $TQ_LABEL $TQ_ATTEMPT $TQ_RETRIES"
    echo "$TQ_SLOT $TQ_DIR ${TQ_BROKER%%:*}"'
tqrun -E -j 1 -q vars
check 'TQ_* tell it about itself' 0 \
    "vars vars/1 vars a label 1 0${NL}1 $TQ_DIR spool" '' tqresult vars
put inner sh -c 'tqput -Q --id nested true'
tqrun -E
check 'a task can put tasks' 0 success '' tqstat -o state nested
check 'and is their parent' 0 inner '' tqstat -o parent nested

# ---- statuses

put soon --backoff 1d sh -c 'exit 75'
put soon2 --backoff 1d sh -c 'exit 111'
tqrun -n 2
check '75 is tried later' 0 retry '' tqstat -o state soon
check '111 is tried later' 0 retry '' tqstat -o state soon2
tqctl -Q revoke soon soon2
put perm -r 5 sh -c 'exit 65'
put twice -r 5 sh -c 'exit $((TQ_ATTEMPT < 2))'
put never sh -c 'exit 1'
tqrun -E
check '65 is never retried' 0 "failure${TAB}1" '' \
    tqstat -o state,attempt perm
check 'a failure is retried with -r of the task' 0 "success${TAB}2" '' \
    tqstat -o state,attempt twice
check 'and not without' 0 "failure${TAB}1" '' tqstat -o state,attempt never
put mine sh -c 'exit $((TQ_ATTEMPT < 2))'
tqrun -E -r 1
check '-r is for tasks that say nothing' 0 "success${TAB}2" '' \
    tqstat -o state,attempt mine
put killed sh -c 'kill -9 $$'
tqrun -E
check 'death by signal is 128 and the signal' 137 '' '*' tqresult killed
put once --once -r 5 sh -c 'exit 1'
tqrun -E
check '--once is never retried' 0 "failure${TAB}1" '' \
    tqstat -o state,attempt once

# ---- named tasks

mkdir handlers more
script handlers/add 'echo "$(($1 + $2)) $TQ_NAME $TQ_KW_mode"'
script more/show 'cat; echo; cmp -s - "$TQ_TASK" </dev/null || echo file'
script handlers/evil 'echo ran'
chmod 775 handlers/evil
ln -s /bin/sh handlers/shell
put sum -N add --kw mode=fast 2 3
tqrun -E handlers
check 'a handler gets operands and kwargs' 0 '5 add fast' '' tqresult sum
put shown -N show --kw k=v x
export TQ_HANDLERS="$T/handlers:$T/more"
tqrun -E
unset TQ_HANDLERS
run tqresult shown
like 'TQ_HANDLERS; the task is JSON on stdin' "$out" \
    '{*"name"*"show"*"args"*"x"*}*file'
put none -N no.such
put evil -N evil
put shell -N shell -- -c 'echo ran'
check 'handlers that must not run make -E end with 1' 1 '' '' \
    tqrun -E handlers
check 'an unknown name is NotRegistered' 127 '' '*NotRegistered: no.such*' \
    tqresult none
check 'a handler others may write to is refused' 126 '' '*others may write*' \
    tqresult evil
check 'a link to a tool is refused' 126 '' '*leads out*' tqresult shell
put command echo ran
tqrun -E -X
check '-X runs no command' 126 '' '*only named tasks*' tqresult command

# ---- queues, counts, places

put q1 -q one sh -c 'echo 1 >>order'
put q2 -q two sh -c 'echo 2 >>order'
put q3 -q three sh -c 'echo 3 >>order'
tqrun -E -j 1 -q two -q one
is '-q in the order given' "$(tr -d '\n' <order)" 21
check 'other queues are left alone' 0 ready '' tqstat -o state q3
TQ_DEFAULT_QUEUE=three tqrun -E
check 'TQ_DEFAULT_QUEUE' 0 success '' tqstat -o state q3
put c1 true
put c2 true
put c3 true
tqrun -n 2 -j 1
is '-n 2 runs two' "$(tqstat -s ready -o id)" c3
tqrun -E
put slow1 -q par sh -c 'touch up1; while [ ! -e up2 ]; do sleep 0.02; done'
put slow2 -q par sh -c 'touch up2; while [ ! -e up1 ]; do sleep 0.02; done'
check '-j 2 runs two at a time' 0 '' '' timeout 60 tqrun -E -j 2 -q par
put late -d 1h true
put held --hold true
check '-E leaves what is delayed or held, and says so' 0 '' \
    'tqrun: 2 tasks delayed or held' tqrun -E
tqctl -Q revoke late held
put said sh -c 'exit 2'
check '-v says what begins and ends' 1 '' \
    '*said: started sh*said: failure, status 2*' tqrun -Ev

# ---- output

put chatty sh -c 'head -c 70000000 /dev/zero; echo end'
tqrun -E
tqresult chatty | tail -c 4 >got
is 'of very much output the end is kept' "$(cat got)" end
ok 'and the cut is said' sh -c 'tqresult chatty | grep -aq "bytes cut here"'
put stray sh -c 'echo mine; (sleep 0.3; echo stray) &'
put after sh -c 'sleep 0.6; echo after'
tqrun -E -j 1
check 'output ends with the task' 0 mine '' tqresult stray
check 'a stray process does not write to the next task' 0 after '' \
    tqresult after

# ---- limits and trees

put limit sh -c 'setsid sleep '$long'1003 & trap "" TERM; sleep '$long'1003; sleep '$long'1003'
# by then it has its trap
tqrun -E -T 1,1.3
check '-T: KILL after the hard limit' 137 '' '*time limit*' tqresult limit
not_ok 'and nothing of it is left' pgrep -f "sleep ${long}1003"
put soft sleep "$long"1004
tqrun -E -T 0.2
check '-T: TERM after the soft limit' 143 '' '*time limit*' tqresult soft
put victim -q kill sh -c 'touch victim; sleep '$long'1005; :'
bg tqrun -q kill
worker=$!
wait_for test -e victim
tqctl -Q kill victim
ok 'tqctl kill ends it' wait_for in_state victim failure
check 'with TERM' 143 '' '*killed*' tqresult victim
not_ok 'and all of its processes' pgrep -f "sleep ${long}1005"
ok 'the worker goes on' kill -0 "$worker"
kill -TERM "$worker"
ok 'an idle worker leaves on TERM' wait_gone "$worker"
wait "$worker"
is 'with status 0' $? 0

# ---- stopping

stopping()
{
	matches "$(tqstat -W -o status)" 'stopping: *'
}

put warm sh -c 'touch warm; until [ -e go ]; do sleep 0.02; done; echo done'
bg tqrun -j 1
worker=$!
wait_for test -e warm
kill -TERM "$worker"
wait_for stopping
put next true
: >go
wait_gone "$worker"
check 'TERM lets a task finish' 0 done '' tqresult warm
check 'and claims no more' 0 ready '' tqstat -o state next
tqctl -Q revoke next
put cold sh -c 'trap "" TERM; touch cold; sleep '$long'1006; :'
bg tqrun -g 0
worker=$!
wait_for test -e cold
kill -TERM "$worker"
ok 'a second TERM ends it at once' wait_for term_again "$worker"
check 'the task is handed back' 0 ready '' tqstat -o state cold
not_ok 'nothing of it is left' pgrep -f "sleep ${long}1006"
rm cold
bg tqrun -j 1
worker=$!
wait_for test -e cold
kill -QUIT "$worker"
ok 'QUIT ends it at once' wait_gone "$worker"
check 'the task is handed back again' 0 ready '' tqstat -o state cold
tqctl -Q revoke cold
put grace sh -c 'touch grace; sleep '$long'1007; :'
bg tqrun -g 0.1
worker=$!
wait_for test -e grace
kill -INT "$worker"
ok 'after the grace tasks get TERM' wait_gone "$worker"
check 'and are handed back' 0 ready '' tqstat -o state grace
tqctl -Q revoke grace
put back sh -c 'touch back; exec sleep '$long'1009'
bg sh -c 'exec tqrun -j 1 2>said'
worker=$!
wait_for test -e back
tqctl -Q revoke back
ok 'a revoked task is a note' wait_for grep -q . said
kill -TERM "$worker"
wait_gone "$worker"
is 'and nothing is wrong' "$(cat said)" 'tqrun: back: revoked'

# ---- dead workers

put dead sh -c 'echo $TQ_ATTEMPT >>dead; [ $TQ_ATTEMPT -gt 1 ] || sleep '$long'1008'
bg tqrun -j 1
first=$!
wait_for test -e dead
bg tqrun -j 1
second=$!
wait_for sh -c 'tqstat -W | grep -q "[.]'"$second"'[.]"'
kill -KILL "$first"
ok "a dead worker's task is taken over" wait_for in_state dead success
is 'and runs as the next attempt' "$(tr '\n' ' ' <dead)" '1 2 '
not_ok 'nothing is left of its first attempt' pgrep -f "sleep ${long}1008"

# an id names a task of one spool: the worker of this one dies, and what runs
# in another under the same id and attempt goes on
mkdir other
TQ_DIR=$PWD/other tqput -Q --id both sh -c 'echo >theirs; exec sleep '$long'1009'
bg env TQ_DIR="$PWD/other" tqrun
other=$!
wait_for test -e theirs
tqctl stop
wait_gone "$second"
put both sh -c 'echo >>ours; [ $TQ_ATTEMPT -gt 1 ] || exec sleep '$long'1010'
bg tqrun -j 1
first=$!
wait_for test -e ours
kill -KILL "$first"
bg tqrun -j 1
second=$!
wait_for in_state both success
ok 'what another spool runs under its id goes on' pgrep -f "sleep ${long}1009"
kill -KILL "$other"
put rung sh -c 'echo rung'
check 'a put rings a sleeping worker' 0 rung '' tqresult -w -t 60 rung
kill -USR1 "$second"
ok 'USR1: a place more' wait_for sh -c 'tqstat -WJ | grep -q "jobs\": *2"'
kill -USR2 "$second"
ok 'USR2: a place less' wait_for sh -c 'tqstat -WJ | grep -q "jobs\": *1"'
tqctl grow 2
ok 'tqctl grow' wait_for sh -c 'tqstat -WJ | grep -q "jobs\": *3"'
tqctl stop
ok 'tqctl stop' wait_gone "$second"

# ---- a spool that goes away

export TQ_DIR="$T/gone"
tqrun -E
bg tqrun
wait_for eval 'tqstat -W | grep -q .'
lose_table
rm -rf "$TQ_DIR"
wait "$!"
is 'a worker without its spool leaves' $? 69
like 'and says why' "$(cat "$T/.bg.err")" "tqrun: $T/gone: the spool was removed"
export TQ_DIR="$T/spool"

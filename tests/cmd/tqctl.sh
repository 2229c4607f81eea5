#!/bin/sh
# tqctl: each verb's effect as another process sees it after exit 0, and
# again after the shared memory is gone and was built from the ledger.

. "${0%/*}/../lib/tap.sh"

# seen NAME WANT COMMAND ...: now, and from the ledger alone.
seen()
{
	seen_name=$1 seen_want=$2
	shift 2
	check "$seen_name" 0 "$seen_want" '' "$@"
	lose_table
	check "$seen_name, from the ledger" 0 "$seen_want" '' "$@"
}

# Claim the next task of a queue; the claim is in $claim.
claim()
{
	claim=$(tqget -L 5m -n 1 -t 0 -o id -q "$1" | cut -f 1)
}

# ---- hold and release

put a true
check 'hold' 0 '' '' tqctl hold a
seen 'a task on hold is held' held state a
check 'a task held already is not changed' 1 '' \
    'tqctl: a: nothing to hold (held)' tqctl hold a
check 'a held task is not handed out' 1 '' '' tqget -t 0 true
check 'release' 0 '' '' tqctl release a
seen 'a released task is ready' ready state a
check '-v prints how many were changed' 0 1 '' tqctl -v hold a
check '-J prints it as an object' 0 '{"changed":1}' '' tqctl -vJ release a
check '-Q prints nothing' 0 '' '' tqctl -vQ hold a
check 'options may stand behind the verb' 0 1 '' tqctl release -v a
check 'and behind what it is done to' 0 1 '' tqctl hold a -v
tqput -Q --id=-v true
check 'also with arguments, and between' 0 '' '' \
    tqctl move elsewhere a -s held --queue default -Q --
check 'what follows -- is none' 0 2 '' tqctl pri 5 a -v -- -v
check 'an id like an option' 0 1 '' tqctl revoke -v -- -v
check 'one that is not for the verb' 64 '' '*not for this verb*' \
    tqctl drain q a --force
check 'one that lacks its argument' 64 '' '*needs its timeout*' \
    tqctl drain q -t

# ---- selectors

put b -q sel -l red true
put c -q sel -l blue true
put d -q other -l red true
check '-q selects a queue' 0 2 '' tqctl -v -q sel hold
check '-l narrows it' 0 1 '' tqctl -v -q sel -l red release
seen 'only the selected was changed' 'ready' state b
check '-s selects states' 0 1 '' tqctl -v -s held -q sel release
check 'ids and selectors narrow each other' 1 0 '' tqctl -v -q sel hold d
check '-k of a key that nobody has' 1 0 '' tqctl -v -k none hold
printf 'b\trest of the line\nc\n' >ids
run tqctl -v hold - <ids
is 'ids from stdin, up to the TAB' "$status $out" "0 2$NL"
run tqctl -v release - </dev/null
is 'no ids from stdin is nothing, not all' "$status $out" "1 0$NL"
run tqctl -v -q sel release - </dev/null
is 'nor is it what the selectors say' "$status $out" "1 0$NL"
check 'nothing selected' 64 '' 'tqctl: hold: no ids and no selector*' \
    tqctl hold
check 'an unknown id is named' 66 '' '*nosuch*' tqctl hold nosuch

# ---- revoke, forget, retry

put r true
check 'revoke' 0 '' '' tqctl revoke r
seen 'a revoked task has ended' revoked state r
check 'an ended task is not revoked' 1 '' \
    'tqctl: r: nothing to revoke (revoked)' tqctl revoke r
check 'nor killed' 1 '' 'tqctl: r: not started (revoked)' tqctl -w kill r
check 'nor transferred' 1 '' 'tqctl: r: nothing to transfer (revoked)' \
    tqctl transfer "$T/other" r
tqput -Q --id twice true
check 'one that is given twice is changed once' 0 1 '' \
    tqctl -v revoke twice twice
check 'retry' 0 '' '' tqctl retry r
seen 'a task tried again is ready' ready state r
check 'a task that has not ended is not forgotten' 1 '' \
    'tqctl: r: not ended (ready)' tqctl forget r
put r2 -d 1h true
check 'of several that is said of each' 0 1 'tqctl: r: not held (ready)' \
    tqctl -v release b r
check 'none or all' 1 0 \
    "tqctl: r2: not held (delayed)${NL}tqctl: r: not held (ready)" \
    tqctl -v release r2 r
ok 'for it is what it was' tqctl hold b
check 'what is there already is not moved' 1 '' \
    'tqctl: r: there already (ready)' tqctl move default r
check 'what has the priority does not get it' 1 '' \
    'tqctl: r: has it already (ready)' tqctl pri 4 r
check 'of a selection that meets nothing nothing is said' 1 '' '' \
    tqctl -s started kill
check 'revoke again' 0 '' '' tqctl revoke r
check 'forget' 0 '' '' tqctl forget r
check 'a forgotten id is unknown' 66 '' '*r*' tqstat r
lose_table
check 'a forgotten id is unknown, from the ledger' 66 '' '*r*' tqstat r
put s -q s true
ok 'a success to retry' tqget -q s -t 0
check 'a success is not retried' 1 '' 'tqctl: s: nothing to retry (success)' \
    tqctl retry s
seen 'it stays one' success state s
check 'unless forced' 0 '' '' tqctl --force retry s
seen 'a success reopened is ready' ready state s

# ---- tails of ids

id=$(tqput -q tail true)
tail=$(printf '%s' "$id" | tail -c 8)
check 'a tail is an id' 0 1 '' tqctl -v hold "$tail"
check 'a verb that destroys wants whole ids without a terminal' 66 '' \
    '*whole ids*no such id' tqctl revoke "$tail"
check 'a whole one that is unknown is no tail' 66 '' \
    'tqctl: 0123abcd-0123-7abc-8abc-0123456789ab: no such id' \
    tqctl forget 0123abcd-0123-7abc-8abc-0123456789ab
seen 'it revoked nothing' held state "$id"
run on_terminal "tqctl revoke $tail"
is 'on a terminal a tail will do' "$status $(state "$id")" '0 revoked'

# ---- move and pri

put m -q from true
check 'move' 0 '' '' tqctl move to m
seen 'a moved task is in its new queue' to tqstat -o queue m
check 'a bad queue is quoted' 64 '' "*'no/queue'*" tqctl move no/queue m
check 'move without a value' 64 '' '*its queue is missing*' tqctl move
put p0 -q pri true
put p1 -q pri true
check 'pri' 0 '' '' tqctl pri 9 p1
seen 'the priority is changed' 9 tqstat -o pri p1
check 'and the task overtakes' 0 'p1' '' tqget -q pri -n 1 -o id
check 'a bad priority is quoted' 64 '' "*'10'*" tqctl pri 10 p0

# ---- pause, resume, close, open, drain

put q1 -q door true
check 'pause' 0 '' '' tqctl pause door
seen 'a paused queue says so' paused tqstat -O -q door -o state
check 'nothing is claimed from it' 1 '' '' tqget -q door -t 0 true
check 'its tasks say why' 0 '*paused*' '' tqstat -o why q1
check 'pausing it again is no failure' 0 '' '' tqctl pause door
check 'resume' 0 '' '' tqctl resume door
seen 'a resumed queue is open' open tqstat -O -q door -o state
check 'and is claimed from' 0 '' '' tqget -q door -t 0 true
check 'close, by -q' 0 '' '' tqctl -q door close
seen 'a closed queue says so' closed tqstat -O -q door -o state
check 'it takes no put' 75 '' '*door*closed*' tqput -t 0 -q door true
check 'open' 0 '' '' tqctl open door
ok 'an opened queue takes puts' tqput -Q -q door true
seen 'and is open' open tqstat -O -q door -o state
check 'a queue verb without a queue' 64 '' '*no queue*' tqctl pause
check 'an option that is not for the verb' 64 '' '*not for this verb*' \
    tqctl -l red pause door

check 'drain gives up at -t' 1 '' '*not empty*' tqctl -t 0 drain door
seen 'and has closed the queue' closed tqstat -O -q door -o state
bg tqrun -q door
check 'drain waits until all is done' 0 '' '' tqctl -t 60 drain door
check 'then nothing is ready' 0 0 '' tqstat -O -q door -o ready
kill "$!"

# ---- purge and rmq

put u1 -q junk true
put u2 -q junk --hold true
check 'purge' 0 2 '' tqctl -v purge junk
seen 'what was purged is revoked' "revoked${NL}revoked" tqstat -s all \
    -q junk -o state
put v1 -q junk true
not_ok 'a queue with tasks is not removed' tqctl rmq junk 2>/dev/null
seen 'they are still there' ready state v1
check 'unless forced' 0 '' '' tqctl --force rmq junk
check 'a removed queue is not listed' 1 '' '' grep -x junk <<QUEUES
$(tqstat -O -o queue)
QUEUES
lose_table
check 'a removed queue is not listed, from the ledger' 1 '' '' \
    grep -x junk <<QUEUES
$(tqstat -O -o queue)
QUEUES
check 'its tasks are unknown' 66 '' '*v1*' tqstat v1

# ---- set and get

check 'set for the broker' 0 '' '' tqctl set crashes=5
seen 'get one is its value' 5 tqctl get crashes
check 'set for a queue' 0 2 '' tqctl -v set conf limit=7 on-full=refuse
seen 'get of a queue' 7 tqctl get conf limit
check 'the broker has its own' 0 0 '' tqctl get limit
seen 'get of a queue, by -q' refuse tqctl -q conf get on-full
check 'get prints all settings of a queue' 0 "*limit${TAB}7$NL*" '' \
    tqctl get conf
check 'get -v says where a value is from' 0 "7${TAB}set" '' \
    tqctl -v get conf limit
check 'get -J' 0 '{"name":"limit","value":"7","from":"set"}' '' \
    tqctl -J get conf limit
check 'an empty value is the default' 0 '' '' tqctl set conf limit=
seen 'and get says so' 0 tqctl get conf limit
check 'an unknown setting' 78 '' '*nonsense*' tqctl set nonsense=1
check 'a bad value is quoted' 78 '' "*'many'*" tqctl set conf limit=many
run tqctl set misspelt limit=many
is 'and makes no queue' "$(tqstat -O -q misspelt -o queue)" ''
check 'get of an unknown setting' 78 '' '*nonsense*' \
    tqctl get conf nonsense
check 'set without a value' 64 '' '*name=value*' tqctl set conf

# ---- claims

put c1 -q cl true
claim cl
check 'done' 0 '' '' tqctl done "$claim"
seen 'what is done is a success' success state c1
check 'a claim is settled once' 75 '' '*c1*' tqctl done "$claim"
put c2 -q cl true
claim cl
printf 'the result\n' >result
run tqctl done -i "$claim" <result
is 'done -i takes a result' "$status" 0
seen 'and it is the output' 'the result' tqresult c2
put c3 -q cl true
claim cl
head -c 300000 /dev/zero | tr '\0' x >large
run tqctl done -i "$claim" <large
echo changed >large
is 'a large result is a copy' "$(tqresult c3 | wc -c)" 300000
put c4 -q cl true
claim cl
check 'fail' 0 '' '' tqctl fail 3 "$claim"
seen 'what failed is a failure' failure state c4
check 'with that status' 3 '' '' tqresult c4
put c5 -q cl -r 1 true
claim cl
check 'fail while retries are left' 0 '' '' tqctl fail 3 "$claim"
like 'is tried again' "$(state c5)" 're*y'
tqctl -Q revoke c5
put c6 -q cl true
claim cl
check 'later' 0 '' '' tqctl later 1h "$claim"
seen 'a task put off is tried again' retry state c6
like 'after that time' "$(tqstat -o eta c6)" '????-??-??T*'
tqctl -Q revoke c6
put c7 -q cl true
claim cl
check 'touch' 0 '' '' tqctl touch 1h "$claim"
check 'a lease ends when touch says' 0 '' '' tqctl touch 0.02 "$claim"
ok 'then another one gets it' wait_for tqget -q cl -t 0 true
tqctl set short lease=0.02
put l1 -q short true
run tqget -L 1h -q short -t 0
ok 'a lease is no longer than the queue allows' \
    wait_for sh -c 'tqget -L 1h -q short -t 0 | cut -f 1 >again; test -s again'
check 'nor when it is touched' 0 '' '' tqctl touch 1h "$(cat again)"
ok 'and another one gets it' wait_for tqget -q short -t 0 true
check 'a lost claim changes nothing' 75 '' '*c7*' tqctl fail 1 "$claim"
seen 'so the task is what the other made it' success state c7
check 'a bare id is not a claim' 64 '' '*c1*' tqctl done c1
check 'a claim of an unknown id' 75 '' '*nosuch*' tqctl fail 1 nosuch/1
check 'a bad status is quoted' 64 '' "*'256'*" tqctl fail 256 "$claim"
check 'a bad duration is quoted' 64 '' "*'soon'*" tqctl later soon "$claim"
check 'no claim' 64 '' '*no claim*' tqctl done
check 'stdin is claims or a result' 64 '' '*stdin*' tqctl done -i -
put c8 -q cl true
claim cl
check 'one lost claim does not keep the others' 75 1 '*' \
    tqctl -v done c7/1 "$claim"
seen 'which are settled' success state c8

# ---- kill

bg tqrun -q run -j 2
worker=$!
put k1 -q run sleep 100
ok 'a task to kill' wait_for is_state k1 started
check 'kill -w waits for its end' 0 '' '' tqctl kill -w -t 60 k1
check 'it ended by the signal' 143 '' '*' tqresult k1
put k2 -q run sh -c "trap 'echo got it; exit 9' USR1; : >$T/k2
	while :; do sleep 0.02; done"
ok 'a task that has set a trap' wait_for test -e k2
check '--signal sends that one' 0 '' '' tqctl --signal usr1 kill k2
check 'and the task decides' 9 'got it' '*' tqresult -w -t 60 k2
check 'an unknown signal is quoted' 64 '' "*'NONE'*" \
    tqctl kill --signal NONE k2
put k3 -q run sleep 100
ok 'a task to revoke' wait_for is_state k3 started
check 'kill -w gives up at -t' 1 '' '*not all have ended*' \
    tqctl kill --signal CONT -t 0.1 k3
check 'revoke -w ends what runs' 0 '' '' tqctl revoke -w -t 60 k3
check 'it is revoked' 0 revoked '' state k3
check 'kill of what has not started changes nothing' 1 '' \
    'tqctl: a: not started (held)' tqctl kill -w a
group=$(printf '%s\n' a b | tqput -m --group -q grp echo)
check 'nor of a group whose members have not' 1 '' \
    "tqctl: $group: none of its members: not started" tqctl kill "$group"

# ---- workers

jobs()
{
	[ "$(tqstat -W -o jobs)" = "$1" ]
}
who=$(tqstat -W -o worker)
check 'workers prints them' 0 "$who${TAB}run${TAB}2*" '' tqctl workers
check 'one by name' 0 "$who$TAB*" '' tqctl workers "$who"
check 'none of that name' 66 '' 'tqctl: nobody.1.1: no such worker' tqctl workers nobody.1.1
check 'ping' 0 "$who" '' tqctl ping
kill -STOP "$worker"
check 'one that does not answer is named' 1 '' "tqctl: $who: no answer" \
    tqctl ping -t 0.1
kill -CONT "$worker"
check 'ping one that is not there' 66 '' '*nobody.1.1*' \
    tqctl ping nobody.1.1
check 'grow' 0 1 '' tqctl -v grow 3
ok 'it has more jobs' wait_for jobs 5
check 'shrink' 0 '' '' tqctl shrink 4 "$who"
ok 'it has fewer jobs' wait_for jobs 1
check 'stop -w waits until it left' 0 '' '' tqctl stop -w -t 60
ok 'it has left' wait_gone "$worker"
check 'there is nobody to stop' 1 '' 'tqctl: stop: no worker is there' tqctl stop
check 'to ping' 1 '' 'tqctl: ping: no worker is there' tqctl ping
check 'or to list' 1 '' 'tqctl: workers: no worker is there' tqctl workers

# ---- the spool

check 'init' 0 '' '' tqctl init "$T/own"
is 'makes a private spool' "$(stat -c %a "$T/own")" 700
check 'once' 1 '' '*own*' tqctl init "$T/own"
check 'init for a group' 0 '' '' tqctl init -g "$(id -g)" "$T/shared"
is 'makes a shared one' "$(stat -c %a,%g "$T/shared")" "2770,$(id -g)"
ok 'that can be used' tqput -Q -b "$T/shared" true
check 'a bad mode' 64 '' '*0777*' tqctl init -m 0777 "$T/bad"
check 'an unknown group is quoted' 64 '' "*'no such'*" \
    tqctl init -g 'no such' "$T/bad"
check 'flush' 0 '' '' tqctl flush
check 'gc' 0 '' '' tqctl gc
seen 'gc keeps what is kept' success state c8
check 'check of a good spool' 0 '*' '' tqctl check

TQ_DIR=$T/damaged
put before true
echo damage-me | tqput -iQ --id hit cat
put behind true
for file in $(grep -rl damage-me "$TQ_DIR"); do
	perl -0777 -pi -e 's/damage-me/damage-it/' "$file"
done
check 'check finds damage and names it' 65 '*damaged from byte*' '' \
    tqctl check
check '-Q says it by the status alone' 65 '' '' tqctl -Q check
lose_table
check 'the rest goes on' 0 "before${NL}behind" '' tqstat -o id
check 'check --salvage goes on without it' 65 '*damaged*' '' \
    tqctl check --salvage
check 'then all is well' 0 '*' '' tqctl check
seen 'and the rest is there' "before${NL}behind" tqstat -o id
is 'a copy was set aside' "$(cat "$TQ_DIR"/damaged/* | grep -c damage-it)" 1

# ---- usage

check 'no verb' 64 '' 'tqctl: no verb;*usage: tqctl *' tqctl
check '--help of a verb' 0 \
    'usage: tqctl retry [[]--force[]] [[]-k key[]]*[[]id ...[]]*run ended*--quiet*' '' \
    tqctl retry --help
check 'has no option of others' 1 '' '' \
    sh -c 'tqctl init --help | grep -e --force'
check 'its usage is shown with what is wrong' 64 '' \
    'tqctl: init: its dir is missing*[[]-m mode[]]*' tqctl init
check 'an unknown verb' 64 '' "*unknown verb 'frob'*" tqctl frob
check 'an unknown option' 64 '' "*unknown option '-Z'*" tqctl -Z
check 'a broker that is not there' 69 '' '*nosuch*' tqctl -b nosuch: gc
check '--help names the verbs' 0 '*  revoke *' '' tqctl --help

# ---- a spool that is not there

here=$TQ_DIR
TQ_DIR=$T/nowhere
for verb in get 'get default' ping workers check gc flush stop 'grow 1' \
    'hold id' 'pause default' 'done id/1'; do
	check "$verb of a missing spool" 66 '' '*/nowhere: there is no spool' \
	    tqctl $verb
done
check 'tqget that does not wait has nothing' 1 '' '' tqget -t 0 true
not_ok 'none of them made it' [ -e nowhere ]
check 'set does' 0 '' '' tqctl set floor=1m
check 'a size may end in either case' 0 '1048576' '' tqctl get floor
lose_table
TQ_DIR=$here

# ---- values that mean nothing

check 'nice 0' 64 '' "*nice: '0' is too small" tqput --nice 0 true
check 'a part of a second of CPU' 64 '' '*whole seconds' \
    tqput --limit cpu=1.5 true
check 'a resource that is named twice' 64 '' \
    "*-R: 'gpu=2': is needed already" tqput -R gpu -R gpu=2 true

#!/bin/sh
# What becomes of attempts that fail: rules of the queue and of the task, dead
# letters with their reason, and trying them again.
. "${0%/*}/../lib/tap.sh"

# ---- the queue's rules

tqctl init "$TQ_DIR"

for pair in later=20 backoff=1,2,10m permanent=64-68,77-78,100,126-127 \
    temporary=75,111
do
	check "${pair%%=*} is as documented" 0 "${pair#*=}" '' \
	    tqctl get "${pair%%=*}"
done
check 'rules of a queue' 0 '' '' tqctl set q backoff=0 later=1 permanent=3 \
    temporary=9,200-202 retries=2
check 'get shows them' 0 "3${NL}" '' sh -c 'tqctl get q permanent; echo'
check 'a list in its shortest form' 0 9,200-202 '' tqctl get q temporary
check 'a status that is none' 78 '' "*'256'*" tqctl set q permanent=256
check 'a range that ends before it begins' 78 '' "*'9-3'*" \
    tqctl set q temporary=9-3
check 'a factor that shrinks' 78 '' "*'0.5'*" tqctl set q backoff=1,0.5
check 'a cap below the first delay' 78 '' '*10s*' tqctl set q backoff=1m,2,10s

put p1 -q q sh -c 'exit 3'
put p2 -q q sh -c 'exit 65'
put p3 -q q sh -c 'exit 201'
put p4 -q q sh -c 'exit 75'
run tqrun -q q -E
is 'tqrun says that some failed' "$status" 1
is 'a permanent status is tried once' "$(column p1 attempt,state)" \
    "1${TAB}failure"
is 'one that is permanent elsewhere is tried again' \
    "$(column p2 attempt,state)" "3${TAB}failure"
is 'a temporary status is tried while later allows' \
    "$(column p3 attempt,state,why)" \
    "2${TAB}failure${TAB}tried later too often"
is 'one that is temporary elsewhere is a failure' \
    "$(column p4 attempt,state)" "3${TAB}failure"
check 'an empty list' 0 '' '' tqctl set q temporary=none permanent=none
put p5 -q q sh -c 'exit 127'
run tqrun -q q -E
is 'holds nothing' "$(column p5 attempt)" 3

# tqctl fail and tqget go by the same rules
tqctl set q temporary=9 permanent=3 retries=0
put f1 -q q true
claim=$(tqget -L 1h -q q -t 0 | cut -f 1)
check 'fail with a temporary status' 0 '' '' tqctl fail 9 "$claim"
ok 'is tried again' wait_for sh -c \
    "tqget -L 1h -q q -t 0 | cut -f 1 >claim; test -s claim"
check 'fail again' 0 '' '' tqctl fail 9 "$(cat claim)"
is 'and then no more' "$(column f1 state)" failure
put g1 -q q -r 5 sh -c 'exit 3'
run tqget -q q -t 0 sh -c '"$@"' x
is 'tqget goes by them' "$(column g1 state)" failure

# ---- the task's own delays

check '--backoff' 0 '' '' tqput -Q --id b1 -q own -r 1 --backoff 0 false
run tqrun -q own -E
is '--backoff sets the delays' "$(column b1 attempt,state)" \
    "2${TAB}failure"
put b2 -q own --backoff 2s,1.5,300 true
tqget -J -q own -t 0 >b2
like 'a task in JSON has them' "$(cat b2)" '*"backoff":"2,1.5,5m"*'
sed 's/"id":"b2",//' b2 | tqput -mJ -Q -q copy
like 'and so has a copy of it' "$(tqget -J -q copy -t 0)" \
    '*"backoff":"2,1.5,5m"*'
for bad in x 1,0.5 1,2,0.5 1,2,3,4 1,1001 ''; do
	check "--backoff '$bad' is refused" 64 '' '*--backoff*' \
	    tqput --backoff "$bad" true
done
tqctl set slow backoff=1h
put s1 -q slow -r 1 false
put s2 -q slow -r 1 --backoff 0 false
run tqrun -q slow -n 2
is "the task's own goes before the queue's" "$(column s2 state |
    sed 's/ready/retry/')" retry
is "and the other waits by the queue's" "$(column s1 state)" retry
ok 's2 fails, while s1 waits' tqrun -q slow -n 1
is 'and so it did' "$(column s2 state) $(column s1 state)" 'failure retry'
tqctl -Q revoke s1

# more failures than fit into the byte that counts them
put many -q many -r 300 --backoff 0 false
run tqrun -q many -E
is '300 retries are 300' "$(column many attempt,state)" "301${TAB}failure"
check 'more than can be counted' 64 '' "*'60001'*" tqput -r 60001 true

# ---- dead letters

tqctl set dead backoff=0
for i in 1 2 3 4; do
	put "d$i" -q dead sh -c "test -e healed || exit 1$i"
done
run tqrun -q dead -E
is 'dead letters are listed with their status' \
    "$(tqstat -s failure -q dead -o status | tr '\n' ' ')" '11 12 13 14 '
put d5 -q dead -r 1 false
run tqrun -q dead -E
is 'and their reason' "$(tqstat -s failure -o why d5)" 'no retries left'
tqctl -Q forget d5
: >healed
check 'one' 0 1 '' tqctl -v retry d1
run tqrun -q dead -E
is 'is tried again' "$(column d1 state)" success
check 'many' 0 2 '' tqctl -v retry d2 d3
run tqrun -q dead -E
is 'are tried again' "$(column d2 state) $(column d3 state)" 'success success'
check 'all that are left' 0 1 '' tqctl -v -q dead -s failure retry
run tqrun -q dead -E
is 'no dead letter is left' "$(tqstat -s failure -q dead -o id)" ''

#!/bin/sh
# tqrun --hook: commands that are run when something happened.

. "${0%/*}/../lib/tap.sh"

check 'a hook without a command' 64 '' '*--hook: *wanted event=command*' \
    tqrun --hook success
check 'an unknown event' 64 '' "*--hook: 'birth'*" tqrun --hook birth=true
check 'an event twice' 64 '' '*--hook: stop: has a command*' \
    tqrun --hook stop=a --hook stop=b

tqput -Q --id good -l nice true
tqrun -E --hook 'success=cat >task; echo "$TQ_EVENT $TQ_ID" >env'
is 'a success runs its hook' "$(cat env)" 'success good'
like 'which reads the task' "$(cat task)" \
    '{"id":"good",*"state":"success",*"label":"nice",*"status":0*}'

# a line an event
tqput -Q --id bad -r 1 false
tqrun -n 2 -j 1 --hook 'failure=echo failure $TQ_ID >>events' \
    --hook 'retry=echo retry $TQ_ID >>events' \
    --hook 'dead=echo dead $TQ_ID >>events' \
    --hook 'success=echo success >>events' \
    --hook 'start=cat >start' --hook 'stop=cat >stop'
is 'each event of a task that fails, is retried and fails' \
    "$(sort events | uniq -c | tr -s ' ')" \
    " 1 dead bad$NL 2 failure bad$NL 1 retry bad"
like 'start' "$(cat start)" '{"event":"start","pid":[0-9]*}'
like 'stop' "$(cat stop)" '{"event":"stop","pid":[0-9]*}'

tqput -Q --id one true
check 'a hook that fails is said, and its task is a success' 0 '' \
    'tqrun: hook success of one: status 3' tqrun -E --hook 'success=exit 3'
is 'of a success' "$(tqstat -s all -o state one)" success

# eight at a time: the ninth hook waits, the tasks do not
for i in 1 2 3 4 5 6 7 8 9 10; do tqput -Q --id hang$i true; done
bg tqrun --hook 'success=echo x >>hung; exec sleep 3000'
pid=$!
ten() { [ "$(tqstat -s success -o id | grep -c hang)" -eq 10 ]; }
eight() { [ "$(wc -l <hung)" -eq 8 ]; }
ok 'hooks that hang delay no task' wait_for ten
ok 'eight run at a time' wait_for eight
ok 'a second TERM ends them too' wait_for term_again $pid
not_ok 'none is left' pgrep -f "TQ_HOOK=$pid/"

tqput -Q --id slow true
check 'after 30 s a hook is killed, and that is said' 0 '' \
    "tqrun: hook success: over its 30 seconds${NL}tqrun: hook success of slow: killed by signal 9" \
    tqrun -E --hook 'success=trap "" TERM; while :; do sleep 1; done'

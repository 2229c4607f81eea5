#!/bin/sh
# What a service manager, the journal and ps(1) see of a worker.

. "${0%/*}/../lib/tap.sh"

cat >manager <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)
END
bg sh -c 'exec python3 manager "$1" >heard' sh "$T/notify"
wait_for grep -q listening heard

heard()
{
	wait_for grep -qx "$1" heard
}

bg env NOTIFY_SOCKET="$T/notify" WATCHDOG_USEC=400000 tqrun -q mail -q enc \
    -j 1 -g 5
worker=$!
ok 'it is ready' heard 'READY=1'
ok 'it says how it is' heard 'STATUS=0 running, 0 done, 0 failed'
tqput -Q -q enc -w true
tqput -Q -q enc -w false
ok 'and counts' heard 'STATUS=0 running, 1 done, 1 failed'
# which is told a moment later
shown()
{
	tr '\0' ' ' <"/proc/$worker/cmdline" |
	    grep -q '^tqrun: mail,enc: 0 running, 1 done, 1 failed'
}
ok 'for ps too' wait_for shown
fed()
{
	[ "$(grep -c 'WATCHDOG=1' heard)" -ge 5 ]
}
ok 'it feeds the watchdog' wait_for fed
tqput -Q -q enc sh -c 'touch started; until [ -e go ]; do sleep 0.01; done'
wait_for test -e started
kill "$worker"
ok 'it says that it stops, and how long it takes at most' \
    heard 'STOPPING=1 EXTEND_TIMEOUT_USEC=25000000'
: >heard
ok 'it feeds the watchdog until it has stopped' heard 'WATCHDOG=1'
ok 'and says how it is' heard 'STATUS=stopping: 1 running, 1 done, 1 failed'
touch go
wait_gone "$worker"

: >heard
bg env NOTIFY_SOCKET="$T/notify" WATCHDOG_USEC=400000 WATCHDOG_PID=1 tqrun
worker=$!
heard 'STATUS=0 running, 0 done, 0 failed'
kill "$worker"
ok 'without a time it does not ask for one' heard 'STOPPING=1'
not_ok "another's watchdog is not fed" grep -q WATCHDOG heard
wait_gone "$worker"

# ---- the journal, which is a file here

tqput -Q --id t1 -q log -l 'a b' sh -c 'exit 3'
: >journal
JOURNAL_STREAM=$(stat -c %d:%i journal) tqrun -v -E -q log 2>journal
like 'the journal gets words to seek for' "$(cat journal)" "*<6>started \
task=t1 queue=log label=\"a b\" attempt=1 program=sh$NL*<6>ended task=t1 \
queue=log label=\"a b\" attempt=1 state=failure status=3 wall=0.*"
like 'a pipe does not' "$(tqput -Q --id t2 -q log true
    JOURNAL_STREAM=8:1 tqrun -v -E -q log 2>&1)" '*tqrun: t2: started true*'

#!/bin/sh
# SPOOL/ready/QUEUE calls for a worker where none is, and only there.

. "${0%/*}/../lib/tap.sh"

ready=$TQ_DIR/ready

called()
{
	[ -e "$ready/$1" ]
}

not_called()
{
	! called "$1"
}

# a worker of a queue, there to claim
start()
{
	bg tqrun -q "$1"
	wait_for sh -c 'tqstat -W -o queues | grep -qx "$1"' sh "$1"
}

ok 'a delayed task calls nobody' tqput -Q -q mail -d 1h true
ok 'nor does a held one' tqput -Q -q mail --hold --id held true
not_ok 'for nothing is ready' called mail
tqput -Q -q mail true
ok 'a ready task calls' called mail
not_ok 'for its own queue alone' called default
rm "$ready/mail"
tqctl release held
ok 'one that is released calls, a moment later at most' wait_for sh -c \
    'tqput -Q -q mail true; test -e "$1"' sh "$ready/mail"

start mail
worker=$!
ok 'who comes takes it away' wait_for not_called mail
tqput -Q -q mail -w true
not_ok 'while he is there nobody else is called' called mail
tqput -Q -q other true
ok 'but in another queue' called other

kill "$worker"
wait_gone "$worker"
not_ok 'who leaves nothing behind calls nobody' called mail
tqput -Q -q mail true
ok 'the next task calls' called mail

tqrun -E -q mail
start mail
worker=$!
kill -9 "$worker"
wait_gone "$worker"
ok 'a worker that was killed is missed' wait_for sh -c \
    'tqput -Q -q mail true; test -e "$1"' sh "$ready/mail"

tqrun -E -q mail
tqput -m -Q -q mail <<'END'
true
true
true
END
tqrun -n 1 -q mail
ok 'who leaves work behind calls for it' called mail
tqrun -E -q mail

# what a path unit does; every task must be found without another clock
rm -rf "$ready"
sh -c 'while [ ! -e stop ]; do
	[ -e "$1" ] && tqrun -E -q storm
	sleep 0.002
    done' sh "$ready/storm" &
path=$!
i=0
while [ $i -lt 150 ]; do
	i=$((i + 1))
	tqput -Q -q storm true
done
ok 'put by put, no call is lost' tqresult -w -t 60 -q storm
touch stop
wait "$path"
is 'and each ran once' "$(tqstat -s success -q storm -o attempt | sort | uniq -c |
    tr -s ' ')" ' 150 1'

mkdir shared
for_others
if [ "$(id -u)" -eq 0 ]; then
	gid=$((60000 + $$ % 5000))
	tqctl init -m 2770 -g $gid shared/spool
	TQ_DIR=shared/spool setpriv --reuid=$gid --regid=$gid --clear-groups \
	    env TQ_DIR="$T/shared/spool" tqput -Q true
	is 'members of its group call in a shared spool' \
	    "$(stat -c %a:%g shared/spool/ready):$(stat -c %g \
	    shared/spool/ready/default)" "2770:$gid:$gid"
	TQ_DIR=$T/shared/spool tqrun --allow-commands -E 2>/dev/null
	not_ok 'and others take it away' test -e shared/spool/ready/default
	TQ_DIR=shared/spool lose_table
else
	skip 'members of its group call in a shared spool' 'needs root'
fi

#!/bin/sh
# Tables in shared memory whose spool is gone are taken away, by who makes a new
# one and by tqctl gc; not those that somebody uses, or may use again.

. "${0%/*}/../lib/tap.sh"

# object dir: that of its table
object()
{
	tr -c 'A-Za-z0-9._/-' '\n' <"$1/lock" | grep -m 1 '^/tq-'
}

has_object()
{
	[ -e "/dev/shm$1" ]
}

no_object()
{
	! has_object "$1"
}

# inode numbers of message queues, mounted where nobody else sees it
inboxes()
{
	unshare -m sh -c "mount -t mqueue none '$T/mq' && ls -i '$T/mq'" |
	    sed 's/^ *//; s/ .*//'
}

# inbox pid: that of its inbox
inbox()
{
	for fd in /proc/"$1"/fd/*; do
		case $(readlink "$fd") in
		/tq-"$(id -u)"-[0-9]*)	stat -L -c %i "$fd" ;;
		esac
	done
}

mkdir mq
tqctl init "$TQ_DIR"

for name in removed kept moved other; do
	tqput -Q -b "$T/$name" -q q true
done
removed=$(object removed)
kept=$(object kept)
ok 'a spool has a table' has_object "$removed"
rm -rf removed
check 'gc' 0 '' '' tqctl gc
ok 'takes the table of one that was removed' no_object "$removed"
ok 'and not that of one that is there' has_object "$kept"

# in use, but not found where it was made
bg tqget -b "$T/moved" -q none true
reader=$!
wait_for sh -c "tqstat -b '$T/moved' -W | grep -q ."
moved=$(object moved)
mv moved elsewhere
tqctl gc
ok 'one that somebody uses stays, wherever its spool is' has_object "$moved"
kill -KILL $reader
wait_gone $reader
tqctl gc
ok 'and goes with him' no_object "$moved"
check 'which costs nothing but to make it again' 0 'ready' '' \
    tqstat -b "$T/elsewhere" -o state

# a worker that was killed has left its inbox
rm -rf other
bg tqget -b "$T/other" -q none true
reader=$!
wait_for sh -c "tqstat -b '$T/other' -W | grep -q ."
other=$(object other)
inbox=$(inbox "$reader")
inboxes >before 2>/dev/null
if [ -s before ]; then
	ok 'a worker that sleeps has an inbox' grep -qx "$inbox" before
	kill -KILL $reader
	wait_gone $reader
	rm -rf other
	tqput -Q -b "$T/new" true
	ok 'who makes a table takes those of the removed' no_object "$other"
	inboxes >after
	not_ok 'and their inboxes' grep -qx "$inbox" after
else
	skip 'inboxes' 'needs root'
	kill -KILL $reader
fi

# another made in its place
tqput -Q -b "$T/again" true
again=$(object again)
rm -rf again
tqput -Q -b "$T/again" true
ok 'nor stays one whose place another has' no_object "$again"
ok 'whose own does' has_object "$(object again)"

for dir in kept elsewhere new again; do
	TQ_DIR=$T/$dir lose_table
done

# ---- nobody has to run anything for the death of a worker to be seen

TQ_DIR=$T/alone
# until the end of this test, whoever is dead
until='while [ -d "$0" ]; do sleep 0.2; done'
put once --once sh -c "$until" "$T"
put again sh -c "$until" "$T"
bg tqrun -j 2
wait_for is_state once started && wait_for is_state again started
kill -KILL $!
ok 'who looks sees it' wait_for is_state again ready
is 'and what became of the task' "$(column once state,why)" \
    "failure${TAB}worker died (--once)"
put third --once -q third sh -c "$until" "$T"
bg tqrun -q third
wait_for is_state third started
kill -KILL $!
check 'who waits has an answer' 125 '' 'tqresult: third: *worker died*' \
    timeout 60 tqresult -w third

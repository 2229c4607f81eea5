#!/bin/sh
# Tasks in cgroups of their own, as far as this machine lets us make one: what a
# hierarchy without controllers can do, which is to end them.

. "${0%/*}/../lib/tap.sh"

# what every process of a test's tasks has in its command line
mark=$$.4207

# run in a new cgroup: its directory, then the command
inside()
{
	sh -c 'echo 0 >"$0/cgroup.procs" && exec "$@"' "$@"
}

# what tqstat -W says of the only worker, once it is there
limits()
{
	wait_for sh -c 'tqstat -W -o limits | grep .....'
	tqstat -W -o limits
}

# end it by that signal
stop()
{
	worker=$(tqstat -W -o pid)
	kill -"$1" "$worker"
	wait_gone "$worker"
}

running()
{
	pgrep -f "sleep $mark" | wc -l
}

bg tqrun
like 'without a cgroup rlimits hold' "$(limits)" rlimit
stop TERM

base=
for d in /sys/fs/cgroup /sys/fs/cgroup/unified; do
	[ -f $d/cgroup.procs ] &&
	    base=$(mktemp -d $d/tq-test-XXXXXX 2>/dev/null) && break
done
if [ -z "$base" ] || [ ! -f "$base/cgroup.kill" ]; then
	[ -z "$base" ] || rmdir "$base"
	skip 'tasks in cgroups' 'none with cgroup.kill can be made here'
	exit 0
fi
# inside out, once all who may still be in it have ended
trap 'echo 1 >"$base/cgroup.kill"
    for d in $(find "$base" -depth -type d); do wait_for rmdir "$d"; done
    finish' EXIT

bg inside "$base" tqrun
like 'a cgroup nobody delegated is left alone' "$(limits)" rlimit
is 'and nothing made in it' "$(ls -d "$base"/*/ 2>/dev/null)" ''
stop TERM

python3 -c 'import os, sys
os.setxattr(sys.argv[1], "user.delegate", b"1")' "$base"
bg inside "$base" tqrun -j 2
like 'one that is delegated is used' "$(limits)" 'cgroup:*kill'
check 'a task is in one of its own' 0 '*/tq-*/[12].0' '' \
    tqput -w sh -c 'grep ^0:: /proc/self/cgroup'

# Descendants without parents, in sessions of their own, deaf, forking on.
tqput -Q --id bomb -T 1,1 perl -MPOSIX -e '
	$SIG{$_} = "IGNORE" for qw(TERM INT HUP);
	for (1 .. 40) {
		next if fork();
		POSIX::setsid();
		exit if fork();
		close STDIN; close STDOUT; close STDERR;
		exec "sh", "-c", "while :; do sleep $ARGV[0] & sleep .1; done";
	}
	sleep 600' "$mark"
check 'its time limit ends a fork bomb' 137 '' '*time limit*' tqresult -w bomb
is 'and all that came of it' "$(running)" 0
check 'and the next task runs' 0 next '' tqput -w echo next

check 'who leaves a daemon behind' 0 '' '' \
    tqput -w --id daemon sh -c "setsid sleep $mark >/dev/null 2>&1 &"
tqput -Q -T 1,1 --id after sh -c 'trap "" TERM; while :; do sleep 1; done'
check 'and who is killed after it' 137 '' '*time limit*' tqresult -w after
is 'share no cgroup' "$(running)" 1
pkill -f "sleep $mark"

stop TERM

cat >stay <<END
#!/bin/sh
trap '' TERM
while read -r line; do
	setsid sleep $mark &
	cut -d: -f3 /proc/self/cgroup >$T/where
	sleep 60
done
END
chmod 755 stay
tqput -Q -q stay --id stays -N stay -T 1,1
bg inside "$base" tqrun -q stay -U stay="$T/stay"
check 'a resident handler that hangs is killed' 137 '' '*time limit*' \
    timeout 60 tqresult -w stays
like 'in a cgroup of its own' "$(cat where)" '*/tq-*/65536.*'
is 'with all that it started' "$(running)" 0
stop TERM

bg inside "$base" tqrun
limits >/dev/null
is 'what a worker left the next one removes' \
    "$(ls -d "$base"/tq-*/ | wc -l)" 1

stop KILL
bg inside "$base" tqrun
limits >/dev/null
is 'and what a killed one left' "$(ls -d "$base"/tq-*/ | wc -l)" 1
stop TERM

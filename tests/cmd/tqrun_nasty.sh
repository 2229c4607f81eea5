#!/bin/sh
# Tasks that hide, do not end, or end badly: nothing of them is left after
# their hard limit, their worker stays up and the next task runs.  A fork bomb
# is in tqrun_limit.sh, a control group in tqrun_cgroup.sh.

. "${0%/*}/../lib/tap.sh"

# Sleeps of this run alone, which pgrep(1) tells from all others: each process
# number has as many digits, or that of 12 would be the beginning of 124's
long=4000.$(printf %07d $$)

# nasty id words...: a task that must end by its hard limit
nasty()
{
	id=$1
	shift
	tqput -Q --id "$id" -T 0.5,1 "$@"
}

nasty double-fork sh -c "( (sleep ${long}1 &) & ); sleep ${long}1"
nasty setsid sh -c "setsid sleep ${long}2 & sleep ${long}2"
nasty closed sh -c "exec <&- >&- 2>&- 3>&-; sleep ${long}3; sleep ${long}3"
nasty deaf sh -c "trap '' TERM INT HUP QUIT
	(trap '' TERM; sleep ${long}4) & while :; do sleep ${long}4; done"
nasty stopped sh -c "sleep ${long}5 & kill -STOP \$\$"
nasty orphans sh -c "setsid sh -c \"trap '' TERM
	(setsid sleep ${long}6 <&- >&- 2>&- &); sleep ${long}6\" &
	trap '' TERM; sleep ${long}6; sleep ${long}6"
nasty background sh -c "for i in 1 2 3 4 5; do
	setsid setsid sh -c 'sleep ${long}7 & sleep ${long}7' & done
	sleep ${long}7"
nasty execs sh -c "trap '' TERM; while :; do
	setsid sh -c 'trap \"\" TERM; sleep ${long}8' & sleep 0.05; done"
tqput -Q --id meek -p 0 echo meek
bg tqrun -j 8
worker=$!
tqresult -w -t 60 double-fork setsid closed deaf stopped orphans background \
    execs >/dev/null 2>&1
for id in double-fork:1 setsid:2 closed:3 deaf:4 stopped:5 orphans:6 \
    background:7 execs:8; do
	like "${id%:*} ends by its limit" \
	    "$(tqstat -o state,why "${id%:*}")" "failure${TAB}time limit"
	not_ok "${id%:*} leaves nothing" pgrep -f "sleep $long${id#*:}"
done
check 'the next task runs' 0 meek '' tqresult -w -t 60 meek
ok 'and the worker is up' kill -0 "$worker"

# ---- ends of all kinds

tqput -Q --id abort sh -c 'kill -ABRT $$'
tqput -Q --id parent -q own sh -c 'kill -9 $PPID; echo alive'
tqput -Q --id group sh -c 'kill -9 0'
tqput -Q --id fds sh -c 'ls /proc/self/fd | wc -l'
check 'an abort is its status' 134 '' '*' tqresult -w -t 60 abort
check 'a task that kills its group is alone in it' 137 '' '*' \
    tqresult -w -t 60 group
# the parent of a task is its worker: there is no guard but another user
for i in 1 2 3; do
	tqrun -n 1 -q own 2>/dev/null
done
tqrun -E -q own
is 'one that kills its worker fails after three of them' \
    "$(tqstat -o state,crashes,why parent)" \
    "failure${TAB}3${TAB}worker died 3 times"
check 'a task has three descriptors and the one to speak on' 0 5 '' \
    tqresult -w -t 60 fds

# ---- a full disk

if [ "$(id -u)" -eq 0 ] && truncate -s 64M image &&
    mkfs.ext4 -q -m 0 image 2>/dev/null && mkdir disk &&
    mount -o loop image disk 2>/dev/null; then
	TQ_DIR=$T/disk/spool
	tqctl set floor=1M >/dev/null
	tqput -Q --id full sh -c "cat /dev/zero >$T/disk/fill 2>/dev/null
	    echo after"
	bg tqrun -j 1
	filler=$!
	ended()
	{
		[ "$(tqstat -s all -o state full)" = success ]
	}
	ok 'the end of a task that filled the disk is kept' wait_for ended
	rm -f disk/fill
	tqput -Q --id roomy echo roomy
	check 'with room again the next one runs' 0 roomy '' \
	    tqresult -w -t 60 roomy
	kill "$filler"
	wait_gone "$filler"
	lose_table
	TQ_DIR=$T/spool
	umount disk
else
	skip 'the end of a task that filled the disk is kept' \
	    'needs root and a loop device'
	skip 'with room again the next one runs' 'needs root and a loop device'
fi
kill "$worker"
wait_gone "$worker"

# ---- handlers that must not be run

mkdir handlers
for name in good open shared data gone; do
	printf '#!/bin/sh\necho ran\n' >handlers/$name
	chmod 755 handlers/$name
	tqput -Q --id h-$name -N $name
done
chmod 777 handlers/open
chmod 775 handlers/shared
chmod 644 handlers/data
rm handlers/gone
ln -s /bin/sh handlers/tool
tqput -Q --id h-tool -N tool
if [ "$(id -u)" -eq 0 ]; then
	cp handlers/good handlers/foreign
	chown 12345 handlers/foreign
	tqput -Q --id h-foreign -N foreign
fi
tqrun -E handlers 2>/dev/null
check 'a good one runs' 0 ran '' tqresult h-good
while read -r which want why; do
	check "$which is refused" "$want" '' '*' tqresult "h-$which"
	like "$which: why" "$(tqstat -o why "h-$which")" "$why"
done <<'!'
open 126 */open: others may write to it (mode 777)
shared 126 */shared: others may write to it (mode 775)
data 126 */data: not executable
gone 127 NotRegistered: gone
tool 126 */tool: leads out of the handler directories*
!
if [ "$(id -u)" -eq 0 ]; then
	like 'foreign: why' "$(tqstat -o status,why h-foreign)" \
	    "126${TAB}*/foreign: belongs to uid 12345"
else
	skip 'foreign: why' 'needs root'
fi

#!/bin/sh
# Every exit status that a page documents can be had, and each is one that its
# page documents: the rows below are compared with the lists of EXIT STATUS.

. "${0%/*}/../lib/tap.sh"
top=$OLDPWD

# had command status name err cmd ...: as check, of what that command exits with
had()
{
	which=$1 want=$2 name=$3 says=$4
	shift 4
	echo "$which $want" >>"$T/had"
	check "$which $want: $name" "$want" '*' "$says" "$@"
}

# cannot why command status ...: rows that this machine cannot have
cannot()
{
	why=$1
	shift
	while [ $# -gt 0 ]; do
		echo "$1 $2" >>"$T/had"
		skip "$1 $2" "$why"
		shift 2
	done
}

# few n cmd ...: with descriptors 0 to n-1
few()
{
	(ulimit -n "$1"; shift; exec "$@")
}

# full cmd ...: with output that cannot be written
full()
{
	"$@" >/dev/full
}

# A row for each command: what any of them does without looking at anything.
# each status name err VAR=value
each()
{
	each=$1 title=$2 words=$3 var=$4
	had tqput "$each" "$title" "tqput: $words" env "$var" tqput true
	had tqget "$each" "$title" "tqget: $words" env "$var" tqget -t 0
	had tqrun "$each" "$title" "tqrun: $words" env "$var" tqrun -E
	had tqresult "$each" "$title" "tqresult: $words" \
	    env "$var" tqresult -J one
	had tqstat "$each" "$title" "tqstat: $words" env "$var" tqstat
	had tqctl "$each" "$title" "tqctl: $words" env "$var" tqctl check
	had tqbeat "$each" "$title" "tqbeat: $words" env "$var" tqbeat "$T/tab"
}
echo '@every 1h true' >"$T/tab"

# ---- wherever the spool is

each 69 'no such module' 'nosuch: no module*' TQ_BROKER=nosuch://host
each 64 'no URL' "'nonsense': *" TQ_BROKER=nonsense
mkdir "$T/full" && touch "$T/full/file"
each 78 'a directory of other things' '*not a spool*' TQ_DIR="$T/full"
mkdir "$T/open" && tqctl init "$T/open" && chmod 777 "$T/open"
each 77 'others may write there' '*lets others write*' TQ_DIR="$T/open"
had tqput 66 'no place to make it' '*No such file*' \
    env TQ_DIR=/proc/no/spool tqput true
had tqrun 66 'no place to make it' '*No such file*' \
    env TQ_DIR=/proc/no/spool tqrun -E

# ---- 0, 1 and what is wrong with what was asked

had tqput 0 'a task' '' tqput -q q --id one true
had tqput 1 'the same once more' '*known already' tqput -q q --id one true
had tqget 0 'one is printed' '' tqget -t 0 -q q
had tqget 1 'there is none' '' tqget -t 0 -q q
had tqput 0 'a failure' '' tqput -q q --id bad -c 'exit 3'
had tqrun 0 'nothing failed' '' tqrun -E
had tqrun 1 'a task failed' '' tqrun -q q -E
put ready -q other true
had tqresult 0 'has ended' '' tqresult -J one bad
had tqresult 1 'one has not' '' tqresult -J one ready
had tqresult 66 'no such id' 'tqresult: nobody: no such id' \
    tqresult -J nobody
had tqstat 0 'idle' '' tqstat -Q -q q
had tqstat 1 'busy' '' tqstat -Q -q other
had tqstat 66 'no such id' 'tqstat: nobody: no such id' tqstat nobody
had tqctl 0 'done' '' tqctl pri 5 ready
had tqctl 1 'was so before' 'tqctl: one: *(success)' tqctl revoke one
had tqctl 66 'no such id' 'tqctl: nobody: no such id' tqctl revoke nobody
had tqctl 78 'no such setting' 'tqctl: *no such setting' tqctl set colour=red
had tqctl 75 'tasks are in the queue' 'tqctl: *' tqctl rmq other
had tqctl 75 'a claim that nobody has' 'tqctl: *' tqctl done ready/1
had tqctl 75 'of no task, whatever the verb' 'tqctl: nobody/1: *' \
    tqctl fail 1 nobody/1
had tqbeat 0 'what comes next' '' tqbeat -n 1 "$T/tab"
echo 'every now and then' >"$T/wrong"
had tqbeat 65 'a wrong line' 'tqbeat: *wrong*' tqbeat -n 1 "$T/wrong"
had tqbeat 66 'no such file' 'tqbeat: *No such file*' tqbeat "$T/none"
had tqput 66 'waits for nobody' 'tqput: *nobody*' tqput -A nobody true
echo '{' >"$T/brace"
had tqput 65 'a bad record' 'tqput: *1*' \
    sh -c "tqput -m -J <$T/brace"
had tqget 66 'no such command; it is handed back' 'tqget: no-such-command: *' \
    sh -c 'tqput -Q -q q true && exec tqget -q q no-such-command'
had tqget 77 'a command that nobody may run' "tqget: $T/tab: *" \
    tqget -q q "$T/tab"
had tqrun 66 'no such handlers' 'tqrun: *No such file*' tqrun -E "$T/none"
had tqrun 66 'wherever they are named' 'tqrun: TQ_HANDLERS: *No such file*' \
    env TQ_HANDLERS="$T/none" tqrun -E
mkdir -m 777 "$T/theirs"
had tqrun 78 'handlers that others may write' 'tqrun: *' tqrun -E "$T/theirs"

# ---- the statuses of tasks: tqresult, and tqput -w with a worker there

cat >"$T/ways" <<'EOF'
3	sh -c 'exit 3'
126	/dev/null
127	no-such-command
143	sh -c 'kill -TERM $$'
EOF
bg tqrun -q ways
while IFS="$TAB" read -r as line; do
	put "as$as" -q ways -c "exec $line"
	eval "had tqput $as 'the task of -w' '*' tqput -q ways -w $line"
	eval "put is$as -q ways $line"
	had tqresult "$as" 'of a task' '*' tqresult -w "is$as"
done <"$T/ways"
had tqput 124 'not ended in time' "tqput: queued: $ID" \
    tqput -w -t 0 -q other true
tqctl close other
had tqput 125 'not put in time' 'tqput: *not queued*' \
    tqput -w -t 0 -q other true
had tqput 75 'a closed queue' 'tqput: other: *' tqput -t 0 -q other true
had tqresult 124 'not ended' 'tqresult: ready: *' tqresult ready
had tqresult 125 'no such id' 'tqresult: nobody: no such id' tqresult nobody

# ---- output that cannot be written

if [ -c /dev/full ]; then
	had tqput 74 'its id' 'tqput: stdout: *' full tqput -q q true
	had tqget 74 'the record' 'tqget: stdout: *' \
	    full tqget -q q -t 0
	had tqresult 74 'the record' 'tqresult: stdout: *' \
	    full tqresult -J one
	had tqstat 74 'the record' 'tqstat: stdout: *' \
	    full tqstat -O
	had tqctl 74 'the settings' 'tqctl: stdout: *' full tqctl get
else
	cannot 'no /dev/full' tqput 74 tqget 74 tqresult 74 tqstat 74 tqctl 74
fi

# ---- a process without descriptors, a disk that fails

few=5
had tqput 71 'no descriptors' 'tqput: *Too many open files' few $few tqput true
had tqget 71 'no descriptors' 'tqget: *Too many open files' \
    few $few tqget -t 0
had tqrun 71 'no descriptors' 'tqrun: *Too many open files' \
    few $few tqrun -E
had tqresult 71 'no descriptors' 'tqresult: *Too many open files' \
    few $few tqresult -J one
had tqstat 71 'no descriptors' 'tqstat: *Too many open files' few $few tqstat
had tqctl 71 'no descriptors' 'tqctl: *Too many open files' \
    few $few tqctl check
had tqbeat 71 'no descriptors' 'tqbeat: *Too many open files' \
    few $few tqbeat "$T/tab"

if [ -z "$SAN" ] && strace -qq -o /dev/null true 2>/dev/null; then
	bad_disk="strace -qq -f -o $T/trace -e trace=fdatasync,fsync
	    -e inject=fdatasync,fsync:error=EIO:when=1+"
	put lost -q q true
	# shellcheck disable=SC2086
	had tqrun 74 'nothing can be recorded' '*the disk failed*' \
	    $bad_disk tqrun -q q -E
	echo '@every 1s [-q beat] true' >"$T/often"
	# shellcheck disable=SC2086
	had tqbeat 74 'nothing can be put' '*disk failed*' \
	    $bad_disk tqbeat "$T/often"
else
	cannot 'no strace here' tqrun 74 tqbeat 74
fi

# ---- a table that somebody uses and that nobody else can see; the ledger

TQ_DIR=$T/held waits=
put first true
tqstat -f >/dev/null &
holder=$!
pids="$pids $holder"
wait_for grep -q /dev/shm/tq- "/proc/$holder/maps"
kill -STOP $holder
lose_table
# all at once, for each waits 5 s
for words in 'tqput true' 'tqget -t 0' 'tqrun -E' 'tqresult -J first' tqstat \
    'tqctl get' "tqbeat $T/tab"; do
	c=${words%% *}
	(
		# shellcheck disable=SC2086
		timeout -k 5 60 $words >/dev/null 2>"$T/$c.err"
		echo $? >"$T/$c.rc"
	) &
	waits="$waits $!"
done
# shellcheck disable=SC2086
wait $waits
for c in tqput tqget tqrun tqresult tqstat tqctl tqbeat; do
	had $c 75 'its table is out of sight' "$c: *cannot be seen here*" \
	    sh -c "cat $T/$c.err >&2; exit $(cat "$T/$c.rc")"
done
kill -CONT $holder
kill $holder
wait_gone $holder
rm -r "$TQ_DIR/ledger"
had tqctl 65 'the ledger is gone' 'tqctl: *ledger*' tqctl check

# ---- and the pages

# "tqput 64", a line each, of what the pages list; of a range, one of it
for c in tqput tqget tqrun tqresult tqstat tqctl tqbeat; do
	sed -e '1,/^\.Sh EXIT STATUS/d' -e '/^\.Sh EXAMPLES/,$d' "$top/man/$c.1" |
	    sed -n -e 's/0\\(en123/3/' -e 's/128+n/143/' \
	    -e "s/^\.It \([0-9]*\)\$/$c \1/p"
done | sort -u >"$T/documented"
sort -u "$T/had" >"$T/got"
is 'each status that a page lists was had' \
    "$(comm -13 "$T/got" "$T/documented")" ''
is 'and none that is not in its page' "$(comm -23 "$T/got" "$T/documented")" ''

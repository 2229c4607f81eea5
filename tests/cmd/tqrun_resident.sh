#!/bin/sh
# tqrun -u and -U: programs named on the command line, and those that stay up.

. "${0%/*}/../lib/tap.sh"

script()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$1"
	chmod 755 "$1"
}

# A handler that reads lines, with $id of each and its number in $n.
resident()
{
	script "$1" "n=0
while IFS= read -r line; do
	id=\${line#'{\"id\":\"'} id=\${id%%'\"'*} n=\$((n + 1))
	$2
done
echo \$n >>left.$1"
}

put()
{
	tqput -Q --id "$@"
}

# ---- what is refused

check 'a definition without a name' 64 '' '*-u: *wanted name=program*' \
    tqrun -u x
check 'a program that is not there' 66 '' '*-U: */nope*' tqrun -U "$T/nope"
check 'one that is not in PATH' 66 '' '*-U: nope: program not found*' \
    tqrun -U nope
check 'a name that is none' 64 '' "*-u: 'a b' is no name*" \
    tqrun -u 'a b=/bin/true'
check 'an unknown setting' 64 '' "*-U: 'x' is neither*" tqrun -U sh,x=1
check 'a bad number of tasks' 64 '' "*-U: tasks: '0'*" tqrun -U sh,tasks=0
check 'a bad size' 64 '' '*-U: *lots*' tqrun -U sh,rss=lots
check 'a name twice' 64 '' '*-U: a: has a program already*' \
    tqrun -u a=/bin/true -U a=/bin/true
script loose 'exit 0' && chmod 777 loose
check 'one that others may write to' 78 '' '*-U: */loose: others*' \
    tqrun -U ./loose
echo data >data
check 'one that is not executable' 78 '' '*-u: */data: not executable*' \
    tqrun -u a=./data

# ---- -u

script use 'echo "$TQ_NAME: $*"'
put used -N greet a b
tqrun -E -u greet=./use
check '-u names the program of a task' 0 'greet: a b' '' tqresult used
put other -N other
tqrun -E -u greet=./use 2>/dev/null
check 'and of no other' 127 '' 'tqresult: *NotRegistered: other*' \
    tqresult other

# ---- answers

resident count 'echo "{\"id\":\"$id\",\"result\":\"$n of $$\"}"'
for i in 1 2 3; do put count$i -N count; done
tqrun -E -j 1 -U count=./count
pid=$(tqresult count1)
check 'one process answers them all' 0 "3 of ${pid##* }" '' tqresult count3
is 'the end of its input tells it to leave' "$(cat left.count)" 3
put plain sh -c 'echo plain'
put bodied -N any
echo body | tqput -i -Q --id body
resident any 'printf "%s\\n" "{\"id\":\"$id\",\"result\":$line}"'
tqrun -E -U ./any
check 'commands run as ever' 0 plain '' tqresult plain
check 'one without a name gets bodies' 0 '{"id":"body",*"body":"body*}' \
    '' tqresult body
check 'and every name' 0 '{"id":"bodied",*"name":"any"*}' '' tqresult bodied
put tell -N tell --kw a=1 b
tqrun -E -U ./any
check 'it is told what there is to know' 0 \
    '*"name":"tell","args":\["b"\],"kwargs":{"a":"1"}*"attempt":1*' '' \
    tqresult tell
seq 100000 | tqput -i -Q --id long -N any
tqrun -E -U ./any
tqresult long >long
ok 'a long task and a long answer' [ "$(wc -c <long)" -gt 500000 ]

resident fail 'case $id in
	soft) printf "%s\\n" "{\"id\":\"soft\",\"error\":\"no\\nluck\"}" ;;
	perm) echo "{\"id\":\"$id\",\"error\":\"bad\",\"status\":65}" ;;
	later) echo "{\"id\":\"$id\",\"status\":75}" ;;
	esac'
put soft -N fail && put perm -r 3 -N fail && put later -N fail
tqrun -n 3 -j 1 -U fail=./fail
check 'an error is a failure' 1 '' "no${NL}luck" tqresult soft
is 'its first line is the reason' "$(tqstat -o why soft)" no
check 'a status is one' 65 '' bad tqresult perm
is 'and is not worth a retry' "$(tqstat -o attempt,state perm)" "1${TAB}failure"
is '75 is tried later' "$(tqstat -o state later)" retry
tqctl -Q revoke later

# ---- what is no answer: that task fails, the next has a new process

resident bad 'case $id in
	garbage) echo "hello there" ;;
	twice) printf "{\"id\":\"%s\"}\n{\"id\":\"%s\"}\n" twice twice ;;
	wrong) echo "{\"id\":\"else\"}" ;;
	typo) echo "{\"id\":\"typo\",\"reslut\":1}" ;;
	crash) kill -SEGV $$ ;;
	exit) exit 0 ;;
	exit3) exit 3 ;;
	mute) exec >/dev/null; sleep 3000 ;;
	hang) sleep 3000 ;;
	*) echo "{\"id\":\"$id\",\"result\":$n}" ;;
	esac'
# id, status, reason
while read -r id want why; do
	put $id -N bad && put $id-next -N bad
	timeout 20 tqrun -E -j 1 -U bad=./bad 2>err
	check "$id fails" $want '' '*' tqresult $id
	like "$id: the reason" "$(tqstat -o why $id)" "$why"
	check "$id: the next is answered by a new one" 0 1 '' \
	    tqresult $id-next
done <<'!'
garbage 76 bad answer, not JSON: hello there
twice 76 bad answer, a second one: {"id":"twice"}*
wrong 76 bad answer, for another id: {"id":"else"}
typo 76 bad answer, a member*: {"id":"typo","reslut":1}
crash 139 no answer: killed by signal 11
exit 76 no answer: exited with 0
exit3 3 no answer: exited with 3
mute 137 closed its output without an answer
!
put hang -N bad && put hang-next -N bad
tqrun -E -j 1 -T 1,2 -U bad=./bad
check 'the time limit ends one that hangs' 143 '' '*' tqresult hang
is 'and is the reason' "$(tqstat -o why hang)" 'time limit'
check 'the next has a new process' 0 1 '' tqresult hang-next

resident idle 'echo "{\"id\":\"$id\",\"result\":$n}"; exit 0'
put idle1 -N idle && put idle2 -N idle
tqrun -E -j 1 -U idle=./idle 2>err
check 'one that left after its answer' 0 1 '' tqresult idle1
check 'takes no task with it' 0 1 '' tqresult idle2

# ---- a new process in time

rm -f left.count
for i in 4 5 6 7 8; do put count$i -N count; done
tqrun -E -j 1 -U count=./count,tasks=2
ok 'tasks=2: new ones after two' [ "$(wc -l <left.count)" -gt 1 ]
resident grow 'big=$big$(head -c 30000000 /dev/zero | tr "\\0" x)
	echo "{\"id\":\"$id\",\"result\":$n}"'
for i in 1 2 3; do put grow$i -N grow; done
timeout 20 tqrun -E -j 1 -U grow=./grow,rss=10M
is 'rss=10M: a new one when it has grown' \
    "$(for i in 1 2 3; do tqresult grow$i; done | sort -u)" 1

# ---- stopping

script slow 'while read -r line; do sleep 3000; done'
put slow -N slow
bg tqrun -j 1 -g 0 -U slow=./slow
pid=$!
started() { [ "$(tqstat -o state slow)" = started ]; }
ok 'a task is at its handler' wait_for started
kill -TERM $pid
ok 'after the grace the worker leaves' wait_gone $pid
is 'and the task goes back' "$(tqstat -s all -o state slow)" ready
tqctl -Q revoke slow

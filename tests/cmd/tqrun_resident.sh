#!/bin/sh
# tqrun -u and -U: programs named on the command line, and those that stay up.

. "${0%/*}/../lib/tap.sh"

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

# ---- what is refused

check 'a definition without a name' 64 '' '*-u: *wanted name=program*' \
    tqrun -u x
check 'a program that is not there' 66 '' '*-U: */nope*' tqrun -U "$T/nope"
check 'one that is not in PATH' 66 '' '*-U: nope: program not found*' \
    tqrun -U nope
check 'a name that is none' 64 '' "*-u: 'a b' is no name*" \
    tqrun -u 'a b=/bin/true'
check 'an unknown setting' 64 '' "*-U: 'x' is neither*" tqrun -U sh,x=1
check 'a bad number ahead' 64 '' "*-U: ahead: '33'*" tqrun -U sh,ahead=33
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
is 'which is an exception' "$(tqstat -o type other)" NotRegistered

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
put soft -N fail && put perm -r 3 -N fail && put later --backoff 1d -N fail
tqrun -n 3 -j 1 -U fail=./fail
check 'an error is a failure' 1 '' "no${NL}luck" tqresult soft
is 'its first line is the reason' "$(tqstat -o why soft)" no
check 'a status is one' 65 '' bad tqresult perm
is 'and is not worth a retry' "$(tqstat -o attempt,state perm)" "1${TAB}failure"
is '75 is tried later' "$(tqstat -o state later)" retry
tqctl -Q revoke later
resident again 'case $line in
	*\"failures\":2*) echo "{\"id\":\"$id\",\"result\":\"\"}" ;;
	*) echo "{\"id\":\"$id\",\"error\":\"no\",\"type\":\"E\",\"args\":[1],\"retries\":2,\"retry\":0}" ;;
	esac'
put again -N again
put once-more -N twice
put put -N put
resident twice 'echo "{\"id\":\"$id\",\"error\":\"no\",\"retries\":1,\"retry\":0}"'
resident put 'echo "{\"id\":\"$id\",\"replace\":{\"task\":\"x\"}}"'
tqrun -E -j 1 -U again=./again -U twice=./twice -U put=./put 2>/dev/null
is 'an answer may say how often it may fail' \
    "$(tqstat -o state,attempt,result again)" "success${TAB}3${TAB}\"\""
is 'and then it has' "$(tqstat -o state,attempt,why once-more)" \
    "failure${TAB}2${TAB}no"
is 'a signature is not for a spool' "$(tqstat -o state,status,why put)" \
    "failure${TAB}78${TAB}a signature can only be put on a broker of Celery"

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
	timeout 60 tqrun -E -j 1 -U bad=./bad 2>err
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
timeout 60 tqrun -E -j 1 -U grow=./grow,rss=10M
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

# ---- fed ahead: others behind the one that it works on

# many queue bad: 60 tasks of which number 40 is of that kind
many()
{
	seq 60 | sed "s/.*/$1-&/; s/-40\$/-40-$2/" | while read -r id; do
		echo "{\"id\":\"$id\",\"name\":\"quick\",\"queue\":\"$1\"}"
	done | tqput -mJ -Q
}

# number of tasks of a queue in a state
count()
{
	tqstat -q "$1" -s "$2" -o id | wc -l
}

resident quick 'case $id in
	*-crash) kill -SEGV $$ ;;
	*-garbage) echo "hello there" ;;
	*-twice) printf "{\"id\":\"%s\"}\n{\"id\":\"%s\"}\n" $id $id ;;
	*-wrong) echo "{\"id\":\"else\"}" ;;
	*-hang) sleep 3000 ;;
	*-wait) until [ -e go ]; do sleep 0.02; done; echo "{\"id\":\"$id\"}" ;;
	*-again) last=$id; echo "{\"id\":\"$id\"}" ;;
	*)	[ -z "$last" ] || echo "{\"id\":\"$last\"}"
		echo "{\"id\":\"$id\",\"result\":$n}" ;;
	esac'
for bad in crash garbage twice wrong hang; do
	many $bad $bad
	tqrun -E -j 1 -T 1,1 -q $bad -U quick=./quick 2>err
	is "$bad in a row: that one fails" \
	    "$(tqstat -q $bad -s failure -o id)" "$bad-40-$bad"
	is "$bad in a row: and no other" "$(count $bad success)" 59
	is "$bad in a row: nothing counts as failed twice" \
	    "$(tqstat -q $bad -s success -J | grep -c '"failures"')" 0
done
many again again
tqrun -E -j 1 -q again -U quick=./quick 2>err
is 'an answer that comes once more fails no other' \
    "$(tqstat -q again -s failure -o id | grep -cvx again-40-again)" 0
is 'and none is lost' "$(tqstat -q again -s success,failure -o id | wc -l)" 60
ok 'but is said' grep -q 'again-40-again: bad answer, a second one' err
many some none
tqrun -n 45 -j 1 -q some -U quick=./quick
is '-n counts what is fed ahead' "$(count some success)" 45
is 'and claims no more' "$(count some ready)" 15
tqrun -E -j 2 -q some -U quick=./quick,ahead=0
is 'ahead=0: one after another' "$(count some success)" 60
seq 60 | while read -r i; do
	echo "{\"id\":\"mix-$i\",\"queue\":\"mix\",\"name\":\"quick\"}"
	[ "$i" -ne 50 ] ||
	    echo '{"id":"mix-cmd","queue":"mix","argv":["echo","cmd"]}'
done | tqput -mJ -Q
tqrun -E -j 1 -q mix -U quick=./quick
is 'others in the same queue are run as ever' "$(count mix success)" 61
check 'by their own program' 0 cmd '' tqresult mix-cmd
many old wait
echo '{"id":"old-late","queue":"old","name":"quick","expires":'"$(($(date +%s) +
    3))}" | tqput -mJ -Q
bg tqrun -j 1 -q old -U quick=./quick
worker=$!
expired()
{
	[ "$(tqstat -s all -o state "$1")" = expired ]
}
ok 'what expires waits for no other in a program' wait_for expired old-late
done_()
{
	[ "$(count old success)" -eq 60 ]
}
echo >go
ok 'and the rest is done' wait_for done_
kill "$worker"
wait_gone "$worker"

# ---- progress, types, delays

# a file that somebody waits for; a FIFO would be open for two at once
resident tell 'case $id in
	step*) echo "{\"id\":\"$id\",\"progress\":\"half\"}"
		until [ -e go1 ]; do sleep 0.02; done
		echo "{\"id\":\"$id\",\"state\":\"LATE\",\"meta\":[1]}"
		until [ -e go2 ]; do sleep 0.02; done
		echo "{\"id\":\"$id\"}" ;;
	type) echo "{\"id\":\"type\",\"error\":\"no\",\"type\":\"KeyError\"}" ;;
	retry) echo "{\"id\":\"retry\",\"retry\":3600}" ;;
	esac'
shows()
{
	[ "$(tqstat -o progress "$1")" = "$2" ]
}
put step -N tell
bg tqrun -j 1 -U tell=./tell
worker=$!
ok 'a line of progress is no answer' wait_for shows step half
echo >go1
ok 'nor is a state' wait_for shows step 'LATE [1]'
echo >go2
check 'then it answers' 0 '' '' tqresult -w step
put type -N tell
tqresult -w type 2>/dev/null
is 'an error may have a type' "$(tqstat -o state,type type)" "failure${TAB}KeyError"
put retry -N tell
is_retry()
{
	[ "$(tqstat -o state retry)" = retry ]
}
ok 'and ask for another time' wait_for is_retry
kill "$worker"
wait_gone "$worker"
tqctl -Q revoke retry

# ---- settings beside it

resident conf 'echo "{\"id\":\"$id\",\"result\":\"$COLOUR $(ulimit -n)\"}"'
printf 'env COLOUR=red\nlimit nofile=50\ntime-limit 1,2\nretries 1\n' >conf.conf
put conf1 -N conf
tqrun -E -U conf=./conf
check 'name.conf beside it is read' 0 'red 50' '' tqresult conf1
resident slow 'sleep 3000'
cp conf.conf slow.conf
put slower -N slow -r 0
tqrun -E -U slow=./slow
check 'and its time limit holds' 143 '' '*' tqresult slower
echo 'colour red' >conf.conf
put conf2 -N conf
tqrun -E -U conf=./conf
is 'one that is wrong fails the task' "$(tqstat -o status conf2)" 126
like 'and is quoted' "$(tqstat -o why conf2)" "*conf.conf:1: no setting 'colour'"
printf 'env COLOUR=blue\n' >conf.conf
bg tqrun -j 1 -U conf=./conf
worker=$!
put conf3 -N conf
like 'settings are those of its start' "$(tqresult -w conf3)" 'blue *'
printf 'env COLOUR=green\n' >conf.conf
put conf4 -N conf
like 'until then they stay' "$(tqresult -w conf4)" 'blue *'
kill -HUP "$worker"
# the process that is there leaves first
green()
{
	i=$((i + 1))
	put "green$i" -N conf
	matches "$(tqresult -w "green$i")" 'green *'
}
i=0
ok 'HUP starts it anew' wait_for green
kill "$worker"
wait_gone "$worker"

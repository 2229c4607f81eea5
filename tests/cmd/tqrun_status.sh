#!/bin/sh
# TQ_STATUS_FD: what a task says of itself while it runs, and what it wants
# to become of it.

. "${0%/*}/../lib/tap.sh"

# say id words: a task that says one line and succeeds
say()
{
	put "$1" -c 'echo "$1" >&"$TQ_STATUS_FD"; echo out' "$2"
	tqrun -n 1
}

# a column of a task is that pattern
shows()
{
	matches "$(tqstat -o "$1" "$2")" "$3"
}

# ---- progress

# files that somebody waits for: a FIFO would be open for two at once
put walk -c 'echo 10% >&3; until [ -e go1 ]; do sleep 0.02; done
printf "20%%\nlast words" >&3; until [ -e go2 ]; do sleep 0.02; done'
bg tqrun
worker=$!
ok 'a line is its progress' wait_for shows progress walk 10%
like 'and in its JSON' "$(tqstat -J walk)" '*"progress":"10%"*'
echo >go1
ok 'the newest counts' wait_for shows progress walk 20%
echo >go2
ok 'it ends' tqresult -w walk
is 'after the end there is none' "$(tqstat -o progress walk)" -
put named -c 'echo "!state LOADING {\"n\":1}" >&3; until [ -e go3 ]; do sleep 0.02; done'
ok 'a state has a name and JSON' wait_for shows progress named \
    'LOADING {"n":1}'
echo >go3
tqresult -w named
put flood -c 'yes "a line of progress that nobody needs" | head -n 100000 >&3; echo done'
check 'many lines hold nobody up' 0 done '' tqresult -w flood
put closed -c 'exec 3>&-; echo done'
check 'it may be closed' 0 done '' tqresult -w closed
kill "$worker"
wait_gone "$worker"
is 'the worker takes the files away' "$(ls "$TQ_DIR/live")" ''

# ---- what becomes of it

say again '!retry 1h'
is '!retry tries it again' "$(tqstat -o state again)" retry
like 'in time' "$(tqstat -o why again)" 'delayed until *'
is 'which is no failed attempt' "$(tqstat -J again | grep -c failures)" 0
put mad --once -c 'echo "!retry 1h" >&3'
tqrun -n 1
is 'but not --once' "$(tqstat -o state,why mad)" \
    "failure${TAB}may start only once"
tqctl -Q revoke again
say failed '!fail KeyError no key "a b"'
check '!fail fails it, whatever its status' 1 out '' tqresult failed
is 'with that message' "$(tqstat -o state,status,why failed)" \
    "failure${TAB}1${TAB}no key \"a b\""
is 'and type' "$(tqstat -o type failed)" KeyError
put later -r 3 -c 'echo "!fail Later" >&3; exit 65'
tqrun -n 1
is 'a status that is worth no retry stays so' \
    "$(tqstat -o attempt,state,status later)" "1${TAB}failure${TAB}65"
say value '!result {"n": [1, 2]}'
check '!result is beside what it wrote' 0 out '' tqresult value
is 'and is JSON' "$(tqstat -o result value)" '{"n": [1, 2]}'
put long -c 'printf "!result \"%09000d\"\n" 0 >&3; echo words'
tqrun -n 1
is 'a long one is in its place' "$(tqresult long | wc -c)" 9002
for bad in '!done' '!retry soon' '!result {' '!fail' '!'; do
	say "bad$bad" "$bad"
	check "$bad fails it" 76 out '*' tqresult "bad$bad"
	like "$bad is quoted" "$(tqstat -o why "bad$bad")" "*: $bad"
done
put crash -c 'echo "!retry 1h" >&3; kill -9 $$'
tqrun -n 1
is 'what is killed has no wishes' "$(tqstat -o state,status crash)" \
    "failure${TAB}137"
put left -c '(trap "" TERM; sleep 0.3; echo "!fail Late" >&3) & echo out'
put next -c 'sleep 0.6; echo next'
tqrun -E -j 1
check 'what a task left behind speaks for nobody else' 0 next '' tqresult next

# ---- another in its place

put first -c 'echo hidden; echo body >&2
echo "!replace {\"shell\":\"echo second \$TQ_ID \$TQ_ATTEMPT\"}" >&3'
tqrun -n 1
check '!replace runs that task under the same id' 0 'second first 1' '' \
    tqresult first
put thrice -c 'echo "!replace {\"argv\":[\"sh\",\"-c\",\"exit 7\"]}" >&3'
tqrun -n 1
check 'whose outcome is its own' 7 '' '' tqresult thrice
put unready -c 'echo "!replace {\"argv\":[\"echo\"]}" >&3; exit 3'
tqrun -n 1
check 'one that fails is not replaced' 3 '' '' tqresult unready
put empty -c 'echo "!replace {\"body\":\"x\"}" >&3'
tqrun -n 1
is 'by nothing is an error' "$(tqstat -o status,why empty)" \
    "76${TAB}!replace: nothing to run"
echo '{"shell":"echo \"!replace $(cat turn)\" >&3"}' >turn
put turn -C "$T" -c 'echo "!replace $(cat turn)" >&3'
tqrun -n 1
is 'and so is to turn for ever' "$(tqstat -o status,why turn)" \
    "76${TAB}!replace: replaced 100 times"
mkdir handlers
printf '#!/bin/sh\necho "!replace $1" >&3\n' >handlers/become
chmod 755 handlers/become
put named-command -N become '{"argv":["echo","command"]}'
tqrun -E handlers
check 'a named task may become a command of the same user' 0 command '' \
    tqresult named-command
put only -N become '{"argv":["echo","command"]}'
tqrun -E -X handlers
check 'but not with -X' 126 '' '*only named tasks*' tqresult only

# ---- what else it is told

put told -T 100 -c 'echo $((TQ_DEADLINE - $(date +%s)))'
tqrun -n 1
ok 'TQ_DEADLINE is when TERM comes' [ "$(tqresult told)" -ge 90 ]
put free -c 'echo "<$TQ_DEADLINE>"'
tqrun -n 1
check 'without a limit there is none' 0 '<>' '' tqresult free

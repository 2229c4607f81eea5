#!/bin/sh
# tqput: each option and each refusal, by stdout, stderr and status.
. "${0%/*}/../lib/tap.sh"

# ---- one task

check 'a spool keeps no results of others' 78 '' \
    'tqput: spool: keeps results of its own tasks only' \
    env TQ_RESULTS="spool:$T/another" tqput true
check "prints the id" 0 "$ID" "" tqput -q one true
check "operands stay as they are" 0 "$ID" "" tqput -q argv printf '%s|' 'a b' '' -x '*'
is "a word a shell would split is quoted" "$(in_queue argv cmd)" \
    "printf '%s|' 'a b' '' -x '*'"
check "-- ends options" 0 "$ID" "" tqput -q dash -- -x
check "no command is usage" 64 "" "tqput: no command*usage: tqput *" tqput
check "-Q prints nothing" 0 "" "" tqput -Q true
check "-J prints an object" 0 '{"id":"'"$ID"'"}' "" tqput -J true
check "-v says where" 0 "$ID" "tqput: $ID: queue 'v' of spool:*" tqput -v -q v true
check "-q chooses the queue" 0 "" "" tqput -Q -q chosen true
is "it is there" "$(in_queue chosen queue,state)" "chosen${TAB}ready"
check "-q takes names only" 64 "" "tqput: -q: 'a/b' is not a name*" tqput -q a/b true
check "-p sets the priority" 0 "" "" tqput -Q -q pri -p 9 true
is "it is kept" "$(in_queue pri pri)" 9
check "-p ends at 9" 64 "" "tqput: -p: '10' is not a number from 0 to 9" tqput -p 10 true
check "-l sets the label" 0 "" "" tqput -Q -q label -l 'a b' true
is "the label is kept" "$(in_queue label label)" "a b"
check "-r sets the retries" 0 "" "" tqput -Q -q retry -r 3 true
is "the retries are kept" "$(in_queue retry retries)" 3
check "-d delays" 0 "" "" tqput -Q -q delay -d 1h true
is "until its time" "$(in_queue delay state)" delayed
check "-d quotes what is no duration" 64 "" "tqput: -d: '5x'*" tqput -d 5x true
check "-a delays" 0 "" "" tqput -Q -q at -a 2100-01-01T00:00Z true
is "until that time" "$(in_queue at eta)" 2100-01-01T00:00:00.000Z
check "-a quotes what is no time" 64 "" "tqput: -a: '25:00'*" tqput -a 25:00 true
check "-a excludes -d" 64 "" "tqput: -d: excludes -a" \
    tqput -a 12:00 -d 1 true
check "-x bounds the start" 0 "" "" tqput -Q -q expires -x 2100-01-01T00:00Z true
is "by a date" "$(in_queue expires expires)" 2100-01-01T00:00:00.000Z
check "-x takes a duration" 0 "" "" tqput -Q -q expires2 -x 1d true
like "from the put" "$(in_queue expires2 expires)" '20??-??-??T??:??:??.???Z'
check "--hold holds" 0 "" "" tqput -Q -q hold --hold true
is "until release" "$(in_queue hold state)" held
check "-T takes soft,hard" 0 "" "" tqput -Q -q limit -T 5s,7s true
like "as limits" "$(tqget -J -q limit)" '*"soft":5*"hard":7*'
check "-T refuses hard before soft" 64 "" "tqput: -T: '7,5': *" tqput -T 7,5 true
check "--once is kept" 0 "" "" tqput -Q -q once --once true
like "with the task" "$(tqget -J -q once)" '*"once":true*'
check "--no-result is kept" 0 "" "" tqput -Q -q nores --no-result true
like "in the task" "$(tqget -J -q nores)" '*"noresult":true*'
check "--keep is kept" 0 "" "" tqput -Q -q keep --keep 1h true
like "in its record" "$(tqget -J -q keep)" '*"keep":3600*'

# ---- ids

check "--id chooses the id" 0 "my-1" "" tqput -q id --id my-1 true
check "an id that is known is printed, status 1" 1 "my-1" \
    "tqput: my-1: the id is known already" tqput -q id --id my-1 true
is "nothing was put" "$(in_queue id id | wc -l)" 1
check "a control character is no id" 64 "" "tqput: *" tqput --id "a${TAB}b" true

# ---- kinds

check "-c is a shell's" 0 "" "" tqput -Q -q shell -c 'echo $1' x
is "with its operands" "$(in_queue shell cmd)" "sh -c 'echo \$1' sh x"
check "-N is a handler's" 0 "" "" tqput -Q -q named -N send --kw to=me a
is "with named arguments" "$(in_queue named name)" send
check "-N -J takes JSON" 0 "$ID" "" tqput -q json -N add -J 2 '[3]'
like "as it is" "$(tqget -J -q json)" '*"args":\[2,\[3\]\]*'
check "-N -J refuses what is not" 64 "" "tqput: *" tqput -N add -J '{'
check "-c excludes -N" 64 "" "tqput: -c and -N exclude each other" tqput -c x -N y
check "--kw is for -N" 64 "" "tqput: --kw is for -N" tqput --kw a=b true

# ---- where it runs

check "-e without a value takes ours" 0 "" "" env FOO=bar tqput -Q -q env -e FOO -e 'A=b=c' true
like "and keeps both" "$(tqget -J -q env)" '*"FOO=bar"*"A=b=c"*'
check "-e of what is no name" 64 "" "tqput: -e: 'A B=1' is not name *" \
    tqput -e 'A B=1' true
check "-e of what is not set" 64 "" "tqput: -e: 'NOSUCH' is not set" tqput -e NOSUCH true
check "one without a name" 64 "" "tqput: -C: *empty" tqput -C '' true
check "-C chooses the directory" 0 "" "" tqput -Q -q dir -C /usr true
is "absolute" "$(in_queue dir cwd)" /usr
check "-C may be relative" 0 "" "" tqput -Q -q dir2 -C sub true
is "to here" "$(in_queue dir2 cwd)" "$T/sub"
check "without -C it is here" 0 "" "" tqput -Q -q dir3 true
is "this directory" "$(in_queue dir3 cwd)" "$T"

# ---- bodies

printf 'a\0b' >body
check "-i alone is a body" 0 "$ID" "" sh -c 'tqput -i -q body <body'
tqget -B -q body >got
ok "byte for byte" cmp body got
head -c 300000 /dev/urandom >big
check "-i takes a large file" 0 "$ID" "" sh -c 'tqput -i -q big <big'
tqget -B -q big >got
ok "and gives it back" cmp big got
check "-i takes a large pipe" 0 "$ID" "" sh -c 'cat big | tqput -i -q big'
tqget -B -q big >got
ok "and gives that back" cmp big got

# ---- many

check "-m puts a task a line" 0 "$ID$NL$ID" "" sh -c "printf 'a b\nc\n' | tqput -m -q many echo"
is "the line is the last operand" "$(in_queue many cmd)" "echo 'a b'${NL}echo c"
check "-m0 takes records that end in NUL" 0 "$ID$NL$ID" "" \
    sh -c "printf 'a\nb\0c' | tqput -m0 -q many0 echo"
check "-I puts the record where it is wanted" 0 "" "" \
    sh -c 'echo x | tqput -mQ -q repl -I{} cp {} {}.bak'
is "everywhere" "$(in_queue repl cmd)" "cp x x.bak"
check "-I must be found" 64 "" "tqput: -I: '{}' is not in the command" \
    tqput -m -I{} true
check "-I is kept from the shell" 64 "" "tqput: -I: '{}' in the string of -c *" \
    tqput -m -I{} -c 'echo {}' a
check "-m alone is a shell's line" 0 "" "" \
    sh -c 'echo "echo \$((1+1))" | tqput -mQ -q lines'
is "as it is" "$(tqget -J -q lines | grep -c '"shell":"echo $((1+1))"')" 1
check "-mJ takes tasks" 0 "one" "" \
    sh -c "echo '{\"argv\":[\"a\"],\"id\":\"one\",\"pri\":7}' | tqput -mJ -q mj"
echo '{"argv":["a"],"env":["X=1","Y=2"],"cwd":"/"}' |
    tqput -mJ -Q -q mjo -e X=5 -e Z=3 -C /tmp
is "options count whatever the record says" \
    "$(tqget -q mjo -J | grep -o '"cwd":[^,]*\|"env":[^]]*')" \
    '"cwd":"/tmp"
"env":["X=5","Z=3","Y=2"'
is "with their fields" "$(in_queue mj pri,cmd)" "7${TAB}a"
check "a bad record is named, those before it are put" 65 "$ID" \
    "tqput: record 2: *" sh -c "printf '%s\n' '{\"argv\":[\"a\"]}' '{' | tqput -mJ"
check "a record that asks for nothing is none" 65 "" \
    "tqput: record 1: *no command, name or body" sh -c "echo {} | tqput -mJ"
check "no record is no task" 0 "" "" sh -c 'tqput -m echo </dev/null'
check "-0 is for -m" 64 "" "tqput: -0 is for -m" tqput -0 true
check "-m excludes -w" 64 "" "tqput: -m and -w exclude each other" tqput -m -w true
seq 2500 | tqput -m -q thousands echo >ids
is "more than a batch" "$(sort -u ids | wc -l)" 2500
is "in order" "$(tqget -q thousands -n 2500 | tail -n 1)" "echo 2500"
mkfifo slow
bg sh -c 'tqput -m -q slow echo <slow >slow.ids'
exec 9>slow
echo first >&9
ok "a slow producer's record is put at once" wait_for test -s slow.ids
exec 9>&-

# ---- brokers

check "-b names a spool" 0 "$ID" "" tqput -b "$T/other" true
is "it is there and not here" "$(tqstat -b "$T/other" -o cmd)" true
check "a password in -b is refused" 64 "" "tqput: -b: redis://u:\*\*\*@h/0: *" \
    tqput -b redis://u:secret@h/0 true
check "no module is 69" 69 "" "tqput: nosuch: no module: *" tqput -b nosuch://h true
check "--results is opened too" 69 "" "tqput: nosuch: *" tqput --results nosuch://h true

# ---- full, closed

tqctl set full limit=1
tqput -Q -q full true
check "a full queue is 75 at once with -t 0" 75 "" "tqput: *full*" tqput -t 0 -q full true
check "and after the time of -t" 75 "" "tqput: *full*" tqput -t 0.3 -q full true
bg sh -c 'tqput -q full late >late.id'
tqget -q full -t 0 >/dev/null
ok "without -t it waits for room" wait_for test -s late.id
gone=$T/gone
tqctl init "$gone"
tqput -Q -b "$gone" -q full true
tqctl -b "$gone" set full limit=1
tqput -b "$gone" -q full true 2>/dev/null &
waiting=$!
wait_for grep -q futex /proc/$waiting/wchan
rm -r "$gone"
ok "who waits for room in a spool that is removed leaves" \
    wait_for sh -c '! kill -0 "$0" 2>/dev/null' $waiting
tqput -Q -q shut true
tqctl close shut
check "a closed queue is 75" 75 "" "tqput: *clos*" tqput -q shut true

# ---- -w

bg tqrun -q run -j 2
check "-w is the task's output and status" 3 "out" "err" \
    tqput -q run -w sh -c 'echo out; echo err >&2; exit 3'
check "-w -i is a filter" 0 "HELLO" "" sh -c 'echo hello | tqput -i -q run -w tr a-z A-Z'
check "-w of what is not found" 127 "" "*" tqput -q run -w no-such-command
check "-w of one that dies" 137 "" "*" tqput -q run -w sh -c 'kill -9 $$'
check "-wf follows" 0 "1${NL}2" "" tqput -q run -wf sh -c 'echo 1; sleep 0.2; echo 2'
check "-wt 0 leaves it queued" 124 "" "tqput: queued: $ID" tqput -q idle -w -t 0 true
check "-w that cannot put is 125" 125 "" "tqput: not queued: *" tqput -q shut -w true
check "-f is for -w" 64 "" "tqput: -f is for -w" tqput -f true
tqput -q idle2 -w true 2>/dev/null &
pid=$!
wait_for test -n "$(in_queue idle2 id)" || wait_for sh -c 'tqstat -q idle2 -o id | grep -q .'
kill -TERM $pid
wait $pid
is "TERM ends -w with 143" $? 143
is "and revokes the task" "$(in_queue idle2 state)" revoked

# ---- refusals

check "an unknown option" 64 "" "tqput: unknown option '-Z'${NL}usage: *" tqput -Z
check "a missing argument" 64 "" "tqput: option -q needs its queue${NL}usage: *" tqput -q
check "-h explains" 0 "usage: tqput *--version*" "" tqput -h
check "-V names the version" 0 "tqput [0-9]*.[0-9]*.[0-9]*" "" tqput -V
check "--spool-on-failure changes nothing here" 0 "$ID" "" tqput --spool-on-failure -q here true
is "and waits for nobody" "$(in_queue here state)" ready
check "--spool-on-failure excludes -w" 64 "" "tqput: --spool-on-failure and -w exclude each other" \
    tqput --spool-on-failure -w true

# ---- closed descriptors

for c in 'tqput -q shut' 'tqget -q' 'tqrun nowhere' 'tqresult nowhere' \
    'tqstat nowhere' 'tqctl pause nowhere'
do
	run sh -c "$c <&- >&- 2>&-"
done
not_ok "words to a closed stderr reach no file of the spool" \
    grep -r -E -q '^tq(put|get|run|result|stat|ctl): ' "$TQ_DIR"
check "no id to a closed stdout" 74 "" "tqput: stdout: *" sh -c 'tqput true >&-'
check "no body from a closed stdin" 71 "" "tqput: stdin: Bad file*" \
    sh -c 'tqput -i <&-'
check "nor records" 71 "" "tqput: stdin: Bad file*" sh -c 'tqput -m x <&-'
check "nor a flow" 71 "" "tqput: -: Bad file*" sh -c 'tqput -F - <&-'
check "nor ids" 71 "" "tqctl: stdin: Bad file*" sh -c 'tqctl retry - <&-'
for c in 'tqput -i' 'tqput -m x' 'tqput -F -' 'tqput -F .' 'tqresult -' \
    'tqstat -'
do
	check "$c of a directory" 71 "" "tq*: Is a directory" sh -c "$c <."
done

# ---- a pipe that somebody made not wait

# share command ...: its stdin is empty until it sleeps or is gone
share()
{
	perl -MFcntl -e 'pipe(R, W); fcntl(R, F_SETFL, O_NONBLOCK);
	    if (($pid = fork) == 0) { close W; open STDIN, "<&R"; exec @ARGV }
	    close R; $SIG{PIPE} = "IGNORE";
	    do { open F, "/proc/$pid/stat"; $_ = <F> } until /\) [SZ] /;
	    print W "true\n"; close W; wait; exit $? >> 8' "$@"
}
check "-i waits for it all the same" 0 "$ID" "" share tqput -q share -i
check "so does -m" 0 "$ID" "" share tqput -q share -m
check "and tqctl -" 66 "" "tqctl: true: no such id" share tqctl retry -

# ---- a body that waits longer than gc lets a file lie that no record names

tqctl set room limit=1
put first -q room true
head -c 200000 /dev/zero | tr '\0' z >long
files()
{
	[ "$(ls "$TQ_DIR/files" | wc -l)" -gt "$had" ]
}
had=$(ls "$TQ_DIR/files" | wc -l)
tqput -Q --id late -q room -i -t 60 cat <long &
waiting=$!
wait_for files
find "$TQ_DIR/files" -type f -exec touch -d '2 hours ago' {} +
tqctl gc
ok "there is room for it" tqget -q room true
wait $waiting
is "and it is put" $? 0
check "with its body" 0 "$(cat long)" '' tqget -t 1 -q room sh -c cat

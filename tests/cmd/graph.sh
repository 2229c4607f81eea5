#!/bin/sh
# Keys, dependencies, groups and chords, from tqput to tqresult.
. "${0%/*}/../lib/tap.sh"

work()
{
	tqrun -E -j 1 -q "$1" >/dev/null 2>&1
}

# ---- dependencies

check "-A lets it wait" 0 "$ID" "" sh -c '
	tqput -Q -q dep --id a true && tqput -q dep -A a -l b true'
is "blocked, and why" "$(tqstat -q dep -l b -o state,why)" "blocked${TAB}after a"
id=$(tqput -q dep true)
tail=$(echo "$id" | tail -c 7)
check "-A takes a tail, and several" 0 "c" "" tqput -q dep -A "a,$tail" --id c true
is "they are whole ids" "$(column c after)" "a $id"
check "-A of an unknown id is 66" 66 "" "tqput: nobody: no such id" \
    tqput -q dep2 -A a,nobody true
is "and nothing is put" "$(tqstat -s all -q dep2)" ""
check "-A of nothing is usage" 64 "" "tqput: -A: 'a,' has an empty id" \
    tqput -A a, true
work dep
is "they ran" "$(column c state)" success
tqput -Q -q fail --id bad false
tqput -Q -q fail --id dep -A bad true
tqput -Q -q fail --id far -A dep true
check "-D fail runs on a failure" 0 "mend" "" tqput -q fail --id mend -A bad -D fail true
check "-D any on any end" 0 "any" "" tqput -q fail --id any -A bad -D any true
check "-D takes three words" 64 "" "tqput: -D: 'x' is not ok, fail or any" \
    tqput -D x -A bad true
check "-D is for -A" 64 "" "tqput: -D is for -A" tqput -D any true
tqput -Q -q fail --id fine true
tqput -Q -q fail --id unneeded -A fine -D fail true
work fail
is "a dependency that failed is named" "$(column dep state,why)" \
    "failure${TAB}dependency bad failed"
is "all the way down" "$(column far state,why)" \
    "failure${TAB}dependency dep failed"
is "those that wanted the failure ran" \
    "$(tqstat -o state mend any | sort -u)" success
is "who did not get it was not needed" "$(column unneeded state,why)" \
    "revoked${TAB}not needed"
check "tqresult says why it has no status" 125 "" \
    "tqresult: far: failure: dependency dep failed" tqresult far
check "tqctl retry takes them back" 0 "" "" tqctl retry bad
is "all of them" "$(tqstat -o state dep far)" "blocked${NL}blocked"
check "revoke is a failure to who waits" 0 "" "" tqctl revoke bad
is "named again" "$(column far why)" "dependency dep failed"
tqctl forget dep
is "but not once it is forgotten" "$(column far why)" \
    "dependency (forgotten) failed"

# ---- output into input

tqput -Q -q pipe --id one -c 'echo one; echo two'
check "-P makes output input" 0 "two" "" tqput -q pipe --id two -P one wc -l
check "-P excludes -i" 64 "" "tqput: -i and -P exclude each other" \
    tqput -i -P one cat
check "-P of an unknown id is 66" 66 "" "tqput: nobody: no such id" \
    tqput -P nobody cat
tqput -Q -q pipe --id big -c 'head -c 1000000 /dev/zero'
tqput -Q -q pipe --id count -P big -c 'wc -c'
work pipe
is "it was counted" "$(tqresult two)" 2
is "whatever its size" "$(tqresult count)" 1000000

tqput -Q -q pipe --id bad.one -c 'echo said; exit 1'
tqput -Q -q pipe --id bad.big -c 'head -c 1000000 /dev/zero; exit 1'
tqput -Q -q pipe --id no.one --hold true
for id in bad.one bad.big no.one; do
	tqput -Q -q pipe --id "of.$id" -P $id -c 'wc -c'
done
work pipe
tqctl -Q revoke no.one
check "what failed may be input if a person says so" 0 3 '' \
    tqctl -v retry of.bad.one of.bad.big of.no.one
tqctl -Q retry bad.one
tqctl -Q revoke bad.one
work pipe
is "it is what was written last" "$(tqresult of.bad.one)" 5
is "whatever its size, too" "$(tqresult of.bad.big)" 1000000
check "one that wrote nothing at all is named" 125 '' \
    '*no.one: no output of it is kept' tqresult of.no.one

id=$(printf '%s\n' 'echo 1' 'echo 2; exit 3' 'echo "a b"' |
    tqput -m -q pipe --chord 'cat')
work pipe
check "so may be what a chord has" 0 1 '' tqctl -v retry "$id"
work pipe
check "a member that failed returned nothing" 0 "\"1\"${NL}null${NL}\"a b\"" \
    '' tqresult "$id"

# ---- keys

check "-k is a key" 0 "first" "" tqput -q key --id first -k K true
is "a column" "$(column first key)" K
check "a second put is skipped" 1 "first" "tqput: key 'K' is taken by first" \
    tqput -q key -k K true
check "-K skip is that" 1 "first" "tqput: key 'K' is taken by first" \
    tqput -q key -k K -K skip true
check "-K follow too, while it waits" 1 "first" "*taken by first" \
    tqput -q key -k K -K follow true
check "-K replace takes its place" 0 "second" "" \
    tqput -q key --id second -k K -K replace true
is "and names it" "$(column first state,why)" "revoked${TAB}replaced by second"
check "-K takes three words" 64 "" "tqput: -K: 'x' is not skip, *" \
    tqput -k K -K x true
check "-K is for -k" 64 "" "tqput: -K is for -k" tqput -K skip true
check "-k does not take everything" 64 "" "tqput: key ''*" tqput -k '' true
check "tqstat -k finds it" 0 "second" "" tqstat -k K -o id
check "tqctl -k too" 0 "1" "" tqctl -v -k K revoke
lose_table
check "a key is kept through all" 0 "third" "" tqput -q key --id third -k K true
lose_table
check "and found again" 1 "third" "*taken by third" tqput -q key -k K true
tqput -q lost --id lost -k K2 true
tqctl revoke lost
tqput -q lost --id found -k K2 true
check "retry of one whose key is taken says so" 1 "" \
    "tqctl: lost: key 'K2' is taken by found" tqctl retry lost
check "so does one by queue" 1 "" "*taken by found" tqctl -q lost retry
check "-m passes over a key that is taken" 1 "third${NL}$ID" "" sh -c '
	printf "%s\n" "{\"key\":\"K\",\"argv\":[\"true\"]}" \
	    "{\"key\":\"other\",\"argv\":[\"true\"]}" | tqput -q key -mJ'

# ---- chains, groups, chords

check "--chain prints the last id" 0 "$ID" "" sh -c '
	seq 3 | tqput -m -q chain --chain -c "echo \$1"'
id=$(cat .out)
is "each waits for the one before" "$(tqstat -q chain -o state | xargs)" \
    "ready blocked blocked"
work chain
is "the last ran last" "$(tqresult "$id")" 3
check "--group prints the group's id" 0 "$ID" "" sh -c '
	seq 3 | tqput -m -q group --group -c "echo \$1; exit \$1"'
g=$(cat .out)
is "tqstat shows its members below it" \
    "$(tqstat "$g" | cut -f 3 | xargs)" "blocked ready ready ready"
is "and their group" "$(tqstat -q group -s ready -o group | sort -u)" "$g"
work group
check "tqresult has them in order, and the first status" 1 "1${NL}2${NL}3" "" \
    tqresult "$g"
check "tqresult -o is a line a member" 0 "failure${NL}failure${NL}failure" "" \
    tqresult -o state "$g"
is "the group failed with the first" "$(column "$g" why)" \
    "member $(tqresult -o id "$g" | head -n 1) failed"
check "an empty group succeeds" 0 "$ID" "" sh -c 'tqput -m --group </dev/null'
check "tqresult of it is nothing" 0 "" "" tqresult "$(cat .out)"
g=$(printf '%s\n' 1 2 | tqput -m -q first --group -c 'echo $1')
tqctl hold "$(tqresult -o id "$g" | head -n 1)"
work first
check "tqresult -n 1 is the first to end" 0 "2" "" tqresult -n 1 "$g"
check "tqctl revoke takes the rest" 0 "2" "" tqctl -v revoke "$g"
is "of the group" "$(tqresult -o state "$g" | xargs)" "revoked success"
check "-A a group is after all of it" 0 "after" "" sh -c '
	g=$(seq 2 | tqput -m -q ga --group -c "echo \$1")
	tqput -q ga --id after -A "$g" true'
is "blocked until then" "$(column after state)" blocked
work ga
is "and then not" "$(column after state)" success
check "--chord prints the callback's id" 0 "$ID" "" sh -c '
	seq 3 | tqput -m -q chord --chord cat -c "echo m\$1"'
cb=$(cat .out)
work chord
check "which gets a JSON value a line" 0 "\"m1\"${NL}\"m2\"${NL}\"m3\"" "" \
    tqresult "$cb"
check "a chord of nothing runs at once" 0 "$ID" "" sh -c '
	tqput -m -q none --chord "wc -l" </dev/null'
cb=$(cat .out)
work none
check "on nothing" 0 "0" "" tqresult "$cb"
check "a member that fails fails the callback, named" 125 "" \
    "tqresult: $ID: failure: dependency $ID failed" sh -c '
	cb=$(seq 2 | tqput -m -q cf --chord cat -c "exit \$(expr \$1 - 1)")
	tqrun -q cf -E; tqresult "$cb"'
check "a group larger than a batch is one" 0 "2500" "" sh -c '
	g=$(seq 2500 | tqput -m -q large --group true)
	tqresult -o id "$g" | wc -l'
check "a bad record ends a group that is begun" 65 "" "tqput: record 1501: *" sh -c '
	{ yes "{\"argv\":[\"true\"]}" | head -n 1500; echo x; } |
	    tqput -mJ -q broken --group'
is "nothing of it is left to run" "$(tqstat -q broken)" ""
is "for that reason" "$(tqstat -q broken -s failure -o why)" \
    "not all of its members were put"
for o in --chain --group '--chord x'; do
	check "$o is for -m" 64 "" "tqput: --* is for -m" tqput $o true
done
check "they exclude each other" 64 "" "*exclude each other" \
    tqput -m --chain --group true
check "and keys" 64 "" "tqput: --group and -k exclude each other" tqput -m --group -k K true

# ---- flow files

cat >flow <<'END'
# what waits for what
fetch -q flow	echo fetched
count -P fetch : fetch	wc -c | \
    tr -d ' '
mend -D fail: fetch	echo mend
all -l last : fetch count	echo all
END
check "-F puts a flow, and prints its group" 0 "$ID" "" tqput -q flow -F flow
g=$(cat .out)
is "names are labels, but for one that has its own" \
    "$(tqresult -o label "$g" | xargs)" "fetch count mend last"
is "each waits for what it names" "$(tqresult -o state "$g" | xargs)" \
    "ready blocked blocked blocked"
work flow
is "they ran in order" "$(tqresult -o state "$g" | xargs)" \
    "success success revoked success"
is "and one on the output of another" \
    "$(tqresult "$(tqstat -q flow -s all -l count -o id)")" 8
mend='tqresult: ????????-????-7???-????-????????????: revoked: not needed'
check "tqresult of a flow is all of it" 125 "fetched${NL}8${NL}all" "$mend" \
    tqresult "$g"

bad()
{
	name=$1 want=$2
	shift 2
	printf "$@" >bad.flow
	check "$name" 65 "" "tqput: bad.flow:$want" tqput -q bad -F bad.flow
}
bad "a circle is named" "1: tasks wait for each other: b -> c -> a -> b" \
    'b: c\tx\nc: a\tx\na: b\tx\n'
bad "so is a task that waits for itself" "2: tasks wait for each other: b -> b" \
    'a\tx\nb : b\tx\n'
bad "a name that is there twice" "3: 'a' is there already, in line 1" \
    'a\tx\nb\tx\na\tx\n'
bad "a name that is not there" "2: 'b' waits for 'c', which is not there" \
    'a\tx\nb: c\tx\n'
bad "an option that is none" "1: unknown option '-z'" 'a -z\tx\n'
bad "one that is tqput's alone" "1: unknown option '-m'" 'a -m\tx\n'
bad "two times to start at" "1: -d: excludes -a" 'a -a 12:00 -d 1\tx\n'
bad "a value that is none" "2: -p: 'x' is not a number*" 'a\tx\nb -p x\ty\n'
bad "a line without a command" "2: no TAB before a command in 'b'" 'a\tx\nb\n'
bad "a pipe from elsewhere" "2: -P 'a' is not what 'b' waits for" \
    'a\tx\nb -P a\tx\n'
bad "a name that is no word" "1: 'a/b' is not a name" 'a/b\tx\n'
bad "a quote that is not closed" "1: a quote is not closed" "a 'b\tx\n"
is "of these nothing was put" "$(tqstat -s all -q bad)" ""
printf '%s\t%s\n' a true 'b -d 0 -e X=own -R slot=3 --limit nice=5' true >said
check "options hold for lines that say nothing else" 0 "$ID" "" \
    tqput -q said -d 1h -e X=all -e Y=all -S lane -R slot=2 --limit mem=1G \
    --backoff 2s -F said
is "the delay" "$(tqstat -q said -s delayed -o label)" a
tqget -q said -J >one
is "and all others" "$(grep -o '"lane":[^,]*\|"needs":[^,]*\|"backoff":[^,]*' one)" \
    '"backoff":"2"
"lane":"lane"
"needs":["slot=3"]'
is "a variable adds to them" "$(grep -o '"[XY]=[^,]*' one)" '"X=own"
"Y=all"'
is "and a limit" "$(grep -o '"limits":"[^"]*"' one)" \
    '"limits":"mem=1073741824,nice=5"'
check "a flow that is not there is 66" 66 "" "tqput: nowhere: No such file *" \
    tqput -F nowhere
awk 'BEGIN { print "n0\ttrue"
	for (i = 1; i < 3000; i++) printf "n%d: n%d\ttrue\n", i, i - 1 }' >long
check "a flow larger than a transaction is one all the same" 0 "$ID" "" \
    tqput -q long -F long
is "with its first task ready" \
    "$(tqstat -q long -s ready -o label)" n0
tqput -Q -q shut true
tqctl close shut
check "into a closed queue it is 75" 75 "" "tqput: shut: queue is closed" \
    tqput -t 0 -q shut -F flow
tqctl set tight limit=1
check "one larger than the queue's limit, too" 75 "" "tqput: tight: *full*" \
    tqput -t 0 -q tight -F long
check "-F excludes a command" 64 "" "tqput: -F excludes a command" \
    tqput -F flow true

# ---- links

check "--link follows a success, on its output" 0 "LINK" "" sh -c '
	tqput -Q -q link --link "tr a-z A-Z" --link-error "echo err" echo link
	tqrun -q link -E
	tqresult "$(tqstat -q link -s success -o id,cmd | sed -n "s/.sh -c .tr.*//p")"'
check "--link-error a failure" 0 "err" "" sh -c '
	tqput -Q -q lerr --link cat --link-error "echo err" false
	tqrun -q lerr -E || :
	tqresult "$(tqstat -q lerr -s success -o id)"'
check "--link excludes -w" 64 "" "tqput: --link and -w exclude each other" tqput -w --link x true

# ---- a worker that leaves does not wait for what is held

tqput -Q -q held --id h --hold true
tqput -Q -q held -A h true
check "tqrun -E leaves what is blocked on that" 0 "" "*" tqrun -E -q held



# ---- revoke, by all that a task may be named by

t=revoked
tqput -Q -q $t --id by-id true
tqput -Q -q $t --id by-key -k by true
tqput -Q -q $t --id by-label -l by true
tqput -Q -q $t --id by-state --hold true
tqput -Q -q $t --id by-time -d 1 true
tqput -Q -q $t-too --id by-queue true
g=$(echo true | tqput -q $t -m --group)
tqput -Q -q $t --id waits -A by-id true
for by in by-id '-k by' '-l by' "-q $t -s held" by-time "-q $t-too" "$g"; do
	case $by in
	-*)	run tqctl -v $by revoke ;;
	*)	run tqctl -v revoke $by ;;
	esac
	like "revoke $by" "$status $out" '0 [12]*'
done
lose_table
tqrun -q $t -q $t-too -E
tqput -Q -q $t --id later -d 1 true
tqrun -q $t -n 1
is 'none comes back, without the table either, nor when its time has come' \
    "$(tqstat -s all -q $t -q $t-too -o state | sort | uniq -c | xargs)" \
    '1 failure 8 revoked 1 success'
is 'who waits names the one' "$(tqstat -s all -o why waits)" \
    'dependency by-id failed'

# ---- what is let run although what it waited for has failed

t=freed
tqput -Q -q $t --id f.vain false
tqput -Q -q $t --id f.one -A f.vain true
tqput -Q -q $t --id f.two -A f.vain true
tqrun -q $t -E
check 'retry of what a failure ended' 0 '' '' tqctl retry f.one f.two
check 'it may be held' 0 '' '' tqctl hold f.one f.two
lose_table
is 'and is not ended again by that' "$(state f.one)" held
check 'nor when it is released' 0 '' '' tqctl release f.one
ok 'it runs' tqrun -q $t -E
is 'as if it had not waited' "$(state f.one)" success
check 'what it waited for begins again' 0 '' '' tqctl retry f.vain
lose_table
tqctl release f.two
is 'which keeps it no more' "$(state f.two)" ready
tqrun -q $t -E
is 'nor ends it' "$(state f.vain) $(state f.two)" 'failure success'

tqput -Q -q $t --id f.a sh -c 'test -e fine'
tqput -Q -q $t --id f.b -A f.a true
tqput -Q -q $t --id f.c -A f.b true
tqput -Q -q $t --id f.d -A f.c true
tqrun -q $t -E
check 'retry of two, one waits for the other' 0 2 '' tqctl -v retry f.c f.b
is 'which it does again, whatever their order' \
    "$(state f.b) $(state f.c) $(state f.d)" 'ready blocked blocked'
tqctl -Q revoke f.b
is 'it fails again with that' "$(state f.c) $(state f.d)" 'failure failure'
check 'retry of a whole graph' 0 '' '' \
    tqctl -q $t -s failure,revoked retry
lose_table
is 'has it go in order' "$(state f.a) $(state f.b) $(state f.c)" \
    'ready blocked blocked'
: >fine
tqrun -q $t -E
is 'to the end' "$(state f.a) $(state f.d)" 'success success'

tqput -Q -q $t --id f.k1 -k both false
tqrun -q $t -E
tqput -Q -q $t --id f.k2 -k both false
tqrun -q $t -E
check 'of two with one key the first comes back' 0 1 \
    "tqctl: f.k1: key 'both' is taken by f.k2" tqctl -v retry f.k2 f.k1
tqctl -Q revoke f.k2
tqput -Q -q $t --id f.base sh -c 'test -e base'
tqput -Q -q $t --id f.k3 -k more -A f.base true
tqrun -q $t -E
tqput -Q -q $t --id f.k4 -k more -A f.base true
check 'of two with one key and cause' 0 '' '' tqctl retry f.base
is 'one comes back' "$(tqstat -s blocked,failure -k more -o state | sort |
    tr '\n' ' ')" 'blocked failure '
tqctl -Q revoke f.base

tqput -Q -q $t --id f.first sh -c 'test -e good'
tqput -Q -q $t --id f.keyed -k k -A f.first true
tqrun -q $t -E
tqput -Q -q $t --id f.taker -k k --hold true
: >good
check 'what failed begins again' 0 '' '' tqctl retry f.first
tqrun -q $t -E
is 'who has not his key any more does not' "$(state f.keyed)" failure
tqctl release f.taker
tqrun -q $t -E
lose_table
is 'not when the key is free, without the table either' "$(state f.keyed)" failure
check 'but by a retry of its own' 0 '' '' tqctl retry f.keyed

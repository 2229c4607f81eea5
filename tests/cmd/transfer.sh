#!/bin/sh
# tqctl transfer: waiting tasks of a spool go to another broker, whole, under
# their ids, once; what cannot go is named and stays as it was.

. "${0%/*}/../lib/tap.sh"

OTHER=$T/other
TO=spool:$OTHER

there()
{
	TQ_DIR=$OTHER "$@"
}

# The tasks of a queue whole, as a put takes them; they are done then.
whole()
{
	tqget -J -t 0 -n 20 -q "$1" | sed -e 's/"put":"[^"]*",//' \
	    -e 's/"start":"[^"]*",//'
}

# ---- usage

check 'transfer needs a URL' 64 '' '*its url is missing*' tqctl transfer
check 'and something to transfer' 64 '' '*no ids and no selector*' \
    tqctl transfer "$TO"
put a true
check 'a password in the URL is refused' 64 '' '*password*' \
    tqctl -q default transfer redis://u:secret@127.0.0.1/0
check 'so are two URLs' 64 '' '*want one URL*' \
    tqctl -q default transfer "$TO spool:x"
check 'to where they are is nowhere' 64 '' '*where they are' \
    tqctl transfer "spool:$T/./spool" a
check 'a broker that is not there' 69 '' '*nosuch*' tqctl transfer nosuch: a
check 'a server that is not there' 69 '' '*Connection refused*' \
    tqctl transfer redis://127.0.0.1:1/0 a
check 'from no other broker' 78 '' '*from a spool*' \
    tqctl -b null: transfer "$TO" a
is 'nothing was changed' "$(column a state,why)" "ready${TAB}no worker"
check 'a queue that nobody knows' 66 '' 'tqctl: nosuch: no such queue' \
    tqctl -q nosuch transfer "$TO"

# ---- whole

head -c 700000 /dev/urandom | base64 >big
printf 'in\0put' >small
fill()
{
	put cmd -p 7 -r 3 --backoff 2,3,60 -l lab -k key -S lane -T 5,9 -q all \
	    -x @4102444800 --once --keep 3d -R slot=1 \
	    --limit mem=2G,cpu=1h -e 'V=w x' -C / \
	    -- printf '%s\n' 'a b' "$(printf 'x\377y')" ''
	put sh -q all --no-result --nice 3 -c 'echo $1' 1
	put named -q all -N proj.add --kw 'k="v"' -J '{"a":[1]}' 2
	put small -q all -i cat <small
	put large -q all -i cksum <big
	echo body | put body -q all -i
	put 'a foreign id' -q all pwd
}
(TQ_DIR=$T/twin && fill && whole all >before)
fill
put late -q all -a 2099-01-02T03:04:05Z true
put held -q all --hold true
check 'all of a queue is transferred' 0 9 '' tqctl -v -q all transfer "$TO"
is 'in order' "$(there tqstat -q all -o id | xargs)" \
    'cmd sh named small large body a foreign id late held'
is 'in their states' "$(there tqstat -q all -o state | uniq -c | xargs)" \
    '7 ready 1 delayed 1 held'
is 'with their time' "$(there column late eta)" 2099-01-02T03:04:05.000Z
there whole all >after
is 'seven whole tasks' "$(wc -l <before)" 7
ok 'as they were, whatever the options' cmp before after
check 'here one is revoked, and said where it is' 125 '' \
    "tqresult: sh: revoked: transferred to $TO" tqresult sh
is 'so are all of them' "$(in_queue all state | uniq -c | xargs)" '9 revoked'
put bulk -q all -i cksum <big
put where -q all -C / -e V=w -c 'pwd; echo $V'
tqctl -Q -q all transfer "$TO" bulk where
there tqctl -Q release held
is 'held there it runs once it is released' \
    "$(there state held)" ready
there tqrun -q all -E 2>/dev/null
is 'a command runs there where it would here' "$(there tqresult where)" "/${NL}w"
is 'a large body is whole' "$(there tqresult bulk)" "$(cksum <big)"
check 'again there is nothing' 1 '' '' tqctl -q all transfer "$TO"

# ---- what has happened before

put again -q old -r 3 --backoff 3600,1,3600 false
tqrun -q old -n 1 2>/dev/null
put due -q old -r 1 --backoff 0.01,1,0.01 -- sh -c 'exit 1'
eta=$(column again eta)
check 'what waits to be tried again goes too' 0 '*' '' \
    tqctl -q old transfer "$TO" again
is 'with the retries that are left, and its time' \
    "$(there tqstat -o state,retries,eta again)" "delayed${TAB}2${TAB}$eta"

put stays -q stays -S lane1 -r 3 --backoff 3600,1,3600 false
put second -q stays -S lane1 true
tqrun -q stays -n 1 2>/dev/null
eta=$(column stays eta)
there put x -q stays true
there tqctl close stays
check 'what waits to be tried again may be refused' 75 0 '*queue is closed*' \
    tqctl -v -q stays transfer "$TO" stays
is 'and waits as it did' "$(column stays state,eta,attempt)" \
    "retry${TAB}$eta${TAB}1"
check 'its lane is its own' 1 '' '' tqget -q stays -t 0
is 'as it was' "$(column second why)" 'lane busy: stays'
tqctl -Q revoke stays second

put late0 -q waived -x @1 true
tqstat -q waived >/dev/null
wait_for is_state late0 expired
tqctl -Q retry late0
check 'a bound that retry has waived does not come back' 0 1 '' \
    tqctl -v transfer "$TO" late0
is 'it may run there' "$(there state late0)" ready

# ---- which

put u -q mail -l x true
put v -q mail -l y true
put w -q web -l x true
tqctl -Q -q mail -l x transfer "$TO"
is 'selectors narrow each other' "$(in_queue mail id,state; in_queue web state)" \
    "u${TAB}revoked${NL}v${TAB}ready${NL}ready"
echo w | tqctl -Q transfer "$TO" -
is 'ids come from stdin' "$(state w) $(there state w)" 'revoked ready'
put f -q forward true
put h -q redis_x true
put o -q plain true
check 'what is the spool'\''s own' 0 '*' '*' tqctl -v -s ready transfer "$TO"
is 'goes by name only' "$(state f) $(state h) $(state o)" 'ready ready revoked'
ok 'and then it does' tqctl -q forward -q redis_x transfer "$TO"
put usual true
TQ_DEFAULT_QUEUE=other tqctl -Q transfer "$TO" usual
is 'the usual queue of one is not that of another' "$(there column usual queue)" \
    default

# ---- what cannot go

put first -q tied true
put next -q tied -A first true
seq 2 | tqput -Q -m -q tied --group --id g true 2>/dev/null ||
    seq 2 | tqput -m -q tied --group true >/dev/null
put free -q tied true
tqstat -q tied -o id,state,why >before
check 'tied ones are named and stay' 1 1 \
    '*first stays: it is tied to other tasks*next stays: *' \
    tqctl -v -q tied transfer "$TO"
is 'as they were' "$(tqstat -q tied -o id,state,why)" "$(grep -v free before)"
is 'the others go' "$(there state free)" ready
tqrun -q tied -E 2>/dev/null
is 'and they run here' "$(state first) $(state next)" 'success success'

put run -q busy -k one sleep 60
bg tqrun -q busy -j 1
wait_for is_state run started
put behind -q busy -k one -K follow true
put other -q busy true
check 'a follower stays with whom it follows' 1 1 \
    '*behind stays: *tqctl: transfer: 1 that have started stay*' \
    tqctl -v -q busy -s ready,blocked,started transfer "$TO"
tqctl -Q -w revoke run
wait_for is_state behind success

there put taken -k mine true
put mine -q two -k mine true
there put same true
put same -q two echo not that one
put third -q two true
check 'a key and an id that are taken there' 1 1 \
    "*mine stays: key 'mine' is taken by taken*same stays: *known already" \
    tqctl -v -q two transfer "$TO"
is 'stay here' "$(in_queue two id,state | sort)" \
    "mine${TAB}ready${NL}same${TAB}ready${NL}third${TAB}revoked"

there tqctl set narrow limit-bytes=1000
put wide -q narrow -i wc <small
head -c 5000 big | tqput -Q -q narrow --id wider -i wc
put thin -q narrow true
check 'what is larger than a queue there keeps none behind it' 65 2 \
    '*wider stays: narrow: * bytes, over its limit-bytes of 1000' \
    tqctl -v -q narrow transfer "$TO"
is 'and stays' "$(in_queue narrow id,state | sort | xargs)" \
    'thin revoked wide revoked wider ready'

there tqput -Q -q shut true
there tqctl close shut
put c1 -q shut true
put c2 -q shut --hold true
check 'a queue that is closed there' 75 0 '*shut: queue is closed' \
    tqctl -v -q shut transfer "$TO"
is 'leaves all as it was' "$(in_queue shut id,state,why | sort)" \
    "c1${TAB}ready${TAB}no worker${NL}c2${TAB}held${TAB}held"

# ---- cut off

# cut_off n id: killed at the n-th sync: 1 it is marked, 2 it is there, too.
cut_off()
{
	strace -qq -f -o /dev/null \
	    -e inject=fdatasync:signal=KILL:when="$1" \
	    tqctl transfer "$TO" "$2" 2>/dev/null
}

cut_and_again()
{
	put cut1 -q cut true
	put cut2 -q cut --hold true
	cut_off 2 cut1
	cut_off 2 cut2
	is 'killed, they are held here' "$(in_queue cut state,why)" \
	    "held${TAB}held for a transfer${NL}held${TAB}held for a transfer"
	check 'release leaves them, for they may be there' 1 '' \
    'tqctl: cut1: held by a transfer (held)' \
	    tqctl release cut1
	check 'so does revoke, for retry would run it' 1 '' \
    'tqctl: cut1: held by a transfer (held)' \
	    tqctl revoke cut1
	tqctl -Q -q cut release
	is 'nor is there another way' "$(state cut1) $(state cut2)" 'held held'
	check 'nobody can come to wait for one' 66 '' \
	    'tqput: cut1: it is on its way to another broker' \
	    tqput -q cut -A cut1 true
	lose_table
	is 'the mark is in the ledger' "$(column cut1 why)" 'held for a transfer'
	check 'another place is refused' 1 0 '*another place was not finished*' \
	    tqctl -v -q cut transfer "spool:$T/third"
	check 'the same finishes it' 0 2 '' tqctl -v -q cut transfer "$TO"
	is 'there they are as they were' \
	    "$(there state cut1) $(there state cut2)" 'ready held'
}

cut_and_refused()
{
	put no1 -q no true
	put no2 -q no true
	put no3 -q no true
	cut_off 1 no2
	cut_off 2 no3
	there tqctl close no
	check 'refused by the same place' 75 0 \
	    "*no: queue is closed*transfer: 2 stay held, *$TO*" \
	    tqctl -v -q no transfer "$TO"
	is 'they stay held, for they may be there' \
	    "$(in_queue no id,state | xargs)" 'no1 ready no2 held no3 held'
	there tqctl open no
	check 'then they go with the others' 0 3 '' \
	    tqctl -v -q no transfer "$TO"
	is 'once' "$(there tqstat -q no -s all -o state | xargs)" \
	    'ready ready ready'
}

cut_and_force()
{
	put cut3 -q cut true
	cut_off 2 cut3
	is 'once more' "$(column cut3 why)" 'held for a transfer'
	ok '--force takes it to another' tqctl --force -q cut transfer \
	    "spool:$T/third"
	put cut4 -q cut true
	cut_off 2 cut4
	ok 'or gives it back' tqctl --force release cut4
	is 'to where it was' "$(state cut4)" ready
	cut_off 1 cut4
	is 'what is known there is not marked' "$(state cut4)" ready
	put cut6 -q cut true
	cut_off 1 cut6
	ok 'or it is revoked' tqctl --force revoke cut6
}

# Under the id of a task the place has got another one.
others()
{
	there put hers -q hers echo hers
	put hers -q hers echo mine
	cut_off 1 hers
	check 'what was there before is not ours' 1 0 \
	    "*hers stays: $TO: the id is known already" \
	    tqctl -v -q hers transfer "$TO"
	put late1 -q hers -i cat <small
	put late2 -q hers echo one
	cut_off 1 late1
	cut_off 1 late2
	there put late1 -q hers -i wc <small
	there put late2 -q hers echo two
	check 'nor is what came there meanwhile' 1 0 \
	    '*late1 stays: *late2 stays: *' tqctl -v transfer "$TO" late1 late2
	is 'all are ready here' "$(in_queue hers state | sort -u)" ready
	put twice -q twice true
	tqctl -Q transfer "$TO" twice
	tqctl -Q retry twice
	cut_off 1 twice
	check 'what was transferred and is tried again is known there' 1 0 \
	    '*twice stays: *' tqctl -v transfer "$TO" twice
	is 'and is ready here' "$(state twice)" ready
}

if strace -qq -o /dev/null true 2>/dev/null && [ -z "$SAN" ]; then
	cut_and_again
	cut_and_refused
	cut_and_force
	others
else
	skip 'a transfer that is cut off' 'no strace here'
fi

# A task whose body is gone is no fault of the others.
put lost -q lost -i cksum <big
put after -q lost true
put before -q lost true
file=$TQ_DIR/files/$(ls -t "$TQ_DIR/files" | head -1)
mv "$file" gone
check 'a task whose body is gone stays' 65 2 '*lost stays: *' \
    tqctl -v -q lost transfer "$TO"
is 'as it was' "$(state lost)" ready
mv gone "$file"

# A queue that is closed there keeps none but its own.
for q in x1 shut2 x2; do
	seq 3 | tqput -m -Q -q $q echo
	there tqput -Q -q $q true
done
there tqctl close shut2
check 'a queue that is closed keeps its own tasks only' 75 6 \
    '*shut2: queue is closed' tqctl -v -q x1 -q shut2 -q x2 transfer "$TO"
is 'in order' "$(in_queue shut2 state | sort -u)" ready

# ---- more than one batch, and more files than are opened at a time

seq 1500 | tqput -m -Q -q large echo
head -c 30000 big >file
n=0
while [ $n -lt 70 ]; do
	n=$((n + 1))
	echo "{\"queue\":\"large\",\"argv\":[\"cksum\"],\"body\":\"$(xargs <file |
	    tr -d ' ')\"}"
done | tqput -mJQ
check 'many, and many large ones' 0 1570 '' tqctl -v -q large transfer "$TO"
is 'are there' "$(there tqstat -q large -s ready -o id | wc -l)" 1570

# ---- at a time

put wait -q time true
perl -e 'use Fcntl; open(F, "+<", $ARGV[0]) or die;
    $l = pack("s s x4 q q i x4", F_WRLCK, 0, 2, 1, 0);
    fcntl(F, F_SETLK, $l) or die;
    open(G, ">", "held"); close(G); sleep 60' "$TQ_DIR/lock" &
H=$!
pids="$pids $H"
wait_for test -f held
check 'one transfers at a time' 75 0 '*somebody else is transferring tasks' \
    tqctl -v -q time transfer "$TO"
kill $H
wait $H 2>/dev/null
ok 'then the next' tqctl -q time transfer "$TO"

# Of another user it would be trusted as if who transfers had put it.
if [ "$(id -u)" -eq 0 ]; then
	chmod 777 "$T"
	TQ_DIR=$T/shared
	setpriv --reuid 60001 --regid 60000 --clear-groups tqctl init -m 2770 \
	    "$TQ_DIR"
	setpriv --reuid 60001 --regid 60000 --clear-groups tqput -Q --id theirs \
	    -q theirs echo
	TQ_DIR=$T/shared tqctl -Q -q theirs transfer "$TO"
	TQ_DIR=$T/spool
	there tqrun -q theirs -E 2>/dev/null
	is 'a command of another user is one of a stranger there' \
	    "$(there state theirs)" failure
else
	skip 'a command of another user' 'root alone can be two users'
fi

# ---- at work

# Many, with a worker at either end: each runs once.
mkdir runs
tqrun -q many -j 2 2>/dev/null &
W=$!
pids="$pids $W"
there exec tqrun -q many -j 2 2>/dev/null &
pids="$pids $!"
seq 3000 | tqput -m -Q -q many -c 'echo $1 >>runs/$TQ_ID' &
P=$!
some()
{
	[ "$(tqctl -v -q many transfer "$TO" 2>/dev/null)" -gt 0 ]
}
ok 'some of many go while they are put and run' wait_for some
wait $P
tqctl -q many transfer "$TO" 2>/dev/null
ok 'what is here ends' timeout 100 tqresult -w -q many
ok 'and what is there' timeout 100 tqresult -b "$TO" -w -q many
is 'each of many has run once' "$(cat runs/* | sort -n | uniq | wc -l) $(cat runs/* | wc -l)" \
    '3000 3000'
check 'all is well here' 0 '*' '' tqctl check
check 'and there' 0 '*' '' there tqctl check

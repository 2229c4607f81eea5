#!/bin/sh
# Where a URL leads: a relative path to the same spool for whatever a task or a
# hook runs elsewhere, and a blank to no other spool.

. "${0%/*}/../lib/tap.sh"

unset TQ_DIR
mkdir here away
cd here || exit 1

nested='cd "$0" && tqput -Q -q nested --id "$1" true'

# inner name broker id: a task in another directory puts one where it is from
inner()
{
	tqput -b "$2" -Q --id "$3" -C "$T/away" sh -c "$nested" "$T" "$3-in"
	tqrun -b "$2" -E
	check "$1" 0 nested '' tqstat -b "$T/here/rel" -s all -o queue "$3-in"
}

inner 'a task of a relative -b puts where it is' ./rel one
inner 'of a relative spool: too' spool:rel two
export TQ_BROKER=./rel
tqput -Q --id three -C "$T/away" sh -c "$nested" "$T" three-in
tqrun -E
check 'of a relative TQ_BROKER' 0 nested '' tqstat -s all -o queue three-in
tqput -Q --id four true
tqget -t 10 sh -c "$nested" "$T" four-in
check 'so does what tqget runs' 0 nested '' tqstat -s all -o queue four-in
unset TQ_BROKER
export TQ_DIR=rel
tqput -Q --id five -C "$T/away" sh -c "$nested" "$T" five-in
tqrun -E
check 'and a task of a relative TQ_DIR' 0 nested '' \
    tqstat -s all -o queue five-in
tqput -Q true
tqget -t 10 sh -c "$nested" "$T" six-in
check 'and what tqget runs then' 0 nested '' tqstat -s all -o queue six-in
unset TQ_DIR

mkdir handlers
cat >handlers/shout <<'END'
#!/bin/sh
cd / && while read -r task; do
	tqput -Q -q nested --id by-shout true
	echo '{"id":"told"}'
done
END
chmod 755 handlers/shout
tqput -b ./rel -Q --id told -N shout
tqrun -b ./rel -E -j 1 -U shout=handlers/shout
check 'and a resident handler' 0 nested '' \
    tqstat -b ./rel -s all -o queue by-shout

tqput -b ./rel -Q --id bad false
tqrun -b ./rel -E --hook \
    "failure=cd '$T' && tqput -Q -q nested --id by-hook true && echo >'$T/hooked'" \
    >hook.out 2>&1
wait_for test -e "$T/hooked"
check 'and a hook' 0 nested '' tqstat -b ./rel -s all -o queue by-hook
is 'there is one spool' "$(ls "$T" "$T/away" "$T/here" | xargs)" \
    "$T: away here hooked $T/away: $T/here: handlers hook.out rel"

tqput -b ./rel -Q --id vars -C "$T/away" sh -c 'echo "$TQ_BROKER $TQ_DIR $TQ_RESULTS"'
tqrun -b ./rel --results spool:./rel -E
check 'what tasks are told is absolute' 0 \
    "spool:$T/here/rel $T/here/rel spool:$T/here/rel" '' tqresult -b ./rel vars

# ---- blanks ------------------------------------------------------------------

check 'a blank is one of the path' 0 "$ID" '' tqput -b "./an other" true
check 'with a scheme too' 0 'default*' '' \
    tqstat -b "spool:an other" -o queue
check 'and written %20' 0 'default*' '' tqstat -b "spool:an%20other" -o queue
check 'it is kept from tasks' 0 '' '' tqrun -b "./an other" -E
tqput -b "./an other" -Q --id blank sh -c 'echo "$TQ_BROKER"; tqput -Q true'
tqrun -b "./an other" -E
check 'who reach it' 0 "spool:$T/here/an%20other" '' \
    tqresult -b "./an other" blank
check 'several -b are several URLs' 0 "$ID" '' \
    tqput -b nosuch://x -b "./an other" true
check 'one is not two' 64 '' "tqput: -b: './a spool:./b': want one URL*" \
    tqput -b './a spool:./b' true
check 'of a server neither' 64 '' '*want one URL*' \
    tqput -b 'redis://a redis://b' true
check 'nor --results' 64 '' '*--results: *want one URL*' \
    tqput --results 'redis://a redis://b' true
check 'a password is for nobody to read there' 64 '' '*put the URL in TQ_RESULTS*' \
    tqput --results 'redis://u:secret@a' true
check 'TQ_BROKER takes it as %20' 0 "$ID" '' \
    env TQ_BROKER="nosuch://x spool:an%20other" tqput true
is 'nothing else was made' "$(ls | xargs)" 'an other handlers hook.out rel'
for d in rel 'an other'; do
	TQ_DIR=$T/here/$d lose_table
done

#!/bin/sh
# A flipped bit in a spool: what it hit is named and kept, all else is there,
# also in a copy of the spool, which knows of no boot.

. "${0%/*}/../lib/tap.sh"

# flip file offset: another byte there
flip()
{
	dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | tr '\000-\377' '\377\000-\376' |
	    dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# flip_text words: where they stand last in the ledger
flip_text()
{
	at=$(grep -abo "$1" "$TQ_DIR/ledger/00000001.seg" | tail -n 1)
	flip "$TQ_DIR/ledger/00000001.seg" "${at%%:*}"
}

# copy_to dir: the spool as another machine would find it
copy_to()
{
	mkdir "$1"
	cp -a "$TQ_DIR/." "$1"
	TQ_DIR=$1
}

TQ_DIR=$T/first
for i in 1 2 3 4 5; do
	tqput -Q --id t$i true
done
copy_to "$T/copy"
flip "$TQ_DIR/ledger/00000001.seg" 79
check 'a flipped bit in a copy is found' 65 '*' '' tqctl check
is 'and costs no task behind it' "$(tqstat -o id | tr '\n' ' ')" \
    't1 t2 t3 t4 t5 '
ok 'a copy of it is kept' [ -n "$(ls "$TQ_DIR/damaged")" ]

TQ_DIR=$T/context
mkdir here there
(cd here && tqput -Q --id place -c 'pwd >>../ran')
# what is put next says that it was on disk
tqput -Q --id next -q idle true
copy_to "$T/lost"
at=$(grep -abo 'HOME=' "$TQ_DIR/ledger/00000001.seg" | head -n 1)
flip "$TQ_DIR/ledger/00000001.seg" "${at%%:*}"
check 'a lost place is found' 65 '*' '' tqctl check
is 'its task is still told of' "$(tqstat -q default -o id,state)" \
    "place	ready"
(cd there && umask 077 && HOME=/none tqput -Q --id other -c 'pwd >>../ran')
tqrun -E
is 'it does not run in the place of another' "$(cat ran)" "$PWD/there"
like 'but ends with the reason' "$(tqstat -s failure -o id,why)" \
    'place*could not be read*'

# middle file: a byte in its middle, by what is written there
middle()
{
	end=$(od -An -v -tx1 -w64 "$1" | grep -nv '^\( 00\)*$' | tail -n 1)
	echo $((${end%%:*} * 32))
}

# A transaction was written whole if anything is behind it: what is damaged in
# it costs itself.
TQ_DIR=$T/many
seq 1000 | tqput -Q -m -q many echo
tqput -Q -q many --id behind echo x
flip "$TQ_DIR/ledger/00000001.seg" 70000
lose_table
check 'a flipped bit in a batch is found' 65 '*' '' tqctl check
run tqrun -q many -E
is 'all but the damaged one run' \
    "$(tqstat -q many -s success -o id | wc -l)" 1000

TQ_DIR=$T/undone
seq 200 | tqput -Q -m -q many echo
at=$(middle "$TQ_DIR/ledger/00000001.seg")
tqctl -q many revoke
end=$(middle "$TQ_DIR/ledger/00000001.seg")
flip "$TQ_DIR/ledger/00000001.seg" $((at + end))
lose_table
check 'a flipped bit in a revoke is found' 65 '*' '' tqctl check
ok 'the others stay revoked' \
    [ "$(tqstat -q many -s revoked -o id | wc -l)" -ge 199 ]

# What is lost is named, and who waited for it fails.
TQ_DIR=$T/named
put first -c 'echo UNIQUE'
put waits -A first true
flip_text UNIQUE
lose_table
check 'a lost task is named' 65 '*: byte * was task first, which is lost' '' \
    tqctl check
check 'and unknown' 125 '' '*first: no such id*' tqresult first
tqrun -E
like 'who waited for it ends in failure' "$(tqstat -s all -o id,state,why)" \
    'waits	failure	dependency *'

TQ_DIR=$T/gone
tqput -Q true
rm -r "$TQ_DIR/ledger"
for cmd in 'tqstat' 'tqctl check' 'tqput true'; do
	check "a spool without its ledger is none that is empty: $cmd" 65 '' \
	    "*$TQ_DIR/ledger: is missing*" $cmd
done
# nor is one with an empty ledger, whether there is a table still, or none
for lose in : lose_table; do
	TQ_DIR=$T/emptied$lose
	tqput -Q true
	rm "$TQ_DIR"/ledger/*
	$lose
	for cmd in 'tqput true' 'tqstat' 'tqctl check' 'tqget -t 0'; do
		check "nor is one without segments: $lose: $cmd" 65 '' \
		    "*$TQ_DIR/ledger: *segment*" $cmd
	done
	is "nothing is made there: $lose" "$(ls "$TQ_DIR/ledger")" ''
done

# without its lock nobody knows who has the table
TQ_DIR=$T/unlocked
tqput -Q --id kept true
bg tqrun -q none
worker=$!
wait_for sh -c 'tqstat -W | grep -q .'
rm "$TQ_DIR/lock"
for cmd in 'tqput true' 'tqstat' 'tqctl check' 'tqget -t 0'; do
	check "a lock that was removed is named: $cmd" 65 '' \
	    "*$TQ_DIR/lock was removed: *" $cmd
done
ok 'who is in leaves' wait_gone "$worker"
: >"$TQ_DIR/lock"
check 'an empty one will do, and nothing is lost' 0 kept '' tqstat -o id

TQ_DIR=$T/copied
tqput -Q true
cp -r "$T/copied" "$T/emptied"
rm "$T/emptied"/ledger/*
check 'nor is such a copy' 65 '' '*: has no segments*' \
    tqstat -b "spool:$T/emptied"
tqctl init "$T/new"
check 'a new one is' 0 '' '' tqstat -b "spool:$T/new"

# An outcome that is damaged is told of as such, and nothing else is lost.
TQ_DIR=$T/outcome
TQ_SEGMENT=64k
export TQ_SEGMENT
put bad -c 'echo UNIQUE; exit 3'
put good echo okay
tqrun -j 1 -E	# in this order: damage behind which nothing stands is a cut
flip_text UNIQUE
check 'a damaged outcome is named' 65 '*: byte * was the outcome of bad' '' \
    tqctl check
check 'no output is made up of a damaged outcome' 125 '' \
    'tqresult: bad: its outcome is damaged' tqresult bad
is 'and its task is listed with the reason' \
    "$(tqstat -s all -o id,state,why)" "bad	failure	its outcome is damaged
good	success	-"
lose_table
is 'also when the table is made anew: it does not run again' \
    "$(tqstat -s all -o id,state,why)" "bad	failure	its outcome is damaged
good	success	-"
for i in 1 2 3 4; do
	seq 200 | tqput -Q -m -q many echo "$(printf '%0100d' 1)"
	tqctl -q many revoke
	tqctl -q many forget
done
run tqctl gc
ok 'the segment of it is retired' [ ! -e "$TQ_DIR/ledger/00000001.seg" ]
ok 'a copy of it is kept' [ -n "$(ls "$TQ_DIR/damaged")" ]
lose_table
check 'its task is still there' 0 "bad	failure	its outcome is damaged" '' \
    tqstat -o id,state,why bad
check 'a retry begins it again' 0 '' '' tqctl retry bad

#!/bin/sh
# tqput --spool-on-failure: what a broker cannot take waits in the spool here,
# and comes there once, under its id, when somebody serves the queue forward.

. "${0%/*}/../lib/redis.sh"
redis_start
LINE='tqput: redis://*: Connection refused: kept in queue '\''forward'\'' of * sends it'

check 'a broker that answers gets the task' 0 "$ID" '' \
    tqput --spool-on-failure -q direct -N x
is 'at once' "$(rcli LLEN direct)" 1
not_ok 'and no spool is made' test -d "$TQ_DIR"

# ---- away

redis_kill
check '--spool-on-failure keeps the task' 0 "$ID" "$LINE" \
    tqput --spool-on-failure -q a -p 7 -l word -N proj.note --kw k=v one two
id=$(cat .out)
is 'under its id' "$(here tqstat -q forward -o id,label,state)" \
    "$id	word	ready"
check 'an id that waits is known' 1 "$id" "tqput: *" \
    tqput --spool-on-failure --id "$id" -N x
check 'what no broker would keep is refused at once' 78 '' 'tqput: -S: *' \
    tqput --spool-on-failure -S lane -N x
check 'so are names' 64 '' '*' tqput --spool-on-failure -N 'a b'
check '-w excludes it' 64 '' 'tqput: --spool-on-failure and -w exclude each other' \
    tqput --spool-on-failure -w true
is 'nothing of that was kept' \
    "$(here tqstat -q forward -o id | wc -l)" 1

printf 'a\nb\nc\n' | tqput --spool-on-failure -m -q many -N proj.note >ids 2>err
is 'many are one transaction, one line is said' "$(wc -l <ids) $(wc -l <err)" '3 1'
chord=$(printf '1\n2\n' | tqput --spool-on-failure -m -q c -J \
    --chord proj.tsum -N proj.add 2>/dev/null)
head -c 300000 /dev/urandom >body
cmd=$(tqput --spool-on-failure -q cmd -i -e V=w -c 'cksum; echo $V $1 | cat -v' "$(printf 'a\377b')" \
    <body 2>/dev/null)
seq 1 2500 | tqput --spool-on-failure -m -Q -q bulk -N proj.note 2>/dev/null
is 'a batch a task' "$(here tqstat -q forward -o id | wc -l)" 7

# more than one transaction takes
for shape in --group --chain '--chord proj.tsum'; do
	seq 999 >records
	check "$shape of over 999 is not kept" 69 '' \
	    'tqput: redis://*refused; over 999 tasks in one are not kept *' \
	    tqput --spool-on-failure -m $shape -N x <records
done
check 'all brokers that were tried are named' 0 "$ID" \
    "tqput: redis://127.0.0.1:1/0: *refused; redis://*$REDIS_PORT/0: *kept in *" \
    tqput --spool-on-failure -b redis://127.0.0.1:1/0 -b "$TQ_BROKER" \
    -q two -N x
id2=$(cat .out)
here tqctl revoke "$id2"
here tqctl forget "$id2"

here tqrun -q forward -n 2 2>/dev/null
ok 'forwarding while it is away is tried again' \
    test -n "$(here tqstat -q forward -s retry -o id)"
redis_again
TQ_BROKER='' tqrun -q forward 2>/dev/null &
F=$!
pids="$pids $F"
arrived()
{
	[ "$(rcli LLEN bulk)" = 2500 ]
}
forwarded()
{
	[ -z "$(here tqstat -q forward -o id)" ]
}
ok 'it is there when the broker is' wait_long arrived
ok 'and so is all else' wait_long forwarded
is 'without a failure' "$(here tqstat -q forward -s all -o state | sort -u)" success

mkdir h
cat >h/proj.note <<'SH'
#!/bin/sh
echo "$TQ_ID $TQ_LABEL $TQ_KW_k $*"
SH
cat >h/proj.add <<'SH'
#!/bin/sh
echo $(($1 + 1))
SH
cat >h/proj.tsum <<'SH'
#!/bin/sh
echo "$1"
SH
chmod +x h/*
tqrun -E --allow-commands -q a -q many -q c -q cmd h 2>/dev/null
is 'arguments, label and id are as they were' "$(tqresult "$id")" \
    "$id word v one two"
is 'the ids of many too' "$(tqresult "$(sed -n 2p ids)")" "$(sed -n 2p ids)   b"
is 'a chord is one' "$(tqresult "$chord")" '[2,3]'
is 'a body, a variable and bytes arrive' "$(tqresult "$cmd")" \
    "$(cksum <body)${NL}w aM-^?b"

# ---- once

# What was forwarded is forwarded again: somebody was killed before he knew.
here tqctl --force retry "$id"
ok 'forwarding twice' wait_for forwarded
is 'is no failure' "$(here tqstat -s all -o state "$id")" success
is 'and puts one' "$(rcli LLEN a)" 0

# A proxy that lets a put through and loses the answer.
cat >proxy.pl <<'PL'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die;
$| = 1;
print $s->sockport, "\n";
while (my $c = $s->accept) {
	my $u = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]");
	while (sysread($c, my $q, 1 << 20)) {
		syswrite($u, $q);
		sysread($u, my $a, 65536);
		last if $q =~ /EVAL/;
		syswrite($c, $a);
	}
	close($c);
}
PL
perl proxy.pl "$REDIS_PORT" >proxy &
pids="$pids $!"
wait_for test -s proxy
check 'an answer that is lost' 0 "$ID" 'tqput: *unknown*: kept in queue *' \
    tqput -b "redis://127.0.0.1:$(cat proxy)/0" \
    -b "redis://127.0.0.1:$REDIS_PORT/0" --spool-on-failure -q once -N x
lost=$(cat .out)
kill $!
ok 'is forwarded too, elsewhere' wait_long forwarded
is 'without a failure' "$(here tqstat -s all -o state "$lost")" success
is 'and is there once' "$(rcli LLEN once)" 1

# ---- workers that die

kill $F
wait_gone $F
redis_kill
tqput --spool-on-failure -Q -q brave -N x 2>/dev/null
brave=$(here tqstat -q forward -o id)
redis_again
# connections are made, and nothing answers
kill -STOP "$REDIS_PID"
started()
{
	[ "$(here tqstat -o state,attempt "$brave")" = "started${TAB}$death" ]
}
for death in 1 2 3 4; do
	TQ_BROKER='' tqrun -q forward 2>/dev/null &
	F=$!
	wait_long started || ok "start $death" false
	kill -KILL $F
	wait $F 2>/dev/null
done
kill -CONT "$REDIS_PID"
TQ_BROKER='' tqrun -q forward 2>/dev/null &
F=$!
pids="$pids $F"
ok 'and it is forwarded' wait_long forwarded
is 'four having died with it' \
    "$(here tqstat -s all -o state,crashes "$brave")" "success${TAB}4"
is 'once' "$(rcli LLEN brave)" 1
is 'a number that somebody set stays' "$(here tqctl set forward crashes=7
    redis_kill
    tqput --spool-on-failure -Q -q brave -N x 2>/dev/null
    here tqctl get forward crashes)" 7
redis_again
ok 'that one goes too' wait_long forwarded

# ---- there, and takes nothing

rcli config set maxmemory 1 >out
check 'a full server' 0 "$ID" 'tqput: *maxmemory*: kept in queue *' \
    tqput --spool-on-failure -q full -N x
rcli config set maxmemory 0 >out
ok 'gets it later' wait_long forwarded
is 'for sure' "$(rcli LLEN full)" 1

rcli replicaof 127.0.0.1 1 >out
check 'a replica' 0 "$ID" 'tqput: *takes no writes: kept in queue *' \
    tqput --spool-on-failure -q replica -N x
rcli replicaof no one >out
ok 'gets it when it is none' wait_long forwarded
is 'for sure' "$(rcli LLEN replica)" 1

rcli config set requirepass secret >out
check 'a wrong password is not for now' 77 '' 'tqput: *wants a password' \
    tqput --spool-on-failure -N x
redis_kill
TQ_BROKER=redis://:secret@127.0.0.1:$REDIS_PORT/0 \
    tqput --spool-on-failure -Q -q secret -N x 2>err
not_ok 'a password is not said' grep secret err
redis_again --requirepass secret
ok 'and goes along' wait_long forwarded
is 'for sure' "$(redis-cli -a secret -p "$REDIS_PORT" LLEN secret 2>/dev/null)" 1

# ---- the spool has no room

redis_kill
check 'neither here nor there' 69 '' 'tqput: redis://*; spool: *' \
    env TQ_DIR=/proc/self/nothing tqput --spool-on-failure -N x

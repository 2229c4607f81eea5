#!/bin/sh
# What goes wrong with a server is said in one line, with a status that fits,
# and in time.

. "${0%/*}/../lib/redis.sh"
top=$OLDPWD
redis_start
base=127.0.0.1:$REDIS_PORT
unset TQ_BROKER

rcli config set requirepass secret >out
one 'no password' 77 "tqput: redis://$base/0: wants a password" \
    tqput -b "redis://$base/0" -N x
TQ_BROKER="redis://:wrong@$base/0"
export TQ_BROKER
one 'a wrong password' 77 "tqput: redis://$base/0: wrong user or password" \
    tqput -N x
one 'a worker with a wrong password' 77 "tqrun: *wrong user or password" \
    tqrun -E
one 'a result with a wrong password' 125 "tqresult: *wrong user or password" \
    tqresult x
TQ_BROKER="redis://:secret@$base/0"
check 'the right one' 0 "$ID" '' tqput -N x

# a task reaches the broker of its worker, and nobody else sees the password
mkdir inner
cat >inner/x <<SH
#!/bin/sh
TQ_MODULES='$TQ_MODULES' exec tqput -Q -q inner -N y
SH
chmod +x inner/x
timeout 60 tqrun -q celery -n 1 -v inner 2>inner.err
is 'a task puts where it came from' "$(grep -c success inner.err)" 1
is 'with the password' "$(redis-cli -a secret -p "$REDIS_PORT" LLEN inner \
    2>/dev/null)" 1
not_ok 'of which its worker says nothing' grep secret inner.err
check 'so does one that tqget runs' 0 '' '' \
    tqget -q inner env TQ_MODULES="$TQ_MODULES" tqput -Q -q again -N z
is 'with it' "$(redis-cli -a secret -p "$REDIS_PORT" LLEN again 2>/dev/null)" 1
unset TQ_BROKER
check 'a password in -b is refused' 64 '' '*password*' \
    tqput -b "redis://:secret@$base/0" -N x
echo secret >pass
chmod 644 pass
one 'a password that everybody can read' 77 \
    "tqput: passfile: $T/pass: everybody can read it" \
    tqput -b "redis://$base/0?passfile=$T/pass" -N x
chmod 600 pass
check 'a password in a file' 0 "$ID" '' \
    tqput -b "redis://$base/0?passfile=$T/pass" -N x
redis-cli -a secret -p "$REDIS_PORT" config set requirepass '' >out 2>&1

one 'no such database' 64 "tqput: redis://$base/77: no such database" \
    tqput -b "redis://$base/77" -N x
one 'a database that is no number' 64 "tqput: redis: *'x1'*" \
    tqput -b "redis://$base/x1" -N x
one 'an unknown option' 64 "tqput: redis: no option 'visibilty' of a URL" \
    tqput -b "redis://$base/0?visibilty=3" -N x
one 'an option twice' 64 "tqput: redis: option 'lease' twice in the URL" \
    tqput -b "redis://$base/0?lease=30&timeout=3&lease=40" -N x
one 'a number out of range' 64 "tqput: redis: crashes='0'*" \
    tqput -b "redis://$base/0?crashes=0" -N x
one 'nobody there' 69 'tqput: redis://127.0.0.1:1/0: Connection refused' \
    tqput -b redis://127.0.0.1:1/0 -N x
one 'a socket that is not there' 69 '*No such file*' \
    tqput -b "redis://$T/nothing" -N x
check 'a socket' 0 "$ID" '' tqput -b "redis://$T/redis/sock?db=1" -N x
is 'and its database' "$(rcli -n 1 LLEN celery)" 1
check 'the second of several' 0 "$ID" '' \
    tqput -b redis://127.0.0.1:1/0 -b "redis://$base/2" -N x
check 'a prefix' 0 "$ID" '' tqput -b "redis://$base/3?prefix=p-" -N x
is 'is before every key' "$(rcli -n 3 --scan | sort | tr '\n' ' ')" \
    'p-_kombu.binding.celery p-celery '

rcli config set maxmemory 1 >out
one 'a full server' 75 "tqput: redis://$base/0: full: maxmemory is reached" \
    tqput -b "redis://$base/0" -N x
rcli config set maxmemory 0 >out

# Newer servers say nothing of a command that has too few words.
may=$top/lib/backend/redis/do_may.lua
sed -n '/^local rest/,/^}/p' "$may" | grep -o '[A-Z]* = [0-9]' >rest
grep -E '(unfit|denied|pushes|listed)\(' "$may" | grep -oE "'[A-Z]{3,}'" |
    tr -d "'" | sort -u >asked
while read -r cmd; do
	arity=$(rcli command info "$cmd" | sed -n 2p)
	words=$(awk -v c="$cmd" '$1 == c { print $3 + 2 }' rest)
	[ "${words:-0}" -eq "$arity" ] || {
		[ "$arity" -lt 0 ] && [ "${words:-0}" -ge $((-arity)) ]
	} || echo "$cmd $arity $words"
done <asked >short
is 'rights are asked for with whole commands' "$(grep -c . asked) $(cat short)" \
    "$(grep -c . rest) "
rcli acl setuser keys on '>pw' '~celery' '&*' +@all >out
rcli acl setuser mute on '>pw' '~*' +@all resetchannels >out
TQ_BROKER="redis://keys:pw@$base/0"
export TQ_BROKER
one 'keys that are not allowed' 77 "tqput: redis://$base/0: *access*" \
    tqput -N x
one 'nor to a worker' 77 "tqrun: redis://$base/0: *access*" tqrun -E
TQ_BROKER="redis://mute:pw@$base/0"
one 'channels that are not allowed' 77 \
    "tqrun: redis://$base/0: this user may not subscribe to channels (ACL)" \
    tqrun -E
unset TQ_BROKER

first=$REDIS_PORT
redis_start replica --replicaof "127.0.0.1 $first"
unset TQ_BROKER
one 'a replica' 77 'tqput: *: a replica that takes no writes' \
    tqput -b "redis://127.0.0.1:$REDIS_PORT/0" -N x
replica=$REDIS_PID

# A server that is there and does not answer: nobody waits for ever.
kill -STOP "$replica"
begin=$(date +%s)
one 'a server that hangs' 69 'tqput: *: no answer within 300 ms' \
    tqput -b "redis://127.0.0.1:$REDIS_PORT/0?timeout=0.3" -N x
ok 'in time' test $(($(date +%s) - begin)) -lt 5
check 'another one is tried' 0 "$ID" '' \
    tqput -b "redis://127.0.0.1:$REDIS_PORT/0?timeout=0.3" \
    -b "redis://$base/2" -N x
kill -CONT "$replica"

# something else than Redis
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 5,
    LocalAddr => "127.0.0.1") or die; open(F, ">port"); print F $s->sockport;
    close(F); while ($c = $s->accept) { print $c "HTTP/1.1 400 Bad\r\n\r\n";
    close($c) }' &
pids="$pids $!"
wait_for test -s port
one 'no Redis at all' 69 'tqput: redis://127.0.0.1:*/0: *' \
    tqput -b "redis://127.0.0.1:$(cat port)/0" -N x

# A server that answers to a take with a list that was not named.
tqput -b "redis://$base/3" -q away -N x >out
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 5,
    LocalAddr => "127.0.0.1") or die; open(F, ">liar"); print F $s->sockport;
    close(F); while ($c = $s->accept) {
    $u = IO::Socket::INET->new(PeerAddr => $ARGV[0]);
    while (sysread($c, $q, 1 << 20)) { syswrite($u, $q);
    sysread($u, $a, 1 << 20); $a =~ s/s\.1\r\n:0\r/s.1\r\n:4096\r/;
    syswrite($c, $a) } close($c) }' "$base" &
pids="$pids $!"
wait_for test -s liar
one 'a list that was not named' 78 '*: bad answer to a take' \
    tqget -b "redis://127.0.0.1:$(cat liar)/3" -q away -t 0

# Nothing would say that it has ended.
one '--no-result with -w' 78 'tqput: --no-result: -w would wait *' \
    tqput -b "redis://$base/5" --no-result -w -N x
is 'and nothing was put' "$(rcli -n 5 DBSIZE)" 0
check 'without -w' 0 "$ID" '' tqput -b "redis://$base/5" --no-result -N x

# The server goes while tqput waits: the id is told.
redis_start third
tqput -w -t 3 -N x 2>w.err &
W=$!
there()
{
	[ "$(rcli LLEN celery)" = 1 ]
}
wait_for there
id=$(rcli LINDEX celery 0 | sed 's/.*"id": *"\([^"]*\)".*/\1/')
redis_kill
wait $W
is 'its status is none of a task' $? 125
is 'and the id is told' "$(head -n 1 w.err)" "tqput: queued: $id"

# A server that is lost while somebody waits, and then reads its data, is back
# before the time is over.
redis_start fourth
id=$(tqput -N x)
tqresult -w -t 60 -o state "$id" >r.out 2>r.err &
W=$!
watched()
{
	[ "$(rcli PUBSUB NUMSUB "celery-task-meta-$id" | tail -n 1)" = 1 ]
}
ok 'somebody waits' wait_for watched
redis_kill
perl -MIO::Socket::INET -MTime::HiRes -e '$s = IO::Socket::INET->new(
    Listen => 50, ReuseAddr => 1, LocalAddr => "127.0.0.1",
    LocalPort => $ARGV[0]) or die; $| = 1; while ($c = $s->accept) {
    sysread($c, $b, 4096); print $c
    "-LOADING Redis is loading the dataset in memory\r\n"; print "x\n";
    close($c) }' "$REDIS_PORT" >loads &
P=$!
pids="$pids $P"
loaded()
{
	[ "$(wc -l <loads)" -ge 8 ]
}
ok 'it is told again and again that data is read' wait_for loaded
kill $P
wait $P 2>/dev/null
redis_again
mkdir hx
cat >hx/x <<'SH'
#!/bin/sh
exit 0
SH
chmod +x hx/x
bg tqrun -E "$T/hx"
wait $W
is 'and has what it waited for' "$? $(cat r.out r.err)" '0 success'

# Keys of another type, and a server that is busy for a while.
redis_start fifth --busy-reply-threshold 50
base=127.0.0.1:$REDIS_PORT
tqput -N x >out
rcli SET celery 5 >out
one 'another type of a key' 78 \
    "tqput: redis://$base/0: a key has another type: *" tqput -N x
one 'to look at' 78 "tqstat: redis://$base/0: a key has another type: *" tqstat
rcli DEL celery >out
rcli CONFIG SET min-replicas-to-write 1 >out
one 'too few replicas' 75 \
    "tqput: redis://$base/0: takes no writes: too few replicas" tqput -N x
rcli CONFIG SET min-replicas-to-write 0 >out
id=$(tqput -N x)
bg tqrun -E "$T/hx"
check 'it has ended' 0 success '' tqresult -t 60 -o state "$id"
rcli EVAL 'while true do end' 0 >out 2>&1 &
pids="$pids $!"
busy()
{
	rcli PING 2>&1 | grep -q BUSY
}
ok 'the server is busy' wait_for busy
one 'a busy server' 69 "tqput: redis://$base/0: busy: *" tqput -N x
one 'to look at' 125 "tqresult: redis://$base/0: busy: *" tqresult "$id"
one 'to wait for' 69 "tqresult: redis://$base/0: busy: *" \
    tqresult -t 0.2 -o state "$id"
tqresult -w -t 60 -o state "$id" >r.out 2>r.err &
W=$!
# it slept several times: it asked, and was told to wait
asks()
{
	[ "$(awk '/^voluntary/ { print $2 }' /proc/$W/status)" -ge 10 ]
}
ok 'somebody waits all the same' wait_for asks
rcli SCRIPT KILL >out 2>&1
wait $W
is 'and has his result when that is over' "$? $(cat r.out r.err)" '0 success'

# One of a cluster, which has no keys.
cluster_start()
{
	# it takes a second port 10000 above
	redis_name=cluster REDIS_PORT=$1
	mkdir -p cluster
	redis_run --cluster-enabled yes
}
tries=5
until cluster_start $(($(free_port) % 20000 + 20000)); do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || break
done
TQ_BROKER=redis://127.0.0.1:$REDIS_PORT/0
one 'a cluster' 78 'tqput: *: a cluster is not served' tqput -N x
one 'to look at' 78 'tqstat: *: a cluster is not served' tqstat
one 'to work for' 78 'tqrun: *: a cluster is not served' tqrun "$T/hx"
one 'a sentinel' 69 'tqput: sentinel: not served: *' \
    tqput -b sentinel://127.0.0.1:26379/0 -N x

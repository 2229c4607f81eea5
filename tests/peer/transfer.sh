#!/bin/sh
# tqctl transfer from a spool to a Redis server: tasks run there, once, by
# workers of tq and of Celery, whatever dies on the way.

. "${0%/*}/../lib/redis.sh"
redis_start
TO=$TQ_BROKER

hput()
{
	TQ_BROKER='' put "$@"
}

# move option ... [id ...]: transfer there
move()
{
	TQ_BROKER='' tqctl "$@"
}

mkdir h runs
cat >h/proj.note <<'SH'
#!/bin/sh
echo "$TQ_ID $TQ_LABEL $TQ_KW_k $*"
SH
chmod +x h/*

# ---- what arrives

head -c 300000 /dev/urandom >body
hput cmd -p 7 -l word -e V=w -i -c 'pwd; echo $V $1 | cat -v; cksum' \
    "$(printf 'a\377b')" <body
hput named -q proj -l word -N proj.note --kw k=v one two
hput late -d 3600 true
check 'tasks are transferred' 0 3 '' \
    move -v -q default -q proj transfer "$TO"
is 'those of the usual queue to the usual one' "$(tqstat -o id,queue,state | sort)" \
    "cmd${TAB}celery${TAB}ready
late${TAB}celery${TAB}delayed
named${TAB}proj${TAB}ready"
is 'here they are ended' "$(here tqstat -s all -o state,why | sort -u)" \
    "revoked${TAB}transferred to $TO"
tqctl -Q revoke late
tqrun -E --allow-commands -q celery -q proj h 2>/dev/null
is 'a command runs there' "$(tqresult cmd)" "$T${NL}w aM-^?b${NL}$(cksum <body)"
is 'a named task too' "$(tqresult named)" 'named word v one two'

hput apart -q apart true
check 'whatever TQ_RESULTS says' 0 1 '' \
    env TQ_BROKER= TQ_RESULTS="$TO" tqctl -v -q apart transfer "$TO"
is 'it is there' "$(tqstat -q apart -o id)" apart
is 'and ended here' "$(here state apart)" revoked

# ---- what Celery has no field for

hput lane -q odd -S lane true
hput held -q odd --hold true
hput free -q odd true
check 'what it cannot keep is named' 78 1 \
    '*lane stays: -S: no Celery worker keeps it*held stays: --hold has no place*' \
    move -v -q odd transfer "$TO"
is 'and stays as it was' "$(here tqstat -q odd -o id,state | sort)" \
    "held${TAB}held${NL}lane${TAB}ready"
check 'workers=tq says who keeps more' 0 '' '' \
    move transfer "$TO?workers=tq" lane
head -c 9000000 /dev/zero | hput huge -q big -i cksum
check 'what is too large stays' 65 0 '*huge stays: *bytes*' \
    move -v -q big transfer "$TO"
is 'ready' "$(here state huge)" ready

# ---- servers

hput one -q sick true
rcli config set maxmemory 1 >out
check 'a full server' 75 0 '*maxmemory*' move -v -q sick transfer "$TO"
rcli config set maxmemory 0 >out
is 'leaves it here' "$(here state one)" ready
kill -STOP "$REDIS_PID"
run move -v -q sick transfer "$TO?timeout=1"
kill -CONT "$REDIS_PID"
is 'a server that hangs leaves it here, too' "$(here state one)" ready
is 'within its time' "$status" 69

# A proxy that loses the next script that puts if there is a file `script`, and
# the answer to it if there is one `answer`.
cat >proxy.pl <<'PL'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die;
$| = 1;
print $s->sockport, "\n";
while (my $c = $s->accept) {
	my $u = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]");
	while (sysread($c, my $q, 1 << 20)) {
		last if $q =~ /EVAL/ && unlink('script');
		syswrite($u, $q);
		sysread($u, my $a, 65536);
		last if $q =~ /EVAL/ && unlink('answer');
		syswrite($c, $a);
	}
	close($c);
}
PL
perl proxy.pl "$REDIS_PORT" >proxy &
pids="$pids $!"
wait_for test -s proxy
VIA=redis://127.0.0.1:$(cat proxy)/0
hput mine -q late -c 'echo mine'
: >script
check 'a put that is lost' 74 0 '*1 stay held, for they may be at*' \
    move -v -q late transfer "$VIA"
tqput -Q -q late --id mine -N proj.note
check 'what came there meanwhile is not ours' 1 0 \
    '*mine stays: *known already*' move -v -q late transfer "$VIA"
is 'and ours is ready' "$(here state mine) $(rcli LLEN late)" 'ready 1'
: >answer
check 'an answer that is lost' 74 0 \
    "*1 stay held, for they may be at $VIA*unknown*" \
    move -v -q sick transfer "$VIA"
is 'leaves it held' "$(here column one state,why)" \
    "held${TAB}held for a transfer"
check 'another place is refused then' 1 0 '*one stays: *' \
    move -v -q sick transfer "$TO"
check 'once more it is there' 0 1 '' move -v -q sick transfer "$VIA"
is 'once' "$(rcli LLEN sick)" 1
hput again -q sick true
tqput -Q -q sick --id again -N x
check 'an id of somebody else'\''s there' 1 0 '*again stays: *known already*' \
    move -v -q sick transfer "$VIA"

# ---- a worker at either end, and transfers that are killed

here exec tqrun -q many -j 2 2>/dev/null &
pids="$pids $!"
tqrun --allow-commands -q many -j 2 h 2>/dev/null &
pids="$pids $!"
seq 2000 | here tqput -m -Q -q many -c 'echo $1 >>runs/$TQ_ID'
n=0
while [ -n "$(here tqstat -q many -n 1 -o id)" ] && [ $n -lt 60 ]; do
	n=$((n + 1))
	timeout -s KILL 0.0$((n % 9 + 1)) tqctl -b "spool:$TQ_DIR" -q many \
	    transfer "$TO" 2>/dev/null
done
# the last of them may not have died yet: somebody else is transferring
at_last()
{
	move -q many transfer "$TO" 2>/dev/null
	[ $? -ne 75 ]
}
wait_for at_last
# one that is lost is not waited for
ok 'what is here ends' tqresult -b "spool:$TQ_DIR" -w -t 200 -q many
ok 'and what is there' tqresult -w -t 200 -q many
is 'each of many has run' "$(cat runs/* | sort -n | uniq | wc -l)" 2000
is 'once' "$(cat runs/* | wc -l)" 2000
is 'some there' "$(here tqstat -q many -s revoked -n 1 -o why)" \
    "transferred to $TO"
check 'all is well here' 0 '*' '' here tqctl check

# ---- a transfer that dies at a call, or whose call fails

twice=
if [ -z "$SAN" ] && strace -qq -o /dev/null true 2>/dev/null; then
	for at in connect:1 sendto:1 sendto:2 sendto:3 write:1 write:2 \
	    write:3 read:9 poll:1 poll:2 poll:3 pwrite64:1 pwrite64:2 \
	    pwrite64:3 fdatasync:1 fdatasync:2; do
		for how in signal=KILL error=EIO; do
			id=at-$at-$how
			hput "$id" -q at -c 'echo 1 >>"runs/$TQ_ID"'
			TQ_BROKER='' timeout 60 strace -qq -f -o /dev/null -e \
			    inject="${at%:*}:$how:when=${at#*:}" \
			    tqctl -q at transfer "$TO" >out 2>&1
			here tqrun -E -q at 2>/dev/null
			tqrun -E --allow-commands -q at h 2>/dev/null
			move -q at transfer "$TO" 2>/dev/null
			tqrun -E --allow-commands -q at h 2>/dev/null
			[ "$(cat "runs/$id")" = 1 ] || twice="$twice $id"
		done
	done
	is 'what is transferred again has run once' "$twice" ''
else
	skip 'transfers killed at each call' 'no strace here'
fi
rm -f runs/*

# ---- a server that is killed, and comes again with all that it said it has

seq 3000 | here tqput -m -Q -q lost -c 'echo $1 >>runs/$TQ_ID'
move -q lost transfer "$TO" >out 2>&1 &
M=$!
redis_kill
wait $M
for i in 1 2 3; do
	redis_again
	move -q lost transfer "$TO" >out 2>&1 &
	M=$!
	wait_for sh -c '[ "$(redis-cli -p '"$REDIS_PORT"' LLEN lost)" -gt '"$i"' ]'
	redis_kill
	wait $M
done
redis_again
move -Q -q lost transfer "$TO" 2>/dev/null
is 'nothing is left here' "$(here tqstat -q lost -o id | wc -l)" 0
timeout 200 tqrun -E --allow-commands -q lost h 2>/dev/null
is 'all has run there, once' \
    "$(cat runs/* | sort -n | uniq | wc -l) $(cat runs/* | wc -l)" '3000 3000'

# ---- Celery

need_celery
celery_app
celery_worker
for i in 1 2 3; do
	hput "py$i" -N proj.add -J $i 40
done
check 'named tasks go to a Python worker' 0 3 '' \
    move -v -q default transfer "$TO"
is 'which runs them' "$(tqresult -w -t 60 py1 py2 py3 | xargs)" '41 42 43'

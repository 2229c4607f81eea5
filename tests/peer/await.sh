#!/bin/sh
# Who waits for a result has the server's word that it listens before it looks:
# an end between the two would be told to nobody.

. "${0%/*}/../lib/redis.sh"
redis_start

mkdir h
printf '#!/bin/sh\necho "$1"\n' >h/say
chmod +x h/say

# A proxy with a process for each connection.  What listens is heard late: when
# the task has ended, and whatever was asked meanwhile was answered.  Or the
# first connection that asks for a word is lost.
cat >proxy.pl <<'PL'
use IO::Socket::INET;
use IO::Select;
my ($port, $end, $word) = @ARGV;
my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die;
$| = 1;
$SIG{CHLD} = 'IGNORE';
print $s->sockport, "\n";
while (my $c = $s->accept) {
	next if fork;
	$SIG{CHLD} = 'DEFAULT';
	my $u = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die;
	my $both = IO::Select->new($c, $u);
	while (my @ready = $both->can_read) {
		for my $from (@ready) {
			my $text;
			exit unless sysread($from, $text, 1 << 20);
			if ($word && $text =~ /$word/ && mkdir 'lost') {
				shutdown($c, 2);
				exit;
			}
			if ($end && $from == $c && $text =~ /\bSUBSCRIBE\b/ &&
			    $text !~ /UNSUBSCRIBE/) {
				system($end) == 0 or die;
				print "late\n";
			}
			syswrite($from == $c ? $u : $c, $text);
		}
	}
}
PL
# tqresult waits for 0.2 s at a time.  If the end takes longer on a busy machine it
# has looked in between: that is another scene.
late_end()
{
	id=$(tqput -N say 7)
	rm -f proxy told
	perl proxy.pl "$REDIS_PORT" 'exec tqrun -E -j 1 h 2>>end.err' >proxy &
	proxy=$!
	redis-cli -p "$REDIS_PORT" monitor >told &
	monitor=$!
	pids="$pids $proxy $monitor"
	wait_for test -s proxy
	wait_for grep -q OK told
	run tqresult -b "redis://127.0.0.1:$(head -1 proxy)/0" -w -t 60 "$id"
	wait_for grep -q late proxy
	kill "$proxy" "$monitor"
	looked=$(sed -n '1,/"SUBSCRIBE" "celery-task/d
/"UNSUBSCRIBE"/{ s/.*"\(UNSUBSCRIBE\)".*/\1/p; q; }
/"GET" "celery-task-meta/{ s/.*"\(GET\)".*/\1/p; q; }' told)
	[ "$(grep -c late proxy) $looked" = '1 GET' ]
}
tries=20
until late_end || [ $tries -eq 0 ]; do
	tries=$((tries - 1))
done
is 'an end before the server has heard of the wait' "$status $out$err" "0 7$NL"
is 'that was the order' "$(grep -c late proxy)" 1
is 'it is looked for by who listens' "$looked" GET

# The server is slower to confirm than tqresult's turns are long: what it was
# told once is on its way for the next turn too.
id=$(tqput -N say 9)
rm -f proxy told
redis-cli -p "$REDIS_PORT" monitor >told &
monitor=$!
cat >turns <<'EOF'
n=0
until [ "$(grep -c "\"GET\" \"celery-task-meta-$1" told)" -ge 4 ] ||
    [ $((n += 1)) -gt 1000 ]; do
	sleep 0.02
done
EOF
perl proxy.pl "$REDIS_PORT" "exec sh turns $id" >proxy &
proxy=$!
pids="$pids $proxy $monitor"
wait_for test -s proxy
wait_for grep -q OK told
tqresult -b "redis://127.0.0.1:$(head -1 proxy)/0?timeout=20" -w -t 60 "$id" \
    >turns.out &
W=$!
wait_for grep -q late proxy
wait_for grep -q "\"SUBSCRIBE\" \"celery-task-meta-$id" told
tqrun -E -j 1 h 2>>end.err
wait $W
is 'turns that are shorter than a word' "$? $(cat turns.out)" '0 9'
kill "$proxy" "$monitor"
is 'listen once' "$(grep -c '"SUBSCRIBE" "celery-task-meta' told) $(grep -c \
    late proxy)" '1 1'

# Whether an id is a group's is asked one after another.  The first of these
# never ends, and the server is lost when it is asked for the second.
never=$(tqput -N say 8)
perl proxy.pl "$REDIS_PORT" '' "taskset-meta-$id" >losing &
losing=$!
pids="$pids $losing"
wait_for test -s losing
check 'the server is lost before it was asked for all' 0 "$id${TAB}success$NL" \
    '' timeout 60 tqresult -b "redis://127.0.0.1:$(head -1 losing)/0" -w -n 1 \
    -o id,state "$never" "$id"
ok 'it was lost' test -d lost
kill "$losing"

# A server that stalls when the wait begins is waited for as one that is lost.
id=$(tqput -N say 9)
tqrun -E h
kill -STOP "$REDIS_PID"
tqresult -b "redis://127.0.0.1:$REDIS_PORT/0?timeout=0.2" -w "$id" >got 2>&1 &
waits=$!
pids="$pids $waits"
# connections that the server has not taken
asked()
{
	[ "$(awk -v port="$(printf :%04X "$REDIS_PORT")" \
	    '$2 ~ port "$" && $4 != "0A"' /proc/net/tcp | wc -l)" -ge "$1" ]
}
ok 'a server that stalls is asked again' wait_for asked 3
kill -CONT "$REDIS_PID"
wait $waits
is 'and waited for' "$? $(cat got)" '0 9'

# An id that cannot be looked at may be a group: it is no task that never ends.
rcli lpush celery-taskset-meta-odd x >/dev/null
check 'what cannot be read is told' 125 '' '*another type*' \
    tqresult -w -t 60 odd

# So many members that a server would rather drop one than confirm them all.
rcli config set client-output-buffer-limit 'pubsub 16mb 0 0' >/dev/null
perl -e '$v = "{\"result\": [[\"huge\", null], [" .
    join(",", map { sprintf("[[\"%0250d\", null], null]", $_) } 1 .. 120000) .
    "]]}";
    printf "*3\r\n\$3\r\nSET\r\n\$24\r\ncelery-taskset-meta-huge\r\n" .
    "\$%d\r\n%s\r\n", length $v, $v' | rcli --pipe >/dev/null
tqresult -w huge >got 2>&1 &
waits=$!
pids="$pids $waits"
# at its members, whether there was time to listen for them or not
looked()
{
	[ "$(rcli info commandstats |
	    sed -n 's/^cmdstat_get:calls=\([0-9]*\).*/\1/p')" -ge 120000 ]
}
ok 'who waits for very many looks at them' wait_for looked
not_ok 'and is not dropped' grep 'output buffer' redis/log
kill "$waits"
rcli del celery-taskset-meta-huge >/dev/null

# ---- queues ----------------------------------------------------------------

# A task that was delayed is claimed between two questions of who waits for its
# queue: it is seen in neither place, and not for gone.
cat >moves.pl <<'PL'
use IO::Socket::INET;
my ($port) = @ARGV;
my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die;
$| = 1;
print $s->sockport, "\n";
while (my $c = $s->accept) {
	my $u = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die;
	while (sysread($c, my $text, 1 << 20)) {
		if ($text =~ /\btq\.waiting\r\n/ && mkdir 'moved') {
			system('exec sh claim') == 0 or die;
		}
		syswrite($u, $text);
		sysread($u, $text, 1 << 20) or exit;
		syswrite($c, $text);
	}
}
PL
echo 'until tqget -q moves -t 10 -L 60s >claimed; do :; done' >claim
tqput -Q -q moves -N say 1
tqget -q moves -t 0 -L 60s >held
tqctl later 0.1 "$(cut -f 1 held)"
perl moves.pl "$REDIS_PORT" >moves &
pids="$pids $!"
wait_for test -s moves
check 'a queue whose task is claimed meanwhile is not idle' 124 '' \
    '*moves: not finished*' timeout 60 tqresult -w -t 0 -q moves \
    -b "redis://127.0.0.1:$(cat moves)/0"
ok 'it was claimed meanwhile' test -s claimed

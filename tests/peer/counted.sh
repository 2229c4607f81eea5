#!/bin/sh
# A member of a chord is counted by the script that lets its message go: no
# state of the server has it counted while its message may still come back.
# So a worker of tq may be killed wherever it is, and a Celery worker that takes
# over and gets another result finishes the chord.
#
# Every fourth system call in make check, every one in make crash.

. "${0%/*}/../lib/canvas.sh"
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
canvas_handlers

# ---- what each script does, as the server tells -----------------------

redis-cli -p "$REDIS_PORT" monitor >told &
monitor=$!
pids="$pids $monitor"
wait_for grep -q OK told
bg tqrun -q celery -j 2 handlers
py >got 2>&1 <<'PY'
print(chord([add.s(i, i) for i in range(4)], tsum.s())().get(timeout=60))
print(chord([chord([add.s(1, 2), add.s(3, 4)], tsum.s()), add.s(5, 6)],
    tsum.s())().get(timeout=60))
r = chord([chord([add.s(1, 2), boom.s()], tsum.s()), add.s(5, 6)], tsum.s())()
try:
    r.get(timeout=60)
except Exception as e:
    print(type(e).__name__)
PY
is 'chords, one in another, one that fails' "$(cat got)" \
    "12${NL}21${NL}ChordError"
kill -TERM "${pids##* }"
wait_gone "${pids##* }"
kill "$monitor"
# of each script: members it leaves counted, and whether it let one go
cat >read.py <<'PY'
import re, shlex, sys
scripts, bad, now = 0, [], None
def close():
    global scripts
    if now and now['in']:
        scripts += 1
        if not now['gone']:
            bad.append(sorted(now['in']))
for line in open('told', errors='replace'):
    m = re.match(r'\S+ \[\d+ (\S+)\] (.*)', line)
    if not m:
        continue
    if m[1] != 'lua':
        close()
        now = {'in': set(), 'gone': 0}
    words = [w.lower() if k == 0 else w
        for k, w in enumerate(shlex.split(m[2]))]
    if words[0] == 'zadd' and words[1].endswith('.j'):
        now['in'].add((words[1], words[3]))
    if words[0] == 'zrem' and words[1].endswith('.j'):
        now['in'].discard((words[1], words[2]))
    if words[0] == 'hdel' and words[1] == 'unacked':
        now['gone'] = 1
close()
print(scripts, bad)
PY
# 4; 2 and the body that is a member, and 1; 2, of which one closes both, and 1
is 'a part is counted where its message is let go' \
    "$(/usr/bin/python3 read.py)" '11 []'

# ---- the answer is lost ------------------------------------------------

# Every other count is let through, and its connection closed; or, with a
# command to meddle, that is run before a chord's end is.
cat >proxy.pl <<'PL'
use IO::Socket::INET;
use IO::Select;
my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die;
my ($all, $n, %other) = (IO::Select->new($s), 0);
$| = 1;
print $s->sockport, "\n";
sub lose {
	my ($c, $u) = @_;
	$all->remove($c, $u);
	delete @other{$c, $u};
	close($c);
	close($u);
}
while (my @ready = $all->can_read) {
	for my $c (@ready) {
		if ($c == $s) {
			my $u = IO::Socket::INET->new(
			    PeerAddr => "127.0.0.1:$ARGV[0]") or die;
			my $d = $s->accept;
			@other{$d, $u} = ([$u, 1], [$d, 0]);
			$all->add($d, $u);
			next;
		}
		next unless $other{$c};
		my ($to, $asks, $text) = @{$other{$c}};
		if (!sysread($c, $text, 1 << 20)) {
			lose($c, $to);
			next;
		}
		if ($ARGV[1]) {
			system($ARGV[1]) if $asks &&
			    $text =~ /\r\nC\r\n.*\r\n[0-9a-f]{40}\r\n/s;
			syswrite($to, $text);
			next;
		}
		syswrite($to, $text);
		next unless $asks && $text =~ /\r\nC\r\n/ && ++$n % 2;
		sysread($to, $text, 1);
		print "lost\n";
		lose($c, $to);
	}
}
PL
perl proxy.pl "$REDIS_PORT" >proxy &
proxy=$!
pids="$pids $proxy"
wait_for test -s proxy
redis-cli -p "$REDIS_PORT" --csv psubscribe 'celery-task-meta-*' >ends &
pids="$pids $!"
wait_for grep -q psubscribe ends
tqrun -b "redis://127.0.0.1:$(head -1 proxy)/0" -q celery -j 1 handlers \
    2>lost.err &
worker=$!
pids="$pids $worker"
got 3 'a chord whose members lose the answer to their end' <<'PY'
print(chord([add.s(0, 1), add.s(1, 1)], tsum.s())().get(timeout=60))
PY
ok 'answers were lost' [ "$(grep -c lost proxy)" -gt 1 ]
is 'each task ended once' "$(grep -c SUCCESS ends)" 3
kill -TERM "$worker"
wait "$worker"
is 'to the worker it is its own end' "$(grep -c 'not ours' lost.err)" 0
is 'nothing is left' "$(rcli llen celery) $(rcli hlen unacked)" '0 0'
kill "$proxy"

# ---- somebody else has moved meanwhile ---------------------------------

# meddled SCRIPT: a chord whose end finds that SCRIPT has run since it asked
meddled()
{
	printf 'exec redis-cli -p %s --eval meddle.lua >>meddled\n' \
	    "$REDIS_PORT" >meddle
	cat >meddle.lua
	rm -f proxy meddled
	perl proxy.pl "$REDIS_PORT" '[ -e meddled ] || . ./meddle' >proxy &
	proxy=$!
	pids="$pids $proxy"
	wait_for test -s proxy
	id=$(printf '1\n2\n' | tqput -m -J --chord proj.tsum -N proj.add 10)
	tqrun -b "redis://127.0.0.1:$(head -1 proxy)/0" -E -q celery -j 1 \
	    handlers 2>>lost.err
	kill "$proxy"
	ok 'somebody was faster' [ -s meddled ]
}

# as a Celery worker counts a member that got another result the second time;
# of two with one score the server puts the lesser text first, and that counts
meddled <<'LUA'
for _, j in ipairs(redis.call('KEYS', '*.j')) do
	local m = redis.call('ZRANGE', j, 0, 0)[1]
	redis.call('ZADD', j, 0, (string.gsub(m, 'SUCCESS", 11', 'SUCCESS", 19')))
end
return 'counted'
LUA
check 'a member was counted twice meanwhile' 0 "23$NL" '' tqresult -w -t 60 "$id"
is 'nothing is left of it' "$(rcli hlen unacked) $(rcli keys '*.j')" '0 '

twelves()
{
	rcli --scan --pattern 'celery-task-meta-*' | while read -r k; do
		rcli get "$k"
	done | grep -c '"result": 12'
}

# as another worker ends the chord
before=$(twelves)
meddled <<'LUA'
for _, s in ipairs(redis.call('KEYS', '*.s')) do
	redis.call('SADD', 'tq.chord.'..string.sub(s, 1, -3), '')
	redis.call('DEL', s, string.sub(s, 1, -3)..'.j')
end
return 'ended'
LUA
is 'the chord has ended meanwhile: no body is sent' \
    "$(rcli llen celery) $(rcli hlen unacked) $(rcli exists \
    "celery-task-meta-$id")" '0 0 0'
is 'and its last member has' "$(twelves)" "$((before + 1))"

# ---- killed, and a Celery worker takes over ---------------------------

if [ -n "$SAN" ] || ! strace -qq -o /dev/null true 2>/dev/null; then
	skip 'killing at each system call' 'no strace here'
	exit
fi
# its results are others, and what it sends is its own
sed -i 's/return x + y$/return x + y + 1000/
/^app.conf.update/s/(/(task_default_queue="py", /' proj.py
celery_worker -Q py

# [1, 2] + 10 each, and the sum
put()
{
	printf '1\n2\n' | tqput -m -J --chord proj.tsum -N proj.add 10
}

# Members that are counted and have a message still.
torn()
{
	rcli eval "local n, left = 0, table.concat(redis.call('HVALS', 'unacked'))
	    ..table.concat(redis.call('LRANGE', 'celery', 0, -1))
	for _, j in ipairs(redis.call('KEYS', 'celery-taskset-meta-*.j')) do
		for _, m in ipairs(redis.call('ZRANGE', j, 0, -1)) do
			local id = string.match(m, '^%[1, ?\"([^\"]*)\"')
			if string.find(left, '\"id\": \"'..id, 1, true) then
				n = n + 1
			end
		end
	end
	return n" 0
}

# As kombu restores what was taken long ago, at once, and to the Celery worker.
hand_over()
{
	rcli eval "local all = redis.call('HGETALL', 'unacked')
	for i = 1, #all, 2 do
		redis.call('LPUSH', 'py', string.match(all[i + 1],
		    '^%[(.*), \"\", \"celery\"%]$'))
	end
	redis.call('DEL', 'unacked', 'unacked_index', 'tq.lease', 'tq.started')
	while redis.call('RPOPLPUSH', 'celery', 'py') do end" 0 >/dev/null
}

nothing_left()
{
	[ "$(rcli llen py) $(rcli hlen unacked)" = '0 0' ]
}

# One run that is killed at the N-th of a call: 1 if it got so far.
killed_at()
{
	id=$(put) || bad="$bad put-$1-$2"
	strace -qq -o /dev/null -e "trace=$1" \
	    -e "inject=$1:signal=KILL:when=$2" \
	    tqrun -E -q celery -j 1 handlers >>log 2>&1
	status=$?
	[ "$(torn)" = 0 ] || bad="$bad torn-$1-$2"
	hand_over
	case $(tqresult -w -t 60 "$id" 2>&1) in
	23)	;;
	1023|2023) other=$((other + 1)) ;;
	*)	bad="$bad result-$1-$2" ;;
	esac
	wait_for nothing_left || bad="$bad left-$1-$2"
	[ "$status" -gt 128 ]
}

# all that it does with its server, its children and its clock
step=4
[ "${TQ_CRASH:-}" != long ] || step=1
bad= other=0 points=0
for call in sendto recvfrom poll epoll_wait read wait4; do
	n=1
	while killed_at $call $n; do
		points=$((points + 1))
		n=$((n + step))
	done
done
is 'the chord has one result of each member, wherever its worker was killed' \
    "$bad" ''
ok 'it was killed at many places' [ "$points" -gt $((120 / step)) ]
ok 'members had the results of either' [ "$other" -gt 0 ]
echo "# killed at $points calls; $other chords with results of Celery's"

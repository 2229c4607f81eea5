#!/bin/sh
# A server, or what stands before one, that answers with something else than it
# was asked for: no command crashes, or goes on for ever.

. "${0%/*}/../lib/redis.sh"

# odd answer	to all but what a connection begins with
cat >odd.pl <<'PL'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(Listen => 50, LocalAddr => "127.0.0.1") or die;
open(my $f, ">", "$ARGV[0].new") or die;
print $f $s->sockport;
close($f);
rename("$ARGV[0].new", $ARGV[0]);
my $answer = $ARGV[1];
$answer =~ s/ /\r\n/g;
$SIG{CHLD} = "IGNORE";
while (my $c = $s->accept) {
	next if fork;
	my ($in, $left, $word) = ("", 0, "");
	while (sysread($c, $in, 65536, length $in)) {
		for (;;) {
			if ($left == 0) {
				last if $in !~ s/^\*(\d+)\r\n//;
				($left, $word) = ($1, "");
			}
			last if $in !~ /^\$(\d+)\r\n/ ||
			    length($in) < length($&) + $1 + 2;
			$word ||= substr($in, length($&), $1);
			$in = substr($in, length($&) + $1 + 2);
			syswrite($c, $word eq "PING" ? "+PONG\r\n" :
			    "$answer\r\n") if --$left == 0;
		}
	}
	exit 0;
}
PL

# More than 128: killed by a signal, as what goes on is
survives()
{
	timeout -s KILL 20 "$@" >out 2>err
	status=$?
	[ $status -lt 128 ]
	report $? "$1 $2: ends by itself" "$answer: $* => $status
$(cat err)"
}

n=0
for answer in '*0' '*-1' ':1' '$-1' '$0 ' '*1 $-1' '*1 *0' '*2 :7 :7' \
    '*2 $-1 *1 :1' '*2 $1 0 *2 $-1 :5' '*3 :1 $-1 $-1' \
    '*4 $1 0 $-1 $-1 $-1' '*7 $-1 :0 $-1 :0 :0 $-1 $-1' '*1 *1 *1 $-1'
do
	n=$((n + 1))
	perl odd.pl port$n "$answer" &
	pids="$pids $!"
	wait_for test -s port$n
	TQ_BROKER="redis://127.0.0.1:$(cat port$n)/0?timeout=0.5"
	export TQ_BROKER
	survives tqput -N x
	survives tqput -k a -L b -N x
	survives tqget -t 0
	survives tqrun -E
	survives tqstat
	survives tqstat -l
	survives tqstat 01890a5d-ac96-774b-bcce-b302099a8057
	survives tqresult -w -t 0.3 01890a5d-ac96-774b-bcce-b302099a8057
	survives tqctl revoke 01890a5d-ac96-774b-bcce-b302099a8057
	survives tqctl get celery
	survives tqctl ping -t 0.3
	survives tqctl gc
done

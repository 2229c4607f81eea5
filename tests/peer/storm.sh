#!/bin/sh
# Lanes, keys, places, a cap and retries at once, while workers and the server
# are killed again and again: each lane stays in order, every task ends once it
# has succeeded, and nothing is left of what they had.

. "${0%/*}/../lib/redis.sh"
redis_start
TQ_BROKER="$TQ_BROKER?workers=tq&lease=1&crashes=1000"

mkdir h
# "lane number"; each fifth fails the first time
cat >h/step <<SH
#!/bin/sh
echo "\$1 \$2" >>'$T/starts'
sleep 0.05
[ \$((\$2 % 5)) != 0 ] || [ -e '$T/failed.'\$1.\$2 ] ||
    { : >'$T/failed.'\$1.\$2; exit 1; }
echo "\$1 \$2" >>'$T/ends'
SH
chmod +x h/step
: >starts
: >ends
tqctl cap name:step 3
n=1
while [ $n -le 25 ]; do
	for lane in a b c; do
		echo "tqput -Q -q s -S $lane -k $lane.$n -R slot=1 -r 3 \
		    --backoff 0.05 -N step $lane $n"
	done
	n=$((n + 1))
done | sh
is 'all are put' "$(rcli LLEN s)" 75

mortals -q s -j 2 h
i=0
while [ $i -lt 4 ]; do
	perl -e 'select undef, undef, undef, 0.5 + rand(0.7)'
	redis_kill
	redis_again
	i=$((i + 1))
done
idle()
{
	tqresult -w -t 60 -q s 2>/dev/null
}
ok 'all of them end' wait_long idle
mortals_end
is 'each lane in its order' \
    "$(awk '!seen[$0]++ && $2 != ++n[$1] { print "early:", $0 }' starts)" ''
is 'none is missing' "$(sort -u ends | wc -l)" 75
is 'nothing is held' "$(rcli HLEN unacked)$(rcli HLEN tq.waiting)" 00
is 'nor is a key or a lane' \
    "$(rcli KEYS 'tq.key.*')$(rcli KEYS 'tq.lane.*')$(rcli KEYS 'tq.parked*')" \
    ''
is 'and the cap has room' "$(tqput -q s -N step a 0 >/dev/null
    tqget -q s -t 0 -L 1s | grep -c step)" 1

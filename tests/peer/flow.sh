#!/bin/sh
# Flows on Redis: lines that wait for each other run as chains, groups and
# chords in each other, by a Celery worker as by tqrun.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
# what a site could do to run commands of tqput, if it trusts them
cat >>proj.py <<'PY'

import subprocess
@app.task(name='tq.exec')
def tq_exec(*results, shell=None, args=(), dir=None, env=None, umask=None, **kwargs):
    data = results[0].encode() if results else b''
    p = subprocess.run(['sh', '-c', shell] + list(args), input=data,
        stdout=subprocess.PIPE, cwd=dir)
    if p.returncode != 0:
        raise ValueError('exit status %d' % p.returncode)
    # what tqrun returns, byte for byte: Celery counts results in a chord
    return p.stdout.decode().removesuffix('\n')
PY
LOG=$T/log
export LOG

# flow FILE: of "name: dependencies" lines make a flow that logs
flow()
{
	awk -v log_file="$LOG" '{
		name = $1; sub(/:$/, "", name)
		rest = $0; sub(/^[^:]*:?/, "", rest)
		printf "%s%s\techo begin %s >>%s; echo %s; echo end %s >>%s\n",
		    name, rest != "" ? " :" rest : "", name, log_file, name, name,
		    log_file
	}' "$1"
}

# as_flow_says FILE: each ran once, after what it waits for
as_flow_says()
{
	awk 'NR == FNR { at[$1 " " $2] = FNR; n[$1 " " $2]++; next }
	{
		name = $1; sub(/:$/, "", name)
		if (n["end " name] != 1) { print name, "ran", n["end " name] + 0; bad = 1 }
		for (i = 2; i <= NF; i++)
			if (at["end " $i] > at["begin " name]) {
				print name, "before", $i; bad = 1
			}
	} END { exit bad }' "$LOG" "$1"
}

# States of a group's members, each once
states()
{
	tqresult -o state "$1" | sort -u
}

# runs NAME FILE: put it, wait, and look
runs()
{
	: >"$LOG"
	flow "$2" >flow
	gid=$(tqput -F flow) && wait_long tqresult -w -t 5 "$gid" >/dev/null
	is "$who: $1" "$(as_flow_says "$2" 2>&1)" ''
	is "$who: $1, all of its group" "$(states "$gid")" success
}

printf 'a\nb: a\nc: b\n' >chain
printf 'a\nb: a\nc: a\nd: b c\n' >diamond
printf 'a\nb\nc: a b\nd: a b\ne: c d\n' >groups
printf 'a\nb: a\nc: b\nd: b\ne: a\nf: c d e\ng: f\n' >nested
printf 'a\nb: a\nc: a\nd: c\ne: c\nf: b d e\ng: f\nh: f\nx\ny: x\nz\n' >mixed
printf 'a\nb\nc: a b\nd: a b\ne\nf: c d e\ng: c d e\nh: f g\n' >deep
printf 'a\nb: a\nc: a b\n' >redundant
# groups in groups, sixty tasks
awk 'BEGIN {
	print "top"
	for (i = 0; i < 5; i++) {
		printf "in%d: top\n", i
		for (k = 0; k < 4; k++) {
			printf "m%d%d: in%d\nn%d%d: m%d%d\n", i, k, i, i, k, i, k
			all = all sprintf(" n%d%d", i, k)
		}
		if (i % 2) { printf "out%d:%s\n", i, all; outs = outs " out" i } else outs = outs all
		all = ""
	}
	printf "end:%s\n", outs
}' >sixty

all_shapes()
{
	for shape in chain diamond groups nested mixed deep redundant sixty; do
		runs "$shape" "$shape"
	done
}

who=tqrun
tqrun --allow-commands -j 4 2>tqrun.err &
W=$!
pids="$pids $W"
all_shapes

printf 'fetch\tprintf "3\\n1\\n2\\n"\nsort -P fetch : fetch\tsort\n' >flow
gid=$(tqput -F flow)
is 'what a line wrote is read by the next' "$(tqresult -w "$gid")" "3${NL}1${NL}2${NL}1${NL}2${NL}3"

printf 'a\ttrue\nb : a\texit 3\nc : a\techo c\nd : b c\techo d\n' >flow
gid=$(tqput -F flow)
wait_long tqresult -w -t 5 -o state "$gid" >out
is 'a line that fails' "$(tqresult -o state "$gid" | tr '\n' ' ')" \
    'success failure success failure '
is 'and what waits for it, no other' "$(tqresult "$gid" 2>/dev/null)" c
kill -TERM "$W"
wait "$W"

# More lines than one put takes.
tqput -Q -F - <<FLOW
$(printf 'top\ttrue\n'; seq 1 1500 | sed "s/.*/m& : top$TAB:/")
end : $(seq -s ' ' -f m%g 1 1500)${TAB}echo big >>'$LOG'
FLOW
is 'a flow of 1502 lines begins with one' "$(rcli LLEN celery)" 1

who=celery
celery_worker --concurrency 1
all_shapes
kill -TERM "$CELERY_PID"
wait_gone "$CELERY_PID"

# ---- both, and killed

who='both, killed'
: >"$LOG"
flow sixty >flow
soon="$TQ_BROKER?lease=2"
gid=$(tqput -F flow)
for at in 10 40 70; do
	tqrun -b "$soon" --allow-commands -j 2 2>>tqrun.err &
	W=$!
	wait_for sh -c "[ \$(wc -l <'$LOG') -ge $at ]"
	kill -KILL "$W"
	wait "$W" 2>/dev/null
done
: >celery.log
celery_worker --concurrency 1
bg tqrun -b "$soon" --allow-commands -j 2
W=$!
wait_long tqresult -w -t 5 "$gid" >/dev/null
is "$who: all of its group" "$(states "$gid")" success
# what was killed runs again, what follows from it once
is "$who: everything" "$(sed -n 's/^end //p' "$LOG" | sort -u | wc -l)" \
    "$(wc -l <sixty)"
is "$who: at its place" "$(awk '$1 == "end" && !seen[$2]++' "$LOG" | tail -n 1)" 'end end'

kill -TERM "$W" "$CELERY_PID"
wait_gone "$W"
wait_gone "$CELERY_PID"

# ---- no shape

rcli flushall >out
printf 'a\ttrue\nb\ttrue\nc : a b\ttrue\nd : b\ttrue\n' >flow
check 'what is no shape is refused' 78 '' \
    "tqput: -F: Celery has no shape for this flow: 'c' and 'd' both wait for 'b', and one of them for more" \
    tqput -F flow
printf 'a\ttrue\nb\ttrue\nc -P a : a b\tcat\n' >flow
check 'one of several outputs is refused' 78 '' "tqput: -P: Celery cannot give 'c'*" \
    tqput -F flow
printf 'top\ttrue\n' >flow
awk 'BEGIN { for (i = 0; i < 40000; i++) print "m" i " : top\ttrue" }' >>flow
check 'what no worker would read is refused' 65 '' 'tqput: *bytes with what follows it, over *' \
    tqput -F flow
printf 'a\ttrue\nb -D fail : a\ttrue\n' >flow
check 'other ends are refused' 78 '' "tqput: -D fail: Celery cannot*" tqput -F flow
tree()
{
	awk -v n="$1" 'BEGIN {
	    for (i = 1; i <= n; i++)
		print "t" i (i > 1 ? " : t" int(i / 2) : "") "\ttrue" }' >flow
}
tree 511
check 'a tree of nine levels is refused' 78 '' \
    'tqput: -F: chains and groups over 16 deep*' tqput -F flow
is 'and nothing was put' "$(rcli DBSIZE)" 0
tree 255
check 'one of eight is put' 0 '' '' tqput -Q -F flow

# A Redis server of a test alone, and tests/lib/tap.sh with it:
#
#	. "${0%/*}/../lib/redis.sh"
#
#	redis_start [name] [option ...]	a server on a free port of 127.0.0.1, in
#				$T/name, append-only and always synced; sets
#				$REDIS_PORT, $REDIS_PID, and $TQ_BROKER
#	redis_stop, redis_kill	with SIGTERM, with SIGKILL; waits until it is gone
#	redis_again		start it once more, on the same port and files
#	rcli ...		redis-cli to it
#	here cmd ...		with the spool here, not with the server
#	one name status words cmd ...
#				it says these words and no second line, and has
#				no output: two tests
#	celery_app		write $T/proj.py, an application with some tasks
#	celery_handlers dir	make it, proj.add and proj.tsum of that for tqrun
#	note_runs dir		let each handler there add its task's id to $T/ran
#	celery_worker [option ...]	in the background; ready when it returns
#	mortals option ...	two of tqrun, each killed with SIGKILL after a
#				while, and replaced; "kills" has a line for each
#	mortals_end		until here
#	py ...			run Python text with `app` and the tasks at hand
#
# Everything is stopped at the end, by pid.  Without the peers the test is
# skipped as a whole.

. "${0%/*}/../lib/tap.sh"

need()
{
	for c in redis-server redis-cli; do
		command -v $c >/dev/null && continue
		skip "$c" "not here"
		exit 0
	done
	[ -f "$B/modules/redis.so" ] && return
	skip 'the module' "no hiredis when this was built"
	exit 0
}

need_celery()
{
	/usr/bin/python3 -c 'import celery, redis' 2>/dev/null && return
	skip 'Celery' "not here"
	exit 0
}

free_port()
{
	perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0);
	    bind(S, sockaddr_in(0, INADDR_LOOPBACK));
	    print((sockaddr_in(getsockname(S)))[0], "\n")'
}

rcli()
{
	redis-cli -p "$REDIS_PORT" "$@"
}

# Through its socket: on the port, another's may answer.
redis_answers()
{
	case $(redis-cli -s "$T/$redis_name/sock" ping 2>&1) in
	PONG|NOAUTH*)	return 0 ;;
	esac
	return 1
}

redis_settled()
{
	gone "$REDIS_PID" || redis_answers
}

redis_run()
{
	(cd "$T/$redis_name" && exec redis-server --port "$REDIS_PORT" \
	    --bind 127.0.0.1 --save '' --appendonly yes \
	    --appendfsync always --loglevel warning \
	    --unixsocket "$T/$redis_name/sock" "$@" >>log 2>&1) &
	REDIS_PID=$!
	pids="$pids $REDIS_PID"
	wait_for redis_settled
	redis_answers
}

redis_start()
{
	redis_name=redis
	case ${1:-} in
	-*|'')	;;
	*)	redis_name=$1; shift ;;
	esac
	mkdir -p "$T/$redis_name"
	redis_tries=5
	# somebody else may take the port meanwhile
	while
		REDIS_PORT=$(free_port)
		! redis_run "$@"
	do
		redis_tries=$((redis_tries - 1))
		[ "$redis_tries" -gt 0 ] || { echo "Bail out! no redis"; exit 1; }
	done
	TQ_BROKER=redis://127.0.0.1:$REDIS_PORT/0
	export TQ_BROKER
}

redis_stop()
{
	kill -TERM "$REDIS_PID"
	wait_gone "$REDIS_PID"
}

redis_kill()
{
	kill -KILL "$REDIS_PID"
	wait "$REDIS_PID" 2>/dev/null
}

redis_again()
{
	redis_run "$@"
}

here()
{
	TQ_BROKER='' "$@"
}

one()
{
	name=$1 want=$2 words=$3
	shift 3
	check "$name" "$want" '' "$words" "$@"
	[ "$(printf %s "$err" | wc -l)" -le 1 ]
	report $? "$name: one line" "$err"
}

celery_app()
{
	cat >"$T/proj.py" <<'PY'
import os, sys, time
from celery import Celery, group, chain, chord
app = Celery('proj', broker=os.environ['TQ_BROKER'],
    backend=os.environ.get('TQ_RESULTS', os.environ['TQ_BROKER']))
app.conf.update(worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
	'visibility_timeout': int(os.environ.get('VISIBILITY', '3600'))})

@app.task(name='proj.add')
def add(x, y):
    return x + y

@app.task(name='proj.tsum')
def tsum(numbers):
    return sum(numbers)

@app.task(name='proj.boom')
def boom(text='no good'):
    raise ValueError(text)

@app.task(name='proj.nap')
def nap(seconds):
    time.sleep(seconds)
    return seconds

@app.task(name='proj.note')
def note(*args, **kwargs):
    with open(os.environ['NOTES'], 'a') as f:
        f.write('py %s %s\n' % (args, sorted(kwargs.items())))
    return list(args)

@app.task(name='proj.flaky', bind=True, max_retries=5)
def flaky(self, n):
    if self.request.retries < n:
        raise self.retry(countdown=0)
    return self.request.retries
PY
	NOTES=$T/notes
	: >"$NOTES"
	PYTHONPATH=$T
	PYTHONDONTWRITEBYTECODE=1
	export NOTES PYTHONPATH PYTHONDONTWRITEBYTECODE
}

celery_handlers()
{
	mkdir -p "$1"
	script "$1/proj.add" 'echo $(($1 + $2))'
	# [1,2,3] -> 6
	script "$1/proj.tsum" \
	    'echo $(($(echo "$1" | tr -d "[] " | tr , +)))'
}

note_runs()
{
	: >ran
	sed -i "2i\\
echo \"\$TQ_ID\" >>'$T/ran'" "$1"/*
}

celery_worker()
{
	/usr/bin/python3 -m celery -A proj worker -l INFO --pool solo \
	    -n "py@test" --without-mingle "$@" >>"$T/celery.log" 2>&1 &
	CELERY_PID=$!
	pids="$pids $CELERY_PID"
	wait_long grep -q 'ready\.$' "$T/celery.log"
}

# as wait_for, but Python may take its time
wait_long()
{
	long=4
	until wait_for "$@"; do
		long=$((long - 1))
		[ "$long" -gt 0 ] || return 1
	done
}

# Each lives a little longer than the one before: on a machine where a second is
# short they come to an end, too.
mortal()
{
	trap 'kill -KILL $mortal; exit' TERM
	lives=0
	while [ ! -e "$T/stop" ]; do
		tqrun "$@" 2>>"$T/w.err" &
		mortal=$!
		perl -e 'select undef, undef, undef,
		    0.3 + rand(0.8) + $ARGV[0] / 50' $lives
		kill -KILL $mortal
		wait $mortal 2>/dev/null
		echo x >>"$T/kills"
		lives=$((lives + 1))
	done
}

mortals()
{
	: >"$T/kills"
	mortal "$@" &
	mortals=$!
	mortal "$@" &
	mortals="$mortals $!"
	pids="$pids $mortals"
}

mortals_end()
{
	: >"$T/stop"
	# shellcheck disable=SC2086
	wait $mortals
}

py()
{
	{
		echo 'from proj import *'
		cat
	} >"$T/.prog.py"
	/usr/bin/python3 "$T/.prog.py"
}

need

#!/bin/sh
# examples/celery does what it says: a Python program, a handler, cron lines.

top=$PWD
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
cp -R "$top/examples/celery" site
chmod 755 site site/handlers site/handlers/*
cd site || exit 1
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

bg tqrun -q documents handlers
check 'a program calls a shell script' 0 'invoice-4711.txt 21' '' \
    /usr/bin/python3 shop.py 4711 Ann
is 'which did its work' "$(cat invoice-4711.txt)" "Invoice 4711${NL}for Ann"
check 'and raises what the script names' 1 '' \
    "shop.py: order 'x' is not a number" /usr/bin/python3 shop.py x Ann

# The command of each cron line, as cron runs it.
sed -n 's/^[0-9].*	//p' crontab | sed 's/\\%/%/g' >lines
is 'there are two cron lines' "$(wc -l <lines | tr -d ' ')" 2
/usr/bin/python3 -m celery -A shop worker -l INFO --pool solo -n py@test \
    --without-mingle >celery.log 2>&1 &
pids="$pids $!"
# midnight may come while this runs
mkdir bin
printf '#!/bin/sh\necho 2026-11-25\n' >bin/date
chmod 755 bin/date
PATH=$PWD/bin:$PATH
while read -r line; do
	sh -c "$line" || echo "status $?: $line"
	sh -c "$line" || echo "status $?: $line"
done <lines >failed 2>said
is 'cron lines work, but one is once a day' "$(cat failed)" \
    'status 1: tqput -Q --id "close-$(date +%F)" -N shop.close_day "$(date +%F)"'
like 'and says so' "$(cat said)" 'tqput: close-2026-11-25: the id is known already'
check 'the Python task ran' 0 'closed 2026-11-25' '' \
    tqresult -w -t 60 close-2026-11-25
is 'once' "$(grep -c 'close_day.*succeeded' celery.log)" 1

#!/bin/sh
# Celery judges what lib/message/celery* writes, and writes what it reads: a
# table of cases, each a line of TAP (codec.py, with codec.c as the C side).

if ! /usr/bin/python3 -c 'import celery' 2>/dev/null; then
	echo 1..1
	echo 'ok 1 - Celery # SKIP not here'
	exit 0
fi
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
exec /usr/bin/python3 "${0%/*}/codec.py" "$B/tests/peer/codec"

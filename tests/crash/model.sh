#!/bin/sh
# The model of states (tests/model) against a spool, in every state and event of
# every scene: a few minutes, or with less time so many steps of each.  Only in
# `make crash`: in `make check` tests/unit does the beginning of each scene.

. "${0%/*}/../lib/tap.sh"

# segments come and go by the thousand: not on a disk that is slow to sync
[ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
TQ_MODEL=0
[ "${TQ_CRASH_SECONDS:-600}" -ge 600 ] ||
    TQ_MODEL=$((TQ_CRASH_SECONDS * 1000))
export TQ_MODEL
cd "$OLDPWD" || exit
check 'the spool goes where the model goes, in every state' 0 '*' '*' \
    "$B/tests/unit/test_model"

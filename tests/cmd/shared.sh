#!/bin/sh
# A spool that a group shares: who runs whose tasks, and how.
. "${0%/*}/../lib/tap.sh"

if [ "$(id -u)" -ne 0 ]; then
	skip "a shared spool" "root alone can be two users"
	exit 0
fi

# as uid words...: as a member of the group of the spool, and of no other
as()
{
	uid=$1
	shift
	setpriv --reuid "$uid" --regid 60000 --clear-groups "$@"
}

for_others
chmod 777 "$T"
mkdir -m 777 theirs work
cd theirs || exit 1
as 60001 tqctl init -m 2770 "$TQ_DIR"
say='pwd; umask; echo "$HOME ${LANG-no} ${LD_X-no} ${E-no}"'

as 60001 env HOME=/own LANG=POSIX \
    tqput -Q --id own -e E=e -e LD_X=x sh -c "$say"
as 60002 env HOME=/other tqput -Q --id other -e E=e -e LD_X=x sh -c "$say"
as 60002 tqput -Q --id shell -c 'echo "$1"' 'two words'
echo body | as 60002 tqput -Q --id body -i cat
(cd "$T/work" && as 60001 env HOME=/worker LANG=C tqrun -E)
check "the worker's own task runs as it was put" 0 \
    "$T/theirs${NL}0022${NL}/own POSIX x e" "" as 60002 tqresult own
check "another user's in the place of the worker" 0 \
    "$T/work${NL}0077${NL}/worker C no e" "" as 60002 tqresult other
check "another user's string of -c" 0 "two words" "" as 60002 tqresult shell
check "another user's body" 0 body "" as 60002 tqresult body
as 60002 tqput -Q --id forroot id -u
check "root does not run what the group puts" 77 "" \
    "tqrun: $TQ_DIR: root would run *--allow-commands" tqrun -E
check "but what it has a handler for" 1 "" "" tqrun -X -E
is "so nothing of theirs was run" "$(state forroot)" failure
tqctl retry forroot
check "or everything, if it says so" 0 "" "" tqrun --allow-commands -E
check "as itself" 0 0 "" as 60002 tqresult forroot
check "who is not of the group is refused" 77 "" "*Permission denied" \
    setpriv --reuid 60003 --regid 60003 --clear-groups tqput true

mkdir -m 755 "$T/poor"
check "who may not make a spool is told where" 77 "" \
    "tqput: $T/poor/.local: Permission denied" \
    as 60001 env -u TQ_DIR -u XDG_STATE_HOME HOME="$T/poor" tqput true
check "or that there is no such place" 66 "" \
    "tqput: /proc/nowhere: No such file or directory" \
    as 60001 env TQ_DIR=/proc/nowhere/spool tqput true

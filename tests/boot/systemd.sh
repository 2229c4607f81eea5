#!/bin/sh
# Boot a machine with systemd and run the units in it: guest has the tests, vm
# makes the machine.

tmp=$(mktemp -d "${TMPDIR:-/tmp}/tqboot.XXXXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
tests/boot/vm "$tmp" tests/boot/guest tests/boot/guest_clock \
    "$B/tests/unit/test_cgroup"
case $? in
0)	;;
77)	echo '1..1'
	# where it can be installed, that is a fault of the set-up
	if [ "$CI" = true ] && [ "$(uname -m)" = x86_64 ]; then
		echo 'not ok 1 - a machine with systemd'
	else
		echo 'ok 1 - a machine with systemd # SKIP cannot be made here'
	fi
	;;
*)	echo '1..1'
	echo 'not ok 1 - a machine with systemd'
	;;
esac

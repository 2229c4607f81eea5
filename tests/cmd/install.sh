#!/bin/sh
# `make install` puts everything where it is told and nothing elsewhere,
# `make uninstall` takes it away again, and commands need libc alone.

set -u
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
root="$tmp/its root"
n=0

# ok STATUS NAME: one line of TAP
ok()
{
	n=$((n + 1))
	[ "$1" -eq 0 ] || printf 'not '
	echo "ok $n - $2"
}

# this build for the place, as `make PREFIX=/opt/tq` would leave it
mkdir "$tmp/b"
ln -s "$B"/* "$tmp/b"
rm "$tmp/b/moduledir"
echo /opt/tq/lib/tq >"$tmp/b/moduledir"

# installing B TARGET
installing()
{
	make B="$1" SAN="$SAN" CC="$CC" DESTDIR="$root" PREFIX=/opt/tq "$2" \
	    >"$tmp/log" 2>&1
}

installing "$B" install
status=$?
[ $status -ne 0 ] && [ ! -e "$root" ] &&
    grep -q "first make PREFIX=/opt/tq" "$tmp/log"
ok $? "what was built for another place is not installed"

installing "$tmp/b" install
status=$?
sed 's/^/# /' "$tmp/log"
ok $status "install exits 0"

(cd "$root" && find . -type f -o -type l) | sort >"$tmp/have"
{
	for f in bin/*.c; do
		[ -e "$f" ] && echo "./opt/tq/bin/$(basename "$f" .c)"
		echo "./opt/tq/share/bash-completion/completions/$(basename \
		    "$f" .c)"
	done
	echo ./opt/tq/share/zsh/site-functions/_tq
	for f in include/tq/*.h; do
		echo "./opt/tq/$f"
	done
	for f in man/*.[1-9]; do
		[ -e "$f" ] && echo "./opt/tq/share/man/man${f##*.}/${f##*/}"
	done
	twin=
	[ -n "$SAN" ] || twin=tq/tqput
	mods=
	[ ! -f "$B/modules/redis.so" ] ||
	    mods='tq/redis.so tq/rediss.so tq/redis+socket.so tq/unpack.so'
	[ ! -f "$B/modules/tls.so" ] || mods="$mods tq/tls.so"
	for f in libtq.a libtq.so libtq.so.0 pkgconfig/tq.pc $twin $mods; do
		echo "./opt/tq/lib/$f"
	done
	for f in examples/systemd/*@.*; do
		echo "./opt/tq/lib/systemd/system/${f##*/}"
		echo "./opt/tq/lib/systemd/user/${f##*/}"
	done
	echo ./opt/tq/lib/systemd/system/tq-spool.service
	echo ./opt/tq/lib/sysusers.d/tq.conf
	find examples -type f ! -name quickstart ! -name '*.pyc' |
	    sed 's|^|./opt/tq/share/doc/tq/|'
} | sort >"$tmp/want"
diff "$tmp/want" "$tmp/have" | sed 's/^/# /' >"$tmp/diff"
cat "$tmp/diff"
[ ! -s "$tmp/diff" ]
ok $? "all and only the files of the product are there"

units=$root/opt/tq/lib/systemd
! grep -h '^ExecStart' "$units"/*/* | grep -v '=/opt/tq/bin/'
ok $? "units start what was installed"
! grep -rn '/usr/local/' "$root/opt/tq/share"
ok $? "examples and pages name what was installed"

if command -v bash >/dev/null; then
	found=$(PATH=$root/opt/tq/bin:$PATH bash \
	    "$root/opt/tq/share/bash-completion/completions/tqctl" 'tqctl tran')
	[ "$found" = transfer ]
	ok $? "bash completes what was installed"
else
	n=$((n + 1))
	echo "ok $n # SKIP no bash"
fi

pc=$root/opt/tq/lib/pkgconfig
[ "$(PKG_CONFIG_PATH=$pc pkg-config --modversion tq)" = "$VERSION" ]
ok $? "tq.pc tells the version of the headers"
[ "$(PKG_CONFIG_PATH=$pc pkg-config --variable=libdir tq)" = /opt/tq/lib ]
ok $? "tq.pc tells the place it was installed for"
[ "$(PKG_CONFIG_PATH=$pc pkg-config --define-variable=prefix=/moved \
    --variable=libdir tq)" = /moved/lib ]
ok $? "and another one it was moved to"

objdump -p "$root/opt/tq/lib/libtq.so" | grep -q 'SONAME *libtq\.so\.0$'
ok $? "the soname is libtq.so.0"

if [ -n "$SAN" ]; then
	n=$((n + 1))
	echo "ok $n # SKIP sanitized commands need more than libc"
else
	bad=$(for f in "$root"/opt/tq/bin/*; do
		objdump -p "$f" | awk '/NEEDED/ && $2 != "libc.so.6"'
	done)
	[ -z "$bad" ] || echo "# $bad"
	[ -z "$bad" ]
	ok $? "commands need libc alone"
fi

installing "$tmp/b" uninstall
ok $? "uninstall exits 0"
left=$(find "$root/opt" -type f -o -type l)
[ -z "$left" ] || echo "# $left"
[ -z "$left" ]
ok $? "uninstall leaves no file behind"

echo "1..$n"

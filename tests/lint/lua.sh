#!/bin/sh
# The scripts that run inside servers: each file is Lua by itself, is part of
# the module, and goes there as lua.awk can take it.  Who judges is luac of Lua
# 5.1 or the server itself, which has the Lua that will run them.

. "${0%/*}/../lib/lint.sh"
server=
trap '[ -z "$server" ] || kill "$server"; finish' EXIT

# A server that only listens to us; its tries are bounded, not timed.
start()
{
	redis-server --port 0 --unixsocket "$tmp/sock" --dir "$tmp" --save '' \
	    >"$tmp/log" 2>&1 &
	server=$!
	tries=200
	until redis-cli -s "$tmp/sock" ping >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] && kill -0 "$server" 2>/dev/null || return 1
		perl -e 'select undef, undef, undef, 0.05'
	done
}

by_luac()
{
	luac5.1 -p "$1"
}

by_server()
{
	got=$(redis-cli -s "$tmp/sock" -x SCRIPT LOAD <"$1")
	case $got in
	*[!0-9a-f]*|'')	echo "$1: $got"; return 1 ;;
	esac
}

if command -v luac5.1 >/dev/null; then
	judge=by_luac
elif command -v redis-server >/dev/null && start; then
	judge=by_server
else
	judge=
fi

for f in lib/backend/*/*.lua; do
	[ -z "$judge" ] || "$judge" "$f"
done >"$tmp/found" 2>&1
[ -n "$judge" ] || echo "no luac5.1 and no redis-server" >"$tmp/found"
if [ -n "$judge" ] || [ "${CI:-}" = true ]; then
	none "each script is Lua"
else
	skip "each script is Lua" "$(cat "$tmp/found")"
fi

for f in lib/backend/*/*.lua; do
	grep -q "^#include \"${f#lib/}.h\"$" "${f%/*}/script.c" ||
	    echo "$f: not in script.c"
	awk -f lib/backend/redis/lua.awk "$f" 2>&1 >/dev/null
done >"$tmp/found"
none "each is part of its module"

# The eyes themselves.
printf '%s\n' 'local a = 1' 'if a then' >"$tmp/bad.lua"
refused()
{
	! "$judge" "$1" >/dev/null 2>&1
}
[ -z "$judge" ] || ok "what is no Lua is found" refused "$tmp/bad.lua"
cat >"$tmp/good.lua" <<'EOF'
-- what it is

local a = "\n"  .. '\\'
	  return a
EOF
ok "a script becomes a string without what only people read" \
    [ "$(awk -f lib/backend/redis/lua.awk "$tmp/good.lua")" = \
    '"local a = \"\\n\"  .. '"'\\\\\\\\'"'\n"
"return a\n"' ]

cat >"$tmp/bad.lua" <<'EOF'
local a = 1 -- why
--[[ more
   of it ]]
local b = [==[text
  of lines]==]
local c = 'text \
of lines'
local d = a[1]
EOF
ok "lines that would lose their meaning are refused" \
    [ "$(awk -f lib/backend/redis/lua.awk "$tmp/bad.lua" 2>&1 >/dev/null |
    sed 's/^.*lua:\([0-9]*\):.*/\1/' | tr '\n' ' ')" = '1 2 4 6 ' ]

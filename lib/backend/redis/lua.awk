# A Lua script, or a part of one, as a C string.  Each byte of it goes over the
# wire, with every tqput, and is parsed by the server: so comments, empty lines
# and indentation stay here.  Lines are all that this knows of Lua: a comment
# has lines of its own, and nothing else goes over several.

{ sub(/^[ \t]+/, "") }
/\[=*\[/ || /\\$/ || /^[^-].*--/ {
	print FILENAME ":" FNR ": a comment behind code, or a text of several" \
	    " lines" >"/dev/stderr"
	bad = 1
}
/^$/ || /^--/ { next }
{
	gsub(/[\\"]/, "\\\\&")
	print "\"" $0 "\\n\""
}
END { exit bad }

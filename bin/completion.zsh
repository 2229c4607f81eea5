#compdef tqput tqget tqrun tqresult tqstat tqctl tqbeat
# Completion of tq's commands for zsh(1): what bash's knows, where bash is.
local -a found
found=(${(f)"$(bash /usr/local/share/bash-completion/completions/tqput \
    "${(j: :)words[1,CURRENT-1]} $PREFIX" 2>/dev/null)"})
if (( $#found )); then
	compadd -Q -- $found
else
	_files
fi

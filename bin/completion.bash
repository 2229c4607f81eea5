# Completion of tq's commands for bash(1); `make install` puts it where
# bash-completion looks, by the name of each command.
#
# What can be typed is read from --help, which a test compares with the options
# that the commands take, so nothing here has to follow them.  What --help calls
# queue, id or worker is asked of the broker; of what is not known here bash
# completes the names of files.
#
#	bash completion.bash line
#
# prints what the last word of the line may be; so other shells have it, too.

# Ask; a broker that is away does not hold the line.
_tq_ask()
{
	timeout 2 "$@" ${broker:+-b "$broker"} 2>/dev/null </dev/null
}

# Candidates, a line each, for what --help calls $1; flag takes it.
_tq_known()
{
	case $1 in
	queue*)	_tq_ask tqstat -O -o queue ;;
	id*)	_tq_ask tqstat -s all -n 1000 -o id ;;
	worker)	_tq_ask tqstat -W -o worker ;;
	cols|col) _tq_ask tqstat -s all -n 1 -v | cut -f 1 ;;
	state*)	printf '%s\n' all held delayed blocked ready started retry \
		    success failure revoked expired ;;
	name=value) [[ $verb = set ]] && _tq_ask tqctl get | sed 's/\t.*/=/' ;;
	name)	[[ $flag != -N && $flag != --name ]] || (IFS=:
		    ls $TQ_HANDLERS 2>/dev/null | grep -v '[:.]') ;;
	# -K skip|replace|follow
	policy|end) tr -d ' \n' <<<"$help" | tr '[' '\n' |
		    sed -n "s/^$flag\([a-z|]*\)\].*/\1/p" | tr '|' '\n' ;;
	verb)	sed -n '/^verbs:/,$s/^  \([a-z]*\).*/\1/p' <<<"$help" ;;
	command) compgen -c -- "$cur" ;;
	option)	sed -n 's/^ *\(-., \)*\(--[a-z-]*\).*/\2/p' <<<"$help" ;;
	esac
}

# takes[-q]=queue, from --help; '' of options that take nothing
_tq_options()
{
	local line re='^ +((-.), )?(--[a-z-]+)(  | ([^ ]+))'

	while IFS= read -r line; do
		[[ $line =~ $re ]] || continue
		takes[${BASH_REMATCH[2]:--}]=${BASH_REMATCH[5]}
		takes[${BASH_REMATCH[3]}]=${BASH_REMATCH[5]}
	done <<<"$help"
}

# Sets what: the name of what cur, the last of words, is.
_tq_walk()
{
	local word value operands=() i=1 n=$((${#words[@]} - 1))

	while ((i < n)) && [[ -z ${operands[*]} ]]; do
		word=${words[i++]} flag= value=
		case $word in
		--)	operands=("${words[@]:i}") ;;
		--*=*)	flag=${word%%=*} value=${word#*=} ;;
		--*)	flag=$word ;;
		-?*)	# letters, up to one that takes what follows
			while word=${word:1} && [[ -n $word ]]; do
				flag=-${word:0:1} value=${word:1}
				[[ -z ${takes[$flag]} ]] || break
			done ;;
		*)	if [[ $command = tqctl && -z $verb ]]; then
				verb=$word	# and options again
			else
				operands=("${words[@]:i - 1}")
			fi ;;
		esac
		[[ -n $flag && -n ${takes[$flag]} ]] || continue
		if [[ -z $value ]] && ((i == n)); then
			what=${takes[$flag]}
			return
		fi
		: "${value:=${words[i++]}}"
		[[ $flag != -b && $flag != --broker ]] || broker=$value
	done
	n=$((${#operands[@]} > 0 ? ${#operands[@]} - 1 : 0))
	case $command,$cur in
	*,--*=*) ((n > 0)) || {
			flag=${cur%%=*} before=${cur%%=*}= cur=${cur#*=}
			what=${takes[$flag]}
		} ;;
	*,-*)	((n > 0)) || what=option ;;
	tqctl,*) if [[ -z $verb ]]; then
			what=verb
		elif [[ $verb != *[!a-z]* ]]; then	# sed reads it
			# its operands, as "move queue [id ...]"
			set -- $(sed -n "s/^  $verb  *\(.*[^ ]\)   .*/\1/p" \
			    <<<"$help" | tr -d '[].')
			what=$1
			[[ $verb != set || $n -ne 0 ]] || what="queue $2"
			while ((n-- > 0)) && [[ -n $2 ]]; do
				what=$2
				shift
			done
		fi ;;
	tqresult,*|tqstat,*) what=id ;;
	tqput,*|tqget,*) ((n > 0)) || what=command ;;
	esac
}

_tq()
{
	local command=${1##*/} cur words help flag what word verb broker
	local before last
	local -A takes=()

	COMPREPLY=()
	help=$("$1" --help 2>/dev/null) || return
	_tq_options
	# by blanks: bash would part words at = and :, too
	read -ra words <<<"${COMP_LINE:0:COMP_POINT}x"
	words[-1]=${words[-1]%x}
	cur=${words[-1]}
	_tq_walk
	# of a list the last is completed
	case $what in
	*,*|cols|state*) [[ $cur != *,* ]] || before+=${cur%,*}, ;;
	esac
	# and bash replaces what it took for a word, which begins after a = or :
	last=${COMP_WORDS[COMP_CWORD]}
	[[ $last != [=:] ]] || last=
	last=${words[-1]%"$last"}
	while IFS= read -r word; do
		word=$before$word
		[[ $word != "${words[-1]}"* ]] || {
			word=$(printf %q "$word")
			COMPREPLY+=("${word#"$last"}")
		}
	done < <(for word in $what; do _tq_known "$word"; done)
	# a setting goes on behind its =
	[[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

if [[ $0 = "${BASH_SOURCE[0]}" ]]; then
	COMP_LINE=$1 COMP_POINT=${#1} COMP_CWORD=0
	COMP_WORDS=("${1##* }")
	_tq "${1%% *}"
	printf '%s\n' "${COMPREPLY[@]}"
else
	complete -o bashdefault -o default -F _tq \
	    tqput tqget tqrun tqresult tqstat tqctl tqbeat
fi

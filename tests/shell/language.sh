# What the shell itself knows: expansions, loops, functions, globs, traps.
mkdir globs; cd globs; for name in a.c b.c c.h .hidden 'two words' x1 x2 x3; do : > "$name"; done
echo *.c; echo [ab].*; echo x[!2]; echo ?.h; echo .h*; echo nothing*
for file in *; do printf '<%s>' "$file"; done; echo
cd ..; rm -r globs; ls
v=archive.tar.gz; echo "${v%.gz} ${v%%.*} ${v#*.} ${v##*.} ${#v}"
echo "${none:-default} ${none:=set} $none ${v:+there}"
a=5; echo $((a * a - 1)) $((a << 3)) $((a > 3 ? 10 : 20)) $((0x1f & 6))
fact() { if [ "$1" -le 1 ]; then echo 1; else
	echo $(($1 * $(fact $(($1 - 1))))); fi; }
fact 10
i=0; while [ $i -lt 5 ]; do i=$((i + 1)); [ $i = 3 ] && continue
	printf '%d ' $i; done; echo
until [ $i -eq 0 ]; do i=$((i - 1)); done; echo $i
case $v in *.zip) echo zip;; *.tar.*) echo tarball;; esac
set -- one 'two three' four; echo $# "$2"; shift; echo "$*"
IFS=:; set -- a:b:c; for part in $1; do echo "part $part"; done; unset IFS
trap 'echo exit trap' EXIT
trap 'echo got USR1' USR1
kill -USR1 $$
sh -c 'trap "echo inner; exit 4" TERM; kill -TERM $$; echo never'
echo "inner status $?"
sh -c 'kill -KILL $$' 2>/dev/null; echo "killed $?"
(trap - EXIT; echo subshell)
read -r line <<END
back\slash kept
END
echo "$line"
echo "$(printf 'a\nb\n\n\n')|"
eval 'echo eval $v'
set -e; false || echo "guarded"; set +e
printf '%05d|%-6s|%x|%o|%c|%b\n' 42 left 255 8 char 'tab\there'
test -d /proc && [ -c /dev/null ] && [ ! -e /nonexistent ] && echo tests
command -v cd; type true | grep -c true
alias greet='echo hi'; unalias greet
echo "$(cd /; pwd)"
getopts ab: opt -b value; echo "$opt $OPTARG"

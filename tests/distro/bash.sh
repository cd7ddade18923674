# What bash has and a smaller shell has not.
set -o pipefail
fruits=(apple banana cherry); fruits+=(date)
echo "${#fruits[@]} ${fruits[1]} ${fruits[@]:1:2} ${!fruits[*]}"
declare -A price=([apple]=3 [banana]=5); price[cherry]=$((price[apple] * 4))
for name in "${!price[@]}"; do echo "$name ${price[$name]}"; done | sort
function fact { local n=$1; ((n < 2)) && echo 1 || echo $((n * $(fact $((n - 1))))); }
fact 12
while read -r a b; do echo "$b-$a"; done < <(printf '1 one\n2 two\n')
paste <(printf "a\nb\n") <(printf "c\nd\n")
tee >(cat >&2) < /dev/null; wait
mapfile -t lines < <(seq 3); echo "${lines[*]}"
[[ abc123 =~ ^([a-z]+)([0-9]+)$ ]] && echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
v=HelloWorld; echo "${v,,} ${v^^} ${v/World/Calf} ${v:5:3}"
printf -v padded '%05d' 42; echo "$padded"
for ((i = 0; i < 3; i++)); do printf '%d ' $((i ** 3)); done; echo
trap 'echo "USR1 in $FUNCNAME$1"' USR1; kill -USR1 $$
trap 'echo "ERR $?"' ERR; false; trap - ERR
(exit 3) | true; echo "${PIPESTATUS[*]}"
false | true; echo "pipefail $?"
{ sleep 0.2; echo first; } & { sleep 0.5; echo second; } & wait -n; wait; echo all
coproc cat; echo through the coprocess >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"
echo "$line"; kill "$COPROC_PID"; wait 2> /dev/null
select_one() { case $1 in a|b) ;;& a*) echo begins with a;; esac; }; select_one a
cat <<< "here string"; echo {1..5} {a..c}{x,y}; echo $'tab\there'
exec {fd}> /tmp/bash-file; echo written >&$fd; exec {fd}>&-; cat /tmp/bash-file
ulimit -S -n 64; ulimit -n; umask 027; umask; echo $((16#ff)) $((2#1010))
read -r -t 1 line < /dev/null || echo "no line"; rm /tmp/bash-file
times > /dev/null && echo times; exit 7

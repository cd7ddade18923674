# Background jobs, wait, signals between processes, subshells.
(sleep 0.2; echo late) & 
echo early
wait; echo "all waited"
(exit 3) & wait $!; echo "status $?"
exec 3>&2 2>/dev/null
sleep 100 & pid=$!; kill $pid; wait $pid; echo "terminated $?"
exec 2>&3 3>&-
for n in 1 2 3 4 5; do (exit $n) & eval p$n=$!; done
for n in 5 4 3 2 1; do eval wait \$p$n; printf '%d ' $?; done; echo
x=1; (x=2; echo "inside $x"); echo "outside $x"
seq 1 20 | while read n; do [ $((n % 5)) = 0 ] && echo "n $n"; done
i=0; while [ $i -lt 30 ]; do (echo $i > file$i) & i=$((i + 1)); done; wait
cat file* | sort -n | tr '\n' ' '; echo
trap 'echo child is done' USR1
(sleep 0.1; kill -USR1 $$) & wait; wait; echo "after the trap"
exec 2>/dev/null; nohup true 2>/dev/null; timeout 0.2 sleep 5; echo "timeout $?"

# A database saves itself: the child has the pages of the moment of the fork,
# and the parent writes; both are stopped in the middle of it.
echo 'snapshot 1200 50: a child saves 1200 pages, its parent writes half of them.'
snapshot 1200 50 &
parent=$!
copied=0
until [ "${copied:-0}" -ge 200 ]; do
	usleep 1
	copied=$(awk '/cow_copy/ { print $2 }' /proc/$parent/faults)
done
kill -STOP $(pidof snapshot)
copied=$(awk '/cow_copy/ { print $2 }' /proc/$parent/faults)
echo "Stopped after $copied of 600 copies. The save, so far:"
for pid in $(pidof snapshot); do
	echo
	echo "process $pid:"
	grep -E '^(Rss|Pss|Shared_Dirty|Private_Dirty)' /proc/$pid/smaps_rollup
done

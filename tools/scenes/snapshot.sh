# A database saves itself: the child has the pages of the moment of the fork,
# and the parent writes; both are stopped in the middle of it.

# The pages that process $1 has copied so far; without a further process.
count_copies() {
	while read -r kind count; do
		[ "$kind" = cow_copy ] && copied=$count
	done < /proc/$1/faults
}

echo 'snapshot 1200 50: a child saves 1200 pages, its parent writes half of them.'
snapshot 1200 50 &
copied=0
until [ "$copied" -ge 200 ]; do
	count_copies $!
done
kill -STOP $!
kill -STOP $(pidof snapshot)    # the child too
count_copies $!
echo "Stopped after $copied copies. The save, so far:"
for pid in $(pidof snapshot); do
	echo
	echo "process $pid:"
	grep -E '^(Rss|Pss|Shared_Dirty|Private_Dirty)' /proc/$pid/smaps_rollup
done

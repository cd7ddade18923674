# A hog has taken nearly all memory; stopped just before it wants too much.
oom 1 &
free=$(awk '/MemFree/ { print $2 }' /proc/meminfo)
until [ "$free" -lt 3500 ]; do
	usleep 1
	free=$(awk '/MemFree/ { print $2 }' /proc/meminfo)
done
kill -STOP $(pidof hog)
echo "The hog is stopped. Free: $(awk '/MemFree/ { print $2 }' /proc/meminfo) KiB"

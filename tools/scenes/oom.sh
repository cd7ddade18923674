# Memory runs out, and the kernel says who dies and why.
oom 1

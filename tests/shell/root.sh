# Needs root: other users, another root directory, mounts, device nodes.
mkdir box; touch box/file; chown 1000:2000 box/file; stat -c '%u:%g' box/file
chgrp 5 box/file; stat -c %g box/file; mknod box/null c 1 3; echo gone > box/null
stat -c '%F %t,%T' box/null
mkdir box/bin; cp "$(which busybox)" box/bin/busybox
chroot box /bin/busybox sh -c 'cd /; echo *; /bin/busybox pwd; cd ..; /bin/busybox pwd'
setpriv --help 2>&1 | head -n 1 | cut -c1-7
adjtimex > /dev/null && echo adjtimex
mkdir m; mount -t tmpfs none m; echo in memory > m/file; cat m/file
(cd m; umount ../m 2> /dev/null || echo busy); umount m; ls m; mount -t tmpfs none m; cd m
umount -l ../m && ls -a | wc -l; cd ..; rmdir m && echo unmounted
groups | cut -d ' ' -f 1; whoami; hostid | grep -c '^[0-9a-f]\{8\}$'
logname 2> /dev/null || echo 'nobody has logged in'; nsenter true && echo nsenter

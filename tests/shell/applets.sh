# The applets that no other script uses; what differs by machine is only run.
exec < /dev/null 2> /dev/null
ok() { "$@" > /dev/null 2>&1 && echo "$1 ok" || echo "$1 failed"; }
[[ 1 = 1 ]] && echo 'double brackets'
printf 'one\ntwo\nthree\n' > t; mkdir d; cp t d/t2
{ printf '!<arch>\n%-16s%-12s%-6s%-6s%-8s%-10s`\n' t/ 0 0 0 644 14; cat t; } > a.a
ar -t a.a; ar -p a.a | wc -l
ascii | wc -l; ash -c 'echo ash'; busybox echo through busybox
cal 2 2024; crc32 t; date -u -d @86400; echo '6 7 * p' | dc
bzip2 -k t; bzcat t.bz2; gzip -k t; zcat t.gz; rm t.gz t.bz2
xz -k t 2> /dev/null; printf 'packed' | lzop -c | lzop -dc; echo
uuencode t < t > t.uu; uudecode -o - t.uu; printf 'a\r\nb\r\n' | dos2unix | od -c
printf 'a\nb\n' | unix2dos | od -c
printf '2p\n$p\nq\n' | ed -s t 2> /dev/null || printf '2p\n$p\nq\n' | ed t
egrep 't(wo|hree)' t; fgrep -c o t; env -i A=1 env; printf 'a\tb\n' | expand
printf '        b\n' | unexpand | od -c; factor 360 65537; fallocate -l 5 f; wc -c < f
echo 'a long line to be folded' | fold -w 10; getopt -o ab: -- -a -b x y
hexdump -C t; xxd t | xxd -r; nl t; tac t; rev t; echo | mim 2> /dev/null; cut -d n -f 2 t
mktemp -u /tmp/abcXXXXXX | cut -c1-8; mkfifo fifo; (echo through > fifo) & cat fifo; wait
cp t new; echo two and a half >> new; diff -u t new | tail -n +3 > p; patch t < p; cat t
realpath d/../t | sed 's/.*\///'; readlink -f d/. | sed 's/.*\///'
mkdir parts; printf '#!/bin/sh\necho part\n' > parts/a; chmod 755 parts/a; run-parts parts; unshare true && echo unshare
printf 'z\nstring of text\001\n' | strings; shuf -i 1-5 | sort | tr '\n' ' '; echo
sha1sum t; sha3sum t; sha512sum t | cut -c1-20; md5sum t
shred -u f; ls f 2> /dev/null; touch -d '2001-02-03 04:05:06' f; date -u -r f +%Y
echo stamped | ts 2> /dev/null | cut -c17-; tty; stty 2> /dev/null || echo 'no terminal'
cttyhack true 2> /dev/null; unlink f; usleep 1000; ok sync
which ls > /dev/null && echo which; whoami > r
for program in arch nproc uptime free ps df id uname; do ok "$program" > r
	cat r | cut -d ' ' -f 1; done
du -s d | cut -f 2; ok mount; ok nologin; ok clear; ok reset; ok dmesg; ok killall -l
less t > r; cat r; more t > r; cat r; pidof no-such-program || echo 'none of that name'
ionice -c 2 -n 4 true && echo ionice; taskset 1 true && echo taskset
linux32 true && linux64 true && echo personalities; setsid true && echo session
sleep 100 & renice -n 3 -p $! > /dev/null; kill $!; wait 2> /dev/null
top -b -n 1 > r; grep -c 'Mem:' r; watch -n 1 -t true < /dev/null > /dev/null & sleep 0.2; kill $!
wait 2> /dev/null; time true 2> /dev/null; setpriv true && echo setpriv; timeout 5 true && echo timeout
start-stop-daemon -S -x /bin/true -- 2> /dev/null; sysctl -n kernel.ostype
printf 'ix\033:wq\n' | vi t > /dev/null 2>&1; head -n 1 t; sha256sum -c /dev/null 2> /dev/null
mt -f /dev/null 2> /dev/null; resume 2> /dev/null; rpm2cpio < t 2> /dev/null | wc -c
tar czf t.tgz t; uncompress -c t.tgz 2> /dev/null | tar tf - 2> /dev/null; nuke d; ls d 2> /dev/null
base64 -d > e.lzma <<END
XQAAgAD//////////wA4GEiZzVwiOnY3//zY4AA=
END
unlzma -c e.lzma | wc -c; lzcat e.lzma | wc -c; lzma -dc e.lzma | wc -c
base64 -d > e.xz <<END
/Td6WFoAAAFpIt42AgAhARYAAAB0L+WjAQAFcGFja2VkAAAAELT2IQABGgbF6sh5kEKZDQEAAAAAAVla
END
xzcat e.xz; unxz -c e.xz; xz -dc e.xz
base64 -d > e.zip <<END
UEsDBBQAAAAAAAAAIQCsADrHBwAAAAcAAAABAAAAZXppcHBlZApQSwECFAMUAAAAAAAAACEArAA6xwcAAAAHAAAAAQAAAAAAAAAAAAAAgAEAAAAAZVBLBQYAAAAAAQABAC8AAAAmAAAAAAA=
END
unzip -l e.zip | grep -c ' e$'; unzip -p e.zip

# Trees of files: find, xargs, tar, dd, cp, mv, ln, sort of 10 MiB.
mkdir -p tree/a/b/c tree/d
i=0; while [ $i -lt 40 ]; do echo "file $i" > tree/a/f$i; i=$((i + 1)); done
seq 1 50000 > tree/d/numbers; ln -s ../a/f1 tree/d/link; ln tree/a/f2 tree/hard
head -c 100000 /dev/zero | tr '\0' x > tree/a/b/c/xs
find tree -type f | sort | xargs md5sum | md5sum
find tree -name 'f1*' | sort | xargs -n 3 echo
find tree -type l -exec readlink {} \;
find tree -size +10k | sort
tar cf tree.tar tree; mkdir back; tar xf tree.tar -C back
(cd tree; find . -type f | sort | xargs md5sum) > sums1
(cd back/tree; find . -type f | sort | xargs md5sum) > sums2
cmp sums1 sums2 && echo "tar kept all"
tar czf tree.tgz tree; tar tzf tree.tgz | wc -l
gzip -c tree/d/numbers | gunzip | cmp - tree/d/numbers && echo "gzip kept all"
bzip2 -c tree/a/b/c/xs | bunzip2 | md5sum
cp -r tree copy; diff -r tree copy && echo "no difference"
dd if=tree/d/numbers of=part bs=1000 skip=10 count=20 2>/dev/null
md5sum < part; wc -c < part
dd if=/dev/zero of=sparse bs=1 count=1 seek=99999 2>/dev/null; wc -c < sparse
mv part moved; [ -e part ] || echo moved
chmod 640 moved; stat -c '%a %s %F' moved; stat -c %h tree/hard
truncate -s 5 moved; wc -c < moved
seq 1 150000 | awk '{ printf "%d %064d\n", ($1 * 7919) % 1000003, $1 }' > big
wc -c < big; sort -n big | md5sum; sort -rn big | head -n 3; sort -u big | wc -l
sed -n '5p;$p' tree/d/numbers; sed -i 's/file/FILE/' tree/a/f0; cat tree/a/f0
awk 'NR % 10000 == 0 { print NR, $1 * 2 }' tree/d/numbers
cut -c1-3 tree/d/numbers | uniq | wc -l; tail -c 20 tree/d/numbers | od -c
printf 'b 2\na 1\nc 3\n' | sort -k2n | tee sorted | paste -s -d,
cpio -o -H newc < /dev/null 2>/dev/null | wc -c
comm=$(basename /a/b/c.txt .txt); echo $comm $(dirname /a/b/c.txt)
sha256sum tree/d/numbers sparse
echo "hello" | xxd; echo "hello" | base64; echo aGVsbG8K | base64 -d
rm -rf tree copy back; ls | wc -l; rmdir nothing 2>/dev/null || echo refused
ls -l /dev/null | cut -c1-10; expr 6 \* 7; bc <<END
2^64
END

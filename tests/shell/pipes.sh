# Pipes of five stages, redirection, here-documents.
seq 1 2000 | grep 7 | sed 's/7/seven/g' | sort -r | head -n 5
seq 1 100 | awk '{ s += $1 } END { print s }'
yes calf | head -n 10000 | tr a-z A-Z | uniq -c | sed 's/^ *//'
printf '%s\n' one two three > words
cat < words | tee copy | wc -l
cmp words copy && echo same
name=world
cat <<END
hello $name, $(echo nested) and $((6 * 7))
END
cat <<'END' | tr -d '$'
plain $name
END
cat <<-END
	a tab is cut off
END
{ echo out; echo err >&2; } 2> errors | sed 's/^/> /'
cat errors
echo append >> words; tail -n 1 words
exec 3< words; read first <&3; read second <&3; exec 3<&-
echo "$first $second"
false | true; echo "status $?"
(exit 7) ; echo "status $?"
! true; echo "status $?"
head -c 300000 /dev/zero | wc -c
head -c 300000 /dev/zero | md5sum | cat | tee sum | md5sum
yes | head -n 3 > /dev/null; echo "broken pipe survived"

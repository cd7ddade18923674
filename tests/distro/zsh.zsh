# A third shell, with other habits.
setopt extended_glob
words=(one two three four); print -l ${(o)words} | head -n 2
print ${#words} ${words[2]} ${words[-1]} ${(j:+:)words} ${(U)words[1]}
typeset -A map; map=(a 1 b 2); print ${map[b]} ${(ok)map}
float x; (( x = 10.0 / 4 )); print $x
mkdir -p /tmp/zsh-box; cd /tmp/zsh-box; : > a.c; : > b.c; : > c.h
print *.c(N) ^*.c; print **/*(.on); cd /; rm -r /tmp/zsh-box
repeat 3 print -n 'x '; print
print =(print inner | tr a-z A-Z) > /dev/null; print $(( 2 ** 40 ))
function f { emulate -L zsh; print "args $# $argv[1]" }; f hello world
for a b in 1 2 3 4; do print $a-$b; done
{ print tried; false } always { print finally }
(sleep 0.1; print background) & wait; print done
TRAPUSR1() { print trapped }; kill -USR1 $$; exit 6

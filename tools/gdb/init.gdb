# Settings for debugging Calf. "make gdb" reads this file, and so can you:
#   gdb -nx build/kernel.elf -x tools/gdb/init.gdb
#
# Set breakpoints with hbreak: hardware breakpoints work in every address
# space and before the page that holds the code is there.

set pagination off
set confirm off
set print pretty on
set disassembly-flavor intel

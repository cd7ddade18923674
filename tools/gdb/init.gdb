# Settings for debugging Calf. "make gdb" reads this file, and so can you:
#   gdb -nx build/kernel.elf -x tools/gdb/init.gdb
#
# Set breakpoints with hbreak: hardware breakpoints work in every address
# space and before the page that holds the code is there.

set pagination off
set confirm off
set print pretty on
set disassembly-flavor intel

# The machine ends with GDB. To let it run on, say "detach" first.
define hook-quit
python
try:
    if gdb.selected_inferior().pid:
        gdb.execute("kill")
except gdb.error:
    pass        # QEMU was faster
end
end

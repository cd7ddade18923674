# Settings for debugging Calf, and its commands. "make gdb" reads this file,
# and so can you, in Calf's folder:
#   gdb -nx build/kernel.elf -x tools/gdb/init.gdb
#
# "help calf" lists the commands; they are in tools/gdb/calf/.
#
# Set breakpoints with hbreak: hardware breakpoints work in every address
# space and before the page that holds the code is there.

set pagination off
set confirm off
set print pretty on
set disassembly-flavor intel

python
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, "tools/gdb")
try:
    import calf
except ImportError as error:
    print(f"Calf's commands are not loaded ({error}): "
          "start GDB in Calf's folder")
end

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

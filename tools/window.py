#!/usr/bin/env python3
"""Run QEMU in this terminal, and keep telling the guest how large it is.

usage: tools/window.py QEMU OPTION...

The size at the start is an item of QEMU's fw_cfg (kernel/dev/fw_cfg.h). Each
later one is a line "ROWS COLUMNS" to a serial port of its own, which must be
the machine's second (kernel/dev/window.h). tools/run does the same.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import threading


class Window:
    """The terminal's size, on its way to one machine."""

    def __init__(self):
        self.host, self.guest = socket.socketpair()

    def guest_fd(self):
        """What QEMU must inherit."""
        return self.guest.fileno()

    def options(self):
        """For QEMU, behind those of the first serial port."""
        options = ["-chardev", f"socket,id=window,fd={self.guest_fd()}",
                   "-serial", "chardev:window"]
        size = terminal_size()
        if size:
            options += ["-fw_cfg", "name=opt/calf/window,"
                        f"string={size[0]}x{size[1]}"]
        return options

    def begin(self):
        """QEMU runs: answer it, and watch the terminal, until it is gone.

        => in the main thread, which alone can catch signals
        """
        self.guest.close()
        changed, change = os.pipe()
        os.set_blocking(change, False)
        # A byte in a pipe, so that no change falls between look and wait.
        signal.set_wakeup_fd(change, warn_on_full_buffer=False)
        signal.signal(signal.SIGWINCH, lambda number, frame: None)
        threading.Thread(target=self.follow, args=(changed,),
                         daemon=True).start()

    def follow(self, changed):
        try:
            while True:
                ready, _, _ = select.select([self.host, changed], [], [])
                if changed in ready:
                    os.read(changed, 4096)
                if self.host in ready and not self.host.recv(4096):
                    return
                size = terminal_size()
                if size:
                    self.host.sendall(b"%d %d\n" % size)
        except ConnectionError:
            pass


def terminal_size():
    """(rows, columns) of this process's terminal; None: nobody knows."""
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:
            columns, rows = os.get_terminal_size(terminal.fileno())
    except OSError:
        return None
    return (rows, columns) if rows and columns else None


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.split("\n\n")[1])
    window = Window()
    try:
        qemu = subprocess.Popen(sys.argv[1:] + window.options(),
                                pass_fds=[window.guest_fd()])
    except OSError as error:
        sys.exit(f"tools/window.py: {sys.argv[1]}: {error.strerror}")
    window.begin()
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # QEMU's to decide
    status = qemu.wait()
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()

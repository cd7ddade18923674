"""The benchmark's figures: names, targets, running and reading the programs.

Shared by tools/bench and tools/bench-linux.
"""

import json
import os
import re
import subprocess
import sys

TOOLS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(TOOLS)

PROGRAMS = ("calls", "faults", "switch", "fork")
HELPERS = ("tiny", "empty")
MEMORY = "768M"         # for a fork that copies 256 MiB

# What each figure should be at most, in guest instructions.
TARGETS = {
    "null_call": 150, "zero_fill": 1100, "zero_map": 450, "cow_copy": 1300,
    "cow_reuse": 450, "fork_per_page": 50, "fork_exit_wait_1M": 50000,
    "fork_exec_tiny": 80000, "mmap_munmap": 4000,
}
BOOT_TARGET_MS = 700    # from QEMU's start to the first user instruction

# Debian's Linux 6.1.192 as "make bench-linux" measures it, for those who do
# not have its image at hand. The same programs, the same QEMU.
LINUX = {
    "null_call": 325, "mmap_munmap": 9546, "mmap_write_munmap": 14871,
    "brk": 7880, "brk_write": 12967, "zero_fill": 2422, "zero_map": 1180,
    "zero_map_write": 2837, "cow_copy": 3032, "cow_reuse": 1301,
    "pipe_round_trip": 10019, "pipe_alone": 4607, "pipe_switch": 2706,
    "yield_switch": 1971, "fork_call_0": 41834, "fork_call_1M": 78260,
    "fork_call_16M": 593310, "fork_call_64M": 2243876,
    "fork_per_page": 134.4, "fork_call_256M": 8831693,
    "fork_exit_wait_0": 97906, "fork_exit_wait_1M": 202171,
    "fork_exit_wait_16M": 1662860, "fork_exit_wait_64M": 6314427,
    "fork_exit_wait_256M": 24892198, "fork_exec_tiny": 190954,
    "vfork_exec_tiny": 125057, "fork_exec_musl": 207387,
    "save_fork": 2279485, "save_total": 55525097,
}


class Failure(Exception):
    """Something that keeps the benchmark from being run."""


# ---- Running the programs --------------------------------------------------

def program(folder, name):
    """Where the benchmark program is; folder is what make builds into."""
    path = os.path.join(folder, "tests", "bench", name)
    if not os.path.exists(path):
        raise Failure(f"{path}: not there; make builds it")
    return path


def run_calf(kernel, folder, icount, arguments, timeout, only=None, qemu=None):
    """The output of the benchmark programs under Calf.

    All of them, or the one named only.
    """
    command = [os.path.join(TOOLS, "run"), "--quiet", "--kernel", kernel,
               "--mem", MEMORY, "--timeout", str(timeout)]
    command += ["--icount"] if icount else []
    for name in HELPERS + (() if only else PROGRAMS):
        command += ["--add", f"{program(folder, name)}:/bin/{name}"]
    command += ["--", program(folder, only or "all"), *arguments]
    command += [] if only else [f"/bin/{name}" for name in PROGRAMS]
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, encoding="ascii",
                          env=dict(os.environ, QEMU=qemu) if qemu else None)
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        raise Failure("the benchmark did not run to its end on Calf "
                      f"(status {done.returncode})")
    return done.stdout


def run_threads(kernel, folder, arguments, timeout):
    """[(name, ns, how often)] of tests/bench/threads, on four CPUs."""
    done = subprocess.run(
        [os.path.join(TOOLS, "run"), "--quiet", "--kernel", kernel, "--smp",
         "4", "--timeout", str(timeout), "--", program(folder, "threads"),
         *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="ascii")
    if done.returncode != 0:
        raise Failure("tests/bench/threads did not run to its end "
                      f"(status {done.returncode})")
    return [(name, int(ns), int(count)) for name, ns, count in
            re.findall(r"^(\w+) (\d+) ns, (\d+) done$", done.stdout, re.M)]


# ---- Reading what they print -----------------------------------------------

def parse(text):
    """The figures in a run's output: name -> {median, min, mean}, in ticks.

    "ticks_per_us" is a figure as well: it tells what a tick is.
    """
    figures, ticks, ns = {}, 0, 0
    for line in text.splitlines():
        match = re.fullmatch(r"(\S+)\.(median|min|mean) (\d+) ticks", line)
        if match:
            figures.setdefault(match[1], {})[match[2]] = int(match[3])
        match = re.fullmatch(r"clock (\d+) ticks (\d+) ns", line)
        if match:
            ticks += int(match[1])
            ns += int(match[2])
    figures["ticks_per_us"] = round(1000 * ticks / ns, 1) if ns else None
    derive(figures)
    return figures


def derive(figures):
    """Figures that are differences of others, each after its sources."""
    measured = list(figures.items())
    figures.clear()
    for name, value in measured:
        figures[name] = value
        if name == "pipe_alone" and "pipe_round_trip" in figures:
            figures["pipe_switch"] = {
                kind: max(0, (figures["pipe_round_trip"][kind] -
                              value[kind]) // 2)
                for kind in ("median", "min")}
        none = figures.get(name.replace("64M", "0"))
        if name.startswith("fork_call_64M") and none:
            figures[name.replace("call_64M", "per_page")] = {
                kind: round((value[kind] - none[kind]) / (64 * 256), 1)
                for kind in ("median", "min")}


def names(figures):
    """The names of the measured figures, in the order of measuring."""
    return [name for name in figures if name != "ticks_per_us"]


# ---- Showing them ----------------------------------------------------------

def number(value):
    """1234567 as 1,234,567."""
    return "-" if value is None else f"{value:,}"


def microseconds(figures, name):
    """The median in microseconds of a run without icount, as text."""
    if not figures or name not in figures or not figures.get("ticks_per_us"):
        return "-"
    return f"{figures[name]['median'] / figures['ticks_per_us']:,.2f}"


def print_table(head, rows):
    """Columns: the first one to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [head] + rows)
              for i in range(len(head))]
    for row in [head, ["-" * width for width in widths]] + rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in
                  zip(row[1:], widths[1:])]
        print("  ".join(cells).rstrip())


def write_json(path, data):
    with open(path, "w", encoding="ascii") as file:
        json.dump(data, file, indent=1)
        file.write("\n")


def read_json(path):
    try:
        with open(path, encoding="ascii") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def linux_medians(folder):
    """Linux's figures: measured here, if tools/bench-linux did, or known."""
    data = read_json(os.path.join(folder, "linux", "bench.json"))
    if not data:
        return LINUX
    figures = data["instructions"]
    return {name: figures[name]["median"] for name in names(figures)}

"""The map of memory: what it draws is what is there, on Calf and on Linux.

tests/programs/family.c is four processes that share pages in known ways, and
tells which frames those are. What the map shows for them follows from how
they came to be; the bars follow from smaps, which the kernel counts in
another way than the arrays that the map reads.
"""

import os
import re
import struct
import subprocess

import pexpect
import pytest

import harness
from test_terminal import INITRAMFS, PROMPT, Terminal

MAP = harness.BUILD / "user" / "map"
FAMILY = harness.BUILD / "tests" / "programs" / "family"
PAGE = 4096

# A line about what is left out begins with more blanks.
ROW = re.compile(r"^(?! {9}) *([0-9a-f]+) (.{64})$", re.M)
BAR = re.compile(r"^ ([A-Z])  *(\d+) (\S+) +(\d+) +(\d+)  ([#=]*)$", re.M)
COLOUR = re.compile(r"\x1b\[([0-9;]*)m")


class Family:
    """What family.c said about itself."""

    def __init__(self, text):
        # A page's frame, the process that told it and the mark it must have.
        self.pages = [(what, int(pid), int(pfn, 16), mark)
                      for what, pid, pfn, mark in re.findall(
                          r"^(\w+) (\d+) ([0-9a-f]+) (\S)\r?$", text, re.M)]
        self.first = int(re.search(r"family (\d+) is ready", text)[1])
        self.pids = sorted({pid for _, pid, _, _ in self.pages})
        assert len(self.pids) == 4 and self.pids[0] == self.first

    def marks(self):
        return {pfn: mark for _, _, pfn, mark in self.pages}


def test_family_shares_as_promised(tmp_path):
    """The figures that follow from family.c, before any map is drawn."""
    with subprocess.Popen([FAMILY], stdout=subprocess.PIPE, text=True) as one:
        text = ""
        while "is ready" not in text:
            text += one.stdout.readline()
        family = Family(text)
        end_family(family)
    marks = [mark for what, _, _, mark in family.pages if what == "private"]
    assert [marks.count(count) for count in "234"] == [4, 6, 32]
    assert len(marks) == 48
    assert sum(what == "own" for what, *_ in family.pages) == 9


def end_family(family):
    subprocess.run(["kill", *map(str, reversed(family.pids))], check=False)


def own_and_shared(smaps):
    """Pages of one process by smaps: (mapped by it alone, by others too)."""
    sums = {"Private": 0, "Shared": 0}
    for kind, size in re.findall(
            r"^(Private|Shared)_(?:Clean|Dirty): +(\d+) kB", smaps, re.M):
        sums[kind] += int(size) * 1024 // PAGE
    return sums["Private"], sums["Shared"]


def letter(pid):
    return chr(ord("A") + (pid - 1) % 26)


def check_bars(text, family, counts):
    """One bar for each process, as long as its figures say."""
    bars = {int(bar[2]): bar for bar in BAR.finditer(text)}
    assert sorted(bars) == family.pids
    per_mark = int(re.search(r"shared, (\d+) to a mark$", text, re.M)[1])
    assert max(map(sum, counts.values())) // per_mark <= 32
    for pid, (own, shared) in counts.items():
        assert bars[pid].groups()[:5] == (
            letter(pid), str(pid), "family", str(own), str(shared))
        assert bars[pid][6] == ("#" * ((own + per_mark // 2) // per_mark) +
                                "=" * ((shared + per_mark // 2) // per_mark))


LEGEND = """\
A-Z of one process alone   o of others   2-9 mapped so often, + more   z zeros
f file cache   t page table   k kernel   . free   - reserved
      pid name                own shared  # own = shared, %s to a mark
"""


def check_ascii(text):
    """Nothing but ASCII, and what a legend must explain."""
    assert text.isascii() and "\x1b" not in text
    assert re.search(re.escape(LEGEND).replace("%s", r"\d+"), text), text


# ---- On Calf ----------------------------------------------------------------

needs_shell = pytest.mark.skipif(
    b"bin/busybox" not in INITRAMFS.read_bytes() if INITRAMFS.exists()
    else True, reason="there is no busybox in the image (make deps)")


@pytest.fixture
def machine(tmp_path):
    """Calf in a small memory, with a family in the background."""
    program, archive = tmp_path / "family.cpio", tmp_path / "initramfs.cpio"
    subprocess.run([harness.ROOT / "tools" / "mkinitramfs", "-o", program,
                    f"/bin/family={FAMILY}"], check=True)
    archive.write_bytes(INITRAMFS.read_bytes() + program.read_bytes())
    terminal = Terminal("11M", archive)
    terminal.type("family &\r")
    terminal.family = Family(terminal.wait("is ready") + "is ready")
    terminal.wait("\n")
    yield terminal
    terminal.close()


def run(terminal, command):
    return terminal.run(command).replace("\r", "")


def cells_by_frame(text):
    return {int(first, 16) + i: cell for first, cells in ROW.findall(text)
            for i, cell in enumerate(cells)}


@needs_shell
def test_on_calf(machine):
    family = machine.family
    text = run(machine, f"map -a -p {family.pids[2]}").split("\n", 1)[1]
    cells = cells_by_frame(text)
    wrong = [page for page in family.pages if cells.get(page[2]) != page[3]]
    assert not wrong, text
    check_ascii(text)
    counts = {pid: own_and_shared(run(machine, f"cat /proc/{pid}/smaps"))
              for pid in family.pids}
    check_bars(text, family, counts)
    # Each frame of its own is one cell; a shared one is one, not several.
    drawn = "".join(cells.values())
    for pid, (own, _) in counts.items():
        assert drawn.count(letter(pid)) == own
    assert sum(shared for _, shared in counts.values()) == \
        sum(int(cell) for cell in drawn if cell.isdigit())

    # In colour the same cells, each letter on its process's colour.
    coloured = run(machine, f"LANG=C.UTF-8 map -p {family.first}")
    assert "█" in coloured and "▒" in coloured
    assert family.marks().items() <= cells_by_frame(
        COLOUR.sub("", coloured)).items()
    grounds = {}
    for ground, run_of_cells in re.findall(r"\x1b\[30;([0-9;]+)m([A-Z0-9+]+)",
                                           coloured):
        for cell in run_of_cells:
            grounds.setdefault(cell, set()).add(ground)
    assert grounds["2"] == grounds["3"] == grounds["4"]
    assert all(len(ground) == 1 for ground in grounds.values()), grounds
    assert len({*map(letter, family.pids)} & {*grounds}) == 4
    assert len({*grounds["4"]}.union(
        *(grounds[letter(pid)] for pid in family.pids))) == 5
    for setting in ("NO_COLOR=1", "TERM=dumb"):
        assert "\x1b" not in run(machine, f"{setting} map").split("\n", 1)[1]


@needs_shell
def test_watching(machine):
    family = machine.family
    machine.type(f"map -w 0.1 -p {family.first}\r")
    machine.wait("\x1b[2J")
    # Each picture is drawn over the one before.
    for _ in range(3):
        machine.wait("\x1b[H")
        picture = machine.wait("\x1b[J").replace("\r", "")
        assert picture.count("\x1b[K\n") == picture.count("\n")
    before = COLOUR.sub("", picture.replace("\x1b[K", ""))
    machine.type("q")
    machine.wait("\x1b[?25h")
    machine.wait(PROMPT)
    # The parent writes its 12 pages, which others still share.
    machine.type(f"(sleep 1; kill -USR1 {family.first}) & "
                 f"map -w 0.1 -p {family.first}\r")
    bars = {int(bar[2]): bar for bar in BAR.finditer(before)}
    own = int(bars[family.first][4]) + 12
    machine.child.expect(rf"family +{own} +\d+  ".encode())
    machine.type("q")
    machine.wait(PROMPT)


# ---- On this machine's Linux ------------------------------------------------

def read_entries(path, numbers):
    with open(path, "rb") as file:
        for number in numbers:
            file.seek(8 * number)
            yield struct.unpack("Q", file.read(8))[0]


def frames_of(pid):
    """The frames in the page table of a process, as pagemap has them."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        areas = [line.split() for line in maps if "[v" not in line]
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        areas += [line.split() for line in maps if "[vdso]" in line]
    for area in areas:
        start, end = (int(text, 16) // PAGE for text in area[0].split("-"))
        for entry in read_entries(f"/proc/{pid}/pagemap", range(start, end)):
            if entry >> 63:
                yield entry & (1 << 55) - 1


def expected_cells(pids):
    """What the map must draw: the frames in use, in order."""
    owners = {}
    for pid in reversed(pids):
        owners.update(dict.fromkeys(frames_of(pid), pid))
    frames = sorted(owners)
    counts = read_entries("/proc/kpagecount", frames)
    flags = read_entries("/proc/kpageflags", frames)
    for frame, count, flag in zip(frames, counts, flags):
        if flag >> 24 & 1:
            yield frame, "z"
        elif count > 1:
            yield frame, str(count) if count < 10 else "+"
        else:
            yield frame, letter(owners[frame])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees frame numbers")
def test_on_linux():
    one = pexpect.spawn(str(FAMILY), timeout=60, encoding="utf-8")
    one.expect("is ready")
    family = Family(one.before + one.after)
    text, _ = pexpect.run(f"{MAP} -a -p {family.first}", timeout=60,
                          withexitstatus=True, encoding="utf-8")
    text = text.replace("\r", "")
    expected = dict(expected_cells(family.pids))
    counts = {}
    for pid in family.pids:
        with open(f"/proc/{pid}/smaps", encoding="ascii") as smaps:
            counts[pid] = own_and_shared(smaps.read())
    end_family(family)
    one.close(force=True)
    assert family.marks().items() <= expected.items()
    if ", without those not in use" not in text:
        pytest.skip("this machine is so small that all its frames are drawn")
    assert "".join(cells for _, cells in ROW.findall(text)).rstrip() == \
        "".join(expected.values())
    check_bars(text, family, counts)
    check_ascii(text)

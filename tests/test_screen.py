"""The screen: console, keyboard and memory map, in each way to boot.

A machine is at rest; a process of it tells over the serial line how often each
frame is mapped and what it is used for, by /proc. Then all cells of the map on
the screen must say the same.
"""

import re
import subprocess

import pytest

import harness
from harness import Job
import screen
from test_map import FAMILY, Family, letter

pytestmark = pytest.mark.skipif(
    not screen.font_path(), reason="this kernel has no font (make deps)")
needs_shell = pytest.mark.skipif(
    b"bin/busybox" not in screen.INITRAMFS.read_bytes()
    if screen.INITRAMFS.exists() else True,
    reason="there is no busybox in the image (make deps)")

FONT = screen.Font() if screen.font_path() else None

# kernel/dev/screen.c and memory_map.c: where things are, in pixels.
MAP_X, MAP_Y = 80 * 8 + 16, 16 + 2 + 6
MAP_WIDTH, MAP_HEIGHT = 1024 - MAP_X, 768 - 12 * 18 - 12
CELL_LEAST, CELL_MOST = 8, 16
PROCESS_COLOURS = (75, 114, 203, 141, 80, 175, 215, 150)
GROUNDS = {"free": 234, "kernel": 239, "table": 60, "file": 23, "zero": 255,
           "shared": 220}
KINDS = ("free", "kernel", "table", "file", "zero", "own", "shared")


def colour(number):
    """One of xterm's 256, as 0xRRGGBB."""
    if number >= 232:
        return (8 + 10 * (number - 232)) * 0x10101
    steps = (0, 95, 135, 175, 215, 255)
    number -= 16
    return steps[number // 36] << 16 | steps[number // 6 % 6] << 8 | \
        steps[number % 6]


def read_letters():
    """The small letters of the map: {rows: letter}."""
    text = (harness.ROOT / "kernel" / "dev" / "map_letters.c").read_text()
    return {bytes(int(row, 16) << 3 for row in rows.split(", ")): mark
            for mark, rows in re.findall(r"\{ '(.)', \{ (.*) \} \}", text)}


class Layout:
    """Where the cells are, for so many frames."""

    def __init__(self, frames):
        self.per_cell = 1
        while frames > self.per_cell * (MAP_WIDTH // CELL_LEAST) * \
                (MAP_HEIGHT // CELL_LEAST):
            self.per_cell *= 2
        cells = -(-frames // self.per_cell)
        self.size = next(
            size for size in range(CELL_MOST, 0, -1)
            if size == CELL_LEAST or
            -(-cells // (MAP_WIDTH // size)) * size <= MAP_HEIGHT)
        self.columns = MAP_WIDTH // self.size

    def place(self, cell):
        return (MAP_X + cell % self.columns * self.size,
                MAP_Y + cell // self.columns * self.size)

    def letter_at(self, x, y):
        """Where the letter of the cell at @x, @y begins."""
        inside = self.size - 1
        return (x + 1 + (inside - CELL_LEAST + 1) // 3,
                y + (inside - 7) // 2)


def kind_of(count, flags):
    """As Linux's flags say it."""
    def has(bit):
        return flags >> bit & 1

    if has(24):
        return "zero"
    if has(10):
        return "free"
    if has(26):
        return "table"
    if has(7):
        return "kernel"
    return "shared" if count > 1 else "own" if count else "file"


def dump_frames(machine, family):
    """[(number, times mapped, kind)] of all frames that are not reserved."""
    machine.type(f"kill -USR2 {family.first}\n")
    text = machine.wait(" frames\r\n")
    return [(int(number, 16), int(count), kind_of(int(count), int(flags, 16)))
            for number, count, flags in re.findall(
                r"^f (\w+) (\d+) (\w+)\r$", text, re.M)
            if not int(flags, 16) >> 32 & 1]


def expected_cell(frames):
    """Of the frames in one cell: the kind that shows, and the most sharers."""
    kind = max((kind for _, _, kind in frames), key=KINDS.index)
    return kind, max(count for _, count, one in frames if one == kind)


def check_cell(picture, place, kind, mark):
    """Return: why the cell is not what it must be, or nothing."""
    layout, letters, x, y = place
    ground = picture.pixel(x, y)
    allowed = [GROUNDS[kind]] if kind in GROUNDS else PROCESS_COLOURS
    if ground not in map(colour, allowed):
        return f"ground {ground:06x}, but {kind}"
    at = layout.letter_at(x, y)
    shown = letters.get(picture.bits(*at, 5, 7, ground), " ")
    if kind == "own" and layout.per_cell == 1 and not mark:
        return None if shown.isupper() else f"{shown}, but a process's own"
    return None if not mark or shown == mark else f"{shown}, but {mark}"


def wrong_cells(picture, frames, family):
    """All cells; each of a frame of the family must be what it told."""
    layout = Layout(len(frames))
    letters = read_letters()
    marks = family.marks() if layout.per_cell == 1 else {}
    assert marks.keys() <= {number for number, _, _ in frames}
    for cell in range(-(-len(frames) // layout.per_cell)):
        inside = frames[cell * layout.per_cell:(cell + 1) * layout.per_cell]
        kind, count = expected_cell(inside)
        mark = None
        if kind == "shared":
            mark = str(count) if count < 10 else "+"
        mark = marks.get(inside[0][0], mark)
        why = check_cell(picture, (layout, letters, *layout.place(cell)),
                         kind, mark)
        if why:
            yield hex(inside[0][0]), why


def on_screen(serial_text, columns):
    """The lines that a terminal of that width makes of it."""
    text = re.sub(r"\x1b\[\d*[A-Za-z]", "", serial_text).replace("\r", "")
    lines = []
    for line in text.split("\n"):
        lines += [line[start:start + columns]
                  for start in range(0, max(len(line), 1), columns)]
    return [line.rstrip() for line in lines]


@pytest.fixture
def archive(tmp_path):
    """The initramfs, with the family in it."""
    program, both = tmp_path / "family.cpio", tmp_path / "initramfs.cpio"
    subprocess.run([harness.ROOT / "tools" / "mkinitramfs", "-o", program,
                    f"/bin/family={FAMILY}"], check=True)
    both.write_bytes(screen.INITRAMFS.read_bytes() + program.read_bytes())
    return both


@needs_shell
@pytest.mark.parametrize("boot, memory", [
    ("pvh", "12M"), ("bios", "12M"), ("uefi", "64M")])
def test_map_on_screen(tmp_path, archive, boot, memory):
    machine = screen.Machine(tmp_path, boot, memory, "map=1", archive)
    try:
        machine.wait(screen.PROMPT)
        machine.type("family &\n")
        family = Family(machine.wait("is ready") + "is ready")
        before = after = None
        for _ in range(10):     # until nothing else happens meanwhile
            before = dump_frames(machine, family)
            lines = on_screen(machine.transcript.getvalue(), 80)[-48:]
            picture = machine.picture_when(
                lambda one: one.text(FONT, 48, 80) == lines and
                not any(wrong_cells(one, before, family)), 10)
            after = dump_frames(machine, family)
            if before == after:
                break
        assert before == after, "the machine is never at rest"
        assert picture.text(FONT, 48, 80) == lines
        assert not list(wrong_cells(picture, before, family))
    finally:
        machine.close()


# ---- The console ------------------------------------------------------------

@pytest.fixture
def machine(tmp_path):
    one = screen.Machine(tmp_path)
    one.wait(screen.PROMPT)
    yield one
    one.close()


def lines_when(machine, is_right, columns=128):
    """The text of the screen once it is right, or has had time to be."""
    return machine.picture_when(
        lambda picture: is_right(picture.text(FONT, 48, columns))).text(
            FONT, 48, columns)


# What is sent to the terminal, and what then stands at the top of it.
SEQUENCES = [
    ("plain text, tab, backspace", r"ab\tc\bd", ["ab      d"]),
    ("UTF-8", r"\303\244\342\202\254\342\226\210\342\224\200|",
     ["ä€ ─|"]),            # a full block looks like a blank, inverted
    # The font's glyph for what is not a character is this one.
    ("cut UTF-8", r"a\303b\377c", ["ab\u25c8c"]),
    ("cursor", r"\033[3;5Hx\033[A\033[2Dy\033[B\033[10Gz\033[2;1Hw",
     ["", "w  y", "    x    z"]),
    ("erase", r"abcdef\033[1;4H\033[Kgh\033[1;2H\033[1K\r\nxyz\033[2;2H\033[J",
     ["  cgh", "x"]),
    ("insert, delete", r"abcdef\033[1;2H\033[2@\033[1;5H\033[P\033[2X",
     ["a  b  f"]),
    ("lines", r"1\r\n2\r\n3\r\n4\033[2;1H\033[L\033[4;1H\033[M",
     ["1", "", "2", "4"]),
    ("region", r"1\r\n2\r\n3\r\n4\033[2;3r\033[3;1H\n\033[2;1H\033M\033[r",
     ["1", "", "3", "4"]),
    ("scroll", r"1\r\n2\r\n3\033[2S", ["3"]),
    ("long line", "0" * 130, ["0" * 128, "00"]),
    ("save", r"ab\0337\033[5;5Hx\0338c\033[s\033[9;9Hy\033[ud",
     ["abcd", "", "", "", "    x", "", "", "", "        y"]),
    ("unknown", r"a\033[?1049hb\033]0;title\007c\033(Bd\033[>0ce",
     ["abcde"]),
]


@needs_shell
def test_escape_sequences(machine):
    """Each sequence, on a clean screen; at the end the cursor goes home."""
    for name, sent, expected in SEQUENCES:
        machine.child.send(rf"printf '\033[H\033[J\033[m{sent}" "\\033[40;1H'"
                           "; read x\n")
        wanted = (expected + [""] * 9)[:9]
        lines = lines_when(machine, lambda lines: lines[:9] == wanted)
        assert lines[:9] == wanted, name
        machine.child.send("\n")
        machine.wait(screen.PROMPT)


@needs_shell
def test_keyboard(machine):
    """What is typed on the keyboard arrives as it would on a serial line."""
    assert "a'B|~^\\{}?\n" in machine.run("echo \"a'B|~^\\\\{}?\"")
    # Arrows, home, end and delete edit the line.
    machine.type("ecxo hllo")
    for key in ["left"] * 3:
        machine.press(key)
    machine.type("e")
    machine.press("home")
    for key in ["right"] * 2 + ["delete"]:
        machine.press(key)
    machine.type("h")
    machine.press("end")
    machine.type("!\n")
    machine.wait("\r\nhello!\r\n")
    machine.wait(screen.PROMPT)
    # Caps lock turns letters round, and only those.
    machine.press("caps_lock")
    machine.type("ECHO Ab1-\n")
    machine.press("caps_lock")
    machine.wait("\r\naB1-\r\n")
    # The line before the last one; the keypad.
    machine.press("up")
    machine.press("up")
    for key in ("kp_4", "kp_2", "kp_enter"):
        machine.press(key)
    machine.wait("\r\nhello!42\r\n")
    machine.wait(screen.PROMPT)
    # Ctrl-C ends a program, alt sends ESC first.
    machine.type("cat -v\n")
    machine.press("alt", "x")
    machine.type("\n")
    machine.wait("\r\n^[x\r\n")
    machine.press("ctrl", "c")
    machine.wait(screen.PROMPT)
    # The screen shows all of it, as the serial line does.
    lines = lines_when(machine, lambda lines: "^C" in lines)
    assert [line for line in lines if line.startswith(("hello", "aB1"))] == \
        ["hello!", "aB1-", "hello!42"]


def leave_insert_mode(machine):
    """ESC, and a while for the editor to see that it was no arrow key."""
    machine.press("esc")
    machine.wait("- /tmp/letter [Modified]")


@needs_shell
def test_editor_and_map_key(machine):
    assert machine.run("stty size") == "48 128\n"
    machine.type("vi /tmp/letter\n")
    machine.wait("/tmp/letter")
    machine.type("iDear calf,\nwrong")
    leave_insert_mode(machine)
    machine.type("ddoyours")
    leave_insert_mode(machine)
    lines = lines_when(machine, lambda lines: lines[1] == "yours")
    assert lines[:3] == ["Dear calf,", "yours", "~"]
    machine.type(":wq\n")
    machine.wait(screen.PROMPT)
    # F12: the map appears, and programs learn of it.
    machine.press("f12")
    while machine.run("stty size") != "48 80\n":
        pass
    title = machine.picture_when(lambda one: one.character(
        FONT, 0, 82) != " ").text(FONT, 1, 128)[0]
    assert re.search(r" \d+ frames, \d+ free; a cell is \d+ frames$", title)
    machine.press("f12")
    while machine.run("stty size") != "48 128\n":
        pass


@needs_shell
def test_panic_on_screen(tmp_path):
    """The last words, although the thread that draws does not run again."""
    machine = screen.Machine(tmp_path, can_exit=False)
    try:
        machine.wait(screen.PROMPT)
        machine.type("echo c > /proc/sysrq-trigger\n")
        machine.wait("cr3 ")
        machine.wait("\n")
        lines = on_screen(machine.transcript.getvalue(), 128)[-48:]
        assert any(line.startswith("PANIC: ") for line in lines)
        assert any("procfs_write_sysrq" in line for line in lines)
        shown = lines_when(machine, lambda one: one[:len(lines)] == lines)
        assert shown[:len(lines)] == lines
    finally:
        machine.close()


@needs_shell
def test_pictures_repeat(tmp_path):
    """tools/screens: two runs, the same pixels."""
    for folder in ("one", "two"):
        subprocess.run([harness.ROOT / "tools" / "screens", "--build",
                        harness.DEBUG.parent, "-o", tmp_path / folder,
                        "snapshot"], check=True)
    one, two = ((tmp_path / folder / "screen-snapshot.png").read_bytes()
                for folder in ("one", "two"))
    assert one[:8] == b"\x89PNG\r\n\x1a\n" and one == two


NO_SCREEN = Job("--", "/bin/sh", "-c", "ps; stty size")


@needs_shell
@pytest.mark.parametrize("job", [NO_SCREEN], ids=["serial"])
def test_no_screen(job):
    """Without a framebuffer there is no thread that draws."""
    done = job.result()
    assert b"ps" in done.stdout and b"screen" not in done.stdout
    assert b"\n24 80\n" in done.stdout, harness.explain(done)

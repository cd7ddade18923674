"""The page of a trace, in a real browser without a window.

The browser replays a trace in JavaScript (tools/trace_page/model.js). Here
the same trace is replayed in Python, by tools/tracestate.py, and what the page
says must be what Python says, at every moment that a slider, a key or a filter
leads to. The machine of a million events is that of synthetic_trace.py, which
knows itself what it has come to.
"""

import base64
import collections
import functools
import json
import os
import re
import subprocess
import sys
import threading
import time

import pytest

import harness
import synthetic_trace

sys.path.insert(0, str(harness.ROOT / "tools"))

import browser  # noqa: E402
import png  # noqa: E402
import tracefile  # noqa: E402
import tracepage  # noqa: E402
import tracestate  # noqa: E402

pytestmark = pytest.mark.skipif(
    not browser.command(),
    reason="there is no Chromium (make deps installs it)")

FOLDER = harness.BUILD / "trace-page"
FOLDER.mkdir(parents=True, exist_ok=True)
MILLION = 10**6


class Run(harness.Job):
    """A run of Calf that leaves a trace behind."""

    def __init__(self, name, *arguments):
        self.name = name
        self.trace = FOLDER / f"{name}.trace"
        self.trace.unlink(missing_ok=True)
        super().__init__("--trace", self.trace, *arguments)

    def __repr__(self):
        return self.name

    @functools.cached_property
    def records(self):
        done = self.result()
        assert done.returncode == 0, harness.explain(done)
        return list(tracefile.read(self.trace))

    @functools.cached_property
    def page(self):
        """The address of its HTML page."""
        assert self.records
        subprocess.run(
            [harness.ROOT / "tools/trace", "--html", self.trace], check=True)
        return self.trace.with_suffix(".html").as_uri()


COW = Run("cow", "--icount", "--mem", "16M", "cow")
OOM = Run("oom", "--icount", "--mem", "16M", "oom", "1")
FOUR = Run("four-cpus", "--smp", "4", "--mem", "32M", "forktree")
each_run = pytest.mark.parametrize("run", [COW, OOM, FOUR], ids=repr)
of_cow = pytest.mark.parametrize("run", [COW], ids=repr)


@pytest.fixture(scope="module")
def chromium():
    with browser.Browser() as one:
        yield one


@pytest.fixture
def window(chromium):
    """The browser; a page that complains has failed."""
    chromium.complaints.clear()
    yield chromium
    assert chromium.complaints == []


def open_page(window, address):
    window.open("about:blank")
    window.open(address)
    window.wait_for("window.calf && calf.isReady && !calf.isExploring")


def figures(machine, records):
    """What Model.figures() of model.js says, from the replay in Python."""
    kinds = tracefile.enum_names("mm/frame.h", "frame_kind")
    numbers = collections.Counter(
        frame.kind for frame in machine.frames.values())
    numbers["free"] = machine.free
    faults = collections.Counter(
        record.kind for record in records if record.name == "FAULT_END")
    return {
        "at": len(records),
        "kinds": [numbers[kind] for kind in kinds[1:]],
        "references": sum(frame.refcount for frame in machine.frames.values()),
        "mappings": sum(frame.mapcount for frame in machine.frames.values()),
        "frames": sum((pfn + 1) * (kinds.index(frame.kind) +
                                   8 * frame.refcount + 256 * frame.mapcount)
                      for pfn, frame in machine.frames.items()) % 1000003,
        "spaces": {str(root): [len(space.entries), len(space.tables)]
                   for root, space in machine.spaces.items()},
        "entries": sum(address // 4096 % 1009 * (entry & 0xffffffff) % 1000003
                       for space in machine.spaces.values()
                       for address, entry in space.entries.items()) % 1000003,
        "tasks": {str(pid): [process.parent, process.name, process.status]
                  for pid, process in machine.processes.items()},
        "free": machine.free,
        "promised": machine.promised,
        "faults": [faults[kind] for kind in range(16)],
        "kills": sum(record.name == "OOM_KILL" for record in records),
    }


def page_figures(window):
    return window.evaluate("calf.view.model.figures()")


# ---- The same as Python says -----------------------------------------------

@each_run
def test_figures(run, window):
    """At twelve moments, visited in no order, so that snapshots are used."""
    count = len(run.records)
    moments = sorted({count * n // 11 for n in range(12)})
    expected, machine, at = {}, tracestate.Machine(), 0
    for moment in moments:
        for record in run.records[at:moment]:
            machine.apply(record)
        at = moment
        expected[moment] = figures(machine, run.records[:moment])
    assert len({json.dumps(one) for one in expected.values()}) > 6
    open_page(window, run.page)
    for moment in moments[::-2] + moments[::2] + moments[::3]:
        window.evaluate(f"calf.go({moment})")
        assert page_figures(window) == expected[moment], moment


@of_cow
def test_sentences(run, window):
    """The page tells every event in the words of tools/trace."""
    open_page(window, run.page)
    told = window.evaluate("Array.from({length: calf.records.count}, "
                           "(_, i) => calf.records.sentence(i))")
    assert told == [record.sentence() for record in run.records]


@of_cow
def test_curves(run, window):
    open_page(window, run.page)
    machine, free, promised = tracestate.Machine(), [], []
    for record in run.records:
        machine.apply(record)
        free.append(machine.free)
        promised.append(machine.promised)
    assert len(set(free)) > 20 and len(set(promised)) > 5
    for name, values in (("free", free), ("promised", promised)):
        assert window.evaluate(
            f"Array.from(calf.history.{name}.slice(0, calf.records.count))"
        ) == values


# ---- Slider, keys, filter --------------------------------------------------

def text_of(window, name):
    return window.evaluate(f"document.getElementById({name!r}).textContent")


def position(window):
    return window.evaluate("calf.view.at")


def assert_shows(window, records, at):
    """Every part of the page is at this event."""
    record = records[at - 1]
    window.evaluate("calf.drawNow()")
    assert position(window) == at
    assert text_of(window, "seek") == f"seek {record.sequence}"
    told = text_of(window, "sentence")
    assert told.lower() == record.sentence().lower() + "."
    assert text_of(window, "where").startswith(record.name)
    assert window.evaluate("Number(document.getElementById('slider').value)") \
        == at
    assert window.evaluate("location.hash") == f"#{record.sequence}"


@of_cow
def test_slider(run, window):
    open_page(window, run.page)
    window.evaluate("calf.go(calf.records.count)")
    box = window.evaluate("(() => { const box = document.getElementById("
                          "'slider').getBoundingClientRect(); return "
                          "[box.x, box.y, box.width, box.height]; })()")
    first = window.evaluate("calf.view.range.from")
    seen = []
    for part in (0.25, 0.75):
        window.click(box[0] + part * box[2], box[1] + box[3] / 2)
        at = position(window)
        # The thumb has a width, so the ends are a little inside.
        wanted = first + part * (len(run.records) - first)
        assert abs(at - wanted) < len(run.records) / 20
        assert_shows(window, run.records, at)
        seen.append(at)
    machine = tracestate.Machine()
    for record in run.records[:seen[-1]]:
        machine.apply(record)
    assert page_figures(window) == figures(machine, run.records[:seen[-1]])


HIDDEN = {"SWITCH", "CALL", "CALL_MORE", "CALL_TEXT", "RETURN"}


@of_cow
def test_keys(run, window):
    """Arrows go by what the filter shows, F by the faults."""
    listed = [n for n, record in enumerate(run.records, 1)
              if record.name not in HIDDEN]
    faults = [n for n, record in enumerate(run.records, 1)
              if record.name == "FAULT"]
    open_page(window, run.page)
    start = len(listed) // 2
    window.evaluate(f"calf.go({listed[start]})")
    for key, shift, wanted in (
            ("ArrowRight", False, listed[start + 1]),
            ("ArrowRight", True, listed[start + 11]),
            ("ArrowLeft", False, listed[start + 10]),
            ("ArrowLeft", True, listed[start]),
            ("Home", False, 0),
            ("f", False, faults[0]),
            ("f", False, faults[1]),
            ("End", False, len(run.records)),
            ("F", True, faults[-1]),
            ("F", True, faults[-2])):
        window.key(key, shift)
        assert position(window) == wanted, key
        if wanted:
            assert_shows(window, run.records, wanted)


def listed(window):
    """The numbers of the events that pass the filter."""
    return window.evaluate(
        "Array.from(calf.filter.found.slice(0, calf.filter.count), "
        "(at) => calf.records.sequence[at - 1])")


def choose(window, field, value):
    window.evaluate(
        f"(() => {{ const field = document.getElementById({field!r}); "
        f"field.value = {value}; "
        "field.dispatchEvent(new Event('change')); })()")


@of_cow
def test_filter(run, window):
    def wanted(test):
        found = [record.sequence for record in run.records if test(record)]
        assert found
        return found

    open_page(window, run.page)
    assert listed(window) == wanted(lambda record: record.name not in HIDDEN)

    choose(window, "pid", 3)
    assert listed(window) == wanted(
        lambda record: record.name not in HIDDEN and record.pid == 3)

    copy = tracefile.enum_names("mm/fault.h", "fault_kind").index("cow_copy")
    choose(window, "kind", copy)
    copies = wanted(lambda record: record.name == "FAULT_END" and
                    record.kind == copy and record.pid == 3)
    assert listed(window) == copies

    # The list shows them, and a click goes there.
    rows = window.evaluate(
        "(() => { calf.go(calf.records.count); calf.drawNow(); return ["
        "...document.querySelectorAll('#list .row .number')].map((row) => "
        "Number(row.textContent)); })()")
    assert rows and rows == copies[-len(rows):]
    window.evaluate("document.querySelector('#list .row').click()")
    assert text_of(window, "seek") == f"seek {rows[0]}" or \
        window.wait_for("calf.sequenceAt()") == rows[0]

    window.evaluate("document.querySelector('[data-group=fault]').click()")
    assert listed(window) == []
    assert "No event" in window.evaluate(
        "(() => { calf.drawNow(); return document.getElementById('list')"
        ".textContent; })()")


# ---- What is drawn ---------------------------------------------------------

CELLS = """(() => {
    calf.drawNow();
    const view = calf.frames, scale = view.canvas.width / view.width;
    const context = view.canvas.getContext("2d");
    const { width, height } = view.canvas;
    const { data } = context.getImageData(0, 0, width, height);
    const pixel = (x, y) => {
        const at = 4 * (Math.round(y * scale) * width + Math.round(x * scale));
        return [...data.slice(at, at + 4)];
    };
    const cells = {}, size = view.size - 2;
    view.shown.forEach((frame, n) => {
        const [x, y] = view.at(n);
        // At the left and the right edge, below a corner that is folded.
        cells[frame] = [pixel(x + 2, y + size - 3),
                        pixel(x + size - 3, y + size - 3)];
    });
    return cells;
})()"""
PALETTE = """Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((n) => {
    const hex = parseInt(getComputedStyle(document.documentElement)
        .getPropertyValue(`--p${n}`).trim().slice(1), 16);
    return [n, [hex >> 16, hex >> 8 & 255, hex & 255]];
}))"""


def nearest(pixel, palette):
    """The process with this colour; a texture only makes it lighter."""
    def shade(colour):
        least = min(colour)
        most = max(max(colour) - least, 1)
        return [(part - least) / most for part in colour]
    return min(palette, key=lambda n: sum(
        abs(a - b) for a, b in zip(shade(pixel[:3]), shade(palette[n]))))


@of_cow
def test_cells(run, window):
    """A cell begins and ends with the colours of those who map the frame."""
    at = max(n for n, record in enumerate(run.records, 1)
             if record.name == "FORK")
    machine = tracestate.Machine()
    for record in run.records[:at]:
        machine.apply(record)
    order = []
    for record in run.records:
        if record.name == "EXEC" and record.pid not in order:
            order.append(record.pid)
        if record.name == "FORK":
            order.append(record.value)
    owners = collections.defaultdict(set)
    for pid, process in machine.processes.items():
        if process.status is None:
            for entry in machine.spaces[process.space].entries.values():
                owners[tracefile.pfn_of(entry)].add(order.index(pid))
    open_page(window, run.page)
    window.evaluate(f"calf.go({at})")
    # Without the ring around the frame of this moment.
    window.evaluate("calf.view.focus.frame = calf.view.focus.other = 0")
    cells, palette = window.evaluate(CELLS), window.evaluate(PALETTE)
    checked = collections.Counter()
    for pfn, frame in machine.frames.items():
        if frame.kind in ("anon", "object") and owners[pfn]:
            left, right = cells[str(pfn)]
            assert nearest(left, palette) == str(min(owners[pfn])), hex(pfn)
            assert nearest(right, palette) == str(max(owners[pfn])), hex(pfn)
            checked[len(owners[pfn])] += 1
    assert checked[1] and checked[2] + checked[3] > 10
    for pfn in map(int, cells):
        if pfn not in machine.frames:       # free: nothing within the cell
            assert cells[str(pfn)][0][3] == 0, hex(pfn)
            checked["free"] += 1
    assert checked["free"]


PIXELS = """Promise.all([%r, %r].map(async (data) => {
    const image = new Image();
    image.src = "data:image/png;base64," + data;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.width;
    canvas.height = image.height;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return [...context.getImageData(0, 0, image.width, image.height).data];
}))"""


@of_cow
def test_small_picture(run, window):
    """A PNG made small for docs/pictures/ is still the same picture."""
    window.resize(420, 260)
    try:
        open_page(window, run.page)
        large = window.screenshot()
    finally:
        window.resize(*window.size)
    small = png.shrink(large)
    assert len(small) < len(large)
    one, other = window.evaluate(PIXELS % tuple(
        base64.b64encode(data).decode() for data in (large, small)))
    assert len(one) == len(other) == 420 * 260 * 4
    assert len(set(one)) > 30
    differences = [abs(a - b) for a, b in zip(one, other)]
    assert sum(differences) < len(differences)
    # Only where letters are smoothed is a colour a little off.
    assert sum(one > 32 for one in differences) < len(differences) / 200


@of_cow
def test_alone(run, window):
    """One file: nothing is loaded from elsewhere."""
    open_page(window, run.page)
    assert window.evaluate(
        "performance.getEntriesByType('resource').length") == 0
    text = run.trace.with_suffix(".html").read_text()
    assert set(re.findall(r"https?://[\w./]*", text)) == {
        "http://www.w3.org/2000/svg"}


@of_cow
def test_partial(run, window, tmp_path):
    """A trace without the frames: it says so, and what it has it shows."""
    kept = [record for record in run.records
            if record.klass in ("LIFE", "FAULT")]
    whole, size = run.trace.read_bytes(), tracefile.RECORD_BYTES
    trace = tmp_path / "partial.trace"
    trace.write_bytes(whole[:size] + b"".join(
        whole[record.sequence * size:(record.sequence + 1) * size]
        for record in kept))
    with open(trace, "rb") as source, \
            open(trace.with_suffix(".html"), "w") as out:
        tracepage.write_page(source, out, "partial")
    open_page(window, trace.with_suffix(".html").as_uri())
    window.evaluate("calf.go(0)")
    ends = [n for n, record in enumerate(kept, 1)
            if record.name == "FAULT_END"]
    for wanted in ends[:3]:
        window.key("f")
        assert position(window) == wanted
    window.evaluate("calf.go(calf.records.count); calf.drawNow()")
    missing = kept[-1].sequence - len(kept)
    assert text_of(window, "of") == \
        f"of {kept[-1].sequence}, {missing} are missing"
    assert page_figures(window)["faults"] == figures(
        tracestate.Machine(), kept)["faults"]


# ---- While it runs ---------------------------------------------------------

@of_cow
def test_growing(run, window, tmp_path):
    """A page that is served takes in what comes, records cut off or not."""
    whole = run.trace.read_bytes() if run.records else b""
    trace = tmp_path / "growing.trace"
    half = len(whole) // 128 * 64
    trace.write_bytes(whole[:half + 17])
    over = []
    server = tracepage.Server(str(trace), "growing", 0, lambda: bool(over))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        open_page(window, server.address)
        window.wait_for(f"calf.records.count === {half // 64 - 1}")
        with open(trace, "ab") as file:
            file.write(whole[half + 17:])
        window.wait_for(f"calf.records.count === {len(run.records)}")
        window.wait_for("!calf.isExploring")
        over.append(True)
        window.wait_for("calf.isOver")
        machine = tracestate.Machine()
        for record in run.records:
            machine.apply(record)
        # It follows the run: what is shown is the latest event.
        assert page_figures(window) == figures(machine, run.records)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_view(window):
    """tools/view: a run, and a page of it at once."""
    with subprocess.Popen(
            [harness.ROOT / "tools/view", "--port", "0", "--kernel",
             harness.DEBUG, "--timeout", "60", "--mem", "32M", "cow"],
            env={**os.environ, "BUILD": str(FOLDER)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) as view:
        try:
            line = view.stderr.readline().decode()
            address = re.search(r"http://127\.0\.0\.1:\d+/", line)[0]
            open_page(window, address)
            window.wait_for("calf.isOver && !calf.isExploring")
            count = window.evaluate("calf.records.count")
        finally:
            view.terminate()
        assert b"17 child ends" in view.stdout.read()
    assert count == len(list(tracefile.read(FOLDER / "view.trace"))) > 3000


# ---- A long one ------------------------------------------------------------

def test_million(window):
    """A page of a million events opens, and is right here and there."""
    trace = FOLDER / "million.trace"
    with open(trace, "wb") as file:
        machine = synthetic_trace.Machine(file)
        expected = {}
        for events in (MILLION // 3, MILLION * 2 // 3, MILLION):
            machine.run(events)
            expected[machine.sequence] = machine.figures()
    begin = time.monotonic()
    page = trace.with_suffix(".html")
    with open(trace, "rb") as file, open(page, "w") as out:
        tracepage.write_page(file, out, "a million events")
    made = time.monotonic()
    window.open("about:blank")
    window.open(page.as_uri())
    window.wait_for("window.calf && calf.isReady")
    opened = time.monotonic()
    window.wait_for("!calf.isExploring")
    print(f"{machine.sequence} events, {page.stat().st_size >> 20} MiB: made "
          f"in {made - begin:.1f} s, opened in {opened - made:.1f} s, all "
          f"known after {time.monotonic() - made:.1f} s")
    assert window.evaluate("calf.records.count") == machine.sequence
    moments = sorted(expected)
    for moment in (moments[1], moments[0], moments[2], moments[1]):
        window.evaluate(f"calf.go({moment})")
        shown = page_figures(window)
        assert {name: shown[name] for name in expected[moment]} == \
            expected[moment]
    trace.unlink()
    page.unlink()


# ---- Perfetto --------------------------------------------------------------

@pytest.mark.parametrize("run", [COW, FOUR], ids=repr)
def test_perfetto(run):
    assert run.records
    out = run.trace.with_suffix(".json")
    subprocess.run([harness.ROOT / "tools/trace", "--perfetto", run.trace],
                   check=True)
    events = json.loads(out.read_text())["traceEvents"]
    faults = collections.Counter(
        event["name"] for event in events
        if event["ph"] == "X" and event["cat"] == "fault")
    assert faults == collections.Counter(
        tracefile.fault_kind(record.kind) for record in run.records
        if record.name == "FAULT_END")

    # Spans of a track lie beside or within each other.
    tracks = collections.defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            start = round(event["ts"] * 1000)
            tracks[event["pid"]].append(
                (start, -round(event["dur"] * 1000), event["name"]))
    deepest = 0
    for spans in tracks.values():
        ends = []
        for start, minus, name in sorted(spans):
            while ends and ends[-1] <= start:
                ends.pop()
            assert not ends or start - minus <= ends[-1], name
            ends.append(start - minus)
            deepest = max(deepest, len(ends))
    assert deepest >= 2         # a fault within a system call

    machine = tracestate.Machine()
    for record in run.records:
        machine.apply(record)
    last = {event["name"]: event["args"]["n"] for event in events
            if event["ph"] == "C"}
    assert last == {"free frames": machine.free,
                    "promised pages": machine.promised}

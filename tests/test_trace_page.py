"""The page of a trace, in a real browser without a window.

The browser replays a trace in JavaScript (tools/trace_page/model.js). The
machine of a million events is that of synthetic_trace.py, which knows itself
what it has come to.
"""

import sys
import time

import pytest

import harness
import synthetic_trace

sys.path.insert(0, str(harness.ROOT / "tools"))

import browser  # noqa: E402
import tracepage  # noqa: E402

pytestmark = pytest.mark.skipif(
    not browser.command(),
    reason="there is no Chromium (make deps installs it)")

FOLDER = harness.BUILD / "trace-page"
FOLDER.mkdir(parents=True, exist_ok=True)
MILLION = 10**6


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


def page_figures(window):
    return window.evaluate("calf.view.model.figures()")


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

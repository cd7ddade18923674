"""cow, snapshot and forktree: the same file runs on Calf and on Linux, and
tells the same story. Root may see frames there, so that cow has it all.
"""

import os
import re
import subprocess

import pytest

import harness

USER = harness.DEBUG.parent / "user"
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="on Linux only root may see frame numbers")


def job(*command):
    return harness.Job("--", *command)


def on_linux(name, *arguments):
    done = subprocess.run([USER / name, *arguments], text=True, timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def on_calf(job):
    done = job.result()
    assert done.returncode == 0, harness.explain(done)
    return done.stdout.decode().replace("\r", "")


def side(cell):
    """What one process has: (letter, frame, mapped how often, value)."""
    words = cell.split()
    if len(words) < 6 and words[:1] != ["Z"]:
        assert words in ([], ["-"]), cell
        return None
    letter, frame, _, maps = words[:4]
    # The zero frame is everybody's; Linux does not count its entries.
    return letter, frame, "all" if letter == "Z" else maps, words[-1]


def steps(text):
    """The table of cow without what each kernel does in its own way: frame
    numbers (but not whether two are the same), letters, names of faults.
    """
    for line in text.splitlines():
        if not re.match(r"[ \d]\d ", line):
            continue
        what, parent, child, fault = line.split("|")
        sides = [side(parent), side(child)]
        same = all(sides) and sides[0][1] == sides[1][1]
        zero = [one and one[0] == "Z" for one in sides]
        yield (what.strip(), [one and one[2:] for one in sides], same, zero,
               fault.strip() if fault.strip() in ("", "none") else "fault")


@needs_root
@pytest.mark.parametrize("job", [job("cow")], ids=["cow"])
def test_cow(job):
    ours, theirs = list(steps(on_calf(job))), list(steps(on_linux("cow")))
    assert len(ours) == 17
    assert ours == theirs


@pytest.mark.parametrize("job, arguments", [
    (job("forktree", *arguments), arguments)
    for arguments in ([], ["4", "3"])], ids=["15", "121"])
def test_forktree(job, arguments):
    ours, theirs = on_calf(job), on_linux("forktree", *arguments)
    assert "0 foreign writes seen" in ours
    assert ours == theirs


def without_times(text):
    text = re.sub(r"\d+ [un]s\b", "TIME", text)
    return re.sub(r" \(frames gone: \d+\)", "", text)


@pytest.mark.parametrize("job", [job("snapshot", "512", "25")],
                         ids=["snapshot"])
def test_snapshot(job):
    """512 pages, of which 128 are written meanwhile: 128 copies."""
    ours = on_calf(job)
    assert "wrote 128 pages, 128 were copied" in ours
    assert without_times(ours) == without_times(on_linux("snapshot", "512",
                                                         "25"))

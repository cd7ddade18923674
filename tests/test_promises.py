"""The programs about promised memory tell one story, on Calf and on Linux.

On Linux with the distribution's kernel on a small machine; `make deps-linux`
fetches its image. What is too much is killed by the OOM killer, so those
figures are for a kernel that has one.
"""

import re

import pytest

import harness
from harness import BUILD, Job, LinuxJob, ROOT

HAS_KILLER = (ROOT / "kernel" / "oom.c").exists()
PERCENTS = (0, 1, 10, 50, 100)


def jobs(program, *arguments):
    path = BUILD / "user" / program
    yield pytest.param("calf", Job("--mem", "64M", "--", path, *arguments,
                                   timeout=120), id="calf")
    if harness.has_linux_image():
        yield pytest.param("linux", LinuxJob(
            "--mem", "128M", "--", path, *arguments, timeout=120), id="linux")


ROW = re.compile(r" *(\d+) % +(\d+) +(\d+|-) +(\d+|-) +(\d+|-) +"
                 r"(?:(\d+) %|-)  (.*)")


def check_fine(system, data, row):
    """One copy for each page written, and one frame for each copy."""
    percent, written, copied, frames, needed = map(
        lambda text: -1 if text == "-" else int(text), row.groups()[:5])
    assert written == data * percent // 100
    assert copied == written, row[0]
    assert frames == (written if system == "calf" else -1), row[0]
    assert needed == data + written


@pytest.mark.parametrize("system, job", jobs("snapshot", "story"))
def test_sizing_rule(system, job):
    done = job.result()
    text = done.stdout.decode()
    assert done.returncode == 0, harness.explain(done)
    free, data = map(int, re.match(
        r"(\d+) pages are free .* a database of (\d+),", text).groups())
    assert data == free // 2
    for mode in text.split("\nmode ")[1:]:
        rows = list(filter(None, map(ROW.fullmatch, mode.splitlines())))
        assert [int(row[1]) for row in rows] == list(PERCENTS)
        if mode.startswith("2 "):
            assert {row[7] for row in rows} == {"fork refused: Out of memory"}
            continue
        for row in rows[:-1]:
            assert row[7] == "fine", harness.explain(done)
            check_fine(system, data, row)
        # The rest: page tables, the programs, what only the kernel may have.
        if HAS_KILLER or system == "linux":
            assert rows[-1][7] == "save killed", harness.explain(done)
        if HAS_KILLER and system == "calf":
            assert 0 < free - data - int(rows[-1][3]) < free // 20
    assert re.search(rf"fitted: +{data + data // 2} of {free} pages$", text,
                     re.M)
    assert re.search(rf"did not: +{2 * data}$", text, re.M)


@pytest.mark.parametrize("system, job", jobs("overcommit"))
def test_three_policies(system, job):
    done = job.result()
    text = done.stdout.decode()
    assert done.returncode == 0, harness.explain(done)
    ram = int(re.match(r"RAM (\d+) MiB", text)[1])
    guess, always, never = text.split("\nmode ")[1:]
    for mode in (guess, always):
        had, wanted = map(int, re.search(
            r"killed \(signal 9\) after (\d+) of (\d+) MiB", mode).groups())
        assert 2 * ram - 1 <= wanted <= 2 * ram + 1
        assert ram // 2 < had <= ram
    # CommitLimit is four eighths; with the program itself there is room for
    # three blocks.
    assert never.strip().endswith(
        "refused: mmap of block 4 of 16: Out of memory")
    assert not re.search(r"resident +[1-9]", never)


@pytest.mark.parametrize("system, job", jobs("promises", "demo"))
def test_who_was_promised_what(system, job):
    done = job.result()
    text = done.stdout.decode()
    assert done.returncode == 0, harness.explain(done)
    rows = [list(map(int, row)) for row in re.findall(
        r"^ *\d+ promises +(\d+) +(\d+) +(\d+) +(\d+)$", text, re.M)]
    everything = [list(map(int, row)) for row in re.findall(
        r"^ *\d+ \w+ +(\d+) +(\d+) +(\d+) +(\d+)$", text, re.M)]
    parent, reader, half, whole = rows
    # The same promise, whatever became of it.
    assert reader[0] == half[0] == whole[0] > 4096
    assert reader[1] == half[1] == whole[1] > 4096
    # What a child has written it no longer shares.
    assert reader[2] - half[2] == 2048
    assert reader[2] - whole[2] == 4096
    # 1/4 and 1/3 of the first half; 1/3 of the second, or all of it.
    assert 1024 // 2 < reader[3] < half[3] < whole[3]
    total = list(map(int, re.search(
        r"all processes +(\d+) +(\d+) +(\d+) +(\d+)", text).groups()))
    assert total == [sum(column) for column in zip(*everything)]
    promised, rest = map(int, re.search(
        r"Committed_AS (\d+) KiB, of CommitLimit \d+ KiB; (\d+) KiB",
        text).groups())
    assert promised == total[0] + rest

"""The last line of "make test" tells the truth about every kind of end."""

import os
import subprocess
import sys

import pytest

import harness

ENDS = """
import pytest

def test_passes(): pass
def test_passes_too(): pass
def test_fails(): assert False
def test_skips(): pytest.skip("now")
@pytest.mark.skip(reason="from the start")
def test_marked(): assert False
@pytest.fixture
def broken():
    yield
    assert False
def test_breaks_afterwards(broken): pass
@pytest.mark.parametrize("n", [1, 2])
def test_many(n): assert n == 1
"""


@pytest.mark.parametrize("source, line, status", [
    (ENDS, "3 passed, 3 failed, 2 skipped", 1),
    ("def test_one(): pass", "1 passed, 0 failed", 0),
    ("import nothing_of_that_name", "0 passed, 1 failed", 2),
    ("import pytest; pytest.skip('', allow_module_level=True)",
     "0 passed, 0 failed, 1 skipped", 5),
], ids=["all", "one", "broken", "skipped"])
def test_last_line(source, line, status, tmp_path):
    (tmp_path / "test_ends.py").write_text(source)
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "-p", "conftest", tmp_path], cwd=tmp_path, text=True,
        capture_output=True, timeout=120,
        env=dict(os.environ, PYTHONPATH=str(harness.ROOT / "tests")))
    assert done.stdout.splitlines()[-1] == line, done.stdout + done.stderr
    assert done.returncode == status

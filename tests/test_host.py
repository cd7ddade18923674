"""Run parts of the kernel on this machine, under the sanitisers.

A test is a program tests/host/test_NAME.c. Its first comment names the kernel
files it is linked with: "host-test: kernel/lib/avl.c". It succeeds by ending
with status 0 and without a word from the sanitisers.
"""

import os
import re
import subprocess

import pytest

from harness import ROOT

COMPILER = os.environ.get("HOSTCC", "cc")
FLAGS = ["-std=gnu17", "-g", "-O1", "-Wall", "-Wextra", "-I.",
         "-DCALF_DEBUG=1", "-fsanitize=address,undefined",
         "-fno-sanitize-recover=all"]
SOURCES = sorted((ROOT / "tests" / "host").glob("test_*.c"))


def run(command):
    done = subprocess.run(command, cwd=ROOT, timeout=120, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, f"{command}\n{done.stdout}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_host(source, tmp_path):
    found = re.search(r"host-test:([^*\n]*)", source.read_text())
    assert found, f"{source.name}: there is no host-test: line"
    program = tmp_path / source.stem
    run([COMPILER, *FLAGS, "-o", program, source, *found[1].split()])
    run([program])

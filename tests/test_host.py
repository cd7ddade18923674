"""Run mm/ on this machine, under the sanitisers.

A test is a program tests/host/test_NAME.c, built by tests/host/host.mk with
each compiler there is. It succeeds by ending with status 0 and without a word
from the sanitisers.
"""

import os
import shutil
import subprocess

import pytest

from harness import MAKE_VARIABLES, ROOT

FOLDER = os.environ.get("BUILD", "build")
HOSTCC = os.environ.get("HOSTCC", "cc")
COMPILERS = sorted({HOSTCC} | ({"clang"} if shutil.which("clang") else set()))
NAMES = sorted(path.stem for path in (ROOT / "tests/host").glob("test_*.c"))


def run(command):
    # Not a part of the make that started us, if one did.
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(command, cwd=ROOT, timeout=300, text=True,
                          env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, f"{command}\n{done.stdout}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_host(name, compiler):
    program = f"{FOLDER}/host/{compiler}/{name}"
    run(["make", "-s", *MAKE_VARIABLES, f"O={FOLDER}", f"HOSTCC={HOSTCC}",
         program])
    run([os.path.join(ROOT, program)])

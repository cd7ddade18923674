"""Run mm/ on this machine, under the sanitisers.

A test is a program tests/host/test_NAME.c, built by tests/host/host.mk with
each compiler there is. It succeeds by ending with status 0 and without a word
from the sanitisers.
"""

import os
import shlex
import shutil
import subprocess

import pytest

from harness import MAKE_VARIABLES, ROOT, make_words

FOLDER = os.environ.get("BUILD", "build")
HOSTCC = os.environ.get("HOSTCC", "cc")
COMPILERS = sorted({HOSTCC} | ({"clang"} if shutil.which("clang") else set()))
NAMES = sorted(path.stem for path in (ROOT / "tests/host").glob("test_*.c"))


def outside_make():
    """Not a part of the make that started us, if one did."""
    return {name: value for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}


def run(command):
    done = subprocess.run(command, cwd=ROOT, timeout=300, text=True,
                          env=outside_make(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, f"{command}\n{done.stdout}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_host(name, compiler):
    program = f"{FOLDER}/host/{compiler}/{name}"
    run(["make", "-s", *MAKE_VARIABLES, f"O={FOLDER}", f"HOSTCC={HOSTCC}",
         program])
    run([os.path.join(ROOT, program)])


def test_variables_reach_an_inner_make():
    """What make was told, blanks and quotation marks and all."""
    said = ["PYTEST_ARGS=-k 'a or b'", 'APPEND=x="y z" back\\slash']
    done = subprocess.run(["make", "-n", "test-host", *said],
                          cwd=ROOT, env=outside_make(), text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    command = next(words for words in map(shlex.split,
                                          done.stdout.replace("\\\n", " ")
                                          .splitlines())
                   if "-m" in words and "pytest" in words)
    given = next(word for word in command if word.startswith("MAKE_VARIABLES"))
    assert set(said) <= set(make_words(given.partition("=")[2]))

"""Read tools.txt and look for each tool: shared by doctor and deps."""

import collections
import functools
import os
import re
import shutil
import subprocess

Tool = collections.namedtuple(
    "Tool", "need name least debian fedora arch purpose")


def table():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools.txt")
    with open(path, encoding="ascii") as file:
        lines = [line.split(None, 6) for line in file
                 if line.strip() and not line.startswith("#")]
    return [Tool(*fields[:6], fields[6].strip()) for fields in lines]


def version_output(command):
    """What the tool prints about itself, or None if it does not run."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace")


@functools.lru_cache
def test_python():
    """The Python that runs the tests: the first that has every module.

    Where none has, it is the one that the distribution's packages serve.
    """
    modules = [tool.name.partition(":")[2] for tool in table()
               if tool.name.startswith("python:")]
    pythons = ["/usr/bin/python3", "python3"]
    pythons = [python for python in pythons if shutil.which(python)]
    for python in pythons:
        if version_output([python, "-c", f"import {','.join(modules)}"]) == "":
            return python
    return pythons[0]


def find(tool):
    """The tool's version ("" if it has none), or None if it is not there."""
    kind, _, rest = tool.name.partition(":")
    if kind == "file":
        found = any(os.path.exists(path) for path in rest.split(","))
        return "" if found else None
    if kind == "python":
        code = f"import {rest}; print({rest}.__version__)"
        out = version_output([test_python(), "-c", code])
        found = out and re.fullmatch(r"[\d.]+\w*\s*", out)
        return out.strip() if found else None
    name = tool.name
    if name == "grub-mkrescue" and not shutil.which(name):
        name = "grub2-mkrescue"
    if not shutil.which(name):
        return None
    option = {"nasm": "-v", "spin": "-V"}.get(name, "--version")
    out = version_output([name, option])
    number = re.search(r"\d+\.\d+(\.\d+)*", out or "")
    return number[0] if number else ""


def new_enough(version, least):
    def numbers(text):
        return [int(part) for part in re.findall(r"\d+", text)]
    return least == "-" or not version or numbers(version) >= numbers(least)

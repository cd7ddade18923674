"""The bug museum is in order: "make test-bugs" then shows that it bites.

Every bug of tests/bugs/ has a page of the right form, is listed, names tests
that there are, and its patch still applies to the tree.
"""

import importlib.machinery
import importlib.util
import re
import shutil
import subprocess

import pytest

from harness import ROOT


def load_tool():
    path = str(ROOT / "tools" / "bugs")
    loader = importlib.machinery.SourceFileLoader("bugs", path)
    spec = importlib.util.spec_from_loader("bugs", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


tool = load_tool()
NAMES = sorted(patch.stem for patch in tool.BUGS.glob("*.patch"))


def test_each_page_has_a_patch():
    pages = {page.stem for page in tool.BUGS.glob("*.md")} - {"README"}
    assert pages == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_page(name):
    bug = tool.Bug(name)
    for test in bug.tests:
        folder, prefix = ("host", "test_") if test.startswith("host:") \
            else ("guest", "")
        source = f"{prefix}{test.removeprefix('host:')}.c"
        assert (ROOT / "tests" / folder / source).exists(), test
    assert re.fullmatch(r"I\d+|a panic", bug.caught_by) or \
        bug.caught_by in bug.tests
    row = rf"\| \[{name}\]\({name}\.md\) \| .* \| {bug.caught_by} \|"
    assert re.search(row, (tool.BUGS / "README.md").read_text()), \
        "README.md does not list it so"


@pytest.mark.skipif(not shutil.which("patch"), reason="there is no patch")
@pytest.mark.parametrize("name", NAMES)
def test_patch_applies(name):
    done = subprocess.run(
        ["patch", "-p1", "-f", "--dry-run", "-i", tool.Bug(name).patch],
        cwd=ROOT, text=True, stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == 0, done.stdout

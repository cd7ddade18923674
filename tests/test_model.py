"""The model of copy-on-write and TLB shootdown: right, and able to be wrong.

Spin goes through every order of events of tests/model/shootdown.pml. The
model as it is must hold; with each planted mistake there must be an order
that breaks it, at the assertion that the mistake is about.
"""

import subprocess

import pytest

import harness

# What goes wrong first, in the model's own words.
FREED = "refcount[tlb_frame[me]]>0"             # a frame is used that is free
COUNTS = "refcount[0]=="                        # I1, I2
SHARED = "!(pte_writable[0])&& !(pte_writable[1])"      # I4
STUCK = "invalid end state"                     # somebody waits for ever
SHOWS = {
    "LOCAL_FLUSH_ONLY": FREED,
    "FLUSH_BEFORE_PTE": FREED,
    "DROP_BEFORE_FLUSH": FREED,
    "NO_GENERATION": FREED,
    "PLAIN_REFCOUNT": COUNTS,
    "REUSE_OUTSIDE_LOCK": SHARED,
    "DEAF_LOCK": STUCK,
}


def model(*options):
    return subprocess.run([harness.ROOT / "tools" / "model", *options],
                          capture_output=True, text=True, timeout=900)


def test_the_list_is_whole():
    assert model("--list").stdout.split() == list(SHOWS)


def test_model_holds():
    done = model()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("bug", SHOWS)
def test_mistake_is_found(bug):
    done = model("--bug", bug)
    assert done.returncode == 1, done.stdout + done.stderr
    assert SHOWS[bug] in done.stdout.splitlines()[0]
    assert "  CPU " in done.stdout

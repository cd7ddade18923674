"""How the tests run: QEMUs two at a time, and a last line with the score."""

import concurrent.futures
import os
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))

import harness  # noqa: E402

executor = concurrent.futures.ThreadPoolExecutor(
    max_workers=max(2, (os.cpu_count() or 2) // 2))
outcome = {}        # test -> did every part of it pass?


def pytest_collection_finish(session):
    """Start the jobs of all selected tests, in the order of the tests."""
    if session.config.option.collectonly:
        return
    for item in session.items:
        for value in getattr(item, "callspec", None) and \
                item.callspec.params.values() or ():
            if isinstance(value, harness.Job):
                value.start(executor)


def pytest_sessionfinish():
    executor.shutdown(wait=True, cancel_futures=True)


def pytest_runtest_logreport(report):
    good = report.passed or (report.skipped and outcome.get(report.nodeid))
    if report.when == "setup" or not good:
        outcome[report.nodeid] = good


def pytest_collectreport(report):
    if report.failed:
        outcome[report.nodeid] = False


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    if not config.option.collectonly:
        passed = sum(map(bool, outcome.values()))
        print(f"{passed} passed, {len(outcome) - passed} failed", flush=True)

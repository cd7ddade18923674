"""How the tests run: QEMUs two at a time, and a last line with the score."""

import collections
import concurrent.futures
import os
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))

import harness  # noqa: E402

executor = concurrent.futures.ThreadPoolExecutor(
    max_workers=max(2, (os.cpu_count() or 2) // 2))
outcome = {}        # test -> "passed", "skipped" or "failed"


def pytest_collection_finish(session):
    """Start the jobs of all selected tests, in the order of the tests."""
    if session.config.option.collectonly:
        return
    for item in session.items:
        for job in jobs_of(item):
            job.start(executor)


def pytest_sessionfinish():
    executor.shutdown(wait=True, cancel_futures=True)


def jobs_of(item):
    call = getattr(item, "callspec", None)
    return [value for value in (call.params.values() if call else ())
            if isinstance(value, harness.Job)]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.when != "call":
        return
    for job in jobs_of(item):
        said = harness.settle_recording(job, report.passed)
        if said:
            report.sections.append(("recording", said))


def pytest_runtest_logreport(report):
    """A test has three parts; one that failed or was skipped decides."""
    if not report.passed or report.nodeid not in outcome:
        outcome[report.nodeid] = report.outcome


def pytest_collectreport(report):
    if not report.passed:
        outcome[report.nodeid] = report.outcome


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    if not config.option.collectonly:
        count = collections.Counter(outcome.values())
        skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
        print(f"{count['passed']} passed, {count['failed']} failed{skipped}",
              flush=True)

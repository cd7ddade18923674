"""Boot in all supported ways, and refuse to boot in the right words."""

import pytest

import harness

ACT = harness.ACT


def cases(table):
    return [pytest.param(job, *rest, id=name)
            for name, job, *rest in table]


@pytest.mark.parametrize("job", cases(
    (f"{boot}-{kind}", harness.Job("--boot", boot, "--no-program",
                                   kernel=kernel))
    for boot in ("bios", "uefi", "pvh")
    for kind, kernel in (("debug", harness.DEBUG),
                         ("release", harness.RELEASE))))
def test_boot_to_the_prompt(job):
    done = job.result()
    assert b"calf> " in done.stdout, harness.explain(done)
    assert done.returncode == 0, harness.explain(done)


@pytest.mark.parametrize("job", cases(
    (size, harness.Job("--mem", size, ACT, "say"))
    for size in ("16M", "17M", "64M", "3G", "5G", "16G")))
def test_memory_sizes(job):
    done = job.result()
    assert done.stdout == b"hello from a program\n", harness.explain(done)
    assert done.returncode == 0, harness.explain(done)


# The cpu, the memory, the archive or init is not there: the last line that
# tools/run prints tells which exit status the kernel gave.
REFUSALS = [
    ("no-long-mode", harness.Job("--cpu", "qemu64,-lm", ACT),
     "the CPU has no long mode", "long mode"),
    ("no-nx", harness.Job("--cpu", "qemu64,-nx", ACT),
     "the CPU has no NX bit", "NX"),
    ("no-initramfs", harness.Job("--initramfs", "", ACT),
     "there is no initramfs", "initramfs"),
    ("no-initramfs-bios", harness.Job("--boot", "bios", "--initramfs", "", ACT),
     "there is no initramfs", "initramfs"),
    ("no-init", harness.Job("--append", "init=/nonexistent", ACT),
     "there is no init, or it is not an executable", "/nonexistent"),
    ("little-memory", harness.Job("--mem", "4M", ACT),
     "there is too little memory", "memory"),
    ("very-little-memory", harness.Job("--mem", "3500K", ACT),
     "there is too little memory", "memory"),
]


@pytest.mark.parametrize("job, verdict, word", cases(REFUSALS))
def test_refusals(job, verdict, word):
    done = job.result()
    *log, last = done.stderr.decode(errors="replace").strip().split("\n")
    assert done.returncode == 125, harness.explain(done)
    assert last == f"tools/run: {verdict}", harness.explain(done)
    assert any(word in line for line in log), harness.explain(done)
    assert done.stdout == b"", harness.explain(done)


@pytest.mark.parametrize("job", cases(
    (cpu, harness.Job("--cpu", cpu, ACT, "say"))
    for cpu in ("qemu64", "max", "Nehalem", "max,-smap,-smep,-pge,-pdpe1gb")))
def test_cpu_models(job):
    done = job.result()
    assert done.stdout == b"hello from a program\n", harness.explain(done)
    assert done.returncode == 0, harness.explain(done)


# The firmware's table of CPUs is found in a different way by each loader.
@pytest.mark.parametrize("job, running", cases(
    [(f"{boot}-4", harness.Job("--boot", boot, "--smp", "4", ACT, "say"),
      "4 of 4") for boot in ("pvh", "bios", "uefi")] +
    [("maxcpus", harness.Job("--smp", "4", "--append", "maxcpus=2", ACT,
                             "say"), "2 of 4"),
     ("64", harness.Job("--smp", "64", "--mem", "512M", ACT, "say",
                        timeout=120), "64 of 64"),
     ("more-than-64", harness.Job("--smp", "66", "--append", "maxcpus=3", ACT,
                                  "say"), "3 of 66")]))
def test_cpus(job, running):
    done = job.result()
    log = done.stderr.decode(errors="replace")
    assert done.stdout == b"hello from a program\n", harness.explain(done)
    assert f"calf: {running} CPUs run\n" in log.replace("\r", ""), log
    assert done.returncode == 0, harness.explain(done)

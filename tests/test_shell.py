"""Scripts for the shell: busybox on Calf must do what it does on Linux.

Each script of tests/shell/ is run by the same busybox on both, in an empty
directory, with nothing else on PATH; the output must be the same.
"""

import os
import shutil
import subprocess

import pytest

import harness

BUSYBOX = next((path for path in ("/bin/busybox.static", "/bin/busybox",
                                  "/usr/bin/busybox")
                if os.path.exists(path)), None)
SCRIPTS = sorted((harness.ROOT / "tests" / "shell").glob("*.sh"))

pytestmark = pytest.mark.skipif(
    not BUSYBOX, reason="there is no busybox (make deps installs it)")


def shell(command, *options, **more):
    """A run of the shell's -c COMMAND with the whole image around it."""
    return harness.Job(*options, "--", "/bin/sh", "-c", command, **more)


def script_job(script, kernel=harness.DEBUG):
    return shell(f"mkdir /tmp/w; cd /tmp/w; . /{script.name}",
                 "--add", script, kernel=kernel, timeout=300)


def run_on_linux(script, folder):
    names = subprocess.run([BUSYBOX, "--list"], capture_output=True,
                           check=True, text=True).stdout.split()
    (folder / "bin").mkdir()
    for name in names:
        (folder / "bin" / name).symlink_to(BUSYBOX)
    (folder / "w").mkdir()
    # What is mounted is mounted for the script alone.
    alone = ["unshare", "-m"] if script.stem == "root" else []
    return subprocess.run(
        [*alone, BUSYBOX, "sh", "-c", f". {script}"], cwd=folder / "w",
        env={"PATH": str(folder / "bin"), "HOME": "/", "TERM": "linux"},
        stdin=subprocess.DEVNULL, capture_output=True, timeout=300)


@pytest.mark.parametrize("script, job", [
    pytest.param(script, script_job(script), id=script.stem)
    for script in SCRIPTS])
def test_script(script, job, tmp_path):
    reason = harness.why_not_as("mounts" if script.stem == "root" else None)
    if reason:
        pytest.skip(reason)
    here = run_on_linux(script, tmp_path)
    done = job.result()
    assert done.stdout.decode(errors="replace") == \
        here.stdout.decode(errors="replace"), harness.explain(done)
    assert done.returncode == here.returncode, harness.explain(done)


@pytest.mark.parametrize("job", [
    harness.Job("--no-program",
                stdin=b"echo $((6 * 7)) $HOME $PATH\nexit 3\n")],
    ids=["exit"])
def test_the_prompt(job):
    """What is typed is done; exit ends the machine with the shell's status."""
    done = job.result()
    assert b"calf> 42 / /bin\n" in done.stdout, harness.explain(done)
    assert done.returncode == 3, harness.explain(done)


def test_an_image_without_busybox(tmp_path):
    """It is made all the same, and says what it lacks."""
    done = subprocess.run(
        [harness.ROOT / "tools" / "mkinitramfs", "-o", tmp_path / "image",
         "--busybox", tmp_path / "nothing", f"/init={harness.ACT}"],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "no static busybox" in done.stdout
    assert b"busybox" not in (tmp_path / "image").read_bytes()


SYSRQ = shell("for key in m t x; do echo $key > /proc/sysrq-trigger; done")
CRASH = shell("echo c > /proc/sysrq-trigger")


@pytest.mark.parametrize("job", [SYSRQ], ids=["sysrq"])
def test_sysrq(job):
    done = job.result()
    log = done.stderr.decode(errors="replace")
    assert done.returncode == 0, harness.explain(done)
    for text in ("sysrq: Show Memory", "anonymous", "sysrq: Show State",
                 "R ", " init", "sysrq: HELP"):
        assert text in log, harness.explain(done)


@pytest.mark.parametrize("job", [CRASH], ids=["crash"])
def test_crash(job):
    done = job.result()
    assert done.returncode == 125, harness.explain(done)
    assert b"PANIC: sysrq triggered crash" in done.stderr, \
        harness.explain(done)


@pytest.mark.parametrize("says, job", [
    (says, shell(f"busybox {applet} -f; echo still here"))
    for applet, says in (("poweroff", b"reboot: Power down"),
                         ("halt", b"reboot: System halted"),
                         ("reboot", b"reboot: Restarting system"))],
    ids=["poweroff", "halt", "reboot"])
def test_the_end(says, job):
    """reboot(2), as busybox's applets call it."""
    done = job.result()
    assert says in done.stderr, harness.explain(done)
    assert done.stdout == b"", harness.explain(done)
    assert done.returncode == 0, harness.explain(done)


KMSG = shell("""
dmesg | grep -c 'calf: version'; echo hello > /dev/kmsg; dmesg | tail -n 1
dmesg -c > /dev/null; dmesg | wc -l
cat /dev/kmsg > /tmp/all & sleep 0.3; echo later > /dev/kmsg
until grep -q later /tmp/all; do sleep 0.1; done; kill $!; echo waited
dmesg -r
""")


@pytest.mark.parametrize("job", [KMSG], ids=["kmsg"])
def test_kernel_log(job):
    """syslog(2) as dmesg uses it, and a read of /dev/kmsg that waits."""
    done = job.result()
    assert done.stdout == b"1\nhello\n0\nwaited\n<6>later\n", \
        harness.explain(done)

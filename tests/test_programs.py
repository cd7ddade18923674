"""Programs of the distribution, as they are: what they print on Linux they
must print on Calf.

Shells and tools that Debian ships as static programs run from their packages;
SQLite and Lua are linked statically from their -dev packages with a small
main() of tests/distro/. What is not installed is skipped, with the package.
"""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

import harness
import test_shell

FOLDER = harness.ROOT / "tests" / "distro"
LIBRARIES = pathlib.Path("/usr/lib/x86_64-linux-gnu")


def link(name, library, header, *options):
    """Build tests/distro/NAME.c with a static library; None without it."""
    source = FOLDER / f"{name}.c"
    program = harness.BUILD / "tests" / "distro" / name
    if not (LIBRARIES / library).exists() or \
            not (pathlib.Path("/usr/include") / header).exists():
        return None
    if not program.exists() or \
            program.stat().st_mtime < source.stat().st_mtime:
        program.parent.mkdir(parents=True, exist_ok=True)
        static = [] if "-static-pie" in options else ["-static"]
        subprocess.run(["gcc", *static, "-O2", "-Wall", "-w", "-o", program,
                        source, LIBRARIES / library, *options],
                       check=True, capture_output=True)
    return str(program)


def which(name):
    return shutil.which(name, path="/bin:/usr/bin:/sbin:/usr/sbin")


# name: (the program, the package, its arguments, a file it reads)
PROGRAMS = {
    "bash": (which("bash-static"), "bash-static", ["/bash.sh"], "bash.sh"),
    "zsh": (which("zsh-static"), "zsh-static", ["-f", "/zsh.zsh"], "zsh.zsh"),
    "sash": (which("sash"), "sash", ["-c", "-pwd"], None),
    "e2fsck": (which("e2fsck.static"), "e2fsck-static", ["-V"], None),
    "gpgv": (which("gpgv-static"), "gpgv-static", ["--version"], None),
    "tini": (which("tini-static"), "tini",
             ["-s", "--", "/bin/sh", "-c",
              "sh -c '(sleep 0.2; echo orphan) & echo parent'; sleep 1; exit 4"],
             None),
    "sqlite": (link("sqlite", "libsqlite3.a", "sqlite3.h", "-lm"),
               "libsqlite3-dev", [], None),
    "pie": (link("pie", "libc.a", "stdio.h", "-static-pie", "-fPIE"),
            "libc6-dev", [], None),
    "lua": (link("lua", "liblua5.4.a", "lua5.4/lua.h", "-lm"),
            "liblua5.4-dev", ["/lua.lua"], "lua.lua"),
}


def cases():
    for name, (program, package, arguments, script) in PROGRAMS.items():
        if not program:
            yield pytest.param(name, f"package {package} is not installed",
                               id=name)
            continue
        add = ["--add", FOLDER / script] if script else []
        # A program on /bin, so that it may start itself.
        yield pytest.param(name, harness.Job(
            "--mem", "128M", *add, "--add",
            f"{os.path.realpath(program)}:/bin/{name}", "--", "/bin/sh", "-c",
            'cd /tmp; exec "$@" < /dev/null', "sh", f"/bin/{name}",
            *arguments, timeout=120), id=name)


def run_on_linux(name, folder):
    program, _, arguments, script = PROGRAMS[name]
    here = [str(FOLDER / script) if script and argument == f"/{script}"
            else argument for argument in arguments]
    (folder / name).symlink_to(os.path.realpath(program))
    return subprocess.run(
        [folder / name, *here], cwd=folder, timeout=120,
        env={"PATH": "/bin:/usr/bin", "HOME": "/", "TERM": "linux"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)


def plain(output, folder):
    """Without what may differ: where the program and its script are."""
    text = output.decode(errors="replace").replace(str(FOLDER), "")
    return text.replace(str(folder), "/bin")


@pytest.mark.parametrize("name, job", cases())
def test_program(name, job, tmp_path):
    if isinstance(job, str):
        pytest.skip(f"{name}: {job}")
    there = job.result()
    here = run_on_linux(name, tmp_path)
    assert plain(there.stdout, "/tmp") == plain(here.stdout, tmp_path), \
        harness.explain(there)
    assert there.returncode == here.returncode, harness.explain(there)


# Applets that no script of tests/shell/ runs, and why.
NOT_RUN = {}


def test_each_applet_is_run(capsys):
    """Of the applets in the image, or a reason is printed here."""
    if not test_shell.BUSYBOX:
        pytest.skip("there is no busybox (make deps installs it)")
    image = (harness.ROOT / "tools" / "mkinitramfs").read_text()
    left_out = re.search(r'LEFT_OUT = set\("""(.*?)"""', image, re.S)[1]
    names = subprocess.run([test_shell.BUSYBOX, "--list"], text=True,
                           capture_output=True, check=True).stdout.split()
    used = set(re.findall(r"[\w\[.-]+", "\n".join(
        script.read_text() for script in test_shell.SCRIPTS)))
    missing = set(names) - set(left_out.split()) - used
    with capsys.disabled():
        print()
        for name in sorted(missing):
            print(f"  not run: {name}: {NOT_RUN.get(name)}")
    assert not missing - set(NOT_RUN)

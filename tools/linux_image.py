"""The distribution's Linux kernel: where its image is, and fetching it.

The image is unpacked from its package; nothing is installed.
"""

import glob
import os
import re
import shutil
import subprocess
import tempfile

# Packages that need one with the image: Debian's for virtual machines,
# Debian's usual one, Ubuntu's for virtual machines.
PACKAGES = ("linux-image-cloud-amd64", "linux-image-amd64",
            "linux-image-virtual")


class Missing(Exception):
    """There is no image, and how to get one."""


def image(folder):
    found = sorted(glob.glob(os.path.join(folder, "vmlinuz*")))
    if not found:
        raise Missing(f"there is no Linux image in {folder}: "
                      "`make deps-linux` fetches it (Debian, Ubuntu); on "
                      "another system put a vmlinuz there")
    return found[-1]


def package_name():
    """The package with the image of the newest kernel of the distribution."""
    for package in PACKAGES:
        done = subprocess.run(["apt-cache", "depends", package],
                              stdout=subprocess.PIPE, encoding="utf-8",
                              stderr=subprocess.DEVNULL)
        match = re.search(r"Depends: (linux-image-\d\S*)", done.stdout)
        if match:
            return match[1]
    raise Missing("apt knows none of " + ", ".join(PACKAGES) +
                  "; `sudo apt-get update` may help")


def fetch(folder, who):
    if glob.glob(os.path.join(folder, "vmlinuz*")):
        print(f"{who}: {image(folder)} is already there")
        return
    for tool in ("apt-cache", "apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise Missing(f"{tool} is not here: this works on Debian and its "
                          "relatives; elsewhere put a vmlinuz into "
                          f"{folder}")
    os.makedirs(folder, exist_ok=True)
    package = package_name()
    print(f"{who}: downloading {package} into {folder}")
    done = subprocess.run(["apt-get", "download", "-q", package],
                          cwd=folder)
    found = glob.glob(os.path.join(folder, package + "_*.deb"))
    if done.returncode != 0 or not found:
        raise Missing(f"{package} could not be downloaded; "
                      "`sudo apt-get update` may help")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        subprocess.run(["dpkg-deb", "--extract", found[0], scratch],
                       check=True)
        images = glob.glob(os.path.join(scratch, "boot", "vmlinuz*"))
        if not images:
            raise Missing(f"{package} has no boot/vmlinuz")
        shutil.move(images[0], folder)
    os.unlink(found[0])
    print(f"{who}: {image(folder)}")

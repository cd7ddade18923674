"""Write cpio archives in the "newc" format, which Linux and Calf call an
initramfs. The same input always gives the same bytes: files are sorted, and
owner and time are zero."""

DIRECTORY = 0o040755
PROGRAM = 0o100755
SYMLINK = 0o120777


class Link(str):
    """A symbolic link among the files of an archive; the string is where it
    leads."""


def _member(number, name, mode, data):
    name = name.encode() + b"\0"
    header = "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X" % (
        number, mode, 0, 0, 2 if mode == DIRECTORY else 1, 0, len(data),
        0, 0, 0, 0, len(name), 0)
    out = header.encode() + name
    out += b"\0" * (-len(out) % 4)
    return out + data + b"\0" * (-len(data) % 4)


def archive(files):
    """The archive with these files, a dictionary from guest path to bytes or
    a Link."""
    entries = {path.strip("/"): (SYMLINK, data.encode())
               if isinstance(data, Link) else (PROGRAM, data)
               for path, data in files.items()}
    for path in list(entries):
        while "/" in path:
            path = path.rsplit("/", 1)[0]
            entries.setdefault(path, (DIRECTORY, b""))
    out, number = b"", 0
    for path in sorted(entries):
        number += 1
        out += _member(number, path, *entries[path])
    return out + _member(0, "TRAILER!!!", 0, b"")


def paths(data):
    """The paths in an archive, or in several that follow each other."""
    found, at = [], 0
    while data[at:at + 6] == b"070701":
        size = int(data[at + 54:at + 62], 16)
        name_size = int(data[at + 94:at + 102], 16)
        name = data[at + 110:at + 109 + name_size].decode()
        at += 110 + name_size + -(110 + name_size) % 4
        at += size + -size % 4
        if name != "TRAILER!!!":
            found.append("/" + name)
    return found

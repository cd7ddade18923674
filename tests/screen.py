"""A machine with a screen: boot it, press its keys, read what it shows.

The screen is QEMU's, which writes it to a file when asked (screendump), so no
display is needed here. Text is recognised by comparing with the font.
"""

import importlib.machinery
import importlib.util
import io
import json
import os
import re
import shutil
import socket
import subprocess
import time

import pexpect

import harness
from test_terminal import plain_output

ROOT = harness.ROOT
FONT_FILE = harness.DEBUG.parent / ".font"      # its name, from the Makefile
INITRAMFS = harness.DEBUG.parent / "initramfs.cpio"
FIRMWARE = ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd")
SECONDS = int(os.environ.get("SECONDS", 60))
PROMPT = "calf> "


def load_mkfont():
    loader = importlib.machinery.SourceFileLoader(
        "mkfont", str(ROOT / "tools" / "mkfont"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("mkfont", loader))
    loader.exec_module(module)
    return module


def font_path():
    return FONT_FILE.read_text().strip() if FONT_FILE.exists() else ""


class Font:
    def __init__(self):
        self.width, self.height, glyphs, characters = \
            load_mkfont().read_font(font_path())
        size = (self.width + 7) // 8 * self.height
        self.characters = {}
        self.known = {}             # what cells of the screen look like
        for number, codes in enumerate(characters):
            glyph = bytes(glyphs[number * size:(number + 1) * size])
            # Of characters that look the same, the one that is used most.
            known = self.characters.get(glyph, "\uffff")
            self.characters[glyph] = min([known, *map(chr, codes)])


class Picture:
    """What the screen shows: a PPM file of QEMU's."""

    def __init__(self, data):
        magic, size, depth, self.pixels = data.split(b"\n", 3)
        assert (magic, depth) == (b"P6", b"255")
        self.width, self.height = map(int, size.split())

    def pixel(self, x, y):
        at = 3 * (y * self.width + x)
        return int.from_bytes(self.pixels[at:at + 3], "big")

    def bits(self, x, y, width, height, ground):
        """Rows of bytes: a bit is set where it is not of the @ground."""
        rows = bytearray()
        for row in range(height):
            value = 0
            for column in range(width):
                value = value << 1 | (
                    self.pixel(x + column, y + row) != ground)
            rows.append(value << (-width % 8))
        return bytes(rows)

    def character(self, font, row, column):
        """What stands there; what was seen before is not worked out again."""
        x, y = column * font.width, row * font.height
        starts = (3 * (line * self.width + x)
                  for line in range(y, y + font.height))
        look = b"".join(self.pixels[start:start + 3 * font.width]
                        for start in starts)
        if look not in font.known:
            font.known[look] = self.recognise(font, x, y)
        return font.known[look]

    def recognise(self, font, x, y):
        # The ground may be at the corner, or the ink.
        plain = self.bits(x, y, font.width, font.height, self.pixel(x, y))
        inverse = bytes(byte ^ 0xff for byte in plain)
        if not any(plain):
            return " "
        return font.characters.get(plain) or \
            font.characters.get(inverse, "\N{REPLACEMENT CHARACTER}")

    def text(self, font, rows, columns):
        """The lines of the console, without the blanks at their ends."""
        return ["".join(self.character(font, row, column)
                        for column in range(columns)).rstrip()
                for row in range(rows)]


KEYS = {" ": "spc", "\n": "ret", "-": "minus", ".": "dot", "/": "slash",
        ";": "semicolon", "'": "apostrophe", ",": "comma", "=": "equal",
        "[": "bracket_left", "]": "bracket_right", "\\": "backslash",
        "`": "grave_accent"}
SHIFTED = {"&": "7", "$": "4", "|": "\\", ">": ".", "<": ",", '"': "'",
           "(": "9", ")": "0", "!": "1", "_": "-", "*": "8", "?": "/",
           ":": ";", "+": "=", "{": "[", "}": "]", "~": "`", "%": "5",
           "@": "2", "#": "3", "^": "6"}


class Machine:
    def __init__(self, scratch, boot="pvh", memory="64M", append="",
                 initramfs=INITRAMFS, can_exit=True):
        socket_path = f"{scratch}/qmp.sock"
        command = ["-M", "pc", "-cpu", "max,-erms", "-m", memory,
                   "-nodefaults", "-no-reboot", "-nic", "none",
                   "-display", "none", "-vga", "std",
                   "-serial", "stdio",
                   "-qmp", f"unix:{socket_path},server=on,wait=off"]
        # Without this device and with -no-shutdown the last screen stays.
        command += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"] \
            if can_exit else ["-no-shutdown"]
        self.scratch = scratch
        self.child = pexpect.spawn(
            os.environ.get("QEMU", "qemu-system-x86_64"),
            command + self.boot_options(boot, append, initramfs),
            timeout=SECONDS, echo=False, encoding="utf-8",
            codec_errors="replace",
            preexec_fn=plain_output)
        self.child.delaybeforesend = None
        self.child.logfile_read = self.transcript = io.StringIO()
        self.qmp = socket.socket(socket.AF_UNIX)
        while self.qmp.connect_ex(socket_path) != 0:
            assert self.child.isalive()
            time.sleep(0.01)
        self.answers = self.qmp.makefile("r")
        self.ask("qmp_capabilities")

    def boot_options(self, boot, append, initramfs):
        if boot == "pvh":
            return ["-kernel", str(harness.DEBUG), "-initrd", str(initramfs),
                    "-append", append]
        iso = f"{self.scratch}/calf.iso"
        subprocess.run([ROOT / "tools" / "mkiso", "-o", iso, "--append",
                        append, harness.DEBUG, initramfs], check=True)
        if boot == "bios":
            return ["-cdrom", iso]
        code = next(filter(os.path.exists, FIRMWARE))
        shutil.copy(code.replace("CODE", "VARS"), f"{self.scratch}/vars.fd")
        return ["-cdrom", iso,
                "-drive", f"if=pflash,format=raw,readonly=on,file={code}",
                "-drive",
                f"if=pflash,format=raw,file={self.scratch}/vars.fd"]

    def ask(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        self.qmp.sendall(json.dumps(request).encode() + b"\n")
        for line in self.answers:
            answer = json.loads(line)
            assert "error" not in answer, answer
            if "return" in answer:
                return answer["return"]
        raise AssertionError("QEMU has ended")

    def press(self, *keys):
        """Keys at the same time, by QEMU's names for them."""
        self.ask("send-key", **{"hold-time": 1}, keys=[
            {"type": "qcode", "data": key} for key in keys])
        time.sleep(0.005)           # until they are up again

    def type(self, text):
        """On the keyboard, not on the serial line."""
        for character in text:
            if character in SHIFTED:
                key = SHIFTED[character]
                self.press("shift", KEYS.get(key, key))
            elif character.isupper():
                self.press("shift", character.lower())
            else:
                self.press(KEYS.get(character, character))

    def wait(self, text):
        """Until it comes over the serial line, which shows the same."""
        self.child.expect_exact(text)
        return self.child.before

    def run(self, command):
        """A command typed on the keyboard; what it prints."""
        # The mark is not what is typed, so its echo cannot be taken for it.
        self.type(command + "; echo do''ne=$?\n")
        printed = self.wait("done=").replace("\r", "")
        self.wait(PROMPT)
        return printed.split("\n", 1)[1]

    def picture(self):
        path = f"{self.scratch}/screen.ppm"
        self.ask("screendump", filename=path)
        with open(path, "rb") as file:
            return Picture(file.read())

    def picture_when(self, is_right, seconds=SECONDS):
        """The screen is drawn a little later; a machine that hangs fails."""
        limit = time.monotonic() + seconds
        while True:
            picture = self.picture()
            if is_right(picture) or time.monotonic() > limit:
                return picture
            time.sleep(0.05)

    def close(self):
        self.child.close(force=True)

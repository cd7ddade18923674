"""A browser without a window, told what to do by Chromium's DevTools protocol.

    with browser.Browser() as page:
        page.open("file:///...")
        page.evaluate("document.title")

Commands go through a pipe as JSON, so there is no port and no library. What
the page complains about is kept in .complaints.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

COMMANDS = ("chromium-headless-shell", "chromium", "chromium-browser",
            "google-chrome")


# The browser reads descriptor 3 and writes descriptor 4.
LAUNCHER = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3]]
for number, end in enumerate(ends, 3):
    os.dup2(end, number)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class Failure(Exception):
    """The browser, or the page in it, does not do what it was told."""


def command():
    """The browser of this machine, or None."""
    return next(filter(None, map(shutil.which, COMMANDS)), None)


class Browser:
    def __init__(self, width=1280, height=800, timeout=60):
        self.size, self.timeout = (width, height), timeout
        self.complaints = []
        self.last_id, self.answers, self.events = 0, {}, []
        self.buffer = b""

    def __enter__(self):
        name = command()
        if not name:
            raise Failure("there is no Chromium; make deps installs it")
        self.profile = tempfile.TemporaryDirectory(
            prefix="calf-browser-", ignore_cleanup_errors=True)
        to_it, self.commands = os.pipe()
        self.messages, from_it = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(to_it), str(from_it),
             name, "--headless",
             # Its sandbox does not work for root; it opens our pages only.
             "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--remote-debugging-pipe",
             "--force-color-profile=srgb", "--no-first-run",
             f"--user-data-dir={self.profile.name}",
             "--window-size={},{}".format(*self.size)],
            pass_fds=[to_it, from_it], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        os.close(to_it)
        os.close(from_it)
        self.session = None
        try:
            self._attach()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _attach(self):
        target = self.send("Target.createTarget", url="about:blank")
        self.session = self.send("Target.attachToTarget", flatten=True,
                                 targetId=target["targetId"])["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")
        self.resize(*self.size)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.commands)
        os.close(self.messages)
        self.profile.cleanup()

    # ---- The protocol ----

    def send(self, method, **parameters):
        """Send a command; return the answer to it."""
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.commands, data):]
        end = time.monotonic() + self.timeout
        while self.last_id not in self.answers:
            self._receive(end, method)
        answer = self.answers.pop(self.last_id)
        if "error" in answer:
            raise Failure(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _receive(self, end, what):
        left = end - time.monotonic()
        if left <= 0 or not select.select([self.messages], [], [], left)[0]:
            raise Failure(f"no answer to {what} in {self.timeout} seconds")
        data = os.read(self.messages, 1 << 20)
        if not data:
            raise Failure("the browser has ended")
        *whole, self.buffer = (self.buffer + data).split(b"\0")
        for text in whole:
            self._message(json.loads(text))

    def _message(self, message):
        if "id" in message:
            self.answers[message["id"]] = message
            return
        method, facts = message["method"], message["params"]
        self.events.append(method)
        if method == "Runtime.exceptionThrown":
            details = facts["exceptionDetails"]
            self.complaints.append(details.get("exception", details).get(
                "description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and \
                facts["type"] in ("error", "warning", "assert"):
            self.complaints.append(" ".join(
                str(part.get("value", part)) for part in facts["args"]))
        elif method == "Log.entryAdded" and \
                facts["entry"]["level"] in ("error", "warning"):
            self.complaints.append(facts["entry"]["text"])

    # ---- What a user does ----

    def resize(self, width, height):
        self.send("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, theme):
        """Be set to "dark" or "light"."""
        self.send("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": theme}])

    def open(self, address):
        self.send("Page.navigate", url=address)

    def evaluate(self, expression):
        """The value of an expression in the page."""
        answer = self.send("Runtime.evaluate", expression=expression,
                           returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Failure(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, expression):
        """Wait until the expression is true; return it."""
        end = time.monotonic() + self.timeout
        while time.monotonic() < end:
            value = self.evaluate(expression)
            if value:
                return value
            time.sleep(0.05)
        raise Failure(f"{expression}: not in {self.timeout} seconds; "
                      f"{self.complaints}")

    def key(self, name, shift=False):
        text = {"text": name} if len(name) == 1 else {}
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=name,
                      modifiers=8 if shift else 0,
                      **(text if kind == "keyDown" else {}))

    def mouse(self, kind, x, y, **more):
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", clickCount=1,
                       buttons=1 if kind == "mousePressed" else 0)

    def screenshot(self):
        """What there is to see, as a PNG."""
        return base64.b64decode(
            self.send("Page.captureScreenshot", format="png")["data"])

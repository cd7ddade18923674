"""The page that replays a trace: made as one HTML file, or served live.

The page is put together from tools/trace_page/: HTML, CSS and plain
JavaScript. The records of the trace are in it, compressed; the browser unpacks
them. Nothing is loaded from elsewhere.
"""

import base64
import errno
import http.server
import json
import os
import pathlib
import signal
import zlib

import tracefile

PAGE = pathlib.Path(__file__).resolve().parent / "trace_page"
SCRIPTS = ("records.js", "model.js", "story.js", "draw.js", "closeup.js",
           "page.js")
BLOCK_RECORDS = 65536
LOCAL = "127.0.0.1"


# ---- Records for the browser -----------------------------------------------

def block(data):
    """Records as the page wants them: byte 0 of all, byte 1 of all ...

    Neighbouring records are alike, so their bytes compress far better in this
    order. (records.js)
    """
    size = tracefile.RECORD_BYTES
    return zlib.compress(b"".join(data[n::size] for n in range(size)), 6)


def raw_records(file, most=BLOCK_RECORDS):
    """The next whole records of an open trace: bytes, b"" at its end."""
    if file.tell() == 0:
        tracefile.check_header(file.read(tracefile.RECORD_BYTES))
    at = file.tell()
    data = file.read(most * tracefile.RECORD_BYTES)
    whole = len(data) // tracefile.RECORD_BYTES * tracefile.RECORD_BYTES
    file.seek(at + whole)
    return data[:whole]


def meta(title, **more):
    """What the page must know of the kernel's source, to tell the events."""
    known = tracefile.events()
    events = [None] * (max(known) + 1)
    for event in known.values():
        events[event.number] = {"name": event.name, "klass": event.klass,
                                "sentence": event.sentence}
    return {
        "title": title,
        "events": events,
        "frame_kinds": tracefile.enum_names("mm/frame.h", "frame_kind"),
        "fault_kinds": tracefile.enum_names("mm/fault.h", "fault_kind"),
        "fault_results": tracefile.enum_names("mm/fault.h", "fault_result"),
        "syscalls": {number: call[0] for number, call
                     in tracefile.syscalls().items()},
        "errnos": {**errno.errorcode, 512: "ERESTARTSYS"},
        "signals": {number.value: number.name for number in signal.Signals},
        **more,
    }


# ---- The page --------------------------------------------------------------

def _fill(template, parts):
    for name, text in parts.items():
        mark = f"<!--{name}-->"
        assert template.count(mark) == 1, name
        template = template.replace(mark, text)
    return template


def page_around_blocks(facts):
    """The page's text, before and after the place of the blocks."""
    scripts = "\n".join((PAGE / name).read_text() for name in SCRIPTS)
    # "</" would end the script in the middle of a string.
    facts = json.dumps(facts, separators=(",", ":")).replace("</", "<\\/")
    text = _fill((PAGE / "page.html").read_text(), {
        "style": f"<style>\n{(PAGE / 'page.css').read_text()}</style>",
        "meta": f'<script type="application/json" id="meta">{facts}</script>',
        "scripts": f"<script>\n{scripts}</script>",
    })
    before, after = text.split("<!--blocks-->")
    return before, after


def write_page(trace, out, title):
    """Make one HTML file of the trace in the open file, in parts."""
    before, after = page_around_blocks(meta(title))
    out.write(before)
    while data := raw_records(trace):
        out.write('<script type="text/plain" class="block">')
        out.write(base64.b64encode(block(data)).decode())
        out.write("</script>\n")
    out.write(after)


# ---- Live ------------------------------------------------------------------

class Handler(http.server.BaseHTTPRequestHandler):
    """GET / is the page, GET /events?N the records from number N on."""

    def answer(self, kind, body, state):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Calf-Run", state)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path, _, number = self.path.partition("?")
        # Asked first: what comes after "ended" is nothing.
        state = "ended" if self.server.is_over() else "running"
        if path == "/":
            facts = meta(self.server.title, live=True)
            page = "".join(page_around_blocks(facts)).encode()
            self.answer("text/html; charset=utf-8", page, state)
        elif path == "/events" and number.isdecimal():
            self.answer("application/octet-stream",
                        self.records_from(int(number)), state)
        else:
            self.send_error(404)

    def records_from(self, count):
        size = tracefile.RECORD_BYTES
        try:
            with open(self.server.trace, "rb") as file:
                if os.fstat(file.fileno()).st_size < size:
                    return b""
                raw_records(file, 0)
                file.seek((1 + count) * size)
                data = raw_records(file)
        except FileNotFoundError:
            return b""
        return block(data) if data else b""

    def log_message(self, *_):
        """A page asks three times a second; nobody wants to read that."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, trace, title, port=0, is_over=lambda: False):
        super().__init__((LOCAL, port), Handler)
        self.trace, self.title, self.is_over = trace, title, is_over

    @property
    def address(self):
        return f"http://{LOCAL}:{self.server_address[1]}/"

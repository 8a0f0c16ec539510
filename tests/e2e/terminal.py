"""A program at a terminal of its own, for tests: what it shows, and what a person types."""
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from peers import die_with_parent
from started import SOON


def _take_terminal():
    """A session of its own with standard input as its terminal, so that Ctrl-C works."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    die_with_parent()


class Terminal:
    """`kwaainet WORDS` at a terminal of that width; killed when the block ends."""

    def __init__(self, home, *words, columns=80, rows=24, env=None):
        self.ours, theirs = pty.openpty()
        self.shown = ""
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [home.program, *map(str, words)], cwd=home.work,
            env=home.environment({"TERM": "xterm", **(env or {})}), stdin=theirs, stdout=theirs,
            stderr=theirs, preexec_fn=_take_terminal)
        os.close(theirs)

    def resize(self, columns, rows=24):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.ours, text.encode())

    @property
    def text(self):
        """Without what moves the cursor, a blank for every break of a line."""
        return " ".join(self.plain.split())

    @property
    def plain(self):
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.shown.replace("\r\n", "\n"))

    def read(self, deadline):
        """What comes until then; False when nothing does any more."""
        if not select.select([self.ours], [], [], max(0, deadline - time.monotonic()))[0]:
            raise TimeoutError(self.shown)
        with contextlib.suppress(OSError):  # the other end is closed
            if more := os.read(self.ours, 65536):
                self.shown += more.decode(errors="replace")
                return True
        return False

    def wait(self, part, deadline=SOON, begin=0):
        """Until `part` was shown, breaks of lines not counted; where it ends in `text`."""
        until = time.monotonic() + deadline
        while part not in self.text[begin:]:
            if not self.read(until):
                raise EOFError(f"ended without {part!r}: {self.shown}")
        return self.text.index(part, begin) + len(part)

    def ended(self, deadline=SOON):
        until = time.monotonic() + deadline
        while self.read(until):
            pass
        return self.process.wait(SOON)

    def interrupt(self):
        """Ctrl-C, as a person types it."""
        self.type("\x03")
        return self.ended()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(SOON)
        os.close(self.ours)

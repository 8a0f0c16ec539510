"""The clock that a test shares with whole programs (tests/clock), and moves on as it likes."""
import ctypes
import os
import tempfile
import time
from pathlib import Path

SECOND = 1_000_000_000  # nanoseconds
OURS, OTHERS = 1, 0  # machines: each may sleep, or have its time of day set


class Clock:
    """Seconds since it was made; it flows, and leaps while it is let go.

    After so many real seconds it goes no further.
    """

    def __init__(self, module, bound):
        self._end = time.monotonic() + bound
        self._folder = tempfile.TemporaryDirectory(prefix="clock-")
        self.module, self.file, self.leaps = module, Path(self._folder.name) / "clock", 0
        self._library = library = ctypes.CDLL(str(module))
        for name, result, *arguments in (
                ("open", ctypes.c_void_p, ctypes.c_char_p),
                ("now", ctypes.c_int64, ctypes.c_void_p),
                ("unix", ctypes.c_int64, ctypes.c_void_p, ctypes.c_uint),
                ("leap", None, ctypes.c_void_p, ctypes.c_int64),
                ("slept", None, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int64),
                ("set", None, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int64),
                ("go", ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)):
            function = getattr(library, f"kn_vc_{name}")
            function.restype, function.argtypes = result, arguments
        self._clock = library.kn_vc_open(os.fsencode(self.file))
        if not self._clock:
            raise OSError(f"no clock at {self.file}")
        self._began = library.kn_vc_now(self._clock)

    def environment(self, machine=OTHERS):
        """What puts a program on that machine."""
        return {"LD_PRELOAD": str(self.module), "KN_CLOCK": str(self.file),
                "KN_CLOCK_MACHINE": str(machine)}

    def now(self):
        return (self._library.kn_vc_now(self._clock) - self._began) / SECOND

    def time_of_day(self, machine=OTHERS):
        """Seconds since 1970, as that machine has it."""
        return self._library.kn_vc_unix(self._clock, machine) / SECOND

    def begin_at(self, moment):
        """The time of day of all machines, before anybody has looked at it."""
        ahead = int((moment - time.time()) * SECOND)
        for machine in (OURS, OTHERS):
            self._library.kn_vc_set(self._clock, machine, ahead)

    def set(self, machine, seconds):
        """Somebody sets its time of day forward, or back."""
        self._library.kn_vc_set(self._clock, machine, int(seconds * SECOND))

    def go(self, until):
        """Let it leap to that moment wherever nobody has anything to do."""
        left = max(0, self._end - time.monotonic())
        leaps = self._library.kn_vc_go(self._clock, self._began + int(until * SECOND),
                                       int(left * 1000))
        if leaps < 0:
            raise TimeoutError(f"the real time is over; {self.now():.0f} s of {until:.0f}")
        self.leaps += leaps

    def sleep(self, machine, seconds):
        """That machine sleeps; its programs must be stopped."""
        self.go(self.now() + seconds)
        self._library.kn_vc_slept(self._clock, machine, int(seconds * SECOND))

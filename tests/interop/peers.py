"""Starts peers and speaks their contract; see README.md."""
import ctypes
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INSTALLED = Path(os.environ.get("KN_ORACLE", ROOT / "build" / "oracle"))
HIVEMIND = os.environ.get("KN_HIVEMIND", "hivemind")  # or hivemind-old
ECHO = "/kwaainet/echo/1.0.0"  # sends back what it gets, until the end of the stream
DEADLINE = 30  # seconds until an answer counts as missing
OTHERS = ("go", "rust")  # libp2p, of which Debian has no tool chains
OPTIONAL = (*OTHERS, "petals")  # and 6 GB
OLDER = "hivemind-old"
SKIPPED = 77  # the exit status that ctest knows as "not run"
PR_SET_PDEATHSIG = 1

KEYS = json.loads((HERE / "keys.json").read_text())["keys"]


class Refused(Exception):
    """A peer answered that it could not."""


def die_with_parent():
    """For preexec_fn: this process is killed when the one that started it ends."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def fork_guard():
    """Goes on in a child that outlives this process, to clean up when the test is killed: it sees
    the end of its input, and another parent. A signal to the test's group does not reach it."""
    child = os.fork()
    if child:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os.setsid()


def installed(kind):
    return (INSTALLED / f"{kind}.stamp").exists()


def require(*kinds):
    """Leave, as skipped (in continuous integration as failed), unless these are installed."""
    for kind in kinds:
        kind = HIVEMIND if kind == "hivemind" else kind
        if not installed(kind):
            print(f"no real {kind} peer here: run tools/peers {kind}")
            needed = os.environ.get("CI") == "true" and kind not in (*OPTIONAL, OLDER)
            sys.exit(1 if needed else SKIPPED)


def require_server():
    """What a test of a server of blocks needs, whose first argument is a program or "petals"."""
    require("hivemind", *(["petals"] if sys.argv[1:2] == ["petals"] else []))


def as_hivemind():
    """Go on as the Python of hivemind, which has MessagePack and cryptography."""
    python = INSTALLED / HIVEMIND / "bin" / "python"
    if Path(sys.prefix).resolve() != (INSTALLED / HIVEMIND).resolve():
        os.execv(python, [str(python), *sys.argv])


def command(kind):
    """The words that start a peer of that kind."""
    python = INSTALLED / HIVEMIND / "bin" / "python"
    words = {"p2pd": [sys.executable, HERE / "p2pd.py"],
             "swarm": [python, HERE / "swarm.py"],
             "js": ["node", "--preserve-symlinks-main", "--import", HERE / "js" / "older.mjs",
                    INSTALLED / "js" / "peer.mjs"],
             "petals": [python, HERE / "petals_server.py"],
             "petals-client": [python, HERE / "petals_client.py"],
             "go": ["env", f"KN_KEYS={HERE / 'keys.json'}", INSTALLED / "go" / "peer"],
             "rust": ["env", f"KN_KEYS={HERE / 'keys.json'}", INSTALLED / "rust" / "peer"]}[kind]
    return [str(word) for word in words]


class Peer:
    """A process that prints {"id", "addrs"} and then answers each command with one line."""

    def __init__(self, *words, deadline=DEADLINE, **options):
        self._deadline, self._lines = deadline, queue.Queue()
        self.process = subprocess.Popen(
            [str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=die_with_parent, **options)  # pylint: disable=subprocess-popen-preexec-fn
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.ready = self._next()
        except BaseException:
            self.stop()
            raise
        self.id, self.addrs = self.ready["id"], self.ready["addrs"]

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def _next(self):
        try:
            line = self._lines.get(timeout=self._deadline)
        except queue.Empty:
            raise TimeoutError(f"{self.process.args} is silent") from None
        if not line:
            raise EOFError(f"{self.process.args} ended with {self.process.wait(self._deadline)}")
        return json.loads(line)

    def ask(self, do, **fields):
        """The answer to a command; raises Refused with the peer's reason."""
        self.process.stdin.write(json.dumps({"do": do, **fields}).encode() + b"\n")
        self.process.stdin.flush()
        answer = self._next()
        if not answer["ok"]:
            raise Refused(answer["error"])
        return answer

    @property
    def addr(self):
        return self.addrs[0]

    def stop(self):
        """Closes its input, which ends it; kills it when that does not help."""
        self.process.stdin.close()
        try:
            return self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def start(kind, *words, **options):
    return Peer(*command(kind), *words, **options)


def eventually(ask, seconds=10):
    """Asks again until the answer is true: for what a peer does in its own time."""
    end = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < end:
        time.sleep(0.02)
    return answer


def answer_commands(handlers):
    """The loop of a driver: commands on standard input, {"ok": …} for each on standard output."""
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.perf_counter()
        try:
            answer = {"ok": True, **(handlers[asked.pop("do")](**asked) or {})}
        except Exception as error:  # pylint: disable=broad-exception-caught
            answer = {"ok": False, "error": str(error) or type(error).__name__}
        answer.setdefault("ms", round((time.perf_counter() - began) * 1000, 2))
        say(answer)


def say(answer):
    print(json.dumps(answer), flush=True)

"""The built program in a private home and working folder, for the tests in this folder."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

DEADLINE = 60  # seconds until a run counts as hanging
DONE, FAILED, USAGE, CONFIGURATION = 0, 1, 2, 78
NOBODY = 65534
TEMPORARY = re.compile(r"\.(.+)\.kwaainet-[a-z2-7]{6}")  # what a killed save leaves behind

PEER = "/ip4/1.2.3.4/tcp/8000/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"


class Home:
    """A folder with work/, home/, tmp/ and a copy of the program that every user may run."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="e2e-")
        self.root = Path(self._folder.name).resolve()
        self.root.chmod(0o755)
        self.work, self.home, self.tmp = (self.root / name for name in ("work", "home", "tmp"))
        for folder in (self.work, self.home, self.tmp):
            folder.mkdir()
        self.program = self.root / "kwaainet"
        shutil.copy(PROGRAM, self.program)
        self.program.chmod(0o755)
        self.config = self.work / "node_config.yaml"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def environment(self, extra=None):
        return {"HOME": str(self.home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                "TMPDIR": str(self.tmp), "NO_COLOR": "1", "HF_HUB_OFFLINE": "1", **(extra or {})}

    def start(self, *words, env=None, **options):
        words = [self.program, *(words[0].split() if len(words) == 1 else words)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(words, cwd=self.work, env=self.environment(env),
                                stdin=subprocess.DEVNULL, **options)

    def run(self, *words, **options):
        """(exit status, standard output, standard error); one text is split at its spaces."""
        with self.start(*words, **options) as child:
            try:
                out, err = child.communicate(timeout=DEADLINE)
            except BaseException:
                child.kill()
                raise
        return child.returncode, (out or b"").decode(), (err or b"").decode()

    def shell(self, script, *words, **options):
        """The same through sh, where "$@" is the program and its words."""
        done = subprocess.run(["sh", "-c", script, "sh", self.program, *words], cwd=self.work,
                              env=self.environment(), stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE,
                              **options)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def listing(self):
        """Every file below the folders with its bytes: what must not change."""
        return {path.relative_to(self.root): path.read_bytes() for path in self.root.rglob("*")
                if path.is_file() and path != self.program}


class Case(unittest.TestCase):
    """A test with a home of its own."""

    def setUp(self):
        self.h = Home()
        self.addCleanup(self.h._folder.cleanup)

    def expect(self, got, status, *parts):
        """The exit status, and texts that stand on either output."""
        text = got[1] + got[2]
        self.assertEqual(got[0], status, text)
        self.assertNotRegex(text, "Sanitizer|runtime error")
        flat = " ".join(text.split())
        for part in parts:
            self.assertIn(part, flat)
        return got


def main():
    global PROGRAM
    if len(sys.argv) < 2:
        sys.exit(f"usage: {Path(sys.argv[0]).name} PROGRAM [TEST…]")
    PROGRAM = Path(sys.argv.pop(1)).resolve()
    unittest.main(module="__main__", verbosity=0)


PROGRAM = None

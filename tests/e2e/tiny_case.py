"""A home with the tiny model in it, and a second one to look from; for tests of served blocks."""
import json
import shutil
import time
from pathlib import Path

import program
from program import DONE
from started import SOON

TINY = Path(__file__).resolve().parent.parent / "vectors" / "petals" / "tiny"


class TinyCase(program.Case):
    def setUp(self):
        super().setUp()
        self.second = program.Home()
        self.addCleanup(self.second._folder.cleanup)
        self.model = self.h.home / "tiny"
        shutil.copytree(TINY, self.model)
        for file in self.model.iterdir():
            file.chmod(0o600)

    def status(self):
        return json.loads(self.expect(self.h.run("status --json"), DONE)[1])

    def coverage(self, node, model="tiny-hf"):
        """Its blocks, as the second home reads them."""
        got = self.expect(self.second.run("network", "coverage", model, "--json", "--bootstrap",
                                          node.address), DONE)
        return json.loads(got[1])["blocks"]

    def until(self, told):
        """Asked again until it is so."""
        end = time.monotonic() + SOON
        while not told():
            self.assertLess(time.monotonic(), end)

#!/usr/bin/env python3
"""Settings of a server that a reload changes, as a client of Petals and the server's books see it.

usage: test_limits.py PROGRAM [TEST…]
"""
import json

import peers

if __name__ == "__main__":
    peers.require_server()
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import blocks
import served
import tiny


class Passes(served.Case):
    def ask(self, words):
        status, out, err = self.server.home.run(words)
        self.assertEqual(status, 0, err)
        return json.loads(out)

    def set(self, **performance):
        self.server.home.config.write_text("performance:\n" + "".join(
            f"  {key}: {value}\n" for key, value in performance.items()))
        self.assertTrue(self.ask("reload --json")["ok"])

    def passes(self):
        """That one step of a client takes."""
        before = self.ask("status --json")["serving"]["passes"]
        with self.stream() as stream:
            got = stream.run(blocks.step(tiny.uids(0, tiny.BLOCKS), self.hidden, max_length=16))
            self.check_logits(got)
            self.assertTrue(stream.end())
        return self.ask("status --json")["serving"]["passes"] - before

    def test_an_activation_that_is_too_large_is_computed_in_parts(self):
        self.assertEqual(self.passes(), 1)
        self.set(max_chunk_bytes="1KiB")
        self.assertEqual(self.passes(), len(self.ids))
        self.set(max_chunk_bytes="256MiB")
        self.assertEqual(self.passes(), 1)


if __name__ == "__main__":
    served.main()

#!/usr/bin/env python3
"""What clients of Petals say to a server, and hear: recorded sessions, and generation of a text.

usage: test_blocks.py PROGRAM [TEST…]       PROGRAM: the built kwaainet, or the word petals
"""
import ast
import asyncio
import os
import time

import peers

if __name__ == "__main__":
    peers.require("hivemind")
    peers.as_hivemind()

# pylint: disable=wrong-import-position
from hivemind.p2p import P2P, P2PDaemonError, PeerID
from hivemind.proto import runtime_pb2
from hivemind.utils import MSGPackSerializer

import blocks
import served
import tiny
from blocks import ERROR, HANDLER, MESSAGE, NO_FLOATS, NO_IDS, Failed, tensor
from p2pd import read_prefixed
from wire import fields, first, from_base58, message, prefixed

# Requests that are answered otherwise than Petals does, by the words of their cases: it reads cache
# that nobody wrote, and has no text for metadata that is none.
ON_PURPOSE = {"start_from_position beyond the prefix (accepted: reads cache never written)",
              "metadata is not msgpack"}
# What an error must name: the value that is wrong, or its bound.
NAMED = {"max_length above the server's limit": "100000", "max_length missing": "max_length",
         "uid not served": "tiny-hf.7", "more tokens than max_length, second step": "3",
         "hypo_ids not int64": "int64", "adapter unknown": "nope", "unary: uid not served": "x.0"}
NOT_HERE = {"uid not served": (b"tiny-hf.3", b"tiny-hf.7")}  # the recorded server had two blocks


class Replay(served.Case):
    """Frames of a client as they were recorded, and the answers to them."""

    def replay(self, frames, case="", method="rpc_inference"):
        with self.stream(method) as stream:
            for one in frames:
                if one["dir"] == "c2s" and "hex" in one:
                    stream.send(bytes.fromhex(one["hex"]).replace(*NOT_HERE.get(case, (b"", b"")))
                                if case in NOT_HERE else bytes.fromhex(one["hex"]))
                elif "eof" in one:
                    self.assertIsNone(stream.read())
                elif one["dir"] == "s2c" and self.check_frame(stream, one["hex"], case):
                    return

    def check_frame(self, stream, text, case):
        """True: that was the last one."""
        want = bytes.fromhex(text)
        if case in ON_PURPOSE and not served.is_original():
            self.assertNotEqual(self.refused(stream), "")
            return True
        if want[:1] == ERROR:
            self.check_error(self.refused(stream), blocks.error_text(want[9:]), case)
            return True
        marker, got = stream.read()
        self.assertEqual(marker, MESSAGE, got)
        if "beyond" not in case:  # what was in its memory
            self.check_response(got, want[9:])
        return False

    def check_error(self, got, want, case):
        """The same refusal; in the same words from Petals."""
        if served.is_original():
            if case in NOT_HERE:
                want = want.replace(*(name.decode() for name in NOT_HERE[case]))
            self.assertEqual(got, want)
        self.assertTrue(got or case in ON_PURPOSE, "an error without a text")
        self.assertIn(NAMED.get(case, ""), got)

    def check_recorded(self, name):
        for number, session in enumerate(tiny.recorded(name)["sessions"]):
            with self.subTest(f"{name} {number}"):
                self.replay(session["frames"])

    def check_info(self, name):
        for case in tiny.recorded(name)["cases"]:
            asked = bytes.fromhex(case["request"])
            with self.subTest(case["uid"]):
                if "error" in case:
                    with self.assertRaisesRegex(Failed, case["uid"]):
                        self.call("rpc_info", asked)
                    continue
                got = blocks.unpack(first(fields(self.call("rpc_info", asked)), 1))
                want = blocks.unpack(bytes.fromhex(case["info_msgpack"]))
                self.assertEqual(list(got), list(want))
                self.assertRegex(got["version"], r"^\d+\.\d+\.\d+")
                self.assertGreater(got["cache_tokens_available"], 0)
                for key in set(got) - {"version", "cache_tokens_available"}:
                    self.assertEqual(got[key], want[key], key)


class Session:
    """A session through hivemind's own interface, found through the swarm alone."""

    def __init__(self, p2p, peer, start, end):
        self.p2p, self.peer, self.uid = p2p, peer, tiny.uids(start, end)
        self.asked, self.answers, self.position = asyncio.Queue(), None, 0
        self.id = os.urandom(8).hex()

    async def requests(self):
        while (one := await self.asked.get()) is not None:
            yield one

    async def step(self, hidden, step_id):
        told = {"step_id": step_id, "start_from_position": self.position}
        if not self.answers:
            told.update(max_length=64, session_id=self.id, points=0.0, active_adapter=None)
        sent = blocks.request(self.uid, (tensor(hidden, "float32"), NO_FLOATS, NO_IDS), told)
        await self.asked.put(runtime_pb2.ExpertRequest.FromString(sent))
        if not self.answers:
            self.answers = await self.p2p.iterate_protobuf_handler(
                self.peer, HANDLER + "rpc_inference", self.requests(),
                runtime_pb2.ExpertResponse)
        answer = await asyncio.wait_for(self.answers.__anext__(), blocks.ANSWER)
        self.position += hidden.shape[1]
        return blocks.Tensor(answer.tensors[0].SerializeToString()).array

    async def end(self):
        """What came after the last answer. Petals closes before it has read the end of the
        requests, which a client then cannot write: now and then that ends its program."""
        await self.asked.put(runtime_pb2.ExpertRequest())
        await self.asked.put(None)
        try:
            return [one async for one in self.answers]
        except (BrokenPipeError, ConnectionResetError):
            if not served.is_original():
                raise
            return []


class Generation:
    """A client that has the embedding and the head, on hivemind's own P2P."""

    def generate(self, spans=((0, tiny.BLOCKS),), times=1):
        """The tokens that come out of that many generations at once."""
        async def one(p2p, prompt, count):
            peer = PeerID(from_base58(self.server.id))
            sessions = [Session(p2p, peer, *span) for span in spans]
            ids, out = prompt, []
            for number in range(count):
                hidden = self.ends.embed(ids)
                for session in sessions:
                    hidden = await session.step(hidden, f"step {number}")
                ids = [int(self.ends.logits(hidden)[0, -1].argmax())]
                out += ids
            for session in sessions:
                self.assertEqual(await session.end(), [])
            return out

        async def run():
            known = tiny.recorded("generate")
            p2p = await P2P.create(initial_peers=[self.swarm.addr], dht_mode="client",
                                   nat_port_map=False)
            try:
                await self.check_schema(p2p)
                return await asyncio.gather(*(one(
                    p2p, known["token_ids"], len(known["generated"])) for _ in range(times)))
            finally:
                await p2p.shutdown()

        return asyncio.run(asyncio.wait_for(run(), 60))

    async def ask_info(self, p2p):
        """Asks until the client's own daemon knows the bootstrap, through which it finds others."""
        until = time.monotonic() + blocks.ANSWER
        while True:
            try:
                info = await p2p.call_protobuf_handler(
                    PeerID(from_base58(self.server.id)), HANDLER + "rpc_info",
                    runtime_pb2.ExpertUID(uid=tiny.uids(0, 1)), runtime_pb2.ExpertInfo)
                return MSGPackSerializer.loads(info.serialized_info)
            except P2PDaemonError as error:
                if "in table" not in str(error) or time.monotonic() > until:
                    raise
                await asyncio.sleep(0.05)

    async def check_schema(self, p2p):
        arguments, _ = (await self.ask_info(p2p))["inference_schema"]
        self.assertEqual([len(one.size) for one in arguments], [4, 1, 1])
        self.assertEqual(arguments[0].size[3], tiny.HIDDEN)

    def check(self, **how):
        want = tiny.recorded("generate")["generated"]
        for got in self.generate(**how):
            self.assertEqual(got, want)

    def test_the_expected_tokens_come_out(self):
        self.check()

    def test_they_come_out_of_two_sessions_in_a_row(self):
        self.check(spans=((0, 1), (1, tiny.BLOCKS)))

    def test_they_come_out_of_eight_generations_at_once(self):
        self.check(times=8)


class Float32(Generation, Replay):

    def test_the_sessions_of_a_client_are_answered_as_petals_does(self):
        for name in ("rpc_inference", "rpc_inference_more"):
            self.check_recorded(name)

    def test_forward_is_answered_as_petals_does(self):
        for case in tiny.recorded("rpc_forward")["cases"]:
            with self.subTest(case["what"]):
                method = case["proto"].removeprefix(HANDLER)
                if "frames" in case:
                    self.replay(case["frames"], method=method)
                elif method == "rpc_backward" and not served.is_original():
                    with self.assertRaisesRegex(Failed, "."):
                        self.call(method, bytes.fromhex(case["request"]))
                else:
                    self.check_response(self.call(method, bytes.fromhex(case["request"])),
                                        bytes.fromhex(case["reply"]))

    def test_what_petals_refuses_is_refused_with_a_text(self):
        for case in tiny.recorded("errors")["cases"]:
            with self.subTest(case["what"]):
                if "frames" in case:
                    self.replay(case["frames"], case["what"])
                    continue
                with self.assertRaises(Failed) as caught:
                    self.call(case["proto"].removeprefix(HANDLER), bytes.fromhex(case["request"]))
                inner = case["error"].removeprefix("P2PHandlerError(")[:-1]
                self.check_error(str(caught.exception), ast.literal_eval(inner), case["what"])

    def test_hidden_states_between_the_blocks_are_those_of_petals(self):
        known, at = tiny.recorded("block_float32"), 0
        streams = [self.stream() for _ in range(tiny.BLOCKS)]
        for step in known["steps"]:
            count = step["tokens"]
            hidden = self.hidden[:, at:at + count]
            for block, stream in enumerate(streams):
                hidden = stream.run(blocks.step(tiny.uids(block, block + 1), hidden,
                                                max_length=16, start_from_position=at))
                self.assert_close(hidden, tiny.numbers(step["hidden"][block + 1], *hidden.shape))
            at += count
        self.assertEqual(at, len(self.ids))

    def test_it_says_of_itself_what_petals_does(self):
        self.check_info("rpc_info")

    def test_what_another_server_pushes_is_answered_on_the_stream(self):
        known = tiny.recorded("rpc_push")
        frames = [bytes.fromhex(one["hex"]) for one in known["client"][1]["frames"]
                  if "hex" in one]
        stream = self.stream()
        stream.send(frames[0])
        self.check_response(stream.answer(), frames[1][9:])
        self.assertEqual(self.call("rpc_push", bytes.fromhex(known["pushes"][0]["request"])), b"")
        self.check_response(stream.answer(), frames[2][9:])
        self.assertTrue(stream.end())

    def test_what_it_computes_is_pushed_to_the_next(self):
        pushed = []

        def receive(channel):
            asked = fields(read_prefixed(channel))
            pushed.append(first(fields(first(asked, 3)), 3))
            answer = message((1, first(asked, 1)), (4, b"\x0a\x00"))
            channel.sendall(prefixed(answer))

        self.caller.serve(HANDLER + "rpc_push", receive)
        stream = self.stream()
        stream.run(blocks.step(tiny.uids(0, 2), self.hidden[:, :2], max_length=16,
                               session_id="mine", step_id="a"))
        given = stream.run(blocks.step(
            tiny.uids(0, 2), self.hidden[:, 2:3], step_id="b", session_id="mine",
            next_servers=((self.caller.id, "theirs", 2, 4),)))
        self.assertTrue(peers.eventually(lambda: pushed))
        got = fields(pushed[0])
        self.assertEqual(first(got, 1).decode(), tiny.uids(2, 4))
        told = blocks.unpack(first(got, 3))
        self.assertEqual((told["session_id"], told["step_id"], told["pushed"],
                          list(told["next_servers"])), ("theirs", "b", True, []))
        self.assertEqual(len(got[2]), 3)
        self.assert_close(blocks.Tensor(got[2][0]).array, given)
        self.assertTrue(stream.end())


class Bfloat16(Generation, Replay):
    """The same numbers with 16 bits."""

    dtype = "bfloat16"

    def test_it_says_of_itself_what_petals_does(self):
        self.check_info("rpc_info_bf16")

    def test_the_sessions_of_a_client_are_answered_as_petals_does(self):
        self.check_recorded("rpc_inference_bf16")


class Float16OnTheWire(Generation, Replay):
    """Petals' --compression FLOAT16."""

    compression = "FLOAT16"

    def test_it_says_of_itself_what_petals_does(self):
        self.check_info("rpc_info_f16wire")

    def test_the_sessions_of_a_client_are_answered_as_petals_does(self):
        self.check_recorded("rpc_inference_f16wire")


if __name__ == "__main__":
    served.main()

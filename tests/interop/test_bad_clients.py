#!/usr/bin/env python3
"""A server of blocks before clients that are wrong, greedy, slow or dead.

usage: test_bad_clients.py PROGRAM [TEST…]       PROGRAM: the built kwaainet, or the word petals

Each test also fails where the server afterwards does not serve the next client (served.Case).
"""
import random
import struct
import time

import peers

if __name__ == "__main__":
    peers.require_server()
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import numpy

import blocks
import served
import tiny
from blocks import END, HANDLER, MESSAGE, NO_FLOATS, NO_IDS, Failed, frame, request, step, tensor
from p2pd import P2pd
from wire import message

WHOLE = tiny.uids(0, tiny.BLOCKS)
LENGTH = 16  # tokens of a session, where nothing else is said
TOKENS = 2048  # of a long one
MANY, IDLE, RANDOM, SEED = 200, 100, 60, 6
CROWD, OF_ONE = 1000, 250  # sessions at once, and those of one client
FEW = 50  # that Petals takes at once: more wait in a queue of the system, which has an end
FREED = 1.0  # seconds until the cache of a killed client is free
QUIET = 1.0  # seconds without a byte read that count as full
FLOOD = 512 << 20  # bytes that nobody keeps for a client that does not read
GROWTH = 192 << 20  # of the server's memory meanwhile
PART, PARTS = 60 << 20, 16  # bytes of a message that never ends, and how many of them
# What one client may have the server hold, as much that a sanitizer keeps of what was freed, and
# what comes with it.
HELD = 2 * (256 << 20) + GROWTH

HIDDEN = numpy.linspace(-1, 1, 2 * tiny.HIDDEN).reshape(1, 2, tiny.HIDDEN).astype("<f4")
NUMBERS = HIDDEN.tobytes()

# Names that no server has, and those that Petals would take: the blocks are not in a row.
NOT_SERVED = ["", " ", "tiny-hf", "tiny-hf.", "tiny-hf.4", "tiny-hf.-1", "tiny-hf.0x1", "other.0",
              "tiny-hf.99999999999999999999", "tiny-hf.0\0", "tiny-hf.3 tiny-hf.4", "\u00e4.0",
              "a" * 100000, " ".join(["tiny-hf.9"] * 1000)]
NOT_IN_A_ROW = ["tiny-hf.0 tiny-hf.2", "tiny-hf.1 tiny-hf.0", "tiny-hf.0 tiny-hf.0",
                "tiny-hf.0  tiny-hf.1", " ".join(["tiny-hf.0"] * 1000)]

# Hidden states that are none, for two tokens.
NOT_HIDDEN = {
    "a buffer that is too short": tensor(HIDDEN, buffer=NUMBERS[:-4]),
    "a buffer that is too long": tensor(HIDDEN, buffer=NUMBERS + bytes(4)),
    "no buffer": tensor(HIDDEN, buffer=None),
    "no size": tensor(HIDDEN, size=()),
    "two dimensions": tensor(HIDDEN, size=(2, 64)),
    "four dimensions": tensor(HIDDEN, size=(1, 1, 2, 64)),
    "a hundred dimensions": tensor(HIDDEN, size=(1,) * 98 + (2, 64)),
    "another width": tensor(HIDDEN, size=(1, 4, 32)),
    "a size beyond all memory": tensor(HIDDEN, size=(2**31, 2**31, 64)),
    "a size that wraps to the right one": tensor(HIDDEN, size=(2**32 - 1, 2**32 - 2, 64)),
    "more tokens than numbers": tensor(HIDDEN, size=(1, 2**32 - 1, 64)),
    "no such type": tensor(HIDDEN, dtype="float32", **{"size": (1, 2, 64)}).replace(
        b"float32", b"float99"),
    "no such compression": tensor(HIDDEN) + message((5, 99)),
    "compressed in a way that is not read": tensor(HIDDEN) + message((5, 5)),
    "an index of quantiles without its numbers": tensor(HIDDEN) + message((5, 3)),
    "no tensor": b"\xff\xff\xff",
}
ALSO_NOT_HIDDEN = {  # Petals takes them
    "a batch of nothing": tensor(HIDDEN, size=(0, 2, 64), buffer=None),
    "whole numbers": tensor(HIDDEN.astype("<i8"), "int64"),
}
NOT_FINITE = {"not a number": numpy.nan, "infinity": numpy.inf}

# What a first request may not say of its session.
NOT_A_SESSION = [{"max_length": value} for value in (
    None, -1, 2**63, 2**64 - 1, -2**63, "16", 1e9, served.LONGEST + 1, [16])] + [
    {"max_length": LENGTH, **more} for more in (
        {"points": "many"}, {"active_adapter": "nobody"}, {"start_from_position": "x"})]
NOT_POSITIONS = [-1, -2**62, 2**63, 1, LENGTH]
# Odd, and either refused or answered. After some of them Petals answers nobody, now and then.
ODD_SESSIONS = [{"max_length": LENGTH, **more} for more in (
    {"session_id": 5}, {"session_id": "s" * 100000}, {"step_id": [1, {}]}, {"points": 1e308},
    {"points": -1}, {"active_adapter": 5}, {"args_structure": 5},
    {"args_structure": ((b"__T9",), {})}, {"alloc_timeout": -1.0}, {"alloc_timeout": "x"},
    {"next_servers": 5}, {"next_servers": [["x", "y", 0, 99]]},
    {"pushed": True}, {"unknown": {"deep": [[[[]]]]}}, {"start_from_position": 0.0})] + [
    {"max_length": True}, {"max_length": 2.5}, {"max_length": 0}]
HARMFUL = [{"max_length": LENGTH, "alloc_timeout": float("inf")},
           {"max_length": LENGTH, "points": float("nan")}]
NOT_METADATA = [b"\xc1", b"\x81", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff\x01",
                b"\xdb\xff\xff\xff\xff" + b"a", b"\x91" * 100000 + b"\xc0", b"\x05", b"\xa1a",
                b"\x81\x01\x02" * 2, b"\xc7\xff\x40", b"\xd6\x40\xff\xff\xff\xff"]

# Frames that are none; the stream is not ended behind them.
NOT_FRAMES = {
    "no such marker": b"\x02" + bytes(8),
    "a length beyond all memory": MESSAGE + struct.pack(">Q", 2**63),
    "all bits of a length": MESSAGE + b"\xff" * 8,
    "more than one message may have": MESSAGE + struct.pack(">Q", 2**30) + bytes(1000),
    "no message": frame(b"\xff" * 20),
    "a tensor longer than its message": frame(b"\x12\xff\xff\xff\xff\x0f"),
}


class BadClients(served.Case):
    def refusal(self, stream):
        """The text with which the stream ends; None: without. Answers before it do not matter."""
        while got := stream.read():
            if got[0] == blocks.ERROR:
                text = blocks.error_text(got[1])
                self.assertIsNone(stream.read(), "more after an error")
                return text
        return None

    def assert_refused(self, *requests):
        """With a text where it is ours: a client that hears none waits."""
        with self.stream() as stream:
            stream.ask(*requests)
            stream.send(END)
            text = self.refusal(stream)
        if not served.is_original():
            self.assertTrue(text, "no text")
        return text or ""

    def assert_answered_or_refused(self, *requests):
        with self.stream() as stream:
            stream.ask(*requests, b"")
            stream.send(END)
            self.refusal(stream)

    def assert_call_refused(self, method, asked):
        with self.assertRaises((Failed, EOFError)) as caught:
            self.call(method, asked)
        if not served.is_original():
            self.assertIsInstance(caught.exception, Failed)
            self.assertTrue(str(caught.exception), "no text")

    def each(self, check, rows, *more):
        """Does that for the rows of a table one by one; `more` where the server is ours."""
        for table in (rows, *(() if served.is_original() else more)):
            for row in table:
                with self.subTest(str(row)[:60]):
                    check(table[row] if isinstance(table, dict) else row)

    # -- what is asked for

    def test_blocks_that_are_not_served_are_refused(self):
        def check(uid):
            self.assert_refused(step(uid, HIDDEN, max_length=LENGTH))
            self.assert_call_refused("rpc_forward", request(uid, (tensor(HIDDEN), NO_FLOATS)))

        self.each(check, NOT_SERVED, NOT_IN_A_ROW)

    def test_a_second_session_of_one_id_is_refused(self):
        first = self.stream()
        asked = {"max_length": LENGTH, "session_id": "one"}
        first.run(step(WHOLE, HIDDEN, **asked))
        self.assert_refused(step(WHOLE, HIDDEN, **asked))
        first.run(step(WHOLE, HIDDEN, step_id="b"))  # the first one goes on
        self.assertTrue(first.end())
        again = self.stream()  # and the id is free
        again.run(step(WHOLE, HIDDEN, **asked))
        self.assertTrue(again.end())

    def test_two_clients_may_use_one_step_id(self):
        streams = [self.stream() for _ in range(2)]
        for stream in streams:
            stream.run(step(WHOLE, HIDDEN, max_length=LENGTH, step_id="same"))

    def test_sessions_that_cannot_be_are_refused(self):
        def check(told):
            self.assert_refused(step(WHOLE, HIDDEN, **told))

        self.each(check, NOT_A_SESSION)

    def test_odd_sessions_do_no_harm(self):
        def check(told):
            self.assert_answered_or_refused(step(WHOLE, HIDDEN, **told))

        self.each(check, [], ODD_SESSIONS, HARMFUL)

    def test_metadata_that_is_none_is_refused(self):
        def check(data):
            self.assert_refused(request(WHOLE, (tensor(HIDDEN), NO_FLOATS, NO_IDS), data))

        self.each(check, NOT_METADATA)

    def test_positions_that_cannot_be_are_refused(self):
        def check(position):
            self.assert_refused(
                step(WHOLE, HIDDEN, max_length=LENGTH, start_from_position=position))

        self.each(check, [], NOT_POSITIONS)

    def test_more_tokens_than_the_session_has_are_refused(self):
        ten = numpy.zeros((1, 10, tiny.HIDDEN))
        self.assert_refused(step(WHOLE, ten, max_length=9))
        self.assert_refused(step(WHOLE, ten, max_length=LENGTH, step_id="a"),
                            step(WHOLE, ten, step_id="b"))

    # -- tensors

    def test_hidden_states_that_are_none_are_refused(self):
        def check(hidden):
            self.assert_refused(step(WHOLE, hidden, max_length=LENGTH))
            self.assert_call_refused("rpc_forward", request(WHOLE, (hidden, NO_FLOATS)))

        self.each(check, NOT_HIDDEN, ALSO_NOT_HIDDEN)

    def test_numbers_that_are_not_finite_are_refused(self):
        def check(number):
            hidden = HIDDEN.copy()
            hidden[0, 1, 5] = number
            self.assert_refused(step(WHOLE, hidden, max_length=LENGTH))

        self.each(check, {}, NOT_FINITE)

    def test_prompts_that_do_not_fit_are_refused(self):
        def check(size):
            prompts = tensor(numpy.ones(size), "float32")
            self.assert_refused(step(WHOLE, HIDDEN, prompts, max_length=LENGTH))

        self.each(check, [(3, 1, 2, 64), (4, 1, 2, 63), (4, 2, 2, 64), (64,)])

    def test_ids_of_rows_that_do_not_exist_are_refused(self):
        def check(ids):
            self.assert_refused(
                step(WHOLE, HIDDEN, max_length=LENGTH, step_id="a"),
                step(WHOLE, HIDDEN, ids=tensor(ids, "int64"), step_id="b"))

        self.each(check, [[1], [-2], [2**62]], [[-1], [0, 0], [[0]]])

    def test_a_batch_that_changes_is_refused(self):
        self.assert_refused(step(WHOLE, HIDDEN, max_length=LENGTH, step_id="a"),
                            step(WHOLE, numpy.repeat(HIDDEN, 3, 0), step_id="b"))

    def test_a_request_with_too_few_or_too_many_tensors_does_no_harm(self):
        def check(count):
            tensors = (tensor(HIDDEN), NO_FLOATS, NO_IDS, *[NO_FLOATS] * 997)[:count]
            self.assert_answered_or_refused(request(WHOLE, tensors,
                                                    {"max_length": LENGTH}))
            if count != 2:
                try:
                    self.call("rpc_forward", request(WHOLE, tensors))
                except Failed as error:
                    self.assertTrue(str(error) or served.is_original())

        self.each(check, [1, 2, 4, 1000])

    # -- frames

    def test_frames_that_are_none_end_the_stream(self):
        def check(data):
            with self.stream() as stream:
                stream.send(data)
                if not served.is_original():  # which waits for the rest
                    self.refusal(stream)

        self.each(check, NOT_FRAMES)

    def test_a_client_that_goes_away_in_a_frame_is_forgotten(self):
        whole = frame(step(WHOLE, HIDDEN, max_length=LENGTH))

        def check(size):
            self.stream().send(whole[:size])

        self.each(check, [0, 1, 5, 9, 10, len(whole) - 1, len(whole)])

    def test_steps_after_the_end_are_not_computed(self):
        with self.stream() as stream:
            stream.run(step(WHOLE, HIDDEN, max_length=LENGTH, step_id="a"))
            stream.ask(b"", step(WHOLE, HIDDEN, step_id="b"))
            stream.send(END)
            self.assertIsNone(stream.read())

    def test_what_comes_after_the_end_of_the_requests_does_no_harm(self):
        with self.stream() as stream:
            stream.ask(step(WHOLE, HIDDEN, max_length=LENGTH))
            stream.send(END + frame(step(WHOLE, HIDDEN)) + bytes(1000))
            stream.answer()
            self.refusal(stream)

    def test_random_bytes_do_no_harm(self):
        made = random.Random(SEED)
        whole = frame(step(WHOLE, HIDDEN, max_length=LENGTH))
        for _ in range(RANDOM):
            spoilt = bytearray(whole)
            for _ in range(made.randrange(1, 4)):
                spoilt[made.randrange(9, len(spoilt))] = made.randrange(256)
            with self.stream() as stream:
                stream.send(bytes(spoilt) + END)
                self.refusal(stream)

    # -- the other calls

    def test_a_method_that_is_not_there_is_not_agreed_on(self):
        with self.assertRaises(peers.Refused):
            self.caller.stream(self.server.id, HANDLER + "rpc_nothing")

    def test_a_call_that_is_too_large_is_refused(self):
        hidden = tensor(numpy.zeros((1, 20000, tiny.HIDDEN), "<f4"))  # 5 MB
        with self.assertRaises((Failed, EOFError, OSError)):
            self.call("rpc_forward", request(WHOLE, (hidden, NO_FLOATS)))

    def test_parts_of_a_forward_that_do_not_fit_are_refused(self):
        first = message((1, NUMBERS[:100]), (2, bytes((1, 2, 64))), (4, "float32"))

        def check(parts):
            with self.stream("rpc_forward_stream") as stream:
                stream.ask(*(request(WHOLE, (part,), {}) for part in parts))
                stream.send(END)
                text = self.refusal(stream)
                self.assertTrue(text or served.is_original())

        self.each(check, [[first + message((6, 3)), message((1, NUMBERS[100:-4]))],
                          [first + message((6, 2)), message((1, NUMBERS))],  # too many numbers
                          [message((1, NUMBERS))],  # no first part
                          [first + message((6, 2))], [first + message((6, 2**31))]])

    def test_pushes_to_nobody_do_no_harm(self):
        for _ in range(MANY):
            try:
                self.call("rpc_push", step(WHOLE, HIDDEN, session_id="nobody", step_id="a",
                                           pushed=True))
            except Failed as error:
                self.assertTrue(str(error) or served.is_original())

    # -- many and much

    def test_many_sessions_at_once_are_all_served(self):
        before = self.cache_room()
        streams = [self.stream() for _ in range(FEW if served.is_original() else MANY)]
        for number, stream in enumerate(streams):
            stream.ask(step(WHOLE, self.hidden, max_length=LENGTH, session_id=f"many {number}"))
        for stream in streams:
            self.check_logits(blocks.tensors_of(stream.answer())[0].array)
        self.assertLess(self.cache_room(), before)
        for stream in streams:
            self.assertTrue(stream.end())
        self.assert_room(before)

    def test_a_crowd_gets_room_one_after_the_other(self):
        """A thousand sessions, which have not room together, and wait."""
        before, callers = self.cache_room(), []
        for _ in range(CROWD // OF_ONE):
            callers.append(self.enterContext(P2pd()))
            callers[-1].connect(self.server.addr)
        streams = [self.stream(caller=caller) for caller in callers for _ in range(OF_ONE)]
        for number, stream in enumerate(streams):
            stream.channel.settimeout(6 * blocks.ANSWER)
            stream.ask(step(WHOLE, self.hidden, max_length=LENGTH, session_id=f"crowd {number}",
                            alloc_timeout=600.0))
        for stream in blocks.as_they_answer(streams, 6 * blocks.ANSWER):
            self.check_logits(blocks.tensors_of(stream.answer())[0].array)
            stream.ask(b"")
            stream.send(END)
        for stream in streams:
            self.assertIsNone(stream.read())
        self.assert_room(before)

    def test_a_crowd_that_does_not_wait_is_told_so(self):
        before, callers = self.cache_room(), []
        for _ in range(CROWD // OF_ONE):
            callers.append(self.enterContext(P2pd()))
            callers[-1].connect(self.server.addr)
        streams = [self.stream(caller=caller) for caller in callers for _ in range(OF_ONE)]
        for number, stream in enumerate(streams):
            stream.ask(step(WHOLE, self.hidden, max_length=LENGTH, session_id=f"crowd {number}"))
        served_ones = 0
        for stream in streams:
            try:
                stream.answer()
                served_ones += 1
            except Failed as error:
                self.assertIn("no room in the cache", str(error))
        self.assertGreater(served_ones, CROWD // 4)
        for stream in streams:
            stream.reset()
        self.assert_room(before)

    def test_messages_that_never_end_are_held_within_a_limit(self):
        before, told, streams = self.memory(), [], [self.stream() for _ in range(PARTS)]
        for stream in streams:
            stream.send(MESSAGE + struct.pack(">Q", 2 * PART) + bytes(PART))
            stream.channel.settimeout(QUIET)
            try:
                told.append(self.refusal(stream))
            except TimeoutError:  # it waits for the rest
                pass
            self.assertLess(self.memory() - before, HELD)
        with P2pd() as other:
            other.connect(self.server.addr)
            with self.stream(caller=other) as stream:
                stream.run(step(WHOLE, HIDDEN, max_length=LENGTH))
        for stream in streams:
            stream.reset()
        self.assertGreaterEqual(len(told), PARTS - 4)
        for text in told:
            self.assertIn("too many bytes", text)

    def assert_room(self, tokens, seconds=blocks.ANSWER):
        self.assertTrue(peers.eventually(lambda: self.cache_room() >= tokens, seconds),
                        f"{self.cache_room()} of {tokens} tokens are free")

    def test_more_sessions_than_there_is_room_for_are_refused(self):
        before = self.cache_room()
        streams = [self.stream() for _ in range(2 * served.CACHE // TOKENS)]
        for stream in streams:
            stream.ask(step(WHOLE, HIDDEN, max_length=TOKENS))
        answered = 0
        for stream in streams:
            try:
                stream.answer()
                answered += 1
            except Failed as error:
                self.assertTrue(str(error))
        self.assertEqual(answered, served.CACHE // TOKENS)
        for stream in streams:
            stream.close()
        self.assert_room(before)

    def test_who_may_wait_gets_the_room_that_becomes_free(self):
        self.assert_room(served.CACHE // TOKENS * TOKENS)
        streams = [self.stream() for _ in range(served.CACHE // TOKENS)]
        for stream in streams:  # they wait too: what tests before have left may still come and go
            stream.run(step(WHOLE, HIDDEN, max_length=TOKENS, alloc_timeout=5.0))
        waits = self.stream()
        waits.ask(step(WHOLE, HIDDEN, max_length=TOKENS, alloc_timeout=30.0))
        self.assertTrue(streams[0].end())
        waits.answer()
        for stream in (*streams[1:], waits):
            self.assertTrue(stream.end())

    def test_many_streams_on_which_nothing_is_said_do_no_harm(self):
        streams = [self.stream() for _ in range(IDLE)]
        self.check_serving()
        for stream in streams:
            stream.reset()

    def test_a_step_that_is_said_again_and_again_is_computed_once(self):
        with self.stream() as stream:
            stream.run(step(WHOLE, HIDDEN, max_length=LENGTH, step_id="a"))
            again = frame(step(WHOLE, HIDDEN, step_id="a"))
            for _ in range(2000):
                stream.send(again)
            stream.run(step(WHOLE, HIDDEN, step_id="b"))
            self.assertTrue(stream.end())

    def test_who_never_reads_is_not_listened_to_for_ever(self):
        before = self.memory()
        with self.stream() as stream:
            asked = frame(step(WHOLE, numpy.zeros((1, TOKENS, tiny.HIDDEN)), max_length=TOKENS,
                               start_from_position=0))
            stream.channel.settimeout(QUIET)
            self.assertLess(self.pour(stream, asked), FLOOD)
            self.check_serving()
            self.assertLess(self.memory() - before, GROWTH)

    @staticmethod
    def pour(stream, asked):
        """How many bytes it takes until it takes no more."""
        taken, rest, until = 0, memoryview(asked), time.monotonic() + blocks.ANSWER
        while taken < FLOOD and time.monotonic() < until:
            try:
                sent = stream.channel.send(rest)
            except (TimeoutError, ConnectionError):
                break
            taken, rest = taken + sent, rest[sent:] or memoryview(asked)
        return taken

    def memory(self):
        """Of the server, in bytes; 0 where it is not ours."""
        if not self.server.pid:
            return 0
        with open(f"/proc/{self.server.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096

    def test_who_is_busy_does_not_keep_others_waiting(self):
        busy = [self.stream() for _ in range(4)]
        large = step(WHOLE, numpy.zeros((1, TOKENS, tiny.HIDDEN)), max_length=TOKENS,
                     start_from_position=0)
        for stream in busy:
            stream.ask(*[large] * 3)
        began = time.monotonic()
        self.check_serving()
        self.assertLess(time.monotonic() - began, blocks.ANSWER / 2)

    # -- who goes away

    def test_the_cache_of_a_killed_client_is_free_soon(self):
        before = self.cache_room()
        doomed = P2pd()
        doomed.connect(self.server.addr)
        for number in range(4):
            self.stream(caller=doomed).run(
                step(WHOLE, HIDDEN, max_length=TOKENS, session_id=f"doomed {number}"))
        self.assertLess(self.cache_room(), before)
        doomed.process.kill()
        doomed.stop()
        self.assert_room(before, blocks.ANSWER if served.is_original() else FREED)

    def test_a_stream_that_is_reset_in_mid_step_is_forgotten(self):
        before = self.cache_room()
        for _ in range(10):
            stream = self.stream()
            stream.ask(step(WHOLE, numpy.zeros((1, TOKENS, tiny.HIDDEN)), max_length=TOKENS))
            stream.reset()
        self.assert_room(before)


if __name__ == "__main__":
    served.main()

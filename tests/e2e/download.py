#!/usr/bin/env python3
"""Downloads of a model from a hub that behaves, and from hubs that do not.

usage: download.py DRIVER TINY_FOLDER

The hub is a server of this process, laid out as Hugging Face's: large files are redirected to a
second server, which serves ranges. Each test has a cache of its own.
"""
import fcntl
import hashlib
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "c0ffee" + "0" * 34
REPOSITORY = "org/tiny"
TOKEN = "hf_secret"


def read_tensors(path):
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: (entry, data[8 + size + entry["data_offsets"][0]:
                               8 + size + entry["data_offsets"][1]])
            for name, entry in header.items()}


def write_tensors(tensors):
    header, body = {}, b""
    for name, (entry, data) in tensors.items():
        header[name] = {**entry, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def block_of(name):
    parts = name.split(".")
    return int(parts[2]) if parts[1] == "layers" else None


def sharded(tiny):
    """The model in two shards of two blocks, with the rest in a third."""
    shards = {"model-1.safetensors": {}, "model-2.safetensors": {}, "model-3.safetensors": {}}
    index = {}
    for name, tensor in read_tensors(tiny / "model.safetensors").items():
        block = block_of(name)
        shard = f"model-{3 if block is None else 1 + block // 2}.safetensors"
        shards[shard][name] = tensor
        index[name] = shard
    files = {name: write_tensors(tensors) for name, tensors in shards.items()}
    files["model.safetensors.index.json"] = json.dumps({"weight_map": index}).encode()
    files["config.json"] = (tiny / "config.json").read_bytes()
    return files


class Hub:
    """Files, how they misbehave, and what was asked."""

    def __init__(self, files, tls=None):
        self.files = files
        self.faults = {}  # file: what its next answers are
        self.asked = []   # (server, method, file, range, authorization)
        self.gated = False
        self.code = None  # an X-Error-Code for everything
        self.linked_size = None
        self.lock = threading.Lock()
        self.cdn = self.serve("cdn", None)
        self.hub = self.serve("hub", tls)
        self.endpoint = f"http{'s' if tls else ''}://localhost:{self.hub.server_port}"

    def serve(self, name, tls):
        hub, answer = self, {"hub": Hub.as_hub, "cdn": Hub.as_cdn}[name]

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                answer(hub, self, "HEAD")

            def do_GET(self):
                answer(hub, self, "GET")

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # clients that give up are what some tests are about

        server = Server(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server

    def close(self):
        for server in (self.hub, self.cdn):
            server.shutdown()
            server.server_close()

    def note(self, server, method, name, handler):
        with self.lock:
            self.asked.append((server, method, name, handler.headers.get("Range"),
                               handler.headers.get("Authorization")))
            faults = self.faults.get(name, [])
            mine = method == "GET" and server == ("cdn" if name.endswith(".safetensors") else "hub")
            return faults.pop(0) if faults and mine else None

    @staticmethod
    def answer(handler, status, headers, body=b""):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if "Content-Length" not in headers:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    def hub_headers(self, name):
        data = self.files[name]
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(data).hexdigest()}"'}
        if name.endswith(".safetensors"):
            headers["X-Linked-Etag"] = f'"{hashlib.sha256(data).hexdigest()}"'
            headers["X-Linked-Size"] = str(self.linked_size or len(data))
        return headers

    def hub_path(self, path):
        prefix = f"/{REPOSITORY}/resolve/"
        if not path.startswith(prefix):
            return None, None
        revision, _, name = path[len(prefix):].partition("/")
        return revision, name

    def as_hub(self, handler, method):
        revision, name = self.hub_path(handler.path)
        fault = self.note("hub", method, name, handler)
        authorized = handler.headers.get("Authorization") == f"Bearer {TOKEN}"
        if self.code:
            return self.answer(handler, 404, {"X-Error-Code": self.code})
        if revision is None:
            return self.answer(handler, 401, {"X-Error-Code": "RepoNotFound"})
        if self.gated and not authorized:
            return self.answer(handler, 403 if "Authorization" in handler.headers else 401,
                               {"X-Error-Code": "GatedRepo"})
        if revision not in ("main", COMMIT, "refs%2Fpr%2F1"):
            return self.answer(handler, 404, {"X-Error-Code": "RevisionNotFound"})
        if name not in self.files:
            return self.answer(handler, 404, {"X-Error-Code": "EntryNotFound"})
        if isinstance(fault, int):
            return self.answer(handler, fault, {})
        if name.endswith(".safetensors"):
            return self.answer(handler, 302, {
                **self.hub_headers(name),
                "Location": f"http://127.0.0.1:{self.cdn.server_port}/{name}"})
        return self.answer(handler, 200, {**self.hub_headers(name),
                                          "Content-Length": str(len(self.files[name]))},
                           self.files[name])

    def as_cdn(self, handler, method):
        name = handler.path[1:]
        fault = self.note("cdn", method, name, handler)
        data = self.files[name]
        asked = handler.headers.get("Range")
        begin = int(asked[6:-1]) if asked else 0
        if isinstance(fault, int):
            return self.answer(handler, fault, {})
        if fault == "whole":
            return self.answer(handler, 200, {}, data)
        if fault == "another part":
            return self.answer(handler, 206, {"Content-Range": f"bytes 0-9/{len(data)}"}, data[:10])
        if fault == "longer":
            return self.answer(handler, 200, {}, data + b"more")
        if fault == "other bytes":
            return self.answer(handler, 200, {}, bytes(len(data)))
        if begin >= len(data):
            return self.answer(handler, 416, {"Content-Range": f"bytes */{len(data)}"})
        headers = {"Content-Length": str(len(data) - begin)}
        if asked:
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        part = data[begin:]
        if isinstance(fault, tuple):  # cut after so many bytes
            part = part[:fault[1]]
            handler.close_connection = True
        return self.answer(handler, 206 if asked else 200, headers, part)



class Downloads(unittest.TestCase):
    driver = None
    tiny = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kwaainet-download-")
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name).resolve()
        self.root = self.home / "cache"
        self.model = self.root / "models--org--tiny"
        self.hub = self.start(sharded(self.tiny))

    def start(self, files, tls=None):
        hub = Hub(files, tls)
        self.addCleanup(hub.close)
        return hub

    def run_driver(self, blocks=(0, 4), revision="-", repository=REPOSITORY, more=(), token=None,
                   **environment):
        variables = {"HF_ENDPOINT": self.hub.endpoint, "HOME": str(self.home),
                     "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
                     **({"HF_TOKEN": token} if token else {}), **environment}
        done = subprocess.run([self.driver, str(self.root), repository, revision,
                               *map(str, blocks), *map(str, more)], env=variables, text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def gets(self, server="cdn"):
        return [entry[2:4] for entry in self.hub.asked if entry[:2] == (server, "GET")]

    def sha256(self, name):
        return hashlib.sha256(self.hub.files[name]).hexdigest()

    def blob(self, name):
        return self.model / "blobs" / self.sha256(name)

    def test_only_the_shards_with_our_blocks_are_fetched(self):
        output = self.run_driver((2, 4))
        self.assertIn("\nloaded\n", output)
        self.assertEqual(self.gets(), [("model-2.safetensors", None)])
        snapshot = self.model / "snapshots" / COMMIT
        self.assertEqual(sorted(os.listdir(snapshot)),
                         ["config.json", "model-2.safetensors", "model.safetensors.index.json"])
        self.assertEqual(os.readlink(snapshot / "model-2.safetensors"),
                         f"../../blobs/{self.sha256('model-2.safetensors')}")
        self.assertEqual((self.model / "refs/main").read_text(), COMMIT)
        self.assertEqual([name for name in os.listdir(self.model / "blobs")
                          if name.endswith(".incomplete")], [])

    def test_what_is_there_is_not_fetched_again(self):
        self.run_driver((0, 2))
        self.hub.asked.clear()
        self.assertIn("loaded", self.run_driver((0, 4)))
        self.assertEqual(self.gets(), [("model-2.safetensors", None)])
        self.assertEqual(self.gets("hub"), [("model-2.safetensors", None)])

    def test_a_model_in_one_file_is_fetched(self):
        self.hub.files = {name: (self.tiny / name).read_bytes()
                          for name in ("config.json", "model.safetensors")}
        self.assertIn("loaded", self.run_driver((1, 2)))

    def test_a_branch_with_a_slash_is_a_revision(self):
        self.assertIn("loaded", self.run_driver((0, 1), revision="refs/pr/1"))
        self.assertEqual((self.model / "refs/refs/pr/1").read_text(), COMMIT)

    def test_a_broken_transfer_goes_on_where_it_stopped(self):
        name = "model-1.safetensors"
        self.hub.faults[name] = [("cut", 1000), ("cut", 500), 503]
        output = self.run_driver((0, 1))
        self.assertIn("loaded", output)
        asked = [part for _, part in self.gets()]
        self.assertEqual(asked, [None, "bytes=1000-", "bytes=1500-", "bytes=1500-"])
        self.assertIn("the server answered 503", output)

    def test_a_later_run_goes_on_where_an_earlier_stopped(self):
        name = "model-1.safetensors"
        self.run_driver((0, 1), more=(0, 1))  # given up at the first byte
        blobs = self.model / "blobs"
        blobs.mkdir(parents=True, exist_ok=True)
        (blobs / f"{self.sha256(name)}.incomplete").write_bytes(self.hub.files[name][:7777])
        output = self.run_driver((0, 1))
        self.assertIn("loaded", output)
        self.assertIn("check model-1.safetensors", output)
        self.assertEqual(self.gets(), [(name, "bytes=7777-")])

    def test_a_rest_that_is_of_no_use_is_fetched_again(self):
        name = "model-1.safetensors"
        for rest in (bytes(7777), bytes(len(self.hub.files[name])),
                     bytes(len(self.hub.files[name]) + 1)):
            with self.subTest(size=len(rest)):
                blobs = self.model / "blobs"
                blobs.mkdir(parents=True, exist_ok=True)
                self.blob(name).unlink(missing_ok=True)
                (blobs / f"{self.sha256(name)}.incomplete").write_bytes(rest)
                self.assertIn("loaded", self.run_driver((0, 1)))
                self.assertEqual(self.blob(name).read_bytes(), self.hub.files[name])

    def test_a_server_without_ranges_begins_again(self):
        name = "model-1.safetensors"
        self.hub.faults[name] = [("cut", 1000), "whole"]
        self.assertIn("loaded", self.run_driver((0, 1)))
        self.assertEqual([part for _, part in self.gets()], [None, "bytes=1000-"])

    def test_a_part_that_the_server_does_not_have_begins_again(self):
        name = "model-1.safetensors"
        self.hub.faults[name] = [("cut", 1000), 416]
        self.assertIn("loaded", self.run_driver((0, 1)))
        self.assertEqual([part for _, part in self.gets()], [None, "bytes=1000-", None])

    def test_bytes_that_are_wrong_get_no_name(self):
        name = "model-1.safetensors"
        for fault, text in (("other bytes", "its SHA-256 is"),
                            ("longer", "more bytes than the"),):
            with self.subTest(fault=fault):
                self.hub.faults[name] = [fault]
                output = self.run_driver((0, 1))
                self.assertIn("failed KN_E_INVALID", output)
                self.assertIn(text, output)
                self.assertFalse(self.blob(name).exists())
                self.assertFalse((self.model / "snapshots" / COMMIT / name).exists())

    def test_a_part_that_was_not_asked_for_is_refused(self):
        name = "model-1.safetensors"
        self.hub.faults[name] = [("cut", 1000), "another part"]
        output = self.run_driver((0, 1))
        self.assertIn("failed KN_E_PROTOCOL", output)
        self.assertIn("another part than was asked for", output)

    def test_tries_come_to_an_end(self):
        self.hub.faults["model-1.safetensors"] = [502] * 100
        output = self.run_driver((0, 1))
        self.assertIn("failed KN_E_BUSY", output)
        self.assertIn("model-1.safetensors: the server answered 502", output)
        self.assertEqual(len(self.gets()), 8)

    def test_a_token_goes_to_the_hub_and_nowhere_else(self):
        self.hub.gated = True
        output = self.run_driver((0, 1), token=TOKEN)
        self.assertIn("loaded", output)
        heard = {(server, authorization) for server, _, _, _, authorization in self.hub.asked}
        self.assertEqual(heard, {("hub", f"Bearer {TOKEN}"), ("cdn", None)})
        self.assertNotIn(TOKEN, output)
        for path in self.root.rglob("*"):
            if path.is_file():
                self.assertNotIn(TOKEN.encode(), path.read_bytes())

    def test_a_token_does_not_travel_in_clear(self):
        output = self.run_driver((0, 1), token=TOKEN, HF_ENDPOINT="http://192.0.2.1:1")
        self.assertIn("failed KN_E_DENIED", output)
        self.assertIn("the token would travel in clear to http://192.0.2.1:1", output)
        self.assertNotIn(TOKEN, output)

    def test_a_gated_model_says_what_to_do(self):
        self.hub.gated = True
        for token, hint in ((None, "set HF_TOKEN"), ("hf_other", "was not enough")):
            output = self.run_driver((0, 1), token=token)
            self.assertIn("failed KN_E_DENIED", output)
            self.assertIn("those only who accepted its conditions", output)
            self.assertIn(hint, output)

    def test_what_is_not_there_is_named(self):
        output = self.run_driver((0, 1), repository="org/other")
        self.assertIn("failed KN_E_DENIED", output)
        self.assertIn("org/other does not exist, or is not public", output)
        output = self.run_driver((0, 1), revision="dev")
        self.assertIn("failed KN_E_NOT_FOUND", output)
        self.assertIn('org/tiny has no revision "dev"', output)
        del self.hub.files["model.safetensors.index.json"]
        output = self.run_driver((0, 1))
        self.assertIn("failed KN_E_NOT_FOUND", output)
        self.assertIn("org/tiny: model.safetensors is not there", output)
        self.assertIn("Only models whose weights are .safetensors", output)

    def test_a_model_that_is_not_served_is_not_fetched(self):
        self.hub.files["config.json"] = b'{"model_type": "gpt2"}'
        output = self.run_driver((0, 1))
        self.assertIn("failed KN_E_UNSUPPORTED", output)
        self.assertEqual(self.gets(), [])

    def test_blocks_that_are_not_there_are_not_fetched(self):
        self.assertIn("no blocks 3 to 5 in a model of 4", self.run_driver((3, 5)))
        self.assertEqual(self.gets(), [])

    def test_an_index_cannot_lead_out_of_the_cache(self):
        self.hub.files["model.safetensors.index.json"] = json.dumps(
            {"weight_map": {"model.layers.0.x": "../../../x.safetensors"}}).encode()
        output = self.run_driver((0, 1))
        self.assertIn("failed KN_E_INVALID", output)
        self.assertEqual(self.gets(), [])

    def test_the_limit_of_the_cache_is_kept(self):
        output = self.run_driver((0, 4), more=(100000,))
        self.assertIn("failed KN_E_NO_SPACE", output)
        self.assertIn("resources.max_disk_space_gb", output)
        self.assertEqual(self.gets(), [])

    def test_a_model_that_is_larger_than_the_disk_is_not_begun(self):
        self.hub.linked_size = 1 << 60
        output = self.run_driver((0, 1))
        self.assertIn("failed KN_E_NO_SPACE", output)
        self.assertIn("the disk has", output)
        self.assertEqual(self.gets(), [])

    def test_giving_up_keeps_what_was_fetched(self):
        output = self.run_driver((0, 4), more=(0, 100000))
        self.assertIn("failed KN_E_CANCELLED", output)
        self.assertIn("loaded", self.run_driver((0, 4)))

    def test_a_file_that_another_program_fetches_is_waited_for(self):
        name = "model-1.safetensors"
        locks = self.root / ".locks" / "models--org--tiny"
        locks.mkdir(parents=True)
        with open(locks / f"{self.sha256(name)}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            process = subprocess.Popen(
                [self.driver, str(self.root), REPOSITORY, "-", "0", "1"], text=True,
                stdout=subprocess.PIPE, env={"HF_ENDPOINT": self.hub.endpoint})
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("wait"):
                    break
            self.assertIn("another program fetches it", lines[-1])
            self.model.joinpath("blobs").mkdir(exist_ok=True)
            self.blob(name).write_bytes(self.hub.files[name])
        rest, _ = process.communicate(timeout=60)
        self.assertIn("loaded", rest)
        self.assertEqual(self.gets(), [])

    def test_offline_asks_nobody(self):
        output = self.run_driver((0, 1), HF_HUB_OFFLINE="1")
        self.assertIn("failed KN_E_DENIED", output)
        self.assertEqual(self.hub.asked, [])

    def test_a_server_that_is_not_there_is_said(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
            output = self.run_driver((0, 1), HF_ENDPOINT=f"http://127.0.0.1:{port}")
        self.assertIn("failed KN_E_UNREACHABLE", output)
        self.assertIn("retry", output)

    def test_a_server_that_is_no_hub_is_said(self):
        output = self.run_driver((0, 1),
                                 HF_ENDPOINT=f"http://127.0.0.1:{self.hub.cdn.server_port}/x")
        self.assertIn("failed", output)

    def make_certificates(self):
        """One that signs, and the server's, signed by it; None without openssl."""
        extension = self.home / "extension"
        extension.write_text("subjectAltName=DNS:localhost\n")
        for command in (
                "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tests -keyout ca.key "
                "-out ca.pem",
                "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out server.csr",
                "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -sha384 "
                "-extfile extension -out server.pem"):
            if subprocess.run(["openssl", *command.split()], cwd=self.home, capture_output=True,
                              check=False).returncode != 0:
                self.skipTest("openssl makes no certificates")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.home / "server.pem", self.home / "key.pem")
        return str(self.home / "ca.pem"), tls

    def test_certificates_are_checked(self):
        authority, tls = self.make_certificates()
        self.hub = self.start(sharded(self.tiny), tls)
        output = self.run_driver((0, 1))
        self.assertIn("failed KN_E_IDENTITY", output)
        self.assertEqual(self.hub.asked, [])
        # The files are on a server without TLS: that is refused, but the hub was believed.
        output = self.run_driver((0, 1), REQUESTS_CA_BUNDLE=authority)
        self.assertIn("failed KN_E_PROTOCOL", output)
        self.assertIn("redirected from https to http", output)


def main():
    Downloads.driver, Downloads.tiny = sys.argv[1], Path(sys.argv[2])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])


if __name__ == "__main__":
    main()

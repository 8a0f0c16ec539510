#!/usr/bin/env python3
"""Somebody is told when a node loses its network: a web server, a program of the owner's.

usage: alerts.py PROGRAM [TEST…]
"""
import http.server
import json
import os
import queue
import shlex
import sys
import threading
import time
import unittest

import program
from program import CONFIGURATION, DONE
from started import Node, first_of_a_swarm, own_network
from health import FEW, QUICK, SECONDS, SMALL, settings

if __name__ == "__main__":
    own_network()
SOON = 15


class Hook(http.server.ThreadingHTTPServer):
    """A web server that keeps what is posted, and answers with `status` after `wait` is set."""

    def __init__(self, status=204):
        self.posted, self.status, self.go_on = queue.Queue(), status, threading.Event()
        self.go_on.set()
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook/s3cr3t"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.put((self.path, dict(self.headers), body))
        self.server.go_on.wait(SOON)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Case(program.Case):
    def setUp(self):
        super().setUp()
        self.other = program.Home()
        self.addCleanup(self.other._folder.cleanup)

    def hook(self, status=204):
        hook = Hook(status)
        self.addCleanup(hook.server_close)
        self.addCleanup(hook.shutdown)
        self.addCleanup(hook.go_on.set)
        return hook

    def keep(self, node):
        self.addCleanup(node.__exit__)
        return node

    def first(self, *words):
        return self.keep(first_of_a_swarm(self.other, SMALL, *FEW, *words))

    def start(self, *words, **options):
        return self.keep(Node(self.h, SMALL, *FEW, *words, **options))

    def lonely(self, **alerts):
        """A node that nobody answers, and that tells of it."""
        words = {f"alerts__{key}": value for key, value in
                 {"enabled": "true", "after": "300ms", **alerts}.items()}
        return self.start("--set", "network.new_swarm=true", *settings(**words))

    def stop(self, node):
        node.process.kill()
        node.ended()

    def leave(self, node):
        self.assertEqual(node.end(), DONE, node.err)
        self.assertNotRegex(node.err, "Sanitizer|runtime error")

    def script(self, text):
        path = self.h.root / "alert.sh"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    def eventually(self, path):
        """What a program has written there."""
        end = time.monotonic() + SOON
        while not path.exists() or not path.read_text().endswith("end\n"):
            self.assertLess(time.monotonic(), end)
        return path.read_text()


class Webhook(Case):
    def test_row_30_a_webhook_that_is_set_is_kept_and_used(self):
        """The other node shows it once and never again."""
        hook, first = self.hook(), self.first()
        self.expect(self.h.run("config", "set", "alerts.webhook_url", hook.url), DONE)
        self.expect(self.h.run("config", "set", "alerts.enabled", "true"), DONE)
        self.assertIn(hook.url, (self.h.work / "node_config.yaml").read_text())
        self.assertNotIn("s3cr3t", "".join(map(str, self.h.run("config show"))))
        node = self.start("--bootstrap", first.address, *QUICK,
                          *settings(alerts__after="200ms"))
        node.wait("health", verdict="healthy")
        self.stop(first)
        path, headers, body = hook.posted.get(timeout=SOON)
        told = json.loads(body)
        self.assertEqual(path, "/hook/s3cr3t")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(told["event"], "disconnect")
        self.assertEqual(told["peer_id"], node.told("listening")["peer_id"])
        self.assertEqual(told["node"], node.told("name")["name"])
        self.assertIn(told["reason"], told["text"])
        self.assertTrue(node.wait("alert", about="disconnect")["ok"])
        self.first("--port", first.told("listening")["port"])
        self.assertEqual(json.loads(hook.posted.get(timeout=SOON)[2])["event"], "reconnect")
        node.wait("alert", about="reconnect", ok=True)
        self.assertTrue(hook.posted.empty())  # each of them once
        self.leave(node)

    def test_a_failure_of_the_hook_is_told_and_no_secret(self):
        hook = self.hook(500)
        log = self.h.root / "node.log"
        node = self.start("--set", "network.new_swarm=true", *settings(
            alerts__enabled="true", alerts__after="300ms", alerts__webhook_url=hook.url,
            logging__file_path=str(log)))
        told = node.wait("alert", about="disconnect")
        self.assertEqual((told["ok"], told["by"]), (False, "webhook"))
        self.assertEqual(told["error"], "the server answered with status 500")
        text = self.expect(self.h.run("status"), DONE)[1]
        self.assertIn("alerts.webhook_url: the server answered with", " ".join(text.split()))
        self.leave(node)
        logged = log.read_text()
        self.assertIn("the server answered with status 500", logged)
        self.assertNotIn("s3cr3t", text + node.err + json.dumps(node.events) + logged)

    def test_nobody_listens(self):
        hook = self.hook()
        url, _ = hook.url, hook.server_close()
        hook.shutdown()
        node = self.lonely(webhook_url=url)
        told = node.wait("alert", about="disconnect")
        self.assertFalse(told["ok"])
        self.assertNotIn("s3cr3t", json.dumps(node.events))
        self.leave(node)

    def test_a_server_that_does_not_answer_holds_nobody(self):
        hook = self.hook()
        hook.go_on.clear()
        node = self.lonely(webhook_url=hook.url)
        hook.posted.get(timeout=SOON)
        self.expect(self.h.run("status --json"), DONE)
        begin = time.monotonic()
        self.leave(node)
        self.assertLess(time.monotonic() - begin, 5)

    def test_alerts_of_the_file_are_obeyed_live(self):
        hook, other = self.hook(), self.hook()
        self.h.config.write_text("alerts: {enabled: false}\nresources: {max_memory_gb: 1}\n")
        node = self.keep(Node(self.h, SMALL, "--set", "network.new_swarm=true"))
        node.wait("state", state="JOINING")
        for server in (hook, other):
            self.h.config.write_text(
                f"alerts: {{enabled: true, after: 100ms, webhook_url: '{server.url}'}}\n")
            self.assertNotIn("s3cr3t", "".join(map(str, self.expect(self.h.run("reload"), DONE))))
            if server is hook:
                self.assertEqual(json.loads(hook.posted.get(timeout=SOON)[2])["event"],
                                 "disconnect")
        self.h.config.write_text(f"alerts: {{enabled: true, after: 100ms, on_disconnect: false, "
                                 f"webhook_url: '{other.url}'}}\nresources: {{max_memory_gb: 2MiB}}"
                                 "\nhealth: {check_interval: 100ms}\n")
        self.expect(self.h.run("reload"), DONE)
        self.assertEqual(json.loads(other.posted.get(timeout=SOON)[2])["event"], "critical")
        self.leave(node)

    def test_what_is_switched_off_is_not_told(self):
        hook = self.hook()
        node = self.lonely(webhook_url=hook.url, on_disconnect="false")
        with self.assertRaises(TimeoutError):
            node.wait("alert", deadline=1.5)
        self.leave(node)
        self.assertTrue(hook.posted.empty())

    def test_that_it_is_back_is_told_only_where_that_is_wanted(self):
        hook, first = self.hook(), self.first()
        port = first.told("listening")["port"]
        node = self.start("--bootstrap", first.address, *QUICK, *settings(
            alerts__enabled="true", alerts__after="200ms", alerts__on_reconnect="false",
            alerts__webhook_url=hook.url))
        node.wait("health", verdict="healthy")
        self.stop(first)
        node.wait("alert", about="disconnect", ok=True)
        self.first("--port", port)
        end = time.monotonic() + SOON
        while json.loads(self.h.run("status --json")[1])["peers"] == 0:
            self.assertLess(time.monotonic(), end)
        with self.assertRaises(TimeoutError):
            node.wait("alert", deadline=1.5)
        self.leave(node)
        self.assertEqual(json.loads(hook.posted.get()[2])["event"], "disconnect")
        self.assertTrue(hook.posted.empty())

    def test_a_failing_node_is_not_told_of_where_nobody_wants_that(self):
        hook = self.hook()
        node = self.start("--set", "network.new_swarm=true", "--max-memory", "2MiB", *QUICK,
                          *settings(alerts__enabled="true", alerts__after="100ms",
                                    alerts__on_critical="false", alerts__webhook_url=hook.url))
        node.wait("health", verdict="failing")
        self.assertEqual(json.loads(hook.posted.get(timeout=SOON)[2])["event"], "disconnect")
        with self.assertRaises(TimeoutError):
            while node.wait("alert", deadline=1.5)["about"] == "disconnect":
                pass
        self.leave(node)
        self.assertTrue(hook.posted.empty())

    def test_too_few_connections_are_a_loss(self):
        hook, first = self.hook(), self.first()
        node = self.start("--bootstrap", first.address, *settings(
            alerts__enabled="true", alerts__after="300ms", alerts__min_connections="2",
            alerts__webhook_url=hook.url))
        self.assertIn("1 peer is connected, fewer than alerts.min_connections",
                      json.loads(hook.posted.get(timeout=SOON)[2])["reason"])
        self.leave(node)

    def test_a_failing_node_is_critical(self):
        hook = self.hook()
        node = self.start("--set", "network.new_swarm=true", "--max-memory", "2MiB", *QUICK,
                          *settings(alerts__enabled="true", alerts__webhook_url=hook.url))
        told = json.loads(hook.posted.get(timeout=SOON)[2])
        self.assertEqual(told["event"], "critical")
        self.assertIn("memory: ", told["reason"])
        self.leave(node)


class Command(Case):
    def test_a_program_is_run_with_the_event_in_its_environment(self):
        out = self.h.root / "told"
        path = self.script('{ env | grep ^KWAAINET_; echo "words $#: $1/$2"; pwd; '
                           f'ls -l /proc/$$/fd | sed -n "s/.*-> //p"; echo end; }} > {out}\n')
        node = self.lonely(command=f"{path} 'a  b' '$HOME;id'")
        told = node.wait("alert", about="disconnect")
        self.assertEqual((told["by"], told["ok"]), ("command", True), told)
        text = self.eventually(out)
        self.assertIn("KWAAINET_ALERT_EVENT=disconnect\n", text)
        self.assertIn(f"KWAAINET_ALERT_PEER_ID={node.told('listening')['peer_id']}\n", text)
        self.assertIn("words 2: a  b/$HOME;id\n", text)  # no shell has read them
        self.assertNotIn("socket:", text)
        self.assertNotIn("KWAAINET_HOME", text)
        self.leave(node)

    def test_a_shell_that_is_named_is_used(self):
        out = self.h.root / "told"
        node = self.lonely(command=f"sh -c 'echo $KWAAINET_ALERT_TEXT > {out}; echo end >> {out}'")
        node.wait("alert", about="disconnect", ok=True)
        self.assertIn(": disconnect: ", self.eventually(out))
        self.leave(node)

    def test_a_program_that_fails_is_told_of(self):
        node = self.lonely(command="false")
        self.assertEqual(node.wait("alert")["error"], "it ended with status 1")
        self.leave(node)

    def test_a_program_that_is_not_there_is_told_of(self):
        node = self.lonely(command=str(self.h.root / "missing"))
        self.assertIn("missing", node.wait("alert", ok=False)["error"])
        self.leave(node)

    def test_a_program_that_runs_on_is_ended_with_the_node(self):
        out = self.h.root / "told"
        path = self.script(f"sleep 600 &\necho $! > {out}\necho end >> {out}\nwait\n")
        node = self.lonely(command=str(path))
        pid = int(self.eventually(out).split()[0])
        self.expect(self.h.run("status --json"), DONE)  # nobody waits for it
        self.leave(node)
        end = time.monotonic() + SOON
        while os.path.exists(f"/proc/{pid}/exe"):
            self.assertLess(time.monotonic(), end)


    def test_a_program_that_others_may_change_is_not_run(self):
        out = self.h.root / "told"
        path = self.script(f"echo end > {out}\n")
        path.chmod(0o777)
        commands = [str(path), f"{path} word", f"'{path}'"]
        if os.geteuid() == 0:
            other = path.with_name("other.sh")
            other.write_text(path.read_text())
            other.chmod(0o755)
            os.chown(other, program.NOBODY, -1)
            commands.append(str(other))
        for command in commands:
            with self.subTest(command):
                node = self.lonely(command=command)
                told = node.wait("alert", about="disconnect", ok=False)
                self.assertIn("is not run; ", told["error"])
                self.assertIn("uid 65534" if "other" in command else "everybody may write it",
                              told["error"])
                self.leave(node)
        self.assertFalse(out.exists())

    def test_a_name_is_looked_for_where_it_is_run_from(self):
        out = self.h.root / "told"
        path = self.script(f"echo end > {out}\n")
        where = {"PATH": f"{self.h.work}:{path.parent}:{os.environ['PATH']}"}
        for mode, ok in ((0o777, False), (0o755, True)):
            path.chmod(mode)
            node = self.start("--set", "network.new_swarm=true", *settings(
                alerts__enabled="true", alerts__after="300ms", alerts__command=path.name),
                env=where)
            told = node.wait("alert", about="disconnect", ok=ok)
            self.assertEqual("everybody may write it" in (told.get("error") or ""), not ok)
            self.leave(node)
        self.eventually(out)


class OthersFiles(Case):
    """Who may write a file that names a command may have its reader run anything."""

    def write(self, text="alerts:\n  command: /bin/true\n"):
        path = self.h.work / "node_config.yaml"
        path.write_text(text)
        return path

    def refused(self, *parts):
        """By check and by start; the command that cures it, from the hint."""
        for words in (("config", "check"), ("start", "--set", "network.new_swarm=true", SMALL)):
            self.expect(self.h.run(*words), CONFIGURATION, *parts)
        problem = json.loads(self.h.run("config check --json")[1])["problems"][0]
        self.assertEqual((problem["key"], problem["line"]), ("alerts.command", 2))
        return problem["hint"].removeprefix("Run: ")

    def test_a_file_that_others_may_write_names_no_command(self):
        path = self.write()
        self.expect(self.h.run("config check"), DONE)
        for mode, who in ((0o666, "everybody may write it"), (0o620, "its group may write it")):
            path.chmod(mode)
            cure = self.refused(who)
            self.assertEqual(os.waitstatus_to_exitcode(os.system(cure)), 0)
            self.expect(self.h.run("config check"), DONE)

    def test_a_program_that_others_may_write_is_none_for_a_file(self):
        path = self.script("exit 0\n")
        self.write(f"alerts:\n  command: {path} a b\n")
        self.expect(self.h.run("config check"), DONE)
        for mode, who in ((0o757, "everybody may write it"), (0o775, "its group may write it")):
            path.chmod(mode)
            cure = self.refused("a program that others decide on", who)
            self.assertEqual(os.waitstatus_to_exitcode(os.system(cure)), 0)
            self.expect(self.h.run("config check"), DONE)
        link = self.h.root / "link"
        link.symlink_to(path)
        path.chmod(0o777)
        self.write(f"alerts:\n  command: {link}\n")
        self.refused("everybody may write it")

    def test_nor_does_it_at_a_reload(self):
        path = self.write("alerts:\n  enabled: true\n")
        node = self.start("--set", "network.new_swarm=true")
        node.wait("state", state="JOINING")
        self.write()
        path.chmod(0o666)
        self.expect(self.h.run("reload"), CONFIGURATION, "everybody may write it")
        self.leave(node)

    @unittest.skipIf(os.geteuid(), "only root can give a file away")
    def test_a_file_of_somebody_else_names_no_command(self):
        path = self.write()
        os.chown(path, program.NOBODY, -1)
        cure = self.refused("another user owns it: uid 65534, and this is uid 0")
        self.assertTrue(cure.startswith("sudo chown 0 "), cure)
        argv = shlex.split(cure)[1:]  # this is root
        os.chown(argv[2], int(argv[1]), -1)
        self.expect(self.h.run("config check"), DONE)

    def test_a_file_without_a_command_may_be_anybodys(self):
        path = self.write("alerts:\n  enabled: true\n  command: null\n")
        path.chmod(0o666)
        self.expect(self.h.run("config check"), DONE)
        self.expect(self.h.run("config check --set alerts.command=/bin/true"), DONE)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    program.main()

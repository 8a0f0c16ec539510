#!/usr/bin/env python3
"""A node that serves, pauses, and serves again: by command, by schedule; and what is to come.

usage: pause.py PROGRAM [TEST…]
"""
import ctypes
import json
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

import program
from blocks import Case as Blocks
from program import CONFIGURATION, DONE, USAGE
from started import Node, first_of_a_swarm, own_network

ALONE = __name__ == "__main__" and own_network()
CLASSES = "/sys/class"  # of devices, as the kernel tells of them
UNREACHABLE, MINUTE = 69, 60
LONG = "--set", "performance.cache_tokens=8192"  # 2 MiB of cache a block
POLLED = 60  # seconds until what is looked at twice a minute was seen
NEW_MOUNTS, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x1000, 0x4000, 0x40000, 2


def window(limits, ends_in=None, name="office", **other):
    """A schedule that is open now, perhaps for so many seconds more."""
    now = int(time.time())
    minute = now - now % MINUTE
    seconds = now - minute + ends_in if ends_in else 2 * 86400
    start = time.gmtime(minute)
    entry = {"name": name, "cron": f"{start.tm_min} {start.tm_hour} * * *",
             "duration": f"{seconds}s", "timezone": "UTC", "limits": limits, **other}
    return "resources.schedules=" + json.dumps([entry])


class Case(Blocks):
    def ask(self, *words, home=None, want=DONE):
        status, out, err = (home or self.h).run(*words, "--json")
        self.assertEqual(status, want, err)
        return json.loads(out)

    def status(self):
        return self.ask("status")

    def shown(self, node):
        """Blocks that others see."""
        told = self.status()
        seen = [block["online"] for block in self.coverage(node)]
        deadline = time.monotonic() + 20
        while sum(seen) != told["end_block"] - told["start_block"]:
            self.assertLess(time.monotonic(), deadline, seen)
            seen = [block["online"] for block in self.coverage(node)]
        return sum(seen)

    def start_paused(self, *words):
        """A node that announces nothing at first."""
        node = Node(self.h, "--yes", "--set", "network.new_swarm=true", "--set",
                    f"model.path={self.model}", "--set", "model.repository=someone/tiny", *words)
        self.addCleanup(node.__exit__)
        node.wait("paused")
        return node


class Commands(Case):
    def test_a_pause_takes_the_blocks_back_and_resume_serves_them_again(self):
        node = self.start()
        self.served(node)
        paused = self.ask("pause")["paused"]
        self.assertEqual((paused["by"], paused["until"], paused["all"]),
                         ("command", None, ["command"]))
        self.assertEqual(node.wait("paused")["by"], "command")
        node.wait("state", state="DRAINING")
        node.wait("serving", stage="none")
        node.wait("state", state="OFFLINE")
        told = self.status()
        self.assertEqual((told["state"], told["serving"], told["paused"]["by"]),
                         ("OFFLINE", None, "command"))
        self.expect(self.h.run("status"), DONE, "announced nothing: paused: kwaainet pause")
        for block in self.coverage(node):
            self.assertEqual((block["online"], block["joining"]), (0, 0))
        self.assertIsNone(self.ask("resume")["paused"])
        node.wait("resumed")
        node.wait("state", state="JOINING")
        node.wait("serving", stage="serving")
        node.wait("state", state="ONLINE")
        self.assertIsNone(self.status()["paused"])
        node.wait("announced")
        for block in self.coverage(node):
            self.assertEqual(block["online"], 1)
        self.assertEqual(node.end(), DONE, node.err)

    def test_a_node_that_is_paused_is_not_ill(self):
        other = program.Home()
        self.addCleanup(other._folder.cleanup)
        first = first_of_a_swarm(other, "--no-save")
        self.addCleanup(first.__exit__)
        node = Node(self.h, "--yes", "--bootstrap", first.address, "--set",
                    f"model.path={self.model}", "--set", "model.repository=someone/tiny", "--set",
                    "dht.announce_interval=200ms", "--set", "health.check_interval=100ms", "--set",
                    "health.failure_threshold=1")
        self.addCleanup(node.__exit__)
        node.wait("visible", visible_on=1)
        node.wait("health", verdict="healthy")
        self.ask("pause")
        node.wait("state", state="OFFLINE")
        deadline = time.monotonic() + 20
        while self.found() != {"this node is paused"}:
            self.assertLess(time.monotonic(), deadline, self.found())
        self.ask("resume")
        node.wait("visible", visible_on=1)
        self.assertEqual(node.end(), DONE, node.err)
        self.assertNotIn("failing", [told.get("verdict") for told in node.events])

    def found(self):
        return {check["reason"] for check in self.status()["health"]["checks"]
                if check["name"] in ("announcements", "visibility", "blocks")}

    def test_a_pause_ends_by_itself(self):
        node = self.start()
        self.served(node)
        before = time.time()
        until = self.ask("pause", "2s")["paused"]["until"]
        self.assertAlmostEqual(until, before + 2, delta=2)
        node.wait("paused")
        node.wait("resumed")
        self.assertGreater(time.time(), before + 1.5)
        node.wait("state", state="ONLINE")

    def test_another_pause_replaces_the_end(self):
        node = self.start()
        self.served(node)
        self.ask("pause", "1h")
        node.wait("state", state="OFFLINE")
        self.assertIsNone(self.ask("pause")["paused"]["until"])
        self.ask("pause", "1s")
        node.wait("resumed")

    def test_a_node_that_pauses_and_goes_on_at_once_serves_in_the_end(self):
        node = self.start()
        self.served(node)
        for _ in range(5):
            self.ask("pause")
            self.ask("resume")
        self.ask("pause")
        self.ask("resume")
        deadline = time.monotonic() + 20
        while self.status()["state"] != "ONLINE" or self.status()["paused"]:
            self.assertLess(time.monotonic(), deadline)
        self.assertEqual(node.end(), DONE, node.err)

    def test_a_paused_node_can_be_stopped(self):
        node = self.start()
        self.served(node)
        self.ask("pause")
        node.wait("state", state="OFFLINE")
        self.assertEqual(node.end(signal.SIGTERM), DONE, node.err)

    def test_a_pause_does_not_outlive_the_process(self):
        node = self.start()
        self.served(node)
        self.ask("pause")
        node.wait("state", state="OFFLINE")
        self.assertEqual(node.end(), DONE, node.err)
        self.served(self.start())

    def test_memory_of_the_blocks_is_given_back(self):
        node = self.start("--set", "performance.cache_tokens=100000")
        told = self.served(node)
        self.assertIsNotNone(told)
        maps = Path(f"/proc/{node.process.pid}/maps")
        self.assertIn("model.safetensors", maps.read_text("utf-8"))
        self.ask("pause")
        node.wait("state", state="OFFLINE")
        self.assertNotIn("model.safetensors", maps.read_text("utf-8"))

    def test_what_is_asked_wrongly_is_refused(self):
        self.ask("pause", "2x", want=USAGE)
        self.ask("pause", "31d", want=USAGE)
        self.ask("pause", "0", want=USAGE)
        self.ask("pause", want=UNREACHABLE)
        self.ask("resume", want=UNREACHABLE)
        status, _, err = self.h.run("pause", "2x")
        self.assertEqual(status, USAGE)
        self.assertIn("\"2x\" is not a duration", err)

    def test_people_read_until_when(self):
        node = self.start()
        self.served(node)
        status, out, err = self.h.run("pause", "2h")
        self.assertEqual(status, DONE, err)
        self.assertRegex(out, r"^the node pauses until [\w -]*\d\d:\d\d(:\d\d)?; open sessions")
        status, out, err = self.h.run("status")
        self.assertRegex(out, r"(?m)^paused +kwaainet pause, (119|120) min left|, 2 h left")
        self.assertEqual(self.h.run("resume")[1], "the node goes on\n")
        self.assertEqual(self.h.run("pause", "--quiet")[1], "")


class Machine(Case):
    """A battery and a GPU that are none, in a view of the files that this process alone has."""

    def setUp(self):
        super().setUp()
        self.classes = self.h.home / "class"
        for name in ("power_supply/BAT0", "drm/card0/device"):
            (self.classes / name).mkdir(parents=True)
        self.tell("power_supply/BAT0/type", "Battery")
        self.tell("power_supply/BAT0/status", "Discharging")
        self.tell("drm/card0/device/vendor", "0x1002")
        self.tell("drm/card0/device/gpu_busy_percent", "90")
        libc = ctypes.CDLL(None, use_errno=True)
        if ALONE is False or libc.unshare(NEW_MOUNTS) != 0 or libc.mount(
                None, b"/", None, MS_REC | MS_PRIVATE, None) != 0 or libc.mount(
                str(self.classes).encode(), CLASSES.encode(), None, MS_BIND, None) != 0:
            self.skipTest("this process may not mount anything")
        self.addCleanup(libc.umount2, CLASSES.encode(), MNT_DETACH)

    def tell(self, name, text):
        (self.classes / name).write_text(f"{text}\n")

    def test_battery_and_gpu_pause_the_node_while_they_hold(self):
        node = self.start_paused("--set", "resources.pause_on_battery=true", "--set",
                                 "resources.pause_on_gpu_busy=true", "--set",
                                 "performance.device=cpu")
        self.assertEqual(node.told("paused")["by"], "battery")
        self.tell("power_supply/BAT0/status", "Charging")
        # The second look in a row at a busy GPU, and the first at mains.
        node.wait("paused", POLLED, by="gpu")
        told = self.status()["paused"]
        self.assertEqual((told["all"], told["until"]), (["gpu"], None))
        self.assertEqual(self.ask("resume")["paused"]["by"], "gpu")

    def test_mains_let_the_node_go_on(self):
        node = self.start_paused("--set", "resources.pause_on_battery=true", "--set",
                                 "performance.device=cpu")
        self.assertEqual(node.told("paused")["by"], "battery")
        self.tell("power_supply/BAT0/status", "Full")
        node.wait("resumed", POLLED)
        node.wait("state", state="ONLINE")

    def test_nothing_is_looked_at_that_no_setting_asks_for(self):
        node = self.start("--set", "performance.device=cpu")
        self.served(node)
        self.assertNotIn("paused", node.names())


class Reloads(Case):
    def settings(self, text=""):
        (self.h.work / "node_config.yaml").write_text(
            f"model: {{path: {self.model}, repository: someone/tiny}}\n"
            f"network: {{new_swarm: true}}\nresources:\n  max_models: 1\n{text}")

    def begin(self, *words):
        self.settings()
        node = self.start(*words, path=False)
        self.served(node)
        return node

    def reload(self):
        status, out, err = self.h.run("reload", "--json")
        self.assertEqual(status, DONE, err)
        return json.loads(out)

    @staticmethod
    def line(limits, **options):
        return "  schedules: " + window(limits, **options).split("=", 1)[1] + "\n"

    def test_a_window_that_is_written_down_pauses_a_running_node_and_is_taken_back(self):
        node = self.begin()
        self.settings(self.line({"max_cpu_percent": 0}))
        self.assertTrue(self.reload()["ok"])
        self.assertEqual(node.wait("paused")["by"], "schedule")
        node.wait("state", state="OFFLINE")
        self.settings()
        self.reload()
        node.wait("resumed")
        node.wait("state", state="ONLINE")

    def test_a_pause_by_command_survives_a_reload(self):
        node = self.begin()
        self.ask("pause", "1h")
        node.wait("state", state="OFFLINE")
        self.settings("  max_cpu_percent: 50\n")
        self.assertTrue(self.reload()["ok"])
        self.assertEqual(self.status()["paused"]["all"], ["command"])
        self.assertEqual(self.status()["state"], "OFFLINE")
        self.ask("resume")
        node.wait("state", state="ONLINE")
        self.assertEqual(node.names().count("paused"), 1)  # it was not told again

    def test_a_window_with_less_memory_shrinks_the_range_and_its_end_lets_it_grow(self):
        node = self.begin(*LONG)
        self.assertEqual(self.shown(node), 4)
        for _ in range(2):
            self.settings(self.line({"max_memory_gb": "6MiB"}))
            self.reload()
            node.wait("moved")
            node.wait("state", state="ONLINE")
            self.assertTrue(0 < self.shown(node) < 4)
            self.settings(self.line({"max_memory_gb": "6MiB"}) + "  max_memory_gb: 8GiB\n")
            self.reload()  # of what holds then, not now
            self.assertTrue(0 < self.shown(node) < 4)
            self.settings()
            self.reload()
            node.wait("moved")
            node.wait("state", state="ONLINE")
            self.assertEqual(self.shown(node), 4)
        self.assertEqual(node.end(), DONE, node.err)

    def test_a_window_in_which_what_is_pinned_does_not_fit_says_so_and_changes_nothing(self):
        node = self.begin(*LONG, "--set", "model.blocks=4")
        self.settings(self.line({"max_memory_gb": "6MiB"}))
        self.reload()
        deadline = time.monotonic() + 20
        while not (self.status()["window"] or {}).get("error"):
            self.assertLess(time.monotonic(), deadline)
        self.assertIn("4 are asked for", self.status()["window"]["error"])
        self.assertEqual((self.status()["state"], self.shown(node)), ("ONLINE", 4))
        self.assertEqual(node.end(), DONE, node.err)

    def test_a_wrong_zone_changes_nothing(self):
        node = self.begin()
        self.settings(self.line({"max_models": 0}, timezone="Europe/Berln"))
        status, out, _ = self.h.run("reload", "--json")
        self.assertNotEqual(status, DONE)
        self.assertIn("Europe/Berlin", out)
        self.assertEqual(self.status()["state"], "ONLINE")
        self.assertEqual(node.end(), DONE, node.err)


class Schedules(Case):
    # proves: MS-4/1
    def test_a_window_that_is_open_at_the_start_pauses_from_the_start_and_ends(self):
        node = self.start_paused("--set", window({"max_cpu_percent": 0}, ends_in=4))
        self.assertEqual(node.told("paused")["by"], "schedule")
        self.assertIn("office", node.told("paused")["reason"])
        node.wait("resumed")
        node.wait("state", state="JOINING")
        node.wait("serving", stage="serving")
        node.wait("state", state="ONLINE")
        self.assertNotIn("serving", [told["event"] for told in node.events[
            :node.names().index("resumed")]])
        self.assertEqual(node.end(), DONE, node.err)

    def test_a_start_in_the_background_tells_that_it_is_paused(self):
        told = self.ask("start", "--detach", "--yes", "--set", "network.new_swarm=true", "--set",
                        f"model.path={self.model}", "--set", "model.repository=someone/tiny",
                        "--set", window({"max_models": 0}))
        self.addCleanup(self.h.run, "stop")
        self.assertEqual((told["outcome"], told["reason"]),
                         ("joined", 'paused: schedule "office"'))

    def test_people_read_why_nothing_is_served_at_first(self):
        node = Node(self.h, "--no-save", "--set", "network.new_swarm=true", "--set",
                    f"model.path={self.model}", "--set", "model.repository=someone/tiny", "--set",
                    window({"max_models": 0}, ends_in=86400), json_lines=False)
        self.addCleanup(node.__exit__)
        lines = []
        while not any("Node Running" in line for line in lines):
            lines.append(node.line())
            self.assertTrue(lines[-1], "it ended")
        self.assertIn("No block is announced: paused: schedule \"office\"", "".join(lines))
        self.assertNotIn("Announcing", "".join(lines))

    def test_resume_passes_the_window_over(self):
        node = self.start_paused("--set", window({"max_models": 0}))
        node.wait("planned")
        told = self.status()
        self.assertEqual((told["state"], told["paused"]["by"], told["window"]["name"]),
                         ("OFFLINE", "schedule", "office"))
        self.assertIsNone(self.ask("resume")["paused"])
        node.wait("state", state="ONLINE")
        self.assertTrue(self.status()["window"]["passed_over"])
        self.h.config.write_text("resources:\n  max_cpu_percent: 50\n")
        told = self.h.run("reload --json")
        self.assertIn("resources.max_cpu_percent", self.expect(told, DONE)[1])
        self.assertTrue(self.status()["window"]["passed_over"])
        self.assertIsNone(self.status()["paused"])
        self.ask("pause", "1s")  # and now the window counts again
        node.wait("paused")
        deadline = time.monotonic() + 20
        while self.status()["paused"]["all"] != ["schedule"]:
            self.assertLess(time.monotonic(), deadline)

    def test_a_window_with_other_limits_is_told_and_obeyed(self):
        node = self.start("--set", window({"max_cpu_percent": 1}))
        self.served(node)
        told = self.status()
        self.assertIsNone(told["paused"])
        self.assertEqual((told["window"]["name"], told["window"]["max_cpu_percent"]),
                         ("office", 1))

    def test_a_window_with_less_memory_holds_at_a_start_and_its_end_lets_the_range_grow(self):
        node = self.start(*LONG, "--set", window({"max_memory_gb": "6MiB"}, ends_in=6))
        self.served(node)
        told = self.status()
        self.assertEqual(told["window"]["max_memory_bytes"], 6 * 2**20)
        self.assertTrue(0 < told["end_block"] - told["start_block"] < 4, told)
        self.shown(node)
        node.wait("moved")
        node.wait("state", state="ONLINE")
        self.assertEqual((self.shown(node), self.status()["window"]), (4, None))
        self.assertEqual(node.end(), DONE, node.err)

    def test_what_is_to_come_is_shown_without_a_node(self):
        given = ("--set", "resources.max_cpu_percent=80", "--set", window(
            {"max_cpu_percent": 0}, ends_in=3600, name="nap"))
        told = self.ask("schedule", "--next", "2d", *given)
        changes = [change for change in told["changes"] if "window" in change]
        self.assertEqual([change["window"] for change in changes][:3], ["nap", None, "nap"])
        self.assertEqual([change["pauses"] for change in changes][:3], [True, False, True])
        self.assertEqual(changes[1]["limits"]["max_cpu_percent"], 80)
        self.assertAlmostEqual(changes[1]["at"], time.time() + 3600, delta=30)
        self.assertEqual(changes[2]["at"] - changes[1]["at"], 86400 - (
            changes[1]["at"] - (changes[2]["at"] - 86400)))
        status, out, err = self.h.run("schedule", *given)
        self.assertEqual(status, DONE, err)
        self.assertIn("nap: paused", out)
        self.assertIn("no window: processors 80 %", out)
        self.assertEqual(self.ask("schedule")["changes"][0]["window"], None)
        self.ask("schedule", "--next", "2y", want=USAGE)

    def test_daylight_saving_is_marked(self):
        entry = json.dumps([{"name": "n", "cron": "30 2 * * *", "duration": "1h",
                             "timezone": "Europe/Berlin", "limits": {"max_cpu_percent": 0}}])
        told = self.ask("schedule", "--next", "366d", "--set", f"resources.schedules={entry}",
                        env={"TZ": "Asia/Tokyo"})
        sets = [change for change in told["changes"] if "clocks_set_by_s" in change]
        self.assertEqual(sorted(change["clocks_set_by_s"] for change in sets), [-3600, 3600])
        forward = next(change for change in sets if change["clocks_set_by_s"] > 0)
        opened = [change for change in told["changes"] if change.get("window") == "n"]
        self.assertIn(forward["at"], [change["at"] for change in opened])  # the gap's end
        self.assertTrue(all(change["local"].endswith("+09:00") for change in opened))
        self.assertTrue(all(change["there"][-6:] in ("+01:00", "+02:00") for change in opened))

    def test_clocks_that_are_set_elsewhere_are_told_by_the_clock_here(self):
        entry = json.dumps([{"name": "n", "cron": "30 3 * * *", "duration": "1h",
                             "timezone": "Europe/Berlin", "limits": {"max_cpu_percent": 0}}])
        words = ("schedule", "--next", "366d", "--set", f"resources.schedules={entry}")
        here = {"TZ": "America/New_York"}
        told = self.ask(*words, env=here)["changes"]
        self.assertEqual([sorted(one) for one in told if "clocks_set_by_s" in one],
                         [["at", "clocks_set_by_s", "local", "there", "timezone"]] * 2)
        for one in told:
            self.assertEqual(datetime.fromisoformat(one["local"]).timestamp(), one["at"])
        _, out, _ = self.h.run(*words, env=here)
        lines = [line for line in out.splitlines() if line[0] != " "]  # the others are folded
        shown = [datetime.strptime(line[4:20], "%Y-%m-%d %H:%M") for line in lines]
        self.assertEqual(shown, sorted(shown))
        line = " ".join(next(line for line in out.split("Sat ") if "go forward" in line).split())
        self.assertRegex(line, r"^\d{4}-03-\d\d 21:00 \(Sun \d{4}-03-\d\d 03:00 Europe/Berlin\) "
                               "clocks of Europe/Berlin go forward by 60 min")

    def ask(self, *words, env=None, **options):
        if env is None:
            return super().ask(*words, **options)
        status, out, err = self.h.run(*words, "--json", env=env)
        self.assertEqual(status, DONE, err)
        return json.loads(out)

    def test_a_zone_that_nobody_knows_ends_the_start(self):
        (self.h.work / "node_config.yaml").write_text(
            "network: {new_swarm: true}\nresources:\n  schedules:\n"
            "    - {name: n, cron: 0 9 * * *, duration: 8h, timezone: Europe/Berln}\n")
        status, _, err = self.h.run("start")
        self.assertEqual(status, CONFIGURATION)
        self.assertIn("Did you mean Europe/Berlin?", err)


if __name__ == "__main__":
    program.main()

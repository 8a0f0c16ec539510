#!/usr/bin/env python3
"""The JSON Schema and the program judge the same documents alike.

usage: schema.py CHECK_DRIVER

Documents are made from the program's own table: for every setting its built-in value, its bounds
and one past each, wrong types, null, auto, every choice; and a list by hand for forms, schedules
and the document itself. Where a schema cannot say what the program does, DIFFERENCES says why, and
the test insists that the verdicts really differ.

proves: FR-4/4.1, FR-4/4.3
"""
import json
import subprocess
import sys

from jsonschema import Draft202012Validator

# Why the two verdicts may differ. "loose": only the program refuses; "strict": only the schema.
DIFFERENCES = {
    "several": ("loose", "a rule over several settings needs the values of all sources"),
    "quantity": ("loose", "a pattern cannot compare a number with a unit to bounds"),
    "spelling": ("loose", "a schema sees a number, not that it was written 8080.0 or 1e3"),
    "form": ("loose", "no pattern says all of IPv6, multiaddr or cron"),
    "bytes": ("loose", "a schema counts characters, the program bytes"),
    "surroundings": ("loose", "a path names a variable or a user, which is asked when it is read"),
    "zone": ("loose", "which time zones there are, the machine knows"),
    "yaml": ("loose", "two equal keys, tags and anchors are gone before a schema is asked"),
    "unfinished": ("strict", "`key:` says nothing to the program; to other readers it is null"),
    "older": ("strict", "old names are read from files of an older schema, never offered"),
    "newer": ("strict", "unknown keys only warn when the file follows a newer minor schema"),
}

PEER = "/dns/example.org/tcp/8000/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"
UNITS = {"s": 1, "ms": 1e-3, "m": 60, "h": 3600, "d": 86400, "B": 1, "KiB": 2**10, "MiB": 2**20,
         "GiB": 2**30, "TiB": 2**40, "PiB": 2**50, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9,
         "TB": 1e12, "PB": 1e15}
SIZES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "kB", "KB", "MB", "GB", "TB", "PB"]
DURATIONS = ["ms", "s", "m", "h", "d"]

# Of single settings: values, and the difference where there is one.
BY_HAND = {
    "schema_version": [("1.0.0", None), ("0.9.0", None), ("1.7.3", None), ("2.0.0", None),
                       ("1.0", None), (1.0, None), ("01.0.0", None), ("x", None)],
    "node.name": [("abc", None), ("ab", None), ("a" * 64, None), ("a" * 65, None), ("-ab", None),
                  ("ab-", None), ("a b", None), (99, None), (100, None), ("null", None)],
    "node.version": [("0.3.14", None), ("anything", None), (3, None), ("null", None)],
    "node.identity_key": [("x" * 4000, None), ("$NOT_THERE/x", "surroundings"),
                          ("~nobody/x", "surroundings"), ("${A:-b}", None), (7, None)],
    "node.port": [("8080", None)],
    "model.name": [("x" * 1024, None), ("x" * 1025, None), ("\u00e4" * 600, "bytes"),
                   ("  ", None), (405, None), (True, None), ("null", None)],
    "model.dht_prefix": [("a.b", None), ("a b", None), ("a-b", None), (5, None), (5.5, None)],
    "performance.device": [("cpu", None), ("cuda:255", None), ("cuda:256", None), ("gpu", None),
                           ("rocm", None), ("cuda:01", None)],
    "performance.tensor_parallel_devices": [(["cuda:0", "cuda:1"], None), (["gpu"], None)],
    "network.public_ip": [("1.2.3.4", None), ("::1", None), ("999.1.1.1", "form"), ("host", None),
                          (1.5, None)],
    "network.map_endpoint": [("off", None), ("https://x.org", None), ("ftp://x.org", None),
                             ("https:///x", None), (False, None)],
    "network.bootstrap_peers": [([PEER], None), (["/ip4/1.2.3.4/tcp/1"], None), (["x"], None),
                                (["/x/y/p2p/z"], "form"), (PEER, None), ([PEER, PEER], None)],
    "network.trusted_relays": [([PEER], None), ([5], None)],
    "network.listen_addrs": [(["/ip4/0.0.0.0/tcp/8080"], None), (["/nothing"], "form"),
                             (["ip4"], None), (["auto"], None)],
    "logging.modules": [(["network=debug"], None), (["network=loud"], None), (["=info"], None),
                        ([None], None)],
    "state.adapters": [(["a"], None), (["a,b"], None), (["a b"], None), ([""], None),
                       ([7], None), ([-7.5], None), ([True], None), (["[a"], None),
                       ([None], None)],
    "alerts.webhook_url": [("https://h.example/x", None), ("h.example", None)],
    "alerts.email": [("a@b", None), ("a@b@c", None), ("a", None), ("a b@c", None)],
    "alerts.command": [("echo", None), (" ", None), (5, None)],
}

WINDOW = {"name": "office", "cron": "0 9 * * mon-fri", "duration": "8h"}


def window(**more):
    return {"resources": {"schedules": [{**WINDOW, **more}]}}


def without(key):
    return {"resources": {"schedules": [{k: v for k, v in WINDOW.items() if k != key}]}}


DOCUMENTS = [  # document or (text, what another reader of YAML makes of it), difference
    ({}, None), (None, None), ([], None), ("text", None), (5, None),
    ({"x-mine": {"any": [1]}}, None), ({"mine": 1}, None), ({"node": None}, None),
    ({"node": 5}, None), ({"node": []}, None), ({"node": {"prot": 1}}, None),
    ({"node.port": 8080}, None), ({"node": {"x-port": 1}}, None),
    ({"model": {"rebalance": None}}, None), ({"model": {"rebalance": {"what": 1}}}, None),
    ({"model": {"rebalance": True}}, None), ({"health": {"reconnect": {"jitter": True}}}, None),
    ({"schema_version": "0.9.0", "performance": {"cache_capacity": 5}}, "older"),
    ({"performance": {"cache_capacity": 5}}, None),
    ({"schema_version": "1.9.0", "node": {"later": 5}}, "newer"),
    (("node:\n  port:\n", {"node": {"port": None}}), "unfinished"),
    (("node:\n  port: null\n", {"node": {"port": None}}), None),
    (("{\"node\": {\"port\": 8080.0}}", {"node": {"port": 8080.0}}), "spelling"),
    (("{\"node\": {\"port\": 1e3}}", {"node": {"port": 1e3}}), "spelling"),
    (("node: {port: 1, port: 2}", {"node": {"port": 2}}), "yaml"),
    (("node: {port: !!int 8080}", {"node": {"port": 8080}}), "yaml"),
    ({"model": {"start_block": 0, "end_block": 5}}, None),
    ({"model": {"start_block": 5, "end_block": 5}}, "several"),
    (window(), None), (window(timezone="Europe/Berlin"), None), (window(timezone="/x"), None),
    (window(timezone=None), None), (window(timezone=5), "zone"), (window(timezone=5.5), None),
    (window(timezone="Europe/Berln"), "zone"), (window(limits={"max_models": 0}), None),
    (window(limits={"max_disk_space_gb": 0}), None),
    (window(timezone=""), None), (window(extra=1), None), (window(name=5), None),
    (window(name=""), None), (window(name="x" * 64), None), (window(name="x" * 65), None),
    (window(name="\u00e4" * 40), "bytes"), (window(name=None), None), (window(name=[]), None),
    (window(cron="0 9 * *"), None), (window(cron="@daily"), None), (window(cron=5), None),
    (window(cron="99 9 * * *"), "form"), (window(cron=" 0\t9 * * * "), None),
    (window(cron="0 9 * * *" + " " * 300), None), (window(duration=1), None),
    (window(duration=0), None), (window(duration=30 * 86400), None),
    (window(duration=30 * 86400 + 1), None), (window(duration="31d"), "quantity"),
    (window(duration=None), None), (window(limits=None), None), (window(limits={}), None),
    (window(limits=[]), None), (window(limits={"max_memory_gb": 4}), None),
    (window(limits={"max_memory_gb": None}), None), (window(limits={"max_models": None}), None),
    (window(limits={"max_models": 65}), None), (window(limits={"max_cpus": 1}), None),
    (without("name"), None), (without("cron"), None), (without("duration"), None),
    ({"resources": {"schedules": [5]}}, None), ({"resources": {"schedules": {}}}, None),
    ({"resources": {"schedules": [{**WINDOW, "name": f"n{i}"} for i in range(64)]}}, None),
    ({"resources": {"schedules": [{**WINDOW, "name": f"n{i}"} for i in range(65)]}}, None),
    ({"resources": {"schedules": [WINDOW, WINDOW]}}, "several"),
    ({"state": {"adapters": [f"a{i}" for i in range(4096)]}}, None),
    ({"state": {"adapters": [f"a{i}" for i in range(4097)]}}, None),
]


def within(key, value):
    """The document in which only this setting stands."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def default_of(schema, key):
    for part in key.split("."):
        schema = schema["properties"][part]
    return schema["default"]


def quantities(row, units):
    """Numbers with a unit, good and bad spellings, in and out of range."""
    for number, spelled in ((5, "5"), (5.5, "5.5"), (100, "1e2")):
        for unit in units:
            for space in ("", " "):
                amount = number * UNITS[unit] / UNITS[row["unit"]]
                inside = row["min"] <= amount <= row["max"]
                yield f"{spelled}{space}{unit}", None if inside else "quantity"
    for wrong in ("5x", "5 x", units[0], "5" + units[0] + "5", "-5" + units[1], "05" + units[1],
                  "5  " + units[1], " 5" + units[1], ".5" + units[1], "5." + units[1]):
        yield wrong, None
    plain = max(1, row["min"])
    for text in (f"{plain:g}", f"{plain:g} "):
        yield text, None


def values(row):
    """Values of one setting, each with its difference or None."""
    for value in (None, "auto", {}, True, False, "", 5, -5, [], [[]]):
        yield value, None
    if row["type"] in ("whole number", "number", "size", "duration"):
        low, high = row["min"], row["max"]
        if row["type"] == "whole number":
            tries = [low, high, low - 1, high + 1, low + 0.5]
        else:
            tries = [low, high, low - max(low, 1) / 2, high * 2]
        for value in tries:
            yield value, None
        yield str(int(max(1, low))), None
    if row["type"] in ("size", "duration"):
        yield from quantities(row, SIZES if row["type"] == "size" else DURATIONS)
    for word in row["words"]:
        yield word, None
        yield word.swapcase(), None
    yield from BY_HAND.get(row["key"], [])


def cases(rows, schema):
    """(text for the program, value for the schema, difference)"""
    for row in rows:
        key = row["key"]
        document = within(key, default_of(schema, key))
        yield json.dumps(document), document, None
        for value, why in values(row):
            document = within(key, value)
            yield json.dumps(document, ensure_ascii=False), document, why
    for document, why in DOCUMENTS:
        if isinstance(document, tuple):
            yield document[0], document[1], why
        else:
            yield json.dumps(document, ensure_ascii=False), document, why


def allowed(why, program, schema, problems):
    """Is this pair of verdicts as it should be?"""
    kinds = {problem.split(" ")[0] for problem in problems}
    if why is None and schema and not program and kinds - {"no-effect"} <= {
            "contradiction", "merge", "suspicious"}:
        why = "several"
    if why is None:
        return program == schema
    return (program, schema) == ((False, True) if DIFFERENCES[why][0] == "loose" else (True, False))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    driver = sys.argv[1]

    def output(*words, **more):
        return subprocess.run([driver, *words], stdout=subprocess.PIPE, check=True, **more).stdout

    schema = json.loads(output("schema"))
    Draft202012Validator.check_schema(schema)
    judge = Draft202012Validator(schema)
    rows = [json.loads(line) for line in output("table").splitlines()]
    table = list(cases(rows, schema))
    answers = output("check", input=b"".join(text.encode() + b"\0" for text, _, _ in table))
    answers = answers.decode().splitlines()
    assert len(answers) == len(table), (len(answers), len(table))
    wrong, accepted, used = 0, 0, set()
    for (text, document, why), answer in zip(table, answers):
        verdict, *problems = answer.split("\t")
        program, says = verdict == "ok", judge.is_valid(document)
        accepted += program
        used.add(why)
        if not allowed(why, program, says, problems):
            wrong += 1
            print(f"{text[:150]}\n  program: {answer[:200]}\n  schema: {says}, difference: {why}")
    for why in DIFFERENCES.keys() - used:
        wrong += 1
        print(f"no document shows the difference {why}")
    print(f"{len(table)} documents, {accepted} accepted, {wrong} judged differently")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

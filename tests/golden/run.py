#!/usr/bin/env python3
"""What the program prints, compared with what it should print.

usage: run.py PROGRAM [--update] [CASE...]

Each case is a file tests/golden/CASE.txt with the command line, the exit code and the output of
one or more runs. A run has a folder of its own and an environment of its own. It speaks to a
pseudo-terminal of 60, 80 or 120 columns, where both outputs are one, or to two pipes.
--update writes the files anew; look at the difference before you commit it.
"""
import datetime
import difflib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

HERE = Path(__file__).resolve().parent
WIDTHS = (60, 80, 120)
PEER = "/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"

TYPO = """\
# This node
node:
  port: 8080
  name: ada-C-box

model:
  name: Llama-3.3-70B-Instruct
  start_block: 68
  end_block: 80

  # Half of the memory of float32

  # and as good
  dtype: flaot16
"""
TEN_MISTAKES = f"""\
nodes:
  name: x
node:
  port: 0
  name: -ada
  name: ada
model:
  dtype: flaot16
  start_block: 080
  end_block: 12
  rebalance: yes
network:
  bootstrap_peers:
    - /ip4/1.2.3.4/tcp/99999{PEER}
    - /dns/a-host-with-a-rather-long-name.example.org/tcp/8000
  connection_timeout: 5 parsecs
dht:
  announce_interval: 2m
  expiration: 1m
logging:
  level: 'informative'
resources:
  max_memory_gb: 16 GiBs
"""
RIGHT = f"""\
# This node
schema_version: 1.0.0
node:
  port: 8080 # behind the router
  name: ada-C-box
model:
  name: Llama-3.3-70B-Instruct
  start_block: 68
  end_block: 80
network:
  bootstrap_peers: [/ip4/1.2.3.4/tcp/8000{PEER}]
alerts:
  webhook_url: https://hooks.example.org/a-secret-token
"""
# A throw-away key of tests/vectors/keys.json.
KEY = bytes.fromhex("080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9d"
                    "a60fee7d1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d4"
                    "74fce27e")
OLD = "performance:\n  cache_capacity: 100 # tokens\n"


def hours_ago(hours):
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours, minutes=5)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def cache():
    return f"""\
discovery:
  timestamp: "{hours_ago(2)}"
  bootstraps: [QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc,
               Qmd3A8N5aQBATe2SYvNikaeCS9CAKN4E86jdCPacZ6RZJY]
  settings:
    node: {{port: 8082}}
    model: {{name: Llama-3.3-70B-Instruct, start_block: 68, end_block: 80}}
  reasons:
    model.name: most popular of 5 models, 127 providers
    node.port: 8080-8081 were in use
"""


# Where a run is seen: terminals by width, "pipe" with text, "json" with --json.
TERMINALS = WIDTHS
EVERY = WIDTHS + ("pipe", "json")

# name: [(files, environment, words, where), …]; the runs of a case share one folder.
CASES = {
    # proves: FR-4/4.4, NFR-2/2.2, P1/4, P2/10.3
    "check_anchor": [({"node_config.yaml": TYPO}, {}, "config check --port 70000", EVERY)],
    # proves: FR-4/4.1, FR-4/4.2, FR-4/4.3, FR-4/4.4, FR-4/4.6
    "check_ten_mistakes": [({"node_config.yaml": TEN_MISTAKES}, {}, "config check", EVERY),
                           ({}, {}, "config check --quiet", ("pipe",))],
    # proves: FR-5/5.4
    "check_right": [({}, {}, "config check", EVERY),
                    ({}, {"KWAAINET_PORT": "81", "KWAAINET_PROT": "1"},
                     "config check --dtype float16", ("pipe",)),
                    ({"node_config.yaml": RIGHT}, {}, "config check", EVERY),
                    ({}, {}, "config check --quiet", ("pipe",))],
    "check_broken": [({"node_config.yaml": "node:\n  port: [80\nmodel:\n"}, {}, "config check",
                      EVERY),
                     ({}, {}, "config show", ("pipe", "json")),
                     ({}, {}, "config explain model.dtype", ("pipe",)),
                     ({}, {}, "config get model.dtype", ("pipe", "json")),
                     ({}, {}, "config set node.port 1", ("pipe", "json"))],
    # proves: FR-5/5.5, FR-1/1.3
    "check_missing": [({}, {}, "config check --config other.yaml", ("pipe", "json")),
                      ({}, {}, "config set --config other.yaml node.port 1", ("pipe", "json"))],
    "check_sources": [({"node_config.yaml": "node: {port: 8080, name: x}\n"},
                       {"KWAAINET_NODE_PORT": "0", "KWAAINET_LOG_LEVEL": "loud"},
                       "config check --dtype int4 --set node.name=-", ("pipe", 60))],
    "check_hostile": [({"node_config.yaml": 'node:\n  name: "a\\e[2Jb\\nnode: c"\n'
                                            '  "k\\e]0;x\\a": 1\n'}, {}, "config check", EVERY)],
    # proves: FR-5/5.6, P2/10.2
    "show": [({"node_config.yaml": RIGHT}, {"KWAAINET_PORT": "8090"},
              "config show --dtype float16", EVERY),
             ({}, {}, "config show --changed", (80, "json")),
             ({}, {}, "config show --section model.rebalance", (80, "json")),
             ({}, {}, "config show --section modle", ("pipe", "json"))],
    # proves: FR-5/5.1.3
    "show_cached": [({"home/discovery_cache.yaml": cache}, {"KWAAINET_HOME": "home"},
                     "config show --section model --quiet", (80,)),
                    ({}, {"KWAAINET_HOME": "home"}, "config explain model.name", (120,)),
                    ({}, {"KWAAINET_HOME": "home"}, "config explain node.port --port 9000", (80,)),
                    ({"node_config.yaml": "node: {port: 8000}\n"},
                     {"KWAAINET_HOME": "home", "KWAAINET_PORT": "auto"},
                     "config explain node.port", (120, "json")),
                    ({}, {"KWAAINET_HOME": "home"}, "config get model.name", ("json",))],
    "explain": [({"node_config.yaml": RIGHT}, {"KWAAINET_PORT": "8090"},
                 "config explain node.port --port 9000", EVERY),
                ({}, {}, "config explain network.bootstrap_peers", TERMINALS),
                ({}, {}, "config explain alerts.webhook_url", (80, "json")),
                ({}, {}, "config explain node.prot", ("pipe", "json")),
                ({}, {}, "config explain node", ("pipe",))],
    "get": [({"node_config.yaml": RIGHT}, {}, "config get node.port", (80, "pipe", "json")),
            ({}, {}, "config get alerts.webhook_url", ("pipe", "json")),
            ({}, {}, "config get network.bootstrap_peers", ("pipe", "json")),
            ({}, {}, "config get dht.announce_interval", ("pipe", "json")),
            ({}, {}, "config get node.name --name -", ("pipe", "json"))],
    "set": [({"node_config.yaml": RIGHT}, {}, "config set node.port 9000", EVERY),
            ({}, {}, "config set node.port 70000", EVERY),
            ({}, {}, "config set model.end_block 60", ("pipe", 60)),
            ({}, {"KWAAINET_PORT": "8090"}, "config set node.port 9001 model.dtype float16",
             ("pipe", "json")),
            ({}, {}, "config unset node.port alerts.email", (80,)),
            ({}, {}, "config unset node.name", ("json",)),
            ({}, {}, "config set node.port", ("pipe",)),
            ({}, {}, "config set node.port 1 --port 2", ("pipe", "json")),
            ({}, {}, "config set node.port 1 node.name", ("pipe", "json")),
            ({}, {}, "config set alerts.webhook_url=https://example.org/hook x", ("pipe",)),
            ({}, {}, "config set alerts.webhook_url https://example.org/a b", ("pipe",))],
    "set_new": [({}, {}, "config set model.dtype float16", (60, "pipe")),
                ({"node_config.yaml": "# mine\nnode:\n  pot: 1\n"}, {},
                 "config set node.port 9000", (80, "pipe", "json")),
                ({"node_config.yaml": "native_p2p: true\nport: 8080\n"}, {},
                 "config set node.port 9000", ("pipe",)),
                ({"node_config.yaml": "schema_version: 2.0.0\n"}, {},
                 "config set node.port 9000", ("pipe",)),
                ({}, {}, "config unset schema_version", ("pipe",)),
                ({}, {}, "config path", ("pipe",))],
    "edit": [({"node_config.yaml": RIGHT, "wrong.sh": 'printf "node:\\n  port: x\\n" > "$1"\n',
               "right.sh": 'printf "node:\\n  port: 9000\\n" > "$1"\n',
               "gone.sh": 'rm "$1"\n', "cut.sh": 'echo "# work" > "$1"; exit 3\n'},
              {"EDITOR": "true"},
              "config edit", ("pipe", "json")),
             ({}, {"EDITOR": "false"}, "config edit", ("pipe", "json")),
             ({}, {"EDITOR": "no-such-editor"}, "config edit", ("pipe",)),
             ({}, {"VISUAL": "  ", "EDITOR": "true"}, "config edit", ("pipe",)),
             ({}, {"VISUAL": "sh gone.sh"}, "config edit", ("pipe",)),
             ({}, {"VISUAL": "sh cut.sh"}, "config edit", ("pipe",)),
             ({}, {"VISUAL": "sh  wrong.sh"}, "config edit", ("pipe", "json")),
             ({}, {"VISUAL": "sh right.sh"}, "config edit", ("pipe",)),
             ({}, {}, "config get node.port", ("pipe",)),
             ({"race.sh": 'echo "# a" >> "$1"\necho "# b" >> node_config.yaml\n'},
              {"EDITOR": "sh race.sh"}, "config edit", ("pipe", "json"))],
    "output": [({}, {}, words, ("full", "closed")) for words in
               ("config example", "config check --json", "help")],
    "diff": [({"node_config.yaml": RIGHT, "other.yaml": "node:\n  port: 9000\n"}, {},
              "config diff", EVERY),
             ({}, {"KWAAINET_PORT": "1"}, "config diff other.yaml", (80,)),
             ({}, {"KWAAINET_PORT": "1"}, "config diff node_config.yaml other.yaml", ("json",)),
             ({}, {}, "config diff other.yaml other.yaml --name -", ("pipe", "json"))],
    "looks": [({"node_config.yaml": TYPO}, {"NO_COLOR": ""}, "config check", (80, "pipe")),
              ({}, {"NO_COLOR": "", "TERM": "dumb"}, "config check", (80,)),
              ({"node_config.yaml": RIGHT}, {"LC_ALL": "C"}, "config set node.port 9000",
               (80, "pipe"))],
    "path": [({}, {}, "config path", ("pipe", "json"))],
    # proves: MS-4/6
    "migrate": [({}, {}, "config migrate", ("pipe", "json")),
                ({"node_config.yaml": OLD}, {}, "config migrate", (80,)),
                ({"node_config.yaml": "schema_version: 0.9.0\n" + OLD}, {}, "config migrate",
                 ("json",)),
                ({}, {}, "config migrate", ("pipe",)),
                ({"node_config.yaml": "schema_version: 2.0.0\n"}, {}, "config migrate",
                 ("pipe", "json"))],
    # Long lines with the folder in them would break elsewhere: those are seen as JSON only.
    "identity": [({}, {}, "identity show", EVERY), ({}, {}, "identity show --quiet", ("pipe",)),
                 ({}, {}, "identity show --port 0", ("pipe",)),
                 ({}, {}, "identity show --set node.identity_key=$NO/id", ("pipe", "json"))] +
                [({"their.key": KEY, "pem": "-----BEGIN PRIVATE KEY-----\nMC4C\n", "text": "0801"},
                  {"KWAAINET_HOME": "home"}, words, where) for words, where in (
                      ("identity import none.key", ("pipe", "json")),
                      ("identity import pem", ("pipe",)), ("identity import text", (60, "json")),
                      ("identity import their.key", (80,)),
                      ("identity import their.key", (60, "pipe", "json")),
                      ("identity show", (80, "pipe", "json")),
                      ("identity show --set node.identity_key=their.key", ("json",)),
                      ("identity new", ("json",)), ("identity new --replace", (60, "json")),
                      ("identity import their.key", ("json",)),
                      ("identity import their.key --replace", ("json",)),
                      ("identity show --quiet", ("pipe",)), ("identity", ("pipe",)),
                      ("identity import", ("pipe",)), ("identity import --help", (80,)))],
    "identity_new": [({}, {"KWAAINET_HOME": "home"}, words, where) for words, where in (
        ("identity new --quiet", ("pipe",)), ("identity new --json --replace", ("pipe",)),
        ("identity new --replace --quiet", (80,)), ("identity new --replace", ("pipe",)))] +
                    [({"home/identity.key": "no key"}, {"KWAAINET_HOME": "home"}, words, ("json",))
                     for words in ("identity show", "identity new", "identity new --replace")],
    "running": [({}, {}, "status", EVERY),
                ({}, {}, "status --metrics --watch 1", ("pipe", "json")),
                ({}, {}, "stop", ("pipe", "json")),
                ({}, {}, "stop --wait 3601", ("pipe", "json")),
                ({}, {}, "service install --help", (60, 80)),
                ({}, {}, "service status --help", (80,)), ({}, {}, "service", ("pipe", "json")),
                ({}, {}, "restart", ("pipe", "json")), ({}, {}, "restart --help", (60, 80)),
                ({}, {}, "status --help", (80,)), ({}, {}, "stop --help", (80,))],
    # proves: FR-0/0.2.6
    "calibrate": [({}, {}, "calibrate full --model Nobody-7B", EVERY), ({}, {}, "calibrate fll", ("pipe", "json")),
                  ({}, {}, "calibrate quick full", ("pipe",)),
                  ({}, {}, "start --dry-run --calibrate full", ("pipe", "json")),
                  ({}, {}, "start --dry-run --calibrate=full", ("pipe",)),
                  ({}, {}, "start --calibrate=fll", ("pipe", "json")),
                  ({}, {}, "start --calibrate fll", ("pipe",)),
                  ({}, {}, "calibrate --model no-such", ("pipe", "json")),
                  ({}, {}, "calibrate --model gemma-2-9-it", (60,)),
                  ({"home": "a file"}, {"KWAAINET_HOME": "home"}, "calibrate", ("pipe", "json")),
                  ({}, {}, "calibrate --help", (60, 80))],
    "bench": [({}, {}, "bench --for 4", EVERY), ({}, {}, "bench --model Nobody-7B", ("pipe", "json")),
              ({}, {}, "bench --help", (60, 80))],
    "help": [({}, {}, "--help", TERMINALS + ("json",)),
             ({}, {}, "config check --help", EVERY), ({}, {}, "help config", TERMINALS),
             ({}, {}, "help config chek", ("pipe", "json")), ({}, {}, "config -h", ("pipe",))],
    "usage": [({}, {}, words, ("pipe", "json")) for words in (
        "config", "confg show", "confg", "config shw", "show", "zzz", "--prot 1", "config show --prot 3",
        "config show --section", "config show --json=yes", "config show extra", "config get",
        "config show --set node.prot=1", "config show --port", "config example --port 3",
        "completion fsh", "config show --version")],
}


def environment(folder, extra):
    return {"HOME": "/nowhere", "KWAAINET_HOME": "/nowhere/.kwaainet", "TERM": "xterm",
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "HF_HUB_OFFLINE": "1",
            "TMPDIR": str(folder / "tmp"), **extra}


def in_pipes(command, folder, env, where):
    done = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    out, err = done.stdout.decode(), done.stderr.decode()
    if where == "json":
        json.loads(out)  # one document, whatever the exit code
    return done.returncode, out + (f"-- standard error\n{err}" if err else "")


def in_vain(command, folder, env, where):
    """Standard output is a full disk, or a pipe that nobody reads."""
    reader, writer = (None, os.open("/dev/full", os.O_WRONLY)) if where == "full" else os.pipe()
    if reader is not None:
        os.close(reader)
    done = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, check=False,
                          stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    return done.returncode, done.stderr.decode()


def in_terminal(command, folder, env, columns):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=theirs,
                          stderr=theirs) as child:
        os.close(theirs)
        output = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            output += part
    os.close(ours)
    return child.returncode, output.decode().replace("\r\n", "\n")


def one_run(program, folder, extra, words, where):
    env = environment(folder, extra)
    words = words.split() + (["--json"] if where == "json" else [])
    if isinstance(where, int):
        code, output = in_terminal([program] + words, folder, env, where)
        title = f"{where} columns"
    elif where in ("full", "closed"):
        code, output = in_vain([program] + words, folder, env, where)
        title = f"{where} output"
    else:
        code, output = in_pipes([program] + words, folder, env, where)
        title = "pipe"
    variables = "".join(f"{name}={value} " for name, value in extra.items())
    output = output.replace(str(folder), "FOLDER").replace("\x1b", "^[")
    output = re.sub(r'"age_s": \d+', '"age_s": 1', output)
    output = re.sub(r"/kwaainet-\w{6}/", "/kwaainet-XXXXXX/", output)
    output = re.sub(r"12D3KooW(?!Btg3)\w{44}", "12D3KooW" + 44 * "X", output)
    output = re.sub(r"identity\.key\.[-0-9]{10}T\d{6}Z(-\d+)?", "identity.key.DATE", output)
    return f"== {title}: {variables}kwaainet {' '.join(words)}".rstrip() + \
           f"\n{output}== exit {code}\n\n"


def transcript(program, case):
    text = ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "tmp").mkdir()
        for files, extra, words, seen in CASES[case]:
            for where in seen:
                for path, content in files.items():
                    (folder / path).parent.mkdir(exist_ok=True)
                    content = content() if callable(content) else content
                    put = Path.write_bytes if isinstance(content, bytes) else Path.write_text
                    put(folder / path, content)
                text += one_run(program, folder, extra, words, where)
    return text


def main():
    words = [word for word in sys.argv[1:] if word != "--update"]
    update = "--update" in sys.argv
    if not words:
        sys.exit(__doc__.strip())
    program, wrong = str(Path(words[0]).resolve()), 0
    os.umask(0o022)
    for case in words[1:] or CASES:
        path = HERE / f"{case}.txt"
        got = transcript(program, case)
        want = path.read_text() if path.exists() else ""
        if update:
            path.write_text(got)
        elif got != want:
            wrong += 1
            sys.stdout.writelines(difflib.unified_diff(want.splitlines(True),
                                                       got.splitlines(True), str(path), "printed"))
    sys.exit(f"{wrong} of {len(CASES)} transcripts differ" if wrong else 0)


main()

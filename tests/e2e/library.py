#!/usr/bin/env python3
"""libkwaai-config installed, and used by a program that knows nothing of the project.

usage: library.py SOURCE BUILD CMAKE

BUILD gets a plain build of the library; it is installed into a private prefix.
"""
import re
import sys
import tempfile
from pathlib import Path

from installed import compile_with, imported, install, need, one, run, visible

FILE = """\
node: {port: 8080, identity_key: keys/id}
model: {rebalance: {enabled: false, quality: 0.5}}
dht: {announce_interval: 2m}
performance: {max_chunk_bytes: 16MiB}
logging: {modules: [network=debug, dht=info], level: debug}
"""
GETTERS = ("bool", "int", "number", "bytes", "ms", "text", "list")
# key: (its getter, what that says, the values: bool int number bytes ms text items)
WANT = {
    "node.port": ("int", "given", "0 9500 -1 -1 -1 - 0"),
    "node.name": ("text", "given", "0 -1 -1 -1 -1 ada 0"),
    "model.rebalance.enabled": ("bool", "given", "0 -1 -1 -1 -1 - 0"),
    "model.rebalance.quality": ("number", "given", "0 -1 0.5 -1 -1 - 0"),
    "dht.announce_interval": ("ms", "given", "0 -1 -1 -1 120000 - 0"),
    "performance.max_chunk_bytes": ("bytes", "given", "0 -1 -1 16777216 -1 - 0"),
    "logging.modules": ("list", "given", "0 -1 -1 -1 -1 - 2"),
    "logging.level": ("text", "given", "0 -1 -1 -1 -1 debug 0"),
    "alerts.command": ("text", "none", "0 -1 -1 -1 -1 - 0"),
    "no.such": (None, None, "0 -1 -1 -1 -1 - 0"),
}


def only_the_public_names_are_visible(library):
    names = visible(library)
    assert len(names) > 10, names
    assert all(name.startswith("kwaai_") for name in names), names


# proves: Q/4, NFR-3/3.4
def neither_the_network_nor_the_end_of_the_process_is_imported(library):
    names = imported(library)
    wrong = names & {"socket", "connect", "bind", "listen", "accept", "send", "sendto", "recv",
                     "getaddrinfo", "gethostbyname", "res_query", "fork", "execve", "exit",
                     "_exit", "abort", "setlocale", "pthread_create", "system", "popen", "getenv"}
    assert names and not wrong, wrong


# proves: TR-1/serde_yaml
def only_libc_libm_and_libyaml_are_needed(library):
    found = re.findall(r"NEEDED.*\[([^.\]]+)", need("readelf", "-d", library))
    assert set(found) - {"libm"} == {"libc", "libyaml-0"}, found


def symbols(file, which):
    return {line.split()[-1] for line in need("nm", which, "--extern-only", file).splitlines()
            if " kn_" in line}


# proves: TR-2/discovery
def what_is_discovered_and_what_is_loaded_know_nothing_of_each_other(build, library):
    discovers = one(build, "libkn_config_discovery.a")
    names = symbols(discovers, "--defined-only")
    assert len(names) > 20, names
    inside = {line.split()[-1] for line in need("nm", library).splitlines()}
    assert any(name.startswith("kn_snapshot_") for name in inside)  # not stripped
    assert not names & inside, names & inside
    for loads in ("libkn_config_sources.a", "libkn_config_resolve.a", "libkn_config.a"):
        wrong = symbols(discovers, "--undefined-only") & symbols(one(build, loads),
                                                                 "--defined-only")
        assert not wrong, wrong


def compile_consumer(source, prefix, out):
    compile_with(["kwaai-config"], source, prefix, out)


def consume(prefix, consumer, folder, *words, env=None):
    status, out = run(consumer, *words, cwd=folder, env={
        "HOME": str(folder), "LD_LIBRARY_PATH": str(one(prefix, "libkwaai-config.so").parent),
        **(env or {})})
    return status, out.splitlines()


# proves: TR-2/library, MS-1/1, MS-1/4
def every_getter_gives_its_type_and_no_other(lines):
    for key, (getter, presence, values) in WANT.items():
        said = [f"{name}={presence if name == getter else 'no-such'}" for name in GETTERS]
        line = f"get {key} {' '.join(said)} | {values}"
        assert line in lines, f"not there: {line}\n" + "\n".join(lines)
    assert [line for line in lines if line.startswith("item ")] == \
        ["item logging.modules network=debug", "item logging.modules dht=info"]


def every_setting_has_its_origin(lines):
    settings = {line.split()[1]: line for line in lines if line.startswith("setting ")}
    assert len(settings) > 90, len(settings)
    for key, want in (("node.port", "layer=0 name=--port at=0:0 age=-1 value=9500"),
                      ("node.name", "layer=1 name=PUBLIC_NAME at=0:0 age=-1 value=ada"),
                      ("dht.announce_interval",
                       "layer=2 name=node_config.yaml at=3:26 age=-1 value=2m"),
                      ("dht.bootstrap_timeout", "layer=5 name=- at=0:0 age=-1 value=1m")):
        assert settings[key] == f"setting {key} {want}", settings[key]


def a_comma_as_decimal_point_changes_nothing(prefix, consumer, folder, lines):
    """The program around the library may have set any locale."""
    for name, half in (("de_DE", "0,5"), ("ps_AF", "0\u066b5")):
        made = folder / f"{name}.UTF-8"
        _, out = run("localedef", "-i", name, "-f", "UTF-8", made)
        if not (made / "LC_NUMERIC").exists():  # a status of 1 may be a warning
            print(f"skipped: the locale {name} cannot be made here ({out.strip()})")
            continue
        env = {"PUBLIC_NAME": "ada", "LOCPATH": str(folder), "LC_ALL": f"{name}.UTF-8"}
        status, there = consume(prefix, consumer, folder, "--port", "9500", env=env)
        assert status == 0 and there[0] == f"half {half}", there[:1]
        # What the consumer prints by itself has the comma; what the library says has not.
        assert [line.replace(f" {half} ", " 0.5 ") for line in there[1:]] == lines[1:], name


# proves: TR-4/FileNotFound, TR-4/ParseError, TR-4/ValidationError, TR-4/MergeError
def every_error_has_one_of_the_four_kinds(prefix, consumer, folder):
    config = folder / "node_config.yaml"
    for kind, text, words in (("file-not-found", "", ["--config", "none.yaml"]),
                              ("parse", "node: [\n", []),
                              ("validation", "node: {port: 0}\n", []),
                              ("merge", "model: {start_block: 9}\n", ["--end-block", "3"])):
        config.write_text(text)
        status, lines = consume(prefix, consumer, folder, *words)
        errors = [line for line in lines if line.startswith("problem ") and " error " in line]
        assert status == 78 and len(errors) == 1, (kind, status, lines)
        assert errors[0].startswith(f"problem {kind} error "), errors
    status, lines = consume(prefix, consumer, folder, "--prot", "1")
    assert status == 78 and any("--prot" in line for line in lines), lines


# proves: TR-2/example, MS-1/6
def the_example_prints_the_configuration(source, prefix, folder):
    out = folder / "show_config"
    compile_consumer(source / "examples/show_config.c", prefix, out)
    (folder / "node_config.yaml").write_text(FILE)
    status, lines = consume(prefix, out, folder, "--model", "a/b-70B")
    assert status == 0 and lines[0].startswith("Configuration loaded: "), lines
    assert "   Model: a/b-70B (--model)" in lines, lines
    assert "   Port: 8080 (node_config.yaml:1:14)" in lines, lines


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__.strip())
    source, build, cmake = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), sys.argv[3]
    with tempfile.TemporaryDirectory(prefix="e2e-") as name:
        folder = Path(name).resolve()
        prefix, consumer = folder / "prefix", folder / "consumer"
        install(source, build, cmake, prefix)
        library = one(prefix, "libkwaai-config.so.*.*.*")
        only_the_public_names_are_visible(library)
        neither_the_network_nor_the_end_of_the_process_is_imported(library)
        only_libc_libm_and_libyaml_are_needed(library)
        what_is_discovered_and_what_is_loaded_know_nothing_of_each_other(build, library)
        compile_consumer(source / "tests/public/consumer.c", prefix, consumer)
        (folder / "node_config.yaml").write_text(FILE)
        status, lines = consume(prefix, consumer, folder, "--port", "9500",
                                env={"PUBLIC_NAME": "ada"})
        assert status == 0 and lines[1] == f"path {folder}/node_config.yaml", lines
        every_getter_gives_its_type_and_no_other(lines)
        every_setting_has_its_origin(lines)
        a_comma_as_decimal_point_changes_nothing(prefix, consumer, folder, lines)
        every_error_has_one_of_the_four_kinds(prefix, consumer, folder)
        the_example_prints_the_configuration(source, prefix, folder)


main()

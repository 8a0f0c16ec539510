#!/usr/bin/env python3
"""What shells do with the printed completion, and groff with the manual page.

usage: completion.py CHECK_DRIVER

bash is asked for real; zsh, fish and groff check their text where they are installed.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# words as bash breaks them, the last one is being typed; some that must be offered; one that must
# not, or None
ASKED = [
    (["kwaainet", ""], ["config", "completion"], "show"),
    (["kwaainet", "co"], ["config", "completion"], None),
    (["kwaainet", "-"], ["--version", "--help"], "--port"),
    (["kwaainet", "config", ""], ["show", "set", "diff"], "config"),
    (["kwaainet", "config", "show", "--"], ["--section", "--port", "--set", "--json"], "--version"),
    (["kwaainet", "config", "show", "--port", "8080", "--dt"], ["--dtype"], "--port"),
    (["kwaainet", "completion", "--"], ["--json"], "--port"),
    (["kwaainet", "completion", ""], ["bash", "zsh", "fish"], None),
    (["kwaainet", "config", "show", "--dtype", ""], ["auto", "float16", "bfloat16"], "show"),
    (["kwaainet", "config", "show", "--dtype", "=", "b"], ["bfloat16"], "float16"),
    (["kwaainet", "config", "show", "--dtype", "="], ["float16"], None),
    (["kwaainet", "config", "show", "--set", "node.p"], ["node.port="], "node.name="),
    (["kwaainet", "config", "show", "--set", "dht.announce", "="], ["true", "false"], None),
    (["kwaainet", "config", "show", "--set", "model.dtype", "=", "fl"], ["float32"], "auto"),
    (["kwaainet", "config", "set", "node."], ["node.port", "node.name"], "model.name"),
    (["kwaainet", "config", "set", "model.dtype", ""], ["auto", "float16"], "node.port"),
    (["kwaainet", "config", "set", "logging.level", "warn", "dht.a"], ["dht.announce"], "warn"),
    (["kwaainet", "config", "show", "--config", "mi"], ["mine.yaml"], "other.yaml"),
    (["kwaainet", "config", "diff", ""], ["mine.yaml", "other.yaml"], None),
    (["kwaainet", "config", "show", "--output", "o"], ["other.yaml"], "mine.yaml"),
    (["kwaainet", "config", "show", "--log-file", "=", "m"], ["mine.yaml"], "other.yaml"),
    (["kwaainet", "--home", "config", "config", "s"], ["show", "set"], None),
]


def bash_offers(script, words, folder):
    """COMPREPLY of the function that the script registers."""
    ask = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
           '_kwaainet; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "--norc", "-c", ask, "bash", script, *words], cwd=folder,
                          capture_output=True, text=True, check=True)
    assert done.stderr == "", done.stderr
    return done.stdout.split()


def fish_offers(script, line, folder):
    done = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"],
                          cwd=folder, capture_output=True, text=True, check=True,
                          env={**os.environ, "HOME": str(folder)})
    assert done.stderr == "", done.stderr
    return [offer.split("\t")[0] for offer in done.stdout.splitlines()]


def check_texts(scripts, page):
    """Each shell reads its own text without a word; so does groff."""
    for shell, script in scripts.items():
        if shell == "bash" or shutil.which(shell):
            done = subprocess.run([shell, "-n", script], capture_output=True, text=True,
                                  check=False)
            assert (done.returncode, done.stderr) == (0, ""), (shell, done.stderr)
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-ww", "-z", page], capture_output=True, text=True,
                              check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr


def typed(words):
    """The line that fish completes: it breaks no words at "="."""
    return " ".join(words).replace(" = ", "=").replace(" =", "=")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        folder, scripts = Path(name), {}
        work = folder / "work"
        work.mkdir()
        for file in ("mine.yaml", "other.yaml"):
            (work / file).touch()
        for shell in ("bash", "zsh", "fish"):
            scripts[shell] = folder / f"completion.{shell}"
            scripts[shell].write_bytes(
                subprocess.run([sys.argv[1], "completion", shell], stdout=subprocess.PIPE,
                               check=True).stdout)
        page = folder / "kwaainet.1"
        page.write_bytes(subprocess.run([sys.argv[1], "man"], stdout=subprocess.PIPE,
                                        check=True).stdout)
        check_texts(scripts, page)
        for words, must, must_not in ASKED:
            answers = {"bash": bash_offers(scripts["bash"], words, work)}
            if shutil.which("fish"):
                offers = fish_offers(scripts["fish"], typed(words), work)
                # fish offers "--flag=value" and "key=value" as a whole
                last = typed(words).rsplit("=", 1)[0].split(" ")[-1] + "="
                answers["fish"] = [offer.removeprefix(last) for offer in offers]
            for shell, offers in answers.items():
                missing = [word for word in must if word not in offers]
                if missing or must_not in offers:
                    wrong += 1
                    print(f"{shell}: {typed(words)!r} offers {offers[:12]}, not {missing}")
    print(f"{len(ASKED)} lines completed, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

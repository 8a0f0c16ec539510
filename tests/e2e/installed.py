"""The project installed into a private prefix, and programs that know nothing of it but that."""
import os
import subprocess

DEADLINE = 280
FLAGS = ["-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
TARGETS = ("kwaainet", "kwaai-config", "kwaainet-library")


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE,
                          check=False, **options)
    return done.returncode, done.stdout


def need(*words, **options):
    status, out = run(*words, **options)
    if status:
        raise AssertionError(f"{' '.join(map(str, words))}: exit {status}\n{out}")
    return out


def install(source, build, cmake, prefix):
    """A plain build: what the sanitizers need could not be linked by others."""
    env = {name: value for name, value in os.environ.items() if not name.endswith("FLAGS")}
    need(cmake, "-S", source, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
         "-DKN_TESTS=OFF", "-DKN_SANITIZE=", env=env)
    need(cmake, "--build", build, "-j", "2", "--target", *TARGETS, env=env)
    need(cmake, "--install", build, "--prefix", prefix, env=env)


def one(prefix, pattern):
    found = sorted(prefix.rglob(pattern))
    assert len(found) == 1, f"{pattern}: {found}"
    return found[0]


def names_of(library, which):
    return {line.split()[-1].split("@")[0] for line in
            need("nm", "-D", which, library).splitlines()}


def visible(library):
    return names_of(library, "--defined-only")


def imported(library):
    return names_of(library, "--undefined-only")


def compile_with(packages, source, prefix, out):
    """Compiled as others would, with what pkg-config says."""
    where = one(prefix, f"{packages[0]}.pc").parent
    flags = need("pkg-config", "--cflags", "--libs", *packages,
                 env={**os.environ, "PKG_CONFIG_PATH": str(where)}).split()
    assert any(os.path.normpath(flag[2:]) == f"{prefix}/include" for flag in flags), flags
    need("cc", *FLAGS, source, "-o", out, *flags)

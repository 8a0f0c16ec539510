#!/bin/sh
# Shows the configuration of a node on real files: check, mistakes, set, explain, diff.
# Works in a folder of its own; nothing of yours is read or written.
set -u
exec 2>&1

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
PATH=$here/../build/release:$PATH
HOME=$work
export PATH HOME
unset KWAAINET_HOME KWAAINET_CONFIG
cp -r "$here/ten_mistakes.yaml" "$here/other" "$work/"
cd "$work" || exit 1
failed=0

title() {
    printf '\n--- %s ---\n' "$1"
}

# Show a command, run it, and remember when it ended otherwise than it should.
run() { # EXPECTED COMMAND…
    expected=$1
    shift
    printf '\n$ %s\n' "$*"
    "$@"
    code=$?
    if [ "$code" -ne "$expected" ]; then
        printf 'demo: that ended with %s, not with %s\n' "$code" "$expected" >&2
        failed=1
    fi
}

title "A complete example, printed by the program, is correct"
printf '\n$ kwaainet config example > node_config.yaml\n'
kwaainet config example >node_config.yaml || failed=1
run 0 kwaainet config check

title "Every mistake is shown at its place, all in one run"
run 78 kwaainet config check --config ten_mistakes.yaml

title "Files of other nodes are recognised"
for file in other/*.yaml; do
    run 78 kwaainet config check --config "$file"
done

title "One value changes, and no other byte"
cp node_config.yaml before.yaml
run 0 kwaainet config set node.name alice-lab
run 0 kwaainet config set resources.max_memory_gb 16GiB
printf '\n$ diff before.yaml node_config.yaml\n'
diff before.yaml node_config.yaml

title "What is wrong is never written"
run 78 kwaainet config set node.port 99999

title "Every value can be explained"
run 0 kwaainet config explain resources.max_memory_gb
run 0 env KWAAINET_MAX_MEMORY=8GiB kwaainet config explain resources.max_memory_gb

title "What differs from the built-in values"
run 0 kwaainet config diff

exit "$failed"

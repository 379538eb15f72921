#!/usr/bin/env bash
# Runs every test of this repository, those with the real Claude Code included (fetched into target/, see
# scripts/fetch-claude.sh). Arguments go to `cargo test`. The last line counts: N passed, N failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

missing=0
need() {
    command -v "$1" >/dev/null && return
    printf 'test.sh: %s is needed and is not on PATH: %s\n' "$1" "$2" >&2
    missing=1
}

need cargo "install Rust 1.89 or newer, https://rustup.rs"
need cc "install a C compiler; libgit2, zstd and ring are built with it"
need git "install git 2.31 or newer"
if [ -z "${CCO_TEST_CLAUDE:-}" ]; then
    need node "install Node.js 20 or newer; npm fetches the pinned Claude Code with it"
    need npm "it comes with Node.js"
fi
[ "$missing" = 0 ] || exit 1

# The tests with the real Claude Code are never skipped: without it, this fails here.
[ -n "${CCO_TEST_CLAUDE:-}" ] || scripts/fetch-claude.sh

mkdir -p target
log=target/test.log
status=0
cargo test --locked --no-fail-fast "$@" 2>&1 | tee "$log" || status=$?

read -r passed failed < <(awk '
    /^test result: / { passed += $4; failed += $6 }
    END { print passed + 0, failed + 0 }
' "$log")

# A test program that did not compile, or died on a signal, has no result line; it is a failure all the same.
if [ "$status" != 0 ] && [ "$failed" = 0 ]; then
    printf 'test.sh: cargo test ended with %s; see above\n' "$status"
    failed=1
fi
if [ "$status" = 0 ] && [ "$passed" = 0 ]; then
    printf 'test.sh: no test was run\n'
    status=1
fi
printf '%s passed, %s failed\n' "$passed" "$failed"
exit "$status"

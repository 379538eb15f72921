#!/usr/bin/env bash
# Fetches the pinned Claude Code (scripts/claude.pin) with npm into target/claude/VERSION/ and prints the path of the
# program. Nothing is installed: the package is packed, checked against the committed integrity, and one file of it
# kept. Does nothing when the program is there already, so it needs no network then.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    printf 'fetch-claude: %s\n' "$1" >&2
    exit 1
}

pinned() {
    awk -v key="$1" '$1 == key { print $2 }' scripts/claude.pin
}

[ "$(uname -s)" = Linux ] || fail "the tests with the real Claude Code run on Linux (WSL2 and containers too), not on $(uname -s)"
case "$(uname -m)" in
    x86_64 | amd64) platform=linux-x64 ;;
    aarch64 | arm64) platform=linux-arm64 ;;
    *) fail "there is no pinned Claude Code for $(uname -m); set CCO_TEST_CLAUDE to a claude program of your own" ;;
esac

version=$(pinned version)
integrity=$(pinned "$platform")
if [ -z "$version" ] || [ -z "$integrity" ]; then
    fail "scripts/claude.pin names no version or no integrity for $platform"
fi
package="@anthropic-ai/claude-code-$platform@$version"
folder=target/claude/$version
program=$folder/claude
stamp=$folder/integrity

# The stamp is written last, so it vouches for a program that was checked and is whole.
if [ -x "$program" ] && [ "$(cat "$stamp" 2>/dev/null || true)" = "$integrity" ]; then
    printf '%s\n' "$PWD/$program"
    exit 0
fi

for tool in npm node tar; do
    command -v "$tool" >/dev/null || fail "$tool is needed to fetch $package and is not on PATH"
done

mkdir -p "$folder"
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

printf 'fetch-claude: fetching %s (about 170 MB)\n' "$package" >&2
# npm takes its registry from the user's own configuration; a copy in npm's cache is used without asking anyone.
npm pack "$package" --pack-destination "$work" --prefer-offline --ignore-scripts --loglevel error >/dev/null ||
    fail "npm could not get $package (its words are above); check the network and npm's configuration, then run scripts/fetch-claude.sh again"

tarball=$(find "$work" -name '*.tgz')
[ -f "$tarball" ] || fail "npm pack of $package left no package behind"
found=$(node -e '
    const hash = require("node:crypto").createHash("sha512");
    require("node:fs").createReadStream(process.argv[1])
        .on("data", (part) => hash.update(part))
        .on("end", () => console.log("sha512-" + hash.digest("base64")));
' "$tarball")
[ "$found" = "$integrity" ] || fail "$package is not what scripts/claude.pin expects:
  pinned $integrity
  found  $found"

tar -xzf "$tarball" -C "$work" --strip-components=1 package/claude
chmod 755 "$work/claude"
answer=$(env -i HOME="$work" PATH="$PATH" "$work/claude" --version) || fail "the fetched claude does not run on this machine"
case "$answer" in
    "$version "*) ;;
    *) fail "the fetched claude says it is '$answer', not $version" ;;
esac
rm -f "$stamp"
mv -f "$work/claude" "$program"
printf '%s\n' "$integrity" >"$stamp"
printf '%s\n' "$PWD/$program"

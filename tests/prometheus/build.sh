#!/usr/bin/env bash
# Builds Prometheus and promtool once, at the version of go.mod, and prints the folder that has both to
# stdout; all else goes to stderr.
#
# The result is kept outside the cargo target, because `cargo clean` should not cost minutes:
# ${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-~/.cache}/livestream-operator}/prometheus-<hash>/
set -euo pipefail

fail() {
  echo "prometheus: $*" >&2
  exit 1
}

cd "$(dirname "${BASH_SOURCE[0]}")"

# This machine's programs from this module alone, whatever the caller's shell is set up to build.
unset GOOS GOARCH
export CGO_ENABLED=0 GOWORK=off

wanted=$(awk '$1 == "go" { print $2 }' go.mod)
command -v go >/dev/null ||
  fail "Go $wanted or newer is needed to build Prometheus for the tests: https://go.dev/dl/"
found=$(go env GOVERSION 2>&1) ||
  fail "Go $wanted or newer is needed: $found"

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}
hash=$({ go version; for file in go.mod go.sum build.sh; do echo "$file"; cat "$file"; done; } | sha256)
cache=${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/livestream-operator}
folder=$cache/prometheus-${hash:0:16}

if [[ ! -x $folder/prometheus ]]; then
  mkdir -p "$folder"
  # Two callers: the second waits for what the first makes. Where there is no flock both build, and the
  # renaming below keeps that harmless.
  if command -v flock >/dev/null; then
    exec 9>"$folder/lock"
    flock --nonblock 9 || { echo "prometheus: another process builds it, waiting" >&2; flock 9; }
  fi
fi

if [[ ! -x $folder/prometheus ]]; then
  version=$(awk '$1 == "github.com/prometheus/prometheus" { print $2 } $2 == "github.com/prometheus/prometheus" { print $3 }' go.mod)
  echo "prometheus: building $version with $found into $folder; the first time this takes some minutes" >&2
  new=$folder/new.$$
  trap 'rm -rf "$new"' EXIT
  mkdir "$new"
  # Nothing is discovered here but what the configuration names, and nobody looks at the pages.
  programs=github.com/prometheus/prometheus/cmd
  go build -trimpath -buildvcs=false -ldflags="-s -w" -tags remove_all_sd -o "$new/" \
    "$programs/prometheus" "$programs/promtool" >&2 || fail "the build failed"
  mv -f "$new/promtool" "$folder/promtool"
  # Last, for it is what is looked for above.
  mv -f "$new/prometheus" "$folder/prometheus"
  echo "prometheus: built in $SECONDS s" >&2
fi

echo "$folder"

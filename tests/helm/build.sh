#!/usr/bin/env bash
# Builds Helm once, as go.mod pins it, and prints the path of the program to stdout; all else goes to
# stderr.
#
# The result is kept outside the cargo target, because `cargo clean` should not cost minutes:
# ${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-~/.cache}/livestream-operator}/helm-<hash>/
set -euo pipefail

fail() {
  echo "helm: $*" >&2
  exit 1
}

cd "$(dirname "${BASH_SOURCE[0]}")"

# This machine's program from this module alone, whatever the caller's shell is set up to build.
unset GOOS GOARCH
export CGO_ENABLED=0 GOWORK=off

wanted=$(awk '$1 == "go" { print $2 }' go.mod)
command -v go >/dev/null || fail "Go $wanted or newer is needed to build Helm for the tests: https://go.dev/dl/"
# Asked here, beside go.mod: a Go that may fetch the one that go.mod wants answers for that one.
found=$(go env GOVERSION 2>&1) || fail "Go $wanted or newer is needed: $found"
oldest=$(printf '%s\n' "$wanted" "${found#go}" | sort -V | head -n 1)
[[ $oldest == "$wanted" ]] || fail "Go $wanted or newer is needed, and this is $found: https://go.dev/dl/"

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}
hash=$({ go version; cat go.mod go.sum build.sh; } | sha256)
cache=${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/livestream-operator}
folder=$cache/helm-${hash:0:16}
binary=$folder/helm

if [[ ! -x $binary ]]; then
  mkdir -p "$folder"
  # Two callers: the second waits for what the first makes, for a build takes all processors anyway.
  if command -v flock >/dev/null; then
    exec 9>"$folder/lock"
    flock --nonblock 9 || { echo "helm: another process builds it, waiting" >&2; flock 9; }
  fi
fi

if [[ ! -x $binary ]]; then
  version=$(awk '$1 == "helm.sh/helm/v4" { print $2 }' go.mod)
  flags="-s -w -X helm.sh/helm/v4/internal/version.version=$version"
  echo "helm: building $version with $found into $folder; the first time this takes some minutes" >&2
  new=$binary.$$
  trap 'rm -f "$new"' EXIT
  go build -trimpath -buildvcs=false -ldflags="$flags" -o "$new" helm.sh/helm/v4/cmd/helm >&2 || fail "the build failed"
  mv -f "$new" "$binary"
  echo "helm: built in $SECONDS s" >&2
fi

echo "$binary"

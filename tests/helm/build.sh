#!/usr/bin/env bash
# Builds Helm once, at the version that go.mod pins, and prints the path of the binary to stdout; all
# else goes to stderr. The result is kept in the user's cache and built again when its inputs change:
# ${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-~/.cache}/livestream-operator}/helm-<version>/helm
set -euo pipefail

fail() {
  echo "helm: $*" >&2
  exit 1
}

cd "$(dirname "${BASH_SOURCE[0]}")"

# This machine's binary from this module alone, whatever the caller's shell is set up to build.
unset GOOS GOARCH
export CGO_ENABLED=0 GOWORK=off

wanted=$(awk '$1 == "go" { print $2 }' go.mod)
command -v go >/dev/null || fail "Go $wanted or newer is needed to build Helm for the tests: https://go.dev/dl/"
# Asked here, beside go.mod: a Go that may fetch the one that go.mod wants answers for that one.
found=$(go env GOVERSION 2>&1) || fail "Go $wanted or newer is needed: $found"

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}
version=$(awk '$1 == "helm.sh/helm/v4" { print $2 }' go.mod)
inputs=$({ go version; for file in go.mod go.sum build.sh; do echo "$file"; cat "$file"; done; } | sha256)
cache=${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/livestream-operator}
folder=$cache/helm-$version
binary=$folder/helm

# What the binary there was made of stands beside it.
fresh() {
  [[ -x $binary && -f $folder/inputs && $(<"$folder/inputs") == "$inputs" ]]
}

if ! fresh; then
  mkdir -p "$folder"
  # Two callers: the second waits for what the first makes.
  if command -v flock >/dev/null; then
    exec 9>"$folder/lock"
    flock --nonblock 9 || { echo "helm: another process builds it, waiting" >&2; flock 9; }
  fi
fi

if ! fresh; then
  echo "helm: building Helm $version with $found into $folder; the first time this takes some minutes" >&2
  # Helm has its version from the linker; charts see it as .Capabilities.HelmVersion.
  flags="-s -w -X helm.sh/helm/v4/internal/version.version=$version"
  flags+=" -X helm.sh/helm/v4/internal/version.gitTreeState=clean"
  new=$binary.$$
  trap 'rm -f "$new"' EXIT
  go build -trimpath -buildvcs=false -ldflags="$flags" -o "$new" helm.sh/helm/v4/cmd/helm >&2 || fail "the build failed"
  mv -f "$new" "$binary"
  echo "$inputs" >"$folder/inputs"
  echo "helm: built in $SECONDS s" >&2
fi

echo "$binary"

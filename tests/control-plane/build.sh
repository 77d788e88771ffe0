#!/usr/bin/env bash
# Builds the control plane once for these sources and prints the path of the binary to stdout; all
# else goes to stderr. Beside the binary is a symlink `kubectl`, so that its folder may go into PATH.
#
# The result is kept outside the cargo target, because `cargo clean` should not cost minutes:
# ${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-~/.cache}/livestream-operator}/control-plane-<hash>/
set -euo pipefail

fail() {
  echo "control-plane: $*" >&2
  exit 1
}

cd "$(dirname "${BASH_SOURCE[0]}")"

# This machine's binary from this module alone, whatever the caller's shell is set up to build.
unset GOOS GOARCH
export CGO_ENABLED=0 GOWORK=off

wanted=$(awk '$1 == "go" { print $2 }' go.mod)
command -v go >/dev/null ||
  fail "Go $wanted or newer is needed to build a Kubernetes API server for the tests: https://go.dev/dl/"
# Asked here, beside go.mod: a Go that may fetch the one that go.mod wants answers for that one.
found=$(go env GOVERSION 2>&1) ||
  fail "Go $wanted or newer is needed: $found"
oldest=$(printf '%s\n' "$wanted" "${found#go}" | sort -V | head -n 1)
[[ $oldest == "$wanted" ]] ||
  fail "Go $wanted or newer is needed, and this is $found: https://go.dev/dl/"

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}
hash=$({ go version; for file in go.mod go.sum *.go audit-policy.yaml build.sh; do echo "$file"; cat "$file"; done; } | sha256)
cache=${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/livestream-operator}
folder=$cache/control-plane-${hash:0:16}
binary=$folder/control-plane

if [[ ! -x $binary ]]; then
  mkdir -p "$folder"
  # Two callers: the second waits for what the first makes, for a build takes all processors anyway.
  # Where there is no flock both build, and the renaming below keeps that harmless.
  if command -v flock >/dev/null; then
    exec 9>"$folder/lock"
    flock --nonblock 9 || { echo "control-plane: another process builds it, waiting" >&2; flock 9; }
  fi
fi

if [[ ! -x $binary ]]; then
  # Kubernetes has its version from the linker; without it kubectl cannot compare versions.
  version=$(awk '$1 == "k8s.io/kubernetes" { print $2 }' go.mod)
  IFS=. read -r major minor _ <<<"${version#v}"
  flags="-s -w"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
    flags+=" -X $package.gitCommit=unknown -X $package.gitTreeState=clean"
  done

  echo "control-plane: building Kubernetes $version with $found into $folder;" \
    "the first time this takes some minutes" >&2
  new=$binary.$$
  trap 'rm -f "$new"' EXIT
  go build -trimpath -buildvcs=false -ldflags="$flags" -o "$new" . >&2 || fail "the build failed"
  ln -sfn control-plane "$folder/kubectl"
  mv -f "$new" "$binary"
  echo "control-plane: built in $SECONDS s" >&2
fi

echo "$binary"

#!/usr/bin/env bash
# build.sh judge|argo-cd: builds one of the two programs once for these sources, and prints its path to
# stdout; all else goes to stderr. Beside argo-cd are Argo CD's CRDs in `crds/`, and a script that its
# repo-server calls. The result is kept in the user's cache:
# ${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-~/.cache}/livestream-operator}/<program>-<hash>/
set -euo pipefail

fail() {
  echo "gitops: $*" >&2
  exit 1
}

cd "$(dirname "${BASH_SOURCE[0]}")"
program=${1:-}
[[ $program == judge || $program == argo-cd ]] || fail "which one: build.sh judge, or build.sh argo-cd"

# This machine's binary from this module alone, whatever the caller's shell is set up to build.
unset GOOS GOARCH
export CGO_ENABLED=0 GOWORK=off

wanted=$(awk '$1 == "go" { print $2 }' go.mod)
command -v go >/dev/null || fail "Go $wanted or newer is needed to build Argo CD for the tests: https://go.dev/dl/"
# Asked here, beside go.mod: a Go that may fetch the one that go.mod wants answers for that one.
found=$(go env GOVERSION 2>&1) || fail "Go $wanted or newer is needed: $found"

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}
hash=$({ go version; for file in go.mod go.sum "$program"/*.go build.sh; do echo "$file"; cat "$file"; done; } | sha256)
cache=${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/livestream-operator}
folder=$cache/$program-${hash:0:16}
binary=$folder/$program

if [[ ! -x $binary ]]; then
  mkdir -p "$folder"
  # Two callers: the second waits for what the first makes.
  if command -v flock >/dev/null; then
    exec 9>"$folder/lock"
    flock --nonblock 9 || { echo "gitops: another process builds it, waiting" >&2; flock 9; }
  fi
fi

if [[ ! -x $binary ]]; then
  module=github.com/argoproj/argo-cd/v3
  version=$(awk -v module=$module '$1 == module { print $2 }' go.mod)
  echo "gitops: building $program with Argo CD $version and $found into $folder;" \
    "the first time this takes some minutes" >&2
  new=$binary.$$
  trap 'rm -f "$new"' EXIT
  go build -trimpath -buildvcs=false -ldflags="-s -w" -o "$new" "./$program" >&2 || fail "the build failed"
  if [[ $program == argo-cd ]]; then
    source=$(go list -m -f '{{.Dir}}' $module)
    mkdir -p "$folder/crds"
    for file in application applicationset appproject; do
      install -m 644 "$source/manifests/crds/$file-crd.yaml" "$folder/crds/"
    done
    install -m 755 "$source/hack/git-verify-wrapper.sh" "$folder/"
  fi
  mv -f "$new" "$binary"
  echo "gitops: built in $SECONDS s" >&2
fi

echo "$binary"

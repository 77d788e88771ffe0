#!/usr/bin/env bash
# Builds the book from docs/ into target/book, and fails at a dead link, a missing page or a page that
# the table of contents does not have. `hack/book/build.sh serve` shows it while it is written.
#
# What it is built with is kept outside the tree, in
# ${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-~/.cache}/livestream-operator}/book-<hash>/
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() {
  echo "book: $*" >&2
  exit 1
}

command -v python3 >/dev/null || fail "Python 3.10 or newer is needed: https://www.python.org/"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
  fail "Python 3.10 or newer is needed, and this is $(python3 --version)"
python3 -c 'import ensurepip' 2>/dev/null ||
  fail "Python's module venv is needed; on Debian it is the package python3-venv"

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}
hash=$({ python3 --version; cat docs/requirements.txt; } | sha256)
cache=${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/livestream-operator}
folder=$cache/book-${hash:0:16}
if [[ ! -f $folder/whole ]]; then
  mkdir -p "$folder"
  # Two callers: the second waits for what the first installs.
  if command -v flock >/dev/null; then
    exec 9>"$folder/lock"
    flock 9
  fi
fi
if [[ ! -f $folder/whole ]]; then
  echo "book: installing MkDocs into $folder" >&2
  python3 -m venv --clear "$folder/venv"
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement docs/requirements.txt
  touch "$folder/whole"
fi

# A notice of the theme's makers about other programs; nothing here depends on it.
export NO_MKDOCS_2_WARNING=1
case ${1:-build} in
# Not --quiet: MkDocs does not count a warning that it does not print, and --strict would mean nothing.
build) "$folder/venv/bin/mkdocs" build --strict --clean --site-dir target/book && echo "target/book/index.html" ;;
serve) exec "$folder/venv/bin/mkdocs" serve --strict --dev-addr 127.0.0.1:8000 ;;
*) fail "build or serve, not $1" ;;
esac

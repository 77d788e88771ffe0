#!/usr/bin/env bash
# Builds both binaries for an architecture, static, and puts them with the CA roots into a folder: all
# that the images are made of. The Dockerfile runs it, and `make image-check` outside of any container.
#
#   hack/image-binaries.sh amd64|arm64 FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  echo "image-binaries: $*" >&2
  exit 1
}

out=${2:?which folder?}
case $1 in
  amd64) machine=x86_64 ;;
  arm64) machine=aarch64 ;;
  *) fail "for amd64 or arm64?" ;;
esac
target=$machine-unknown-linux-gnu
if [[ $(uname -m) != "$machine" ]]; then
  export "CARGO_TARGET_${machine^^}_UNKNOWN_LINUX_GNU_LINKER=$machine-linux-gnu-gcc"
  export "CC_${machine}_unknown_linux_gnu=$machine-linux-gnu-gcc"
fi

# The certificate of a proxy on the way to the registry, if the build was given one: a secret of the
# build that was not given is an empty file or none.
if [[ -s /run/secrets/ca.crt ]]; then
  export CARGO_HTTP_CAINFO=/run/secrets/ca.crt
fi

# The target is named although it may be this machine's: else the flag would be for build scripts and
# procedural macros too, which cannot be static.
RUSTFLAGS="-C target-feature=+crt-static" \
  cargo build --release --locked --workspace --bins --target "$target"

mkdir -p "$out"
for name in livestream-operator gcore-simulator; do
  binary=${CARGO_TARGET_DIR:-target}/$target/release/$name
  # An image of nothing else has no loader and no library.
  if readelf --program-headers --dynamic "$binary" | grep -E 'INTERP|NEEDED' >&2; then
    fail "$name is not static"
  fi
  cp "$binary" "$out/$name"
done

# Mozilla's roots as Debian packages them. Not /etc/ssl/certs: what the machine that builds trusts by
# itself is no business of who runs the image.
roots=/usr/share/ca-certificates/mozilla
[[ -d $roots ]] || fail "the package ca-certificates is needed"
cat "$roots"/*.crt >"$out/ca-certificates.crt"

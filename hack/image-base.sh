#!/usr/bin/env bash
# Makes localhost/livestream-operator-build:local, an image to build in, of Debian's packages and this
# machine's Rust: for `BUILD_IMAGE=local make image` where no container registry can be reached.
source "$(dirname "${BASH_SOURCE[0]}")/image-lib.sh"
image=localhost/livestream-operator-build:local

if podman image exists "$image"; then exit; fi
command -v mmdebstrap >/dev/null || {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap >&2
}

sources=/etc/apt/sources.list.d/debian.sources
if [[ ! -f $sources ]]; then sources=/etc/apt/sources.list; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# From where this machine has its own packages.
mmdebstrap --quiet --variant=minbase \
  --include=ca-certificates,gcc,libc6-dev,gcc-aarch64-linux-gnu,libc6-dev-arm64-cross \
  "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$work/base.tar" "$sources"

container=$(buildah from scratch)
trap 'buildah rm "$container" >/dev/null; rm -rf "$work"' EXIT
buildah add --quiet "$container" "$work/base.tar" / >/dev/null
# The compiler and its libraries, without its books.
root=$(buildah mount "$container")
mkdir -p "$root/usr/local/rust"
tar -C "$(rustc --print sysroot)" --exclude=./share --exclude='./lib/rustlib/*/share' -c . | tar -x -C "$root/usr/local/rust"
buildah unmount "$container" >/dev/null
buildah config --env PATH=/usr/local/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
buildah commit --quiet "$container" "$image" >/dev/null

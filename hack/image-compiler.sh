#!/usr/bin/env bash
# Makes a Debian with Rust able to build for an architecture: what is missing is installed.
#
#   hack/image-compiler.sh amd64|arm64
set -euo pipefail

case ${1:-} in
  amd64) machine=x86_64 packages="gcc-x86-64-linux-gnu libc6-dev-amd64-cross" ;;
  arm64) machine=aarch64 packages="gcc-aarch64-linux-gnu libc6-dev-arm64-cross" ;;
  *)
    echo "image-compiler: for amd64 or arm64?" >&2
    exit 2
    ;;
esac
compiler=$machine-linux-gnu-gcc
target=$machine-unknown-linux-gnu
if [[ $(uname -m) == "$machine" ]]; then
  compiler=cc packages="gcc libc6-dev"
fi

# A static binary is linked with the C library's archive, which is asked for by its name.
if ! command -v "$compiler" >/dev/null || [[ $("$compiler" -print-file-name=libc.a) != /* ]]; then
  echo "image-compiler: installing $packages" >&2
  apt-get update -qq
  # shellcheck disable=SC2086 # two packages
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >&2
fi
if [[ ! -d $(rustc --print sysroot)/lib/rustlib/$target/lib ]]; then
  echo "image-compiler: adding Rust's library for $target" >&2
  rustup target add "$target" >&2
fi

#!/usr/bin/env bash
# Builds both images with all stages of the Dockerfile: localhost/livestream-operator:TAG and
# localhost/gcore-simulator:TAG.
#
#   ARCHITECTURE   amd64 or arm64; this machine's unless said
#   TAG            latest unless said
#   BUILD_IMAGE    a Debian with Rust instead of the Dockerfile's; `local`: one made of this machine's
#                  toolchain and Debian's packages, where no container registry can be reached
#   CA_FILE        the CA of a proxy on the way to the crates, for the build alone
source "$(dirname "${BASH_SOURCE[0]}")/image-lib.sh"
architecture=${ARCHITECTURE:-$host_architecture} tag=${TAG:-latest}

part tools
hack/image-tools.sh

more=()
if [[ ${BUILD_IMAGE:-} == local ]]; then
  part "build image"
  hack/image-base.sh
  more+=(--pull-never --build-arg "BUILD_IMAGE=localhost/livestream-operator-build:local")
elif [[ -n ${BUILD_IMAGE:-} ]]; then
  more+=(--build-arg "BUILD_IMAGE=$BUILD_IMAGE")
fi
if [[ -n ${CA_FILE:-} ]]; then more+=(--secret "id=ca,src=$CA_FILE"); fi

mapfile -t labels < <(labels)
for target in operator simulator; do
  name=livestream-operator
  if [[ $target == simulator ]]; then name=gcore-simulator; fi
  part "$name for $architecture"
  buildah bud --isolation chroot --layers --platform "linux/$architecture" "${more[@]}" \
    --target "$target" "${labels[@]}" --tag "localhost/$name:$tag" .
done

part
hack/image-look.sh "localhost/livestream-operator:$tag" "$architecture" "${MOST_BYTES:-12000000}" \
  "livestream-operator 555" "etc/ssl/certs/ca-certificates.crt 444"
hack/image-look.sh "localhost/gcore-simulator:$tag" "$architecture" "${MOST_BYTES:-12000000}" "gcore-simulator 555"

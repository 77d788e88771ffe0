#!/usr/bin/env bash
# Builds the last stage of both images around binaries that were built outside, and says what they are.
#
#   hack/image-stage.sh amd64|arm64 FOLDER TAG      # FOLDER as hack/image-binaries.sh fills FOLDER/out
source "$(dirname "${BASH_SOURCE[0]}")/image-lib.sh"
architecture=$1 folder=$2 tag=$3

mapfile -t labels < <(labels)
for target in operator simulator; do
  name=livestream-operator
  if [[ $target == simulator ]]; then name=gcore-simulator; fi
  # With one time for all files and layers, equal inputs make an equal image.
  buildah bud --quiet --isolation chroot --timestamp 0 --platform "linux/$architecture" \
    --build-context "build=$folder" --target "$target" "${labels[@]}" \
    --tag "localhost/$name:$tag" . >/dev/null
done

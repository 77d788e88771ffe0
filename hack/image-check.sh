#!/usr/bin/env bash
# What CI checks of the images: the Dockerfile by a linter, both images around binaries that were built
# outside, and the operator's image at work as Kubernetes would run it: as its own user, with a root that
# cannot be written, no capability and no way to get one, within the chart's memory limit.
#
#   hack/image-check.sh [FOLDER]     # FOLDER/out as hack/image-binaries.sh fills it; without it that is done
source "$(dirname "${BASH_SOURCE[0]}")/image-lib.sh"

# MEMORY_MIB is the container's limit: the chart's, where the chart has one.
memory_mib=${MEMORY_MIB:-}
chart=charts/livestream-operator/values.yaml
if [[ -z $memory_mib && -f $chart ]]; then
  memory_mib=$(sed -n '/^resources:/,/^[a-z#]/p' "$chart" | sed -n '/limits:/,$ s/^ *memory: "\?\([0-9]*\)Mi"\?$/\1/p')
  [[ -n $memory_mib ]] || fail "$chart has no resources.limits.memory in Mi"
fi
memory_mib=${memory_mib:-128}
most_bytes=${MOST_BYTES:-12000000}
architecture=$host_architecture
folder=${1:-$image_folder/$architecture}

part tools
hack/image-tools.sh

part lint
"$lint_folder/bin/hadolint" --failure-threshold info Dockerfile
rust=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
grep -q "^ARG BUILD_IMAGE=.*/rust:$rust-" Dockerfile || fail "the Dockerfile does not build with Rust $rust, as rust-toolchain.toml says"

if (($# == 0)); then
  part "static binaries"
  hack/image-compiler.sh "$architecture"
  hack/image-binaries.sh "$architecture" "$folder/out"
fi

part "images"
hack/image-stage.sh "$architecture" "$folder" check
hack/image-look.sh localhost/livestream-operator:check "$architecture" "$most_bytes" \
  "livestream-operator 555" "etc/ssl/certs/ca-certificates.crt 444"
hack/image-look.sh localhost/gcore-simulator:check "$architecture" "$most_bytes" "gcore-simulator 555"

part
control_plane=$(tests/control-plane/build.sh)
tests/image/run.sh "$control_plane" "$memory_mib"
echo "image: checked in $SECONDS s"

#!/usr/bin/env bash
# Runs the images localhost/livestream-operator:check and localhost/gcore-simulator:check as a kubelet
# would, beside a real apiserver.
#
#   tests/image/run.sh CONTROL_PLANE MEMORY_MIB
source "$(dirname "${BASH_SOURCE[0]}")/../../hack/image-lib.sh"
control_plane=$1 memory_mib=$2
kubectl=$(dirname "$control_plane")/kubectl
run=$image_folder/run
source tests/image/containers.sh
source tests/image/cluster.sh
source tests/image/stream.sh
source tests/image/behind_proxy.sh

rm -rf "$run"
mkdir -p "$run/account"
trap end EXIT

part "control plane"
start_cluster
part "a stream through the images"
a_stream
part "an end by SIGTERM"
an_end
part "behind a proxy with a CA of its own"
behind_proxy
stop "$simulator"
part

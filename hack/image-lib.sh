# shellcheck shell=bash disable=SC2034 # used by those who source it
# What the scripts for images share.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
image_folder=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")/image
# hadolint in a folder of its own: a Debian lets nobody install into its Python.
lint_folder=${LIVESTREAM_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/livestream-operator}/hadolint
host_architecture=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
mkdir -p "$image_folder"

# podman as Debian has it: crun fails where old and new cgroups are mixed, and a container's limits are
# above what such a machine allows. In a file of our own, for these scripts alone.
export CONTAINERS_CONF=$image_folder/containers.conf
cat >"$CONTAINERS_CONF" <<'TOML'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
TOML

fail() {
  echo "image: $*" >&2
  exit 1
}

part_name='' part_begin=0
part() { # NAME, or nothing: says how long the part before this one took
  if [[ -n $part_name ]]; then echo "image: $part_name: $((SECONDS - part_begin)) s"; fi
  part_name=${1:-} part_begin=$SECONDS
}

labels() { # the arguments that fill in the labels of both images
  local version revision
  version=$(awk -F '"' '/^\[workspace.package\]/ { there = 1 } there && /^version/ { print $2; exit }' Cargo.toml)
  revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
  printf -- '--build-arg=%s\n' "VERSION=$version" "REVISION=$revision"
}

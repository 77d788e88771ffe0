#!/usr/bin/env bash
# Prints what an image is, and fails where it is not what docs/image.md says.
#
#   hack/image-look.sh IMAGE ARCHITECTURE MOST_BYTES FILE...   # each file as "path mode", the program first
source "$(dirname "${BASH_SOURCE[0]}")/image-lib.sh"
image=$1 architecture=$2 most=$3
shift 3

of_config() { podman image inspect --format "{{$1}}" "$image"; }

expect() { # WHAT FOUND WANTED
  printf 'image: %s: %-12s %s\n' "$image" "$1" "$2"
  [[ $2 == "$3" ]] || fail "$image: the $1 is $2, not $3"
}

expect platform "$(of_config .Os)/$(of_config .Architecture)" "linux/$architecture"
expect user "$(of_config .User)" 65532:65532
expect entry "$(of_config .Config.Entrypoint)" "[/${1%% *}]"
expect version "$(of_config 'index .Labels "org.opencontainers.image.version"')" \
  "$(labels | sed -n 's/.*VERSION=//p')"
expect licences "$(of_config 'index .Labels "org.opencontainers.image.licenses"')" Apache-2.0

# Files alone: what is in the way of a container, such as /etc/hosts, is the runtime's.
container=$(buildah from --pull-never "$image")
trap 'buildah rm "$container" >/dev/null' EXIT
root=$(buildah mount "$container")
expect files "$(cd "$root" && find . ! -type d -printf '%P %m\n' | sort | paste -sd ,)" \
  "$(printf '%s\n' "$@" | sort | paste -sd ,)"

size=$(of_config .Size)
echo "image: $image: size         $size bytes, of $most"
((size <= most)) || fail "$image has $size bytes, more than $most"

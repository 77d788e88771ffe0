#!/usr/bin/env bash
# Whether this machine can run a container at all: one that holds nothing but a program of three lines, with the
# limits and without the rights that tests/image gives. What fails here says nothing about our images.
source "$(dirname "${BASH_SOURCE[0]}")/image-lib.sh"

folder=$(mktemp -d)
image=localhost/livestream-operator-probe-$$
trap 'podman image rm --force "$image" >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
cat >"$folder/main.go" <<'GO'
package main

func main() { println("a container runs") }
GO
(cd "$folder" && CGO_ENABLED=0 GO111MODULE=off go build -o probe main.go)
printf 'FROM scratch\nCOPY probe /probe\nUSER 65532:65532\nENTRYPOINT ["/probe"]\n' >"$folder/Dockerfile"
buildah bud --quiet --isolation chroot --tag "$image" "$folder" >/dev/null
podman run --rm --pull never --network host --read-only --read-only-tmpfs=false --cap-drop ALL \
  --security-opt no-new-privileges --memory 64m --memory-swap 64m "$image"

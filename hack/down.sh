#!/usr/bin/env bash
# Ends what up.sh started, the operator first.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for part in operator simulator control-plane; do
  if alive "$part"; then
    pid=$(cat "$local_folder/$part.pid")
    kill -TERM "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    echo "$part ended"
  else
    echo "$part does not run"
  fi
  rm -f "$local_folder/$part.pid"
done

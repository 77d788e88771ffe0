# shellcheck shell=bash disable=SC2154,SC2034 # what tests/image/run.sh sets
# Starts containers as a kubelet would, waits for conditions, and ends all.
operator=livestream-operator-check-$$ simulator=gcore-simulator-check-$$
key=1001_check # of the simulator's client 1001
control_plane_id='' proxy_id=''
keep_log() { # CONTAINER: what it logged, after what those before it did
  podman logs "$1" >>"$run/${1%-check-*}.log" 2>&1 || true
}

end() { # the operator first, so that it sees nothing of the end of the others
  for container in "$operator" "$simulator"; do
    if podman container exists "$container"; then
      keep_log "$container"
      podman rm --force --time 0 "$container" >/dev/null
    fi
  done
  for process in $proxy_id $control_plane_id; do
    kill "$process" 2>/dev/null || true
    wait "$process" || true
  done
}

await() { # WHAT COMMAND...: until the command succeeds; fails when a part has ended, or after two minutes
  local what=$1 until=$((SECONDS + 120))
  shift
  until "$@" >/dev/null 2>&1; do
    for container in "$simulator" "$operator"; do
      if [[ $(podman inspect --format '{{.State.Status}}' "$container" 2>/dev/null) == exited ]]; then
        podman logs --tail 20 "$container" >&2
        fail "$container has ended; waited for: $what"
      fi
    done
    kill -0 "$control_plane_id" 2>/dev/null || fail "the control plane has ended: $run/control-plane.log"
    if ((SECONDS > until)); then
      podman logs --tail 20 "$operator" >&2 || true
      fail "waited in vain for: $what"
    fi
    sleep 0.2
  done
}

start() { # NAME IMAGE ARGUMENTS OF PODMAN... -- ARGUMENTS OF THE PROGRAM...
  local name=$1 image=$2 options=()
  shift 2
  while [[ $1 != -- ]]; do options+=("$1") && shift; done
  shift
  # What the restricted Pod Security Standard and readOnlyRootFilesystem ask for. Without
  # --read-only-tmpfs=false podman would put writable folders over the root.
  podman run --detach --name "$name" --pull never --network host \
    --read-only --read-only-tmpfs=false --cap-drop ALL --security-opt no-new-privileges \
    --memory "${memory_mib}m" --memory-swap "${memory_mib}m" "${options[@]}" "$image" "$@" >/dev/null
}

stop() { # CONTAINER: by SIGTERM. One that takes too long is killed, and says 137
  podman stop --time 20 "$1" >/dev/null
  keep_log "$1"
  expect "exit code of ${1%-check-*}" "$(podman inspect --format '{{.State.ExitCode}}' "$1")" 0
  podman rm "$1" >/dev/null
}

port() { # CONTAINER: the one that it says it listens on
  podman logs "$1" 2>&1 | sed -E 's/\x1b\[[0-9;]*m//g' | grep -m 1 -i listening | grep -oE '127\.0\.0\.1:[0-9]+' | cut -d : -f 2
}

expect() { # WHAT FOUND WANTED
  echo "image: at work: $1: $2"
  [[ $2 == "$3" ]] || fail "$1 is $2, not $3"
}

#!/usr/bin/env bash
# Runs the images localhost/livestream-operator:check and localhost/gcore-simulator:check as a kubelet
# would, beside a real apiserver: one LiveStream becomes Ready and goes again, then SIGTERM.
#
#   tests/image/run.sh CONTROL_PLANE MEMORY_MIB
source "$(dirname "${BASH_SOURCE[0]}")/../../hack/image-lib.sh"
control_plane=$1 memory_mib=$2
kubectl=$(dirname "$control_plane")/kubectl
run=$image_folder/run
operator=livestream-operator-check-$$ simulator=gcore-simulator-check-$$
key=1001_check

control_plane_id=''
end() { # the operator first, so that it sees nothing of the end of the others
  for container in "$operator" "$simulator"; do
    podman logs "$container" >"$run/${container%-check-*}.log" 2>&1 || true
    podman rm --force --time 0 "$container" >/dev/null 2>&1 || true
  done
  if [[ -n $control_plane_id ]]; then
    kill "$control_plane_id" 2>/dev/null || true
    wait "$control_plane_id" || true
  fi
}
trap end EXIT

rm -rf "$run"
mkdir -p "$run/account"

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

"$control_plane" up --no-stdin --dir "$run/control-plane" --crds crds >"$run/control-plane.out" 2>"$run/control-plane.log" &
control_plane_id=$!
await "the control plane" grep -q '"kubeconfig"' "$run/control-plane.out"
export KUBECONFIG=$run/control-plane/kubeconfig
server=$(sed -n 's/.*"server":"\([^"]*\)".*/\1/p' "$run/control-plane.out")

# A ServiceAccount with the chart's rules, and what a kubelet mounts for it.
"$kubectl" create serviceaccount livestream-operator >/dev/null
{
  printf 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: livestream-operator\nrules:\n'
  grep -vE '^(served|own|cluster):$' charts/livestream-operator/files/rules.yaml
} | "$kubectl" apply -f - >/dev/null
"$kubectl" create clusterrolebinding livestream-operator \
  --clusterrole livestream-operator --serviceaccount default:livestream-operator >/dev/null
"$kubectl" create token livestream-operator >"$run/account/token"
"$kubectl" get configmap kube-root-ca.crt --output 'jsonpath={.data.ca\.crt}' >"$run/account/ca.crt"
printf default >"$run/account/namespace"
chmod 0644 "$run"/account/*

part "a stream through the images"
start "$simulator" localhost/gcore-simulator:check -- --listen 127.0.0.1:0 --api-key "$key=1001"
port() { # CONTAINER: the one that it says it listens on
  podman logs "$1" 2>&1 | sed -E 's/\x1b\[[0-9;]*m//g' | grep -m 1 -i listening | grep -oE '127\.0\.0\.1:[0-9]+' | cut -d : -f 2
}
await "the simulator" port "$simulator"
simulated=http://127.0.0.1:$(port "$simulator")
# By name, so that a name is looked up where there is nothing but the runtime's /etc/hosts.
endpoint=http://localhost:$(port "$simulator")

address=${server#https://}
start "$operator" localhost/livestream-operator:check \
  --env "KUBERNETES_SERVICE_HOST=${address%:*}" --env "KUBERNETES_SERVICE_PORT=${address##*:}" \
  --volume "$run/account:/var/run/secrets/kubernetes.io/serviceaccount:ro" \
  -- run --lease livestream-operator --allow-endpoint "$endpoint" --listen 127.0.0.1:0 \
  --settling 10s --call-deadline 5s
await "the operator" port "$operator"
probes=http://127.0.0.1:$(port "$operator")

# What the kernel says of the process, not what podman was asked for.
process=$(podman inspect --format '{{.State.Pid}}' "$operator")
of_process() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$process/status"; }
expect() { # WHAT FOUND WANTED
  echo "image: at work: $1: $2"
  [[ $2 == "$3" ]] || fail "$1 is $2, not $3"
}
expect "user" "$(of_process Uid)" 65532
expect "capabilities" "$(of_process CapBnd)" 0000000000000000
expect "no new privileges" "$(of_process NoNewPrivs)" 1
expect "root" "$(awk '$5 == "/" { split($6, options, ","); print options[1] }' "/proc/$process/mountinfo")" ro
limit=$(sed -n 's/^\([0-9]*\):\(memory\|\):\(.*\)$/\2 \3/p' "/proc/$process/cgroup" | sort -r | head -n 1)
case $limit in
  memory\ *) limit=$(cat "/sys/fs/cgroup/memory${limit#memory }/memory.limit_in_bytes") ;;
  *) limit=$(cat "/sys/fs/cgroup${limit# }/memory.max") ;;
esac
expect "memory limit" "$limit" $((memory_mib * 1024 * 1024))

await "readiness" curl --silent --fail "$probes/readyz"
sed "s|KEY|$key|; s|ENDPOINT|$endpoint|" tests/image/account.yaml | "$kubectl" apply -f - >/dev/null
"$kubectl" apply -f tests/image/stream.yaml >/dev/null
await "a stream that is Ready" "$kubectl" wait --for=condition=Ready --timeout=1s livestream/keynote
"$kubectl" get livestream/keynote
names() { curl --silent --fail "$simulated/_sim/clients/1001/streams" | grep -oE '"name":"[^"]*"' | sort | paste -sd ,; }
expect "streams at the simulator" "$(names)" '"name":"Keynote"'
expect "killed for memory" "$(podman inspect --format '{{.State.OOMKilled}}' "$operator")" false
echo "image: at work: most memory: $(of_process VmHWM) kB"

"$kubectl" delete --timeout=60s livestream/keynote >/dev/null
expect "streams at the simulator after the deletion" "$(names || true)" ""

part "an end by SIGTERM"
# After its time a container is killed, and says 137.
podman stop --time 20 "$operator" >/dev/null
expect "exit code of the operator" "$(podman inspect --format '{{.State.ExitCode}}' "$operator")" 0
podman logs "$operator" 2>&1 | grep -q '"stopped"' || fail "the operator did not say that it stopped"
expect "lease afterwards" "$("$kubectl" get lease livestream-operator --output 'jsonpath={.spec.holderIdentity}')" ""
podman stop --time 20 "$simulator" >/dev/null
expect "exit code of the simulator" "$(podman inspect --format '{{.State.ExitCode}}' "$simulator")" 0
part

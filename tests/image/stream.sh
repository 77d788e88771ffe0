# shellcheck shell=bash disable=SC2154,SC2034 # what tests/image/run.sh and its parts set
# One stream becomes Ready and goes again; then SIGTERM.

names() { # of the streams at the simulator, by its own word
  local all
  all=$(curl --silent --fail "$simulated/_sim/clients/1001/streams") || { echo "no answer" && return; }
  grep -oE '"name":"[^"]*"' <<<"$all" | sort | paste -sd , || true
}

a_stream() {
  start "$simulator" localhost/gcore-simulator:check -- --listen 127.0.0.1:0 --api-key "$key=1001"
  await "the simulator" port "$simulator"
  simulated=http://127.0.0.1:$(port "$simulator")
  # By name, so that a name is looked up where there is nothing but the runtime's /etc/hosts.
  endpoint=http://localhost:$(port "$simulator")

  start_operator -- --allow-endpoint "$endpoint"
  probes=http://127.0.0.1:$(port "$operator")

  # What the kernel says of the process, not what podman was asked for.
  process=$(podman inspect --format '{{.State.Pid}}' "$operator")
  of_process() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$process/status"; }
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
  expect "streams at the simulator" "$(names)" '"name":"Keynote"'
  expect "killed for memory" "$(podman inspect --format '{{.State.OOMKilled}}' "$operator")" false
  echo "image: at work: most memory: $(of_process VmHWM) kB"

  "$kubectl" delete --timeout=60s livestream/keynote >/dev/null
  expect "streams at the simulator after the deletion" "$(names)" ""
}

an_end() {
  stop "$operator"
  grep -q '"stopped"' "$run/livestream-operator.log" || fail "the operator did not say that it stopped"
  expect "who holds the Lease" \
    "$("$kubectl" get lease livestream-operator --output 'jsonpath={.spec.holderIdentity}')" ""
}

#!/usr/bin/env bash
# Compares builds of the operator: what each takes of disk, memory and processor for the same work. Each
# round takes the builds in turn, so that whatever else the machine does meets all of them.
#
#   tests/image/profiles.sh SIMULATOR NAME=OPERATOR...
#
#   ROUNDS    5 unless said
#   OBJECTS   LiveStreams that are created, brought to Ready and deleted in each round; 200 unless said
source "$(dirname "${BASH_SOURCE[0]}")/../../hack/image-lib.sh"
simulator=$1
shift
rounds=${ROUNDS:-5} objects=${OBJECTS:-200}
work=$image_folder/profiles
rm -rf "$work"
mkdir -p "$work"
processes=()
end() {
  for process in "${processes[@]}"; do
    kill "$process" 2>/dev/null || true
    wait "$process" || true
  done
}
trap end EXIT

await() { # COMMAND...: until it succeeds, or for five minutes
  local until=$((SECONDS + 300))
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < until)) || fail "waited in vain for: $*"
    sleep 0.1
  done
}

control_plane=$(tests/control-plane/build.sh)
kubectl=$(dirname "$control_plane")/kubectl
"$control_plane" up --no-stdin --dir "$work/control-plane" --crds crds >"$work/control-plane.out" 2>"$work/control-plane.log" &
processes=($!)
await grep -q '"kubeconfig"' "$work/control-plane.out"
export KUBECONFIG=$work/control-plane/kubeconfig
"$simulator" --listen 127.0.0.1:0 --api-key 1001_profiles=1001 >"$work/simulator.log" 2>&1 &
processes=($! "${processes[@]}")
address() { grep -m 1 -i listening "$1" | sed -E 's/\x1b\[[0-9;]*m//g' | grep -oE '127\.0\.0\.1:[0-9]+'; }
await address "$work/simulator.log"
endpoint=http://$(address "$work/simulator.log")

of_process() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$operator/status"; }
ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$operator/stat"; } # user and system, 10 ms each
in_namespace() { "$kubectl" --namespace "$namespace" "$@"; }

measure() { # NAME BINARY ROUND: a line of figures, there and on stdout
  local name=$1 binary=$2 log=$work/$1-$3.log idle_own idle_all begin made deleted own all
  namespace=$1-$3
  "$kubectl" create namespace "$namespace" >/dev/null
  # One thread makes the passes, so processor time is the work itself.
  "$binary" run --namespace "$namespace" --allow-endpoint "$endpoint" --listen 127.0.0.1:0 \
    --settling 10s --call-deadline 5s >"$log" 2>&1 &
  operator=$!
  processes=("$operator" "${processes[@]}")
  await grep -q '"ready"' "$log"
  sed "s|KEY|1001_profiles|; s|ENDPOINT|$endpoint|; s|requestsPerSecond: 50|requestsPerSecond: 1000|" tests/image/account.yaml |
    in_namespace apply -f - >/dev/null
  in_namespace wait --for=condition=Ready --timeout=300s streamingaccount/default >/dev/null
  idle_own=$(of_process RssAnon) idle_all=$(of_process VmRSS) begin=$(ticks)
  for ((n = 0; n < objects; n++)); do
    printf -- '---\napiVersion: livestream-operator.io/v1alpha1\nkind: LiveStream\nmetadata:\n  name: s%s\nspec:\n  active: false\n' "$n"
  done | in_namespace apply -f - >/dev/null
  in_namespace wait --for=condition=Ready --timeout=600s --all livestreams >/dev/null
  made=$(ticks) own=$(of_process RssAnon) all=$(of_process VmRSS)
  in_namespace delete --timeout=600s --all livestreams >/dev/null
  deleted=$(ticks)
  kill -TERM "$operator"
  wait "$operator" || fail "$name ended badly: $log"
  processes=("${processes[@]:1}")
  echo "$3 $name $(stat --format %s "$binary") $idle_all $idle_own $all $own" \
    "$(((made - begin) * 10)) $(((deleted - made) * 10))" | tee -a "$work/figures"
}

echo "round name bytes idle_kB idle_own_kB with_kB with_own_kB create_ms delete_ms"
for ((round = 1; round <= rounds; round++)); do
  for build in "$@"; do
    measure "${build%%=*}" "${build#*=}" "$round"
  done
done

echo
echo "median (least to most) of $rounds rounds of $objects objects:"
for build in "$@"; do
  for column in 3 4 5 6 7 8 9; do
    awk -v name="${build%%=*}" -v column="$column" '$2 == name { print $column }' "$work/figures" | sort -n |
      awk '{ v[NR] = $1 } END { m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2; printf "%s (%s to %s) ", m, v[1], v[NR] }'
  done | sed "s/^/${build%%=*}: /"
  echo
done

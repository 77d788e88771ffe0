#!/usr/bin/env bash
# Starts control plane, simulator and operator, and leaves them running.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for part in control-plane simulator operator; do
  if alive "$part"; then
    echo "$part runs already: \`make status\` shows it, \`make down\` ends it" >&2
    exit 1
  fi
done
mkdir -p "$local_folder"
control_plane=$(tests/control-plane/build.sh)
cargo build --workspace --bins --locked

start() { # NAME COMMAND...: detached, with its log and its process id in the folder
  local name=$1
  shift
  setsid "$@" >"$local_folder/$name.out" 2>"$local_folder/$name.log" </dev/null &
  echo $! >"$local_folder/$name.pid"
}

await() { # NAME FILE TEXT: until the part has said so, or has ended
  until grep -qs -- "$3" "$2"; do
    if ! alive "$1"; then
      echo "$1 has ended:" >&2
      tail -n 20 "$local_folder/$1.log" >&2
      hack/down.sh
      exit 1
    fi
    sleep 0.1
  done
}

start control-plane "$control_plane" up --no-stdin --dir "$local_folder/control-plane" --crds crds
await control-plane "$local_folder/control-plane.out" '"kubeconfig"'
export KUBECONFIG=$local_folder/control-plane/kubeconfig
start simulator target/debug/gcore-simulator --listen "$simulator_address" --api-key "$api_key=1001"
start operator target/debug/livestream-operator run --allow-endpoint "http://$simulator_address" \
  --listen "$operator_address" --webhook-listen "$webhook_address" --settling 10s --call-deadline 5s --log-format text
await operator "$local_folder/operator.log" ready

kubectl=$(dirname "$control_plane")/kubectl
sed "s|1001\$replace-me|$api_key|; s|https://api.gcore.com|http://$simulator_address|; s|pollIntervalSeconds: 60|pollIntervalSeconds: 5|; s|requestsPerSecond: 4|requestsPerSecond: 50|" \
  examples/account.yaml | "$kubectl" apply -f -
"$kubectl" wait --for=condition=Ready --timeout=60s streamingaccount/default

# What the provider's support does for a real account: webhooks go to the path in the Secret.
"$kubectl" wait --for=jsonpath='{.status.webhookSecretName}' --timeout=60s streamingaccount/default
path=$("$kubectl" get secret default-webhook -o jsonpath='{.data.path}' | base64 -d)
curl --silent --fail --output /dev/null --request PUT --header 'Content-Type: application/json' \
  --data "{\"url\": \"http://$webhook_address$path\"}" "http://$simulator_address/_sim/clients/1001/webhook"

cat <<TEXT

It runs. To play with it:

  export KUBECONFIG=$KUBECONFIG
  export PATH=$(dirname "$control_plane"):\$PATH      # kubectl, if you have none
  kubectl apply -f examples/push.yaml
  kubectl get livestreams

The simulator is at http://$simulator_address; what it can do under /_sim/ is in simulator/README.md.
The operator's log is .local/operator.log, its metrics are at http://$operator_address/metrics.
\`make status\` shows all, \`make down\` ends it.
TEXT

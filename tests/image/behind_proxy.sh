# shellcheck shell=bash disable=SC2154,SC2034 # what tests/image/run.sh and its parts set
# The operator reaches api.gcore.com through a proxy that speaks TLS with a CA of its own, and only if
# it is told of that CA. Behind the proxy is the simulator.

behind_proxy() {
  local folder=$run/proxy proxy
  mkdir -p "$folder"
  (cd tests/image/proxy && CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=mod go build -trimpath -o "$folder/proxy" .)
  "$folder/proxy" "$folder/ca.crt" "$simulated" >"$folder/out" 2>"$folder/log" &
  proxy_id=$!
  await "the proxy" grep -q listening "$folder/out"
  proxy=http://$(awk '$1 == "listening" { print $2 }' "$folder/out")
  # What would go past the proxy ends on this machine.
  local options=(--env "HTTPS_PROXY=$proxy" --add-host api.gcore.com:127.0.0.1)

  "$kubectl" create namespace proxied >/dev/null
  sed "s|KEY|$key|; s|ENDPOINT|https://api.gcore.com|" tests/image/account.yaml |
    "$kubectl" apply --namespace proxied -f - >/dev/null
  "$kubectl" apply --namespace proxied -f tests/image/stream.yaml >/dev/null

  start_operator "${options[@]}" --
  await "a connection that is refused for its certificate" grep -q '^distrusted api.gcore.com:443$' "$folder/out"
  await "an account that says so" "$kubectl" wait --namespace proxied --timeout=1s \
    '--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=ProviderUnavailable' streamingaccount/default
  "$kubectl" get --namespace proxied streamingaccount/default --output \
    'jsonpath={"image: at work: without the CA: "}{.status.conditions[?(@.type=="Ready")].message}{"\n"}'
  expect "requests without the CA" "$(grep -c '^request' "$folder/out" || true)" 0
  stop "$operator"

  start_operator "${options[@]}" --env SSL_CERT_FILE=/ca/ca.crt --volume "$folder/ca.crt:/ca/ca.crt:ro" --
  await "a stream that is Ready" "$kubectl" wait --namespace proxied --for=condition=Ready --timeout=1s livestream/keynote
  expect "streams at the simulator" "$(names)" '"name":"Keynote"'
  expect "hosts that the proxy was asked for" "$(awk '$1 == "connect" { print $2 }' "$folder/out" | sort -u)" api.gcore.com:443
  echo "image: at work: requests through the proxy: $(grep -c '^request' "$folder/out")"
  "$kubectl" delete --namespace proxied --timeout=60s livestream/keynote >/dev/null
  stop "$operator"
}

# shellcheck shell=bash disable=SC2154,SC2034 # what tests/image/run.sh and its parts set
# A control plane, a ServiceAccount with the chart's rules, and the operator with that.

start_cluster() {
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
}

start_operator() { # ARGUMENTS OF PODMAN... -- ARGUMENTS OF THE OPERATOR...
  local options=() address=${server#https://}
  while [[ $1 != -- ]]; do options+=("$1") && shift; done
  shift
  start "$operator" localhost/livestream-operator:check "${options[@]}" \
    --env "KUBERNETES_SERVICE_HOST=${address%:*}" --env "KUBERNETES_SERVICE_PORT=${address##*:}" \
    --volume "$run/account:/var/run/secrets/kubernetes.io/serviceaccount:ro" \
    -- run --lease livestream-operator --listen 127.0.0.1:0 --settling 10s --call-deadline 5s "$@"
  await "the operator" port "$operator"
}

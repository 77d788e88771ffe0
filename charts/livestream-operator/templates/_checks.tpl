{{/* What a schema cannot say: values that do not go together. Each message names them. */}}
{{- define "operator.checks" -}}
{{- $values := .Values -}}
{{- $call := include "operator.milliseconds" $values.settings.callDeadline | int64 -}}
{{- if and $values.watchNamespaces (not $values.clusterId) -}}
{{- fail "clusterId is needed where watchNamespaces is set: without a ClusterRole the operator may not read the uid of kube-system. Take that uid (kubectl get namespace kube-system -o jsonpath='{.metadata.uid}') or a word of your own, and never change it" -}}
{{- end -}}
{{- if and (not $values.leaderElection.enabled) (gt (int $values.replicaCount) 1) -}}
{{- fail "replicaCount must be 1 where leaderElection.enabled is false: two would act at once" -}}
{{- end -}}
{{- if le (include "operator.milliseconds" $values.settings.settling | int64) $call -}}
{{- fail (printf "settings.settling (%s) must be longer than settings.callDeadline (%s): a creation whose call may still be under way would be sent again" $values.settings.settling $values.settings.callDeadline) -}}
{{- end -}}
{{- if and $values.leaderElection.enabled (lt (mul 2 (include "operator.milliseconds" $values.leaderElection.duration | int64)) (mul 3 $call)) -}}
{{- fail (printf "leaderElection.duration (%s) must be at least one and a half times settings.callDeadline (%s): a change must not be under way when another Pod may act" $values.leaderElection.duration $values.settings.callDeadline) -}}
{{- end -}}
{{- if and $values.caBundle.configMap $values.caBundle.secret -}}
{{- fail "caBundle.configMap and caBundle.secret cannot both be set" -}}
{{- end -}}
{{- if and $values.webhook.enabled (eq (int $values.webhook.port) (int $values.listen.port)) -}}
{{- fail (printf "webhook.port and listen.port are both %d: they are two ports" (int $values.listen.port)) -}}
{{- end -}}
{{- if and (or $values.webhook.ingress.enabled $values.webhook.httpRoute.enabled) (not $values.webhook.enabled) -}}
{{- fail "webhook.enabled must be true where webhook.ingress or webhook.httpRoute is enabled" -}}
{{- end -}}
{{- if and $values.webhook.ingress.enabled (not $values.webhook.ingress.host) -}}
{{- fail "webhook.ingress.host is needed: the provider posts to one host" -}}
{{- end -}}
{{- if and $values.webhook.httpRoute.enabled (not $values.webhook.httpRoute.parentRefs) -}}
{{- fail "webhook.httpRoute.parentRefs is needed: name the Gateway" -}}
{{- end -}}
{{- if and $values.metrics.serviceMonitor.enabled (not $values.metrics.service.enabled) -}}
{{- fail "metrics.service.enabled must be true for metrics.serviceMonitor; metrics.podMonitor needs no Service" -}}
{{- end -}}
{{- if and $values.metrics.serviceMonitor.enabled $values.metrics.podMonitor.enabled -}}
{{- fail "metrics.serviceMonitor and metrics.podMonitor would fetch everything twice: enable one" -}}
{{- end -}}
{{- with $values.account -}}
{{- if and .create (not .apiKey) (not .existingSecret.name) -}}
{{- fail "account.create needs account.apiKey or account.existingSecret.name" -}}
{{- end -}}
{{- if and .apiKey .existingSecret.name -}}
{{- fail "account.apiKey and account.existingSecret.name cannot both be set" -}}
{{- end -}}
{{- $namespace := default $.Release.Namespace .namespace -}}
{{- if and .create $values.watchNamespaces (not (has $namespace $values.watchNamespaces)) -}}
{{- fail (printf "account.namespace %s is not in watchNamespaces: nobody would serve it" $namespace) -}}
{{- end -}}
{{- if and .create .endpoint (ne .endpoint "https://api.gcore.com") (not (has .endpoint $values.allowEndpoints)) -}}
{{- fail (printf "account.endpoint %s is not in allowEndpoints: the operator would not send the key there" .endpoint) -}}
{{- end -}}
{{- end -}}
{{- end -}}

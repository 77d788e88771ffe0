{{/* The arguments of the operator: every flag of `run` has a value. */}}
{{- define "operator.arguments" -}}
{{- $values := .Values -}}
- run
{{- range $values.watchNamespaces }}
- {{ printf "--namespace=%s" . | quote }}
{{- end }}
{{- with $values.clusterId }}
- {{ printf "--cluster-id=%s" . | quote }}
{{- end }}
{{- range $values.takeOverFrom }}
- {{ printf "--take-over-from=%s" . | quote }}
{{- end }}
{{- range $values.allowEndpoints }}
- {{ printf "--allow-endpoint=%s" . | quote }}
{{- end }}
- {{ printf "--listen=%s" (include "operator.address" $values.listen) | quote }}
{{- if $values.webhook.enabled }}
- {{ printf "--webhook-listen=%s" (include "operator.address" $values.webhook) | quote }}
{{- if $values.webhook.passOn }}
- "--pod-ip=$(POD_IP)"
{{- end }}
{{- range $values.webhook.sources }}
- {{ printf "--webhook-source=%s" . | quote }}
{{- end }}
{{- end }}
{{- if $values.leaderElection.enabled }}
- {{ printf "--lease=%s" (include "operator.leaseName" .) | quote }}
- {{ printf "--lease-namespace=%s" (include "operator.leaseNamespace" .) | quote }}
- {{ printf "--lease-duration=%s" $values.leaderElection.duration | quote }}
{{- with $values.leaderElection.identity }}
- {{ printf "--lease-identity=%s" . | quote }}
{{- end }}
{{- end }}
{{- range $name, $value := $values.settings }}
- {{ printf "--%s=%v" (kebabcase $name) $value | quote }}
{{- end }}
- {{ printf "--log=%s" $values.logging.filter | quote }}
- {{ printf "--log-format=%s" $values.logging.format | quote }}
{{- range $values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{/* The environment: who the Pod is, the proxy, trusted certificates, and what the user adds. */}}
{{- define "operator.environment" -}}
{{- range $name, $path := dict "POD_NAME" "metadata.name" "POD_NAMESPACE" "metadata.namespace" "POD_UID" "metadata.uid" "POD_IP" "status.podIP" }}
- name: {{ $name }}
  valueFrom:
    fieldRef:
      fieldPath: {{ $path }}
{{- end }}
{{- with .Values.proxy.https }}
- name: HTTPS_PROXY
  value: {{ . | quote }}
{{- end }}
{{- with .Values.proxy.http }}
- name: HTTP_PROXY
  value: {{ . | quote }}
{{- end }}
{{- with .Values.proxy.noProxy }}
- name: NO_PROXY
  value: {{ . | quote }}
{{- end }}
{{- if include "operator.caSource" . }}
- name: SSL_CERT_FILE
  value: {{ printf "/etc/livestream-operator/ca/%s" .Values.caBundle.key | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The volume with trusted certificates; empty where there are none but those of the image. */}}
{{- define "operator.caSource" -}}
{{- if .Values.caBundle.configMap -}}
configMap:
  name: {{ .Values.caBundle.configMap }}
{{- else if .Values.caBundle.secret -}}
secret:
  secretName: {{ .Values.caBundle.secret }}
{{- end -}}
{{- end -}}

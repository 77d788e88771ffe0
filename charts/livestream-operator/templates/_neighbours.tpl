{{/* Two releases must not serve the same namespace, and one of them owns the definitions. Helm itself would refuse what is here refused, but in
words about ownership. On a cluster that cannot be asked (helm template) this finds nothing. */}}
{{- define "operator.owner" -}}
{{- $annotations := default dict .metadata.annotations -}}
{{- printf "%s in namespace %s" (get $annotations "meta.helm.sh/release-name") (get $annotations "meta.helm.sh/release-namespace") -}}
{{- end -}}

{{- define "operator.neighbours" -}}
{{- $us := printf "%s in namespace %s" .Release.Name .Release.Namespace -}}
{{- if .Values.crds.install -}}
{{- range $path, $_ := .Files.Glob "files/crds/*.yaml" -}}
{{- $name := printf "%s.livestream-operator.io" (base $path | trimSuffix ".yaml") -}}
{{- with lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" $name -}}
{{- if not (get (default dict .metadata.annotations) "meta.helm.sh/release-name") -}}
{{- fail (printf "the definition %s is there, and no release owns it: set crds.install=false, or let this release take it over (docs/upgrade.md says how)" $name) -}}
{{- end -}}
{{- $owner := include "operator.owner" . -}}
{{- if ne $owner $us -}}
{{- fail (printf "the definition %s belongs to release %s: set crds.install=false, or let this release take it over (docs/upgrade.md says how)" $name $owner) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if .Values.rbac.create -}}
{{- $role := include "operator.roleName" . -}}
{{- if .Values.watchNamespaces -}}
{{- range $namespace := .Values.watchNamespaces -}}
{{- with lookup "rbac.authorization.k8s.io/v1" "Role" $namespace $role -}}
{{- $owner := include "operator.owner" . -}}
{{- if ne $owner $us -}}
{{- fail (printf "namespace %s is served by release %s: two must not serve the same one" $namespace $owner) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- with lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" $role -}}
{{- $owner := include "operator.owner" . -}}
{{- if ne $owner $us -}}
{{- fail (printf "all namespaces are served by release %s: a second one must have watchNamespaces, and the first one, too" $owner) -}}
{{- end -}}
{{- end -}}
{{- range (lookup "rbac.authorization.k8s.io/v1" "Role" "" "").items -}}
{{- if eq .metadata.name $role -}}
{{- $owner := include "operator.owner" . -}}
{{- if ne $owner $us -}}
{{- fail (printf "namespace %s is served by release %s: this release would serve all namespaces; set watchNamespaces" .metadata.namespace $owner) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

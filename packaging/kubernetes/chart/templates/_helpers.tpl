{{/* What all objects share. Each takes (list $ COMPONENT). */}}

{{- define "weir.name" -}}
{{ (index . 0).Release.Name | trunc 40 | trimSuffix "-" }}-{{ index . 1 }}
{{- end }}

{{- define "weir.selector" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/instance: {{ (index . 0).Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "weir.metadata" -}}
{{- $root := index . 0 -}}
name: {{ include "weir.name" . }}
labels:
  {{- include "weir.selector" . | nindent 2 }}
  app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ $root.Release.Service }}
  helm.sh/chart: {{ $root.Chart.Name }}-{{ $root.Chart.Version }}
{{- end }}

{{/* The same with the labels by which a Prometheus operator selects: texts, also of numbers. */}}
{{- define "weir.monitoringMetadata" -}}
{{- include "weir.metadata" . }}
  {{- range $name, $value := (index . 0).Values.monitoring.labels }}
  {{ $name | quote }}: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
  {{- end }}
{{- end }}

{{/* A tag that YAML takes for a number has lost its form already: 20251121 is 2.0251121e+07. */}}
{{- define "weir.image" -}}
{{- $image := .Values.image -}}
{{- if not (or (kindIs "string" $image.tag) (kindIs "invalid" $image.tag)) -}}
{{- fail "image.tag is not a text: write it in quotes, or use --set-string" -}}
{{- end -}}
{{- if $image.digest -}}
{{- if not (hasPrefix "sha256:" $image.digest) -}}{{- fail "image.digest does not begin with sha256:" -}}{{- end -}}
{{ printf "%s@%s" $image.repository $image.digest | quote }}
{{- else -}}
{{ printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) | quote }}
{{- end -}}
{{- end }}

{{/* No root, no capabilities, nothing to write to but volumes. */}}
{{- define "weir.securityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/*
The token of agent.http where probes come to the pod's address: signed by the cluster for this pod,
made anew every day, and known to nobody outside of it. To the cluster's API this audience is no key.
*/}}
{{- define "weir.token" -}}
projected:
  sources:
    - serviceAccountToken: {path: token, audience: weir, expirationSeconds: 86400}
{{- end }}

{{/* The volume for /var/lib/weir. Takes the values `data`. */}}
{{- define "weir.data" -}}
{{- if .volume -}}
{{- toYaml .volume }}
{{- else -}}
emptyDir: {sizeLimit: {{ .sizeLimit }}}
{{- end }}
{{- end }}

{{/* Takes the values with `nodeSelector`. */}}
{{- define "weir.nodeSelector" -}}
{{- merge (dict "kubernetes.io/os" "linux") (.nodeSelector | default dict) | toYaml }}
{{- end }}

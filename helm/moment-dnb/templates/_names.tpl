{{/* What everything of the release is called; the release's own name where it says moment-dnb already. */}}
{{- define "moment-dnb.fullname" -}}
{{- $name := ternary .Release.Name (printf "%s-moment-dnb" .Release.Name) (contains "moment-dnb" .Release.Name) -}}
{{- .Values.fullnameOverride | default $name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* The labels that a pod keeps for the life of the release. */}}
{{- define "moment-dnb.selector" -}}
app.kubernetes.io/name: moment-dnb
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The labels of every object. */}}
{{- define "moment-dnb.labels" -}}
{{ include "moment-dnb.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "moment-dnb.serviceAccount" -}}
{{- $default := ternary (include "moment-dnb.fullname" .) "default" .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default $default -}}
{{- end }}

{{/* The image: by digest if there is one, else by tag. */}}
{{- define "moment-dnb.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end }}

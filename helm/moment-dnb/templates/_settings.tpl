{{/* Settings as the environment variables of the daemon: kafkaBootstrap is MOMENT_DNB_KAFKA_BOOTSTRAP. */}}
{{- define "moment-dnb.settings" -}}
{{- range $name, $value := .Values.settings }}
MOMENT_DNB_{{ $name | snakecase | upper }}: {{ include "moment-dnb.text" $value | quote }}
{{- end }}
{{- end }}

{{/* A value as the daemon reads it: lists by comma, numbers never as 1e+06. */}}
{{- define "moment-dnb.text" -}}
{{- if kindIs "slice" . -}}
{{- $texts := list -}}
{{- range . -}}{{- $texts = append $texts (include "moment-dnb.text" .) -}}{{- end -}}
{{- join "," $texts -}}
{{- else if kindIs "string" . -}}
{{- . -}}
{{- else -}}
{{- toJson . -}}
{{- end -}}
{{- end }}

{{/* What the schema cannot say: values that need one another. All findings at once. */}}
{{- define "moment-dnb.refuse" -}}
{{- $kafka := .Values.kafka -}}
{{- $findings := list -}}
{{- $keys := compact (list $kafka.passwordKey $kafka.caKey $kafka.certificateKey $kafka.privateKeyKey) -}}
{{- if and $keys (not $kafka.existingSecret) -}}
{{- $findings = append $findings "kafka.existingSecret: needed, for a key of it is named" -}}
{{- end -}}
{{- if and $kafka.existingSecret (not $keys) -}}
{{- $findings = append $findings "kafka.existingSecret: name at least one of passwordKey, caKey, certificateKey, privateKeyKey" -}}
{{- end -}}
{{- if ne (empty $kafka.certificateKey) (empty $kafka.privateKeyKey) -}}
{{- $findings = append $findings "kafka.certificateKey and kafka.privateKeyKey: name both or none" -}}
{{- end -}}
{{- if hasPrefix "SASL" (.Values.settings.kafkaSecurity | default "PLAINTEXT") -}}
{{- if not (and .Values.settings.kafkaUsername $kafka.passwordKey) -}}
{{- $findings = append $findings "settings.kafkaUsername and kafka.passwordKey: both are needed for SASL" -}}
{{- end -}}
{{- end -}}
{{- $smtp := .Values.smtp -}}
{{- if ne (empty $smtp.existingSecret) (empty (compact (list $smtp.passwordKey $smtp.caKey))) -}}
{{- $findings = append $findings "smtp.existingSecret: goes with smtp.passwordKey, smtp.caKey or both" -}}
{{- end -}}
{{- if and .Values.settings.smtpHost (not .Values.settings.mailFrom) -}}
{{- $findings = append $findings "settings.mailFrom: needed with settings.smtpHost" -}}
{{- end -}}
{{- if ne (empty .Values.settings.smtpUsername) (empty $smtp.passwordKey) -}}
{{- $findings = append $findings "settings.smtpUsername and smtp.passwordKey: give both or none" -}}
{{- end -}}
{{- if and (hasKey .Values.podDisruptionBudget "minAvailable") (hasKey .Values.podDisruptionBudget "maxUnavailable") -}}
{{- $findings = append $findings "podDisruptionBudget: minAvailable or maxUnavailable, not both" -}}
{{- end -}}
{{- if $findings -}}
{{- fail (printf "these values must be repaired:\n- %s" (join "\n- " $findings)) -}}
{{- end -}}
{{- end }}

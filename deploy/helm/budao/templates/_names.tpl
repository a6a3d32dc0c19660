{{- define "budao.name" -}}
{{- if contains "budao" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-budao" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "budao.selector" -}}
app.kubernetes.io/name: budao
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "budao.labels" -}}
{{ include "budao.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "budao.image" -}}
{{- $repository := required "image.repository: name the image, such as registry.example.internal/budao" .Values.image.repository -}}
{{- if .Values.image.digest }}{{ $repository }}@{{ .Values.image.digest }}{{ else }}{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "budao.secret" -}}
{{- $keys := .Values.secrets.keys -}}
{{- $needed := list $keys.secretKey $keys.databasePassword -}}
{{- if eq .Values.storage.kind "bucket" }}{{ $needed = append $needed $keys.bucketCredentials }}{{ end -}}
{{- required (printf "secrets.existingSecret: name a Secret of this namespace with the keys %s (docs/guides/kubernetes.md)" (join ", " $needed)) .Values.secrets.existingSecret }}
{{- end }}

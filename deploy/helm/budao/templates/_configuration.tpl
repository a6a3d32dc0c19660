{{/* budao.yaml, the same for every node; what is a pod's own comes from its environment. */}}
{{- define "budao.configuration" -}}
{{- $secrets := "/etc/budao/secrets" -}}
{{- $keys := .Values.secrets.keys -}}
{{- $ledger := dict
      "url" (required "database.url: name the database, such as postgres://budao@db.example.internal/budao?sslmode=verify-full" .Values.database.url)
      "passwordFile" (printf "%s/%s" $secrets $keys.databasePassword)
      "connections" (int .Values.database.connections) -}}
{{- $stores := dict "ledger" $ledger "secretKeyFile" (printf "%s/%s" $secrets $keys.secretKey) -}}
{{- if .Values.redis.url -}}
{{- $channel := dict "url" .Values.redis.url -}}
{{- if $keys.redisPassword }}{{ $_ := set $channel "passwordFile" (printf "%s/%s" $secrets $keys.redisPassword) }}{{ end -}}
{{- $_ := set $stores "channel" $channel -}}
{{- end -}}
{{- if eq .Values.storage.kind "bucket" -}}
{{- $bucket := dict
      "endpoint" (required "storage.bucket.endpoint: the address of the S3 service" .Values.storage.bucket.endpoint)
      "name" (required "storage.bucket.name: the bucket" .Values.storage.bucket.name)
      "region" .Values.storage.bucket.region
      "addressing" .Values.storage.bucket.addressing
      "checksum" .Values.storage.bucket.checksum
      "credentialsFile" (printf "%s/%s" $secrets (required "secrets.keys.bucketCredentials: the key of the Secret with the bucket's credentials" $keys.bucketCredentials)) -}}
{{- if .Values.storage.bucket.prefix }}{{ $_ := set $bucket "prefix" .Values.storage.bucket.prefix }}{{ end -}}
{{- $_ := set $stores "blobs" (dict "bucket" $bucket) -}}
{{- else -}}
{{- $_ := set $stores "blobs" (dict "folder" "/mnt/budao/blobs") -}}
{{- $_ := set $stores "index" (dict "folder" "/mnt/budao/index") -}}
{{- end -}}
{{- mustMergeOverwrite (deepCopy .Values.settings) (dict "stores" $stores "dataDir" "/var/lib/budao") | toYaml }}
{{- end }}

{{/* A node of one role. Takes (dict "root" $ "role" "api"|"worker"). */}}
{{- define "budao.pod" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $own := index $values .role -}}
{{- $isApi := eq .role "api" -}}
{{- $leaveDelay := ternary (int $values.api.leaveDelaySeconds) 0 $isApi -}}
metadata:
  labels:
    {{- include "budao.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
  annotations:
    # A changed configuration is a rollout, with the same gates as a new version.
    checksum/configuration: {{ include "budao.configuration" $root | sha256sum }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "budao.name" $root }}
  automountServiceAccountToken: false
  # What a killed worker leaves behind is ended by the pause container.
  shareProcessNamespace: true
  # After the delay processes have eight seconds to hand their work over (src/system/supervisor.ts), then they are killed.
  terminationGracePeriodSeconds: {{ add $leaveDelay 20 }}
  {{- with $values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1001
    runAsGroup: 1001
    fsGroup: 1001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  topologySpreadConstraints:
    {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "budao.selector" $root | nindent 10 }}
          app.kubernetes.io/component: {{ $.role }}
    {{- end }}
  initContainers:
    {{- if $values.models.image }}
    - name: models
      image: {{ $values.models.image }}
      command: {{ $values.models.command | toJson }}
      securityContext: &restricted
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: models, mountPath: /mnt/models}
    {{- end }}
    # Under a lock in the database: the first pod of a new version brings the schema forward, the others find it done.
    - name: migrate
      image: {{ include "budao.image" $root }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: [migrate, --config, /etc/budao/budao.yaml]
      securityContext: {{ if $values.models.image }}*restricted{{ else }}&restricted
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}{{ end }}
      volumeMounts: &mounts
        - {name: configuration, mountPath: /etc/budao/budao.yaml, subPath: budao.yaml, readOnly: true}
        - {name: secrets, mountPath: /etc/budao/secrets, readOnly: true}
        - {name: data, mountPath: /var/lib/budao}
        - {name: tmp, mountPath: /tmp}
        {{- if eq $values.storage.kind "folder" }}
        - {name: shared, mountPath: /mnt/budao}
        {{- end }}
        {{- if or $values.models.image $values.models.existingClaim }}
        - {name: models, mountPath: /models, readOnly: true}
        {{- end }}
  containers:
    - name: budao
      image: {{ include "budao.image" $root }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: [up, --config, /etc/budao/budao.yaml, --role, {{ .role }}{{ if not $isApi }}, --workers, {{ $values.worker.processes | quote }}{{ end }}]
      securityContext: *restricted
      env:
        - {name: BUDAO_NODE, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: BUDAO_LEAVE_DELAY_MS, value: {{ mul $leaveDelay 1000 | quote }}}
        - {name: TZ, value: {{ $values.timeZone | quote }}}
        {{- if $values.model.baseUrl }}
        - {name: BUDAO_MODEL_BASE_URL, value: {{ $values.model.baseUrl | quote }}}
        - {name: BUDAO_MODEL_NAME, value: {{ required "model.name: the model at model.baseUrl" $values.model.name | quote }}}
        {{- if $values.model.apiKey }}
        - {name: BUDAO_MODEL_API_KEY, valueFrom: {secretKeyRef: {name: {{ include "budao.secret" $root }}, key: {{ $values.model.apiKey }}}}}
        {{- end }}
        {{- end }}
      {{- if $isApi }}
      ports:
        - {name: http, containerPort: 7860}
      # Started: questions could be asked once. A migration, a large index or an outage of the database may take long.
      startupProbe:
        httpGet: {path: /startupz, port: http}
        periodSeconds: 2
        timeoutSeconds: 3
        failureThreshold: 150
      # Ready: questions can be asked, and here for some time yet. Nothing else takes a pod out of the service.
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 2
        timeoutSeconds: 3
        failureThreshold: 2
      # Alive: the process answers at all, whatever is missing. An outage of the database never restarts a pod.
      livenessProbe:
        httpGet: {path: /livez, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      {{- else }}
      # A node without a door: a file while it does its work, and a message through its supervisor.
      startupProbe:
        exec: {command: [/usr/local/bin/health, worker-ready]}
        periodSeconds: 3
        timeoutSeconds: 5
        failureThreshold: 100
      readinessProbe:
        exec: {command: [/usr/local/bin/health, worker-ready]}
        periodSeconds: 15
        timeoutSeconds: 5
        failureThreshold: 2
      livenessProbe:
        exec: {command: [/usr/local/bin/health, worker-alive]}
        periodSeconds: 30
        timeoutSeconds: 10
        failureThreshold: 4
      {{- end }}
      resources:
        {{- toYaml $own.resources | nindent 8 }}
      volumeMounts: *mounts
  volumes:
    - name: configuration
      configMap: {name: {{ include "budao.name" $root }}}
    - name: secrets
      secret: {secretName: {{ include "budao.secret" $root }}, defaultMode: 0440}
    - name: data
      emptyDir: {sizeLimit: {{ $values.cache.sizeLimit }}}
    - name: tmp
      emptyDir: {sizeLimit: 2Gi}
    {{- if eq $values.storage.kind "folder" }}
    - name: shared
      persistentVolumeClaim: {claimName: {{ $values.storage.folder.existingClaim | default (printf "%s-shared" (include "budao.name" $root)) }}}
    {{- end }}
    {{- if $values.models.existingClaim }}
    - name: models
      persistentVolumeClaim: {claimName: {{ $values.models.existingClaim }}, readOnly: true}
    {{- else if $values.models.image }}
    - name: models
      emptyDir: {sizeLimit: {{ $values.models.sizeLimit }}}
    {{- end }}
  {{- range $name := list "nodeSelector" "tolerations" "affinity" }}
  {{- with index $values $name }}
  {{ $name }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}

{{/*
Parts of a pod that has Weir as a sidecar, for the Deployment of a chart that depends on this one:

  template:
    metadata:
      annotations: {{- include "weir.sidecar.annotations" .Subcharts.weir | nindent 8 }}
    spec:
      terminationGracePeriodSeconds: 60
      initContainers: {{- include "weir.sidecar.containers" .Subcharts.weir | nindent 8 }}
      volumes: {{- include "weir.sidecar.volumes" .Subcharts.weir | nindent 8 }}
*/}}

{{/* A pod is replaced when its configuration has changed; without this line it is to be reloaded. */}}
{{- define "weir.sidecar.annotations" -}}
checksum/weir: {{ include "weir.sidecar.data" . | sha256sum }}
{{- end }}

{{- define "weir.sidecar.data" -}}
weir.yaml: |
  {{- toYaml .Values.sidecar.config | nindent 2 }}
mosquitto.conf: |
  # For this pod only. The broker has its queue in memory and saves it as a whole: killed, it has lost what
  # came since the last time. Interval: seconds; not autosave_on_changes, which leaves the last few changes
  # unsaved for as long as nothing comes after them.
  listener 1883 127.0.0.1
  allow_anonymous true
  persistence true
  persistence_location /mosquitto/data/
  autosave_interval 2
  # What waits for the agent: at both limits 65 MiB of memory and a file of 33 MB, of which there are two
  # while it is saved. Beyond them the newest messages are dropped.
  max_queued_messages 100000
  max_queued_bytes 25165824
  max_packet_size 2000000
  log_dest stderr
  # Not `information`, which is a line each time the queue is saved.
  log_type error
  log_type warning
  log_type notice
{{- end }}

{{/*
Init containers with restartPolicy Always start in this order, each when the one before has passed its
startup probe, and before the application; after it has ended they are stopped in the opposite order:
the agent first, which drains, then the broker.
*/}}
{{- define "weir.sidecar.containers" -}}
- name: weir-mqtt
  image: {{ .Values.sidecar.mqtt.image | quote }}
  restartPolicy: Always
  command: [/usr/sbin/mosquitto, -c, /etc/weir/mosquitto.conf]
  startupProbe: # it listens on loopback, where no probe of the kubelet comes
    exec: {command: [mosquitto_sub, -h, 127.0.0.1, -t, $SYS/broker/version, -C, "1", -W, "2"]}
    timeoutSeconds: 3
    periodSeconds: 1
    failureThreshold: 60
  resources: {{- toYaml .Values.sidecar.mqtt.resources | nindent 4 }}
  securityContext: {{- include "weir.securityContext" . | nindent 4 }}
  volumeMounts:
    - {name: weir-config, mountPath: /etc/weir, readOnly: true}
    - {name: weir-mqtt, mountPath: /mosquitto/data}
- name: weir
  image: {{ include "weir.image" . }}
  restartPolicy: Always
  args: [run, -c, /etc/weir/weir.yaml]
  env:
    - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
    - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - name: APP_NAME
      valueFrom: {fieldRef: {fieldPath: "metadata.labels['app.kubernetes.io/name']"}}
    {{- with .Values.sidecar.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - {name: weir-metrics, containerPort: 9464}
    - {name: weir-health, containerPort: 9465}
  startupProbe:
    httpGet: {path: /startup, port: weir-health}
    periodSeconds: 2
    failureThreshold: {{ .Values.sidecar.startup.failureThreshold }}
  livenessProbe:
    httpGet: {path: /health, port: weir-health}
  resources: {{- toYaml .Values.sidecar.resources | nindent 4 }}
  securityContext: {{- include "weir.securityContext" . | nindent 4 }}
  volumeMounts:
    - {name: weir-config, mountPath: /etc/weir, readOnly: true}
    - {name: weir-secret, mountPath: /run/secrets/weir, readOnly: true}
    - {name: weir-token, mountPath: /run/secrets/weir-http, readOnly: true}
    - {name: weir-data, mountPath: /var/lib/weir}
    - {name: weir-run, mountPath: /run/weir}
    {{- with .Values.sidecar.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "weir.sidecar.volumes" -}}
- {name: weir-config, configMap: {name: {{ include "weir.name" (list . "sidecar") }}}}
- {name: weir-secret, secret: {secretName: {{ .Values.sidecar.secretName | quote }}}}
- name: weir-token
  {{- include "weir.token" . | nindent 2 }}
- {name: weir-data, emptyDir: {sizeLimit: {{ .Values.sidecar.bufferSize }}}}
- {name: weir-mqtt, emptyDir: {sizeLimit: 128Mi}}
- {name: weir-run, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
{{- end }}

import { nodeProcesses, runtimeServices } from '../../../model/reset/traces.js';

/**
 * awk: pid and name of what runs of a node, from `PORT PID UNIT PROCESS`. What a service of its own starts, as k3s, is
 * somebody else's; what belongs to the runtime's service or to none is ended by itself, the service stays.
 */
const nodeListenersProgram = `
$2 > 0 && $4 ~ /^(${nodeProcesses.join('|')})$/ && ($3 !~ /[.]service$/ || $3 ~ /^(${runtimeServices.map((unit) => unit.replace('.', '[.]')).join('|')})$/) && !seen[$2]++ { print $2 " " $4 }`;

/**
 * Shell functions that end what runs of a node: `kubelets`, `containers` and, when these have gone, `listeners`, which is
 * what a reading would still show. They need `has`, `removed`, `failed` and `node_ports`.
 */
export const processFunctions = `
kubelets() {
  if systemctl is-active --quiet kubelet.service 2>/dev/null; then
    if systemctl stop kubelet.service 2>/dev/null; then removed 'running kubelet.service'; else failed 'kubelet.service does not stop'; fi
  fi
}

pod_processes() { grep -ls /kubepods proc/[0-9]*/cgroup 2>/dev/null | sed 's#^proc/\\([0-9]*\\)/.*#\\1#'; }
# kubeadm has removed the Pods where it worked; every call is bounded, as a runtime that is half gone may never answer
containers() {
  if has crictl && pods=$(crictl --timeout 5s pods -q 2>/dev/null | wc -l) && [ "$pods" -gt 0 ]; then
    timeout 60 crictl --timeout 30s rmp -fa >/dev/null 2>&1 && removed "$pods Pods"
  fi
  # Nothing but Pods is in these cgroups. The runtime notices that they are gone; asked to kill them itself it may hang.
  killed=$(pod_processes | wc -l)
  if [ "$killed" -gt 0 ]; then
    kill -KILL $(pod_processes) 2>/dev/null
    n=0
    while [ $n -lt 50 ] && [ -n "$(pod_processes)" ]; do sleep 0.1; n=$((n + 1)); done
    if [ $n -lt 50 ]; then removed "$killed processes of Pods"; else failed 'processes of Pods do not end'; fi
  fi
  has ctr || return 0
  gone=0
  for id in $(timeout 5 ctr -n k8s.io containers ls -q 'labels."io.kubernetes.pod.uid"' 2>/dev/null); do
    timeout 5 ctr -n k8s.io tasks rm "$id" >/dev/null 2>&1
    if timeout 5 ctr -n k8s.io containers rm "$id" >/dev/null 2>&1; then gone=$((gone + 1)); else failed "container $id"; fi
  done
  [ $gone -eq 0 ] || removed "$gone containers"
}

node_listeners() { node_ports | awk '${nodeListenersProgram}'; }
listeners() {
  running=$(node_listeners)
  [ -n "$running" ] || return 0
  kill -TERM $(printf '%s\\n' "$running" | cut -d' ' -f1) 2>/dev/null
  n=0
  while [ $n -lt 50 ] && [ -n "$(node_listeners)" ]; do
    sleep 0.1
    n=$((n + 1))
    [ $n -ne 30 ] || kill -KILL $(node_listeners | cut -d' ' -f1) 2>/dev/null
  done
  left=$(node_listeners)
  printf '%s\\n' "$running" | while read -r pid name; do
    if printf '%s\\n' "$left" | grep -q "^$pid "; then failed "$name (pid $pid) does not end"; else removed "running $name (pid $pid)"; fi
  done
}`;

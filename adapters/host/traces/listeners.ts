/** Ports of a node, as /proc/net/tcp writes them. */
const ports: Readonly<Record<string, number>> = {
  '192B': 6443,
  '094B': 2379,
  '094C': 2380,
  '280A': 10_250,
  '2811': 10_257,
  '2813': 10_259,
};

/**
 * awk: listeners on Kubernetes' ports as `PORT PID UNIT PROCESS`, from ss or, without its process, from /proc/net/tcp. The
 * unit is `-` for a process of none.
 */
const listenersProgram = `
function unit(pid,   file, line, parts, n, i) {
  file = "proc/" pid "/cgroup"
  while ((getline line < file) > 0) if (line ~ /^[0-9]+:name=systemd:/ || line ~ /^0::/) {
    n = split(line, parts, "/")
    for (i = n; i > 0; i--) if (parts[i] ~ /[.](service|scope|socket)$/) { close(file); return parts[i] }
  }
  close(file)
  return "-"
}
BEGIN { ${Object.entries(ports)
  .map(([hex, port]) => `ports["${hex}"] = ${port}`)
  .join('; ')} }
$1 == "LISTEN" && $4 ~ /:(${Object.values(ports).join('|')})$/ {
  port = $4; sub(/.*:/, "", port)
  users = $0; found = 0
  while (match(users, /[(]"[^"]*",pid=[0-9]+/)) {
    one = substr(users, RSTART + 2, RLENGTH - 2); users = substr(users, RSTART + RLENGTH); found = 1
    pid = one; sub(/.*,pid=/, "", pid); sub(/",pid=[0-9]+$/, "", one)
    print port " " pid " " unit(pid) " " one
  }
  if (!found) print port " 0 - unknown"
}
$4 == "0A" && $2 ~ /:(${Object.keys(ports).join('|')})$/ { sub(/.*:/, "", $2); print ports[$2] " 0 - unknown" }`;

/** Shell function that prints the listeners on Kubernetes' ports, one a line: `PORT PID UNIT PROCESS`. It needs `has`. */
export const listenersFunction = `
node_ports() {
  if has ss; then ss -ltnpH 2>/dev/null; else cat proc/net/tcp proc/net/tcp6 2>/dev/null; fi | awk '${listenersProgram}'
}`;

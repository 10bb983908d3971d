import type { HostFacts } from '../facts/host-facts.js';
import type { OperationContext } from '../operation.js';
import { definitionOf } from '../operations.js';
import { isNodeListener, nodeSigns } from './dirt-found.js';
import { fatal, type Finding } from './finding.js';

const controlPlanePorts = [6443, 2379, 2380, 10250, 10257, 10259];
const workerPorts = [10250];

/**
 * Ports that a node needs and something else holds. Kubernetes' own processes are part of an earlier node, which a reset
 * stops; a foreign process is never stopped.
 */
export const portFindings = (context: OperationContext, host: HostFacts): Finding[] => {
  const needed = definitionOf(context).hasEtcdMember ? controlPlanePorts : workerPorts;
  const { name } = context.target;
  // Without its process, as on a host without `ss`, pid is 0: on a host with an earlier node it is taken for that one's.
  const hasNode = nodeSigns(host).length > 0;
  return host.listeners
    .filter(({ port }) => needed.includes(port))
    .filter((listener) => !isNodeListener(listener) && !(listener.pid === 0 && hasNode))
    .map(({ port, process, pid, unit }) => {
      const holder =
        pid === 0 ? 'an unknown process' : `${process} (pid ${pid}${unit === undefined ? '' : `, unit ${unit}`})`;
      const stop =
        unit?.endsWith('.service') === true
          ? `\`systemctl disable --now ${unit}\``
          : 'stop it, or move it to another port';
      return fatal(
        'PortInUse',
        `port ${port} on ${name} is held by ${holder}; it is no part of a kubeadm node`,
        `on ${name}: ${stop}; then retry`,
        [`${port}: ${process} pid ${pid} unit ${unit ?? 'none'}`],
      );
    });
};

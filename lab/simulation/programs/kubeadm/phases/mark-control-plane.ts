import { ApiError, callApi } from '../../../kubernetes/client.js';
import type { Access } from '../../../kubernetes/client.js';
import { nodes } from '../../../kubernetes/store.js';
import type { Process } from '../../../system/process.js';
import { pathOf, readObject } from '../access.js';
import type { NodeRegistration, Taint } from '../configuration.js';
import { CommandFailure, say } from '../output.js';

const labels = ['node-role.kubernetes.io/control-plane', 'node.kubernetes.io/exclude-from-external-load-balancers'];
const defaultTaint: Taint = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' };

const taintText = ({ key, value, effect }: Taint): string =>
  `${key}${value === undefined ? '' : `=${value}`}:${effect}`;

/** Phase `mark-control-plane`: labels and taints the Node. @throws CommandFailure */
export const markControlPlane = async (
  process: Process,
  access: Access,
  nodeName: string,
  registration: NodeRegistration,
  limitMs: number,
): Promise<void> => {
  const taints = registration.taints ?? [defaultTaint];
  say(
    process,
    `[mark-control-plane] Marking the node ${nodeName} as control-plane by adding the labels: [${labels.join(' ')}]`,
  );
  if (taints.length > 0)
    say(
      process,
      `[mark-control-plane] Marking the node ${nodeName} as control-plane by adding the taints [${taints.map(taintText).join(' ')}]`,
    );
  const deadline = Date.now() + limitMs * process.machine.world.timeScale;
  for (;;) {
    try {
      const node = await readObject(process, access, nodes, nodeName);
      const before = (node.spec?.['taints'] ?? []) as readonly Taint[];
      const kept = before.filter(
        ({ key, effect }) =>
          !taints.some((one) => one.key === key && one.effect === effect) &&
          !key.startsWith('node.kubernetes.io/unreachable'),
      );
      const patch = {
        metadata: { labels: Object.fromEntries(labels.map((label) => [label, ''])) },
        spec: { taints: [...kept, ...taints] },
      };
      await callApi(process, access, 'PATCH', pathOf(nodes, undefined, nodeName), {
        body: JSON.stringify(patch),
        timeoutMs: 5_000,
      });
      return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (Date.now() > deadline)
        throw new CommandFailure(
          `error applying control-plane label and taints: error patching Node "${nodeName}": ${error.message}`,
        );
    }
    await process.work(500);
  }
};

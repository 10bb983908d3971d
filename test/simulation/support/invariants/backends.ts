import { apiServerOn } from '../../../../lab/simulation/kubernetes/api-server.js';
import type { World } from '../../../../lab/simulation/world.js';
import type { Hands } from './hands.js';
import type { Violations } from './violations.js';
import type { Asked } from './watch.js';

/** As old may the proof be that a host was given traffic after. */
const proofMs = 5_000;

const socket = '/run/haproxy/admin.sock';

/** Names of the servers of a load balancer that are not in maintenance; asked without making it check any. */
const enabledOn = async (load: { http?: unknown } | undefined): Promise<readonly string[]> => {
  const http = load?.http as ((request: unknown) => Promise<{ body: string }>) | undefined;
  const { body } = (await http?.({ body: 'show servers state' })) ?? { body: '' };
  return body
    .split('\n')
    .filter((line) => /^\d+ /.test(line) && line.includes(' '))
    .map((line) => line.split(' '))
    .filter(([, , , , , , admin]) => (Number(admin) & 1) === 0)
    .flatMap(([, , , name]) => name ?? []);
};

/** HAProxy sends nothing to an API server before a check of it has succeeded; however it began. */
export const watchChoices = (world: World, violations: Violations): (() => void) =>
  world.onChoice(({ loadBalancer, server, proven }) => {
    if (proven) return;
    violations.add(
      9,
      `HAProxy on ${loadBalancer.name} sent a connection to ${server} before a check of ${server} had succeeded`,
    );
  });

/**
 * A backend becomes enabled only once the API server behind it has served; that of the first host alone is there before
 * it, and those that people have put there are theirs. What is served is forgotten with the API server's manifest; what
 * somebody takes away between the proof and the traffic, no proof can foresee.
 */
export const watchBackends = (
  world: World,
  {
    asked,
    hands,
    isOfPeople,
    violations,
  }: { asked: Asked; hands: Hands; isOfPeople: (server: string) => boolean; violations: Violations },
): (() => Promise<void>) => {
  const served = new Set<string>();
  /** By load balancer; what is enabled when the watch begins was enabled by somebody else. */
  const enabled = new Map<string, ReadonlySet<string>>();
  return async () => {
    for (const machine of world.machines.values()) {
      if (apiServerOn(machine)?.isServing === true) served.add(machine.name);
      else if (!machine.files.exists('/etc/kubernetes/manifests/kube-apiserver.yaml')) served.delete(machine.name);
    }
    for (const machine of world.machines.values()) {
      if (machine.kind !== 'load-balancer' || !machine.isOn || !machine.sockets.has(socket)) continue;
      const now = new Set(await enabledOn(machine.sockets.get(socket)));
      const before = enabled.get(machine.name) ?? now;
      enabled.set(machine.name, now);
      for (const name of now) {
        if (before.has(name) || served.has(name) || asked.kinds.get(name) === 'init' || isOfPeople(name)) continue;
        if (hands.touches(name).some((at) => at > Date.now() - proofMs)) continue;
        violations.add(
          9,
          `the backend ${name} is enabled on ${machine.name}, and the API server of ${name} never served`,
        );
      }
    }
  };
};

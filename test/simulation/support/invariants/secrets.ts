import { kubernetesOf } from '../../../../lab/simulation/kubernetes/kubernetes.js';
import type { KubernetesObject } from '../../../../lab/simulation/kubernetes/objects.js';
import { readToken } from '../../../../lab/simulation/kubernetes/tokens.js';
import type { EtcdCluster } from '../../../../lab/simulation/etcd/cluster.js';
import type { Machine } from '../../../../lab/simulation/system/machine.js';
import type { World } from '../../../../lab/simulation/world.js';
import type { Violations } from './violations.js';

/** What may be nowhere but where it belongs. */
export interface Secrets {
  /** Which kinds of secret a text holds, in words; empty when none. */
  in(text: string): readonly string[];
}

interface WatchedSecrets extends Secrets {
  /** Looks for hosts and clusters that are new. */
  look(): void;
  stop(): void;
}

const tokenLike = /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g;
const keyLike = /\b[0-9a-f]{64}\b/g;

/** Gathers the secrets of a world as they come to be, and looks for them on the command line of every process. */
export const watchSecrets = (world: World, violations: Violations): WatchedSecrets => {
  const tokens = new Map<string, string>();
  const certificateKeys = new Set<string>();
  // A command line may have a secret before the world has it.
  const onCommandLines = new Map<string, string>();
  const stops: (() => void)[] = [];
  const clusters = new Set<EtcdCluster>();
  const machines = new Set<Machine>();

  const shown = (secret: string, what: string): void => {
    const where = onCommandLines.get(secret);
    if (where !== undefined) violations.add(8, `${what} on a command line: ${where}`);
  };
  const learn = (object: KubernetesObject): void => {
    if (object.kind !== 'Secret') return;
    const token = readToken(object);
    if (token === undefined || tokens.has(token.secret)) return;
    tokens.set(token.secret, token.id);
    shown(`${token.id}.${token.secret}`, `the token ${token.id}`);
  };
  const learnKey = (key: string): void => {
    if (certificateKeys.has(key)) return;
    certificateKeys.add(key);
    shown(key, 'a certificate key');
  };

  const readKeys = (machine: Machine, path: string): void => {
    const text = machine.files.readIfThere(path) ?? '';
    for (const [, key] of text.matchAll(/certificateKey:\s*"?([0-9a-f]{64})/g)) if (key !== undefined) learnKey(key);
  };
  stops.push(
    world.onProcess(({ argv, machine }) => {
      const line = argv.join(' ');
      for (const [found] of [...line.matchAll(tokenLike), ...line.matchAll(keyLike)]) {
        onCommandLines.set(found, `${argv[0] ?? ''} on ${machine.name}`);
        if (certificateKeys.has(found)) shown(found, 'a certificate key');
        const token = tokens.get(found.slice(7));
        if (token !== undefined) shown(found, `the token ${token}`);
      }
    }),
  );

  return {
    look: () => {
      for (const machine of world.machines.values()) {
        if (machines.has(machine)) continue;
        machines.add(machine);
        stops.push(machine.files.watch('/run/quorate', (path) => readKeys(machine, path)));
      }
      for (const cluster of world.etcdClusters.values()) {
        if (clusters.has(cluster)) continue;
        clusters.add(cluster);
        for (const { value } of cluster.store.values()) learn(value as KubernetesObject);
        stops.push(kubernetesOf(world, cluster).onWrite((_store, _resource, object) => learn(object)));
      }
    },
    in: (text) => [
      ...[...tokens].filter(([secret]) => text.includes(secret)).map(([, id]) => `the secret of the token ${id}`),
      ...[...certificateKeys].filter((key) => text.includes(key)).map(() => 'a certificate key'),
      ...(/-----BEGIN (\w+ )?PRIVATE KEY-----|client-key-data:/.test(text) ? ['a private key'] : []),
    ],
    stop: () => {
      for (const stop of stops) stop();
    },
  };
};

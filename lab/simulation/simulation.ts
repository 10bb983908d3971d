import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostOptions } from '../topology.js';
import { DEFAULT_KUBERNETES_VERSION } from '../versions.js';
import type { Directory } from './files/inode.js';
import { nodeImage } from './images/node-image.js';
import { loadBalancerImage } from './images/load-balancer-image.js';
import { programs } from './programs/registry.js';
import { writeClientFiles } from './ssh/client-files.js';
import type { ClientFiles } from './ssh/client-files.js';
import { makeSshKey, parseSshKey } from './ssh/keys.js';
import { SshServer } from './ssh/server.js';
import { Machine } from './system/machine.js';
import type { MachineKind } from './system/machine.js';
import { World } from './world.js';

export interface SimulationOptions {
  /** Default `simulated`. */
  readonly name?: string;
  readonly hosts: readonly HostOptions[];
  /** First three numbers of every address; default `10.203.0`. */
  readonly subnet?: string;
  /** What takes a second on an ordinary host takes that many here; default 1. */
  readonly timeScale?: number;
  /** Folder for the SSH client's files; default a new one below the temporary folder, removed at the end. */
  readonly folder?: string;
}

export interface Simulation extends ClientFiles {
  readonly world: World;
  readonly name: string;
  readonly hosts: readonly Machine[];
  host(name: string): Machine;
  stop(): Promise<void>;
}

const images = new Map<string, Directory>();

/** The files that hosts of a kind begin with: one tree for all of them. */
const imageOf = (kind: MachineKind, version: string): Directory => {
  const key = `${kind} ${version}`;
  const known = images.get(key);
  if (known !== undefined) return known;
  const made = kind === 'node' ? nodeImage(version) : loadBalancerImage();
  images.set(key, made);
  return made;
};

/** Starts simulated hosts, each with an sshd on loopback. */
export const startSimulation = async (options: SimulationOptions): Promise<Simulation> => {
  const world = new World({ timeScale: options.timeScale ?? 1 });
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'simulation-')));
  const key = makeSshKey('simulation');
  const authorized = parseSshKey(key.publicKey);
  const servers: SshServer[] = [];
  const endpoints = [];
  for (const { name, kind, addressSuffix, kubernetesVersion } of options.hosts) {
    const machine = new Machine({
      name,
      kind,
      address: `${options.subnet ?? '10.203.0'}.${addressSuffix}`,
      world,
      base: imageOf(kind, kubernetesVersion ?? DEFAULT_KUBERNETES_VERSION),
      programs,
      ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
    });
    world.add(machine);
    machine.startNow();
    const hostKey = makeSshKey(`root@${name}`);
    const server = new SshServer({ machine, hostKey: hostKey.privateKey, authorized });
    servers.push(server);
    endpoints.push({ name, port: await server.listen(), publicKey: hostKey.publicKey });
  }
  const files = await writeClientFiles(folder, key, endpoints, 'ops');
  return {
    ...files,
    world,
    name: options.name ?? 'simulated',
    hosts: [...world.machines.values()],
    host: (name) => {
      const machine = world.machines.get(name);
      if (machine === undefined)
        throw new Error(`there is no host ${name}, only ${[...world.machines.keys()].join(', ')}`);
      return machine;
    },
    stop: async () => {
      world.stopped = true;
      for (const machine of world.machines.values()) machine.powerCut();
      await Promise.all(servers.map((server) => server.close()));
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
};

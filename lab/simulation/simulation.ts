import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from '../lab.js';
import { labFile } from '../paths.js';
import type { HostOptions } from '../topology.js';
import { DEFAULT_KUBERNETES_VERSION } from '../build/versions.js';
import { makeFaults } from './faults.js';
import type { SimulatedFaults } from './faults.js';
import type { Directory } from './files/inode.js';
import { SimulatedHost } from './host.js';
import { loadBalancerImage } from './images/load-balancer-image.js';
import { nodeImage } from './images/node-image.js';
import { Observer } from './observer.js';
import { programs } from './programs/registry.js';
import { writeClientFiles } from './ssh/client-files.js';
import type { ClientFiles, SshEndpoint } from './ssh/client-files.js';
import { makeSshKey, parseSshKey } from './ssh/keys.js';
import type { SshKeyPair } from './ssh/keys.js';
import { SshServer } from './ssh/server.js';
import { Machine } from './system/machine.js';
import type { MachineKind } from './system/machine.js';
import { World } from './world.js';

/** A host of a simulation: as one of a lab, but there may be thousands. */
export interface SimulatedHostOptions extends Omit<HostOptions, 'addressSuffix'> {
  /** Last number of its address, below `subnet`. */
  readonly addressSuffix?: number;
  /** Its whole address, in place of a suffix. */
  readonly address?: string;
}

export interface SimulationOptions {
  readonly hosts: readonly SimulatedHostOptions[];
  /** Of the cluster in `clusterYaml`; default `simulated`. */
  readonly name?: string;
  /** First three numbers of every address; default `10.203.0`. */
  readonly subnet?: string;
  /** What takes a second on an ordinary host takes that many here; default 1. */
  readonly timeScale?: number;
  /** Who logs in over SSH: `ops` becomes root by sudo. Default `ops`. */
  readonly user?: 'root' | 'ops';
  /** Folder for the SSH client's files; default a new one below the temporary folder, removed at the end. */
  readonly directory?: string;
}

/** Simulated hosts, with what a lab offers as well: scenarios run on either. */
export interface Simulation extends Lab {
  readonly world: World;
  readonly observer: Observer;
  readonly hosts: readonly SimulatedHost[];
  readonly faults: SimulatedFaults;
  readonly knownHostsFile: string;
  host(name: string): SimulatedHost;
  addHost(host: SimulatedHostOptions): Promise<SimulatedHost>;
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

class RunningSimulation implements Simulation {
  readonly world: World;
  readonly name: string;
  readonly subnet: string;
  readonly observer: Observer;
  readonly faults: SimulatedFaults;
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #servers: SshServer[] = [];
  readonly #endpoints: SshEndpoint[] = [];
  readonly #key: SshKeyPair = makeSshKey('simulation');
  #files: ClientFiles | undefined;

  constructor(
    private readonly options: SimulationOptions,
    readonly directory: string,
  ) {
    this.world = new World({ timeScale: options.timeScale ?? 1 });
    this.name = options.name ?? 'simulated';
    this.subnet = options.subnet ?? '10.203.0';
    this.observer = new Observer(this.world);
    this.faults = makeFaults(this.world, (name) => this.host(name));
  }

  get sshConfigFile(): string {
    return this.#files?.sshConfigFile ?? '';
  }

  get knownHostsFile(): string {
    return this.#files?.knownHostsFile ?? '';
  }

  get hosts(): readonly SimulatedHost[] {
    return [...this.#hosts.values()];
  }

  host(name: string): SimulatedHost {
    const found = this.#hosts.get(name);
    if (found === undefined) throw new Error(`There is no host "${name}", only ${[...this.#hosts.keys()].join(', ')}.`);
    return found;
  }

  async add(hosts: readonly SimulatedHostOptions[]): Promise<void> {
    this.#check(hosts);
    const authorized = parseSshKey(this.#key.publicKey);
    for (const { name, kind, addressSuffix, address, kubernetesVersion = DEFAULT_KUBERNETES_VERSION } of hosts) {
      const machine = new Machine({
        name,
        kind,
        address: address ?? `${this.subnet}.${addressSuffix}`,
        world: this.world,
        base: imageOf(kind, kubernetesVersion),
        programs,
        kubernetesVersion,
      });
      this.world.add(machine);
      this.#hosts.set(name, new SimulatedHost(machine));
      const hostKey = makeSshKey(`root@${name}`);
      const server = new SshServer({ machine, hostKey: hostKey.privateKey, authorized });
      this.#servers.push(server);
      this.#endpoints.push({ name, port: await server.listen(), publicKey: hostKey.publicKey });
      machine.startNow();
    }
    this.#files = await writeClientFiles(this.directory, this.#key, this.#endpoints, this.options.user ?? 'ops');
  }

  /** @throws Error for two hosts of one name or address, or one without an address */
  #check(hosts: readonly SimulatedHostOptions[]): void {
    const names = new Set(this.#hosts.keys());
    const addresses = new Set(this.hosts.map(({ address }) => address));
    for (const {
      name,
      addressSuffix,
      address = addressSuffix === undefined ? '' : `${this.subnet}.${addressSuffix}`,
    } of hosts) {
      if (address === '') throw new Error(`${name} has neither an address nor a suffix of one.`);
      if (names.has(name)) throw new Error(`Two hosts are called ${name}.`);
      if (addresses.has(address)) throw new Error(`Two hosts have the address ${address}.`);
      names.add(name);
      addresses.add(address);
    }
  }

  async addHost(host: SimulatedHostOptions): Promise<SimulatedHost> {
    await this.add([host]);
    return this.host(host.name);
  }

  async installNetwork(controlPlaneHost: string): Promise<void> {
    await this.host(controlPlaneHost).check('kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f -', {
      stdin: await readFile(labFile('lab-network.yaml')),
    });
  }

  async down(): Promise<void> {
    this.world.stopped = true;
    for (const machine of this.world.machines.values()) machine.powerCut();
    await Promise.all(this.#servers.map((server) => server.close()));
    if (this.options.directory === undefined) await rm(this.directory, { recursive: true, force: true });
  }
}

/** Starts simulated hosts, each with an sshd on a port of loopback; nothing of the machine is touched. */
export const startSimulation = async (options: SimulationOptions): Promise<Simulation> => {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'quorate-simulation-')));
  const simulation = new RunningSimulation(options, directory);
  try {
    await simulation.add(options.hosts);
    return simulation;
  } catch (error) {
    await simulation.down();
    throw error;
  }
};

// A lab: hosts on one switch, owned by this process.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { provideBaseSystem } from './build/base-system.js';
import { controlGroupsOf } from './control-groups.js';
import { makeFaults, type Faults } from './faults.js';
import { Host, type LabHost } from './host/host.js';
import { clearDeadLabs, clearLab, hostsFolder } from './leftovers.js';
import { checkNeeds, raiseInotifyLimit } from './needs.js';
import { createSwitch, subnetPrefix, switchNamespace } from './network.js';
import { chooseSubnet, claim, describeSelf, findOwner, isAlive, LabInUseError, type Owner } from './ownership.js';
import { providePackages, type Packages } from './build/packages.js';
import { labFile, labFolder } from './paths.js';
import { timed, type Progress } from './progress.js';
import { check } from './shell.js';
import { renderKnownHosts, renderSshConfig, type SshHost } from './ssh-config.js';
import { checkTopology, MAIN_LAB, versionOf, type HostOptions } from './topology.js';
import type { KubernetesVersion } from './build/versions.js';

export interface LabOptions {
  /** Name of the lab on this machine; two labs with different names do not see each other. */
  name: string;
  hosts: readonly HostOptions[];
  /** Folder for disks and keys, removed by `down`; default below $XDG_STATE_HOME or /var/tmp/quorate-lab. */
  directory?: string;
  /** Kubernetes versions that the nodes can be upgraded to (`install-kubernetes VERSION kubeadm`), beside their own. */
  availableVersions?: readonly KubernetesVersion[];
  /** Number N of the subnet 10.203.N.0/24; default the lowest that is free. */
  subnet?: number;
  progress?: Progress;
}

export interface Lab {
  readonly name: string;
  /** First three numbers of every address, e.g. `10.203.0`. */
  readonly subnet: string;
  readonly directory: string;
  /** For `ssh -F`: every host by its name, as user ops. */
  readonly sshConfigFile: string;
  readonly hosts: readonly LabHost[];
  readonly faults: Faults;
  host(name: string): LabHost;
  /** Gives the cluster its Pod network, by the admin.conf of a control-plane host. */
  installNetwork(controlPlaneHost: string): Promise<void>;
  addHost(host: HostOptions): Promise<LabHost>;
  /** Switches everything off and leaves nothing on the machine. */
  down(): Promise<void>;
}

/** Starts hosts and resolves when ssh answers on each of them. Clears what dead labs left before. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const progress = options.progress ?? ((): void => undefined);
  checkTopology(options.name, options.hosts);
  await checkNeeds(options.hosts);
  const directory = options.directory ?? labFolder(options.name);
  const previous = findOwner(options.name, directory);
  if (previous !== undefined && isAlive(previous)) throw new LabInUseError(previous);
  for (const name of await clearDeadLabs()) progress(`cleared what the lab "${name}" of a dead process had left`);
  const stale = findOwner(options.name, directory);
  if (stale !== undefined) await clearLab(stale);
  if (existsSync(hostsFolder(directory))) {
    throw new Error(`${directory} has folders of hosts but no owner's record; remove it if nothing uses it.`);
  }
  await raiseInotifyLimit(progress);
  const owner: Owner = {
    name: options.name,
    directory,
    ...describeSelf(),
    subnet: options.subnet ?? chooseSubnet(options.name === MAIN_LAB ? 0 : 1),
    controlGroups: controlGroupsOf(options.name),
  };
  claim(owner);
  const lab = new RunningLab(owner, progress);
  try {
    await lab.start(options.hosts, options.availableVersions ?? []);
  } catch (error) {
    await lab.down();
    throw error;
  }
  return lab;
}

class RunningLab implements Lab {
  readonly name: string;
  readonly subnet: string;
  readonly directory: string;
  readonly sshConfigFile: string;
  readonly faults: Faults;
  readonly #hosts: Host[] = [];
  readonly #packages = new Map<KubernetesVersion, Packages>();
  #down: Promise<void> | undefined;

  constructor(
    private readonly owner: Owner,
    private readonly progress: Progress,
  ) {
    this.name = owner.name;
    this.subnet = subnetPrefix(owner.subnet);
    this.directory = owner.directory;
    this.sshConfigFile = join(owner.directory, 'ssh_config');
    this.faults = makeFaults({
      lab: owner.name,
      switchAddress: `${this.subnet}.1`,
      host: (name) => this.host(name),
      hosts: () => this.#hosts,
    });
  }

  get hosts(): readonly LabHost[] {
    return this.#hosts;
  }

  host(name: string): LabHost {
    const found = this.#hosts.find((host) => host.name === name);
    if (found === undefined) {
      throw new Error(
        `The lab "${this.name}" has no host "${name}", only ${this.#hosts.map((host) => host.name).join(', ')}.`,
      );
    }
    return found;
  }

  async start(hosts: readonly HostOptions[], versions: readonly KubernetesVersion[]): Promise<void> {
    await this.#provide([...hosts.map(versionOf), ...versions]);
    await createSwitch(this.name, this.owner.subnet);
    await check('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `lab-${this.name}`, '-f', this.#key()]);
    await this.#add(hosts);
  }

  async addHost(host: HostOptions): Promise<LabHost> {
    checkTopology(this.name, [...this.#hosts.map((known) => known.options), host]);
    await checkNeeds([host]);
    await this.#provide([versionOf(host)]);
    await this.#add([host]);
    return this.host(host.name);
  }

  async installNetwork(controlPlaneHost: string): Promise<void> {
    await this.host(controlPlaneHost).check('kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f -', {
      stdin: await readFile(labFile('lab-network.yaml')),
      timeoutMs: 120_000,
    });
  }

  down(): Promise<void> {
    this.#down ??= this.#takeDown();
    return this.#down;
  }

  async #takeDown(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.powerCut()));
    await clearLab(this.owner);
  }

  async #add(added: readonly HostOptions[]): Promise<void> {
    const hosts: Host[] = [];
    // One after the other: two hosts of one kind share what the first one has built.
    for (const options of added) hosts.push(await this.#prepare(options));
    await timed(this.progress, `making the disks of ${names(hosts)}`, () =>
      Promise.all(hosts.map((host) => host.create())),
    );
    this.#hosts.push(...hosts);
    await this.#writeSshFiles();
    await timed(this.progress, `starting ${names(hosts)}`, async () => {
      await Promise.all(hosts.map((host) => host.powerOn()));
      await Promise.all(hosts.map((host) => host.waitForSsh()));
    });
  }

  async #provide(versions: readonly (KubernetesVersion | undefined)[]): Promise<void> {
    for (const version of new Set(versions)) {
      if (version === undefined || this.#packages.has(version)) continue;
      const base = await provideBaseSystem('node', this.progress);
      this.#packages.set(version, await providePackages(version, base, this.progress));
    }
  }

  async #prepare(options: HostOptions): Promise<Host> {
    const base = await provideBaseSystem(options.kind, this.progress);
    const version = versionOf(options);
    const packages = version === undefined ? undefined : this.#packages.get(version);
    const directory = join(hostsFolder(this.directory), options.name);
    await mkdir(directory, { recursive: true });
    return new Host({
      options,
      address: `${this.subnet}.${options.addressSuffix}`,
      nameServer: `${this.subnet}.1`,
      authorizedKey: await readFile(`${this.#key()}.pub`, 'utf8'),
      sshConfigFile: this.sshConfigFile,
      golden: packages?.golden,
      machine: {
        plug: { lab: this.name, host: options.name, subnet: this.owner.subnet, addressSuffix: options.addressSuffix },
        directory,
        layers: packages === undefined ? [base] : [packages.layer, base],
        packages: options.kind === 'node' ? [...this.#packages.values()].map((each) => each.folder) : [],
        controlGroups: this.owner.controlGroups.map((group) => join(group, options.name)),
      },
    });
  }

  async #writeSshFiles(): Promise<void> {
    const hosts: SshHost[] = await Promise.all(
      this.#hosts.map(async (host) => ({ name: host.name, address: host.address, publicKey: await host.publicKey() })),
    );
    const knownHostsFile = join(this.directory, 'known_hosts');
    await writeFile(knownHostsFile, renderKnownHosts(hosts));
    await writeFile(
      this.sshConfigFile,
      renderSshConfig(
        { lab: this.name, identityFile: this.#key(), knownHostsFile, switchNamespace: switchNamespace(this.name) },
        hosts,
      ),
    );
  }

  #key(): string {
    return join(this.directory, 'id_ed25519');
  }
}

const names = (hosts: readonly Host[]): string => hosts.map((host) => host.name).join(', ');

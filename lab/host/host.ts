// One host of a lab, as tests use it.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostKind } from '../build/base-system.js';
import { check, describeFailure, run, type Outcome } from '../shell.js';
import { versionOf, type HostOptions } from '../topology.js';
import type { KubernetesVersion } from '../build/versions.js';
import { makeDisk, waitUntilFree, type Seed } from './disk.js';
import { Machine, type MachineOptions } from './machine.js';
import { runOverSsh, waitForSsh, type HostRunOptions } from './ssh.js';

const SHUTDOWN_TIMEOUT_MS = 120_000;
const REBOOT_TIMEOUT_MS = 120_000;
const SSH_TIMEOUT_MS = 60_000;

export interface LabHost {
  readonly name: string;
  readonly kind: HostKind;
  readonly address: string;
  /** Kubernetes version whose programs and images the host was given; none for a load balancer. */
  readonly kubernetesVersion: KubernetesVersion | undefined;
  /** Runs a bash script through ssh; never throws for what the script does. Code 124: its time was up. 255: no connection. */
  run(script: string, options?: HostRunOptions): Promise<Outcome>;
  /** Its standard output; throws on a non-zero code with what it said. */
  check(script: string, options?: HostRunOptions): Promise<string>;
  /** Runs a bash script as root on the host's console, without network and sshd: works on a host that is cut off. */
  console(script: string, options?: { stdin?: string | Buffer; timeoutMs?: number }): Promise<Outcome>;
  /** Pulls the plug. `loseCache`: what was not yet synced to the disk is lost, as on a real machine. */
  powerCut(options?: { loseCache?: boolean }): Promise<void>;
  /** Switches it on; does not wait for ssh. */
  powerOn(): Promise<void>;
  /** Clean shutdown; resolves when the host is off. */
  shutdown(): Promise<void>;
  /** Clean reboot; resolves when the host starts again, before ssh answers. */
  reboot(): Promise<void>;
  /** Stops every process of the host where it stands: connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
  isOn(): boolean;
  /** Default one minute. */
  waitForSsh(timeoutMs?: number): Promise<void>;
  /** A new empty disk, as after re-imaging: same name, address and ssh host keys, new machine-id. Resolves when ssh answers. */
  rebuild(): Promise<void>;
}

export interface HostParts {
  options: HostOptions;
  address: string;
  machine: MachineOptions;
  golden: string | undefined;
  nameServer: string;
  authorizedKey: string;
  sshConfigFile: string;
}

export class Host implements LabHost {
  readonly name: string;
  readonly kind: HostKind;
  readonly address: string;
  readonly kubernetesVersion: KubernetesVersion | undefined;
  readonly options: HostOptions;
  readonly machine: Machine;

  constructor(private readonly parts: HostParts) {
    this.options = parts.options;
    this.name = parts.options.name;
    this.kind = parts.options.kind;
    this.address = parts.address;
    this.kubernetesVersion = versionOf(parts.options);
    this.machine = new Machine(parts.machine);
  }

  /** Makes the host's keys and disk; it stays off. */
  async create(): Promise<void> {
    const keys = this.#keysFolder();
    await rm(keys, { recursive: true, force: true });
    await mkdir(keys, { recursive: true, mode: 0o700 });
    const file = join(keys, 'ssh_host_ed25519_key');
    await check('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `root@${this.name}`, '-f', file]);
    await makeDisk(this.parts.machine.directory, this.#seed(), this.parts.golden);
  }

  publicKey(): Promise<string> {
    return readFile(join(this.#keysFolder(), 'ssh_host_ed25519_key.pub'), 'utf8');
  }

  run(script: string, options: HostRunOptions = {}): Promise<Outcome> {
    return runOverSsh(this.#access(), script, options);
  }

  async check(script: string, options: HostRunOptions = {}): Promise<string> {
    const outcome = await this.run(script, options);
    if (outcome.code !== 0) throw new Error(describeFailure(`${this.name}: ${script}`, outcome));
    return outcome.stdout;
  }

  console(script: string, options: { stdin?: string | Buffer; timeoutMs?: number } = {}): Promise<Outcome> {
    const leader = this.machine.leader();
    if (leader === undefined) return Promise.resolve({ code: 255, stdout: '', stderr: `${this.name} is off` });
    const environment = ['-i', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root'];
    return run(
      'nsenter',
      ['--target', String(leader), '--all', '--wd=/', 'env', ...environment, 'bash', '-c', script],
      options,
    );
  }

  powerCut(options: { loseCache?: boolean } = {}): Promise<void> {
    return this.machine.powerCut(options.loseCache ?? false);
  }

  powerOn(): Promise<void> {
    return this.machine.powerOn();
  }

  shutdown(): Promise<void> {
    return this.machine.shutdown(SHUTDOWN_TIMEOUT_MS);
  }

  reboot(): Promise<void> {
    return this.machine.reboot(REBOOT_TIMEOUT_MS);
  }

  freeze(): void {
    this.machine.freeze();
  }

  thaw(): void {
    this.machine.thaw();
  }

  isOn(): boolean {
    return this.machine.isOn();
  }

  waitForSsh(timeoutMs = SSH_TIMEOUT_MS): Promise<void> {
    return waitForSsh(this.#access(), timeoutMs);
  }

  async rebuild(): Promise<void> {
    await this.powerCut();
    if (!(await waitUntilFree(this.parts.machine.directory, 10_000))) {
      throw new Error(`The disk of ${this.name} is still in use`);
    }
    await makeDisk(this.parts.machine.directory, this.#seed(), this.parts.golden);
    await this.powerOn();
    await this.waitForSsh();
  }

  /** Where this machine sees the files of the host while it is on. */
  rootFolder(): string | undefined {
    const leader = this.machine.leader();
    return leader === undefined ? undefined : `/proc/${leader}/root`;
  }

  #keysFolder(): string {
    return join(this.parts.machine.directory, 'keys');
  }

  #access(): { configFile: string; host: string } {
    return { configFile: this.parts.sshConfigFile, host: this.name };
  }

  #seed(): Seed {
    return {
      hostName: this.name,
      address: this.address,
      nameServer: this.parts.nameServer,
      authorizedKey: this.parts.authorizedKey,
      hostKeys: this.#keysFolder(),
    };
  }
}

/**
 * The folder of this machine in which the files of a host of the lab are seen, with nothing running on the host for it;
 * undefined while it is off.
 */
export const rootFolderOf = (host: LabHost): string | undefined =>
  host instanceof Host ? host.rootFolder() : undefined;

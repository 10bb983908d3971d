import { randomBytes, randomUUID } from 'node:crypto';
import { FileSystem } from '../files/file-system.js';
import type { Directory } from '../files/inode.js';
import type { Dialled, Listener, Network } from '../network/network.js';
import { PortInUse } from '../network/port-in-use.js';
import type { Service } from '../network/service.js';
import { StaticPods } from '../kubelet/static-pods.js';
import type { World } from '../world.js';
import { Journal } from './journal.js';
import { Mounts } from './mounts.js';
import type { Process, Program } from './process.js';
import { ProcessTable } from './process-table.js';
import { signalNumbers } from './signals.js';
import { Systemd } from './systemd.js';

export type MachineKind = 'node' | 'load-balancer';

export interface MachineOptions {
  readonly name: string;
  readonly kind: MachineKind;
  readonly address: string;
  readonly world: World;
  readonly base: Directory;
  readonly programs: ReadonlyMap<string, Program>;
  /** Kubernetes version of its programs, such as `v1.37.1`. */
  readonly kubernetesVersion?: string;
}

/** A command over SSH whose connection breaks. */
interface LostCommand {
  /** `before`: it never begins; `after`: it has run to its end, and its answer is lost. */
  readonly when: 'before' | 'after';
  readonly lost: () => void;
}

/** Something that happens on the host in the moment before a command begins. */
export interface BeforeCommand {
  /** Of the command's text. */
  readonly pattern: RegExp;
  readonly work: () => Promise<void> | void;
}

/** What a host sees of the network. */
interface OwnNetwork {
  resolve(name: string): string | undefined;
  dial(address: string, port: number): Promise<Dialled>;
  reaches: Network['reaches'];
  verdict(address: string, port: number): ReturnType<Network['verdict']>;
  whenChanged(): Promise<void>;
}

const anyAddress = new Set(['0.0.0.0', '*']);

const bootMs = 1_500;
const shutdownMs = 300;

/** A host: its disk, and what runs on it while it is on. */
export class Machine {
  readonly name: string;
  readonly kind: MachineKind;
  readonly address: string;
  readonly world: World;
  readonly programs: ReadonlyMap<string, Program>;
  readonly kubernetesVersion: string;
  readonly files: FileSystem;
  readonly processes = new ProcessTable();
  readonly mounts: Mounts;
  readonly network: OwnNetwork;
  journal = new Journal(this);
  systemd = new Systemd(this);
  readonly staticPods = new StaticPods(this);
  /** Process of the kubelet, while it runs. */
  kubelet: Process | undefined;
  listeners: Listener[] = [];

  machineId = randomBytes(16).toString('hex');
  bootId = randomUUID();
  /** What the kernel calls the host; set from /etc/hostname when it starts. */
  hostname: string;
  readonly kernel = '6.1.0-44-amd64';
  readonly architecture = 'x86_64';
  readonly cpus = 2;
  readonly memoryKiB = 4_028_416;
  cgroupVersion: 1 | 2 = 2;
  clockOffsetMs = 0;
  /** Settings of the kernel by name, as sysctl has them. */
  readonly sysctls = new Map([
    ['net.ipv4.ip_forward', '1'],
    ['net.bridge.bridge-nf-call-iptables', '1'],
    ['net.bridge.bridge-nf-call-ip6tables', '1'],
    ['net.ipv6.conf.default.forwarding', '0'],
    ['net.ipv6.conf.all.forwarding', '0'],
  ]);
  /** Those that the kernel does not let anybody change. */
  readonly fixedSysctls = new Set<string>();
  readonly modules = new Set(['overlay', 'br_netfilter']);
  swap = false;
  /** Sockets below the file system by path. */
  readonly sockets = new Map<string, Service>();
  /** Links by name, with their MTU. */
  readonly links = new Map([
    ['lo', 65_536],
    ['eth0', 1500],
  ]);
  /** Addresses besides its own, such as a virtual one. */
  readonly extraAddresses = new Set<string>();
  /** Address of the interface with the default route, where that is not the one that the others reach it by. */
  routedAddress: string | undefined;
  /** Largest packet that gets through to the host, whatever its link says. */
  pathMtu = 1500;
  /** Ruleset of nftables by table, as `nft list ruleset` prints each. */
  readonly packetFilter = new Map<string, string>();
  readonly rejectedPorts = new Set<number>();
  /** What becomes of the connections on which the next commands arrive over SSH: they break, before or after those have run. */
  readonly lostCommands: LostCommand[] = [];
  /** What somebody does right before the commands that arrive over SSH, each as often as one matches. */
  readonly beforeCommands = new Set<BeforeCommand>();
  /** Share of the packets to and from the host that is lost. */
  lossPercent = 0;
  /** How long a new etcd member needs to catch up with its leader; Infinity: it never does. */
  learnerSyncMs = 300;
  #cableIn = true;
  #reachableBySsh = true;
  #power: 'on' | 'off' | 'starting' = 'off';
  #bootedAt = Date.now();
  #thawed: (() => void)[] | undefined;
  #powerListeners = new Set<() => void>();
  #timers = new Set<NodeJS.Timeout>();
  #boots = 0;

  constructor(private readonly options: MachineOptions) {
    this.name = options.name;
    this.hostname = options.name;
    this.kind = options.kind;
    this.address = options.address;
    this.world = options.world;
    this.programs = options.programs;
    this.kubernetesVersion = options.kubernetesVersion ?? 'v1.37.1';
    this.files = new FileSystem(this, options.base, 6 * 2 ** 30);
    this.mounts = new Mounts(this);
    const { network } = options.world;
    this.network = {
      resolve: (name) => network.resolve(name),
      dial: (address, port) => network.dial(this, address, port),
      reaches: (from, to, port) => network.reaches(from, to, port),
      verdict: (address, port) => network.verdict(this, address, port),
      whenChanged: () => network.whenChanged(),
    };
    this.#personalise();
  }

  /** What programs take for the host's address that are told none. */
  get defaultAddress(): string {
    return this.routedAddress ?? this.address;
  }

  /** The host's clock, whole milliseconds. */
  now(): number {
    return Date.now() + this.clockOffsetMs;
  }

  preciseNow(): number {
    return performance.timeOrigin + performance.now() + this.clockOffsetMs;
  }

  uptimeSeconds(): number {
    return (Date.now() - this.#bootedAt) / 1000;
  }

  get isOn(): boolean {
    return this.#power === 'on';
  }

  /** An error in the simulation itself: nothing that a real host does. */
  defect(error: unknown): void {
    this.world.defect(this.name, error);
  }

  #personalise(): void {
    this.files.write('/etc/hostname', `${this.name}\n`);
    this.files.write('/etc/machine-id', `${this.machineId}\n`);
  }

  /** Called when the host goes on or off, or is frozen. */
  onPower(tell: () => void): () => void {
    this.#powerListeners.add(tell);
    return () => this.#powerListeners.delete(tell);
  }

  /** The cable of its network is plugged in. */
  get cableIn(): boolean {
    return this.#cableIn;
  }

  set cableIn(plugged: boolean) {
    this.#cableIn = plugged;
    this.#powerChanged();
  }

  /** There is a way from whoever logs in over SSH. */
  get reachableBySsh(): boolean {
    return this.#reachableBySsh && this.#cableIn;
  }

  set reachableBySsh(reachable: boolean) {
    this.#reachableBySsh = reachable;
    this.#powerChanged();
  }

  #powerChanged(): void {
    for (const tell of Array.from(this.#powerListeners)) tell();
    this.world.network.linksChanged();
  }

  /** @throws PortInUse when another process has it */
  listen(listener: Listener): void {
    const taken = this.listeners.find(
      (one) =>
        one.port === listener.port &&
        one.process !== listener.process &&
        (one.address === listener.address || anyAddress.has(one.address) || anyAddress.has(listener.address)),
    );
    if (taken !== undefined) throw new PortInUse(listener.address, listener.port);
    this.listeners.push(listener);
    this.world.network.changed();
  }

  closePorts(process: Process): void {
    this.listeners = this.listeners.filter((one) => one.process !== process);
    this.world.network.changed();
  }

  /** Waits for something that takes that long on a host of ordinary speed. Nothing comes when the host goes off before. */
  after(milliseconds: number, work: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const guarded = (): void => {
        try {
          work();
        } catch (error) {
          this.defect(error);
        }
      };
      if (this.#thawed === undefined) guarded();
      else this.#thawed.push(guarded);
    }, milliseconds * this.world.timeScale);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** Switches it on; it starts its services when it has booted. */
  powerOn(): void {
    if (this.#power !== 'off') return;
    this.#power = 'starting';
    const boot = (this.#boots += 1);
    this.after(this.#boots === 1 ? 0 : bootMs, () => {
      if (this.#power === 'starting' && boot === this.#boots) this.#boot();
    });
  }

  /** Its first start, which nobody has to wait for. */
  startNow(): void {
    this.#boots += 1;
    this.#boot();
  }

  #boot(): void {
    this.bootId = randomUUID();
    this.#bootedAt = Date.now();
    this.hostname = this.files.readIfThere('/etc/hostname')?.trim() || 'localhost';
    this.processes.restart();
    this.files.mountEmpty('/run', 'tmpfs');
    this.files.mountEmpty('/tmp', 'tmpfs', 0o1777);
    this.mounts.clear();
    this.systemd = new Systemd(this);
    this.#power = 'on';
    this.systemd.startEnabled();
    this.#powerChanged();
  }

  /** Ends everything that runs, without a word. */
  #stopEverything(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.systemd.forget();
    this.staticPods.forget();
    this.kubelet = undefined;
    for (const process of this.processes.all()) process.kill(signalNumbers.KILL);
    this.listeners = [];
    this.sockets.clear();
    this.links.forEach((_, name) => name === 'lo' || name === 'eth0' || this.links.delete(name));
    this.packetFilter.clear();
  }

  /** Pulls the plug. */
  powerCut(): void {
    if (this.#power === 'off') return;
    this.#power = 'off';
    this.thaw();
    this.#stopEverything();
    this.#powerChanged();
  }

  /** Ends the services and switches it off. */
  async shutdown(): Promise<void> {
    if (!this.isOn) return;
    await this.systemd.stopEverything();
    await new Promise<void>((resolve) => this.after(shutdownMs, resolve));
    this.powerCut();
  }

  async reboot(): Promise<void> {
    await this.shutdown();
    this.powerOn();
  }

  get isFrozen(): boolean {
    return this.#thawed !== undefined;
  }

  /** Stops every process where it stands. */
  freeze(): void {
    if (!this.isOn) return;
    this.#thawed ??= [];
    this.#powerChanged();
  }

  thaw(): void {
    const waiting = this.#thawed;
    this.#thawed = undefined;
    for (const tell of waiting ?? []) tell();
    if (waiting !== undefined) this.#powerChanged();
  }

  whenThawed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#thawed === undefined) resolve();
      else this.#thawed.push(resolve);
    });
  }

  /** Waits until ssh could answer. */
  async whenOn(): Promise<void> {
    while (!this.isOn) await new Promise<void>((resolve) => this.onPower(resolve));
  }

  /** A new empty disk: another machine by the same name and address. The host is off afterwards. */
  rebuild(): void {
    this.powerCut();
    this.machineId = randomBytes(16).toString('hex');
    this.files.replaceRoot(this.options.base);
    this.journal = new Journal(this);
    this.#personalise();
  }
}

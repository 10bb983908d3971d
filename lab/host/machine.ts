// The hardware of a host: power switch, reset button, freezer. One systemd-nspawn per host that is on.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { freezerOf, processesIn, removeGroups, setFrozen, thawAll } from '../control-groups.js';
import { hostNamespace, plugIn, setCable, unplug, type Plug } from '../network.js';
import { labFile } from '../paths.js';
import { check } from '../shell.js';
import { waitUntil } from '../wait.js';
import { diskFolders, waitUntilFree } from './disk.js';

/** systemd-nspawn ends with this code when the host asks for a reboot. */
const REBOOT = 133;
const SIGRTMIN = 34;
const SIGNAL_POWER_OFF = SIGRTMIN + 4;
const SIGNAL_REBOOT = SIGRTMIN + 5;
/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: nothing that is not yet on the disk gets there any more. */
const LOSE_CACHE = 'open(my $d, "<", $ARGV[0]) or die $!; my $f = pack("I", 2); ioctl($d, 0x8004587d, $f) or die $!';

export interface MachineOptions {
  plug: Plug;
  directory: string;
  /** Lower layers of the root file system, the topmost first. */
  layers: readonly string[];
  /** Folders VERSION-DIGEST that the host sees as /opt/lab/VERSION. */
  packages: readonly string[];
  controlGroups: readonly string[];
}

export class Machine {
  #process: ChildProcess | undefined;
  #supervision: Promise<void> | undefined;
  #cut = false;

  constructor(readonly options: MachineOptions) {}

  isOn(): boolean {
    return this.#supervision !== undefined;
  }

  /** The pid, on this machine, of the host's first process. */
  leader(): number | undefined {
    const pid = this.#process?.pid;
    if (pid === undefined) return undefined;
    try {
      const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0];
      return child === undefined || child === '' ? undefined : Number(child);
    } catch {
      return undefined;
    }
  }

  async powerOn(): Promise<void> {
    if (this.isOn()) return;
    this.#cut = false;
    await plugIn(this.options.plug);
    this.#process = this.#start();
    this.#supervision = this.#supervise(this.#process).finally(() => {
      this.#supervision = undefined;
      this.#process = undefined;
    });
    this.#supervision.catch(() => undefined);
  }

  /** Pulls the plug. First the cable: dying sockets would say good-bye with FIN and RST. */
  async powerCut(loseCache: boolean): Promise<void> {
    const ended = this.#supervision;
    if (ended === undefined) return;
    this.#cut = true;
    await setCable(this.options.plug.lab, this.options.plug.host, false);
    if (loseCache) await this.#loseCache();
    this.#kill();
    await within(ended, 30_000, `${this.options.plug.host} is still on 30 s after its power was cut`);
  }

  /** Presses the power button and waits until the host is off. */
  async shutdown(timeoutMs: number): Promise<void> {
    const ended = this.#supervision;
    if (ended === undefined) return;
    await this.#signal(SIGNAL_POWER_OFF);
    await within(
      ended,
      timeoutMs,
      `${this.options.plug.host} is still on ${timeoutMs} ms after its power button was pressed`,
    );
  }

  /** Asks the host to reboot; it ends and starts by itself. */
  async reboot(timeoutMs: number): Promise<void> {
    const before = this.#process;
    if (before === undefined) throw new Error(`${this.options.plug.host} is off`);
    await this.#signal(SIGNAL_REBOOT);
    if (!(await waitUntil(() => this.#process !== before, timeoutMs))) {
      throw new Error(`${this.options.plug.host} has not restarted within ${timeoutMs} ms`);
    }
    if (this.#process === undefined) throw new Error(`${this.options.plug.host} went off instead of restarting`);
  }

  freeze(): void {
    setFrozen(freezerOf(this.options.controlGroups), true);
  }

  thaw(): void {
    setFrozen(freezerOf(this.options.controlGroups), false);
  }

  async #signal(signal: number): Promise<void> {
    // Just powered on, systemd may not be there yet to take it.
    await waitUntil(() => this.leader() !== undefined, 5_000);
    const leader = this.leader();
    if (leader === undefined) throw new Error(`${this.options.plug.host} is not running`);
    process.kill(leader, signal);
  }

  #start(): ChildProcess {
    const { plug, directory, controlGroups } = this.options;
    const folders = diskFolders(directory);
    const log = openSync(join(directory, 'console.log'), 'a');
    try {
      return spawn('unshare', ['--mount', '--propagation', 'slave', '--', 'sh', labFile('boot-host.sh')], {
        detached: true,
        stdio: ['ignore', log, log],
        env: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          LAB_NAME: plug.host,
          LAB_DISK: folders.image,
          LAB_DISK_MOUNT: folders.mount,
          LAB_ROOT: folders.root,
          LAB_LOWER: this.options.layers.join(':'),
          LAB_NETNS: hostNamespace(plug.lab, plug.host),
          LAB_MACHINE_DISK: deviceOf('/'),
          LAB_CGROUPS: controlGroups.join('\n'),
          LAB_PACKAGES: this.options.packages.join('\n'),
        },
      });
    } finally {
      closeSync(log);
    }
  }

  /** Until the host is off: reboots it when it asks, clears up when it ends. */
  async #supervise(first: ChildProcess): Promise<void> {
    const { plug, directory, controlGroups } = this.options;
    let running = first;
    for (;;) {
      const code = running.exitCode ?? ((await once(running, 'exit')) as [number | null])[0];
      // Whoever else was in the host dies with its first process; wait for the last one.
      await waitUntil(() => processesIn(controlGroups).length === 0, 10_000, 20);
      removeGroups(controlGroups);
      await unplug(plug.lab, plug.host);
      await waitUntilFree(directory, 10_000);
      if (code !== REBOOT || this.#cut) return;
      await plugIn(plug);
      running = this.#start();
      this.#process = running;
    }
  }

  #kill(): void {
    const leader = this.leader();
    const pid = this.#process?.pid;
    for (const victim of [leader, ...(leader === undefined ? [pid] : [])]) {
      if (victim === undefined) continue;
      try {
        process.kill(victim, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    // A frozen process dies only when it thaws.
    thawAll(this.options.controlGroups);
  }

  async #loseCache(): Promise<void> {
    const pid = this.#process?.pid;
    if (pid === undefined) return;
    await check('perl', ['-e', LOSE_CACHE, `/proc/${pid}/root${diskFolders(this.options.directory).mount}`]);
  }
}

/** MAJ:MIN of the disk that holds this path. */
function deviceOf(path: string): string {
  const device = statSync(path, { bigint: true }).dev;
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}

async function within(work: Promise<void>, timeoutMs: number, complaint: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint)), timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

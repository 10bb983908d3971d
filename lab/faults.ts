// Faults of the network, made in the switch and unseen by the hosts; and a full disk.
import { cableName, hostNamespace, setCable, switchNamespace } from './network.js';
import { bitsPerSecond } from './rate.js';
import { check, describeFailure, run } from './shell.js';
import type { LabHost } from './host/host.js';

export interface Faults {
  /** No frame to or from the host; its link stays up. */
  isolate(host: string): Promise<void>;
  /** The two do not hear each other; all else works. */
  partition(a: string, b: string): Promise<void>;
  /** What `from` sends to `to` is lost; the other direction works. */
  oneWay(from: string, to: string): Promise<void>;
  /** Random loss, in percent, of what goes to and comes from the host. */
  loss(host: string, percent: number): Promise<void>;
  /** What is sent to this TCP port of the host is lost: silence. */
  dropPort(host: string, port: number): Promise<void>;
  /** This TCP port of the host refuses connections and resets those it has. */
  rejectPort(host: string, port: number): Promise<void>;
  /**
   * Limits what the host receives from the other hosts, e.g. `1mbit`; what comes over ssh is as fast as ever.
   * @param port of the connections that are slow, at either end; default all
   */
  rate(host: string, limit: string, port?: number): Promise<void>;
  /** Pulls the host's network cable, or plugs it in again. */
  cable(host: string, state: 'out' | 'in'): Promise<void>;
  /** Cuts only the way over which ssh reaches the host; the hosts still hear each other. */
  cutFrom(who: 'orchestrator', host: string): Promise<void>;
  /** Fills the host's disk: to the last byte, or but for that many MiB. */
  fillDisk(host: string, leaveMiB?: number): Promise<void>;
  freeDisk(host: string): Promise<void>;
  /** Ends every fault of the network, and frees every disk that was filled. */
  clear(): Promise<void>;
}

const TABLE = 'bridge quorate_lab';
const HOST_TABLE = 'inet quorate_lab';
const CHAINS = ['forward', 'input', 'output'] as const;
const FILLER = '/var/lib/quorate-lab-filler';

export interface FaultTargets {
  lab: string;
  switchAddress: string;
  host(name: string): LabHost;
  hosts(): readonly LabHost[];
}

export function makeFaults(targets: FaultTargets): Faults {
  const inSwitch = switchNamespace(targets.lab);
  const full = new Set<string>();
  const nft = (namespace: string, rules: string): Promise<string> =>
    check('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], { stdin: rules });
  const addRules = async (...rules: string[]): Promise<void> => {
    const chains = CHAINS.map(
      (hook) => `add chain ${TABLE} ${hook} { type filter hook ${hook} priority 0; policy accept; }`,
    );
    const added = CHAINS.flatMap((hook) => rules.map((rule) => `add rule ${TABLE} ${hook} ${rule}`));
    await nft(inSwitch, [`add table ${TABLE}`, ...chains, ...added, ''].join('\n'));
  };
  const address = (host: string): string => targets.host(host).address;
  const drop = (from: string, to: string): string[] => [
    `ip saddr ${from} ip daddr ${to} drop`,
    `arp saddr ip ${from} arp daddr ip ${to} drop`,
  ];
  const onConsole = async (host: string, script: string): Promise<void> => {
    const outcome = await targets.host(host).console(script);
    if (outcome.code !== 0) throw new Error(describeFailure(`${host}: ${script}`, outcome));
  };

  const faults: Faults = {
    isolate: (host) => addRules(`iifname "${cableName(host)}" drop`, `oifname "${cableName(host)}" drop`),
    partition: (a, b) =>
      addRules(
        `iifname "${cableName(a)}" oifname "${cableName(b)}" drop`,
        `iifname "${cableName(b)}" oifname "${cableName(a)}" drop`,
      ),
    oneWay: (from, to) => addRules(`iifname "${cableName(from)}" oifname "${cableName(to)}" ether type ip drop`),
    loss: async (host, percent) => {
      if (!(percent >= 0 && percent <= 100)) throw new Error(`Loss is 0 to 100 percent, not ${percent}`);
      if (percent === 0) return;
      const lost = percent === 100 ? 'drop' : `numgen random mod 1000 < ${Math.round(percent * 10)} drop`;
      await addRules(`iifname "${cableName(host)}" ${lost}`, `oifname "${cableName(host)}" ${lost}`);
    },
    dropPort: (host, port) => addRules(`ip daddr ${address(host)} tcp dport ${port} drop`),
    rejectPort: async (host, port) => {
      await nft(
        hostNamespace(targets.lab, host),
        [
          `add table ${HOST_TABLE}`,
          `add chain ${HOST_TABLE} input { type filter hook input priority -10; policy accept; }`,
          `add rule ${HOST_TABLE} input tcp dport ${port} reject with tcp reset`,
          '',
        ].join('\n'),
      );
    },
    rate: async (host, limit, port) => {
      const bytes = Math.max(1, Math.round(bitsPerSecond(limit) / 8));
      // Not a queue on the cable: that of the kernel cannot let ssh pass it by.
      const ends = port === undefined ? [''] : [`tcp sport ${port}`, `tcp dport ${port}`];
      await addRules(
        ...ends.map(
          (end) =>
            `oifname "${cableName(host)}" ip saddr != ${targets.switchAddress} ${end} limit rate over ${bytes} bytes/second burst 32 kbytes drop`,
        ),
      );
    },
    cable: async (host, state) => {
      if (!(await setCable(targets.lab, host, state === 'in'))) throw new Error(`${host} is off: it has no cable`);
    },
    cutFrom: (_who, host) =>
      addRules(...drop(targets.switchAddress, address(host)), ...drop(address(host), targets.switchAddress)),
    fillDisk: async (host, leaveMiB = 0) => {
      full.add(host);
      const fallocate = (leaveKiB: number): string =>
        `fallocate -l "$(($(df --output=avail -k /var/lib | tail -n 1) - ${leaveKiB}))K" ${FILLER}`;
      // fallocate takes most at once; writing finds the last blocks.
      await onConsole(
        host,
        leaveMiB > 0
          ? `${fallocate(leaveMiB * 1024)}; sync`
          : `${fallocate(64)} || true
         dd if=/dev/zero of=${FILLER} bs=4k oflag=append conv=notrunc status=none 2>/dev/null; sync; true`,
      );
    },
    freeDisk: async (host) => {
      full.delete(host);
      await onConsole(host, `rm -f ${FILLER}; sync`);
    },
    clear: async () => {
      await run('ip', ['netns', 'exec', inSwitch, 'nft', 'delete', 'table', ...TABLE.split(' ')]);
      for (const host of targets.hosts().filter((candidate) => candidate.isOn())) {
        const namespace = hostNamespace(targets.lab, host.name);
        await run('ip', ['netns', 'exec', namespace, 'nft', 'delete', 'table', ...HOST_TABLE.split(' ')]);
        await setCable(targets.lab, host.name, true);
        if (full.has(host.name)) await faults.freeDisk(host.name);
      }
    },
  };
  return faults;
}

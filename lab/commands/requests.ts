// What can be asked of a running lab, and how it is done.
import { z } from 'zod';
import { clusterYaml } from '../cluster-yaml.js';
import type { Faults } from '../faults.js';
import type { Lab } from '../lab.js';

export const POWER_ACTIONS = ['on', 'off', 'cut', 'lose-cache', 'reboot', 'freeze', 'thaw', 'rebuild'] as const;
export type PowerAction = (typeof POWER_ACTIONS)[number];

export const requestSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('status') }),
  z.object({ do: z.literal('down') }),
  z.object({ do: z.literal('cluster-yaml') }),
  z.object({ do: z.literal('network'), host: z.string() }),
  z.object({ do: z.literal('power'), host: z.string(), action: z.enum(POWER_ACTIONS) }),
  z.object({ do: z.literal('fault'), fault: z.string(), args: z.array(z.string()) }),
]);
export type Request = z.infer<typeof requestSchema>;

export const statusSchema = z.object({
  name: z.string(),
  directory: z.string(),
  sshConfigFile: z.string(),
  hosts: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      address: z.string(),
      on: z.boolean(),
      kubernetesVersion: z.string().optional(),
    }),
  ),
});
export type LabStatus = z.infer<typeof statusSchema>;

type HandledRequest = Exclude<Request, { do: 'down' }>;

export async function handleRequest(lab: Lab, request: HandledRequest): Promise<unknown> {
  switch (request.do) {
    case 'status':
      return statusOf(lab);
    case 'cluster-yaml':
      return clusterYaml(lab);
    case 'network':
      await lab.installNetwork(request.host);
      return null;
    case 'power':
      await press(lab, request.host, request.action);
      return null;
    case 'fault':
      await makeFault(lab.faults, request.fault, request.args);
      return null;
  }
}

function statusOf(lab: Lab): LabStatus {
  return {
    name: lab.name,
    directory: lab.directory,
    sshConfigFile: lab.sshConfigFile,
    hosts: lab.hosts.map((host) => ({
      name: host.name,
      kind: host.kind,
      address: host.address,
      on: host.isOn(),
      ...(host.kubernetesVersion === undefined ? {} : { kubernetesVersion: host.kubernetesVersion }),
    })),
  };
}

async function press(lab: Lab, name: string, action: PowerAction): Promise<void> {
  const host = lab.host(name);
  switch (action) {
    case 'on':
      await host.powerOn();
      return host.waitForSsh();
    case 'off':
      return host.shutdown();
    case 'cut':
      return host.powerCut();
    case 'lose-cache':
      return host.powerCut({ loseCache: true });
    case 'reboot':
      await host.reboot();
      return host.waitForSsh();
    case 'freeze':
      return host.freeze();
    case 'thaw':
      return host.thaw();
    case 'rebuild':
      return host.rebuild();
  }
}

/** Fault by name → its arguments, for help texts. */
export const FAULTS: Record<string, { arguments: string; help: string }> = {
  isolate: { arguments: 'HOST', help: 'no frame to or from HOST; its link stays up' },
  partition: { arguments: 'A B', help: 'A and B do not hear each other, all else works' },
  'one-way': { arguments: 'A B', help: 'what A sends to B is lost' },
  loss: { arguments: 'HOST PERCENT', help: 'random loss to and from HOST' },
  'drop-port': { arguments: 'HOST PORT', help: 'TCP port PORT of HOST is silent' },
  'reject-port': { arguments: 'HOST PORT', help: 'TCP port PORT of HOST refuses' },
  rate: { arguments: 'HOST LIMIT', help: 'limit what HOST receives, e.g. 1mbit' },
  'cable-out': { arguments: 'HOST', help: 'pull the network cable of HOST' },
  'cable-in': { arguments: 'HOST', help: 'plug it in again' },
  'cut-ssh': { arguments: 'HOST', help: 'only ssh cannot reach HOST, hosts still hear each other' },
  'fill-disk': { arguments: 'HOST', help: 'fill the disk of HOST to the last byte' },
  'free-disk': { arguments: 'HOST', help: 'free it again' },
  clear: { arguments: '', help: 'end all faults' },
};

async function makeFault(faults: Faults, fault: string, args: readonly string[]): Promise<void> {
  const known = FAULTS[fault];
  if (known === undefined) throw new Error(`There is no fault "${fault}", only ${Object.keys(FAULTS).join(', ')}.`);
  const wanted = known.arguments === '' ? 0 : known.arguments.split(' ').length;
  if (args.length !== wanted) throw new Error(`Usage: lab fault ${fault} ${known.arguments}`.trim());
  const [first = '', second = ''] = args;
  const actions: Record<string, () => Promise<void>> = {
    isolate: () => faults.isolate(first),
    partition: () => faults.partition(first, second),
    'one-way': () => faults.oneWay(first, second),
    loss: () => faults.loss(first, Number(second)),
    'drop-port': () => faults.dropPort(first, Number(second)),
    'reject-port': () => faults.rejectPort(first, Number(second)),
    rate: () => faults.rate(first, second),
    'cable-out': () => faults.cable(first, 'out'),
    'cable-in': () => faults.cable(first, 'in'),
    'cut-ssh': () => faults.cutFrom('orchestrator', first),
    'fill-disk': () => faults.fillDisk(first),
    'free-disk': () => faults.freeDisk(first),
    clear: () => faults.clear(),
  };
  await actions[fault]?.();
}

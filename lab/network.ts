// The network of a lab: a bridge in a namespace of its own, the "switch", and a cable to every host.
// The switch has no uplink, so no packet of a test can leave the machine.
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { check, run } from './shell.js';

const NAMESPACES = '/run/netns';
const BRIDGE = 'br0';

export const subnetPrefix = (subnet: number): string => `10.203.${subnet}`;
export const switchNamespace = (lab: string): string => `lab-${lab}-switch`;
export const hostNamespace = (lab: string, host: string): string => `lab-${lab}-${host}`;
/** The switch's end of a host's cable. */
export const cableName = (host: string): string => `v-${host}`;

export interface Plug {
  lab: string;
  host: string;
  subnet: number;
  addressSuffix: number;
}

export async function createSwitch(lab: string, subnet: number): Promise<void> {
  const namespace = switchNamespace(lab);
  await check('ip', ['netns', 'add', namespace]);
  await batch(namespace, [
    'link set lo up',
    `link add ${BRIDGE} type bridge`,
    `addr add ${subnetPrefix(subnet)}.1/24 dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
  ]);
  // Faults are made of bridge rules only; frames must not also pass the switch's own IP rules.
  await run('ip', ['netns', 'exec', namespace, 'sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=0']);
  await run('ip', ['netns', 'exec', namespace, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1']);
}

/** Gives a host its namespace and its cable. A server keeps its MAC address: else neighbours would remember a wrong one. */
export async function plugIn(plug: Plug): Promise<void> {
  const namespace = hostNamespace(plug.lab, plug.host);
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  const mac = `02:00:0a:cb:${hex(plug.subnet)}:${hex(plug.addressSuffix)}`;
  const address = `${subnetPrefix(plug.subnet)}.${plug.addressSuffix}/24`;
  const cable = cableName(plug.host);
  await check('ip', ['netns', 'add', namespace]);
  await batch(switchNamespace(plug.lab), [
    `link add ${cable} type veth peer name eth0 address ${mac} netns ${namespace}`,
    `link set ${cable} master ${BRIDGE} up`,
  ]);
  await batch(namespace, [
    'link set lo up',
    `addr add ${address} dev eth0`,
    'link set eth0 up',
    // kubeadm and the kubelet want a default route.
    `route add default via ${subnetPrefix(plug.subnet)}.1`,
  ]);
}

export async function unplug(lab: string, host: string): Promise<void> {
  await run('ip', ['-n', switchNamespace(lab), 'link', 'del', cableName(host)]);
  await run('ip', ['netns', 'del', hostNamespace(lab, host)]);
}

/** Sets the link of a host's cable; false if there is no such cable. */
export async function setCable(lab: string, host: string, up: boolean): Promise<boolean> {
  const state = up ? 'up' : 'down';
  const outcome = await run('ip', ['-n', switchNamespace(lab), 'link', 'set', cableName(host), state]);
  return outcome.code === 0;
}

/** Those of a lab's network namespaces that exist. */
export function namespacesOf(lab: string, hosts: readonly string[]): string[] {
  if (!existsSync(NAMESPACES)) return [];
  const names = new Set([switchNamespace(lab), ...hosts.map((host) => hostNamespace(lab, host))]);
  return readdirSync(NAMESPACES).filter((name) => names.has(name));
}

export async function processesInNamespace(namespace: string): Promise<number[]> {
  const outcome = await run('ip', ['netns', 'pids', namespace]);
  return outcome.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

export async function removeNamespace(namespace: string): Promise<void> {
  await run('ip', ['netns', 'del', namespace]);
}

/** `ip netns add` leaves a mount of the folder itself; with the last namespace it goes too. */
export async function removeNamespaceFolder(): Promise<void> {
  if (!existsSync(NAMESPACES) || readdirSync(NAMESPACES).length > 0) return;
  await run('umount', [NAMESPACES]);
  try {
    rmdirSync(NAMESPACES);
  } catch {
    // Somebody uses it again.
  }
}

async function batch(namespace: string, lines: readonly string[]): Promise<void> {
  await check('ip', ['-n', namespace, '-batch', '-'], { stdin: `${lines.join('\n')}\n` });
}

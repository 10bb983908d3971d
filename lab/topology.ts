// What a lab consists of, and the checks of what a caller asks for.
import type { HostKind } from './build/base-system.js';
import { DEFAULT_KUBERNETES_VERSION, KUBERNETES_VERSIONS, type KubernetesVersion } from './build/versions.js';

export interface HostOptions {
  /** Host name: lower-case letters, digits and dashes, at most 13 characters. */
  name: string;
  kind: HostKind;
  /** Last number of the host's address, 2 to 254. */
  addressSuffix: number;
  /** Programs and images of a node; default v1.37.1. A load balancer has none. */
  kubernetesVersion?: KubernetesVersion;
}

export const controlPlaneName = (number: number): string => `cp${number}`;
const workerName = (number: number): string => `w${number}`;

export interface TopologyOptions {
  controlPlanes: number;
  workers: number;
  loadBalancers: number;
  kubernetesVersion?: KubernetesVersion;
}

/** Hosts lb1 (.10), lb2 (.9); cp1, cp2 ... from .11; w1, w2 ... from .21. */
export function makeTopology(options: TopologyOptions): HostOptions[] {
  const count = (length: number): number[] => Array.from({ length }, (_, index) => index + 1);
  const version = options.kubernetesVersion === undefined ? {} : { kubernetesVersion: options.kubernetesVersion };
  const node = (name: string, addressSuffix: number): HostOptions => ({
    name,
    kind: 'node',
    addressSuffix,
    ...version,
  });
  return [
    ...count(options.loadBalancers).map((number): HostOptions => ({
      name: `lb${number}`,
      kind: 'load-balancer',
      addressSuffix: 11 - number,
    })),
    ...count(options.controlPlanes).map((number) => node(controlPlaneName(number), 10 + number)),
    ...count(options.workers).map((number) => node(workerName(number), 20 + number)),
  ];
}

/** The topology of the main job: three control-plane nodes behind a load balancer, and two workers. */
export const DEFAULT_HOSTS: readonly HostOptions[] = makeTopology({ controlPlanes: 3, workers: 2, loadBalancers: 1 });

export const MAIN_LAB = 'main';

/** The Kubernetes version of a host; none for a load balancer. */
export function versionOf(host: HostOptions): KubernetesVersion | undefined {
  return host.kind === 'node' ? (host.kubernetesVersion ?? DEFAULT_KUBERNETES_VERSION) : undefined;
}

/** Throws with all that is wrong. */
export function checkTopology(name: string, hosts: readonly HostOptions[]): void {
  const wrong: string[] = [];
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) {
    wrong.push(`the name of a lab is 1 to 32 lower-case letters, digits and dashes, not "${name}"`);
  }
  const names = new Set<string>();
  const suffixes = new Set<number>();
  for (const host of hosts) {
    // The switch side of its cable is called "v-<name>", and Linux allows 15 characters.
    if (!/^[a-z0-9]([a-z0-9-]{0,11}[a-z0-9])?$/.test(host.name) || host.name === 'switch') {
      wrong.push(`the name of a host is 1 to 13 lower-case letters, digits and dashes, not "${host.name}"`);
    }
    if (!Number.isInteger(host.addressSuffix) || host.addressSuffix < 2 || host.addressSuffix > 254) {
      wrong.push(`${host.name}: the address suffix is a number from 2 to 254, not ${host.addressSuffix}`);
    }
    const version = versionOf(host);
    if (version !== undefined && !KUBERNETES_VERSIONS.includes(version)) {
      wrong.push(`${host.name}: the lab knows Kubernetes ${KUBERNETES_VERSIONS.join(' and ')}, not ${version}`);
    }
    if (names.has(host.name)) wrong.push(`two hosts are called ${host.name}`);
    if (suffixes.has(host.addressSuffix)) wrong.push(`two hosts have the address suffix ${host.addressSuffix}`);
    names.add(host.name);
    suffixes.add(host.addressSuffix);
  }
  if (wrong.length > 0) throw new Error(`The lab cannot be built: ${wrong.join('; ')}.`);
}

import { addressKey, parseAddress, sameAddress, subnetContains, subnetsOverlap } from '../network-address.js';
import type { Declared } from './declared.js';
import { shown } from './fields.js';
import type { ValueProblem } from './problem.js';
import { suggest } from './suggest.js';

export interface CrossChecked {
  readonly problems: readonly ValueProblem[];
  readonly warnings: readonly ValueProblem[];
}

type Check = (declared: Declared) => Partial<CrossChecked>;

const wrong = (path: ValueProblem['path'], message: string, instead: string): ValueProblem => ({
  path,
  at: 'value',
  message,
  instead,
});

/** Each host after the first that has the same key, with the first one's name; hosts without one are left out. */
const repeated = (
  { hosts }: Declared,
  keyOf: (host: Declared['hosts'][number]) => string | undefined,
): { host: Declared['hosts'][number]; first: string }[] => {
  const firsts = new Map<string, string>();
  return hosts.flatMap((host) => {
    const key = keyOf(host);
    if (key === undefined) return [];
    const first = firsts.get(key);
    if (first !== undefined) return [{ host, first }];
    firsts.set(key, host.name);
    return [];
  });
};

const uniqueHosts: Check = (declared) => ({
  problems: [
    ...repeated(declared, ({ address }) => (address === undefined ? undefined : addressKey(address))).map(
      ({ host, first }) =>
        wrong(
          ['spec', 'hosts', host.name, 'address'],
          `${host.address} is the address of ${first} too`,
          `write the address of ${host.name}`,
        ),
    ),
    ...repeated(declared, ({ ssh }) => ssh).map(({ host, first }) =>
      wrong(
        ['spec', 'hosts', host.name, ...(host.value['ssh'] === undefined ? [] : ['ssh'])],
        `ssh reaches ${first} by the name ${host.ssh} too, so they are one machine`,
        `write in ssh the name by which ssh reaches ${host.name}`,
      ),
    ),
  ],
});

const controlPlane: Check = ({ hosts }) => ({
  problems: hosts.some((host) => host.role === 'control-plane')
    ? []
    : [
        wrong(
          ['spec', 'hosts'],
          'no host has the role control-plane',
          'add cp1: {role: control-plane, address: ...}; three survive the loss of one',
        ),
      ],
});

const balancers: Check = ({ hosts, loadBalancer }) => {
  const carriers = hosts.filter((host) => host.role === 'load-balancer').map((host) => host.name);
  const named = loadBalancer.hosts.map((name, index) => ({ name, path: ['spec', 'loadBalancer', 'hosts', index] }));
  const problems = named.flatMap(({ name, path }, index) => {
    if (typeof name !== 'string') return []; // the schema says so
    const host = hosts.find((one) => one.name === name);
    if (loadBalancer.hosts.indexOf(name) < index) return [wrong(path, `${name} is named twice`, 'leave it out')];
    if (host === undefined) {
      const meant = suggest(name, carriers);
      return [
        wrong(
          path,
          `there is no host ${shown(name)}`,
          meant === undefined ? `add ${name}: {role: load-balancer, address: ...} to spec.hosts` : `write ${meant}`,
        ),
      ];
    }
    return host.role === 'load-balancer'
      ? []
      : [
          wrong(
            path,
            `${name} has the role ${shown(host.role)}`,
            `name a host with the role load-balancer${carriers.length > 0 ? `: ${carriers.join(', ')}` : ''}`,
          ),
        ];
  });
  const idle =
    loadBalancer.kind === 'haproxy' ? carriers.filter((name) => !loadBalancer.hosts.includes(name)) : carriers;
  return {
    problems,
    warnings: idle.map((name) =>
      wrong(
        ['spec', 'hosts', name],
        `${name} is a load balancer that nothing uses`,
        loadBalancer.kind === 'haproxy'
          ? 'name it in spec.loadBalancer.hosts, or leave it out'
          : 'leave it out: the load balancer is external',
      ),
    ),
  };
};

/** The endpoint must outlive every single node. */
const endpoint: Check = ({ hosts, endpoint: declared, loadBalancer }) => {
  if (declared === undefined) return {};
  const owner = hosts.find((host) => host.address !== undefined && sameAddress(host.address, declared.host));
  const path = ['spec', 'controlPlaneEndpoint'];
  if (owner === undefined || owner.role === 'load-balancer') return {};
  const message = `${declared.host} is the address of ${owner.name}, a ${String(owner.role)} host: when it is gone, nothing reaches the API`;
  const finding = wrong(path, message, 'write the address or the DNS name of the load balancer');
  return owner.role === 'control-plane' && loadBalancer.kind !== 'haproxy'
    ? { warnings: [finding] }
    : { problems: [finding] };
};

const subnets: Check = ({ hosts, subnets: all, endpoint: declared }) => {
  const overlaps = all.flatMap((one, index) =>
    all
      .slice(0, index)
      .filter((other) => subnetsOverlap(one.subnet, other.subnet))
      .map((other) =>
        wrong(
          ['spec', 'networking', one.field],
          `${one.text} overlaps with ${other.field} ${other.text}`,
          'write subnets that have no address in common',
        ),
      ),
  );
  const named = [
    ...hosts.map(({ name, address }) => ({ name, address })),
    { name: 'controlPlaneEndpoint', address: declared?.host },
  ];
  const inside = all.flatMap(({ field, text, subnet }) => {
    const within = named.filter(({ address = '' }) => {
      const parsed = parseAddress(address);
      return parsed !== undefined && subnetContains(subnet, parsed);
    });
    return within.length === 0
      ? []
      : [
          wrong(
            ['spec', 'networking', field],
            `${text} holds the address of ${within.map(({ name, address }) => `${name} (${address})`).join(', ')}`,
            'write a subnet without addresses of hosts, as the cluster could not tell them apart',
          ),
        ];
  });
  return { problems: [...overlaps, ...inside] };
};

/** Nodes alone carry labels and taints. */
const nodeFields: Check = ({ hosts }) => ({
  warnings: hosts
    .filter((host) => host.role === 'load-balancer')
    .flatMap((host) =>
      ['labels', 'taints']
        .filter((field) => Object.keys(host.value[field] ?? {}).length > 0)
        .map((field) =>
          wrong(
            ['spec', 'hosts', host.name, field],
            `a load balancer is no Node: its ${field} are never set`,
            'leave them out',
          ),
        ),
    ),
});

const checks: readonly Check[] = [controlPlane, uniqueHosts, balancers, endpoint, subnets, nodeFields];

/** What is wrong between the fields of a specification. */
export const crossCheck = (declared: Declared): CrossChecked => {
  const results = checks.map((check) => check(declared));
  return {
    problems: results.flatMap(({ problems = [] }) => problems),
    warnings: results.flatMap(({ warnings = [] }) => warnings),
  };
};

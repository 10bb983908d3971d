import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMap, pathText, valueAt } from '../../../model/specification/problem.js';
import { validateSpecification } from '../../../model/specification/validate.js';
import { exampleValue } from './example.js';

type Path = readonly (string | number)[];

/** Every field that there is, once. */
const full = (): Record<string, unknown> =>
  exampleValue({
    'spec.networking.dnsDomain': 'cluster.local',
    'spec.loadBalancer.backend': 'kube-apiserver',
    'spec.hosts.w1.taints': [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }],
    'spec.policy': {
      resetDirtyHosts: 'approve',
      networkLeftovers: 'warn',
      removeStaleMembers: 'when-safe',
      probeEvery: '15s',
      approvals: { expireAfter: '24h' },
      budgets: { join: '30m', unreachable: '2m', ready: '5m' },
    },
    'spec.notifications.webhooks': ['ops'],
    'spec.kubeadm': {
      ignorePreflightErrors: ['NumCPU'],
      criSocket: 'unix:///run/containerd/containerd.sock',
      imagePullPolicy: 'IfNotPresent',
      kubelet: { evictionHard: { 'memory.available': '100Mi' } },
      kubeProxy: { mode: 'nftables' },
      clusterConfiguration: { apiServer: { certSANs: ['api.example.org'] } },
      kubeletExtraArgs: [{ name: 'v', value: '2' }],
    },
  });

const stringsOf = (value: unknown, path: Path = []): Path[] => {
  if (typeof value === 'string') return [path];
  if (Array.isArray(value)) return value.flatMap((item, index) => stringsOf(item, [...path, index]));
  return isMap(value) ? Object.entries(value).flatMap(([key, inner]) => stringsOf(inner, [...path, key])) : [];
};
const mapsOf = (value: unknown, path: Path = []): Path[] => {
  if (Array.isArray(value)) return value.flatMap((item, index) => mapsOf(item, [...path, index]));
  if (!isMap(value)) return [];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => mapsOf(inner, [...path, key]))];
};
const withText = (path: Path, text: string): Record<string, unknown> => {
  const value = full();
  const parent = valueAt(value, path.slice(0, -1)) as Record<string | number, unknown>;
  parent[path.at(-1) ?? ''] = text;
  return value;
};

const unseen = [
  '\0',
  '\n',
  '\r',
  '\t',
  '\u001b[2J',
  '\u007f',
  '\u009b',
  '\u202e',
  '\u2028',
  '\u200b',
  '\ufeff',
  '\ud800',
];
const hasUnseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const everyText = (value: unknown): string[] =>
  isMap(value) || Array.isArray(value)
    ? Object.entries(value).flatMap(([key, inner]) => [key, ...everyText(inner)])
    : [String(value)];

const messagesOf = (value: unknown): string[] => {
  const result = validateSpecification(value);
  return result.ok ? [] : result.problems.map(({ path, message }) => `${pathText(path)}: ${message}`);
};

describe('a specification', () => {
  it('S17: has no character that cannot be seen, in any field', () => {
    expect(messagesOf(full())).toEqual([]);
    const strings = stringsOf(full());
    expect(strings.length).toBeGreaterThan(35);
    for (const path of strings) {
      const text = String(valueAt(full(), path));
      for (const character of unseen) {
        for (const hostile of [`${text}${character}`, `${character}${text}`]) {
          const found = messagesOf(withText(path, hostile));
          expect(found.join(), pathText(path)).toContain(`${pathText(path)}: has the character U+`);
          expect(found.join()).not.toMatch(hasUnseen);
        }
      }
    }
  });

  it('S17: nor in any key', () => {
    for (const path of mapsOf(full())) {
      const value = full();
      const map = valueAt(value, path) as Record<string, unknown>;
      map['a\u001bb'] = 'x';
      const found = messagesOf(value).join();
      expect(found, pathText(path)).toContain('has the character U+001B');
      expect(found).not.toMatch(hasUnseen);
    }
  });

  it('S17: whatever is accepted has none', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc
        .tuple(fc.string({ maxLength: 6 }), fc.constantFrom(...unseen, ' ', '-'), fc.string({ maxLength: 6 }))
        .map((parts) => parts.join('')),
      fc.constantFrom('10.0.0.0/8', '10.0.0.0/8,\nfd00::/8', 'v1.37.1', '30m\n', 'unix:///a\0b', 'x y'),
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...stringsOf(full())), text, (path, hostile) => {
        const result = validateSpecification(withText(path, hostile));
        if (!result.ok) return;
        accepted++;
        expect(everyText(result.specification).join('')).not.toMatch(hasUnseen);
      }),
      { numRuns: 1500 },
    );
    expect(accepted).toBeGreaterThan(20);
  });

  it.each([
    ['spec.hosts.w1.ssh', '$(reboot)'],
    ['spec.hosts.w1.ssh', 'root@w1'],
    ['spec.hosts.w1.ssh', 'a;b'],
    ['spec.hosts.w1.ssh', '-oProxyCommand=x'],
    ['spec.kubeadm.criSocket', 'unix:///run/a b.sock'],
    ['spec.kubeadm.criSocket', 'unix:///run/$(x).sock'],
    ['spec.kubeadm.criSocket', 'unix:///run/a\u0000.sock'],
    ['spec.networking.podSubnet', '10.244.0.0/16\n'],
    ['spec.networking.podSubnet', '10.244.0.0/16,\tfd00::/64'],
    ['spec.networking.dnsDomain', `${'x'.repeat(64)}.local`],
    ['spec.kubernetesVersion', 'v1.037.1'],
    ['spec.kubernetesVersion', 'v1.99999999999999999999.1'],
  ])('S17: %s: %j is refused where it stands', (path, value) => {
    const found = messagesOf(exampleValue({ [path]: value }));
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((problem) => problem.startsWith(`${path}: `))).toBe(true);
  });

  it('S17: no host and no key is called __proto__', () => {
    const host = { role: 'worker', address: '10.203.0.29' };
    for (const path of [['spec', 'hosts'], ['spec', 'kubeadm', 'kubelet'], ['metadata']] as const) {
      const value = full();
      Object.defineProperty(valueAt(value, path), '__proto__', { value: host, enumerable: true });
      expect(messagesOf(value)).toContain(`${pathText([...path, '__proto__'])}: is not a name`);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { pathText, type ValueProblem } from '../../../model/specification/problem.js';
import { validateSpecification } from '../../../model/specification/validate.js';
import { exampleValue } from './example.js';

const problems = (changes: Record<string, unknown>): string[] => {
  const result = validateSpecification(exampleValue(changes));
  return result.ok
    ? []
    : result.problems.map(({ path, message, instead }: ValueProblem) => `${pathText(path)}: ${message}; ${instead}`);
};
const kubeletFlag = (name: string, value = 'x'): string[] =>
  problems({ 'spec.kubeadm.kubeletExtraArgs': [{ name, value }] });

describe('flags of the kubelet', () => {
  it.each([
    ['hostname-override', 'would register the host as another Node'],
    ['node-ip', 'is set by Quorate'],
    ['register-node', 'decides whether there is a Node to prove'],
    ['register-with-taints', 'set spec.hosts.<name>.taints'],
    ['kubeconfig', 'kubeadm sets'],
    ['bootstrap-kubeconfig', 'kubeadm sets'],
    ['config', 'kubeadm sets'],
    ['config-dir', 'kubeadm sets'],
    ['pod-manifest-path', 'static Pods'],
    ['container-runtime-endpoint', 'set spec.kubeadm.criSocket'],
    ['cert-dir', 'reads to prove the node'],
    ['root-dir', 'reads to prove the node'],
  ])('S8: %s is refused by name: %s', (name, why) => {
    const [found = '', ...more] = kubeletFlag(name);
    expect(found).toContain(`spec.kubeadm.kubeletExtraArgs[0].name: "${name}" `);
    expect(found).toContain(why);
    expect(more).toEqual([]);
  });

  it.each([
    '2 --hostname-override=cp1',
    '2\t--hostname-override=cp1',
    '2\n--hostname-override=cp1',
    '2" --hostname-override="cp1',
    "2' x",
    '2\\',
    '$HOSTNAME',
    '`hostname`',
    '2\u00a0x',
    '2\u0000',
  ])('S8: the value %j is more than one word, and is refused', (value) => {
    expect(kubeletFlag('v', value).join()).toContain('spec.kubeadm.kubeletExtraArgs[0].value: ');
  });

  it.each([
    ['v', '2'],
    ['cloud-provider', ''],
    ['eviction-hard', 'memory.available<100Mi,nodefs.available<10%'],
    ['feature-gates', 'A=true,B=false'],
    ['node-labels', 'example.com/zone=a,b=c'],
    ['vmodule', 'pod*=4'],
    ['system-reserved', 'cpu=100m,memory=1Gi'],
  ])('S8: %s=%s is passed through', (name, value) => {
    expect(kubeletFlag(name, value)).toEqual([]);
  });

  it.each(['registerNode', 'staticPodPath', 'containerRuntimeEndpoint'])('S8: the field %s is refused', (field) => {
    expect(problems({ 'spec.kubeadm.kubelet': { [field]: 'x' } })).toEqual([
      expect.stringContaining(`spec.kubeadm.kubelet.${field}: is not passed through`),
    ]);
  });
});

describe('flags of static Pods', () => {
  it.each([
    ['etcd.local', 'data-dir'],
    ['etcd.local', 'name'],
    ['etcd.local', '--initial-cluster'],
    ['etcd.local', 'force-new-cluster'],
    ['etcd.local', 'listen-peer-urls'],
    ['apiServer', 'secure-port'],
    ['apiServer', 'etcd_servers'],
    ['apiServer', 'advertise-address'],
  ])('S8: of %s, %s is refused in a list and in a map', (where, name) => {
    const at = `spec.kubeadm.clusterConfiguration.${where}.extraArgs`;
    expect(
      problems({
        [at]: [
          { name: 'v', value: '2' },
          { name, value: 'x' },
        ],
      }),
    ).toEqual([expect.stringContaining(`${at}[1].name: `)]);
    expect(problems({ [at]: { v: '2', [name]: 'x' } })).toHaveLength(1);
  });

  it.each([
    ['etcd.local', 'quota-backend-bytes'],
    ['apiServer', 'audit-log-path'],
    ['controllerManager', 'bind-address'],
  ])('S8: of %s, %s is passed through', (where, name) => {
    expect(problems({ [`spec.kubeadm.clusterConfiguration.${where}.extraArgs`]: [{ name, value: 'x' }] })).toEqual([]);
  });
});

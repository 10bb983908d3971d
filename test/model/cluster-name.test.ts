import { describe, expect, it } from 'vitest';
import { claimedByAnother, nameMismatch } from '../../model/cluster-name.js';

const askedAt = 'cp1';

describe('S1: the cluster that was read', () => {
  it.each([
    ['says so itself', { managedAs: 'prod' }],
    ['says so itself, whatever kubeadm was told when it was made', { managedAs: 'prod', kubeadmConfigName: 'old' }],
    ['was named so when it was made', { kubeadmConfigName: 'prod' }],
    ['was made by hand, and named by nobody', { kubeadmConfigName: 'kubernetes' }],
    ['says nothing', {}],
  ])('is prod when it %s', (_, facts) => expect(nameMismatch('prod', { askedAt, ...facts })).toBeUndefined());

  it.each([
    [{ managedAs: 'demo' }, 'the cluster on cp1 is demo, not prod: ConfigMap kube-system/quorate says so'],
    [
      { managedAs: 'demo', kubeadmConfigName: 'prod' },
      'the cluster on cp1 is demo, not prod: ConfigMap kube-system/quorate says so',
    ],
    [
      { kubeadmConfigName: 'demo' },
      'the cluster on cp1 is demo, not prod: clusterName in ConfigMap kube-system/kubeadm-config says so',
    ],
  ])('is not prod with %j', (facts, message) => {
    const error = nameMismatch('prod', { askedAt, ...facts });
    expect(error).toMatchObject({ type: 'ClusterMismatch', message, details: { host: 'cp1' } });
    expect(error?.details.remedy).toMatch(
      /use the specification of demo.* --from-literal=cluster=prod .* while no operation of demo is under way/,
    );
  });

  it('cannot be told where no API server was ready', () =>
    expect(nameMismatch('prod', { kubeadmConfigName: 'demo' })).toBeUndefined());
});

it('a claim of the same name is none of another', () => {
  expect(claimedByAnother('prod', 'prod', askedAt)).toBeUndefined();
  expect(claimedByAnother('prod', 'demo', askedAt)).toMatchObject({ type: 'ClusterMismatch' });
});

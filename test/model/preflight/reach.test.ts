import { describe, expect, it } from 'vitest';
import type { OperationContext } from '../../../model/operation.js';
import type { Dial, MtuProbe } from '../../../model/facts/reach-facts.js';
import { clusterFacts, etcdMember, operationContext } from '../../support/facts.js';
import { check, init, texts, verdicts, world } from './world.js';

const endpoint = '10.203.0.10:6443';
const dial = (from: string, to: string, port: number, result: Dial['result']): Dial => ({ from, to, port, result });
const reached = (dials: Dial[], context: OperationContext = operationContext(), mtu: MtuProbe[] = []) => ({
  ...world(context),
  reach: { dials, mtu },
});
const unreachable = ['fatal EndpointUnreachable'];

describe('the endpoint', () => {
  it.each([
    ['open', []],
    ['refused', unreachable],
    ['silent', unreachable],
    ['unresolved', unreachable],
    ['unknown', ['warning EndpointUnreachable']],
  ] as const)('on a join: %s', (result, expected) => {
    expect(verdicts(reached([dial('cp3', endpoint, 6443, result)]))).toEqual(expected);
  });

  it.each([
    ['open', []],
    ['refused', []],
    ['silent', unreachable],
    ['unresolved', unreachable],
  ] as const)('before init: %s', (result, expected) => {
    expect(verdicts(reached([dial('cp1', endpoint, 6443, result)], init()))).toEqual(expected);
  });

  it('before init an external load balancer may be silent: nothing is behind it', () => {
    const context = { ...init(), loadBalancer: { kind: 'external' as const } };
    expect(verdicts(reached([dial('cp1', endpoint, 6443, 'silent')], context))).toEqual([
      'warning EndpointUnreachable',
    ]);
    expect(verdicts(reached([dial('cp1', endpoint, 6443, 'unresolved')], context))).toEqual(unreachable);
  });

  it('says who can', () => {
    const dials = [
      dial('cp3', endpoint, 6443, 'silent'),
      dial('cp1', endpoint, 6443, 'open'),
      dial('cp2', endpoint, 6443, 'open'),
    ];
    expect(texts(reached(dials))).toEqual([
      'cp3 cannot reach 10.203.0.10:6443: no answer (timeout); cp1, cp2 can | open the way from cp3 to 10.203.0.10:6443: look at the firewall and routes of cp3 (`curl -k https://10.203.0.10:6443/version`)',
    ]);
  });

  it('says when nobody can', () => {
    const dials = [dial('cp3', endpoint, 6443, 'refused'), dial('cp1', endpoint, 6443, 'refused')];
    expect(texts(reached(dials))[0]).toMatch(
      /^cp3 cannot reach .*: connection refused; no other host that was asked can either \| see that the load balancer/,
    );
  });

  it.each([
    ['nobody can: an outage, which passes', ['silent', 'silent', 'refused'], ['fatal LoadBalancerUnavailable']],
    ['one other can: it is the way of this host', ['silent', 'open', 'silent'], unreachable],
    ['no other could be asked', ['silent', 'unknown', 'unknown'], unreachable],
    ['the name does not resolve here', ['unresolved', 'unresolved', 'silent'], unreachable],
  ] as const)('%s', (_, results, expected) => {
    const dials = results.map((result, index) => dial(`cp${3 - index}`, endpoint, 6443, result));
    expect(verdicts(reached(dials)).filter((verdict) => !verdict.startsWith('warning'))).toEqual(expected);
  });

  it('before init that nobody reaches it is no outage: there is nothing behind it', () => {
    const dials = [dial('cp1', endpoint, 6443, 'silent'), dial('cp2', endpoint, 6443, 'silent')];
    expect(verdicts(reached(dials, init()))).toEqual(unreachable);
  });

  it('says when it is the name', () => {
    const context = operationContext({ endpoint: 'api.prod:6443' });
    const one = {
      ...reached([dial('cp3', 'api.prod:6443', 6443, 'unresolved')], context),
      cluster: clusterFacts({ kubeadmConfigEndpoint: 'api.prod:6443', clusterInfoEndpoint: 'https://api.prod:6443' }),
    };
    expect(texts(one)).toEqual([
      'cp3 cannot reach api.prod:6443: its name does not resolve (DNS) | see that cp3 resolves api.prod (`getent hosts api.prod`)',
    ]);
  });

  it('says when large packets are lost as well', () => {
    const mtu = [{ from: 'cp3', to: endpoint, size: 1500, ok: false }];
    expect(texts(reached([dial('cp3', endpoint, 6443, 'silent')], operationContext(), mtu))[0]).toContain(
      'and large packets are lost (MTU)',
    );
  });
});

describe('the peers', () => {
  it('refused is reachable, silence is not, in both directions', () => {
    expect(verdicts(reached([dial('cp3', 'cp1', 2380, 'refused'), dial('cp1', 'cp3', 2380, 'refused')]))).toEqual([]);
    expect(verdicts(reached([dial('cp3', 'cp1', 2380, 'silent')]))).toEqual(unreachable);
    expect(verdicts(reached([dial('cp1', 'cp3', 2380, 'silent')]))).toEqual(unreachable);
  });

  it('names the port, both hosts and the declared address', () => {
    expect(texts(reached([dial('cp1', 'cp3', 2380, 'silent')]))).toEqual([
      'cp3:2380 is not reachable from cp1 on the declared address 10.203.0.13: no answer (timeout) | open TCP 2380 from cp1 to cp3, or correct spec.hosts.cp3.address',
    ]);
  });

  it('a peer that is down is not a firewall: what etcd says decides', () => {
    const cluster = clusterFacts();
    const members = [etcdMember('cp1'), etcdMember('cp2')];
    delete members[1]?.status;
    const one = {
      ...reached([dial('cp3', 'cp2', 2380, 'silent'), dial('cp2', 'cp3', 2380, 'unknown')]),
      cluster: {
        ...cluster,
        controlPlane: cluster.controlPlane.map((server) =>
          server.host === 'cp2' ? { ...server, ready: false } : server,
        ),
        etcd: { askedAt: 'cp1', alarms: [], members: [...members, etcdMember('cp4')] },
      },
    };
    expect(verdicts(one)).toEqual([
      'fatal EtcdUnhealthy',
      'warning EndpointUnreachable',
      'warning EndpointUnreachable',
    ]);
  });
});

describe('what could not be tested', () => {
  it('is said, once', () => {
    const one = reached([
      dial('cp1', 'cp3', 2379, 'unknown'),
      dial('cp1', 'cp3', 2380, 'unknown'),
      dial('cp3', endpoint, 6443, 'open'),
    ]);
    expect(texts(one)[0]).toContain('2 of 3 ways between the hosts could not be tested');
    expect(check(one)[0]?.evidence).toEqual(['cp1 → cp3:2379: not tested', 'cp1 → cp3:2380: not tested']);
  });

  it('a small MTU is a warning', () => {
    const one = reached([dial('cp3', endpoint, 6443, 'open')], operationContext(), [
      { from: 'cp3', to: 'cp1', size: 1500, ok: false },
      { from: 'cp3', to: 'cp2', size: 1500, ok: true },
    ]);
    expect(verdicts(one)).toEqual(['warning EndpointUnreachable']);
    expect(texts(one)[0]).toContain('packets of 1500 bytes from cp3 to cp1 are lost');
  });
});

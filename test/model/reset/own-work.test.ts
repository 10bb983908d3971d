import { describe, expect, it } from 'vitest';
import type { HostFacts } from '../../../model/facts/host-facts.js';
import { notOurWork } from '../../../model/reset/own-work.js';
import { caHash, hostFacts, operationContext, otherCaHash } from '../../support/facts.js';

const { operation } = operationContext();
const machineId = 'c3'.repeat(16);
const marker: HostFacts['marker'] = { operation, run: 'r1', cluster: 'prod', state: 'begun', ofThisRun: true };
const caWritten = (seconds: number): string => `/etc/kubernetes/pki/ca.crt 7:${seconds}:1107`;
const host = (of: Partial<HostFacts> = {}): HostFacts =>
  hostFacts({
    marker,
    pkiCaHash: caHash,
    kubeconfigs: [{ file: '/etc/kubernetes/kubelet.conf', server: 'https://10.203.0.10:6443', caHash }],
    identity: [`/etc/machine-id ${of.machineId ?? machineId}`, caWritten(1_000)],
    ...of,
  });
const known = { machineId, caHash, lastPrinted: { at: 1_000, restarted: false } };

describe('R5: what is on a host is this run’s own work', () => {
  it.each([
    ['as it left it', host(), known],
    ['after the proof as well', host({ marker: { ...marker, state: 'joined' } }), known],
    ['while it was still resetting', host({ marker: { ...marker, state: 'resetting' } }), known],
    ['where kubeadm never came to write a CA', host({ pkiCaHash: undefined, kubeconfigs: [], identity: [] }), known],
    ['where the CA of the cluster is not known', host(), { machineId, lastPrinted: known.lastPrinted }],
    [
      'where the host lost its power right after kubeadm wrote',
      host({ identity: [caWritten(1_002)] }),
      { ...known, lastPrinted: { at: 1_000, restarted: true } },
    ],
    ['where nothing of its kubeadm is left to compare', host(), { machineId, caHash }],
    ['where the machine was never read', host({ machineId: 'aa' }), { ...known, machineId: '' }],
  ])('%s', (_, on, work) => expect(notOurWork(on, work)).toBeUndefined());

  it.each([
    [
      'the host was installed anew',
      host({ machineId: 'aa'.repeat(16), marker: undefined }),
      known,
      `it is another machine now (machine-id ${'aa'.repeat(16)}, was ${machineId})`,
    ],
    [
      'it has no machine-id any more',
      host({ machineId: '' }),
      known,
      `it is another machine now (machine-id empty, was ${machineId})`,
    ],
    ['somebody reset it', host({ marker: undefined }), known, 'it carries no marker of this operation'],
    [
      'another run began it',
      host({ marker: { ...marker, run: 'r0', ofThisRun: false } }),
      known,
      `its marker is that of ${operation}`,
    ],
    [
      'nobody looked whose the marker is',
      host({ marker: { operation, cluster: 'prod' } }),
      known,
      `its marker is that of ${operation}`,
    ],
    [
      'it is a node of another cluster',
      host({ pkiCaHash: otherCaHash, kubeconfigs: [] }),
      known,
      'it carries a node of another cluster (CA sha256:41fe41fe…)',
    ],
    [
      'one of its kubeconfigs is of another cluster',
      host({ kubeconfigs: [{ file: '/etc/kubernetes/admin.conf', caHash: otherCaHash }] }),
      known,
      'it carries a node of another cluster (CA sha256:41fe41fe…)',
    ],
    [
      'somebody joined it by hand since, with the marker still there',
      host({ identity: [caWritten(1_300)] }),
      known,
      "its node was made 300.0 s after this operation's kubeadm had ended",
    ],
    [
      'somebody joined it by hand right after it had ended',
      host({ identity: [caWritten(1_000.654)] }),
      { ...known, lastPrinted: { at: 1_000.321, restarted: false } },
      "its node was made 0.3 s after this operation's kubeadm had ended",
    ],
  ])('not when %s', (_, on, work, because) => expect(notOurWork(on, work)).toBe(because));
});

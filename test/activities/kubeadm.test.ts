import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { diagnoseBootstrap, kubeadmActivities, kubeadmUnits } from '../../activities/kubeadm.js';
import type { UnitOutcome } from '../../model/facts/unit-outcome.js';
import { operationLabelValue } from '../../adapters/kubeadm/credentials/tokens.js';
import type { OperationContext } from '../../model/operation.js';
import { prodCa } from '../adapters/host/certificates.js';
import { activityEnvironment, testRun } from '../support/activity-environment.js';
import { checkedFacts, etcdMember, nodeFacts, operationContext } from '../support/facts.js';
import { sectioned } from '../support/fake-host.js';
import { certificateAuthority } from '../support/kubelet-certificates.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';
import { ownerDescription, simulatedToken } from '../support/simulated-control-plane.js';
import { identityOf } from '../support/simulated-target.js';
import { unitOfRun } from '../support/unit-of-run.js';

const controlPlane = operationContext();
const worker = operationContext({ kind: 'join-worker' });
const init = operationContext({ kind: 'init' });
const token = `${simulatedToken.id}.${simulatedToken.secret}`;

let cluster: SimulatedCluster;
beforeEach(() => (cluster = simulatedCluster()));
const activities = () => kubeadmActivities(cluster.dependencies);
const inActivity = <Result>(work: () => Promise<Result> | Result): Promise<Result> =>
  activityEnvironment().run(() => Promise.resolve(work()));
const file = (name: string): string | undefined =>
  [...cluster.target.files].find(([path]) => path.endsWith(`/${name}.yaml`))?.[1];

describe('credentials', () => {
  test.each([
    ['a control plane', controlPlane, 'cp1: token create and upload-certs', 'cp3'],
    ['a worker', worker, 'cp1: token create', 'w2'],
  ])(
    'for %s go to its host by standard input and into no result, script or error',
    async (_, context, event, target) => {
      const facts = await activities().createCredentials(context);
      expect(facts).toEqual({
        tokenId: simulatedToken.id,
        expiresAt: expect.stringMatching(/^20.*Z$/),
        caHash: prodCa.hash,
        mintedOn: 'cp1',
      });
      const yaml = file('join') ?? '';
      expect(yaml).toContain(token);
      expect(yaml).toContain(prodCa.hash);
      const certificateKey = /certificateKey: "?([0-9a-f]{64})/.exec(yaml)?.[1];
      expect(certificateKey !== undefined).toBe(context === controlPlane);
      expect(cluster.events).toEqual([event]);
      const scripts = ['cp1', target].flatMap((name) => cluster.host(name).runs.map(({ script }) => script)).join('\n');
      for (const secret of [simulatedToken.secret, ...(certificateKey === undefined ? [] : [certificateKey])]) {
        expect(JSON.stringify(facts)).not.toContain(secret);
        expect(scripts).not.toContain(secret);
      }
    },
  );

  test('are minted on the first host whose API server is ready', async () => {
    cluster.apiServers.set('cp1', 'not-ready');
    expect((await activities().createCredentials(controlPlane)).mintedOn).toBe('cp2');
  });

  test('of a configuration that could not be written are in no error', async () => {
    cluster.instead = (host) => (host === 'cp3' ? { code: 1, stderr: 'No space left on device' } : undefined);
    const error: unknown = await activities()
      .createCredentials(controlPlane)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type: 'CommandFailed', details: { host: 'cp3' } });
    expect(JSON.stringify(error) + String(error)).not.toContain(simulatedToken.secret);
  });
});

describe('revoking', () => {
  const mint = (): void => {
    cluster.tokens.set('abcdef', `quorate ${controlPlane.operation}`);
    cluster.tokens.set('ghijkl', `quorate ${worker.operation}`);
    cluster.tokens.set('mnopqr', 'of somebody else');
    cluster.tokens.set('stuvwx', ownerDescription);
    cluster.tokenLabels.set('stuvwx', operationLabelValue(controlPlane.operation));
    cluster.sharedCertificates = operationLabelValue(controlPlane.operation);
  };

  test('after the join of a control plane takes its token and the shared certificates', async () => {
    mint();
    expect(await activities().revokeCredentials(controlPlane)).toMatch(
      /^revoked abcdef, stuvwx; nothing .* \/run\/quorate$/,
    );
    expect([...cluster.tokens.keys()]).toEqual(['ghijkl', 'mnopqr']);
    expect(cluster.sharedCertificates).toBeUndefined();
    expect(cluster.events).toContain('cp3: remove the configuration');
  });

  test('after the join of a worker leaves the shared certificates: a control plane may be joining with them', async () => {
    mint();
    await activities().revokeCredentials(worker);
    expect([...cluster.tokens.keys()]).toEqual(['abcdef', 'mnopqr', 'stuvwx']);
    expect(cluster.sharedCertificates).toBe(operationLabelValue(controlPlane.operation));
    expect(cluster.events).toContain('w2: remove the configuration');
  });

  test('after an init takes its own token, asked at the only control plane there is', async () => {
    mint();
    cluster.tokens.set('yzabcd', `quorate ${init.operation}`);
    cluster.apiServers.delete('cp2');
    cluster.apiServers.delete('cp3');
    await activities().revokeCredentials(init);
    expect([...cluster.tokens.keys()]).toEqual(['abcdef', 'ghijkl', 'mnopqr', 'stuvwx']);
    expect(cluster.events.toSorted()).toEqual(['cp1: delete secret yzabcd', 'cp1: remove the configuration']);
  });

  describe('R7: what is of anybody else stays', () => {
    const colleague = operationLabelValue('prod/join-control-plane/cp2/k1');
    const others: readonly (readonly [id: string, description: string, label?: string])[] = [
      ['aaaaaa', 'a token of a colleague, without an end'],
      ['bbbbbb', ''],
      ['cccccc', 'quorate prod/join-worker/w9/k1'],
      ['dddddd', ownerDescription],
      ['eeeeee', ownerDescription, colleague],
      // An id that begins alike.
      ['ffffff', `quorate ${controlPlane.operation}0`],
    ];
    const withOthers = (): void => {
      for (const [id, description, label] of others) {
        cluster.tokens.set(id, description);
        if (label !== undefined) cluster.tokenLabels.set(id, label);
      }
    };
    const left = () => [...cluster.tokens.keys()];

    test.each([init, controlPlane, worker])('R18: after the $kind', async (of) => {
      withOthers();
      cluster.sharedCertificates = colleague;
      cluster.tokens.set('zzzzzz', `quorate ${of.operation}`);
      expect(await activities().revokeCredentials(of)).toMatch(/^revoked zzzzzz;/);
      expect(left()).toEqual(others.map(([id]) => id));
      expect(cluster.sharedCertificates).toBe(colleague);
    });

    test.each([
      ['that a colleague has uploaded after ours', ''],
      ['that another operation has uploaded after ours', colleague],
    ])('shared certificates %s', async (_, label) => {
      await activities().createCredentials(controlPlane);
      expect(cluster.sharedCertificates).toBe(operationLabelValue(controlPlane.operation));
      withOthers();
      cluster.sharedCertificates = label;
      await activities().revokeCredentials(controlPlane);
      expect(cluster.sharedCertificates).toBe(label);
      expect(left()).toEqual(others.map(([id]) => id));
    });

    test('what the operation itself has made goes, with the token that owns its certificates', async () => {
      await activities().createCredentials(controlPlane);
      expect(left()).toHaveLength(2);
      await activities().revokeCredentials(controlPlane);
      expect(left()).toEqual([]);
      expect(cluster.sharedCertificates).toBeUndefined();
    });
  });

  test('after an init that was undone removes the files although there is no API server', async () => {
    cluster.apiServers.clear();
    expect(await activities().revokeCredentials(init)).toMatch(/^no token was left \(.*no admin\.conf\)/);
    expect(cluster.events).toEqual(['cp1: remove the configuration']);
  });

  test('after an init is tried again while its API server does not answer: the tokens would live on', async () => {
    cluster.tokens.set('yzabcd', `quorate ${init.operation}`);
    cluster.apiServers.set('cp1', 'not-ready');
    await expect(activities().revokeCredentials(init)).rejects.toMatchObject({ type: 'ApiUnavailable' });
    cluster.apiServers.set('cp1', 'ready');
    await activities().revokeCredentials(init);
    expect(cluster.tokens.size).toBe(0);
  });

  test('after an init is tried again when the connection was lost', async () => {
    mint();
    cluster.instead = (_host, { script }) =>
      script.includes('delete secret') ? { end: { kind: 'lost', cause: 'read ECONNRESET' } } : undefined;
    await expect(activities().revokeCredentials(init)).rejects.toMatchObject({ type: 'Unreachable' });
  });

  test('after a join is tried again while no API server answers: the token would live on', async () => {
    cluster.apiServers.clear();
    await expect(activities().revokeCredentials(controlPlane)).rejects.toMatchObject({ type: 'ApiUnavailable' });
  });

  test('says when nothing was left', async () => {
    expect(await activities().revokeCredentials(controlPlane)).toMatch(/^no token was left/);
  });
});

test('the configuration of an init is written for root alone; the note holds nothing of it', async () => {
  expect(await activities().writeInitConfiguration(init)).toMatch(
    /^\/run\/quorate\/[0-9a-f]{12}\/init\.yaml, readable by root alone$/,
  );
  expect(file('init')).toContain('kind: InitConfiguration');
});

describe('running kubeadm', () => {
  const run = (context: OperationContext): Promise<UnitOutcome> =>
    inActivity(() => activities().runKubeadm(context, checkedFacts({ identity: identityOf(cluster.target) })));
  const log = (name: string): string =>
    readFileSync(new URL(`../adapters/kubeadm/output/logs/${name}.txt`, import.meta.url), 'utf8');

  test.each([
    ['init', init, 'cp1', 'kubeadm init'],
    ['join-control-plane', controlPlane, 'cp3', 'kubeadm join'],
    ['join-worker', worker, 'w2', 'kubeadm join'],
  ] as const)('for %s marks the host before the command begins to write on it', async (name, context, host, argv) => {
    cluster.target.command = () => ({ exitStatus: 0, log: log(name) });
    const unit = unitOfRun(context, name === 'init' ? 'init' : 'join');
    expect(await run(context)).toEqual({
      unit,
      state: 'succeeded',
      exitStatus: 0,
      phase: name === 'init' ? 'installs CoreDNS and kube-proxy' : 'has joined',
      logFile: `/var/log/quorate/${unit.replace('.service', '')}.log`,
    });
    expect(cluster.events).toEqual([`${host}: write the marker`, `${host}: ${argv}`]);
    expect(JSON.parse(cluster.target.marker ?? '')).toEqual({
      operation: context.operation,
      run: testRun,
      cluster: 'prod',
      at: expect.any(String) as string,
      state: 'begun',
    });
    expect(cluster.target.units.get(unit)?.description).toBe(`quorate ${context.operation} ${testRun}`);
  });

  describe('R1: of one run is no result of another', () => {
    const inRun = (runId: string, of: OperationContext, checked = checkedFacts()): Promise<UnitOutcome> =>
      activityEnvironment({ workflowExecution: { workflowId: 'test', runId } }).run(() =>
        activities().runKubeadm(of, checked),
      );
    const seen = () => checkedFacts({ identity: identityOf(cluster.target) });
    const begun = (): string[] => cluster.events.filter((event) => /: kubeadm (init|join)/.test(event));
    const markedBy = (): unknown => (JSON.parse(cluster.target.marker ?? '{}') as { run?: unknown }).run;

    test.each([init, controlPlane, worker])(
      'the $kind that is reset in Temporal begins a command of its own, under a mark of its own',
      async (of) => {
        cluster.target.command = () => ({ exitStatus: 0, log: 'done\n' });
        const first = await inRun('run-1', of, seen());
        expect(markedBy()).toBe('run-1');
        // The run that a reset begins has read the host as the first one has left it.
        const second = await inRun('run-2', of, seen());
        expect(second.unit).not.toBe(first.unit);
        expect(begun()).toHaveLength(2);
        expect(markedBy()).toBe('run-2');
        // Each finds its own again.
        expect((await inRun('run-1', of, checkedFacts())).unit).toBe(first.unit);
        expect(begun()).toHaveLength(2);
      },
    );

    test('a run that has read the host before another began on it begins nothing', async () => {
      const before = seen();
      await inRun('run-1', init, before);
      const error: unknown = await inRun('run-2', init, before).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        type: 'ChangedSinceCheck',
        message: expect.stringMatching(/^cp1 is no longer what was checked: .*; kubeadm init was not begun$/) as string,
      });
      expect(begun()).toHaveLength(1);
      expect(markedBy()).toBe('run-1');
    });

    test('a command of another run that still runs is not joined in', async () => {
      cluster.target.command = () => ({ exitStatus: undefined, log: '' }) as never;
      const first = unitOfRun(init, 'init', { run: 'run-1' });
      cluster.target.units.set(first, { argv: 'kubeadm init', exitStatus: undefined, log: '' });
      await expect(inRun('run-2', init, seen())).rejects.toMatchObject({
        type: 'HostNotClean',
        message: expect.stringContaining(first) as string,
      });
      expect(cluster.events).toEqual([]);
    });
  });

  test.each([
    ['another machine', () => (cluster.target.machineId = 'aa'.repeat(16)), /\/etc\/machine-id aaaa/],
    [
      'a node of somebody',
      () => cluster.target.nodeIdentity.push('/etc/kubernetes/kubelet.conf 9:1:1'),
      /kubelet\.conf 9:1:1/,
    ],
    [
      'marked by another operation',
      () => (cluster.target.marker = '{"operation":"x"}\n'),
      /marker\.json \{"operation":"x"/,
    ],
  ])('R3: is not begun on a host that is %s since it was checked', async (_, change, says) => {
    const checked = checkedFacts({ identity: identityOf(cluster.target) });
    change();
    const present = cluster.target.marker;
    const error: unknown = await inActivity(() => activities().runKubeadm(controlPlane, checked)).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      type: 'ChangedSinceCheck',
      message: expect.stringMatching(/^cp3 is no longer what was checked: .*; kubeadm join was not begun$/) as string,
      details: { evidence: [expect.stringMatching(says), ...(_ === 'another machine' ? [expect.anything()] : [])] },
    });
    expect(cluster.events).toEqual([]);
    expect(cluster.target.marker).toBe(present);
  });

  test('that failed says why, from its own output', async () => {
    const output =
      '[preflight] Running pre-flight checks\nerror: error execution phase preflight: couldn\'t validate the identity of the API Server: could not find a JWS signature in the cluster-info ConfigMap for token ID "abcdef"\n';
    cluster.target.command = () => ({ exitStatus: 1, log: output });
    expect(await run(controlPlane)).toMatchObject({
      state: 'failed',
      exitStatus: 1,
      phase: 'checks the host',
      failure: { type: 'CredentialRejected', evidence: expect.arrayContaining([expect.stringContaining('JWS')]) },
    });
  });

  test('that was interrupted is not explained by a log which did not fail', async () => {
    const unit = unitOfRun(controlPlane, 'join');
    const environment = activityEnvironment({ heartbeatDetails: { unit, bootId: 'b0', offset: 0 } });
    const outcome = await environment.run(() => activities().runKubeadm(controlPlane, checkedFacts()));
    expect(outcome).toMatchObject({ unit, state: 'interrupted' });
    expect(outcome.failure).toBeUndefined();
    // Nothing is written either: a host that is lost just now would end the attempt before it could wait for it.
    expect(cluster.events).toEqual([]);
  });

  test('in a new round is a new unit; its names are known to the undo', async () => {
    const again = await inActivity(() => kubeadmUnits({ ...controlPlane, round: 2 }));
    expect(new Set(again).size).toBe(3);
    expect(again.at(-1)).toBe(unitOfRun(controlPlane, 'join', { round: 0 }));
  });
});

describe('reading what became of a join', () => {
  const readJoin = (of: OperationContext) => inActivity(() => activities().readJoin(of));
  const member = etcdMember('cp3');
  const { name: _, ...unnamed } = member;
  test.each([
    ['none', []],
    ['unstarted', [{ ...unnamed, clientUrls: [] }]],
    ['unstarted', [{ ...unnamed, clientUrls: [], isLearner: true }]],
    ['learner', [{ ...member, isLearner: true }]],
    ['voter', [member]],
  ])('its member is %s', async (expected, ours) => {
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), ...ours];
    const facts = await readJoin(controlPlane);
    expect(facts.member).toBe(expected);
    expect(facts.memberId).toBe(ours[0]?.id);
    expect(facts.node).toMatchObject({ name: 'cp3', uid: nodeFacts('cp3').uid, ready: true });
    expect(facts.evidence.join('\n')).toContain('no certificate request has arrived');
  });

  test('a worker has none, although a member has its address', async () => {
    cluster.members = [etcdMember('cp1'), etcdMember('w2')];
    const facts = await readJoin(worker);
    expect(facts).toMatchObject({ member: 'none', kubeletBootstrapped: false });
    expect(facts.node).toBeUndefined();
  });

  test.each([
    ['kubelet.conf trusts this cluster, which issued it', { host: true, certificate: 'issuer' }, true],
    ['kubelet.conf trusts a CA that the host does not have', { host: false, certificate: 'issuer' }, false],
    ['kubelet.conf names one that has not come yet', { host: true, certificate: 'none' }, false],
    ['it is of another CA', { host: true, certificate: 'other' }, false],
  ] as const)('the kubelet has its certificate when it is there: %s', async (_what, of, expected) => {
    const issuer = certificateAuthority('kubernetes');
    const pem = of.host ? issuer.pem : undefined;
    const kubelet =
      of.certificate === 'none'
        ? ''
        : (of.certificate === 'issuer' ? issuer : certificateAuthority('kubernetes')).kubelet('cp3');
    cluster.instead = (host, { script }) =>
      host === 'cp3' && script.includes('kubelet-client-current.pem')
        ? sectioned(script, { ca: pem ?? '', kubelet })
        : undefined;
    const kubeconfig = [
      'apiVersion: v1',
      'kind: Config',
      'clusters:',
      '- cluster:',
      `    certificate-authority-data: ${Buffer.from(issuer.pem).toString('base64')}`,
      '    server: https://10.203.0.10:6443',
      '  name: default',
      'current-context: default',
      'contexts:',
      '- context: {cluster: default, user: u}',
      '  name: default',
    ];
    cluster.target.dirt = [
      'kubeconfig /etc/kubernetes/kubelet.conf',
      ...kubeconfig.map((line) => `kubeconfig-line ${line}`),
      ...(pem === undefined
        ? []
        : [
            'ca-file /etc/kubernetes/pki/ca.crt',
            ...pem
              .trim()
              .split('\n')
              .map((line) => `ca-pem ${line}`),
          ]),
    ];
    expect((await readJoin(controlPlane)).kubeletBootstrapped).toBe(expected);
  });

  test('an init has only itself to ask', async () => {
    cluster.apiServers.delete('cp2');
    cluster.apiServers.delete('cp3');
    cluster.members = [etcdMember('cp1')];
    expect(await readJoin(init)).toMatchObject({ member: 'voter', node: { name: 'cp1' } });
  });
});

describe('a bootstrap that hangs', () => {
  const diagnose = (): Promise<string[]> =>
    diagnoseBootstrap(cluster.dependencies, controlPlane, cluster.host('cp3'), new Date());

  test('is asked of the kubelet and of the cluster', async () => {
    const lines = await diagnose();
    expect(lines[0]).toMatch(/^no certificate request has arrived/);
    expect(lines[1]).toMatch(/^kubelet.service is active/);
  });

  test('is told as far as it is known when the host, or the cluster, cannot be asked', async () => {
    cluster.down.add('cp3');
    expect(await diagnose()).toEqual([
      expect.stringMatching(/^no certificate request/),
      expect.stringMatching(/^cp3 could not be asked: .*no connection to cp3/),
    ]);
    cluster.apiServers.clear();
    expect((await diagnose())[0]).toMatch(/^certificate requests could not be read: no API server of .* is ready/);
  });
});

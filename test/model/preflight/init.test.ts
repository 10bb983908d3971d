import { describe, expect, it } from 'vitest';
import type { ClusterFacts } from '../../../model/facts/cluster-facts.js';
import type { HostFacts } from '../../../model/facts/host-facts.js';
import { caHash, etcdMember, nodeFacts, noCluster, operationContext } from '../../support/facts.js';
import { check, init, texts, verdicts, world } from './world.js';

type Server = ClusterFacts['controlPlane'][number];
const server = (host: string, of: Partial<Server> = {}): Server => ({ host, initialised: false, ready: false, ...of });
const blank = (host: string): Server => server(host, { because: 'no /etc/kubernetes/admin.conf' });
const running = (host: string): Server => server(host, { initialised: true, ready: true, answers: true });
const adminConf: Partial<HostFacts> = {
  kubernetesFiles: ['/etc/kubernetes/admin.conf'],
  kubeconfigs: [{ file: '/etc/kubernetes/admin.conf', server: 'https://10.203.0.10:6443', caHash }],
};
const context = init();
const own: HostFacts['marker'] = {
  operation: context.operation,
  run: 'run-1',
  cluster: 'prod',
  state: 'begun',
  ofThisRun: true,
};
const refused = ['fatal AlreadyInitialised'];

describe('init', () => {
  it('may go on where there is nothing', () => expect(verdicts(world(init()))).toEqual([]));

  it('needs no facts of a cluster', () => {
    expect(verdicts({ ...world(init()), cluster: undefined })).toEqual([]);
  });

  it('is refused when another control-plane host has the cluster, ready or not', () => {
    const one = world(
      init(),
      {},
      { controlPlane: [server('cp1'), server('cp2', { initialised: true, because: 'not ready' })] },
    );
    expect(verdicts(one)).toEqual(refused);
    expect(texts(one)[0]).toContain('prod runs already on cp2 | join cp1 instead');
  });

  it('is refused when the host has an admin.conf', () => {
    const one = world(init(), adminConf);
    expect(verdicts(one)).toEqual([...refused, 'approval DirtyHost']);
    expect(verdicts(world(init(), { kubernetesFiles: ['/etc/kubernetes/admin.conf'] }))[0]).toBe(
      'fatal AlreadyInitialised',
    );
  });

  it('is refused when the host serves an API without an admin.conf', () => {
    const one = world(init(), {}, { controlPlane: [server('cp1', { answers: true }), blank('cp2')] });
    expect(verdicts(one)).toEqual(refused);
    expect(texts(one)[0]).toMatch(/^cp1 serves an API already \|/);
  });
});

describe('R1: an init of a host that carries a cluster', () => {
  const done = (marker: HostFacts['marker'], cluster: Partial<ClusterFacts> = {}) =>
    world(
      context,
      { ...adminConf, machineId: nodeFacts('cp1').machineId, pkiCaHash: caHash, etcdDataPresent: true, marker },
      {
        controlPlane: [running('cp1'), blank('cp2')],
        askedAt: 'cp1',
        caHash,
        nodes: [nodeFacts('cp1')],
        etcd: { askedAt: 'cp1', alarms: [], members: [etcdMember('cp1')] },
        ...cluster,
      },
    );

  it('cleans what this run began itself and begins again', () => {
    expect(verdicts(world(context, { ...adminConf, marker: own }))).toEqual([]);
    // Also when it serves already: parts of it may be missing.
    expect(verdicts(done(own))).toEqual([]);
    expect(verdicts(world(context, { ...adminConf, marker: own }, { controlPlane: [running('cp2')] }))).toEqual(
      refused,
    );
  });

  it.each([
    ['another operation began', { ...own, operation: 'prod/init/cp1/k0', ofThisRun: false }],
    ['another run of it began', { ...own, run: 'run-0', ofThisRun: false }],
    ['it has finished', { ...own, state: 'joined' as const }],
    ['older code of it wrote', { operation: context.operation, cluster: 'prod', ofThisRun: false }],
    ['carries no marker', undefined],
  ])('never takes for its own attempt what %s', (_, marker) => {
    expect(verdicts(world(context, { ...adminConf, marker }))).toContain('fatal AlreadyInitialised');
  });

  it('only proves what the same operation has finished, in this run or an earlier one', () => {
    expect(verdicts(done({ ...own, state: 'joined' }))).toEqual([]);
    expect(verdicts(done({ ...own, state: 'joined', run: 'run-0', ofThisRun: false }))).toEqual([]);
    expect(verdicts(done({ ...own, run: 'run-0', ofThisRun: false }))).toEqual([]);
    expect(verdicts(done({ ...own, operation: 'prod/init/cp1/k0', state: 'joined', ofThisRun: false }))).toEqual(
      refused,
    );
  });

  it('does not begin anew what others have joined meanwhile', () => {
    const one = done(own, { nodes: [nodeFacts('cp1'), nodeFacts('w1'), nodeFacts('w2')] });
    expect(verdicts(one)).toEqual(refused);
    expect(texts(one)[0]).toContain('the cluster that this operation began on cp1 has other Nodes by now: w1, w2');
    expect(check(one)[0]?.evidence).toEqual(['w1', 'w2'].map((name) => `Node ${name}: uid ${nodeFacts(name).uid}`));
  });
});

describe('R2: an init beside a cluster that lives', () => {
  const answering = (
    server: string,
    of: Partial<NonNullable<ClusterFacts['answering']>[number]> = {},
  ): NonNullable<ClusterFacts['answering']>[number] => ({ server, answers: 'yes', ownCa: false, ...of });
  const unreachable = (host: string): Server => server(host, { because: `no connection to ${host}` });

  it.each([
    ['the endpoint', '10.203.0.10:6443', 'the endpoint 10.203.0.10:6443'],
    ['a declared address', '10.203.0.12:6443', 'cp2 (10.203.0.12:6443)'],
  ])('is refused when an API server answers at %s, whoever can be reached by SSH', (_, at, place) => {
    const controlPlane = [blank('cp1'), unreachable('cp2'), unreachable('cp3')];
    const one = world(context, {}, { controlPlane, answering: [answering(at)] });
    expect(verdicts(one)).toEqual(refused);
    expect(texts(one)[0]).toContain(
      `an API server answers at ${place}: a new cluster on cp1 would share its endpoint | when that is prod, join cp1 instead`,
    );
    expect(check(one)[0]?.evidence).toEqual([`https://${at}/version answers cp1`]);
  });

  it('is refused when it answers at an address of IPv6, however that is spelt', () => {
    const six = operationContext({
      kind: 'init',
      endpoint: '[2001:db8::10]:6443',
      controlPlane: [
        { name: 'cp1', address: '2001:db8::11' },
        { name: 'cp2', address: '2001:db8::12' },
      ],
      target: { name: 'cp1', address: '2001:db8::11', labels: {} },
    });
    const one = world(six, { addresses: ['2001:db8::11'] }, { answering: [answering('[2001:DB8:0::12]:6443')] });
    expect(texts(one)[0]).toContain('an API server answers at cp2 ([2001:DB8:0::12]:6443)');
  });

  it('is refused when a load balancer sees an API server', () => {
    const backend = { loadBalancer: 'lb1', name: 'cp2', address: '10.203.0.12:6443' };
    const withBackend = (of: Partial<ClusterFacts['backends'][number]>) =>
      world(context, {}, { backends: [{ ...backend, status: 'UP', lastCheck: 'L7OK/200', ...of }] });
    expect(verdicts(withBackend({}))).toEqual(refused);
    expect(texts(withBackend({}))[0]).toContain('an API server answers at cp2 behind lb1');
    expect(verdicts(withBackend({ status: 'UP 1/3', lastCheck: 'L6OK' }))).toEqual(refused);
    // Its own, of an attempt before; one that is down; one that nobody has checked yet.
    expect(verdicts(withBackend({ name: 'cp1' }))).toEqual([]);
    expect(verdicts(withBackend({ status: 'DOWN', lastCheck: 'L4CON' }))).toEqual([]);
    expect(verdicts(withBackend({ status: 'UP', lastCheck: '' }))).toEqual([]);
  });

  it('is refused when something serves on another host, even where there is no admin.conf', () => {
    const one = world(context, {}, { controlPlane: [blank('cp1'), { ...blank('cp2'), answers: true }] });
    expect(verdicts(one)).toEqual(refused);
  });

  it('takes what this run has begun, and the host reaches through the endpoint, for its own', () => {
    const begun = { ...adminConf, marker: own };
    const through = (ownCa: boolean) => ({ answering: [answering('10.203.0.10:6443', { ownCa })] });
    expect(verdicts(world(context, begun, through(true)))).toEqual([]);
    expect(verdicts(world(context, begun, through(false)))).toEqual(refused);
    const another = { ...begun, marker: { ...own, ofThisRun: false } };
    expect(verdicts(world(context, another, through(true)))).toContain('fatal AlreadyInitialised');
  });

  it('waits for a person when peers could not be asked: never a note', () => {
    const controlPlane = [blank('cp1'), unreachable('cp2'), unreachable('cp3')];
    const one = world(context, {}, { controlPlane, answering: [answering('10.203.0.10:6443', { answers: 'no' })] });
    expect(verdicts(one)).toEqual(['approval PeersUnreachable']);
    expect(texts(one)[0]).toMatch(
      /^cp2, cp3 could not be asked whether prod lives there \| see that SSH reaches cp2, cp3, then retry; .*Approve only when you know that no cluster lives there/,
    );
    expect(check(one)[0]?.evidence).toEqual(['cp2: no connection to cp2', 'cp3: no connection to cp3']);
  });

  it('waits for a person when the host could not find out, as without a program to ask with', () => {
    const unknown = (of: { because?: string } = {}) =>
      world(context, {}, { answering: [answering('10.203.0.10:6443', { answers: 'unknown', ...of })] });
    const one = unknown({ because: 'no curl on cp1 to ask with' });
    expect(verdicts(one)).toEqual(['approval PeersUnreachable']);
    expect(texts(one)[0]).toMatch(
      /^the endpoint 10\.203\.0\.10:6443 could not be asked whether prod lives there \| see what is at the endpoint 10\.203\.0\.10:6443 \(`curl -k https:\/\/10\.203\.0\.10:6443\/version` on cp1\), then retry;/,
    );
    expect(check(one)[0]?.evidence).toEqual(['10.203.0.10:6443: no curl on cp1 to ask with']);
    expect(check(unknown())[0]?.evidence).toEqual(['10.203.0.10:6443: could not be asked']);
  });

  it('does not wait for a person for its own attempt that hangs behind the endpoint', () => {
    const hangs = (at: string, marker: HostFacts['marker']) =>
      verdicts(world(context, { ...adminConf, marker }, { answering: [answering(at, { answers: 'unknown' })] }));
    expect(hangs('10.203.0.10:6443', own)).toEqual([]);
    expect(hangs('10.203.0.12:6443', own)).toEqual(['approval PeersUnreachable']);
    expect(hangs('10.203.0.10:6443', { ...own, ofThisRun: false })).toContain('fatal AlreadyInitialised');
  });

  it('asks again when others cannot be asked, not when the same ones say it otherwise', () => {
    const subject = (...controlPlane: Server[]) => check(world(context, {}, { controlPlane }))[0]?.subject;
    const both = subject(unreachable('cp2'), unreachable('cp3'));
    expect(subject(server('cp3', { because: 'timed out' }), unreachable('cp2'))).toBe(both);
    expect(subject(unreachable('cp2'))).not.toBe(both);
  });

  it('may go on when everybody was asked and nobody has anything', () => {
    const addresses = ['10.203.0.10:6443', '10.203.0.12:6443', '10.203.0.13:6443'];
    const silent = addresses.map((at) => answering(at, { answers: 'no' }));
    expect(verdicts(world(context, {}, { ...noCluster(), answering: silent }))).toEqual([]);
  });
});

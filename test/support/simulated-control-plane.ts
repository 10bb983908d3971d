import { createHash } from 'node:crypto';
import type { EtcdMember, NodeFacts } from '../../model/facts/cluster-facts.js';
import { addressOf } from './facts.js';
import type { FakeReply, FakeRule, FakeRun } from './fake-host.js';
import { markOf, sectioned, unquoted } from './fake-host.js';

/** What the control-plane hosts of a simulated cluster share, and what tests may break. */
export interface ControlPlaneState {
  /** What changed something, oldest first, as `<host>: <what>`. */
  readonly events: string[];
  members: EtcdMember[];
  /** Members that stay in the list although etcd said that it removed them. */
  readonly undying: Set<string>;
  readonly nodes: Map<string, NodeFacts>;
  /** Hosts with an admin.conf, and what /readyz of each answers. */
  readonly apiServers: Map<string, 'ready' | 'not-ready' | 'silent'>;
  /** The CA on hosts that carry another cluster by now, as PEM. */
  readonly otherCas: Map<string, string>;
  /** What curl says of /readyz through the endpoint. */
  endpoint: string;
  leaseAgeMs: number;
  /** Name in ConfigMap kube-system/quorate. */
  managedAs: string | undefined;
  /** Tokens by id with the description of each. */
  readonly tokens: Map<string, string>;
  /** Ids of tokens with the operation that has labelled them, as its label's value. */
  readonly tokenLabels: Map<string, string>;
  /** The Secret kubeadm-certs: whose it is by its label, '' without one; undefined when there is none. */
  sharedCertificates: string | undefined;
  /** API servers by host:port whose certificate is of the CA on the host that asks. */
  readonly ofOwnCa: Set<string>;
  /** Answers a host's script instead of the simulation. */
  instead: ((host: string, run: FakeRun) => FakeReply | undefined) | undefined;
}

/** Description that kubeadm gives the token whose end is the end of kubeadm-certs. */
export const ownerDescription = 'Proxy for managing TTL for the kubeadm-certs secret';

/** Parts of credentials that may be nowhere but on standard input and output of the hosts. */
export const simulatedToken = { id: 'abcdef', secret: '0123456789abcdef' };

const memberList = (members: readonly EtcdMember[]): string =>
  JSON.stringify({
    members: members.map(({ id, name, peerUrls, clientUrls, isLearner }) => ({
      ID: id,
      ...(name === undefined ? {} : { name }),
      peerURLs: peerUrls,
      ...(clientUrls.length === 0 ? {} : { clientURLs: clientUrls }),
      ...(isLearner ? { isLearner } : {}),
    })),
  });

const statusList = (members: readonly EtcdMember[]): string => {
  const leader = members.find((member) => member.status?.isLeader === true)?.id;
  return JSON.stringify(
    members.flatMap(({ id, clientUrls, status }) =>
      status === undefined
        ? []
        : [
            {
              Endpoint: clientUrls[0],
              Status: {
                header: { member_id: id },
                version: status.version,
                dbSize: status.dbSizeBytes,
                ...(leader === undefined ? {} : { leader }),
                raftIndex: status.raftIndex,
                raftAppliedIndex: status.raftAppliedIndex,
                ...(status.errors.length === 0 ? {} : { errors: status.errors }),
              },
            },
          ],
    ),
  );
};

/** Another one for each state of a Node. */
const resourceVersion = (node: NodeFacts): string =>
  String(parseInt(createHash('sha256').update(JSON.stringify(node)).digest('hex').slice(0, 8), 16));

const kubernetesNode = (node: NodeFacts): unknown => ({
  metadata: {
    name: node.name,
    uid: node.uid,
    resourceVersion: resourceVersion(node),
    creationTimestamp: node.createdAt,
    labels: node.labels,
  },
  spec: {
    unschedulable: node.unschedulable,
    taints: node.taints.map((taint) => {
      const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(taint) ?? [];
      return { key, ...(value === undefined ? {} : { value }), effect };
    }),
  },
  status: {
    conditions: [
      {
        type: 'Ready',
        status: node.ready ? 'True' : 'False',
        reason: node.notReadyBecause?.split(': ')[0] ?? 'KubeletReady',
        message: node.notReadyBecause?.split(': ').slice(1).join(': ') ?? 'kubelet is posting ready status',
      },
    ],
    addresses: node.internalIp === undefined ? [] : [{ type: 'InternalIP', address: node.internalIp }],
    nodeInfo: { kubeletVersion: node.kubeletVersion, machineID: node.machineId },
  },
});

const word = (text: string | undefined): string => unquoted(text ?? '');

/** Whether an API server answers at host:port; the endpoint leads to each that does. */
const answersAt = (state: ControlPlaneState, server: string): boolean =>
  [...state.apiServers].some(
    ([host, api]) => api !== 'silent' && (server === `${addressOf(host)}:6443` || server === '10.203.0.10:6443'),
  );

/** An object of the API by its path; undefined when there is none. */
const object = (state: ControlPlaneState, path: string): unknown => {
  if (path === '/api/v1/nodes') return { items: [...state.nodes.values()].map(kubernetesNode) };
  if (path.endsWith('/certificatesigningrequests')) return { items: [] };
  if (path === '/version') return { gitVersion: 'v1.37.1' };
  if (path.endsWith('/configmaps/quorate'))
    return state.managedAs === undefined ? undefined : { data: { cluster: state.managedAs } };
  const lease = /leases\/(kube-\S+)$/.exec(path)?.[1];
  if (lease !== undefined)
    return {
      spec: { holderIdentity: `cp1_${lease}`, renewTime: new Date(Date.now() - state.leaseAgeMs).toISOString() },
    };
  const node = state.nodes.get(/^\/api\/v1\/nodes\/(.+)$/.exec(path)?.[1] ?? '');
  return node === undefined ? undefined : kubernetesNode(node);
};

/** Rules of a control-plane host: etcdctl, kubectl and curl as far as the activities use them. */
export const controlPlaneRules = (host: string, state: ControlPlaneState, caPem: string): FakeRule[] => {
  const did = (what: string): void => void state.events.push(`${host}: ${what}`);
  const leader = (): EtcdMember | undefined => state.members.find((member) => member.status?.isLeader === true);

  return [
    [
      /member remove/,
      ({ script }) => {
        const id = /member remove ([0-9a-f]+)/.exec(script)?.[1] ?? '';
        const now = state.members.find((member) => member.id === id);
        if (now === undefined) return '';
        const shown = [now.name ?? '', now.peerUrls.join(','), now.isLearner].join(' ');
        const expected = word(/"\$found" = ((?:'[^']*'|[^\s'])+) \]/.exec(script)?.[1]);
        if (shown !== expected) return sectioned(script, { differs: `${shown}\n` });
        did(`member remove ${id}`);
        if (leader()?.id === id) return { code: 1, stderr: 'the test wants the leadership moved first' };
        if (!state.undying.has(id)) state.members = state.members.filter((member) => member.id !== id);
        return '';
      },
    ],
    [
      /move-leader/,
      ({ script }) => {
        const id = /move-leader ([0-9a-f]+)/.exec(script)?.[1] ?? '';
        did(`move-leader ${id}`);
        const asked = leader()?.clientUrls[0] ?? 'no leader';
        if (!script.includes(asked)) return { code: 1, stderr: `no leader endpoint given at ${asked}` };
        state.members = state.members.map((member) =>
          member.status === undefined
            ? member
            : { ...member, status: { ...member.status, isLeader: member.id === id } },
        );
        return '';
      },
    ],
    [
      /snapshot save/,
      ({ script }) => {
        did('snapshot');
        const status = { hash: 1, revision: 812, totalKey: 455, totalSize: 3 * 2 ** 20 };
        return sectioned(script, {
          file: '/var/lib/quorate/snapshots/s.db\n',
          status: JSON.stringify(status),
          numbers: `812 ${3 * 2 ** 20} 5 0 0`,
        });
      },
    ],
    // Whether there is room for a snapshot.
    [/no_room/, ''],
    [
      /member list/,
      ({ script }) =>
        sectioned(script, {
          how: 'etcdctl yes\n',
          members: memberList(state.members),
          status: statusList(state.members),
        }),
    ],
    [/--keys-only/, () => [...state.nodes.keys()].map((name) => `${name}\n`).join('')],
    [
      /echo initialised/,
      () => {
        const api = state.apiServers.get(host);
        const ca = state.otherCas.get(host) ?? '';
        if (api === undefined) return 'code=000\n';
        if (api === 'silent') return `initialised\ncode=000\n${ca}`;
        return api === 'ready'
          ? `initialised\ncode=200\n${ca}`
          : `initialised\ncode=500\n[-]etcd failed: reason withheld\n${ca}`;
      },
    ],
    [/time_total/, () => state.endpoint],
    [
      /echo unasked/,
      ({ script }) =>
        [...script.matchAll(/^look (\d+) (\S+) &$/gm)]
          .map(([, index, server = '']) => {
            const answer = !answersAt(state, word(server))
              ? 'no no'
              : state.ofOwnCa.has(word(server))
                ? 'yes yes'
                : 'yes no';
            return `answer ${index} ${answer}\n`;
          })
          .join('') + 'end\n',
    ],
    [
      /token create/,
      ({ script, options }) => {
        const description = /--description '?([^'\n]+?)'? >/.exec(script)?.[1] ?? '';
        state.tokens.set(simulatedToken.id, description);
        const controlPlane = (options.stdin ?? '') !== '';
        if (controlPlane) {
          const label =
            /label secret --overwrite --resource-version=.* kubeadm-certs quorate\.dev\/operation=([0-9a-f]{12})$/m.exec(
              script,
            )?.[1];
          state.sharedCertificates = label ?? '';
          state.tokens.set('owner1', ownerDescription);
          if (label !== undefined) state.tokenLabels.set('owner1', label);
        }
        did(`token create${controlPlane ? ' and upload-certs' : ''}`);
        return sectioned(script, {
          signed: 'yes\n',
          ca: caPem,
          token: `${simulatedToken.id}.${simulatedToken.secret}\n`,
        });
      },
    ],
    [
      /delete secret/,
      ({ script }) => {
        const ours = word(/ours=('[^']*'|\S+)/.exec(script)?.[1]);
        const label = word(/ label=(\S+)/.exec(script)?.[1]);
        const gone = [...state.tokens].filter(
          ([id, description]) => description === ours || state.tokenLabels.get(id) === label,
        );
        for (const [id] of gone) state.tokens.delete(id);
        if (/^certs=/m.test(script) && state.sharedCertificates === label) {
          state.sharedCertificates = undefined;
          did('delete kubeadm-certs');
        }
        did(`delete secret ${gone.map(([id]) => id).join(' ')}`.trim());
        return gone.map(([id]) => `bootstrap-token-${id}\n`).join('');
      },
    ],
    [
      /^api \//m,
      ({ script }) => {
        const paths = (/^api (.*)$/m.exec(script)?.[1] ?? '').split(' ').map(word);
        const answers = paths.map((path) => {
          const body = object(state, path);
          return `${JSON.stringify(body ?? {})}\n${markOf(script)} end ${body === undefined ? 404 : 200}\n`;
        });
        return `${answers.join('')}${sectioned(script, { now: `${Date.now()}\n`, ca: caPem })}`;
      },
    ],
    [/127\.0\.0\.1:10257/, () => (state.apiServers.get(host) === 'ready' ? '' : 'etcd /health answers 000;\n')],
    [
      /delete --raw/,
      ({ script, options }) => {
        const name = /\/api\/v1\/nodes\/([^\s']+)/.exec(script)?.[1] ?? '';
        const { preconditions } = JSON.parse(options.stdin ?? '{}') as {
          preconditions?: { uid?: string; resourceVersion?: string };
        };
        const node = state.nodes.get(name);
        if (node === undefined) return { code: 1, stderr: `Error from server (NotFound): nodes "${name}" not found` };
        const { uid, resourceVersion: version } = preconditions ?? {};
        if (uid !== undefined && node.uid !== uid)
          return { code: 1, stderr: 'Error from server (Conflict): the UID in the precondition' };
        if (version !== undefined && resourceVersion(node) !== version)
          return { code: 1, stderr: 'Error from server (Conflict): the ResourceVersion in the precondition' };
        state.nodes.delete(name);
        did(`delete Node ${name} ${node.uid}`);
        return '{}';
      },
    ],
    [
      /kubectl .* create -f -$/,
      ({ options }) => {
        if (state.managedAs !== undefined)
          return { code: 1, stderr: 'Error from server (AlreadyExists): configmaps "quorate" already exists' };
        state.managedAs = (JSON.parse(options.stdin ?? '{}') as { data: { cluster: string } }).data.cluster;
        did(`create ConfigMap quorate: ${state.managedAs}`);
        return 'configmap/quorate created\n';
      },
    ],
    [
      /kubectl .* (label|taint) node/,
      ({ script }) => {
        for (const [, what, wanted] of script.matchAll(/ ((?:label|taint) node \S+) --overwrite (.*) >/g))
          did(`${what ?? ''} ${wanted ?? ''}`);
        return '';
      },
    ],
  ];
};

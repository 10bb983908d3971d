import type { ClusterFacts } from '../facts/cluster-facts.js';
import type { HostFacts } from '../facts/host-facts.js';
import { apiServerOf } from '../control-plane.js';
import { sameEndpoint } from '../network-address.js';
import type { OperationContext } from '../operation.js';
import { approval, fatal, type Finding } from './finding.js';
import { isOwnAttempt, kubeconfigNamed } from './ownership.js';
import { isBlank, serverLine } from './servers.js';

/** A place of the specification in words: the endpoint, or a host by its name. */
const placeOf = ({ controlPlane, endpoint }: OperationContext, server: string): string => {
  if (sameEndpoint(server, endpoint)) return `the endpoint ${endpoint}`;
  const host = controlPlane.find(({ address }) => sameEndpoint(server, apiServerOf(address)));
  return host === undefined ? server : `${host.name} (${server})`;
};

/** API servers that live, seen over SSH, from the host, or by the health checks of the load balancer. */
const livingElsewhere = (context: OperationContext, host: HostFacts, cluster: ClusterFacts | undefined): Finding[] => {
  const { cluster: name, target } = context;
  const join = `join ${target.name} instead: \`quorate join ${target.name}\``;
  const running = (cluster?.controlPlane ?? []).filter(
    (server) => server.host !== target.name && (server.initialised || server.answers === true),
  );
  if (running.length > 0)
    return [
      fatal(
        'AlreadyInitialised',
        `${name} runs already on ${running.map((server) => server.host).join(', ')}`,
        join,
        running.map(serverLine),
      ),
    ];
  // Through the endpoint the host may reach what it has begun itself.
  const own = isOwnAttempt(context, host);
  const answering = (cluster?.answering ?? []).filter(({ answers, ownCa }) => answers === 'yes' && !(own && ownCa));
  const up = (cluster?.backends ?? []).filter(
    (backend) => backend.name !== target.name && backend.status.startsWith('UP') && /L[67]OK/.test(backend.lastCheck),
  );
  if (answering.length === 0 && up.length === 0) return [];
  const places = [
    ...answering.map(({ server }) => placeOf(context, server)),
    ...up.map((backend) => `${backend.name} behind ${backend.loadBalancer}`),
  ];
  return [
    fatal(
      'AlreadyInitialised',
      `an API server answers at ${places.join(', ')}: a new cluster on ${target.name} would share its endpoint`,
      `when that is ${name}, ${join}, once SSH reaches its hosts; when it is another cluster, give this one an endpoint and addresses of its own`,
      [
        ...answering.map(({ server }) => `https://${server}/version answers ${target.name}`),
        ...up.map(
          (backend) =>
            `${backend.loadBalancer}: ${backend.name} ${backend.address} ${backend.status} ${backend.lastCheck}`,
        ),
      ],
    ),
  ];
};

/** A cluster on the very host: one that this run has begun may be begun anew while nobody else is in it. */
const livingHere = (context: OperationContext, host: HostFacts, cluster: ClusterFacts | undefined): Finding[] => {
  const { name } = context.target;
  if (isOwnAttempt(context, host)) {
    const others = (cluster?.nodes ?? []).filter((node) => node.name !== name);
    if (cluster?.askedAt !== name || others.length === 0) return [];
    return [
      fatal(
        'AlreadyInitialised',
        `the cluster that this operation began on ${name} has other Nodes by now: ${others.map((node) => node.name).join(', ')}`,
        `see what works of it (\`quorate status\`), then join ${name}'s peers; or take those Nodes out first, then retry`,
        others.map((node) => `Node ${node.name}: uid ${node.uid}`),
      ),
    ];
  }
  const hasAdminConf =
    host.kubernetesFiles.includes('/etc/kubernetes/admin.conf') || kubeconfigNamed(host, 'admin.conf') !== undefined;
  const own = cluster?.controlPlane.find((server) => server.host === name);
  if (!hasAdminConf && own?.answers !== true) return [];
  const what = hasAdminConf ? 'has an admin.conf: a cluster was made there already' : 'serves an API already';
  return [
    fatal(
      'AlreadyInitialised',
      `${name} ${what}`,
      `when it is ${context.cluster}, there is nothing to do (\`quorate status\`); when it is a remnant that nobody needs, run \`kubeadm reset\` on ${name}, then retry`,
      [
        ...host.kubeconfigs.map(({ file, server }) => `${file}: server ${server ?? 'unknown'}`),
        ...(own === undefined ? [] : [serverLine(own)]),
      ],
    ),
  ];
};

/** What could not be asked may be a cluster that lives: nobody makes a second one beside it without being told. */
const unasked = (context: OperationContext, host: HostFacts, cluster: ClusterFacts | undefined): Finding[] => {
  const silent = (cluster?.controlPlane ?? []).filter(
    (server) => server.host !== context.target.name && !isBlank(server),
  );
  // What this run has begun, and hangs, is behind the endpoint itself.
  const own = isOwnAttempt(context, host);
  const unknown = (cluster?.answering ?? []).filter(
    ({ server, answers }) => answers === 'unknown' && !(own && sameEndpoint(server, context.endpoint)),
  );
  const hosts = silent.map((server) => server.host);
  const places = unknown.map(({ server }) => placeOf(context, server));
  const names = [...hosts, ...places];
  if (names.length === 0) return [];
  const look = [
    ...(hosts.length === 0 ? [] : [`see that SSH reaches ${hosts.join(', ')}`]),
    ...(places.length === 0
      ? []
      : [
          `see what is at ${places.join(', ')} (\`curl -k https://${unknown[0]?.server}/version\` on ${context.target.name})`,
        ]),
  ].join('; ');
  return [
    approval(
      JSON.stringify({ init: context.cluster, host: context.target.name, unasked: names.toSorted() }),
      'PeersUnreachable',
      `${names.join(', ')} could not be asked whether ${context.cluster} lives there`,
      `${look}, then retry; or take hosts that are gone for good out of the specification. Approve only when you know that no cluster lives there: otherwise the endpoint sends its clients to an empty one`,
      [
        ...silent.map(serverLine),
        ...unknown.map(({ server, because = 'could not be asked' }) => `${server}: ${because}`),
      ],
    ),
  ];
};

/** Whether there is a cluster already that init would build a second one beside. */
export const initFindings = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
): Finding[] => {
  const living = [...livingElsewhere(context, host, cluster), ...livingHere(context, host, cluster)];
  return living.length > 0 ? living : unasked(context, host, cluster);
};

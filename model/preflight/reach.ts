import type { ClusterFacts } from '../facts/cluster-facts.js';
import { parseEndpoint } from '../network-address.js';
import type { OperationContext } from '../operation.js';
import { definitionOf } from '../operations.js';
import type { Dial, ReachFacts } from '../facts/reach-facts.js';
import { fatal, warning, type Finding } from './finding.js';

const words: Readonly<Record<Dial['result'], string>> = {
  open: 'open',
  refused: 'connection refused',
  silent: 'no answer (timeout)',
  unresolved: 'its name does not resolve (DNS)',
  unknown: 'not tested',
};

const line = (dial: Dial): string =>
  `${dial.from} → ${dial.to.includes(':') ? dial.to : `${dial.to}:${dial.port}`}: ${words[dial.result]}${dial.ms === undefined ? '' : ` (${dial.ms} ms)`}`;

const endpointFindings = (context: OperationContext, reach: ReachFacts): Finding[] => {
  const { target, endpoint } = context;
  const { makesCluster } = definitionOf(context);
  const dials = reach.dials.filter((dial) => dial.to === endpoint);
  const own = dials.find((dial) => dial.from === target.name);
  // Before init nothing listens behind the endpoint; on a join somebody has to.
  const reached = own === undefined || own.result === 'open' || (own.result === 'refused' && makesCluster);
  if (reached || own.result === 'unknown') return [];
  const asked = dials.filter((dial) => dial.from !== target.name && dial.result !== 'unknown');
  const others = asked.filter((dial) => dial.result === 'open').map((dial) => dial.from);
  // Hosts of a running cluster that lose their endpoint all at once: an outage, which passes.
  const outage = !makesCluster && asked.length > 0 && others.length === 0 && own.result !== 'unresolved';
  const mtu = reach.mtu.some((probe) => probe.from === target.name && probe.to === endpoint && !probe.ok);
  const who =
    others.length > 0
      ? `; ${others.join(', ')} can`
      : dials.length > 1
        ? '; no other host that was asked can either'
        : '';
  const host = parseEndpoint(endpoint)?.host ?? endpoint;
  // A virtual address or a cloud's load balancer may stay silent until there is an API server behind it.
  const report = makesCluster && context.loadBalancer.kind === 'external' && own.result === 'silent' ? warning : fatal;
  return [
    report(
      outage ? 'LoadBalancerUnavailable' : 'EndpointUnreachable',
      `${target.name} cannot reach ${endpoint}: ${words[own.result]}${mtu ? ', and large packets are lost (MTU)' : ''}${who}`,
      own.result === 'unresolved'
        ? `see that ${target.name} resolves ${host} (\`getent hosts ${host}\`)`
        : others.length > 0
          ? `open the way from ${target.name} to ${endpoint}: look at the firewall and routes of ${target.name} (\`curl -k https://${endpoint}/version\`)`
          : `see that the load balancer at ${endpoint} runs and ${target.name} may reach it (\`curl -k https://${endpoint}/version\`)`,
      dials.map(line),
    ),
  ];
};

/** Both ways between the target and each peer. "Refused" is free: before the join nothing listens on the target. */
const peerFindings = (context: OperationContext, cluster: ClusterFacts | undefined, reach: ReachFacts): Finding[] => {
  const addresses = new Map([...context.controlPlane, context.target].map((host) => [host.name, host.address]));
  // A peer that is down is silent to everybody; what that means for etcd is said there.
  const down = new Set(cluster?.controlPlane.filter((one) => !one.ready).map((one) => one.host));
  down.delete(context.target.name);
  return reach.dials
    .filter((dial) => dial.to !== context.endpoint && (dial.result === 'silent' || dial.result === 'unresolved'))
    .map((dial) =>
      (down.has(dial.to) || down.has(dial.from) ? warning : fatal)(
        'EndpointUnreachable',
        `${dial.to}:${dial.port} is not reachable from ${dial.from} on the declared address ${addresses.get(dial.to) ?? 'unknown'}: ${words[dial.result]}`,
        `open TCP ${dial.port} from ${dial.from} to ${dial.to}, or correct spec.hosts.${dial.to}.address`,
        [line(dial)],
      ),
    );
};

const unknownFindings = (reach: ReachFacts): Finding[] => {
  const untested = reach.dials.filter((dial) => dial.result === 'unknown');
  return untested.length === 0
    ? []
    : [
        warning(
          'EndpointUnreachable',
          `${untested.length} of ${reach.dials.length} ways between the hosts could not be tested`,
          'see that the hosts named can be reached over SSH',
          untested.map(line),
        ),
      ];
};

const mtuFindings = (reach: ReachFacts): Finding[] => {
  const lost = reach.mtu.filter((probe) => !probe.ok);
  return lost.length === 0
    ? []
    : [
        warning(
          'EndpointUnreachable',
          `packets of ${lost[0]?.size} bytes from ${lost[0]?.from} to ${lost[0]?.to} are lost: the MTU is smaller on the way, or ping is blocked`,
          'when connections hang in the TLS handshake, lower the MTU of the interface or let ICMP "fragmentation needed" pass',
          lost.map((probe) => `${probe.from} → ${probe.to}: ${probe.size} bytes lost`),
        ),
      ];
};

/** Whether the host, the endpoint and the peers reach each other, in seconds instead of kubeadm's five minutes. */
export const reachFindings = (
  context: OperationContext,
  cluster: ClusterFacts | undefined,
  reach: ReachFacts,
): Finding[] => [
  ...endpointFindings(context, reach),
  ...peerFindings(context, cluster, reach),
  ...unknownFindings(reach),
  ...mtuFindings(reach),
];

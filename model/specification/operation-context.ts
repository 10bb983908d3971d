import { QuorateError } from '../failures/failure.js';
import { canonicalAddress } from '../network-address.js';
import type { ContextHost, OperationContext } from '../operation.js';
import { operationKinds, operations } from '../operations.js';
import type { OperationKind } from '../operations.js';
import { durationMs, subnetsIn } from './fields.js';
import type { HostRole, HostSpecification } from './hosts.js';
import { suggest } from './suggest.js';
import type { Specification } from './specification.js';

/** The kinds of operations for hosts of a role, in words. */
const kindsFor = (role: HostRole): string => {
  const kinds = operationKinds.filter((kind) => operations[kind].role === role);
  return kinds.length === 0
    ? 'no operation: load balancers are configured when control-plane nodes join'
    : kinds.join(' or ');
};

const milliseconds = (duration: string): number => {
  const ms = durationMs(duration);
  if (ms === undefined) throw new RangeError(`${duration} is not a duration`); // the schema has checked it
  return ms;
};

const hostNamed = (specification: Specification, name: string): HostSpecification | undefined =>
  Object.hasOwn(specification.spec.hosts, name) ? specification.spec.hosts[name] : undefined;

const listed = (names: readonly string[]): string =>
  names.length <= 50 ? names.join(', ') : `${names.slice(0, 50).join(', ')} and ${names.length - 50} more`;

const contextHost = (specification: Specification, name: string): ContextHost => {
  const host = hostNamed(specification, name);
  if (host === undefined) {
    const names = Object.keys(specification.spec.hosts);
    const meant = suggest(name, names);
    throw new QuorateError('UnknownHost', `${specification.metadata.name} has no host ${name}`, {
      host: name,
      remedy: `${meant === undefined ? '' : `did you mean ${meant}? `}use one of ${listed(names)}, or add spec.hosts.${name}`,
    });
  }
  return { name, address: canonicalAddress(host.address), ...(host.ssh === undefined ? {} : { ssh: host.ssh }) };
};

/**
 * What the activities of one operation need of the specification.
 * @param operation id of the operation, `<cluster>/<kind>/<host>/<key>`
 * @param round how many times the operation began again after a decision; 0 at first
 * @throws QuorateError UnknownHost when the specification has no such host, InvalidSpecification when its role does not fit the operation
 */
export const operationContext = (
  specification: Specification,
  kind: OperationKind,
  host: string,
  { operation, round }: { readonly operation: string; readonly round: number },
): OperationContext => {
  const { metadata, spec } = specification;
  const target = contextHost(specification, host);
  const declared = hostNamed(specification, host);
  if (declared === undefined || declared.role !== operations[kind].role) {
    const role = declared?.role ?? 'worker';
    throw new QuorateError(
      'InvalidSpecification',
      `${kind} needs a host with the role ${operations[kind].role}; ${host} is a ${role}`,
      {
        host,
        remedy: `the operation for a ${role} is ${kindsFor(role)}; or set spec.hosts.${host}.role to ${operations[kind].role}`,
      },
    );
  }
  const { podSubnet, serviceSubnet, ...networking } = spec.networking;
  return {
    operation,
    kind,
    cluster: metadata.name,
    kubernetesVersion: spec.kubernetesVersion,
    endpoint: spec.controlPlaneEndpoint,
    networking: {
      ...networking,
      serviceSubnet: subnetsIn(serviceSubnet).join(),
      ...(podSubnet === undefined ? {} : { podSubnet: subnetsIn(podSubnet).join() }),
    },
    target: {
      ...target,
      labels: declared.labels,
      ...(declared.taints === undefined ? {} : { taints: declared.taints }),
    },
    controlPlane: Object.keys(spec.hosts)
      .filter((name) => spec.hosts[name]?.role === 'control-plane')
      .map((name) => contextHost(specification, name)),
    loadBalancer:
      spec.loadBalancer.kind === 'external'
        ? { kind: 'external' }
        : {
            kind: 'haproxy',
            hosts: spec.loadBalancer.hosts.map((name) => contextHost(specification, name)),
            backend: spec.loadBalancer.backend,
          },
    policy: {
      resetDirtyHosts: spec.policy.resetDirtyHosts,
      networkLeftovers: spec.policy.networkLeftovers,
      removeStaleMembers: spec.policy.removeStaleMembers,
      snapshotsKept: spec.policy.snapshots.keep,
      joinBudgetMs: milliseconds(spec.policy.budgets.join),
      unreachableBudgetMs: milliseconds(spec.policy.budgets.unreachable),
      readyBudgetMs: milliseconds(spec.policy.budgets.ready),
      resumeWhenHealthy: spec.policy.resumeWhenHealthy,
      probeEveryMs: milliseconds(spec.policy.probeEvery),
      parallelJoins: spec.policy.parallelJoins,
      approvals: {
        plans: spec.policy.approvals.plans,
        byAnother: spec.policy.approvals.byAnother,
        expireAfterMs: milliseconds(spec.policy.approvals.expireAfter),
      },
    },
    notify: spec.notifications.webhooks,
    kubeadm: spec.kubeadm,
    round,
  };
};
